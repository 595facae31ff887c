/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections as the control lcore reads them while the worker goes on. An entry's sequence number is odd
 * while it is made or unmade; a copy counts only when the number was even and the same before and after.
 */
#include "lb_worker.h"

static bool
entry_read(unsigned worker, uint32_t idx, struct conn_view *out)
{
	const struct conn_table *t = &workers[worker]->lb->t;
	uint32_t before = __atomic_load_n(&t->cold[idx].seq, __ATOMIC_ACQUIRE);
	const struct conn_hot *c = &t->hot[idx];
	struct conn_addrs a;

	if (before & 1 || !c->proto)
		return false;
	conn_addrs_get(t, idx, &a);
	*out = (struct conn_view){.af = conn_af(c),
				  .rs_af = conn_rs_af(c),
				  .proto = c->proto,
				  .state = c->state,
				  .worker = (uint16_t)worker,
				  .lcore_id = workers[worker]->lcore_id,
				  .caddr = a.caddr,
				  .vaddr = a.vaddr,
				  .laddr = a.laddr,
				  .raddr = a.raddr,
				  .cport = c->cport,
				  .vport = c->vport,
				  .lport = c->lport,
				  .rport = c->rport,
				  .timeout_s =
				      (uint32_t)(((uint64_t)t->cold[idx].timeout << CONN_TICK_SHIFT) / 1000),
				  .dest = c->dest};
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	/* What the tunnel keeps there is no local address of the connection. */
	if (c->flags & CONN_F_ONE_WAY) {
		out->laddr = out->caddr;
		out->lport = out->cport;
	}
	return out->proto && __atomic_load_n(&t->cold[idx].seq, __ATOMIC_RELAXED) == before;
}

unsigned
conn_read(unsigned worker, uint32_t *cursor, struct conn_view *out, unsigned n)
{
	const struct conn_table *t = &workers[worker]->lb->t;
	uint32_t end = __atomic_load_n(&t->fresh, __ATOMIC_RELAXED);
	uint32_t idx = *cursor ? *cursor : 1;
	unsigned got = 0;

	for (; idx < end && got < n; idx++)
		if (entry_read(worker, idx, &out[got]))
			got++;
	*cursor = idx < end ? idx : UINT32_MAX;
	return got;
}

static bool
tuple_is(const struct conn_view *v, const union inet_ip *s, uint16_t sp, const union inet_ip *d, uint16_t dp)
{
	return (inet_ip_equal(s, &v->caddr) && sp == v->cport && inet_ip_equal(d, &v->vaddr) &&
		dp == v->vport) ||
	       (inet_ip_equal(s, &v->raddr) && sp == v->rport && inet_ip_equal(d, &v->laddr) &&
		dp == v->lport);
}

bool
conn_find(uint8_t af, uint8_t proto, const union inet_ip *saddr, uint16_t sport_be,
	  const union inet_ip *daddr, uint16_t dport_be, struct conn_view *out)
{
	for (unsigned i = 0; i < nworkers; i++) {
		uint32_t end = __atomic_load_n(&workers[i]->lb->t.fresh, __ATOMIC_RELAXED);

		for (uint32_t idx = 1; idx < end; idx++)
			if (entry_read(i, idx, out) && out->af == af && out->proto == proto &&
			    tuple_is(out, saddr, sport_be, daddr, dport_be))
				return true;
	}
	return false;
}

uint32_t
conn_count(unsigned worker)
{
	return workers[worker]->lb->t.count;
}

uint32_t
conn_capacity(unsigned worker)
{
	return workers[worker]->lb->t.capacity;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections as the control lcore reads them while the worker goes on. An entry's sequence number is odd
 * while it is made or unmade; a copy counts only when the number was even and the same before and after.
 */
#include "lb_worker.h"

#include "core/clock.h"

/* Units since a moment; one that is a little ahead of us, because the worker read the clock later, is now. */
static uint32_t
ticks_since(uint32_t then, uint64_t now_ms)
{
	enum { AHEAD_MAX = 1000 };
	uint32_t ticks = conn_tick(now_ms) - then;

	return ticks > UINT32_MAX - AHEAD_MAX ? 0 : ticks;
}

static uint32_t
left_ms(const struct conn_hot *c, uint32_t timeout, uint64_t now_ms)
{
	uint32_t age = ticks_since(c->last_seen, now_ms);
	uint64_t left = timeout > age ? (uint64_t)(timeout - age) << CONN_TICK_SHIFT : 0;

	return left < UINT32_MAX ? (uint32_t)left : UINT32_MAX;
}

static void
account_read(const struct conn_table *t, uint32_t idx, uint64_t now_ms, struct conn_view *out)
{
	const uint64_t mask = ((uint64_t)1 << CONN_PACKETS_BITS) - 1;
	const struct conn_account *a = &t->account[idx];
	uint64_t in, back;
	uint32_t opened;

	if (!t->account) {
		memset(out->packets, 0xff, sizeof(out->packets));
		memset(out->bytes, 0xff, sizeof(out->bytes));
		out->age_ms = UINT64_MAX;
		return;
	}
	in = __atomic_load_n(&a->packets[CONN_DIR_IN], __ATOMIC_RELAXED);
	back = __atomic_load_n(&a->packets[CONN_DIR_OUT], __ATOMIC_RELAXED);
	opened = (uint32_t)(back >> CONN_PACKETS_BITS) << 16 | (uint32_t)(in >> CONN_PACKETS_BITS);
	out->packets[CONN_DIR_IN] = in & mask;
	out->packets[CONN_DIR_OUT] = back & mask;
	for (unsigned dir = 0; dir < 2; dir++)
		out->bytes[dir] = __atomic_load_n(&a->bytes[dir], __ATOMIC_RELAXED);
	out->age_ms = (uint64_t)ticks_since(opened, now_ms) << CONN_TICK_SHIFT;
}

uint32_t
conn_end(unsigned worker)
{
	return __atomic_load_n(&workers[worker]->lb->t.fresh, __ATOMIC_RELAXED);
}

/* The protocol of the packets that the entry is for. */
static uint8_t
packet_proto(const struct conn_hot *c)
{
	return c->flags & CONN_F_TEMPLATE ? conn_template_proto(c->proto) : c->proto;
}

bool
conn_peek(unsigned worker, uint32_t idx, uint64_t now_ms, struct conn_view *out)
{
	const struct conn_table *t = &workers[worker]->lb->t;
	uint32_t before = __atomic_load_n(&t->cold[idx].seq, __ATOMIC_ACQUIRE);
	const struct conn_hot *c = &t->hot[idx];
	uint32_t timeout = t->cold[idx].timeout;
	struct conn_addrs a;

	if (before & 1 || !c->proto)
		return false;
	conn_addrs_get(t, idx, &a);
	*out = (struct conn_view){.af = conn_af(c),
				  .rs_af = conn_rs_af(c),
				  .proto = packet_proto(c),
				  .state = c->state,
				  .fwd = c->fwd == LB_FWD_NAT64 ? LB_FWD_FNAT : c->fwd,
				  .flags = c->flags,
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
				  .timeout_s = (uint32_t)(((uint64_t)timeout << CONN_TICK_SHIFT) / 1000),
				  .left_ms = left_ms(c, timeout, now_ms),
				  .dest = c->dest};
	account_read(t, idx, now_ms, out);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	/* What the tunnel keeps there is no local address of the connection. */
	if ((c->flags & (CONN_F_ONE_WAY | CONN_F_TEMPLATE)) == CONN_F_ONE_WAY) {
		out->laddr = out->caddr;
		out->lport = out->cport;
	}
	return out->proto && __atomic_load_n(&t->cold[idx].seq, __ATOMIC_RELAXED) == before;
}

unsigned
conn_read(unsigned worker, uint32_t *cursor, struct conn_view *out, unsigned n)
{
	uint32_t end = conn_end(worker), idx = *cursor ? *cursor : 1;
	uint64_t now = clock_now_ms();
	unsigned got = 0;

	for (; idx < end && got < n; idx++)
		if (conn_peek(worker, idx, now, &out[got]))
			got++;
	*cursor = idx < end ? idx : UINT32_MAX;
	return got;
}

/* ---- by tuple ---- */

struct tuple {
	union inet_ip s, d;
	uint16_t sp, dp;
	uint8_t af, proto;
};

static uint32_t
tuple_hash(const struct tuple *q)
{
	return conn_hash_tuple(q->af, &q->s, &q->d, q->sp, q->dp, q->proto);
}

static bool
tuple_is(const struct conn_view *v, const struct tuple *q, unsigned dir)
{
	uint8_t proto = v->flags & CONN_F_TEMPLATE ? conn_template_proto(v->proto) : v->proto;

	if (v->af != q->af || proto != q->proto)
		return false;
	if (dir == CONN_DIR_IN)
		return inet_ip_equal(&q->s, &v->caddr) && q->sp == v->cport &&
		       inet_ip_equal(&q->d, &v->vaddr) && q->dp == v->vport;
	return inet_ip_equal(&q->s, &v->raddr) && q->sp == v->rport && inet_ip_equal(&q->d, &v->laddr) &&
	       q->dp == v->lport;
}

static bool
bucket_find(unsigned worker, const struct conn_bucket *b, const struct tuple *q, uint16_t tag,
	    struct conn_view *out)
{
	const struct conn_table *t = &workers[worker]->lb->t;
	uint64_t now = clock_now_ms();

	for (unsigned i = 0; i < CONN_BUCKET_SLOTS; i++) {
		uint16_t found = __atomic_load_n(&b->tag[i], __ATOMIC_ACQUIRE);
		uint32_t ref = __atomic_load_n(&b->ref[i], __ATOMIC_RELAXED);

		if (found == tag && ref >> 1 != CONN_NONE && ref >> 1 <= t->capacity &&
		    conn_peek(worker, ref >> 1, now, out) && tuple_is(out, q, ref & 1))
			return true;
	}
	return false;
}

/*
 * A connection keeps its slot while it lives, so only a chain of overflow buckets that the worker shortens in
 * this moment can hide it: those are looked at again. The bound is for a walk that strayed among free ones.
 */
static bool
tuple_find(unsigned worker, const struct tuple *q, struct conn_view *out)
{
	enum { TRIES = 4, CHAIN_MAX = 32 };
	const struct conn_table *t = &workers[worker]->lb->t;
	uint32_t hash = tuple_hash(q);

	for (unsigned try = 0; try < TRIES; try++) {
		const struct conn_bucket *b = &t->buckets[hash & t->bucket_mask];
		unsigned chain = 0;

		for (;;) {
			uint32_t next = __atomic_load_n(&b->next, __ATOMIC_ACQUIRE);

			if (bucket_find(worker, b, q, conn_tag(hash), out))
				return true;
			if (!next || next >= t->overflow_size || ++chain == CHAIN_MAX)
				break;
			b = &t->overflow[next];
		}
		if (chain == 0)
			return false;
	}
	return false;
}

bool
conn_probe(unsigned worker, uint8_t af, uint8_t proto, const union inet_ip *saddr, uint16_t sport_be,
	   const union inet_ip *daddr, uint16_t dport_be, struct conn_view *out)
{
	struct tuple q = {.s = *saddr, .d = *daddr, .sp = sport_be, .dp = dport_be, .af = af, .proto = proto};

	return tuple_find(worker, &q, out);
}

bool
conn_find(uint8_t af, uint8_t proto, const union inet_ip *saddr, uint16_t sport_be,
	  const union inet_ip *daddr, uint16_t dport_be, struct conn_view *out)
{
	for (unsigned i = 0; i < nworkers; i++)
		if (conn_probe(i, af, proto, saddr, sport_be, daddr, dport_be, out))
			return true;
	return false;
}

uint32_t
conn_count(unsigned worker)
{
	const struct conn_table *t = &workers[worker]->lb->t;

	return t->count - t->templates;
}

uint32_t
conn_templates(unsigned worker)
{
	return workers[worker]->lb->t.templates;
}

uint32_t
conn_capacity(unsigned worker)
{
	return workers[worker]->lb->t.capacity;
}

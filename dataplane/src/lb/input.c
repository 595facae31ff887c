/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The balancer's way in, a vector at a time. Four passes over the vector, so that the cache misses of all
 * packets overlap: hash and prefetch the bucket; find the tag and prefetch the connection; compare; act.
 */
#include "acl.h"
#include "flow.h"
#include "fragments.h"
#include "lookup.h"

#include <rte_prefetch.h>

#include "net/net.h"

/* In place of a connection: no tag of the bucket matches, and there are others to look into, or none. */
#define FLOW_SEARCH  (UINT32_MAX - 1)
#define FLOW_UNKNOWN UINT32_MAX

static inline bool
is_icmp(const struct pkt *p)
{
	return (p->kind == PKT_IP4 && p->proto == PKT_PROTO_ICMP) ||
	       (p->kind == PKT_IP6 && p->proto == PKT_PROTO_ICMPV6);
}

/* The worker is short of time, and the packet is known to be for a service. */
static __rte_noinline bool
refused(struct worker *w, const struct pkt *p)
{
	bool v6 = p->kind == PKT_IP6;

	return lb_admission_refuses(&w->lb->admission, p->l3 + (v6 ? 24 : 16), v6 ? 16 : 4, p->dport,
				    p->proto);
}

/* Neither TCP nor UDP as it is. True: it is, now that it is whole. *left: it is for others to handle. */
static __rte_noinline bool
special_packet(struct worker *w, struct rte_mbuf **m, struct pkt *p, bool *left)
{
	*left = false;
	if (p->flags & PKT_F_FRAGMENT && lb_fragment_input(w, m, p))
		return false;
	if ((p->flags & (PKT_F_L4 | PKT_F_FRAGMENT)) == PKT_F_L4)
		return true;
	*left = !is_icmp(p) || !(lb_icmp_error(w, *m, p) || lb_echo(w, *m, p));
	return false;
}

bool
lb_flow_miss(struct worker *w, struct rte_mbuf *m, struct pkt *p)
{
	enum drop_reason why = DROP_NONE;
	uint32_t ref;

	if (nworkers > 1 && lb_flow_pass_on(w, m, p))
		return true;
	if (unlikely(w->lb->admission.on) && refused(w, p)) {
		worker_drop(w, m, DROP_ADMISSION);
		return true;
	}
	ref = lb_schedule(w, p, &why);
	if (ref == LB_TAKEN)
		return true;
	if (ref != CONN_NONE) {
		bool once = w->lb->t.hot[ref >> 1].flags & CONN_F_ONE_PACKET;

		if (unlikely(net_routes_narrow))
			lb_conn_ways(w, ref >> 1);
		lb_forward(w, m, p, ref);
		if (unlikely(once))
			lb_conn_close(w, ref >> 1);
		return true;
	}
	if (why == DROP_NONE)
		return false;
	worker_drop(w, m, why);
	return true;
}

static void
accounts_prefetch(const struct conn_table *t, const struct pkt *p, const uint16_t *flow, unsigned n)
{
	for (unsigned k = 0; k < n; k++)
		if (p[flow[k]].conn != CONN_NONE)
			rte_prefetch0(&t->account[p[flow[k]].conn >> 1]);
}

unsigned
lb_input(struct worker *w, struct rte_mbuf **m, struct pkt *p, unsigned n, uint16_t *rest)
{
	struct lb_worker *lb = w->lb;
	struct conn_table *t = &lb->t;
	uint16_t flow[WORKER_BURST];
	unsigned nflow = 0, nrest = 0;
	uint32_t changes = lb->changes;
	bool left;

	for (unsigned i = 0; i < n; i++) {
		if (unlikely((p[i].flags & (PKT_F_L4 | PKT_F_FRAGMENT)) != PKT_F_L4) &&
		    !special_packet(w, &m[i], &p[i], &left)) {
			if (left)
				rest[nrest++] = (uint16_t)i;
			continue;
		}
		flow[nflow++] = (uint16_t)i;
		p[i].hash = lookup_hash(&p[i]);
		rte_prefetch0(&t->buckets[p[i].hash & t->bucket_mask]);
	}
	for (unsigned k = 0; k < nflow; k++) {
		struct pkt *q = &p[flow[k]];
		const struct conn_bucket *b = &t->buckets[q->hash & t->bucket_mask];
		uint32_t hits = lookup_match(b, conn_tag(q->hash));

		if (likely(hits)) {
			q->conn = b->ref[__builtin_ctz(hits)];
			rte_prefetch0(&t->hot[q->conn >> 1]);
			if (q->kind == PKT_IP6)
				rte_prefetch0(&t->v6[q->conn >> 1]);
		} else {
			q->conn = b->next ? FLOW_SEARCH : FLOW_UNKNOWN;
		}
	}
	for (unsigned k = 0; k < nflow; k++) {
		struct pkt *q = &p[flow[k]];

		/* The first tag that matches is the flow nearly always. */
		if (unlikely(q->conn >= FLOW_SEARCH || !lookup_same(t, q, q->conn)))
			q->conn = q->conn == FLOW_UNKNOWN ? CONN_NONE : lb_flow_find(t, q);
		if (q->conn != CONN_NONE) {
			const struct conn_hot *c = &t->hot[q->conn >> 1];

			rte_prefetch0(lb_counters(w->index, c->dest));
			/* Replies of IPv4 servers to IPv6 clients. */
			if (unlikely((c->flags & CONN_F_V6) && q->kind == PKT_IP4))
				rte_prefetch0(&t->v6[q->conn >> 1]);
		}
	}
	if (unlikely(t->account))
		accounts_prefetch(t, p, flow, nflow);
	if (unlikely(__atomic_load_n(&lb_acl_with_ipsets, __ATOMIC_RELAXED)))
		lb_acl_ask(p, flow, nflow);
	for (unsigned k = 0; k < nflow; k++) {
		unsigned i = flow[k];

		/* A packet earlier in this vector opened or closed a connection: what was found may be stale.
		 */
		if (unlikely(lb->changes != changes))
			p[i].conn = lb_flow_find(t, &p[i]);
		if (likely(p[i].conn != CONN_NONE))
			lb_forward(w, m[i], &p[i], p[i].conn);
		else if (!lb_flow_miss(w, m[i], &p[i]))
			rest[nrest++] = (uint16_t)i;
	}
	return nrest;
}

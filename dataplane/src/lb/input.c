/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The balancer's way in, a vector at a time. Four passes over the vector, so that the cache misses of all
 * packets overlap: hash and prefetch the bucket; find the tag and prefetch the connection; compare; act.
 */
#include "flow.h"

#include <rte_prefetch.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/hash.h"

/* Bit i set: slot i of the bucket has the tag. */
static inline uint32_t
bucket_match(const struct conn_bucket *b, uint16_t tag)
{
	uint32_t hits = (uint32_t)(b->tag[8] == tag) << 8 | (uint32_t)(b->tag[9] == tag) << 9;

#ifdef __SSE2__
	__m128i same = _mm_cmpeq_epi16(_mm_load_si128((const __m128i *)b->tag), _mm_set1_epi16((int16_t)tag));

	hits |= (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(same, _mm_setzero_si128()));
#else
	for (unsigned i = 0; i < 8; i++)
		hits |= (uint32_t)(b->tag[i] == tag) << i;
#endif
	return hits;
}

static inline bool
same_flow4(const struct conn_hot *c, const struct pkt *p, unsigned dir)
{
	uint32_t saddr, daddr;
	uint32_t want_s = dir == CONN_DIR_IN ? c->caddr : c->raddr,
		 want_d = dir == CONN_DIR_IN ? c->vaddr : c->laddr;
	uint16_t want_sp = dir == CONN_DIR_IN ? c->cport : c->rport,
		 want_dp = dir == CONN_DIR_IN ? c->vport : c->lport;

	memcpy(&saddr, p->l3 + 12, 4);
	memcpy(&daddr, p->l3 + 16, 4);
	return ((saddr ^ want_s) | (daddr ^ want_d) | (uint32_t)(p->sport ^ want_sp) |
		(uint32_t)(p->dport ^ want_dp) | (uint32_t)(p->proto ^ c->proto) |
		(c->flags & (uint32_t)CONN_F_V6 << dir)) == 0;
}

static inline bool
same_flow6(const struct conn_hot *c, const struct conn_v6 *a, const struct pkt *p, unsigned dir)
{
	const union inet_ip *want_s = dir == CONN_DIR_IN ? &a->caddr : &a->raddr;
	const union inet_ip *want_d = dir == CONN_DIR_IN ? &a->vaddr : &a->laddr;
	uint16_t want_sp = dir == CONN_DIR_IN ? c->cport : c->rport,
		 want_dp = dir == CONN_DIR_IN ? c->vport : c->lport;

	return p->sport == want_sp && p->dport == want_dp && p->proto == c->proto &&
	       (c->flags & CONN_F_V6 << dir) && memcmp(p->l3 + 8, want_s, 16) == 0 &&
	       memcmp(p->l3 + 24, want_d, 16) == 0;
}

static inline bool
same_flow(const struct conn_table *t, const struct pkt *p, uint32_t ref)
{
	const struct conn_hot *c = &t->hot[ref >> 1];

	return likely(p->kind == PKT_IP4) ? same_flow4(c, p, ref & 1)
					  : same_flow6(c, &t->v6[ref >> 1], p, ref & 1);
}

/* The connection of a packet whose p->hash is set; CONN_NONE when there is none. */
static uint32_t
flow_find(const struct conn_table *t, const struct pkt *p)
{
	const struct conn_bucket *b = &t->buckets[p->hash & t->bucket_mask];

	for (;;) {
		for (uint32_t hits = bucket_match(b, conn_tag(p->hash)); hits; hits &= hits - 1) {
			uint32_t ref = b->ref[__builtin_ctz(hits)];

			if (same_flow(t, p, ref))
				return ref;
		}
		if (!b->next)
			return CONN_NONE;
		b = &t->overflow[b->next];
	}
}

static inline uint32_t
flow_hash(const struct pkt *p)
{
	uint32_t saddr, daddr;

	if (unlikely(p->kind == PKT_IP6))
		return hash_flow6(p->l3 + 8, p->l3 + 24, p->sport, p->dport, p->proto);
	memcpy(&saddr, p->l3 + 12, 4);
	memcpy(&daddr, p->l3 + 16, 4);
	return hash_flow4(saddr, daddr, p->sport, p->dport, p->proto);
}

uint32_t
lb_flow_hash(const struct pkt *p)
{
	return flow_hash(p);
}

uint32_t
lb_flow_find(const struct conn_table *t, const struct pkt *p)
{
	return flow_find(t, p);
}

static inline bool
is_icmp(const struct pkt *p)
{
	return (p->kind == PKT_IP4 && p->proto == PKT_PROTO_ICMP) ||
	       (p->kind == PKT_IP6 && p->proto == PKT_PROTO_ICMPV6);
}

/* A packet without connection. False: none of our business. */
static bool
flow_miss(struct worker *w, struct rte_mbuf *m, struct pkt *p)
{
	enum drop_reason why = DROP_NONE;
	uint32_t ref;

	if (nworkers > 1 && lb_flow_pass_on(w, m, p))
		return true;
	ref = lb_schedule(w, p, &why);
	if (ref != CONN_NONE) {
		bool once = w->lb->t.hot[ref >> 1].flags & CONN_F_ONE_PACKET;

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

	for (unsigned i = 0; i < n; i++) {
		if (unlikely((p[i].flags & (PKT_F_L4 | PKT_F_FRAGMENT)) != PKT_F_L4)) {
			if (!is_icmp(&p[i]) || !lb_icmp_error(w, m[i], &p[i]))
				rest[nrest++] = (uint16_t)i;
			continue;
		}
		flow[nflow++] = (uint16_t)i;
		p[i].hash = flow_hash(&p[i]);
		rte_prefetch0(&t->buckets[p[i].hash & t->bucket_mask]);
	}
	for (unsigned k = 0; k < nflow; k++) {
		struct pkt *q = &p[flow[k]];
		const struct conn_bucket *b = &t->buckets[q->hash & t->bucket_mask];
		uint32_t hits = bucket_match(b, conn_tag(q->hash));

		q->conn = CONN_NONE;
		if (likely(hits)) {
			q->conn = b->ref[__builtin_ctz(hits)];
			rte_prefetch0(&t->hot[q->conn >> 1]);
			if (q->kind == PKT_IP6)
				rte_prefetch0(&t->v6[q->conn >> 1]);
		}
	}
	for (unsigned k = 0; k < nflow; k++) {
		struct pkt *q = &p[flow[k]];

		/* The first tag that matches is the flow nearly always. */
		if (unlikely(q->conn == CONN_NONE || !same_flow(t, q, q->conn)))
			q->conn = flow_find(t, q);
		if (q->conn != CONN_NONE) {
			const struct conn_hot *c = &t->hot[q->conn >> 1];

			rte_prefetch0(lb_counters(w->index, c->dest));
			/* Replies of IPv4 servers to IPv6 clients. */
			if (unlikely(c->flags & CONN_F_V6))
				rte_prefetch0(&t->v6[q->conn >> 1]);
		}
	}
	if (unlikely(t->account))
		accounts_prefetch(t, p, flow, nflow);
	for (unsigned k = 0; k < nflow; k++) {
		unsigned i = flow[k];

		/* A packet earlier in this vector opened or closed a connection: what was found may be stale.
		 */
		if (unlikely(lb->changes != changes))
			p[i].conn = flow_find(t, &p[i]);
		if (likely(p[i].conn != CONN_NONE))
			lb_forward(w, m[i], &p[i], p[i].conn);
		else if (!flow_miss(w, m[i], &p[i]))
			rest[nrest++] = (uint16_t)i;
	}
	return nrest;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The flow lookup: the hash of a packet's tuple, the slots of a bucket that may have it, the comparison. In a
 * header, so that it becomes part of the vector loop (input.c). */
#ifndef LB_LOOKUP_H
#define LB_LOOKUP_H

#include <rte_branch_prediction.h>

#include "base/hash.h"
#include "base/tags.h"
#include "lb_worker.h"

/* Bit i set: slot i of the bucket has the tag. */
static inline uint32_t
lookup_match(const struct conn_bucket *b, uint16_t tag)
{
	return tags_match(b->tag, tag);
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
lookup_same(const struct conn_table *t, const struct pkt *p, uint32_t ref)
{
	const struct conn_hot *c = &t->hot[ref >> 1];

	return likely(p->kind == PKT_IP4) ? same_flow4(c, p, ref & 1)
					  : same_flow6(c, &t->v6[ref >> 1], p, ref & 1);
}

/* The connection of a packet whose p->hash is set; CONN_NONE when there is none. */
static inline uint32_t
lookup_flow(const struct conn_table *t, const struct pkt *p)
{
	const struct conn_bucket *b = &t->buckets[p->hash & t->bucket_mask];

	for (;;) {
		for (uint32_t hits = lookup_match(b, conn_tag(p->hash)); hits; hits &= hits - 1) {
			uint32_t ref = b->ref[__builtin_ctz(hits)];

			if (lookup_same(t, p, ref))
				return ref;
		}
		if (!b->next)
			return CONN_NONE;
		b = &t->overflow[b->next];
	}
}

static inline uint32_t
lookup_hash(const struct pkt *p)
{
	uint32_t saddr, daddr;

	if (unlikely(p->kind == PKT_IP6))
		return hash_flow6(p->l3 + 8, p->l3 + 24, p->sport, p->dport, p->proto);
	memcpy(&saddr, p->l3 + 12, 4);
	memcpy(&daddr, p->l3 + 16, 4);
	return hash_flow4(saddr, daddr, p->sport, p->dport, p->proto);
}

#endif

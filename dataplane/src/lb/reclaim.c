/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Room in a full table: a flood leaves connections behind that nobody will ever answer, and which live on for
 * the timeouts of a handshake. One of them gives way to a new one; established connections never do.
 */
#include "lb_worker.h"

enum { LOOKS = 8 };

/* True when the connection is not in use yet, or not any more. Templates are about clients. */
static bool
expendable(const struct conn_hot *c)
{
	const struct lb_proto *proto = c->proto ? lb_proto_find(c->proto) : NULL;

	return proto && proto->half_open && !(c->flags & CONN_F_TEMPLATE) && proto->half_open(c->state);
}

/* The one of a few chosen by chance that was idle for the longest time: a client that is about to answer is
 * hardly ever among them. */
static uint32_t
choose(struct worker *w)
{
	struct conn_table *t = &w->lb->t;
	uint32_t now = conn_tick(w->now_ms), best = CONN_NONE;

	for (unsigned i = 0; i < LOOKS; i++) {
		uint32_t idx = 1 + (uint32_t)((lb_random(w->lb) >> 32) * (t->fresh - 1) >> 32);

		if (expendable(&t->hot[idx]) &&
		    (best == CONN_NONE || now - t->hot[idx].last_seen > now - t->hot[best].last_seen))
			best = idx;
	}
	return best;
}

__rte_noinline uint32_t
lb_conn_reclaim(struct worker *w)
{
	uint32_t idx = w->lb->t.fresh > 1 ? choose(w) : CONN_NONE;

	if (idx == CONN_NONE)
		return CONN_NONE;
	lb_conn_close(w, idx);
	return conn_alloc(&w->lb->t);
}

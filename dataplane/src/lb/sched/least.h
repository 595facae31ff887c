/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scan that the schedulers of least load share: the least cost per weight on this worker; of equals the
 * first from the worker's start position on wins.
 */
#ifndef LB_SCHED_LEAST_H
#define LB_SCHED_LEAST_H

#include "sched.h"

enum { LEAST_ACTIVE_SHIFT = 8 /* an active connection counts as 256 inactive ones */ };

static inline uint64_t
least_load(const struct lb_counters *c)
{
	return ((uint64_t)c->active << LEAST_ACTIVE_SHIFT) + c->inactive;
}

/* Where this worker starts to look; the state only remembers for which set it is. */
static inline int32_t
least_start(const struct lb_dest_set *set, struct lb_sched_state *st, unsigned worker)
{
	if (st->set_version != set->version) {
		st->set_version = set->version;
		st->pos = lb_sched_start(set->n, worker);
	}
	return st->pos;
}

/*
 * cost(): below 2^41, 0 is the best. weight(): 1 to 65535. An index of the set, or -1 when no destination is
 * usable. Inlined, so that both are calls to nobody.
 */
static inline __attribute__((always_inline)) int
least_pick(const struct lb_dest_set *set, struct lb_sched_state *st, unsigned worker,
	   uint64_t (*cost)(const struct lb_counters *c), uint64_t (*weight)(const struct lb_dest_view *d))
{
	int32_t n = (int32_t)set->n;
	int32_t at, least = -1;
	uint64_t best = 0, best_weight = 0;

	if (n == 0)
		return -1;
	at = least_start(set, st, worker);
	for (int32_t i = 0; i < n; i++, at = at + 1 < n ? at + 1 : 0) {
		const struct lb_dest_view *d = &set->d[at];
		uint64_t c;

		if (!lb_dest_usable(d, worker))
			continue;
		c = cost(lb_counters(worker, d->id));
		/* c / weight < best / best_weight; 41 + 16 bits do not overflow */
		if (least < 0 || c * best_weight < best * weight(d)) {
			least = at;
			best = c;
			best_weight = weight(d);
		}
	}
	return least;
}

static inline uint64_t
least_by_weight(const struct lb_dest_view *d)
{
	return (uint64_t)d->weight;
}

static inline uint64_t
least_by_one(const struct lb_dest_view *d)
{
	return 1;
}

/* Shortest expected delay: the load there will be with the new connection. */
static inline uint64_t
least_delay(const struct lb_counters *c)
{
	return (uint64_t)c->active + 1;
}

#endif

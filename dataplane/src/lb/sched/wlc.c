/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Weighted least connections: the least load per weight on this worker, where an active connection counts as
 * 256 inactive ones. Of equals the first from the worker's start position on wins.
 */
#include "sched.h"

enum { ACTIVE_SHIFT = 8 };

static uint64_t
load_of(const struct lb_counters *c)
{
	return ((uint64_t)c->active << ACTIVE_SHIFT) + c->inactive;
}

static int
wlc_pick(const struct lb_dest_set *set, struct lb_sched_state *st, const struct lb_sched_key *key,
	 unsigned worker)
{
	int32_t n = (int32_t)set->n;
	int32_t at, least = -1;
	uint64_t least_load = 0, least_weight = 0;

	if (n == 0)
		return -1;
	if (st->set_version != set->version) {
		st->set_version = set->version;
		st->pos = lb_sched_start(set->n, worker);
	}
	at = st->pos;
	for (int32_t i = 0; i < n; i++, at = at + 1 < n ? at + 1 : 0) {
		const struct lb_dest_view *d = &set->d[at];
		uint64_t load;

		if (!lb_dest_usable(d, worker))
			continue;
		load = load_of(lb_counters(worker, d->id));
		/* load / weight < least_load / least_weight; 41 + 16 bits do not overflow */
		if (least < 0 || load * least_weight < least_load * (uint64_t)d->weight) {
			least = at;
			least_load = load;
			least_weight = (uint64_t)d->weight;
		}
	}
	return least;
}

const struct lb_sched lb_sched_wlc = {.name = "wlc", .pick = wlc_pick};

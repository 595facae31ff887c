/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Overflow: the destination of the greatest weight until it has as many active connections as its weight
 * says, then the next one. Each worker goes by its share of the weight, so that all of them together keep to
 * it.
 */
#include "sched.h"

static bool
has_room(const struct lb_dest_view *d, unsigned worker)
{
	return (uint64_t)lb_counters(worker, d->id)->active * nworkers <= (uint64_t)d->weight;
}

static int
ovf_pick(const struct lb_dest_set *set, struct lb_sched_state *st, const struct lb_sched_key *key,
	 unsigned worker)
{
	int best = -1;

	for (uint32_t i = 0; i < set->n; i++) {
		const struct lb_dest_view *d = &set->d[i];

		if (lb_dest_usable(d, worker) && has_room(d, worker) &&
		    (best < 0 || d->weight > set->d[best].weight))
			best = (int)i;
	}
	return best;
}

const struct lb_sched lb_sched_ovf = {.name = "ovf", .pick = ovf_pick};

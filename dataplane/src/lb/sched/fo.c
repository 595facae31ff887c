/* SPDX-License-Identifier: Apache-2.0 */
/* Failover: the usable destination of the greatest weight; of equals the first of the list. */
#include "sched.h"

static int
fo_pick(const struct lb_dest_set *set, struct lb_sched_state *st, const struct lb_sched_key *key,
	unsigned worker)
{
	int best = -1;

	for (uint32_t i = 0; i < set->n; i++)
		if (lb_dest_usable(&set->d[i], worker) &&
		    (best < 0 || set->d[i].weight > set->d[best].weight))
			best = (int)i;
	return best;
}

const struct lb_sched lb_sched_fo = {.name = "fo", .pick = fo_pick};

/* SPDX-License-Identifier: Apache-2.0 */
/* Least connections: the least load on this worker, whatever the weight, as long as it is not 0. */
#include "least.h"

static int
lc_pick(const struct lb_dest_set *set, struct lb_sched_state *st, const struct lb_sched_key *key,
	unsigned worker)
{
	return least_pick(set, st, worker, least_load, least_by_one);
}

const struct lb_sched lb_sched_lc = {.name = "lc", .pick = lc_pick};

/* SPDX-License-Identifier: Apache-2.0 */
/* Weighted least connections: the least load per weight on this worker. */
#include "least.h"

static int
wlc_pick(const struct lb_dest_set *set, struct lb_sched_state *st, const struct lb_sched_key *key,
	 unsigned worker)
{
	return least_pick(set, st, worker, least_load, least_by_weight);
}

const struct lb_sched lb_sched_wlc = {.name = "wlc", .pick = wlc_pick};

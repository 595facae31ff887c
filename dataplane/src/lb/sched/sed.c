/* SPDX-License-Identifier: Apache-2.0 */
/* Shortest expected delay: the least (active connections + 1) per weight on this worker. */
#include "least.h"

static int
sed_pick(const struct lb_dest_set *set, struct lb_sched_state *st, const struct lb_sched_key *key,
	 unsigned worker)
{
	return least_pick(set, st, worker, least_delay, least_by_weight);
}

const struct lb_sched lb_sched_sed = {.name = "sed", .pick = sed_pick};

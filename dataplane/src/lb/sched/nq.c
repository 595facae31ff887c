/* SPDX-License-Identifier: Apache-2.0 */
/* Never queue: a server without active connections at once, else the shortest expected delay. */
#include "least.h"

static int
nq_pick(const struct lb_dest_set *set, struct lb_sched_state *st, const struct lb_sched_key *key,
	unsigned worker)
{
	int32_t n = (int32_t)set->n;
	int32_t at;

	if (n == 0)
		return -1;
	at = least_start(set, st, worker);
	for (int32_t i = 0; i < n; i++, at = at + 1 < n ? at + 1 : 0)
		if (lb_dest_usable(&set->d[at], worker) && lb_counters(worker, set->d[at].id)->active == 0)
			return at;
	return least_pick(set, st, worker, least_delay, least_by_weight);
}

const struct lb_sched lb_sched_nq = {.name = "nq", .pick = nq_pick};

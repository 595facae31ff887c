/* SPDX-License-Identifier: Apache-2.0 */
/* Round robin: the next usable destination behind the cursor, which starts on the worker's start position. */
#include "sched.h"

static int
rr_pick(const struct lb_dest_set *set, struct lb_sched_state *st, const struct lb_sched_key *key,
	unsigned worker)
{
	int32_t n = (int32_t)set->n;
	int32_t at;

	if (n == 0)
		return -1;
	if (st->set_version != set->version) {
		st->set_version = set->version;
		st->pos = lb_sched_start(set->n, worker);
	}
	at = st->pos;
	for (int32_t i = 0; i < n; i++) {
		at = at + 1 < n ? at + 1 : 0;
		if (lb_dest_usable(&set->d[at], worker)) {
			st->pos = at;
			return at;
		}
	}
	return -1;
}

const struct lb_sched lb_sched_rr = {.name = "rr", .pick = rr_pick};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Destination hashing: packets to the same address get the same server. Means something for services of many
 * addresses: marks and rules.
 */
#include "table.h"

static int
dh_pick(const struct lb_dest_set *set, struct lb_sched_state *st, const struct lb_sched_key *key,
	unsigned worker)
{
	const struct sched_table *t = set->sched_data;
	uint32_t h = sched_fold(key->af, &key->daddr) * 2654435761u;
	uint32_t at = t->slot[(uint64_t)h * t->size >> 32];

	return at != SCHED_SLOT_NONE && lb_dest_usable(&set->d[at], worker) ? (int)at : -1;
}

static int
dh_build(struct lb_dest_set *set, uint32_t service_flags)
{
	return sched_table_fill(set, service_flags, false);
}

const struct lb_sched lb_sched_dh = {
    .name = "dh", .build = dh_build, .free = sched_table_free, .pick = dh_pick};

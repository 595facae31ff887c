/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source hashing: a client (with flag 2 also its port: a connection) always gets the same server, as long as
 * the service's servers stay the same. With flag 1 other slots are tried when that server is not usable.
 */
#include "table.h"

enum { F_FALLBACK = 0x20, F_PORT = 0x40, TRIES_MAX = 256 };

static uint32_t
slot_of(const struct sched_table *t, const struct lb_sched_key *key, uint32_t offset)
{
	uint32_t port = t->flags & F_PORT ? __builtin_bswap16(key->sport_be) : 0;
	uint32_t h = (offset + port + sched_fold(key->af, &key->saddr)) * 2654435761u;

	return (uint32_t)((uint64_t)h * t->size >> 32);
}

static int
sh_pick(const struct lb_dest_set *set, struct lb_sched_state *st, const struct lb_sched_key *key,
	unsigned worker)
{
	const struct sched_table *t = set->sched_data;
	uint32_t tries = t->flags & F_FALLBACK ? TRIES_MAX : 1;

	for (uint32_t i = 0; i < tries; i++) {
		uint32_t at = t->slot[slot_of(t, key, i)];

		if (at != SCHED_SLOT_NONE && lb_dest_usable(&set->d[at], worker))
			return (int)at;
	}
	return -1;
}

static int
sh_build(struct lb_dest_set *set, uint32_t service_flags)
{
	return sched_table_fill(set, service_flags, true);
}

const struct lb_sched lb_sched_sh = {
    .name = "sh", .build = sh_build, .free = sched_table_free, .pick = sh_pick};

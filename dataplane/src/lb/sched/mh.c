/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maglev hashing (Eisenbud et al., NSDI 2016): a client keeps its server, and few clients move when servers
 * come or go. Tables are those of LVS, so that directors of both kinds choose alike. Flag 1: try other slots
 * when the server is not usable; flag 2: hash the client's port too.
 */
#include "table.h"

#include <stdlib.h>

#include "base/siphash.h"
#include "core/errors.h"

enum { SLOTS = 4093, TURN_BITS = 6, F_FALLBACK = 0x20, F_PORT = 0x40 };

static const struct siphash_key key1 = {2654435761u, 2654435761u}, key2 = {2654446892u, 2654446892u};

/* The low half of the hash of one 32-bit number. */
static uint32_t
siphash13(uint32_t value, const struct siphash_key *k)
{
	struct siphash s = siphash_start(k);

	return (uint32_t)siphash_end(&s, value, sizeof(value));
}

static uint32_t
hash(uint8_t af, const union inet_ip *ip, uint32_t port, uint32_t offset, const struct siphash_key *k)
{
	return siphash13(offset + port + sched_fold(af, ip), k);
}

/* Slots that a destination takes in a row; the greatest weight has 6 bits at most. */
static uint32_t
turns(const struct lb_dest_set *set, const struct lb_dest_view *d)
{
	uint32_t top = (uint32_t)(set->max_weight / set->gcd_weight);
	uint32_t weight = (uint32_t)(d->weight / set->gcd_weight);

	if (weight == 0)
		return 0;
	while (top >= 1u << TURN_BITS) {
		top >>= 1;
		weight >>= 1;
	}
	return weight ? weight : 1;
}

struct walk {
	uint32_t at, skip, turns;
};

static void
walk_init(struct walk *w, const struct lb_dest_set *set, const struct lb_dest_view *d)
{
	uint32_t port = __builtin_bswap16(d->port_be);

	w->at = hash(d->af, &d->ip, port, 0, &key1) % SLOTS;
	w->skip = hash(d->af, &d->ip, port, 0, &key2) % (SLOTS - 1) + 1;
	w->turns = turns(set, d);
}

static void
fill(struct sched_table *t, struct walk *walks, uint32_t n)
{
	uint32_t left = SLOTS;

	for (uint32_t i = 0; left > 0; i = i + 1 < n ? i + 1 : 0) {
		struct walk *w = &walks[i];

		for (uint32_t k = w->turns; k > 0 && left > 0; k--) {
			while (t->slot[w->at] != SCHED_SLOT_NONE)
				w->at = (w->at + w->skip) % SLOTS;
			t->slot[w->at] = i;
			left--;
		}
	}
}

static int
mh_build(struct lb_dest_set *set, uint32_t service_flags)
{
	struct sched_table *t = sched_table_new(SLOTS, service_flags);
	struct walk *walks;

	if (!t)
		return EDPVS_NOMEM;
	set->sched_data = t;
	if (set->n == 0 || set->max_weight == 0)
		return EDPVS_OK;
	walks = calloc(set->n, sizeof(*walks));
	if (!walks) {
		free(t);
		set->sched_data = NULL;
		return EDPVS_NOMEM;
	}
	for (uint32_t i = 0; i < set->n; i++)
		walk_init(&walks[i], set, &set->d[i]);
	fill(t, walks, set->n);
	free(walks);
	return EDPVS_OK;
}

static int
mh_pick(const struct lb_dest_set *set, struct lb_sched_state *st, const struct lb_sched_key *key,
	unsigned worker)
{
	const struct sched_table *t = set->sched_data;
	uint32_t port = t->flags & F_PORT ? __builtin_bswap16(key->sport_be) : 0;
	uint32_t first = hash(key->af, &key->saddr, port, 0, &key1) % SLOTS;
	uint32_t at = t->slot[first];

	if (at == SCHED_SLOT_NONE)
		return -1;
	if (lb_dest_usable(&set->d[at], worker))
		return (int)at;
	for (uint32_t o = 0; t->flags & F_FALLBACK && o < SLOTS; o++) {
		at = t->slot[hash(key->af, &key->saddr, port, (o + first) % SLOTS, &key1) % SLOTS];
		if (lb_dest_usable(&set->d[at], worker))
			return (int)at;
	}
	return -1;
}

const struct lb_sched lb_sched_mh = {
    .name = "mh", .build = mh_build, .free = sched_table_free, .pick = mh_pick};

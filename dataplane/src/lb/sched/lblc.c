/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locality-based least connections, for caches behind services of many addresses (marks and rules): packets
 * to the same address get the same server, until it has more connections than its weight says while another
 * one has less than half of that; then the address moves to the server of the least load (lblc), or that
 * server joins those of the address (lblcr: with replication). A server that an address has not needed for a
 * while leaves it.
 *
 * Every worker remembers up to TABLE_SIZE addresses, the older of two that fall on one slot is forgotten.
 * What is remembered belongs to the published set: it starts anew when the service's servers change.
 */
#include "least.h"

#include <stdlib.h>

#include "base/hash.h"
#include "core/clock.h"
#include "core/errors.h"

enum { TABLE_SIZE = 1024, SERVERS_MAX = 8, QUIET_MS = 6 * 60 * 1000, WAYS = 4 };

/* An address and its servers, the one that was added last at the end. */
struct locality {
	union inet_ip ip;
	uint64_t used_ms, changed_ms;
	uint32_t n;
	uint32_t at[SERVERS_MAX];
};

static int
lblc_build(struct lb_dest_set *set, uint32_t service_flags)
{
	/* Pages are touched only when a worker remembers something. */
	set->sched_data = calloc((size_t)nworkers * TABLE_SIZE, sizeof(struct locality));
	return set->sched_data ? EDPVS_OK : EDPVS_NOMEM;
}

static void
lblc_free(struct lb_dest_set *set)
{
	free(set->sched_data);
}

/* The entry of an address: its own, or the one that was not used longest of those it may take. */
static struct locality *
entry_of(const struct lb_dest_set *set, const struct lb_sched_key *key, unsigned worker)
{
	struct locality *row, *oldest;
	uint32_t h = hash_flow6(&key->daddr, &key->daddr, 0, 0, key->af);

	row =
	    (struct locality *)set->sched_data + (size_t)worker * TABLE_SIZE + h % (TABLE_SIZE / WAYS) * WAYS;
	oldest = row;
	for (int i = 0; i < WAYS; i++) {
		if (row[i].n && inet_ip_equal(&row[i].ip, &key->daddr))
			return &row[i];
		if (!row[i].n || row[i].used_ms < oldest->used_ms)
			oldest = &row[i];
		if (!oldest->n)
			break;
	}
	oldest->n = 0;
	return oldest;
}

/* More connections than the weight says on this worker's part of the traffic, while another has less than
 * half of its. */
static bool
is_full(const struct lb_dest_set *set, uint32_t at, unsigned worker)
{
	const struct lb_dest_view *d = &set->d[at];

	if ((uint64_t)lb_counters(worker, d->id)->active * nworkers <= (uint64_t)d->weight)
		return false;
	for (uint32_t i = 0; i < set->n; i++)
		if (lb_dest_usable(&set->d[i], worker) &&
		    (uint64_t)lb_counters(worker, set->d[i].id)->active * nworkers * 2 <
			(uint64_t)set->d[i].weight)
			return true;
	return false;
}

/* Of the servers of an address the usable one of the least load per weight; -1: none. */
static int
least_of(const struct lb_dest_set *set, const struct locality *l, unsigned worker)
{
	int best = -1;

	for (uint32_t i = 0; i < l->n; i++) {
		const struct lb_dest_view *d = &set->d[l->at[i]], *b = best < 0 ? NULL : &set->d[best];

		if (!lb_dest_usable(d, worker))
			continue;
		if (!b || least_load(lb_counters(worker, d->id)) * (uint64_t)b->weight <
			      least_load(lb_counters(worker, b->id)) * (uint64_t)d->weight)
			best = (int)l->at[i];
	}
	return best;
}

/* Takes away the server of the greatest load when the others have been enough for a while. */
static void
shrink(const struct lb_dest_set *set, struct locality *l, unsigned worker, uint64_t now_ms)
{
	uint32_t most = 0;

	if (l->n < 2 || now_ms - l->changed_ms < QUIET_MS)
		return;
	for (uint32_t i = 1; i < l->n; i++)
		if (least_load(lb_counters(worker, set->d[l->at[i]].id)) >
		    least_load(lb_counters(worker, set->d[l->at[most]].id)))
			most = i;
	l->at[most] = l->at[--l->n];
	l->changed_ms = now_ms;
}

static void
remember(struct locality *l, const union inet_ip *ip, uint32_t at, bool replicate, uint64_t now_ms)
{
	l->ip = *ip;
	l->changed_ms = now_ms;
	for (uint32_t i = 0; replicate && i < l->n; i++)
		if (l->at[i] == at)
			return;
	if (!replicate || l->n == SERVERS_MAX)
		l->n = 0;
	l->at[l->n++] = at;
}

static int
pick(const struct lb_dest_set *set, struct lb_sched_state *st, const struct lb_sched_key *key,
     unsigned worker, bool replicate)
{
	uint64_t now_ms = clock_now_ms();
	struct locality *l;
	int at;

	if (set->n == 0)
		return -1;
	l = entry_of(set, key, worker);
	l->used_ms = now_ms;
	if (replicate)
		shrink(set, l, worker, now_ms);
	at = least_of(set, l, worker);
	if (at >= 0 && !is_full(set, (uint32_t)at, worker))
		return at;
	at = least_pick(set, st, worker, least_load, least_by_weight);
	if (at >= 0)
		remember(l, &key->daddr, (uint32_t)at, replicate, now_ms);
	return at;
}

static int
lblc_pick(const struct lb_dest_set *set, struct lb_sched_state *st, const struct lb_sched_key *key,
	  unsigned worker)
{
	return pick(set, st, key, worker, false);
}

static int
lblcr_pick(const struct lb_dest_set *set, struct lb_sched_state *st, const struct lb_sched_key *key,
	   unsigned worker)
{
	return pick(set, st, key, worker, true);
}

const struct lb_sched lb_sched_lblc = {
    .name = "lblc", .build = lblc_build, .free = lblc_free, .pick = lblc_pick};
const struct lb_sched lb_sched_lblcr = {
    .name = "lblcr", .build = lblc_build, .free = lblc_free, .pick = lblcr_pick};

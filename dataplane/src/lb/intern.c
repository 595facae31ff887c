/* SPDX-License-Identifier: Apache-2.0 */
/* Ids of real servers and local addresses: a chained hash with reference counts. Ids are small because
 * workers index by them. */
#include "lb_control.h"

#include <stdlib.h>
#include <string.h>
#include <rte_jhash.h>

enum { BUCKETS_MIN = 256 };

void
lb_intern_init(struct lb_intern *t, uint32_t max_id)
{
	*t = (struct lb_intern){.next_id = 1, .max_id = max_id};
}

void
lb_intern_fini(struct lb_intern *t)
{
	for (uint32_t i = 0; i < t->nbuckets; i++) {
		struct lb_intern_entry *e = t->buckets[i];

		while (e) {
			struct lb_intern_entry *chain = e->chain;

			free(e);
			e = chain;
		}
	}
	free(t->buckets);
	free(t->free_ids);
	lb_intern_init(t, t->max_id);
}

static struct lb_intern_entry **
bucket_of(const struct lb_intern *t, const struct lb_intern_key *key)
{
	return &t->buckets[rte_jhash(key, sizeof(*key), 0) & (t->nbuckets - 1)];
}

struct lb_intern_entry *
lb_intern_find(const struct lb_intern *t, const struct lb_intern_key *key)
{
	struct lb_intern_entry *e = t->nbuckets ? *bucket_of(t, key) : NULL;

	while (e && memcmp(&e->key, key, sizeof(*key)) != 0)
		e = e->chain;
	return e;
}

/* Keeps chains short. A table that could not grow works on, slower. */
static void
grow(struct lb_intern *t)
{
	struct lb_intern old = *t;
	uint32_t n = old.nbuckets ? old.nbuckets * 2 : BUCKETS_MIN;
	struct lb_intern_entry **buckets = calloc(n, sizeof(*buckets));

	if (!buckets)
		return;
	t->buckets = buckets;
	t->nbuckets = n;
	for (uint32_t i = 0; i < old.nbuckets; i++) {
		struct lb_intern_entry *e = old.buckets[i];

		while (e) {
			struct lb_intern_entry *chain = e->chain, **home = bucket_of(t, &e->key);

			e->chain = *home;
			*home = e;
			e = chain;
		}
	}
	free(old.buckets);
}

/* Room to give back every id ever handed out, so that giving back cannot fail. */
static bool
reserve_id(struct lb_intern *t)
{
	uint32_t cap = t->free_cap ? t->free_cap * 2 : BUCKETS_MIN;
	uint32_t *ids;

	if (t->nfree > 0)
		return true;
	if (t->next_id > t->max_id)
		return false;
	if (t->next_id <= t->free_cap)
		return true;
	ids = realloc(t->free_ids, cap * sizeof(*ids));
	if (!ids)
		return false;
	t->free_ids = ids;
	t->free_cap = cap;
	return true;
}

struct lb_intern_entry *
lb_intern_get(struct lb_intern *t, const struct lb_intern_key *key)
{
	struct lb_intern_entry *e = lb_intern_find(t, key), **home;

	if (e) {
		e->refs++;
		return e;
	}
	if (t->n >= t->nbuckets)
		grow(t);
	if (t->nbuckets == 0 || !reserve_id(t))
		return NULL;
	e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	e->key = *key;
	e->id = t->nfree > 0 ? t->free_ids[--t->nfree] : t->next_id++;
	e->refs = 1;
	home = bucket_of(t, key);
	e->chain = *home;
	*home = e;
	t->n++;
	return e;
}

void
lb_intern_remove(struct lb_intern *t, struct lb_intern_entry *e)
{
	struct lb_intern_entry **at = bucket_of(t, &e->key);

	while (*at != e)
		at = &(*at)->chain;
	*at = e->chain;
	t->free_ids[t->nfree++] = e->id;
	t->n--;
	free(e);
}

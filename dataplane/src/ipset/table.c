/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <rte_branch_prediction.h>
#include <rte_common.h>
#include <rte_prefetch.h>

#include "base/hash.h"
#include "base/tags.h"
#include "core/rcu.h"

/* SPARE: places for members that come while removed ones wait for readers. */
enum { SLOTS = TAGS, LOAD = 5, BUCKETS_MIN = 2, SPARE = 65536 };

struct bucket {
	uint16_t tag[SLOTS]; /* 0: free */
	uint32_t ref[SLOTS]; /* place of the member */
	uint32_t spilled;    /* members that were to be here and are behind */
};
_Static_assert(sizeof(struct bucket) == 64, "a bucket is a cache line");

struct ipset_buckets {
	uint32_t mask;
	struct bucket bucket[] __rte_cache_aligned;
};

/* Backed by memory as it is used. */
static void *
arena_new(size_t bytes)
{
	void *p =
	    mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static size_t
places(const struct ipset_table *t)
{
	return (size_t)t->max + SPARE + 1;
}

static size_t
buckets_bytes(uint32_t n)
{
	return sizeof(struct ipset_buckets) + (size_t)n * sizeof(struct bucket);
}

static struct ipset_buckets *
buckets_new(uint32_t members)
{
	uint32_t n = rte_align32pow2(members / LOAD + 1);
	struct ipset_buckets *b;

	if (n < BUCKETS_MIN)
		n = BUCKETS_MIN;
	b = aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_ALIGN_CEIL(buckets_bytes(n), RTE_CACHE_LINE_SIZE));
	if (!b)
		return NULL;
	memset(b, 0, buckets_bytes(n));
	b->mask = n - 1;
	return b;
}

/* Keyed, so that no set can be made whose members all collide. */
static uint32_t
key_hash(const struct ipset_key *key)
{
	uint64_t w[6], h;

	memcpy(w, key, sizeof(w));
	h = hash_fold(w[0] ^ hash_secret[0], w[1] ^ hash_secret[1]);
	h ^= hash_fold(w[2] ^ hash_secret[2], w[3] ^ hash_secret[3]);
	return hash_finish(hash_fold(h ^ w[4] ^ hash_secret[1], w[5] ^ hash_secret[0] ^ h << 1));
}

static uint16_t
tag_of(uint32_t hash)
{
	uint16_t tag = (uint16_t)(hash >> 16);

	return tag ? tag : 1;
}

bool
ipset_table_init(struct ipset_table *t, uint32_t max, uint32_t expected, bool comments)
{
	*t = (struct ipset_table){.max = max, .fresh = 1};
	t->buckets = buckets_new(expected < max ? expected : max);
	t->members = arena_new(places(t) * sizeof(*t->members));
	if (comments)
		t->comments = arena_new(places(t) * sizeof(*t->comments));
	if (t->buckets && t->members && (t->comments || !comments)) {
		t->members[0] = (struct ipset_elem){.key.zero = {1}, .nomatch = true};
		return true;
	}
	ipset_table_fini(t);
	return false;
}

void
ipset_table_close(struct ipset_table *t)
{
	/* What waits is released before anything that is retired from now on; nothing more is to wait. */
	t->removed = 0;
}

void
ipset_table_fini(struct ipset_table *t)
{
	free(t->buckets);
	if (t->members)
		munmap(t->members, places(t) * sizeof(*t->members));
	if (t->comments)
		munmap(t->comments, places(t) * sizeof(*t->comments));
	*t = (struct ipset_table){0};
}

static bool
key_same(const struct ipset_key *a, const struct ipset_key *b)
{
	uint64_t x[6], y[6], differ = 0;

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	for (unsigned i = 0; i < 6; i++)
		differ |= x[i] ^ y[i];
	return differ == 0;
}

/*
 * The tags of a bucket, while the writer may be changing them. Each of them is read whole; one that is seen
 * was written after its place, and the place after the member, so what is read through a tag is either right
 * or a member with another key.
 */
static uint32_t
hits_of(const struct bucket *k, uint16_t tag)
{
	uint32_t hits = tags_match(k->tag, tag);

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return hits;
}

static const struct ipset_elem *
member_at(const struct ipset_table *t, const struct bucket *k, uint32_t hits)
{
	return &t->members[__atomic_load_n(&k->ref[__builtin_ctz(hits)], __ATOMIC_RELAXED)];
}

/* From a bucket on; hits: what this one has of the tag. */
static const struct ipset_elem *
find_from(const struct ipset_table *t, const struct ipset_buckets *b, const struct ipset_key *key,
	  uint32_t hash, uint32_t hits)
{
	uint32_t at = hash & b->mask;

	for (uint32_t looks = 0;; looks++) {
		const struct bucket *k = &b->bucket[at];

		for (; hits; hits &= hits - 1) {
			const struct ipset_elem *m = member_at(t, k, hits);

			if (key_same(&m->key, key))
				return m;
		}
		if (likely(__atomic_load_n(&k->spilled, __ATOMIC_ACQUIRE) == 0) || looks == b->mask)
			return NULL;
		at = (at + 1) & b->mask;
		hits = hits_of(&b->bucket[at], tag_of(hash));
	}
}

const struct ipset_elem *
ipset_table_find(const struct ipset_table *t, const struct ipset_key *key)
{
	const struct ipset_buckets *b = rcu_read(t->buckets);
	uint32_t hash = key_hash(key);

	return find_from(t, b, key, hash, hits_of(&b->bucket[hash & b->mask], tag_of(hash)));
}

/* Of the first tag that is the one sought; 0: there is none. */
static uint32_t
first_place(const struct bucket *k, uint32_t hits)
{
	uint32_t place = __atomic_load_n(&k->ref[__builtin_ctz(hits | 1u << (SLOTS - 1))], __ATOMIC_RELAXED);

	return hits ? place : 0;
}

/* The first was another member: those behind it. */
static __rte_noinline const struct ipset_elem *
find_others(const struct ipset_table *t, const struct ipset_buckets *b, const struct ipset_probe *p,
	    uint32_t hits)
{
	const struct ipset_elem *m = find_from(t, b, &p->key, p->hash, hits);

	return m ? m : ipset_table_nobody(t);
}

void
ipset_table_find_vector(const struct ipset_table *t, struct ipset_probe *probe, unsigned n)
{
	const struct ipset_buckets *b = rcu_read(t->buckets);

	for (unsigned i = 0; i < n; i++) {
		probe[i].hash = key_hash(&probe[i].key);
		rte_prefetch0(&b->bucket[probe[i].hash & b->mask]);
	}
	for (unsigned i = 0; i < n; i++) {
		struct ipset_probe *p = &probe[i];
		const struct bucket *k = &b->bucket[p->hash & b->mask];

		p->hits = hits_of(k, tag_of(p->hash));
		p->found = &t->members[first_place(k, p->hits)];
		rte_prefetch0(p->found);
		p->spilled = __atomic_load_n(&k->spilled, __ATOMIC_ACQUIRE);
	}
	for (unsigned i = 0; i < n; i++) {
		struct ipset_probe *p = &probe[i];
		bool same = key_same(&p->found->key, &p->key);
		uint32_t others = p->hits & (p->hits - 1);

		p->found = same ? p->found : ipset_table_nobody(t);
		/* With a tag of 16 bits, one bucket in some ten thousand. */
		if (unlikely(!same && (others | p->spilled)))
			p->found = find_others(t, b, p, others);
	}
}

/* There is a free slot somewhere. */
static void
insert(struct ipset_buckets *b, const struct ipset_key *key, uint32_t ref)
{
	uint32_t hash = key_hash(key);

	for (uint32_t at = hash & b->mask;; at = (at + 1) & b->mask) {
		struct bucket *k = &b->bucket[at];

		for (unsigned i = 0; i < SLOTS; i++) {
			if (k->tag[i])
				continue;
			__atomic_store_n(&k->ref[i], ref, __ATOMIC_RELAXED);
			__atomic_store_n(&k->tag[i], tag_of(hash), __ATOMIC_RELEASE);
			return;
		}
		__atomic_store_n(&k->spilled, k->spilled + 1, __ATOMIC_RELEASE);
	}
}

static void
take_out(struct ipset_buckets *b, const struct ipset_key *key, uint32_t ref)
{
	uint32_t hash = key_hash(key), home = hash & b->mask, at = home;

	for (;; at = (at + 1) & b->mask) {
		struct bucket *k = &b->bucket[at];
		unsigned i = 0;

		while (i < SLOTS && !(k->tag[i] && k->ref[i] == ref))
			i++;
		if (i == SLOTS)
			continue;
		__atomic_store_n(&k->tag[i], 0, __ATOMIC_RELEASE);
		break;
	}
	for (uint32_t on = home; on != at; on = (on + 1) & b->mask)
		__atomic_store_n(&b->bucket[on].spilled, b->bucket[on].spilled - 1, __ATOMIC_RELEASE);
}

/* A table that is too full for one more is replaced by one of twice the size. */
static bool
make_room(struct ipset_table *t)
{
	struct ipset_buckets *old = t->buckets, *b;

	if (t->n < (old->mask + 1) * LOAD)
		return true;
	b = buckets_new(t->n * 2);
	if (!b)
		return false;
	for (const struct ipset_elem *m = ipset_table_next(t, NULL); m; m = ipset_table_next(t, m))
		insert(b, &m->key, (uint32_t)(m - t->members));
	rcu_publish(t->buckets, b);
	rcu_retire(free, old);
	return true;
}

static uint32_t
place_take(struct ipset_table *t)
{
	uint32_t place = t->free;

	if (place)
		t->free = t->members[place].next;
	else if (t->fresh < places(t))
		place = t->fresh++;
	return place;
}

struct ipset_elem *
ipset_table_add(struct ipset_table *t, const struct ipset_elem *m)
{
	uint32_t place = t->n < t->max && make_room(t) ? place_take(t) : 0;

	if (!place)
		return NULL;
	t->members[place] = *m;
	t->members[place].live = true;
	insert(t->buckets, &m->key, place);
	t->n++;
	return &t->members[place];
}

static void removed_release(void *arg);

/* One list at a time waits for the readers. */
static void
removed_retire(struct ipset_table *t)
{
	if (t->waiting || !t->removed)
		return;
	t->waiting = t->removed;
	t->removed = 0;
	rcu_retire(removed_release, t);
}

static void
removed_release(void *arg)
{
	struct ipset_table *t = arg;
	uint32_t last = t->waiting;

	while (t->members[last].next)
		last = t->members[last].next;
	t->members[last].next = t->free;
	t->free = t->waiting;
	t->waiting = 0;
	removed_retire(t);
}

void
ipset_table_del(struct ipset_table *t, const struct ipset_elem *m)
{
	uint32_t place = (uint32_t)(m - t->members);

	take_out(t->buckets, &m->key, place);
	t->members[place].live = false;
	t->members[place].next = t->removed;
	t->removed = place;
	t->n--;
	removed_retire(t);
}

const struct ipset_elem *
ipset_table_next(const struct ipset_table *t, const struct ipset_elem *m)
{
	for (uint32_t place = m ? (uint32_t)(m - t->members) + 1 : 1; place < t->fresh; place++)
		if (t->members[place].live)
			return &t->members[place];
	return NULL;
}

char *
ipset_table_comment(const struct ipset_table *t, const struct ipset_elem *m)
{
	return t->comments ? t->comments[m - t->members] : NULL;
}

size_t
ipset_table_bytes(const struct ipset_table *t)
{
	size_t member = sizeof(*t->members) + (t->comments ? sizeof(*t->comments) : 0);

	return buckets_bytes(t->buckets->mask + 1) + (size_t)(t->fresh - 1) * member;
}

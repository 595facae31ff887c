/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flow table: buckets of tags, an arena of connections, a lazy timer wheel.
 *
 * A bucket has ten slots and the table is made so that four are used when all connections live; the rare
 * bucket that is full continues in an overflow bucket. Tags are 16 bits of the flow hash, which is keyed, so
 * that nobody outside can aim at one bucket.
 *
 * The wheel is lazy: packets only write last_seen. When a slot comes up, a connection that was used meanwhile
 * moves to the slot of its new deadline. A deadline that comes nearer (state change to a shorter timeout)
 * moves it at once.
 */
#include "lb_worker.h"

#include <string.h>
#include <sys/mman.h>
#include <rte_branch_prediction.h>

#include "base/hash.h"
#include "core/errors.h"

enum { WHEEL_NOT_LINKED = UINT32_MAX, SLOTS_USED = 4, TIMEOUT_MAX_S = 365 * 86400 };

/* Lazily backed memory: a table sized for the worst case costs only what is used. Huge pages where the kernel
 * has them. */
static void *
arena_new(size_t bytes)
{
	void *p =
	    mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	madvise(p, bytes, MADV_HUGEPAGE);
	return p;
}

static uint32_t
wheel_slot_at(uint64_t now_ms)
{
	return (uint32_t)(now_ms >> (CONN_TICK_SHIFT + WHEEL_SLOT_SHIFT));
}

int
conn_table_init(struct conn_table *t, uint32_t capacity, uint64_t now_ms)
{
	size_t n = (size_t)capacity + 1;
	uint32_t nbuckets = rte_align32pow2((uint32_t)(n * 2 / SLOTS_USED));

	memset(t, 0, sizeof(*t));
	if (nbuckets < 64)
		nbuckets = 64;
	t->bucket_mask = nbuckets - 1;
	t->overflow_size = nbuckets / 8;
	t->capacity = capacity;
	t->buckets = arena_new((size_t)nbuckets * sizeof(*t->buckets));
	t->overflow = arena_new((size_t)t->overflow_size * sizeof(*t->overflow));
	t->hot = arena_new(n * sizeof(*t->hot));
	t->v6 = arena_new(n * sizeof(*t->v6));
	t->cold = arena_new(n * sizeof(*t->cold));
	t->more = arena_new(n * sizeof(*t->more));
	t->wheel = arena_new(WHEEL_SLOTS * sizeof(*t->wheel));
	t->bytes =
	    (size_t)nbuckets * 64 + (size_t)t->overflow_size * 64 + n * (64 + 64 + 32) + WHEEL_SLOTS * 4;
	t->fresh = 1;
	t->overflow_fresh = 1;
	t->wheel_now = wheel_slot_at(now_ms);
	if (!t->buckets || !t->overflow || !t->hot || !t->v6 || !t->cold || !t->more || !t->wheel) {
		conn_table_fini(t);
		return EDPVS_NOMEM;
	}
	return EDPVS_OK;
}

static void
arena_free(void *p, size_t bytes)
{
	if (p)
		munmap(p, bytes);
}

void
conn_table_fini(struct conn_table *t)
{
	size_t n = (size_t)t->capacity + 1;

	arena_free(t->buckets, ((size_t)t->bucket_mask + 1) * sizeof(*t->buckets));
	arena_free(t->overflow, (size_t)t->overflow_size * sizeof(*t->overflow));
	arena_free(t->hot, n * sizeof(*t->hot));
	arena_free(t->v6, n * sizeof(*t->v6));
	arena_free(t->cold, n * sizeof(*t->cold));
	arena_free(t->more, n * sizeof(*t->more));
	arena_free(t->account, n * sizeof(*t->account));
	arena_free(t->wheel, WHEEL_SLOTS * sizeof(*t->wheel));
	memset(t, 0, sizeof(*t));
}

int
conn_table_account(struct conn_table *t)
{
	size_t bytes = ((size_t)t->capacity + 1) * sizeof(*t->account);

	t->account = arena_new(bytes);
	if (!t->account)
		return EDPVS_NOMEM;
	t->bytes += bytes;
	return EDPVS_OK;
}

void
conn_addrs_get(const struct conn_table *t, uint32_t idx, struct conn_addrs *out)
{
	const struct conn_hot *c = &t->hot[idx];

	if (c->flags & (CONN_F_V6 | CONN_F_RS_V6)) {
		const struct conn_v6 *v = &t->v6[idx];

		*out = (struct conn_addrs){v->caddr, v->vaddr, v->laddr, v->raddr};
		return;
	}
	*out = (struct conn_addrs){{{0}}, {{0}}, {{0}}, {{0}}};
	out->caddr.v4 = c->caddr;
	out->vaddr.v4 = c->vaddr;
	out->laddr.v4 = c->laddr;
	out->raddr.v4 = c->raddr;
}

void
conn_addrs_set(struct conn_table *t, uint32_t idx, const struct conn_addrs *a)
{
	struct conn_hot *c = &t->hot[idx];

	if (c->flags & (CONN_F_V6 | CONN_F_RS_V6))
		t->v6[idx] = (struct conn_v6){a->caddr, a->vaddr, a->laddr, a->raddr};
	if (!(c->flags & CONN_F_V6)) {
		c->caddr = a->caddr.v4;
		c->vaddr = a->vaddr.v4;
	}
	if (!(c->flags & CONN_F_RS_V6)) {
		c->laddr = a->laddr.v4;
		c->raddr = a->raddr.v4;
	}
}

void
conn_prefetch_next(const struct conn_table *t, bool v6)
{
	uint32_t next = t->free_head != CONN_NONE ? t->free_head : t->fresh;

	if (next > t->capacity)
		return;
	__builtin_prefetch(&t->cold[next], 1);
	__builtin_prefetch(&t->hot[next], 1);
	if (v6)
		__builtin_prefetch(&t->v6[next], 1);
	if (t->account)
		__builtin_prefetch(&t->account[next], 1);
}

uint32_t
conn_alloc(struct conn_table *t)
{
	uint32_t idx = t->free_head;
	struct conn_cold *cold;
	uint32_t seq;

	if (idx != CONN_NONE) {
		t->free_head = t->cold[idx].wheel_next;
	} else if (t->fresh <= t->capacity) {
		idx = t->fresh++;
	} else {
		return CONN_NONE;
	}
	cold = &t->cold[idx];
	seq = cold->seq | 1;
	memset(cold, 0, sizeof(*cold));
	cold->seq = seq;
	cold->wheel_slot = WHEEL_NOT_LINKED;
	cold->port_space = UINT32_MAX;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	memset(&t->hot[idx], 0, sizeof(t->hot[idx]));
	return idx;
}

static void
index_release(struct conn_table *t, uint32_t idx)
{
	t->cold[idx].wheel_next = t->free_head;
	t->free_head = idx;
}

void
conn_abandon(struct conn_table *t, uint32_t idx)
{
	t->hot[idx].proto = 0;
	t->cold[idx].seq = (t->cold[idx].seq | 1) + 1;
	index_release(t, idx);
}

uint32_t
conn_hash_tuple(uint8_t af, const union inet_ip *src, const union inet_ip *dst, uint16_t sport_be,
		uint16_t dport_be, uint8_t proto)
{
	if (af == INET_AF_V6)
		return hash_flow6(src->b, dst->b, sport_be, dport_be, proto);
	return hash_flow4(src->v4, dst->v4, sport_be, dport_be, proto);
}

uint32_t
conn_hash_out(const struct conn_table *t, uint32_t idx, uint16_t lport)
{
	const struct conn_hot *c = &t->hot[idx];

	if (c->flags & CONN_F_RS_V6) {
		const struct conn_v6 *a = &t->v6[idx];

		return hash_flow6(a->raddr.b, a->laddr.b, c->rport, lport, c->proto);
	}
	return hash_flow4(c->raddr, c->laddr, c->rport, lport, c->proto);
}

static bool
has_tuple(const struct conn_table *t, uint32_t ref, const struct conn_tuple *u)
{
	const struct conn_hot *c = &t->hot[ref >> 1];
	bool in = (ref & 1) == CONN_DIR_IN;
	struct conn_addrs a;

	if (c->proto != u->proto || (in ? conn_af(c) : conn_rs_af(c)) != u->af ||
	    (in ? c->cport : c->rport) != u->sport || (in ? c->vport : c->lport) != u->dport)
		return false;
	conn_addrs_get(t, ref >> 1, &a);
	return inet_ip_equal(in ? &a.caddr : &a.raddr, &u->saddr) &&
	       inet_ip_equal(in ? &a.vaddr : &a.laddr, &u->daddr);
}

uint32_t
conn_tuple_find(const struct conn_table *t, const struct conn_tuple *u)
{
	uint32_t hash = conn_hash_tuple(u->af, &u->saddr, &u->daddr, u->sport, u->dport, u->proto);
	const struct conn_bucket *b = &t->buckets[hash & t->bucket_mask];

	for (;;) {
		for (unsigned i = 0; i < CONN_BUCKET_SLOTS; i++)
			if (b->tag[i] == conn_tag(hash) && has_tuple(t, b->ref[i], u))
				return b->ref[i];
		if (!b->next)
			return CONN_NONE;
		b = &t->overflow[b->next];
	}
}

uint32_t
conn_out_user(const struct conn_table *t, uint32_t idx)
{
	const struct conn_hot *c = &t->hot[idx];
	struct conn_addrs a;

	conn_addrs_get(t, idx, &a);
	return conn_tuple_find(t, &(struct conn_tuple){.saddr = a.raddr,
						       .daddr = a.laddr,
						       .sport = c->rport,
						       .dport = c->lport,
						       .af = conn_rs_af(c),
						       .proto = c->proto});
}

static uint32_t
hash_in(const struct conn_table *t, uint32_t idx)
{
	const struct conn_hot *c = &t->hot[idx];

	if (c->flags & CONN_F_V6) {
		const struct conn_v6 *a = &t->v6[idx];

		return hash_flow6(a->caddr.b, a->vaddr.b, c->cport, c->vport, c->proto);
	}
	return hash_flow4(c->caddr, c->vaddr, c->cport, c->vport, c->proto);
}

uint32_t
conn_hash(const struct conn_table *t, uint32_t idx, unsigned dir)
{
	return dir == CONN_DIR_IN ? hash_in(t, idx) : conn_hash_out(t, idx, t->hot[idx].lport);
}

static uint32_t
overflow_take(struct conn_table *t)
{
	uint32_t i = t->overflow_free;

	if (i) {
		t->overflow_free = t->overflow[i].next;
	} else if (t->overflow_fresh < t->overflow_size) {
		i = t->overflow_fresh++;
	} else {
		return 0;
	}
	memset(&t->overflow[i], 0, sizeof(t->overflow[i]));
	return i;
}

static bool
slot_insert(struct conn_table *t, uint32_t hash, uint32_t ref)
{
	struct conn_bucket *b = &t->buckets[hash & t->bucket_mask];

	for (;;) {
		for (unsigned i = 0; i < CONN_BUCKET_SLOTS; i++) {
			if (b->tag[i])
				continue;
			b->ref[i] = ref;
			b->tag[i] = conn_tag(hash);
			return true;
		}
		if (!b->next) {
			b->next = overflow_take(t);
			if (!b->next)
				return false;
		}
		b = &t->overflow[b->next];
	}
}

static bool
bucket_empty(const struct conn_bucket *b)
{
	for (unsigned i = 0; i < CONN_BUCKET_SLOTS; i++)
		if (b->tag[i])
			return false;
	return true;
}

static void
slot_remove(struct conn_table *t, uint32_t hash, uint32_t ref)
{
	struct conn_bucket *b = &t->buckets[hash & t->bucket_mask], *before = NULL;
	uint32_t here = 0;

	for (;;) {
		for (unsigned i = 0; i < CONN_BUCKET_SLOTS; i++) {
			if (!b->tag[i] || b->ref[i] != ref)
				continue;
			b->tag[i] = 0;
			b->ref[i] = 0;
			if (before && bucket_empty(b)) {
				before->next = b->next;
				b->next = t->overflow_free;
				t->overflow_free = here;
			}
			return;
		}
		if (!b->next)
			return;
		before = b;
		here = b->next;
		b = &t->overflow[here];
	}
}

bool
conn_commit(struct conn_table *t, uint32_t idx, uint32_t in, uint32_t out)
{
	if (!slot_insert(t, in, idx << 1 | CONN_DIR_IN))
		return false;
	if (!(t->hot[idx].flags & CONN_F_ONE_WAY) && !slot_insert(t, out, idx << 1 | CONN_DIR_OUT)) {
		slot_remove(t, in, idx << 1 | CONN_DIR_IN);
		return false;
	}
	t->count++;
	__atomic_store_n(&t->cold[idx].seq, t->cold[idx].seq + 1, __ATOMIC_RELEASE);
	return true;
}

static void
wheel_unlink(struct conn_table *t, uint32_t idx)
{
	struct conn_cold *c = &t->cold[idx];

	if (c->wheel_slot == WHEEL_NOT_LINKED)
		return;
	if (c->wheel_prev)
		t->cold[c->wheel_prev].wheel_next = c->wheel_next;
	else
		t->wheel[c->wheel_slot % WHEEL_SLOTS] = c->wheel_next;
	if (c->wheel_next)
		t->cold[c->wheel_next].wheel_prev = c->wheel_prev;
	c->wheel_slot = WHEEL_NOT_LINKED;
}

static void
wheel_link(struct conn_table *t, uint32_t idx, uint32_t slot)
{
	struct conn_cold *c = &t->cold[idx];
	uint32_t *head;

	/* Never the slot that is being worked on, nor one more than a turn away. */
	if ((int32_t)(slot - t->wheel_now) < 1)
		slot = t->wheel_now + 1;
	else if (slot - t->wheel_now > WHEEL_SLOTS - 1)
		slot = t->wheel_now + WHEEL_SLOTS - 1;
	head = &t->wheel[slot % WHEEL_SLOTS];
	c->wheel_slot = slot;
	c->wheel_prev = 0;
	c->wheel_next = *head;
	if (*head)
		t->cold[*head].wheel_prev = idx;
	*head = idx;
}

/* Up to one second, constant for an index: connections made in one moment do not expire in one moment. */
static uint32_t
jitter(uint32_t idx)
{
	return idx * 2654435761u >> (32 - 7);
}

/* Units until the connection is due, negative when overdue. last_seen wraps after 397 days, longer than any
 * timeout. */
static int64_t
remaining(const struct conn_table *t, uint32_t idx, uint64_t now_ms)
{
	uint32_t age = conn_tick(now_ms) - t->hot[idx].last_seen;

	return (int64_t)t->cold[idx].timeout + jitter(idx) - age;
}

/* The first slot at whose turn the connection is due. */
static uint32_t
due_slot(const struct conn_table *t, uint32_t idx, uint64_t now_ms)
{
	int64_t tick = (int64_t)(now_ms >> CONN_TICK_SHIFT) + remaining(t, idx, now_ms);

	return (uint32_t)(tick >> WHEEL_SLOT_SHIFT) + 1;
}

void
conn_set_timeout(struct conn_table *t, uint32_t idx, uint32_t seconds, uint64_t now_ms)
{
	struct conn_cold *c = &t->cold[idx];
	uint32_t slot;

	t->hot[idx].last_seen = conn_tick(now_ms);
	if (seconds > TIMEOUT_MAX_S)
		seconds = TIMEOUT_MAX_S;
	c->timeout = (uint32_t)((seconds * 1000ull) >> CONN_TICK_SHIFT);
	slot = due_slot(t, idx, now_ms);
	if (c->wheel_slot != WHEEL_NOT_LINKED && (int32_t)(slot - c->wheel_slot) >= 0)
		return;
	wheel_unlink(t, idx);
	wheel_link(t, idx, slot);
}

void
conn_remove(struct conn_table *t, uint32_t idx)
{
	uint32_t in = conn_hash(t, idx, CONN_DIR_IN);

	t->cold[idx].seq |= 1;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	slot_remove(t, in, idx << 1 | CONN_DIR_IN);
	if (!(t->hot[idx].flags & CONN_F_ONE_WAY))
		slot_remove(t, conn_hash(t, idx, CONN_DIR_OUT), idx << 1 | CONN_DIR_OUT);
	wheel_unlink(t, idx);
	t->hot[idx].proto = 0;
	t->count--;
	__atomic_store_n(&t->cold[idx].seq, t->cold[idx].seq + 1, __ATOMIC_RELEASE);
	index_release(t, idx);
}

/*
 * Connections of one slot lie anywhere in memory. While one is looked at, the buckets of the next and the
 * entry of the one after that are fetched.
 */
static void
prefetch_followers(const struct conn_table *t, uint32_t idx)
{
	uint32_t next = t->cold[idx].wheel_next, second;

	if (!next)
		return;
	__builtin_prefetch(&t->buckets[hash_in(t, next) & t->bucket_mask], 1);
	__builtin_prefetch(&t->buckets[conn_hash(t, next, CONN_DIR_OUT) & t->bucket_mask], 1);
	second = t->cold[next].wheel_next;
	if (!second)
		return;
	__builtin_prefetch(&t->cold[second], 1);
	__builtin_prefetch(&t->hot[second], 1);
	if (t->hot[next].flags & (CONN_F_V6 | CONN_F_RS_V6))
		__builtin_prefetch(&t->v6[second]);
}

void
conn_expire(struct conn_table *t, uint64_t now_ms, unsigned budget, void (*expire)(void *arg, uint32_t idx),
	    void *arg)
{
	uint32_t until = wheel_slot_at(now_ms);

	/* A clock that jumped by more than a turn of the wheel (a test, a suspended machine) visits each slot
	 * once. */
	if (until - t->wheel_now > WHEEL_SLOTS)
		t->wheel_now = until - WHEEL_SLOTS;
	while (budget > 0) {
		uint32_t idx = t->wheel[t->wheel_now % WHEEL_SLOTS];

		if (!idx) {
			if (t->wheel_now == until)
				return;
			t->wheel_now++;
			continue;
		}
		budget--;
		prefetch_followers(t, idx);
		if (remaining(t, idx, now_ms) <= 0) {
			expire(arg, idx);
		} else {
			wheel_unlink(t, idx);
			wheel_link(t, idx, due_slot(t, idx, now_ms));
		}
	}
}

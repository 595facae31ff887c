/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Local ports of FullNAT. Each (local address, real server) pair has a space of its own, so the same port of
 * a local address serves as many connections as there are real servers; uniqueness is per 5-tuple. The ports
 * 1025…65535 are dealt to workers by port modulo workers, which makes the owner of a reply a function of its
 * destination port.
 *
 * A space is a bitmap with a cursor that goes round: a port is used again only after all others had their
 * turn, unless few are left. Spaces come from a fixed arena that is backed by memory as it is used; one
 * without ports in use is recycled when the arena is full.
 */
#include "lb_worker.h"

#include <string.h>
#include <sys/mman.h>

#include "base/hash.h"
#include "core/errors.h"

enum { PORT_FIRST = 1025, PORT_LAST = 65535, SPACES = 16384, LIPS_MAX = 65536 };

static void *
arena_new(size_t bytes)
{
	void *p =
	    mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

int
lport_init(struct lport_pool *pool, unsigned worker, unsigned total)
{
	memset(pool, 0, sizeof(*pool));
	pool->step = total;
	pool->first = PORT_FIRST + (worker + total - PORT_FIRST % total) % total;
	pool->nports = (PORT_LAST - pool->first) / total + 1;
	pool->space_bytes = sizeof(struct port_space) + ((pool->nports + 63) / 64) * sizeof(uint64_t);
	pool->nspaces = SPACES;
	pool->map_mask = SPACES * 2 - 1;
	pool->nlips = LIPS_MAX;
	pool->spaces = arena_new(pool->space_bytes * pool->nspaces);
	pool->map = arena_new(((size_t)pool->map_mask + 1) * sizeof(*pool->map));
	pool->usage = arena_new(pool->nlips * sizeof(*pool->usage));
	if (!pool->spaces || !pool->map || !pool->usage) {
		lport_fini(pool);
		return EDPVS_NOMEM;
	}
	return EDPVS_OK;
}

void
lport_fini(struct lport_pool *pool)
{
	if (pool->spaces)
		munmap(pool->spaces, pool->space_bytes * pool->nspaces);
	if (pool->map)
		munmap(pool->map, ((size_t)pool->map_mask + 1) * sizeof(*pool->map));
	if (pool->usage)
		munmap(pool->usage, pool->nlips * sizeof(*pool->usage));
	memset(pool, 0, sizeof(*pool));
}

static struct port_space *
space_at(const struct lport_pool *pool, uint32_t i)
{
	return (struct port_space *)(pool->spaces + (size_t)i * pool->space_bytes);
}

static uint32_t
map_home(const struct lport_pool *pool, uint64_t key)
{
	return (uint32_t)((key * 0x9e3779b97f4a7c15ull) >> 32) & pool->map_mask;
}

static uint32_t
space_find(const struct lport_pool *pool, uint64_t key)
{
	for (uint32_t h = map_home(pool, key); pool->map[h]; h = (h + 1) & pool->map_mask)
		if (space_at(pool, pool->map[h] - 1)->key == key)
			return pool->map[h] - 1;
	return UINT32_MAX;
}

static void
map_insert(struct lport_pool *pool, uint64_t key, uint32_t space)
{
	uint32_t h = map_home(pool, key);

	while (pool->map[h])
		h = (h + 1) & pool->map_mask;
	pool->map[h] = space + 1;
}

/* Linear probing without tombstones: close the gap by moving back what may move. */
static void
map_remove(struct lport_pool *pool, uint64_t key)
{
	uint32_t gap = map_home(pool, key), h;

	while (pool->map[gap] && space_at(pool, pool->map[gap] - 1)->key != key)
		gap = (gap + 1) & pool->map_mask;
	if (!pool->map[gap])
		return;
	for (h = (gap + 1) & pool->map_mask; pool->map[h]; h = (h + 1) & pool->map_mask) {
		uint32_t home = map_home(pool, space_at(pool, pool->map[h] - 1)->key);

		if (((h - home) & pool->map_mask) < ((h - gap) & pool->map_mask))
			continue;
		pool->map[gap] = pool->map[h];
		gap = h;
	}
	pool->map[gap] = 0;
}

/* A space without ports in use; looks at a bounded number from a moving position. */
static uint32_t
space_recycle(struct lport_pool *pool)
{
	static __thread uint32_t hand;

	for (unsigned looks = 0; looks < 256; looks++) {
		uint32_t i = hand++ % pool->nspaces;
		struct port_space *s = space_at(pool, i);

		if (s->used)
			continue;
		map_remove(pool, s->key);
		pool->usage[s->key >> 32].spaces--;
		memset(s->bits, 0, pool->space_bytes - sizeof(*s));
		return i;
	}
	return UINT32_MAX;
}

static uint32_t
space_make(struct lport_pool *pool, uint64_t key)
{
	uint32_t i = pool->fresh < pool->nspaces ? pool->fresh++ : space_recycle(pool);
	struct port_space *s;

	if (i == UINT32_MAX)
		return i;
	s = space_at(pool, i);
	s->key = key;
	s->used = 0;
	/* Where the search starts is a secret, so that strangers cannot guess the next port. */
	s->cursor = (uint32_t)(hash_fold(key ^ hash_secret[2], hash_secret[3] | 1) % pool->nports);
	map_insert(pool, key, i);
	pool->usage[key >> 32].spaces++;
	return i;
}

/* First free port from the cursor on, or UINT32_MAX. Bits behind nports are never taken. */
static uint32_t
bit_take(const struct lport_pool *pool, struct port_space *s)
{
	uint32_t words = (pool->nports + 63) / 64;
	uint32_t word = s->cursor / 64;
	uint64_t below = (UINT64_C(1) << (s->cursor % 64)) - 1;

	for (uint32_t i = 0; i <= words; i++) {
		uint64_t full = s->bits[word] | below;

		if (full != UINT64_MAX) {
			uint32_t k = word * 64 + (uint32_t)__builtin_ctzll(~full);

			if (k < pool->nports) {
				s->bits[word] |= UINT64_C(1) << (k % 64);
				s->cursor = k + 1 < pool->nports ? k + 1 : 0;
				return k;
			}
		}
		below = 0;
		word = word + 1 < words ? word + 1 : 0;
	}
	return UINT32_MAX;
}

uint16_t
lport_alloc(struct lport_pool *pool, uint32_t lip_id, uint32_t rs_id, uint32_t *space)
{
	uint64_t key = (uint64_t)lip_id << 32 | rs_id;
	struct port_space *s;
	uint32_t i, k;

	if (lip_id >= pool->nlips)
		return 0;
	i = space_find(pool, key);
	if (i == UINT32_MAX)
		i = space_make(pool, key);
	if (i == UINT32_MAX) {
		pool->usage[lip_id].miss++;
		return 0;
	}
	s = space_at(pool, i);
	k = s->used < pool->nports ? bit_take(pool, s) : UINT32_MAX;
	if (k == UINT32_MAX) {
		pool->usage[lip_id].miss++;
		return 0;
	}
	s->used++;
	pool->usage[lip_id].used++;
	*space = i;
	return rte_cpu_to_be_16((uint16_t)(pool->first + k * pool->step));
}

void
lport_free(struct lport_pool *pool, uint32_t space, uint16_t port_be)
{
	struct port_space *s;
	uint32_t k;

	if (space >= pool->nspaces)
		return;
	s = space_at(pool, space);
	k = (rte_be_to_cpu_16(port_be) - pool->first) / pool->step;
	if (k >= pool->nports || !(s->bits[k / 64] & UINT64_C(1) << (k % 64)))
		return;
	s->bits[k / 64] &= ~(UINT64_C(1) << (k % 64));
	s->used--;
	pool->usage[s->key >> 32].used--;
}

void
lport_skip(struct lport_pool *pool, uint32_t space, uint32_t by)
{
	struct port_space *s = space_at(pool, space);

	s->cursor = (s->cursor + by % pool->nports) % pool->nports;
}

void
lport_usage(uint32_t lip_id, int worker, uint64_t *used, uint64_t *total, uint64_t *miss)
{
	*used = *total = *miss = 0;
	for (unsigned i = 0; i < nworkers; i++) {
		const struct lport_pool *pool;
		uint64_t spaces;

		if ((worker >= 0 && (unsigned)worker != i) || !workers[i] || !workers[i]->lb)
			continue;
		pool = &workers[i]->lb->ports;
		if (lip_id >= pool->nlips)
			continue;
		spaces = pool->usage[lip_id].spaces;
		*used += pool->usage[lip_id].used;
		*miss += pool->usage[lip_id].miss;
		/* Before the first connection there is no space yet, but there is room for one. */
		*total += (spaces ? spaces : 1) * pool->nports;
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "local.h"

#include <stdlib.h>

#include "core/errors.h"

struct local_slot {
	union inet_ip ip;
	uint64_t ports; /* 0: free */
	uint32_t af;
	uint32_t lip;
};

struct local_table {
	uint32_t mask; /* number of slots - 1 */
	uint32_t n;
	struct local_slot slot[];
};

enum { LOCAL_SLOTS_MIN = 64 };

static struct local_table *table; /* published; NULL while there is no address */

static inline uint32_t
slot_hash(const union inet_ip *ip)
{
	uint64_t h = ip->q[0] * 0x9e3779b97f4a7c15ull ^ (ip->q[1] + (ip->q[0] >> 32)) * 0xc2b2ae3d27d4eb4full;

	return (uint32_t)(h >> 32);
}

static inline struct local_slot *
find(struct local_table *t, int af, const union inet_ip *ip)
{
	for (uint32_t i = slot_hash(ip);; i++) {
		struct local_slot *s = &t->slot[i & t->mask];
		uint64_t used = __atomic_load_n(&s->ports, __ATOMIC_ACQUIRE);

		if (used == 0)
			return NULL;
		if (inet_ip_equal(&s->ip, ip) && s->af == (uint32_t)af)
			return s;
	}
}

enum net_local
net_local_lookup(int af, const union inet_ip *dst)
{
	struct local_table *t = rcu_read(table);
	const struct local_slot *s = t ? find(t, af, dst) : NULL;

	if (!s)
		return NET_NOT_LOCAL;
	return s->lip ? NET_LOCAL_LIP : NET_LOCAL;
}

uint64_t
local_ports(int af, const union inet_ip *ip)
{
	struct local_table *t = rcu_read(table);
	const struct local_slot *s = t ? find(t, af, ip) : NULL;

	return s ? s->ports : 0;
}

/* Into a table that has room: the key is written before the word that makes it visible. */
static void
insert(struct local_table *t, int af, const union inet_ip *ip, uint64_t ports_mask, bool lip)
{
	uint32_t i = slot_hash(ip);

	while (t->slot[i & t->mask].ports)
		i++;
	t->slot[i & t->mask].ip = *ip;
	t->slot[i & t->mask].af = (uint32_t)af;
	t->slot[i & t->mask].lip = lip;
	__atomic_store_n(&t->slot[i & t->mask].ports, ports_mask, __ATOMIC_RELEASE);
	t->n++;
}

/* A copy without one slot, with room for one more. */
static struct local_table *
copy_without(const struct local_table *old, const struct local_slot *skip)
{
	uint32_t n = old ? old->n : 0;
	uint32_t size = LOCAL_SLOTS_MIN;
	struct local_table *t;

	while (size < (n + 1) * 4)
		size *= 2;
	t = calloc(1, sizeof(*t) + size * sizeof(t->slot[0]));
	if (!t)
		return NULL;
	t->mask = size - 1;
	for (uint32_t i = 0; old && i <= old->mask; i++) {
		const struct local_slot *s = &old->slot[i];

		if (s->ports && s != skip)
			insert(t, (int)s->af, &s->ip, s->ports, s->lip);
	}
	return t;
}

static void
replace(struct local_table *fresh)
{
	struct local_table *old = table;

	rcu_publish(table, fresh);
	if (old)
		rcu_retire(free, old);
}

int
local_set(int af, const union inet_ip *ip, uint64_t ports_mask, bool lip)
{
	struct local_slot *s = table ? find(table, af, ip) : NULL;
	struct local_table *fresh;

	if (s && ports_mask) {
		s->lip = lip;
		__atomic_store_n(&s->ports, ports_mask, __ATOMIC_RELEASE);
		return EDPVS_OK;
	}
	if (!s && !ports_mask)
		return EDPVS_OK;
	if (!s && table && (table->n + 1) * 2 <= table->mask + 1) {
		insert(table, af, ip, ports_mask, lip);
		return EDPVS_OK;
	}
	fresh = copy_without(table, s);
	if (!fresh)
		return EDPVS_NOMEM;
	if (!s)
		insert(fresh, af, ip, ports_mask, lip);
	replace(fresh);
	return EDPVS_OK;
}

void
local_fini(void)
{
	free(table);
	table = NULL;
}

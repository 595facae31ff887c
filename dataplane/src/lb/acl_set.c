/* SPDX-License-Identifier: Apache-2.0 */
#include "acl.h"

#include <stdlib.h>
#include <string.h>
#include <rte_common.h>

#include "base/hash.h"

enum { SLOTS_MIN = 16, PLENS = 129 };

enum slot_state { SLOT_FREE = 0, SLOT_USED, SLOT_REMOVED };

struct slot {
	union inet_ip ip;
	uint8_t plen;
	uint8_t state; /* enum slot_state; only ever grows */
	uint8_t pad[6];
};

struct lb_acl_set {
	uint64_t plens[(PLENS + 63) / 64]; /* bit n: there are entries with n bits */
	uint32_t mask;			   /* slots - 1 */
	uint8_t af;
	/* What only the control lcore reads. */
	uint32_t taken;	       /* slots that are not free */
	uint32_t count[PLENS]; /* entries by length */
	struct slot slots[];
};

static uint32_t
taken_max(uint32_t slots)
{
	return slots / 4 * 3;
}

struct lb_acl_set *
lb_acl_set_new(uint8_t af, uint32_t n)
{
	uint32_t slots = rte_align32pow2(n * 2 < SLOTS_MIN ? SLOTS_MIN : n * 2);
	struct lb_acl_set *set = calloc(1, sizeof(*set) + slots * sizeof(set->slots[0]));

	if (!set)
		return NULL;
	set->mask = slots - 1;
	set->af = af;
	return set;
}

uint32_t
lb_acl_set_room(const struct lb_acl_set *set)
{
	return taken_max(set->mask + 1) - set->taken;
}

/* Where the search for an entry begins. Keyed, so that no list can be made whose entries all collide. */
static inline uint32_t
home(const struct lb_acl_set *set, const union inet_ip *ip, uint8_t plen)
{
	uint64_t h = hash_fold(ip->q[0] ^ hash_secret[0], ip->q[1] ^ hash_secret[1] ^ (uint64_t)plen << 56);

	return hash_finish(h) & set->mask;
}

uint32_t
lb_acl_set_add(struct lb_acl_set *set, const union inet_ip *ip, uint8_t plen)
{
	uint32_t i = home(set, ip, plen);
	struct slot *s;

	while (set->slots[i].state != SLOT_FREE)
		i = (i + 1) & set->mask;
	s = &set->slots[i];
	s->ip = *ip;
	s->plen = plen;
	__atomic_store_n(&s->state, SLOT_USED, __ATOMIC_RELEASE);
	set->taken++;
	if (set->count[plen]++ == 0)
		__atomic_store_n(&set->plens[plen / 64], set->plens[plen / 64] | 1ull << plen % 64,
				 __ATOMIC_RELEASE);
	return i;
}

void
lb_acl_set_remove(struct lb_acl_set *set, uint32_t place)
{
	struct slot *s = &set->slots[place];

	__atomic_store_n(&s->state, SLOT_REMOVED, __ATOMIC_RELEASE);
	if (--set->count[s->plen] == 0)
		__atomic_store_n(&set->plens[s->plen / 64],
				 set->plens[s->plen / 64] & ~(1ull << s->plen % 64), __ATOMIC_RELEASE);
}

static bool
has_prefix(const struct lb_acl_set *set, const union inet_ip *ip, uint8_t plen)
{
	for (uint32_t i = home(set, ip, plen);; i = (i + 1) & set->mask) {
		const struct slot *s = &set->slots[i];
		uint8_t state = __atomic_load_n(&s->state, __ATOMIC_ACQUIRE);

		if (state == SLOT_FREE)
			return false;
		if (state == SLOT_USED && s->plen == plen && inet_ip_equal(&s->ip, ip))
			return true;
	}
}

bool
lb_acl_set_has(const struct lb_acl_set *set, const union inet_ip *ip)
{
	for (unsigned w = 0; w < RTE_DIM(set->plens); w++) {
		uint64_t plens = __atomic_load_n(&set->plens[w], __ATOMIC_ACQUIRE);

		for (; plens; plens &= plens - 1) {
			uint8_t plen = (uint8_t)(w * 64 + (unsigned)__builtin_ctzll(plens));
			union inet_ip masked = *ip;

			if (plen < inet_bits(set->af))
				masked = inet_ip_mask(set->af, ip, plen);
			if (has_prefix(set, &masked, plen))
				return true;
		}
	}
	return false;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What workers do with sets. */
#include "set.h"

#include <string.h>
#include <rte_branch_prediction.h>

#include "core/rcu.h"
#include "packet/pkt.h"

/* What a member of these prefix lengths has where a packet has `whole`. */
static void
key_mask(const struct ipset_plen *plen, const struct ipset_key *whole, struct ipset_key *key)
{
	*key = *whole;
	key->plen = plen->first;
	key->plen2 = plen->second;
	for (unsigned i = 0; i < 2; i++) {
		key->addr.q[i] &= plen->mask.q[i];
		key->addr2.q[i] &= plen->mask2.q[i];
	}
}

/* A packet without a member of its protocol may have one of any protocol. */
static bool
ask_any_proto(const struct ipset *set, const struct ipset_key *key)
{
	return set->type->port && key->proto != 0 && set->any_proto != 0;
}

const struct ipset_elem *
ipset_decide(const struct ipset *set, const struct ipset_key *whole)
{
	const struct ipset_plens *plens = rcu_read(set->plens);

	for (uint32_t i = 0; plens && i < plens->n; i++) {
		const struct ipset_elem *m;
		struct ipset_key key;

		key_mask(&plens->plen[i], whole, &key);
		m = ipset_table_find(&set->table, &key);
		if (!m && ask_any_proto(set, &key)) {
			key.proto = 0;
			m = ipset_table_find(&set->table, &key);
		}
		if (m)
			return m;
	}
	return NULL;
}

/* Look-ups that have not found a member yet: the keys of the packets, and whose they are. */
struct undecided {
	struct ipset_key whole[IPSET_VECTOR];
	uint8_t who[IPSET_VECTOR];
	unsigned n;
};

/* One round for all that are undecided; found[] by packet. */
static void
decide_round(const struct ipset *set, struct undecided *u, const struct ipset_plen *plen, bool any_proto,
	     const struct ipset_elem **found)
{
	const struct ipset_elem *nobody = ipset_table_nobody(&set->table);
	struct ipset_probe probe[IPSET_VECTOR];
	unsigned left = 0;

	for (unsigned i = 0; i < u->n; i++) {
		key_mask(plen, &u->whole[i], &probe[i].key);
		if (any_proto)
			probe[i].key.proto = 0;
	}
	ipset_table_find_vector(&set->table, probe, u->n);
	for (unsigned i = 0; i < u->n; i++) {
		found[u->who[i]] = probe[i].found;
		u->whole[left] = u->whole[i];
		u->who[left] = u->who[i];
		left += probe[i].found == nobody;
	}
	u->n = left;
}

/* Types with ports know protocols that have some, and ICMP, whose port is 0. */
static bool
ports_known(uint8_t proto)
{
	return proto == PKT_PROTO_TCP || proto == PKT_PROTO_UDP || proto == PKT_PROTO_SCTP ||
	       proto == PKT_PROTO_ICMP || proto == PKT_PROTO_ICMPV6;
}

static void
key_addrs(const struct ipset_type *t, const struct ipset_ends *e, bool dst, struct ipset_key *key)
{
	if (t->second == IPSET_NO_ADDR) {
		key->addr = dst ? e->daddr : e->saddr;
		return;
	}
	key->addr = t->swapped ? e->daddr : e->saddr;
	key->addr2 = t->swapped ? e->saddr : e->daddr;
}

static bool
mac_fits(const struct ipset_elem *m, const uint8_t *smac)
{
	static const uint8_t any[6];

	return memcmp(m->mac, any, sizeof(any)) == 0 || (smac && memcmp(m->mac, smac, sizeof(any)) == 0);
}

/* What the set compares of a packet. False: nothing of it can be in the set. */
static bool
key_make(const struct ipset *set, const struct ipset_ends *e, bool dst, struct ipset_key *key)
{
	const struct ipset_type *t = set->type;

	if ((t->first != IPSET_NO_ADDR && e->af != set->af) || (t->port && !ports_known(e->proto)))
		return false;
	*key = (struct ipset_key){0};
	if (t->first != IPSET_NO_ADDR)
		key_addrs(t, e, dst, key);
	if (t->port) {
		key->proto = e->proto;
		/* With two ports the first is the source's. */
		key->port = __builtin_bswap16(dst && !t->port2 ? e->dport_be : e->sport_be);
	}
	if (t->port2)
		key->port2 = __builtin_bswap16(e->dport_be);
	if (t->iface)
		key->iface = e->iface;
	return true;
}

/* m: the member that decides, or ipset_table_nobody(). */
static bool
says_yes(const struct ipset *set, const struct ipset_elem *m, const struct ipset_ends *e)
{
	return !m->nomatch & (likely(!set->type->mac) || mac_fits(m, e->smac));
}

uint32_t
ipset_match_vector(const struct ipset *set, const struct ipset_ends *e, unsigned n, bool dst)
{
	const struct ipset_plens *plens = rcu_read(set->plens);
	const struct ipset_elem *found[IPSET_VECTOR];
	bool any_proto = set->type->port && set->any_proto != 0;
	struct undecided u = {.n = 0};
	uint32_t yes = 0;

	for (unsigned i = 0; i < n; i++) {
		found[i] = ipset_table_nobody(&set->table);
		if (!key_make(set, &e[i], dst, &u.whole[u.n]))
			continue;
		u.who[u.n++] = (uint8_t)i;
	}
	for (uint32_t i = 0; plens && i < plens->n && u.n > 0; i++) {
		decide_round(set, &u, &plens->plen[i], false, found);
		if (unlikely(any_proto) && u.n > 0)
			decide_round(set, &u, &plens->plen[i], true, found);
	}
	for (unsigned i = 0; i < n; i++)
		yes |= (uint32_t)says_yes(set, found[i], &e[i]) << i;
	return yes;
}

bool
ipset_match(const struct ipset *set, const struct ipset_ends *e, bool dst)
{
	return ipset_match_vector(set, e, 1, dst);
}

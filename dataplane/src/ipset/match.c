/* SPDX-License-Identifier: Apache-2.0 */
/* What workers do with sets. */
#include "set.h"

#include <string.h>
#include <rte_branch_prediction.h>

#include "core/rcu.h"
#include "packet/pkt.h"

static const struct ipset_elem *
find(const struct ipset *set, struct ipset_key *key, uint8_t proto)
{
	const struct ipset_elem *m;

	key->proto = proto;
	m = ipset_table_find(&set->table, key);
	if (m || !set->type->port || proto == 0 || set->any_proto == 0)
		return m;
	key->proto = 0;
	return ipset_table_find(&set->table, key);
}

const struct ipset_elem *
ipset_decide(const struct ipset *set, const struct ipset_key *whole)
{
	const struct ipset_plens *plens = rcu_read(set->plens);
	unsigned bits = inet_bits(set->af);

	for (uint32_t i = 0; plens && i < plens->n; i++) {
		const struct ipset_plen *plen = &plens->plen[i];
		struct ipset_key key = *whole;
		const struct ipset_elem *m;

		key.plen = plen->first;
		key.plen2 = plen->second;
		if (set->type->first != IPSET_NO_ADDR && plen->first < bits)
			key.addr = inet_ip_mask(set->af, &whole->addr, plen->first);
		if (set->type->second != IPSET_NO_ADDR && plen->second < bits)
			key.addr2 = inet_ip_mask(set->af, &whole->addr2, plen->second);
		m = find(set, &key, whole->proto);
		if (m)
			return m;
	}
	return NULL;
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

bool
ipset_match(const struct ipset *set, const struct ipset_ends *e, bool dst)
{
	const struct ipset_type *t = set->type;
	const struct ipset_elem *m;
	struct ipset_key key = {0};

	if ((t->first != IPSET_NO_ADDR && e->af != set->af) || (t->port && !ports_known(e->proto)))
		return false;
	if (t->first != IPSET_NO_ADDR)
		key_addrs(t, e, dst, &key);
	if (t->port) {
		key.proto = e->proto;
		/* With two ports the first is the source's. */
		key.port = __builtin_bswap16(dst && !t->port2 ? e->dport_be : e->sport_be);
	}
	if (t->port2)
		key.port2 = __builtin_bswap16(e->dport_be);
	if (t->iface)
		key.iface = e->iface;
	m = ipset_decide(set, &key);
	return m && !m->nomatch && (!t->mac || mac_fits(m, e->smac));
}

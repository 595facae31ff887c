/* SPDX-License-Identifier: Apache-2.0 */
/* Which scheduler a frame waits in. */
#include <string.h>

#include "tree.h"

enum { ETHER_VLAN = 0x8100, TAG_LEN = 4 };

/* What classifiers look at. */
struct frame {
	struct flow flow;
	struct ipset_ends ends;
	uint16_t ether_type;
	bool tagged, is_ip;
	uint8_t tos;
};

static void
frame_read(const struct tc_tree *t, struct rte_mbuf *m, struct frame *f)
{
	uint8_t *eth = rte_pktmbuf_mtod(m, uint8_t *);
	uint32_t len = m->data_len, all = m->pkt_len;
	struct pkt p = {.buf = m, .port = t->port->id, .flags = PKT_F_CSUM_OK};

	*f = (struct frame){.tos = TC_TOS_NONE};
	if (len >= PKT_ETH_LEN + TAG_LEN && eth[12] == ETHER_VLAN >> 8 && eth[13] == 0) {
		f->tagged = true;
		eth += TAG_LEN;
		len -= TAG_LEN;
		all -= TAG_LEN;
	}
	if (pkt_parse(&p, eth, len, all))
		return;
	f->ether_type = p.ether_type;
	f->is_ip = p.kind == PKT_IP4 || p.kind == PKT_IP6;
	if (!f->is_ip)
		return;
	f->tos = p.kind == PKT_IP4 ? p.l3[1] : (uint8_t)(p.l3[0] << 4 | p.l3[1] >> 4);
	f->flow = flow_of(&p);
	f->ends = (struct ipset_ends){.saddr = inet_ip_make(f->flow.af, f->flow.saddr),
				      .daddr = inet_ip_make(f->flow.af, f->flow.daddr),
				      .sport_be = p.sport,
				      .dport_be = p.dport,
				      .iface = t->ingress ? (uint16_t)(t->port->id + 1) : 0,
				      .af = f->flow.af,
				      .proto = p.proto,
				      .smac = rte_pktmbuf_mtod_offset(m, uint8_t *, PKT_MAC_LEN)};
}

static bool
device_matches(const struct tc_tree *t, const struct flow_rule *r)
{
	uint16_t wanted = t->ingress ? r->iif : r->oif;

	return wanted == FLOW_RULE_ANY_DEVICE || wanted == t->port->id;
}

static bool
matches(const struct tc_tree *t, const struct tc_rule *r, const struct frame *f)
{
	struct flow_rule rule;

	if (!f->is_ip || (r->ether_type == ETHER_VLAN ? !f->tagged : r->ether_type != f->ether_type))
		return false;
	if (r->set)
		return ipset_match(r->set, &f->ends, r->dst);
	if (!device_matches(t, &r->match))
		return false;
	rule = r->match;
	rule.iif = FLOW_RULE_ANY_DEVICE;
	if (r->any_family)
		rule.af = f->flow.af;
	return flow_rule_matches(&rule, &f->flow);
}

static const struct tc_rule *
first_match(const struct tc_tree *t, const struct tc_node *node, const struct frame *f)
{
	for (unsigned i = 0; i < node->nrules; i++)
		if (matches(t, &node->rule[i], f))
			return &node->rule[i];
	return NULL;
}

int
tc_classify(const struct tc_tree *t, struct rte_mbuf *m, uint8_t *tos)
{
	struct frame f;
	int at = 0;

	frame_read(t, m, &f);
	*tos = f.tos;
	for (unsigned hops = 0; hops < TC_RECLASSIFY_MAX; hops++) {
		const struct tc_rule *r = first_match(t, &t->node[at], &f);

		if (!r)
			break;
		at = r->target;
		if (at == TC_TARGET_DROP)
			break;
	}
	return at;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/flow_rule.h"

#include <arpa/inet.h>

enum { EXT_ROUTING = 43, EXT_DEST_OPTS = 60 };

struct flow
flow_of(const struct pkt *p)
{
	bool v6 = p->kind == PKT_IP6;

	return (struct flow){.saddr = p->l3 + (v6 ? 8 : 12),
			     .daddr = p->l3 + (v6 ? 24 : 16),
			     .sport = ntohs(p->sport),
			     .dport = ntohs(p->dport),
			     .iif = p->port,
			     .af = v6 ? INET_AF_V6 : INET_AF_V4,
			     .proto = p->proto,
			     .has_ports = p->proto == PKT_PROTO_TCP || p->proto == PKT_PROTO_UDP ||
					  p->proto == PKT_PROTO_SCTP};
}

static bool
in_addrs(const struct flow_range *r, const uint8_t *addr, unsigned len)
{
	return r->any_addr || (memcmp(addr, r->min.b, len) >= 0 && memcmp(addr, r->max.b, len) <= 0);
}

static bool
in_ports(const struct flow_range *r, uint16_t port, bool has_ports)
{
	return r->any_port || (has_ports && port >= r->port_min && port <= r->port_max);
}

/* Everything but protocol and ports. */
static bool
way_matches(const struct flow_rule *r, const struct flow *f)
{
	unsigned len = inet_len(f->af);

	return r->af == f->af && (r->iif == FLOW_RULE_ANY_DEVICE || r->iif == f->iif) &&
	       in_addrs(&r->src, f->saddr, len) && in_addrs(&r->dst, f->daddr, len);
}

bool
flow_rule_matches(const struct flow_rule *r, const struct flow *f)
{
	return (r->proto == 0 || r->proto == f->proto) && way_matches(r, f) &&
	       in_ports(&r->src, f->sport, f->has_ports) && in_ports(&r->dst, f->dport, f->has_ports);
}

/* Headers of IPv6 that may be behind the fragment header, in front of the transport header. */
static bool
hides_protocol(const struct flow *f)
{
	return f->af == INET_AF_V6 && (f->proto == EXT_ROUTING || f->proto == EXT_DEST_OPTS);
}

bool
flow_rule_matches_fragment(const struct flow_rule *r, const struct flow *f)
{
	return (r->proto == 0 || r->proto == f->proto || hides_protocol(f)) && way_matches(r, f);
}

void
flow_range_prefix(struct flow_range *r, uint8_t af, const union inet_ip *ip, unsigned plen)
{
	r->any_addr = plen == 0;
	r->min = inet_ip_mask(af, ip, plen);
	r->max = r->min;
	for (unsigned bit = plen; bit < inet_bits(af); bit++)
		r->max.b[bit / 8] |= (uint8_t)(0x80u >> bit % 8);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules that say which packets something is for: ranges of addresses and ports, a protocol, the devices on
 * both sides. Match services and firewall marks are chosen by them.
 */
#ifndef PACKET_FLOW_RULE_H
#define PACKET_FLOW_RULE_H

#include <stdbool.h>

#include "packet/pkt.h"

enum {
	FLOW_RULE_ANY_DEVICE = 0xffff,
	FLOW_RULE_NO_DEVICE = 0xfffe, /* one that does not exist: nothing matches */
};

/* An end of a packet; both bounds belong to the range. */
struct flow_range {
	union inet_ip min, max;	     /* of the rule's family */
	uint16_t port_min, port_max; /* host order */
	bool any_addr, any_port;     /* the bounds do not count */
};

struct flow_rule {
	struct flow_range src, dst;
	uint16_t iif, oif; /* port ids of devices, or FLOW_RULE_ANY_DEVICE */
	uint8_t af;
	uint8_t proto; /* IP protocol; 0: any */
};

/* What a rule looks at. */
struct flow {
	const uint8_t *saddr, *daddr; /* in the packet */
	uint16_t sport, dport;	      /* host order; only with ports */
	uint16_t iif;
	uint8_t af, proto;
	bool has_ports; /* TCP, UDP and SCTP; a rule with ports is for these only */
};

/* The flow of an IP packet; p->l3 needs no more than its addresses. */
struct flow flow_of(const struct pkt *p);

/* True when the packet is one that the rule is for, whatever its way out (oif). */
bool flow_rule_matches(const struct flow_rule *r, const struct flow *f);

/*
 * True when the rule may be for the datagram that a fragment belongs to. Only the first fragment has ports,
 * so those are any; so is the protocol when an IPv6 fragment announces other headers in front of it.
 */
bool flow_rule_matches_fragment(const struct flow_rule *r, const struct flow *f);

/* The range of a prefix of the family; of 0 bits: any address. */
void flow_range_prefix(struct flow_range *r, uint8_t af, const union inet_ip *ip, unsigned plen);

#endif

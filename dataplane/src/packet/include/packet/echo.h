/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ICMP and ICMPv6 echo (RFC 792, RFC 4443 4) as flows: who asks has the identifier for a port, who answers
 * has a constant one (ECHO4_PORT, ECHO6_PORT), so that requests and replies are the two directions of one
 * flow.
 */
#ifndef PACKET_ECHO_H
#define PACKET_ECHO_H

#include <stdbool.h>

#include "packet/pkt.h"

enum {
	ECHO4_REPLY = 0,
	ECHO4_REQUEST = 8,
	ECHO6_REQUEST = 128,
	ECHO6_REPLY = 129,
	/* Type and code of the request, host order. */
	ECHO4_PORT = ECHO4_REQUEST << 8,
	ECHO6_PORT = ECHO6_REQUEST << 8,
};

/* Ports (network order) of an echo message: its type, and its identifier as it lies in the packet. False:
 * another type. */
bool echo_ports(int af, uint8_t type, uint16_t id, uint16_t *sport, uint16_t *dport);

/*
 * Makes the descriptor of a packet that pkt_parse() accepted the one of a flow: ports and PKT_F_L4. False,
 * and nothing is changed: no echo, or cut within its header.
 */
bool echo_parse(struct pkt *p);
/* True for the packet of echo_parse() when it asks. */
bool echo_is_request(const struct pkt *p);

/*
 * Puts new addresses and a new identifier (network order) into an echo message; its checksum follows
 * (RFC 1624), right or wrong.
 */
void echo_rewrite(struct pkt *p, const union inet_ip *saddr, const union inet_ip *daddr, uint16_t id);

#endif

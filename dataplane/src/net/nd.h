/* SPDX-License-Identifier: Apache-2.0 */
/* IPv6 neighbour discovery (RFC 4861) and duplicate address detection (RFC 4862, RFC 4429). */
#ifndef NET_ND_H
#define NET_ND_H

#include "net/net.h"

/* Worker: true for the ICMPv6 types 133 to 137. */
static inline bool
nd_is_type(uint8_t type)
{
	return type >= 133 && type <= 137;
}

/* Worker: an ICMPv6 message of such a type. Passes on what concerns us, drops the rest. Ownership passes. */
void nd_input(struct worker *w, struct rte_mbuf *m, const struct pkt *p);

/* Control lcore: a packet that nd_input() passed on. */
void nd_control(struct rte_mbuf *m);

/* Control lcore: neighbour solicitation for a target, to its solicited-node group. */
void nd_solicit(const struct port *p, const union inet_ip *target);
/* Control lcore: solicitation from the unspecified address, for an address that we want to use. */
void nd_dad(const struct port *p, const union inet_ip *ip);
/* Control lcore: unsolicited advertisement to all nodes. */
void nd_announce(const struct port *p, const union inet_ip *ip, bool override);

#endif

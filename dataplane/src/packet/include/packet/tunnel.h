/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of tunnels over IPv4: IP in IP (RFC 2003; RFC 4213 for IPv6 inside) and GRE (RFC 2784) with key
 * and sequence number (RFC 2890), and what the congestion bits of both headers say to each other (RFC 6040).
 */
#ifndef PACKET_TUNNEL_H
#define PACKET_TUNNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "packet/pkt.h"

enum {
	PROTO_IPIP = 4,
	PROTO_IPV6 = 41, /* IPv6 in IP */
	PROTO_GRE = 47,
	GRE_MIN = 4,
	GRE_MAX = 16, /* with checksum, key and sequence number */
};

/* Parts that a GRE header has beside its first four bytes: the bits of its first two, in host order. */
enum { GRE_F_CSUM = 0x8000, GRE_F_KEY = 0x2000, GRE_F_SEQ = 0x1000 };

/* A GRE header. */
struct gre {
	uint16_t flags; /* GRE_F_* */
	uint16_t type;	/* EtherType of what is inside, host order */
	uint32_t key;	/* host order; 0 without GRE_F_KEY */
	uint32_t seq;	/* host order; 0 without GRE_F_SEQ */
};

/* Length of a header with these parts, bytes: 4, 8, 12 or 16. */
static inline unsigned
gre_len(uint16_t flags)
{
	return GRE_MIN + (flags & GRE_F_CSUM ? 4u : 0) + (flags & GRE_F_KEY ? 4u : 0) +
	       (flags & GRE_F_SEQ ? 4u : 0);
}

/* Reads the header at `in`, of which `avail` bytes are readable. False: cut off, another version, or bits
 * that a receiver must not accept (RFC 2784 2.3). The checksum is not verified: it covers all that follows.
 */
bool gre_read(const uint8_t *in, uint32_t avail, struct gre *out);

/* Writes gre_len(h->flags) bytes, with a checksum of 0: it has its place at byte 4. */
void gre_write(uint8_t *out, const struct gre *h);

/* What of the inner packet goes into the outer header. */
struct tunnel_inner {
	uint16_t len; /* bytes of the whole packet */
	uint8_t tos;  /* or traffic class */
	uint8_t ttl;  /* or hop limit */
	bool df;      /* IPv6 is never fragmented on its way */
	bool v6;
};

/* Reads the IP header at l3, of which `avail` bytes are readable; `type` is its EtherType. False: it is no
 * IPv4 or IPv6 header, or not all there. */
bool tunnel_inner_read(const uint8_t *l3, uint32_t avail, uint16_t type, struct tunnel_inner *out);

/* TOS of the outer header: the inner one's class, or the given one, with the inner one's ECN bits. */
static inline uint8_t
tunnel_outer_tos(uint8_t inner, uint8_t given, bool inherit)
{
	return inherit ? inner : (uint8_t)((given & 0xfc) | (inner & 3));
}

/*
 * Carries a mark of congestion from the outer header to the packet at l3 (IPv4 with its header checksum, or
 * IPv6, 20 or 40 bytes readable). False: the inner packet cannot carry it and must be dropped (RFC 6040 4.2).
 */
bool tunnel_ecn_decap(uint8_t *l3, bool v6, uint8_t outer_tos);

#endif

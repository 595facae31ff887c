/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ICMP and ICMPv6 errors on their way through a director: the packet that an error quotes is one that was
 * translated, so it is taken apart and written anew as the packet that its sender knows, in the sender's
 * family (RFC 792, RFC 4443; between families RFC 7915 4.2 and 5.2).
 */
#ifndef PACKET_ICMP_ERROR_H
#define PACKET_ICMP_ERROR_H

#include <stdbool.h>

#include "packet/pkt.h"

enum {
	ICMP4_UNREACHABLE = 3,
	ICMP4_FRAG_NEEDED = 4, /* code of UNREACHABLE */
	ICMP4_SOURCE_QUENCH = 4,
	ICMP4_TIME_EXCEEDED = 11,
	ICMP4_PARAMETER = 12,
	ICMP6_UNREACHABLE = 1,
	ICMP6_TOO_BIG = 2,
	ICMP6_TIME_EXCEEDED = 3,
	ICMP6_PARAMETER = 4,
	ICMP_ERROR_MAX = 1280, /* longest error that is written, bytes of IP packet */
};

/* An error and the packet that it quotes. */
struct icmp_error {
	int af; /* of both, enum inet_family */
	uint8_t type, code;
	uint32_t info; /* bytes 4 to 7 of the message, host order: an MTU or a pointer */
	/* of the quoted packet */
	union inet_ip saddr, daddr;
	uint16_t sport, dport; /* network order; of an echo: as echo.h has them */
	uint8_t proto;
	uint8_t ttl, tos;
	uint16_t ip_len; /* length of the whole packet that is quoted in part, bytes */
	const uint8_t *l4;
	unsigned l4_len; /* bytes of it that are quoted from its transport header on, at least 8 */
	/* as they arrived, for checksums that are quoted: set by icmp_error_parse() and left alone */
	const uint8_t *old_addrs;
	uint8_t old_af, old_l3_len;
};

enum icmp_error_verdict {
	ICMP_ERROR_NONE,      /* no error message, or one about nothing that could be a connection's */
	ICMP_ERROR_MALFORMED, /* cut, or with a wrong checksum */
	ICMP_ERROR_FOUND
};

/* Reads the error in a packet that pkt_parse() accepted. The message must lie in one piece. */
enum icmp_error_verdict icmp_error_parse(const struct pkt *p, struct icmp_error *out);

/*
 * The same for an error about a tunnel of ours: the quoted packet is the one inside, in its own family, as it
 * came to us; an MTU is what the tunnel leaves of it.
 */
bool icmp_error_parse_tunnel(const struct pkt *p, struct icmp_error *out);

/* The MTU that a packet-too-big or fragmentation-needed error tells, in bytes of IP packet; 0: another error,
 * or a router that does not say (RFC 1191 5). */
uint32_t icmp_error_mtu(const struct icmp_error *e);

/* Makes type, code and info of an error those of the other family. False: that family has nothing like it. */
bool icmp_error_translate(struct icmp_error *e);

/*
 * Writes the IP packet with the error, from src to dst, at out (ICMP_ERROR_MAX bytes) and returns its length.
 * The quoted packet gets the addresses, ports and proto of e; seq_delta is added to a quoted TCP sequence
 * number; checksums that are quoted follow. Quotes as much as fits.
 */
unsigned icmp_error_write(uint8_t *out, const struct icmp_error *e, const union inet_ip *src,
			  const union inet_ip *dst, uint32_t seq_delta);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's address for the real server, in a TCP option (TOA): kind 254, length 8 (port, IPv4 address) or
 * 20 (port, IPv6 address), directly behind the fixed TCP header.
 */
#ifndef PACKET_TOA_H
#define PACKET_TOA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/inet.h"

enum { TOA_LEN_V4 = 8, TOA_LEN_V6 = 20 };

/* A TCP segment that is to grow towards the front of its buffer. */
struct toa_segment {
	uint8_t *l3;	   /* IP header; moves */
	uint8_t *l4;	   /* TCP header; moves */
	uint16_t ip_len;   /* length of the IP packet, bytes; changes */
	uint16_t headroom; /* writable bytes in front of l3 */
	uint16_t mtu;	   /* the packet must not become longer */
};

/*
 * Inserts the option. The format follows the client's family, whatever the segment's. When the header would
 * exceed 60 bytes, options that can be spared make room: NOPs and other kind-254 options first, then, from
 * the first one on, all but timestamps (in a SYN: but MSS, window scale, SACK-permitted, timestamps, MPTCP
 * and fast open). Lengths and checksums are updated incrementally. False: no room; the segment is as it was.
 */
bool toa_insert(struct toa_segment *seg, int client_af, const union inet_ip *client, uint16_t client_port_be);

#endif

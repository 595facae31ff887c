/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts a PROXY header in front of a packet's payload, takes an old one away, or gives a header a packet of
 * its own. TCP and UDP, IPv4 and IPv6.
 */
#ifndef PACKET_PROXY_EDIT_H
#define PACKET_PROXY_EDIT_H

#include <stdbool.h>
#include <stdint.h>

/* A packet whose headers move when its payload grows or shrinks at its start. */
struct proxy_packet {
	uint8_t *l3;	   /* IP header; moves */
	uint8_t *l4;	   /* TCP or UDP header; moves */
	uint32_t contig;   /* bytes in one piece from l3 on; changes */
	uint16_t ip_len;   /* length of the IP packet, bytes; changes */
	uint16_t headroom; /* writable bytes in front of l3; changes */
	uint8_t proto;	   /* of l4 */
};

/* Bytes of the transport header. */
unsigned proxy_l4_len(const struct proxy_packet *p);

/* Bytes of the payload: all of them, and those in one piece with the headers. */
unsigned proxy_payload(const struct proxy_packet *p);
unsigned proxy_payload_contig(const struct proxy_packet *p);

/*
 * Takes `remove` bytes away from the start of the payload and puts len bytes there instead. Lengths, TCP's
 * urgent pointer and checksums follow; the rest of the payload is neither moved nor read, and a checksum that
 * was wrong stays wrong. False: no headroom, or the bytes to remove are not in one piece; the packet is as it
 * was.
 */
bool proxy_replace(struct proxy_packet *p, unsigned remove, const uint8_t *header, unsigned len);

/*
 * Writes a packet with the same headers and nothing but len bytes of payload at out (room bytes): the same
 * sequence number and window, of the flags ACK and PSH. Returns its length, 0 when it does not fit.
 */
unsigned proxy_alone(const struct proxy_packet *p, const uint8_t *header, unsigned len, uint8_t *out,
		     unsigned room);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's address for the real server of a UDP service (UOA). Two forms: `opp`, a header of protocol 248
 * between IP and UDP, and `ipo`, an IPv4 option. Both go into the first packets of a connection.
 *
 * The opp header: version 1 (IPv4 client) or 2 (IPv6 client) in the high nibble of byte 0; next protocol 17;
 * length in 16 bits (12 or 24); option 0x1f with its length 8 or 20; client port; client address.
 */
#ifndef PACKET_UOA_H
#define PACKET_UOA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/inet.h"

enum {
	UOA_PROTO = 248,
	UOA_LEN_V4 = 12,
	UOA_LEN_V6 = 24,
	UOA_IPO_LEN = 8,
	UOA_STANDALONE_MAX = 40 + UOA_LEN_V6 + 8
};

/* A UDP packet, translated already, that is to grow towards the front of its buffer. */
struct uoa_packet {
	uint8_t *l3;	   /* moves */
	uint8_t *l4;	   /* stays */
	uint16_t ip_len;   /* bytes; changes */
	uint16_t headroom; /* writable bytes in front of l3 */
	uint16_t mtu;
};

/* Inserts the header. False when the packet would exceed the MTU, has IPv6 extension headers or no headroom:
 * send uoa_standalone(). */
bool uoa_insert_opp(struct uoa_packet *pkt, int client_af, const union inet_ip *client,
		    uint16_t client_port_be);

/* Inserts the IPv4 option; IPv4 client and packet only. False as above or when the IP header is full. */
bool uoa_insert_ipo(struct uoa_packet *pkt, const union inet_ip *client, uint16_t client_port_be);

/*
 * Builds a packet of its own, IP + UOA + UDP without payload, to the same destination, at out
 * (UOA_STANDALONE_MAX bytes). Returns its length.
 */
unsigned uoa_standalone(const struct uoa_packet *pkt, int client_af, const union inet_ip *client,
			uint16_t client_port_be, uint8_t *out);

#endif

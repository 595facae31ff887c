/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QUIC as a director sees it: the connection id that a packet is for (RFC 9000 17.2, 17.3), and the real
 * server that a server may have written into the ids it gives out, so that a client that changes its address
 * stays with its server.
 *
 * The server's part begins in the second byte of the id: 3 bits number of address bytes minus one, 1 bit
 * "port follows", then that many low bytes of the server's address and, if so, its port, each half a byte
 * late. At least 4 bytes of the id are the server's own.
 */
#ifndef PACKET_QUIC_H
#define PACKET_QUIC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/inet.h"

enum { QUIC_CID_MAX = 20, QUIC_CID_MIN = 7 };

/* A server as an id names it. */
struct quic_server {
	uint8_t addr[8];  /* the last addr_len bytes of its address */
	uint8_t addr_len; /* 1 to 8 */
	bool has_port;
	uint16_t port_be;
};

/* Reads the server from the id in a UDP payload of len bytes. False: no QUIC packet of version 1, or no room
 * for a server in its id. */
bool quic_server_parse(const uint8_t *payload, unsigned len, struct quic_server *out);

/* True when the id means this server. */
bool quic_server_is(const struct quic_server *s, int af, const union inet_ip *ip, uint16_t port_be);

/* The 8-byte connection id of Google's QUIC before the standard. False: none (flag bit 3 of the first byte).
 */
bool quic_google_cid(const uint8_t *payload, unsigned len, uint64_t *cid);

#endif

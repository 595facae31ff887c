/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An IPv4 header made from nothing. Put together and summed in registers: reading bytes back that were just
 * written one by one makes the processor wait.
 */
#ifndef PACKET_IP4_H
#define PACKET_IP4_H

#include <arpa/inet.h>
#include <stdbool.h>

#include "base/checksum.h"

/* len: of the whole packet in bytes; id: of its fragments, any byte order, 0 when df (RFC 6864); addresses in
 * network order. */
struct ip4_header {
	uint8_t tos, ttl, proto;
	bool df;
	uint16_t len, id;
	uint32_t saddr, daddr;
};

/* Writes the 20 bytes, checksum included (RFC 791). */
static inline void
ip4_header_write(uint8_t *out, const struct ip4_header *h)
{
	uint32_t words[5] = {htonl(0x45000000 | (uint32_t)h->tos << 16 | h->len),
			     htonl((uint32_t)h->id << 16 | (h->df ? 0x4000 : 0)),
			     htonl((uint32_t)h->ttl << 24 | (uint32_t)h->proto << 16), h->saddr, h->daddr};
	uint64_t sum = (uint64_t)words[0] + words[1] + words[2] + words[3] + words[4];

	words[2] |= htonl(ntohs((uint16_t)~csum_fold(sum)));
	memcpy(out, words, sizeof(words));
}

#endif

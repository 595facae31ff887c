/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PROXY protocol (haproxy.org, "The PROXY protocol", versions 1 and 2): a header in front of the first
 * bytes of a connection that tells the server who the client is.
 */
#ifndef PACKET_PROXY_H
#define PACKET_PROXY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/inet.h"

enum {
	PROXY_V1 = 1, /* a line of text; TCP only */
	PROXY_V2 = 2, /* binary */
	PROXY_V2_LEN_V4 = 28,
	PROXY_V2_LEN_V6 = 52,
	PROXY_V1_MAX = 107, /* longest line, with CR LF */
	PROXY_MAX = PROXY_V1_MAX,
};

/* Both ends of a connection as the client knows it. */
struct proxy_addrs {
	int af;
	union inet_ip src, dst;	     /* client and virtual address */
	uint16_t sport_be, dport_be; /* network order */
};

/* Writes the header of a version at out (PROXY_MAX bytes) and returns its length; udp: version 2 says
 * datagrams. */
unsigned proxy_write(uint8_t *out, unsigned version, bool udp, const struct proxy_addrs *a);

/* What stands in front of data already. */
struct proxy_header {
	uint8_t version;
	bool has_addrs; /* false: LOCAL (2) or UNKNOWN (1), the sender does not tell */
	uint16_t len;	/* bytes, TLVs included */
};

/* Recognises a complete and well-formed header at the start of len bytes. False: there is none. */
bool proxy_parse(const uint8_t *data, unsigned len, struct proxy_header *out);

#endif

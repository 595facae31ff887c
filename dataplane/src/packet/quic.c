/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/quic.h"

#include <string.h>

enum {
	FORM_LONG = 0x80,
	FIXED_BIT = 0x40,
	LONG_HEAD = 6, /* first byte, version, length of the id */
	VERSION_MAX = 1,
	PORT_FOLLOWS = 0x10,
	GOOGLE_HAS_CID = 0x08,
	GOOGLE_CID_LEN = 8,
};

/* The id's bytes; *room: as many as there can be. NULL: not QUIC. */
static const uint8_t *
find_cid(const uint8_t *payload, unsigned len, unsigned *room)
{
	if (len < 1 + QUIC_CID_MIN || !(payload[0] & FIXED_BIT))
		return NULL;
	if (!(payload[0] & FORM_LONG)) {
		*room = len - 1 < QUIC_CID_MAX ? len - 1 : QUIC_CID_MAX;
		return payload + 1;
	}
	if (payload[1] || payload[2] || payload[3] || payload[4] > VERSION_MAX)
		return NULL;
	*room = payload[5];
	if (*room > QUIC_CID_MAX || *room < QUIC_CID_MIN || len < LONG_HEAD + *room)
		return NULL;
	return payload + LONG_HEAD;
}

/* Byte i of what follows the four bits at the start of cid[1]. */
static uint8_t
late_byte(const uint8_t *cid, unsigned i)
{
	return (uint8_t)(cid[1 + i] << 4 | cid[2 + i] >> 4);
}

bool
quic_server_parse(const uint8_t *payload, unsigned len, struct quic_server *out)
{
	unsigned room, used;
	const uint8_t *cid = find_cid(payload, len, &room);

	if (!cid)
		return false;
	*out =
	    (struct quic_server){.addr_len = (uint8_t)((cid[1] >> 5) + 1), .has_port = cid[1] & PORT_FOLLOWS};
	used = out->addr_len + (out->has_port ? 2u : 0u);
	/* Behind the first byte: the bits, shared with what comes first and last. */
	if (2 + used > room)
		return false;
	for (unsigned i = 0; i < out->addr_len; i++)
		out->addr[i] = late_byte(cid, i);
	if (out->has_port) {
		uint8_t port[2] = {late_byte(cid, out->addr_len), late_byte(cid, out->addr_len + 1u)};

		memcpy(&out->port_be, port, 2);
	}
	return true;
}

bool
quic_server_is(const struct quic_server *s, int af, const union inet_ip *ip, uint16_t port_be)
{
	unsigned len = inet_len(af);

	if (s->addr_len > len || (s->has_port && s->port_be != port_be))
		return false;
	return memcmp(ip->b + len - s->addr_len, s->addr, s->addr_len) == 0;
}

bool
quic_google_cid(const uint8_t *payload, unsigned len, uint64_t *cid)
{
	if (len < 1 + GOOGLE_CID_LEN || !(payload[0] & GOOGLE_HAS_CID))
		return false;
	memcpy(cid, payload + 1, GOOGLE_CID_LEN);
	return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/tunnel.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/checksum.h"

enum {
	/* Routing, strict source route, recursion: of RFC 1701 only. The version must be 0. */
	GRE_REFUSED = 0x4c00 | 0x0007,
	GRE_KNOWN = GRE_F_CSUM | GRE_F_KEY | GRE_F_SEQ,
	ECN_NOT = 0,
	ECN_ECT1 = 1,
	ECN_ECT0 = 2,
	ECN_CE = 3,
	IP4_DF = 0x40, /* in byte 6 */
	TYPE_IP4 = 0x0800,
	TYPE_IP6 = 0x86dd,
};

static uint16_t
get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t
get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return ntohl(v);
}

static uint8_t *
put32(uint8_t *p, uint32_t v)
{
	uint32_t be = htonl(v);

	memcpy(p, &be, sizeof(be));
	return p + sizeof(be);
}

bool
gre_read(const uint8_t *in, uint32_t avail, struct gre *out)
{
	const uint8_t *p = in + GRE_MIN;
	uint16_t flags;

	if (avail < GRE_MIN)
		return false;
	flags = get16(in);
	if (flags & GRE_REFUSED || avail < gre_len(flags))
		return false;
	*out = (struct gre){.flags = flags & GRE_KNOWN, .type = get16(in + 2)};
	if (flags & GRE_F_CSUM)
		p += 4;
	if (flags & GRE_F_KEY) {
		out->key = get32(p);
		p += 4;
	}
	if (flags & GRE_F_SEQ)
		out->seq = get32(p);
	return true;
}

void
gre_write(uint8_t *out, const struct gre *h)
{
	uint8_t *p = put32(out, (uint32_t)h->flags << 16 | h->type);

	if (h->flags & GRE_F_CSUM)
		p = put32(p, 0);
	if (h->flags & GRE_F_KEY)
		p = put32(p, h->key);
	if (h->flags & GRE_F_SEQ)
		put32(p, h->seq);
}

bool
tunnel_inner_read(const uint8_t *l3, uint32_t avail, uint16_t type, struct tunnel_inner *out)
{
	if (type == TYPE_IP4) {
		if (avail < PKT_IP4_MIN || l3[0] >> 4 != 4)
			return false;
		*out = (struct tunnel_inner){
		    .len = get16(l3 + 2), .tos = l3[1], .ttl = l3[8], .df = l3[6] & IP4_DF};
		return true;
	}
	if (type != TYPE_IP6 || avail < PKT_IP6_LEN || l3[0] >> 4 != 6 ||
	    get16(l3 + 4) > UINT16_MAX - PKT_IP6_LEN)
		return false;
	*out = (struct tunnel_inner){.len = (uint16_t)(get16(l3 + 4) + PKT_IP6_LEN),
				     .tos = (uint8_t)(get16(l3) >> 4),
				     .ttl = l3[7],
				     .df = true,
				     .v6 = true};
	return true;
}

bool
tunnel_ecn_decap(uint8_t *l3, bool v6, uint8_t outer_tos)
{
	uint8_t inner = v6 ? l3[1] >> 4 & 3 : l3[1] & 3;
	uint8_t outer = outer_tos & 3;
	uint16_t old, new, sum;

	if (inner == ECN_NOT)
		return outer != ECN_CE;
	/* CE always, and the weaker ECT(1) of a packet that left as ECT(0). */
	if (inner == ECN_CE || !(outer == ECN_CE || (outer == ECN_ECT1 && inner == ECN_ECT0)))
		return true;
	if (v6) {
		l3[1] = (uint8_t)((l3[1] & ~(3 << 4)) | outer << 4);
		return true;
	}
	memcpy(&old, l3, 2);
	l3[1] = (uint8_t)((l3[1] & ~3) | outer);
	memcpy(&new, l3, 2);
	memcpy(&sum, l3 + 10, 2);
	sum = csum_apply(sum, csum_change16(0, old, new));
	memcpy(l3 + 10, &sum, 2);
	return true;
}

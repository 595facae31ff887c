/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/pkt.h"

#include <arpa/inet.h>

#include "base/checksum.h"

enum {
	ETHER_IP4 = 0x0800,
	ETHER_ARP = 0x0806,
	ETHER_IP6 = 0x86dd,
	ARP_LEN = 28,
	IP4_MORE_FRAGMENTS = 0x2000,
	IP4_OFFSET_MASK = 0x1fff,
	EXT_HOP_BY_HOP = 0,
	EXT_ROUTING = 43,
	EXT_FRAGMENT = 44,
	EXT_DEST_OPTS = 60,
	EXT_MAX = 8, /* extension headers accepted; more than any honest sender uses */
	IP6_OFFSET_MASK = 0xfff8,
};

static inline uint16_t
load16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Ports and lengths of TCP, UDP and SCTP. p->l3_len, ip_len and proto are set. */
static inline void
parse_l4(struct pkt *p)
{
	uint32_t l4_len = (uint32_t)p->ip_len - p->l3_len;
	uint32_t contig = p->avail - p->l3_len;

	if (p->proto == PKT_PROTO_TCP) {
		uint32_t header;

		if (l4_len < PKT_TCP_MIN || contig < PKT_TCP_MIN) {
			p->flags |= PKT_F_L4_BAD;
			return;
		}
		header = (uint32_t)(p->l4[12] >> 4) * 4;
		if (header < PKT_TCP_MIN || header > l4_len || header > contig) {
			p->flags |= PKT_F_L4_BAD;
			return;
		}
		p->tcp_flags = p->l4[13];
	} else if (p->proto == PKT_PROTO_UDP) {
		uint32_t length;

		if (l4_len < PKT_UDP_LEN || contig < PKT_UDP_LEN) {
			p->flags |= PKT_F_L4_BAD;
			return;
		}
		length = ntohs(load16(p->l4 + 4));
		if (length < PKT_UDP_LEN || length > l4_len) {
			p->flags |= PKT_F_L4_BAD;
			return;
		}
	} else if (p->proto == PKT_PROTO_SCTP) {
		if (l4_len < PKT_SCTP_LEN || contig < PKT_SCTP_LEN) {
			p->flags |= PKT_F_L4_BAD;
			return;
		}
	} else {
		return;
	}
	p->sport = load16(p->l4);
	p->dport = load16(p->l4 + 2);
	p->flags |= PKT_F_L4;
}

static enum drop_reason
check_addrs4(const uint8_t *l3)
{
	/* Source: multicast, reserved and limited broadcast (all >= 224) and loopback; destination:
	 * loopback. RFC 1122 3.2.1.3, RFC 6890 2.2.2. */
	return l3[12] >= 224 || l3[12] == 127 || l3[16] == 127 ? DROP_IP4_ADDRESS : DROP_NONE;
}

static inline bool
ip4_checksum_right(const uint8_t *l3, uint32_t header)
{
	uint64_t sum = header == PKT_IP4_MIN ? csum_20(l3) : csum_add(0, l3, header);

	return csum_fold(sum) == 0xffff;
}

static enum drop_reason
parse_ip4(struct pkt *p, uint32_t frame_left)
{
	const uint8_t *l3 = p->l3;
	uint16_t fragment;
	uint32_t header;

	if (p->avail < PKT_IP4_MIN)
		return DROP_IP4_TRUNCATED;
	header = (uint32_t)(l3[0] & 15) * 4;
	p->ip_len = ntohs(load16(l3 + 2));
	if ((l3[0] >> 4) != 4 || header < PKT_IP4_MIN || header > p->ip_len)
		return DROP_IP4_HEADER;
	if (p->ip_len > frame_left || header > p->avail)
		return DROP_IP4_TRUNCATED;
	if (!(p->flags & PKT_F_CSUM_OK) && !ip4_checksum_right(l3, header))
		return DROP_IP4_CHECKSUM;
	p->l3_len = (uint16_t)header;
	p->l4 = p->l3 + header;
	p->proto = l3[9];
	if (header > PKT_IP4_MIN)
		p->flags |= PKT_F_OPTIONS;
	if (p->avail > p->ip_len)
		p->avail = p->ip_len;
	fragment = ntohs(load16(l3 + 6));
	if (fragment & (IP4_MORE_FRAGMENTS | IP4_OFFSET_MASK)) {
		p->flags |= PKT_F_FRAGMENT;
		/* Only the first fragment has ports, and nobody here relies on them. */
	} else {
		parse_l4(p);
	}
	return check_addrs4(l3);
}

static enum drop_reason
check_addrs6(const uint8_t *l3)
{
	static const uint8_t loopback[16] = {[15] = 1};
	const uint8_t *src = l3 + 8, *dst = l3 + 24;

	/* RFC 4291 2.7: no multicast source; 2.5.3: loopback never on a wire; scopes 0 and 1 stay inside a
	 * node. */
	if (src[0] == 0xff || (dst[0] == 0xff && (dst[1] & 15) <= 1))
		return DROP_IP6_ADDRESS;
	if ((src[0] == 0 && memcmp(src, loopback, 16) == 0) ||
	    (dst[0] == 0 && memcmp(dst, loopback, 16) == 0))
		return DROP_IP6_ADDRESS;
	return DROP_NONE;
}

static enum drop_reason
walk_end(struct pkt *p, uint8_t proto, uint32_t at)
{
	p->proto = proto;
	p->l3_len = (uint16_t)at;
	p->l4 = p->l3 + at;
	return DROP_NONE;
}

/* Walks extension headers to the transport header, in a later fragment to the fragment's data (RFC 8200 4).
 */
static enum drop_reason
walk_extensions(struct pkt *p)
{
	uint32_t at = PKT_IP6_LEN;
	uint8_t next = p->l3[6];

	for (unsigned i = 0; i <= EXT_MAX; i++) {
		uint32_t length;
		bool later_fragment = false;

		if (next != EXT_HOP_BY_HOP && next != EXT_ROUTING && next != EXT_FRAGMENT &&
		    next != EXT_DEST_OPTS)
			return walk_end(p, next, at);
		p->flags |= PKT_F_OPTIONS;
		/* Hop-by-hop options stand first or nowhere (RFC 8200 4.1). */
		if (at + 8 > p->avail || (next == EXT_HOP_BY_HOP && i > 0))
			return DROP_IP6_HEADER;
		length = ((uint32_t)p->l3[at + 1] + 1) * 8;
		if (next == EXT_FRAGMENT) {
			p->flags |= PKT_F_FRAGMENT;
			length = 8;
			later_fragment = ntohs(load16(p->l3 + at + 2)) & IP6_OFFSET_MASK;
		}
		if (at + length > p->avail)
			return DROP_IP6_HEADER;
		next = p->l3[at];
		at += length;
		/* What a later fragment's header announces was in the first one (RFC 8200 4.5). */
		if (later_fragment)
			return walk_end(p, next, at);
	}
	return DROP_IP6_HEADER;
}

static enum drop_reason
parse_ip6(struct pkt *p, uint32_t frame_left)
{
	const uint8_t *l3 = p->l3;
	uint32_t length;
	enum drop_reason why;

	if (p->avail < PKT_IP6_LEN)
		return DROP_IP6_TRUNCATED;
	if ((l3[0] >> 4) != 6)
		return DROP_IP6_HEADER;
	length = (uint32_t)ntohs(load16(l3 + 4)) + PKT_IP6_LEN;
	if (length > frame_left || length > UINT16_MAX)
		return DROP_IP6_TRUNCATED;
	p->ip_len = (uint16_t)length;
	if (p->avail > length)
		p->avail = length;
	why = walk_extensions(p);
	if (why)
		return why;
	if (!(p->flags & PKT_F_FRAGMENT))
		parse_l4(p);
	return check_addrs6(l3);
}

enum drop_reason
pkt_parse(struct pkt *p, uint8_t *eth, uint32_t contig, uint32_t frame_len)
{
	if (contig < PKT_ETH_LEN || frame_len < contig)
		return DROP_ETH_TRUNCATED;
	p->l3 = eth + PKT_ETH_LEN;
	p->l4 = p->l3;
	p->hash = 0;
	p->conn = 0;
	p->avail = contig - PKT_ETH_LEN;
	p->ip_len = 0;
	p->l3_len = 0;
	p->sport = 0;
	p->dport = 0;
	p->proto = 0;
	p->tcp_flags = 0;
	p->listed = DROP_NONE;
	p->kind = PKT_OTHER;
	p->ether_type = ntohs(load16(eth + 12));
	switch (p->ether_type) {
	case ETHER_IP4:
		p->kind = PKT_IP4;
		return parse_ip4(p, frame_len - PKT_ETH_LEN);
	case ETHER_IP6:
		p->kind = PKT_IP6;
		return parse_ip6(p, frame_len - PKT_ETH_LEN);
	case ETHER_ARP:
		p->kind = PKT_ARP;
		return p->avail < ARP_LEN ? DROP_ARP_MALFORMED : DROP_NONE;
	default:
		return DROP_NONE;
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/fragment.h"

#include <arpa/inet.h>
#include <stddef.h>

#include "base/checksum.h"

enum {
	IP4_MF = 0x2000,
	IP4_OFFSET = 0x1fff,
	IP4_OPT_END = 0,
	IP4_OPT_NOP = 1,
	IP4_OPT_COPIED = 0x80,
	IP6_OFFSET = 0xfff8,
	IP6_MF = 1,
	EXT_HOP_BY_HOP = 0,
	EXT_ROUTING = 43,
	EXT_FRAGMENT = 44,
	EXT_DEST_OPTS = 60,
	ECN_MASK = 3,
	ECN_CE = 3,
	ICMP_HEADER = 8,
};

static inline uint16_t
load16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return ntohs(v);
}

static inline void
store16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* ---- reading ---- */

/* Place of the fragment header of an IPv6 packet that the parser accepted with PKT_F_FRAGMENT; *named: of the
 * byte that names it. */
static unsigned
fragment_header_at(const uint8_t *l3, unsigned *named)
{
	unsigned at = PKT_IP6_LEN, from = 6;
	uint8_t next = l3[6];

	while (next != EXT_FRAGMENT) {
		from = at;
		next = l3[at];
		at += (l3[at + 1] + 1u) * 8;
	}
	*named = from;
	return at;
}

/* True when the transport header stands complete, and in one piece, in a first fragment. */
static bool
has_transport_header(const struct pkt *p)
{
	uint32_t have = (p->avail < p->ip_len ? p->avail : p->ip_len) - p->l3_len;

	switch (p->proto) {
	case PKT_PROTO_TCP:
		return have >= PKT_TCP_MIN && p->l4[12] >> 4 >= 5 && (p->l4[12] >> 4) * 4u <= have;
	case PKT_PROTO_UDP:
		return have >= PKT_UDP_LEN;
	case PKT_PROTO_ICMP:
	case PKT_PROTO_ICMPV6:
		return have >= ICMP_HEADER;
	case PKT_PROTO_SCTP:
		return have >= PKT_SCTP_LEN;
	default:
		return have > 0;
	}
}

enum drop_reason
frag_read(const struct pkt *p, struct frag_key *key, struct frag_part *part)
{
	unsigned named, header;

	memset(key, 0, sizeof(*key));
	*part = (struct frag_part){.next = NULL};
	if (p->kind == PKT_IP4) {
		uint16_t field = load16(p->l3 + 6);

		key->af = INET_AF_V4;
		key->src = inet_ip_make(INET_AF_V4, p->l3 + 12);
		key->dst = inet_ip_make(INET_AF_V4, p->l3 + 16);
		key->id = load16(p->l3 + 4);
		key->proto = p->l3[9];
		part->offset = (uint16_t)((field & IP4_OFFSET) * 8);
		part->more = field & IP4_MF;
		part->data_at = p->l3_len;
		part->ecn = p->l3[1] & ECN_MASK;
		header = p->l3_len;
	} else {
		unsigned at = fragment_header_at(p->l3, &named);
		uint16_t field = load16(p->l3 + at + 2);

		key->af = INET_AF_V6;
		key->src = inet_ip_make(INET_AF_V6, p->l3 + 8);
		key->dst = inet_ip_make(INET_AF_V6, p->l3 + 24);
		key->id = (uint32_t)load16(p->l3 + at + 4) << 16 | load16(p->l3 + at + 6);
		part->offset = field & IP6_OFFSET;
		part->more = field & IP6_MF;
		part->data_at = (uint16_t)(at + FRAG_HEADER6);
		part->ecn = (p->l3[1] >> 4) & ECN_MASK;
		header = at;
	}
	part->len = (uint16_t)(p->ip_len - part->data_at);
	/* Nothing in it, not in units of 8 bytes, or the datagram would be longer than there can be. */
	if (part->len == 0 || (part->more && part->len % 8) || header + part->offset + part->len > UINT16_MAX)
		return DROP_FRAG_MALFORMED;
	if (part->offset == 0 && !has_transport_header(p))
		return DROP_FRAG_MALFORMED;
	return DROP_NONE;
}

/* ---- putting together ---- */

static inline uint32_t
part_end(const struct frag_part *part)
{
	return (uint32_t)part->offset + part->len;
}

/* What the fragment says of the datagram's length agrees with what the others said. */
static bool
length_agrees(const struct frag_datagram *d, const struct frag_part *part)
{
	uint32_t end = part_end(part);

	if (part->more)
		return d->total == 0 || end < d->total;
	return d->total ? end == d->total : !d->last || part_end(d->last) <= end;
}

enum frag_verdict
frag_add(struct frag_datagram *d, struct frag_part *part)
{
	struct frag_part *before = NULL, *behind = d->first;

	/* Most come in their order. */
	if (d->last && part->offset >= part_end(d->last)) {
		before = d->last;
		behind = NULL;
	}
	for (; behind && behind->offset < part->offset; behind = behind->next)
		before = behind;
	if (behind && behind->offset == part->offset && behind->len == part->len &&
	    behind->more == part->more)
		return FRAG_DUPLICATE;
	if ((before && part_end(before) > part->offset) || (behind && part_end(part) > behind->offset) ||
	    !length_agrees(d, part))
		return FRAG_OVERLAP;
	if (d->parts == FRAG_PARTS_MAX)
		return FRAG_TOO_MANY;
	part->next = behind;
	if (before)
		before->next = part;
	else
		d->first = part;
	if (!behind)
		d->last = part;
	d->parts++;
	d->have += part->len;
	d->ecns |= (uint8_t)(1u << part->ecn);
	if (!part->more)
		d->total = part_end(part);
	return d->total && d->have == d->total ? FRAG_COMPLETE : FRAG_HELD;
}

static void
finish4(uint8_t *l3, unsigned header, uint32_t total, bool ce)
{
	uint16_t csum;

	if (ce)
		l3[1] |= ECN_CE;
	store16(l3 + 2, header + total);
	store16(l3 + 6, 0);
	store16(l3 + 10, 0);
	csum = csum_of(l3, header);
	memcpy(l3 + 10, &csum, 2);
}

static uint8_t *
finish6(uint8_t *l3, uint32_t total, bool ce)
{
	unsigned named, at = fragment_header_at(l3, &named);

	l3[named] = l3[at];
	memmove(l3 + FRAG_HEADER6, l3, at);
	l3 += FRAG_HEADER6;
	store16(l3 + 4, at - PKT_IP6_LEN + total);
	if (ce)
		l3[1] |= ECN_CE << 4;
	return l3;
}

uint8_t *
frag_finish(const struct frag_datagram *d, uint8_t *l3)
{
	bool ce = d->ecns & 1u << ECN_CE;
	unsigned header = d->first->data_at - (l3[0] >> 4 == 6 ? FRAG_HEADER6 : 0u);

	/* Options of the first fragment count, which the last one need not have had. */
	if (header + d->total > UINT16_MAX)
		return NULL;
	/* One that met congestion, and one whose sender would not have noticed. */
	if (ce && d->ecns & 1)
		return NULL;
	if (l3[0] >> 4 == 6)
		return finish6(l3, d->total, ce);
	finish4(l3, header, d->total, ce);
	return l3;
}

/* ---- cutting ---- */

unsigned
frag_unfragmentable(const uint8_t *l3, uint32_t avail)
{
	unsigned at = PKT_IP6_LEN, keep = PKT_IP6_LEN;
	uint8_t next;

	if (avail < PKT_IP4_MIN)
		return 0;
	if (l3[0] >> 4 == 4)
		return (l3[0] & 15u) * 4 <= avail ? (l3[0] & 15u) * 4 : 0;
	if (avail < PKT_IP6_LEN)
		return 0;
	/* Destination options belong to it in front of a routing header only. */
	for (next = l3[6]; next == EXT_HOP_BY_HOP || next == EXT_ROUTING || next == EXT_DEST_OPTS;) {
		uint8_t this = next;

		if (at + 8 > avail)
			return 0;
		next = l3[at];
		at += (l3[at + 1] + 1u) * 8;
		if (at > avail || at > FRAG_HEADER_MAX - FRAG_HEADER6)
			return 0;
		if (this != EXT_DEST_OPTS)
			keep = at;
	}
	return keep;
}

/* Options that go into every fragment, padded to words; returns their length. */
static unsigned
copied_options(const uint8_t *opt, unsigned len, uint8_t *out)
{
	unsigned n = 0;

	for (unsigned i = 0; i < len && opt[i] != IP4_OPT_END;) {
		unsigned size = opt[i] == IP4_OPT_NOP ? 1 : i + 1 < len ? opt[i + 1] : 0;

		/* What is broken is left out with all behind it. */
		if (size == 0 || (size < 2 && opt[i] != IP4_OPT_NOP) || i + size > len)
			break;
		if (opt[i] & IP4_OPT_COPIED) {
			memcpy(out + n, opt + i, size);
			n += size;
		}
		i += size;
	}
	while (n % 4)
		out[n++] = IP4_OPT_END;
	return n;
}

static unsigned
header4(const uint8_t *l3, unsigned header, uint16_t offset, uint16_t len, bool more, uint8_t *out)
{
	uint16_t field = load16(l3 + 6), csum;
	unsigned options = header - PKT_IP4_MIN;

	memcpy(out, l3, PKT_IP4_MIN);
	if (offset == 0)
		memcpy(out + PKT_IP4_MIN, l3 + PKT_IP4_MIN, options);
	else
		options = copied_options(l3 + PKT_IP4_MIN, options, out + PKT_IP4_MIN);
	header = PKT_IP4_MIN + options;
	out[0] = (uint8_t)(0x40 | header / 4);
	store16(out + 2, header + len);
	/* The last piece of a fragment in the middle is in the middle, too. */
	store16(out + 6,
		(((field & IP4_OFFSET) + offset / 8u) & IP4_OFFSET) | (more || field & IP4_MF ? IP4_MF : 0));
	store16(out + 10, 0);
	csum = csum_of(out, header);
	memcpy(out + 10, &csum, 2);
	return header;
}

static unsigned
header6(const uint8_t *l3, unsigned header, uint16_t offset, uint16_t len, bool more, uint32_t id,
	uint8_t *out)
{
	unsigned named = 6;

	memcpy(out, l3, header);
	for (unsigned at = PKT_IP6_LEN; at < header; at += (l3[at + 1] + 1u) * 8)
		named = at;
	out[header] = out[named];
	out[header + 1] = 0;
	out[named] = EXT_FRAGMENT;
	store16(out + header + 2, offset | (more ? IP6_MF : 0));
	store16(out + header + 4, id >> 16);
	store16(out + header + 6, id & 0xffff);
	store16(out + 4, header - PKT_IP6_LEN + FRAG_HEADER6 + len);
	return header + FRAG_HEADER6;
}

unsigned
frag_header(const uint8_t *l3, unsigned unfragmentable, uint16_t offset, uint16_t len, bool more, uint32_t id,
	    uint8_t *out)
{
	if (l3[0] >> 4 == 6)
		return header6(l3, unfragmentable, offset, len, more, id, out);
	return header4(l3, unfragmentable, offset, len, more, out);
}

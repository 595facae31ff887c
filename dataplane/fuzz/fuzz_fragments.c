/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target for fragments: reading, putting together, the header of the whole, cutting.
 *
 * Input: byte 0 = IPv6 (bit 0), raw (bit 1). Raw: the rest is a frame, of which a part that byte 1 tells is
 * in one piece. Otherwise the rest are fragments of one datagram, five bytes each: offset in units of 8,
 * length, ECN and "more". What becomes of them is compared to a map of bytes, the slowest way to tell an
 * overlap.
 */
#include <stdlib.h>
#include <string.h>

#include "../src/packet/test_frames.h"
#include "packet/fragment.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DO_V6 = 1, DO_RAW = 2, RECORD = 5, HEADERS = PKT_IP6_LEN + FRAG_HEADER6, TRANSPORT = 8 };

/* ---- raw frames ---- */

static void
cut(const struct pkt *p)
{
	unsigned header = frag_unfragmentable(p->l3, p->avail), len;
	uint8_t out[FRAG_HEADER_MAX];

	if (header == 0)
		return;
	assert(header <= p->avail && header + FRAG_HEADER6 <= FRAG_HEADER_MAX);
	for (uint16_t offset = 0; offset <= 1480; offset = (uint16_t)(offset + 1480)) {
		len = frag_header(p->l3, header, offset, 1000, true, 0xdeadbeef, out);
		assert(len <= header + (p->kind == PKT_IP6 ? FRAG_HEADER6 : 0u));
		if (p->kind == PKT_IP4) {
			assert(len >= 20 && len % 4 == 0 && (out[0] & 15u) * 4 == len);
			assert(test_sum(0, out, len) == 0xffff);
		} else {
			assert(out[len - 4] == 0xde && out[len - 1] == 0xef);
		}
	}
}

static void
raw(const uint8_t *data, size_t size, unsigned less)
{
	uint8_t *frame = malloc(size);
	unsigned contig = less < size ? (unsigned)size - less : (unsigned)size;
	struct pkt p = {.flags = 0};
	struct frag_part part;
	struct frag_key key;

	if (!frame)
		return;
	memcpy(frame, data, size);
	frame = realloc(frame, contig);
	if (pkt_parse(&p, frame, contig, (uint32_t)size) == DROP_NONE &&
	    (p.kind == PKT_IP4 || p.kind == PKT_IP6)) {
		cut(&p);
		if (p.flags & PKT_F_FRAGMENT && frag_read(&p, &key, &part) == DROP_NONE) {
			assert(part.data_at + part.len == p.ip_len && part.data_at <= p.avail);
			assert(part.offset % 8 == 0 && (!part.more || part.len % 8 == 0));
		}
	}
	free(frame);
}

/* ---- datagrams ---- */

struct held {
	struct frag_part part;
	uint8_t frame[PKT_ETH_LEN + HEADERS + TRANSPORT];
};

/* A frame whose payload, but for its first 8 bytes, is elsewhere. */
static bool
held_make(struct held *h, bool v6, unsigned offset, unsigned len, bool more, uint8_t ecn,
	  struct frag_key *key)
{
	uint8_t *l3 = h->frame + PKT_ETH_LEN;
	unsigned headers = v6 ? HEADERS : PKT_IP4_MIN, contig = len < TRANSPORT ? len : TRANSPORT;
	struct pkt p = {.flags = 0};

	memset(h, 0, sizeof(*h));
	test_put16(h->frame + 12, v6 ? 0x86dd : 0x0800);
	if (v6) {
		l3[0] = 0x60;
		l3[1] = (uint8_t)(ecn << 4);
		test_put16(l3 + 4, FRAG_HEADER6 + len);
		l3[6] = 44;
		l3[8] = l3[24] = 0x20;
		l3[40] = PKT_PROTO_UDP;
		test_put16(l3 + 42, offset | more);
	} else {
		l3[0] = 0x45;
		l3[1] = ecn;
		test_put16(l3 + 2, headers + len);
		test_put16(l3 + 6, offset / 8 | (more ? 0x2000 : 0));
		l3[9] = PKT_PROTO_UDP;
		l3[12] = l3[16] = 10;
		test_put16(l3 + 10, ~test_sum(0, l3, 20) & 0xffff);
	}
	if (pkt_parse(&p, h->frame, PKT_ETH_LEN + headers + contig, PKT_ETH_LEN + headers + len) != DROP_NONE)
		return false;
	return (p.flags & PKT_F_FRAGMENT) && frag_read(&p, key, &h->part) == DROP_NONE;
}

static void
whole(const struct frag_datagram *d, const struct held *first, bool v6)
{
	unsigned header = v6 ? PKT_IP6_LEN : PKT_IP4_MIN;
	uint8_t frame[sizeof(first->frame)], *l3;
	struct pkt p = {.flags = 0};

	memcpy(frame, first->frame, sizeof(frame));
	l3 = frag_finish(d, frame + PKT_ETH_LEN);
	if (!l3) {
		assert(d->ecns & 1 && d->ecns & 8);
		return;
	}
	test_put16(l3 - 2, v6 ? 0x86dd : 0x0800);
	assert(pkt_parse(&p, l3 - PKT_ETH_LEN, PKT_ETH_LEN + header + TRANSPORT,
			 PKT_ETH_LEN + header + d->total) == DROP_NONE);
	assert(p.ip_len == header + d->total && !(p.flags & PKT_F_FRAGMENT));
}

static void
datagram(const uint8_t *data, size_t size, bool v6)
{
	static uint8_t map[UINT16_MAX + 1];
	struct frag_datagram d = {.first = NULL};
	struct held *held = calloc(size / RECORD + 1, sizeof(*held));
	uint32_t total = 0, end_seen = 0;

	memset(map, 0, sizeof(map));
	for (unsigned n = 0; size >= RECORD; data += RECORD, size -= RECORD) {
		unsigned offset = (data[0] << 8 | data[1]) % 8192 * 8, len = data[2] << 8 | data[3], end;
		bool more = data[4] & 1, taken = false, dup = false, agrees;
		struct held *h = &held[n];
		struct frag_key key;
		enum frag_verdict v;

		if (!held_make(h, v6, offset, len, more, data[4] >> 1 & 3, &key))
			continue;
		end = offset + len;
		for (const struct frag_part *q = d.first; q; q = q->next)
			dup |= q->offset == offset && q->len == len && q->more == more;
		for (unsigned i = offset; i < end; i++)
			taken |= map[i];
		agrees = more ? !total || end < total : total ? end == total : end >= end_seen;
		v = frag_add(&d, &h->part);
		if (dup) {
			assert(v == FRAG_DUPLICATE);
			continue;
		}
		if (taken || !agrees) {
			assert(v == FRAG_OVERLAP);
			break;
		}
		if (v == FRAG_TOO_MANY) {
			assert(d.parts == FRAG_PARTS_MAX);
			break;
		}
		memset(map + offset, 1, len);
		n++;
		if (!more)
			total = end;
		if (end > end_seen)
			end_seen = end;
		assert((v == FRAG_COMPLETE) == (total && !memchr(map, 0, total)));
		if (v == FRAG_COMPLETE) {
			const struct held *first = held;

			while (&first->part != d.first)
				first++;
			assert(d.total == total);
			whole(&d, first, v6);
			break;
		}
		assert(v == FRAG_HELD);
	}
	free(held);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	if (data[0] & DO_RAW) {
		if (size > 2)
			raw(data + 2, size - 2, data[1]);
	} else {
		datagram(data + 1, size - 1, data[0] & DO_V6);
	}
	return 0;
}

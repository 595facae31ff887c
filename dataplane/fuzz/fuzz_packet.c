/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target for everything that happens to a packet's bytes: parsing, translation, option edits, TOA,
 * UOA.
 *
 * Input: byte 0 = room in front of the frame, byte 1 = what to do, byte 2 = bytes in one piece less than the
 * frame has; the rest is the frame. It lies in memory of exactly its size, so the sanitizers see any access
 * outside. What was a right packet must stay one.
 */
#include <stdlib.h>
#include <string.h>

#include "packet/rewrite.h"
#include "packet/tcp.h"
#include "packet/toa.h"
#include "packet/uoa.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DO_TRANSLATE = 1, DO_TCP = 2, DO_CLIENT6 = 4, DO_IPO = 8, DO_STANDALONE = 16, MTU = 1500 };

static uint16_t
l4_sum(const uint8_t *l3, const uint8_t *l4, unsigned len, uint8_t proto)
{
	return l3[0] >> 4 == 6 ? csum_l4_v6(l3 + 8, l3 + 24, proto, l4, len)
			       : csum_l4_v4(l3 + 12, l3 + 16, proto, l4, len);
}

/* The transport checksum is right (a checksum over a packet that holds its own right checksum is zero). */
static bool
right(const uint8_t *l3, const uint8_t *l4, unsigned ip_len, uint8_t proto)
{
	unsigned len = ip_len - (unsigned)(l4 - l3);

	if (proto == PKT_PROTO_UDP && l4[6] == 0 && l4[7] == 0)
		return l3[0] >> 4 == 4;
	return l4_sum(l3, l4, len, proto) == 0;
}

static void
edit_tcp(uint8_t *l4)
{
	uint64_t changes = tcp_seq_add(l4, 0x12345678) + tcp_ack_add(l4, 0x87654321);
	unsigned header = tcp_header_len(l4);

	changes += tcp_blank_option(l4, TCP_OPT_TOA);
	changes += tcp_blank_option(l4, TCP_OPT_TIMESTAMP);
	changes += tcp_mss_reduce(l4, 20);
	changes += tcp_sack_add(l4, 77);
	tcp_options_plain(l4);
	for (uint8_t s = 0; s < TCP_STATES + 2; s++)
		assert(tcp_next_state(TCP_DIR_OUT, s, l4[13]) < TCP_STATES);
	assert(tcp_header_len(l4) == header);
	rewrite_tcp_csum(l4, changes);
}

static void
add_client(struct pkt *p, uint16_t room, uint8_t what, bool whole)
{
	union inet_ip client = {.b = {0x20, 1, 0xd, 0xb8, 9, 9}};
	int af = what & DO_CLIENT6 ? INET_AF_V6 : INET_AF_V4;

	if (p->proto == PKT_PROTO_TCP) {
		struct toa_segment s = {p->l3, p->l4, p->ip_len, room, MTU};

		if (!toa_insert(&s, af, &client, 0x1234)) {
			assert(s.l3 == p->l3 && s.l4 == p->l4 && s.ip_len == p->ip_len);
			return;
		}
		assert(s.ip_len <= MTU && p->l3 - s.l3 <= room && s.ip_len - p->ip_len == p->l3 - s.l3);
		assert(s.l4[20] == TCP_OPT_TOA && s.l4 - s.l3 == p->l3_len);
		assert(!whole || right(s.l3, s.l4, s.ip_len, PKT_PROTO_TCP));
	} else {
		struct uoa_packet u = {p->l3, p->l4, p->ip_len, room, MTU};
		uint8_t out[UOA_STANDALONE_MAX];
		bool done;

		if (what & DO_STANDALONE) {
			assert(uoa_standalone(&u, af, &client, 0x1234, out) <= sizeof(out));
			return;
		}
		done = what & DO_IPO && p->kind == PKT_IP4 ? uoa_insert_ipo(&u, &client, 0x1234)
							   : uoa_insert_opp(&u, af, &client, 0x1234);
		assert(u.l4 == p->l4 && u.ip_len <= (done ? MTU : UINT16_MAX));
		assert(u.ip_len - p->ip_len == p->l3 - u.l3 && p->l3 - u.l3 <= room);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	union inet_ip s = {.w = {1, 2, 3, 4}}, d = {.w = {5, 6, 7, 8}};
	struct pkt p = {0};
	uint32_t len, contig;
	uint8_t *buf, what;
	uint16_t room;
	bool whole;

	if (size < 3 || size > 4096)
		return 0;
	room = data[0] % 64;
	what = data[1];
	len = (uint32_t)size - 3;
	contig = len - (data[2] % 8 < len ? data[2] % 8 : 0);
	buf = malloc(room + contig + 1);
	memcpy(buf + room, data + 3, contig);
	/* The Ethernet header in front of l3 is writable room as well, but nobody is told. */
	if (pkt_parse(&p, buf + room, contig, len) == DROP_NONE && (p.flags & PKT_F_L4) &&
	    !(p.flags & PKT_F_FRAGMENT)) {
		assert(p.l4 - p.l3 == p.l3_len && p.l3_len < p.ip_len && p.avail <= p.ip_len);
		whole = p.avail == p.ip_len && right(p.l3, p.l4, p.ip_len, p.proto);
		if (what & DO_TRANSLATE) {
			if (p.kind == PKT_IP6)
				rewrite6(p.l3, p.l4, p.proto, &s, &d, 9, 10, 0);
			else
				rewrite4(p.l3, p.l4, p.proto, s.v4, d.v4, 9, 10, 0);
		}
		if (what & DO_TCP && p.proto == PKT_PROTO_TCP)
			edit_tcp(p.l4);
		assert(!whole || right(p.l3, p.l4, p.ip_len, p.proto));
		add_client(&p, room, what, whole);
	}
	free(buf);
	return 0;
}

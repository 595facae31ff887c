/* SPDX-License-Identifier: Apache-2.0 */
/* Every frame is copied into memory of exactly its size, so that a sanitizer sees any byte read too far. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "packet/pkt.h"
#include "test_frames.h"

static struct test_frame frame;

static enum drop_reason
parse_bytes(struct pkt *p, const uint8_t *bytes, unsigned contig, unsigned len)
{
	uint8_t *exact = malloc(contig ? contig : 1);
	enum drop_reason why;

	memcpy(exact, bytes, contig);
	memset(p, 0xaa, sizeof(*p));
	p->flags = 0;
	why = pkt_parse(p, exact, contig, len);
	/* What was found must lie inside, whatever the verdict. */
	if (why == DROP_NONE && (p->kind == PKT_IP4 || p->kind == PKT_IP6)) {
		assert_in_range(p->l4 - exact, 14, contig);
		assert_in_range(p->ip_len + 14u, 14, len);
	}
	free(exact);
	return why;
}

static enum drop_reason
parse(struct pkt *p)
{
	return parse_bytes(p, test_eth(&frame), frame.len, frame.len);
}

static void
test_tcp_and_udp(void **state)
{
	struct pkt p;

	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		test_tcp(&frame, v6, TCP_SYN | TCP_ACK, "\2\4\5\xb4", 4, 3);
		assert_int_equal(parse(&p), DROP_NONE);
		assert_int_equal(p.kind, v6 ? PKT_IP6 : PKT_IP4);
		assert_int_equal(p.proto, PKT_PROTO_TCP);
		assert_int_equal(p.flags, PKT_F_L4);
		assert_int_equal(p.tcp_flags, TCP_SYN | TCP_ACK);
		assert_memory_equal(&p.sport, "\x9c\x40", 2);
		assert_memory_equal(&p.dport, "\0\x50", 2);
		assert_int_equal(p.l3_len, v6 ? 40 : 20);
		assert_int_equal(p.ip_len, p.l3_len + 27);
		test_udp(&frame, v6, 4);
		assert_int_equal(parse(&p), DROP_NONE);
		assert_int_equal(p.flags, PKT_F_L4);
		assert_int_equal(p.tcp_flags, 0);
	}
}

static void
test_padding_is_not_counted(void **state)
{
	struct pkt p;

	(void)state;
	test_udp(&frame, false, 1);
	frame.len += 17;
	assert_int_equal(parse(&p), DROP_NONE);
	assert_int_equal(p.ip_len, 29);
	assert_int_equal(p.avail, 29);
}

/* Puts n extension headers of 8 bytes in front of the UDP header of an IPv6 frame. */
static void
with_extensions(unsigned n, uint8_t kind)
{
	uint8_t *l3 = test_eth(&frame) + 14;

	test_udp(&frame, true, 3);
	memmove(l3 + 40 + 8 * n, l3 + 40, 11);
	memset(l3 + 40, 0, 8 * n);
	for (unsigned i = 0; i < n; i++)
		l3[40 + 8 * i] = i + 1 < n ? kind : PKT_PROTO_UDP;
	l3[6] = kind;
	test_put16(l3 + 4, 11 + 8 * n);
	frame.len += 8 * n;
}

enum { KINDS = 6 };

/* A frame of each kind: TCP with options, UDP and UDP behind options or extension headers, per family. */
static void
frame_of_kind(unsigned kind)
{
	uint8_t *l3 = test_eth(&frame) + 14;

	switch (kind) {
	case 0:
	case 1:
		test_tcp(&frame, kind, TCP_ACK, "\1\1\1\1", 4, 3);
		return;
	case 2:
	case 3:
		test_udp(&frame, kind == 3, 3);
		return;
	case 4:
		test_udp(&frame, false, 3);
		memmove(l3 + 28, l3 + 20, 11);
		memset(l3 + 20, 1, 8);
		l3[0] = 0x47;
		test_put16(l3 + 2, 39);
		frame.len += 8;
		test_finish(l3, l3 + 28, 39, PKT_PROTO_UDP);
		return;
	default:
		with_extensions(2, 60);
		return;
	}
}

static void
test_every_truncation(void **state)
{
	struct pkt p;

	(void)state;
	for (unsigned kind = 0; kind < KINDS; kind++) {
		frame_of_kind(kind);
		assert_int_equal(parse(&p), DROP_NONE);
		assert_true(p.flags & PKT_F_L4);
		for (unsigned len = 0; len < frame.len; len++) {
			enum drop_reason why = parse_bytes(&p, test_eth(&frame), len, len);

			assert_int_equal(why, len < 14	 ? DROP_ETH_TRUNCATED
					      : kind & 1 ? DROP_IP6_TRUNCATED
							 : DROP_IP4_TRUNCATED);
		}
		/* The same bytes scattered: the headers must still be in one piece. */
		for (unsigned contig = 14; contig < frame.len; contig++)
			if (parse_bytes(&p, test_eth(&frame), contig, frame.len) == DROP_NONE &&
			    (p.flags & PKT_F_L4))
				assert_true(contig >= 14u + p.l3_len + (p.proto == PKT_PROTO_TCP ? 24u : 8u));
		assert_int_equal(parse_bytes(&p, test_eth(&frame), frame.len, frame.len - 1),
				 DROP_ETH_TRUNCATED);
	}
}

/* The IP header admits that the packet is short: what is missing of the transport header is its fault alone.
 */
static void
test_every_short_packet(void **state)
{
	struct pkt p;

	(void)state;
	for (unsigned kind = 0; kind < KINDS; kind++) {
		unsigned headers, whole;

		frame_of_kind(kind);
		parse(&p);
		headers = p.l3_len;
		whole = headers + (p.proto == PKT_PROTO_TCP ? 24 : 11); /* UDP: as long as it says itself */
		for (unsigned len = headers; len < frame.len - 14; len++) {
			uint8_t *l3 = test_eth(&frame) + 14;

			frame_of_kind(kind);
			test_put16(l3 + (kind & 1 ? 4 : 2), kind & 1 ? len - 40 : len);
			test_put16(l3 + 10, kind & 1 ? 0x6900 : 0);
			if (!(kind & 1))
				test_put16(l3 + 10, ~test_sum(0, l3, headers) & 0xffff);
			assert_int_equal(parse_bytes(&p, test_eth(&frame), len + 14, len + 14), DROP_NONE);
			assert_int_equal(p.ip_len, len);
			assert_int_equal(p.flags & (PKT_F_L4 | PKT_F_L4_BAD),
					 len < whole ? PKT_F_L4_BAD : PKT_F_L4);
			if (len < whole)
				assert_int_equal(p.sport | p.dport | p.tcp_flags, 0);
		}
	}
}

static void
test_ipv4_options(void **state)
{
	struct pkt p;

	(void)state;
	frame_of_kind(4);
	assert_int_equal(parse(&p), DROP_NONE);
	assert_int_equal(p.flags, PKT_F_L4 | PKT_F_OPTIONS);
	assert_int_equal(p.l3_len, 28);
	assert_memory_equal(&p.dport, "\0\x35", 2);
	test_eth(&frame)[14 + 25] ^= 0x10; /* the checksum covers the options */
	assert_int_equal(parse(&p), DROP_IP4_CHECKSUM);
}

/* One changed byte of an IPv4/TCP frame, header checksum made right again, and what it must come to. */
static void
test_ipv4_mutations(void **state)
{
	static const struct {
		uint8_t at, value;
		enum drop_reason why;
	} t[] = {
	    {0, 0x55, DROP_IP4_HEADER},	   {0, 0x44, DROP_IP4_HEADER},	{0, 0x4f, DROP_IP4_HEADER},
	    {2, 0x10, DROP_IP4_TRUNCATED}, {3, 19, DROP_IP4_HEADER},	{12, 224, DROP_IP4_ADDRESS},
	    {12, 255, DROP_IP4_ADDRESS},   {12, 127, DROP_IP4_ADDRESS}, {16, 127, DROP_IP4_ADDRESS},
	    {16, 224, DROP_NONE},	   {12, 0, DROP_NONE},
	};
	struct pkt p;

	(void)state;
	for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		uint8_t *l3 = test_eth(&frame) + 14;

		test_tcp(&frame, false, TCP_ACK, "", 0, 3);
		l3[t[i].at] = t[i].value;
		test_put16(l3 + 10, 0);
		test_put16(l3 + 10, ~test_sum(0, l3, (l3[0] & 15u) * 4) & 0xffff);
		assert_int_equal(parse(&p), t[i].why);
	}
	test_tcp(&frame, false, TCP_ACK, "", 0, 3);
	test_eth(&frame)[14 + 8] ^= 1;
	assert_int_equal(parse(&p), DROP_IP4_CHECKSUM);
	p.flags = PKT_F_CSUM_OK;
	assert_int_equal(pkt_parse(&p, test_eth(&frame), frame.len, frame.len), DROP_NONE);
}

static void
test_ipv6_mutations(void **state)
{
	static const uint8_t loopback[16] = {[15] = 1};
	struct pkt p;
	uint8_t *l3 = test_eth(&frame) + 14;

	(void)state;
	test_udp(&frame, true, 3);
	l3[0] = 0x50;
	assert_int_equal(parse(&p), DROP_IP6_HEADER);
	test_udp(&frame, true, 3);
	l3[5]++;
	assert_int_equal(parse(&p), DROP_IP6_TRUNCATED);
	test_udp(&frame, true, 3);
	l3[8] = 0xff;
	assert_int_equal(parse(&p), DROP_IP6_ADDRESS);
	for (unsigned at = 8; at <= 24; at += 16) {
		test_udp(&frame, true, 3);
		memcpy(l3 + at, loopback, 16);
		assert_int_equal(parse(&p), DROP_IP6_ADDRESS);
	}
	for (unsigned scope = 0; scope < 16; scope++) {
		test_udp(&frame, true, 3);
		l3[24] = 0xff;
		l3[25] = (uint8_t)scope;
		assert_int_equal(parse(&p), scope <= 1 ? DROP_IP6_ADDRESS : DROP_NONE);
	}
}

static void
test_fragments(void **state)
{
	static const uint16_t field[] = {0x2000, 0x0001, 0x3fff};
	struct pkt p;
	uint8_t *l3 = test_eth(&frame) + 14;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		test_udp(&frame, false, 3);
		test_put16(l3 + 6, field[i]);
		test_put16(l3 + 10, 0);
		test_put16(l3 + 10, ~test_sum(0, l3, 20) & 0xffff);
		assert_int_equal(parse(&p), DROP_NONE);
		assert_int_equal(p.flags, PKT_F_FRAGMENT);
	}
	test_udp(&frame, false, 3);
	test_put16(l3 + 6, 0x4000); /* DF is not a fragment */
	test_put16(l3 + 10, 0);
	test_put16(l3 + 10, ~test_sum(0, l3, 20) & 0xffff);
	assert_int_equal(parse(&p), DROP_NONE);
	assert_int_equal(p.flags, PKT_F_L4);
}

static void
test_extension_headers(void **state)
{
	struct pkt p;

	(void)state;
	with_extensions(2, 60);
	assert_int_equal(parse(&p), DROP_NONE);
	assert_int_equal(p.flags, PKT_F_L4 | PKT_F_OPTIONS);
	assert_int_equal(p.l3_len, 56);
	assert_memory_equal(&p.dport, "\0\x35", 2);
	with_extensions(1, 44);
	assert_int_equal(parse(&p), DROP_NONE);
	assert_int_equal(p.flags, PKT_F_FRAGMENT | PKT_F_OPTIONS);
	with_extensions(8, 60);
	assert_int_equal(parse(&p), DROP_NONE);
	assert_int_equal(p.l3_len, 40 + 64);
	with_extensions(9, 60);
	assert_int_equal(parse(&p), DROP_IP6_HEADER); /* a chain that no honest sender makes */
	with_extensions(1, 0);
	assert_int_equal(parse(&p), DROP_NONE);
	assert_int_equal(p.flags, PKT_F_L4 | PKT_F_OPTIONS);
	with_extensions(2, 60);
	test_eth(&frame)[14 + 40] = 0; /* hop-by-hop options behind others */
	assert_int_equal(parse(&p), DROP_IP6_HEADER);
	with_extensions(1, 43);
	test_eth(&frame)[14 + 41] = 200; /* longer than the packet */
	assert_int_equal(parse(&p), DROP_IP6_HEADER);
}

/* Behind a fragment header lie the headers it announces in the first fragment only; in later ones the same
 * place holds data, which may look like anything. */
static void
test_ipv6_fragments(void **state)
{
	static const struct {
		uint16_t field; /* offset in units of 8 bytes << 3 | more fragments */
		uint8_t next, proto, l3_len;
		enum drop_reason why;
	} t[] = {
	    {0x0001, 60, PKT_PROTO_UDP, 56, DROP_NONE},
	    {0x0000, 60, PKT_PROTO_UDP, 56, DROP_NONE},
	    {0x0008, 60, 60, 48, DROP_NONE},
	    {0xfff9, PKT_PROTO_TCP, PKT_PROTO_TCP, 48, DROP_NONE},
	    {0x0006, 60, PKT_PROTO_UDP, 56, DROP_NONE},
	    {0x0001, 0, 0, 0, DROP_IP6_HEADER},
	};
	struct pkt p;

	(void)state;
	for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		uint8_t *l3 = test_eth(&frame) + 14;

		with_extensions(2, 60);
		l3[6] = 44;
		l3[40] = t[i].next;
		l3[41] = 0xff; /* reserved in a fragment header, no length */
		test_put16(l3 + 42, t[i].field);
		if (t[i].field >= 8)
			l3[49] = 0xff; /* data that would be an impossible header */
		assert_int_equal(parse(&p), t[i].why);
		if (t[i].why)
			continue;
		assert_int_equal(p.flags, PKT_F_FRAGMENT | PKT_F_OPTIONS);
		assert_int_equal(p.proto, t[i].proto);
		assert_int_equal(p.l3_len, t[i].l3_len);
	}
}

static void
test_bad_transport(void **state)
{
	struct pkt p;
	uint8_t *l4 = test_eth(&frame) + 34;

	(void)state;
	test_tcp(&frame, false, TCP_ACK, "", 0, 3);
	l4[12] = 0x40;
	assert_int_equal(parse(&p), DROP_NONE);
	assert_int_equal(p.flags, PKT_F_L4_BAD);
	l4[12] = 0xf0;
	parse(&p);
	assert_int_equal(p.flags, PKT_F_L4_BAD);
	test_udp(&frame, false, 3);
	for (unsigned length = 0; length < 20; length++) {
		test_put16(l4 + 4, length);
		assert_int_equal(parse(&p), DROP_NONE);
		assert_int_equal(p.flags, length >= 8 && length <= 11 ? PKT_F_L4 : PKT_F_L4_BAD);
	}
}

static void
test_other_kinds(void **state)
{
	struct pkt p;

	(void)state;
	test_udp(&frame, false, 30);
	test_put16(test_eth(&frame) + 12, 0x0806);
	assert_int_equal(parse(&p), DROP_NONE);
	assert_int_equal(p.kind, PKT_ARP);
	assert_int_equal(parse_bytes(&p, test_eth(&frame), 14 + 27, 14 + 27), DROP_ARP_MALFORMED);
	assert_int_equal(parse_bytes(&p, test_eth(&frame), 14 + 28, 14 + 28), DROP_NONE);
	test_put16(test_eth(&frame) + 12, 0x8100);
	assert_int_equal(parse(&p), DROP_NONE);
	assert_int_equal(p.kind, PKT_OTHER);
	assert_int_equal(p.ether_type, 0x8100);
}

static void
test_sctp_header_whole_and_in_one_piece(void **state)
{
	struct test_frame f;

	(void)state;
	for (int v6 = 0; v6 < 2; v6++)
		for (unsigned len = 0; len <= 16; len++)
			for (unsigned contig = 0; contig <= len; contig++) {
				uint8_t *l4 = test_ip(&f, v6, PKT_PROTO_SCTP, len);
				struct pkt p = {.flags = PKT_F_CSUM_OK};

				test_put16(l4, 40000);
				test_put16(l4 + 2, 3868);
				assert_int_equal(pkt_parse(&p, test_eth(&f), f.len - len + contig, f.len),
						 DROP_NONE);
				assert_int_equal(p.flags & (PKT_F_L4 | PKT_F_L4_BAD),
						 contig < PKT_SCTP_LEN ? PKT_F_L4_BAD : PKT_F_L4);
				assert_int_equal(p.dport, contig < PKT_SCTP_LEN ? 0 : htons(3868));
				assert_int_equal(p.sport, contig < PKT_SCTP_LEN ? 0 : htons(40000));
			}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_tcp_and_udp),
	    cmocka_unit_test(test_padding_is_not_counted),
	    cmocka_unit_test(test_every_truncation),
	    cmocka_unit_test(test_every_short_packet),
	    cmocka_unit_test(test_ipv4_options),
	    cmocka_unit_test(test_ipv4_mutations),
	    cmocka_unit_test(test_ipv6_mutations),
	    cmocka_unit_test(test_fragments),
	    cmocka_unit_test(test_extension_headers),
	    cmocka_unit_test(test_ipv6_fragments),
	    cmocka_unit_test(test_bad_transport),
	    cmocka_unit_test(test_other_kinds),
	    cmocka_unit_test(test_sctp_header_whole_and_in_one_piece),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

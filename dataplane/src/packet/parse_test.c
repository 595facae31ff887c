/* SPDX-License-Identifier: Apache-2.0 */
/* Every frame is copied into memory of exactly its size, so that a sanitizer sees any byte read too far. */
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

static void
test_every_truncation(void **state)
{
	struct pkt p;

	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		test_tcp(&frame, v6, TCP_ACK, "\1\1\1\1", 4, 3);
		for (unsigned len = 0; len < frame.len; len++) {
			enum drop_reason why = parse_bytes(&p, test_eth(&frame), len, len);

			assert_int_equal(why, len < 14 ? DROP_ETH_TRUNCATED
					      : v6     ? DROP_IP6_TRUNCATED
						       : DROP_IP4_TRUNCATED);
		}
		/* The same bytes scattered: the headers must still be in one piece. */
		for (unsigned contig = 14; contig < frame.len; contig++)
			if (parse_bytes(&p, test_eth(&frame), contig, frame.len) == DROP_NONE &&
			    (p.flags & PKT_F_L4))
				assert_true(contig >= 14u + p.l3_len + 24);
	}
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
	with_extensions(20, 0);
	assert_int_equal(parse(&p), DROP_IP6_HEADER); /* a chain that no honest sender makes */
	with_extensions(1, 43);
	test_eth(&frame)[14 + 41] = 200; /* longer than the packet */
	assert_int_equal(parse(&p), DROP_IP6_HEADER);
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
	test_put16(test_eth(&frame) + 12, 0x8100);
	assert_int_equal(parse(&p), DROP_NONE);
	assert_int_equal(p.kind, PKT_OTHER);
	assert_int_equal(p.ether_type, 0x8100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_tcp_and_udp),	      cmocka_unit_test(test_padding_is_not_counted),
	    cmocka_unit_test(test_every_truncation),  cmocka_unit_test(test_ipv4_mutations),
	    cmocka_unit_test(test_ipv6_mutations),    cmocka_unit_test(test_fragments),
	    cmocka_unit_test(test_extension_headers), cmocka_unit_test(test_bad_transport),
	    cmocka_unit_test(test_other_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

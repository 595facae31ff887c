/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "packet/tcp.h"
#include "packet/toa.h"
#include "test_frames.h"

static struct test_frame frame;
static union inet_ip client4, client6;
static const uint16_t port =
    0x3412; /* bytes 12 34 in memory of a little-endian machine: what a packet carried */

static struct toa_segment
segment(bool v6, uint8_t flags, const void *options, unsigned len)
{
	struct toa_segment s = {.headroom = TEST_ROOM, .mtu = 1500};

	test_tcp(&frame, v6, flags, options, len, 9);
	s.l3 = test_eth(&frame) + PKT_ETH_LEN;
	s.l4 = s.l3 + (v6 ? PKT_IP6_LEN : PKT_IP4_MIN);
	s.ip_len = (uint16_t)(frame.len - PKT_ETH_LEN);
	memcpy(client4.b, "\xcb\0\x71\7", 4);
	memcpy(client6.b, "\x20\1\xd\xb8\0\xa\0\0\0\0\0\0\0\0\0\7", 16);
	return s;
}

/* Lengths, checksums and payload after an insertion. */
static void
assert_whole(const struct toa_segment *s, unsigned old_len, int growth, unsigned header)
{
	unsigned announced =
	    s->l3[0] >> 4 == 6 ? (s->l3[4] << 8 | s->l3[5]) + 40u : s->l3[2] << 8 | (unsigned)s->l3[3];

	assert_int_equal(s->ip_len, (int)old_len + growth);
	assert_int_equal(announced, s->ip_len);
	assert_int_equal(tcp_header_len(s->l4), header);
	assert_true(test_checksums_ok(s->l3, s->l4, s->ip_len, PKT_PROTO_TCP));
	for (unsigned i = 0; i < 9; i++)
		assert_int_equal(s->l4[header + i], i);
	assert_ptr_equal(s->l4 + header + 9, test_eth(&frame) + frame.len);
}

static void
test_layouts(void **state)
{
	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct toa_segment s = segment(v6, TCP_ACK, "\1\1\x8\xa\1\2\3\4\5\6\7\x8", 12);
		unsigned len = s.ip_len;

		assert_true(toa_insert(&s, INET_AF_V4, &client4, port));
		assert_whole(&s, len, 8, 40);
		assert_memory_equal(s.l4 + 20, "\xfe\x8\x12\x34\xcb\0\x71\7\1\1\x8\xa\1\2\3\4\5\6\7\x8", 20);

		s = segment(v6, TCP_ACK, "", 0);
		len = s.ip_len;
		assert_true(toa_insert(&s, INET_AF_V6, &client6, port));
		assert_whole(&s, len, 20, 40);
		assert_memory_equal(s.l4 + 20, "\xfe\x14\x12\x34\x20\1\xd\xb8\0\xa\0\0\0\0\0\0\0\0\0\7", 20);
	}
}

static void
test_nops_and_old_addresses_make_room(void **state)
{
	/* 40 bytes: a foreign 254 (8), NOPs, timestamp (10), SACK of two blocks (18): without the first two
	 * 28 bytes stay. */
	struct toa_segment s = segment(
	    false, TCP_ACK,
	    "\xfe\x8\0\0\0\0\0\0\1\1\x8\xa\1\2\3\4\5\6\7\x8\1\1\5\x12\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4", 40);
	unsigned len = s.ip_len;

	(void)state;
	assert_true(toa_insert(&s, INET_AF_V4, &client4, port));
	assert_whole(&s, len, -4, 56);
	assert_memory_equal(
	    s.l4 + 20,
	    "\xfe\x8\x12\x34\xcb\0\x71\7\x8\xa\1\2\3\4\5\6\7\x8\5\x12\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4", 36);
}

static void
test_timestamp_outlives_sack(void **state)
{
	/* Timestamp and SACK of three blocks fill 36 bytes without NOPs; 20 for an IPv6 client need the SACK
	 * to go. */
	struct toa_segment s = segment(
	    true, TCP_ACK,
	    "\1\1\x8\xa\1\2\3\4\5\6\7\x8\1\1\5\x1a\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5\0\0\0\6", 40);
	unsigned len = s.ip_len;

	(void)state;
	assert_true(toa_insert(&s, INET_AF_V6, &client6, port));
	assert_whole(&s, len, -8, 52);
	assert_memory_equal(s.l4 + 40, "\x8\xa\1\2\3\4\5\6\7\x8\1\1", 12);
}

static void
test_syn_options_are_protected(void **state)
{
	/* 40 bytes of MSS, SACK-permitted, timestamp, window scale, MPTCP: nothing of a SYN's may go for 20
	 * bytes. */
	static const char options[] = "\2\4\5\xb4\4\2\x8\xa\1\2\3\4\0\0\0\0\3\3\7\x1e\x14\0\1\2\3\4\5\6\7\x8"
				      "\x9\xa\xb\xc\xd\xe\xf\x10\x11\1";
	struct toa_segment s = segment(false, TCP_SYN, options, 40), before;

	(void)state;
	before = s;
	assert_false(toa_insert(&s, INET_AF_V6, &client6, port));
	assert_memory_equal(&s, &before, sizeof(s));
	assert_memory_equal(s.l4 + 20, options, 40);
	assert_true(test_checksums_ok(s.l3, s.l4, s.ip_len, PKT_PROTO_TCP));
	/* The same options on a data segment: all but the timestamp may go. */
	s = segment(false, TCP_ACK, options, 40);
	assert_true(toa_insert(&s, INET_AF_V6, &client6, port));
	assert_true(test_checksums_ok(s.l3, s.l4, s.ip_len, PKT_PROTO_TCP));
}

static void
test_refusals_change_nothing(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct toa_segment s = segment(i, TCP_ACK, "", 0), before;
		struct test_frame copy = frame;

		if (i)
			s.headroom = 7;
		else
			s.mtu = (uint16_t)(s.ip_len + 7);
		before = s;
		assert_false(toa_insert(&s, INET_AF_V4, &client4, port));
		assert_memory_equal(&s, &before, sizeof(s));
		assert_memory_equal(&frame, &copy, sizeof(copy));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_layouts),
	    cmocka_unit_test(test_nops_and_old_addresses_make_room),
	    cmocka_unit_test(test_timestamp_outlives_sack),
	    cmocka_unit_test(test_syn_options_are_protected),
	    cmocka_unit_test(test_refusals_change_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

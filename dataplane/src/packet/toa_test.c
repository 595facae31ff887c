/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
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

/* One byte less than needed of either sort of room refuses and changes nothing; just enough is enough, and
 * not a byte before the room is written. */
static void
test_room_to_the_byte(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++)
		for (unsigned less = 0; less < 3; less++) {
			bool client_v6 = i & 2;
			struct toa_segment s = segment(i & 1, TCP_ACK, "", 0), before;
			struct test_frame copy = frame;
			unsigned l3_at = (unsigned)(s.l3 - frame.bytes), len = client_v6 ? 20 : 8;
			bool done;

			s.headroom = (uint16_t)(len - (less == 1));
			s.mtu = (uint16_t)(s.ip_len + len - (less == 2));
			before = s;
			done = toa_insert(&s, client_v6 ? INET_AF_V6 : INET_AF_V4,
					  client_v6 ? &client6 : &client4, port);
			assert_int_equal(done, less == 0);
			assert_memory_equal(frame.bytes, copy.bytes, l3_at - len);
			if (done) {
				assert_whole(&s, before.ip_len, (int)len, 20 + len);
				continue;
			}
			assert_memory_equal(&s, &before, sizeof(s));
			assert_memory_equal(&frame, &copy, sizeof(copy));
		}
}

/* IPv4 options and IPv6 extension headers in front of TCP move along unharmed. */
static void
test_long_ip_headers_move_along(void **state)
{
	struct toa_segment s = segment(false, TCP_ACK, "", 0);
	uint8_t old[60];

	(void)state;
	/* The last 16 bytes of room become part of a header of 36 bytes. */
	memmove(s.l3 - 16, s.l3, 20);
	s.l3 -= 16;
	memset(s.l3 + 20, 1, 16);
	s.l3[0] = 0x49;
	s.ip_len = (uint16_t)(s.ip_len + 16);
	test_put16(s.l3 + 2, s.ip_len);
	s.headroom = TEST_ROOM - 16;
	test_finish(s.l3, s.l4, s.ip_len, PKT_PROTO_TCP);
	memcpy(old, s.l3, 36);
	assert_true(toa_insert(&s, INET_AF_V4, &client4, port));
	assert_whole(&s, 36 + 20 + 9, 8, 28);
	assert_memory_equal(s.l3 + 12, old + 12, 24);
}

/* A list of options that ends in one of impossible length: what is before it stays, what follows goes. */
static void
test_malformed_options_are_cut_off(void **state)
{
	static const char *const bad[] = {"\x9\0", "\x9\1", "\x9\x40", "\x9\xff"};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char options[40] = "\x8\xa\1\2\3\4\5\6\7\x8\1\1";
		struct toa_segment s;

		memset(options + 12, 7, 28);
		memcpy(options + 12, bad[i], 2);
		s = segment(false, TCP_ACK, options, 40);
		assert_true(toa_insert(&s, INET_AF_V4, &client4, port));
		assert_whole(&s, 20 + 60 + 9, -20, 40);
		assert_memory_equal(s.l4 + 28, "\x8\xa\1\2\3\4\5\6\7\x8\1\1", 12);
	}
}

/* The options of a random segment as a list, and what the rules make of it, worked out on the list. */
struct option {
	uint8_t kind, len;
	bool gone;
};

static unsigned
kept_len(const struct option *o, unsigned n)
{
	unsigned len = 0;

	for (unsigned i = 0; i < n; i++)
		len += o[i].gone ? 0u : o[i].len;
	return (len + 3) / 4 * 4;
}

static bool
is_protected(uint8_t kind, bool syn)
{
	static const uint8_t in_syn[] = {2, 3, 4, 8, 30, 34};

	return kind == 8 || (syn && memchr(in_syn, kind, sizeof(in_syn)));
}

static bool
prune(struct option *o, unsigned n, bool syn, unsigned room)
{
	for (unsigned i = 0; i < n; i++)
		o[i].gone = o[i].kind == 1 || o[i].kind == 254;
	for (unsigned i = 0; i < n && kept_len(o, n) > room; i++)
		if (!is_protected(o[i].kind, syn))
			o[i].gone = true;
	return kept_len(o, n) <= room;
}

static void
assert_pruned(const uint8_t *at, const struct option *o, unsigned n)
{
	const uint8_t *start = at;

	for (unsigned i = 0; i < n; i++) {
		if (o[i].gone)
			continue;
		assert_int_equal(at[0], o[i].kind);
		assert_int_equal(at[1], o[i].len);
		for (unsigned k = 2; k < o[i].len; k++)
			assert_int_equal(at[k], i);
		at += o[i].len;
	}
	for (; at < start + kept_len(o, n); at++)
		assert_int_equal(*at, 1);
}

static void
test_pruning_follows_the_rules(void **state)
{
	static const uint8_t kinds[] = {1, 1, 2, 3, 4, 5, 8, 19, 30, 34, 254, 253};
	unsigned pruned = 0, refused = 0;

	(void)state;
	srandom(31);
	for (unsigned round = 0; round < 30000; round++) {
		uint8_t options[40];
		struct option o[40];
		unsigned n = 0, used = 0, room;
		bool syn = round & 1, v6 = round & 2, client_v6 = round & 4, done;
		struct toa_segment s;

		while (used < 40) {
			unsigned len = (unsigned)random() % 14 + 2;

			o[n] = (struct option){.kind = kinds[random() % 12], .len = (uint8_t)len};
			if (o[n].kind == 1 || used + len > 40)
				o[n] = (struct option){.kind = 1, .len = 1};
			memset(options + used, (int)n, o[n].len);
			options[used] = o[n].kind;
			if (o[n].kind != 1)
				options[used + 1] = o[n].len;
			used += o[n++].len;
		}
		room = client_v6 ? 20 : 32;
		s = segment(v6, syn ? TCP_SYN : TCP_ACK, options, 40);
		done = toa_insert(&s, client_v6 ? INET_AF_V6 : INET_AF_V4, client_v6 ? &client6 : &client4,
				  port);
		assert_int_equal(done, prune(o, n, syn, room));
		pruned += done;
		refused += !done;
		if (!done) {
			assert_memory_equal(s.l4 + 20, options, 40);
			assert_true(test_checksums_ok(s.l3, s.l4, s.ip_len, PKT_PROTO_TCP));
			continue;
		}
		assert_whole(&s, (v6 ? 40 : 20) + 60 + 9, (int)kept_len(o, n) - (int)room,
			     60 - room + kept_len(o, n));
		assert_pruned(s.l4 + 60 - room, o, n);
	}
	assert_true(pruned > 1000 && refused > 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_layouts),
	    cmocka_unit_test(test_nops_and_old_addresses_make_room),
	    cmocka_unit_test(test_timestamp_outlives_sack),
	    cmocka_unit_test(test_syn_options_are_protected),
	    cmocka_unit_test(test_room_to_the_byte),
	    cmocka_unit_test(test_long_ip_headers_move_along),
	    cmocka_unit_test(test_malformed_options_are_cut_off),
	    cmocka_unit_test(test_pruning_follows_the_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/hash.h"
#include "packet/rewrite.h"
#include "packet/tcp.h"
#include "test_frames.h"

/* The table as its description prints it: 12 rows of 11 two-letter states, columns NO ES SS SR FW TW CL CW LA
 * LI SA. */
static const struct {
	enum tcp_dir dir;
	uint8_t flags;
	const char *row;
} rows[] = {
    {TCP_DIR_IN, TCP_SYN, "SR ES ES SR SR SR SR SR SR SR SR"},
    {TCP_DIR_IN, TCP_FIN | TCP_ACK, "CL CW SS TW TW TW CL CW LA LI TW"},
    {TCP_DIR_IN, TCP_ACK | TCP_PSH, "CL ES SS ES FW TW CL CW CL LI ES"},
    {TCP_DIR_IN, TCP_RST, "CL CL CL SR CL CL CL CL LA LI SR"},
    {TCP_DIR_OUT, TCP_SYN | TCP_ACK, "SS ES SS SR SS SS SS SS SS LI SR"},
    {TCP_DIR_OUT, TCP_FIN, "TW FW SS TW FW TW CL TW LA LI TW"},
    {TCP_DIR_OUT, TCP_ACK, "ES ES SS ES FW TW CL CW LA ES ES"},
    {TCP_DIR_OUT, TCP_RST | TCP_ACK, "CL CL SS CL CL TW CL CL CL CL CL"},
    {TCP_DIR_IN_ONLY, TCP_SYN, "SR ES ES SR SR SR SR SR SR SR SR"},
    {TCP_DIR_IN_ONLY, TCP_FIN, "CL FW SS TW FW TW CL CW LA LI TW"},
    {TCP_DIR_IN_ONLY, TCP_ACK, "CL ES SS ES FW TW CL CW CL LI ES"},
    {TCP_DIR_IN_ONLY, TCP_RST, "CL CL CL SR CL CL CL CL LA LI CL"},
};

static int
state_named(const char *two)
{
	static const char names[] = "NOESSSSRFWTWCLCWLALISA";

	for (int i = 0; i < TCP_STATES; i++)
		if (memcmp(names + i * 2, two, 2) == 0)
			return i;
	return -1;
}

/* DPL-108 */
static void
test_every_transition(void **state)
{
	(void)state;
	for (unsigned r = 0; r < sizeof(rows) / sizeof(rows[0]); r++)
		for (uint8_t s = 0; s < TCP_STATES; s++)
			if (tcp_next_state(rows[r].dir, s, rows[r].flags) != state_named(rows[r].row + s * 3))
				fail_msg("row %u, state %u: %u", r, s,
					 tcp_next_state(rows[r].dir, s, rows[r].flags));
}

static void
test_event_order_and_odd_flags(void **state)
{
	(void)state;
	/* RST before SYN before FIN before ACK; a segment without any of them closes. */
	assert_int_equal(tcp_next_state(TCP_DIR_IN, TCP_S_ESTABLISHED, TCP_RST | TCP_SYN | TCP_FIN),
			 TCP_S_CLOSE);
	assert_int_equal(tcp_next_state(TCP_DIR_IN, TCP_S_NONE, TCP_SYN | TCP_FIN), TCP_S_SYN_RECV);
	assert_int_equal(tcp_next_state(TCP_DIR_OUT, TCP_S_ESTABLISHED, TCP_FIN | TCP_ACK), TCP_S_FIN_WAIT);
	assert_int_equal(tcp_next_state(TCP_DIR_IN, TCP_S_ESTABLISHED, TCP_PSH), TCP_S_CLOSE);
	assert_int_equal(tcp_next_state(TCP_DIR_IN, 200, TCP_ACK), TCP_S_CLOSE);
	for (unsigned flags = 0; flags < 256; flags++)
		for (unsigned dir = 0; dir < 3; dir++)
			for (uint8_t s = 0; s < TCP_STATES; s++) {
				unsigned event = flags & TCP_RST   ? TCP_RST
						 : flags & TCP_SYN ? TCP_SYN
						 : flags & TCP_FIN ? TCP_FIN
								   : flags & TCP_ACK;
				uint8_t want = event ? tcp_next_state(dir, s, (uint8_t)event) : TCP_S_CLOSE;

				assert_int_equal(tcp_next_state(dir, s, (uint8_t)flags), want);
			}
}

/* The segment's transport header and a way to check that an edit kept the checksum right. */
static struct test_frame frame;

static uint8_t *
segment(bool v6, uint8_t flags, const char *options, unsigned len)
{
	test_tcp(&frame, v6, flags, options, len, 7);
	return test_eth(&frame) + PKT_ETH_LEN + (v6 ? PKT_IP6_LEN : PKT_IP4_MIN);
}

static void
assert_applied(uint8_t *l4, uint64_t changes)
{
	rewrite_tcp_csum(l4, changes);
	assert_true(
	    test_checksums_ok(test_eth(&frame) + PKT_ETH_LEN, l4, frame.len - PKT_ETH_LEN, PKT_PROTO_TCP));
}

static void
test_numbers(void **state)
{
	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		uint8_t *l4 = segment(v6, TCP_ACK, "", 0);
		uint64_t changes = tcp_seq_add(l4, 0x20);

		changes += tcp_ack_add(l4, (uint32_t)-0x01020305);
		assert_int_equal(tcp_seq(l4), 0x10);
		assert_int_equal(tcp_ack(l4), 0xffffffff);
		assert_applied(l4, changes);
	}
	assert_true(tcp_seq_after(5, 0xfffffff0));
	assert_false(tcp_seq_after(0xfffffff0, 5));
	assert_false(tcp_seq_after(7, 7));
}

static void
test_timestamp_becomes_nops(void **state)
{
	uint8_t *l4 = segment(false, TCP_SYN, "\2\4\5\xb4\4\2\x8\xa\1\2\3\4\0\0\0\0\1\3\3\7", 20);

	(void)state;
	assert_applied(l4, tcp_blank_option(l4, TCP_OPT_TIMESTAMP));
	assert_memory_equal(l4 + 20, "\2\4\5\xb4\4\2\1\1\1\1\1\1\1\1\1\1\1\3\3\7", 20);
	assert_int_equal(tcp_blank_option(l4, TCP_OPT_TIMESTAMP), 0);
}

static void
test_forged_address_is_blanked_at_odd_offset(void **state)
{
	uint8_t *l4 = segment(true, TCP_ACK, "\1\xfe\x8\x12\x34\x0a\0\0\1\1\1\xfe\x8\1\2\3\4\5\6\0", 20);

	(void)state;
	assert_applied(l4, tcp_blank_option(l4, TCP_OPT_TOA));
	assert_memory_equal(l4 + 20, "\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\0", 20);
}

static void
test_mss(void **state)
{
	static const struct {
		unsigned from, by, to;
	} t[] = {{1460, 8, 1452}, {1460, 20, 1440}, {70, 20, 64}, {64, 8, 64}, {40, 8, 40}};

	(void)state;
	for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char options[8] = {1, 2, 4, (char)(t[i].from >> 8), (char)t[i].from, 1, 1, 0};
		uint8_t *l4 = segment(i % 2, TCP_SYN | TCP_ACK, options, 8);

		assert_applied(l4, tcp_mss_reduce(l4, (uint16_t)t[i].by));
		assert_int_equal(l4[23] << 8 | l4[24], t[i].to);
	}
}

static void
test_sack(void **state)
{
	uint8_t *l4 = segment(false, TCP_ACK, "\1\1\5\x12\xff\xff\xff\xf0\0\0\0\x10\0\0\1\0\0\0\2\0", 20);

	(void)state;
	assert_applied(l4, tcp_sack_add(l4, 0x20));
	assert_memory_equal(l4 + 24, "\0\0\0\x10\0\0\0\x30\0\0\1\x20\0\0\2\x20", 16);
}

/* Two options and odd offsets; one whose length is not that of blocks is left alone. */
static void
test_all_sack_options(void **state)
{
	uint8_t *l4 =
	    segment(true, TCP_ACK, "\1\5\xa\0\0\0\1\0\0\0\2\5\x6\0\0\0\3\5\xa\xff\xff\xff\xff\0\0\0\5\0", 28);

	(void)state;
	assert_applied(l4, tcp_sack_add(l4, 1));
	assert_memory_equal(l4 + 20, "\1\5\xa\0\0\0\2\0\0\0\3\5\x6\0\0\0\3\5\xa\0\0\0\0\0\0\0\6\0", 28);
}

static void
test_mss_of_wrong_length_is_left_alone(void **state)
{
	uint8_t *l4 = segment(false, TCP_SYN, "\2\3\5\2\5\5\xb4\0", 8);

	(void)state;
	assert_int_equal(tcp_mss_reduce(l4, 8), 0);
	l4 = segment(false, TCP_SYN, "\2\2\2\4\5\xb4\0\0", 8); /* the first is none, the second is one */
	assert_applied(l4, tcp_mss_reduce(l4, 8));
	assert_memory_equal(l4 + 20, "\2\2\2\4\5\xac\0\0", 8);
}

/* Random options in memory of exactly the header's size, for the sanitizers; the checksum must be right
 * whatever the edits made of them, and the fixed header is none of theirs. */
static void
test_random_options(void **state)
{
	static const uint8_t kinds[] = {0, 1, 2, 4, 5, 8, 254, 3};

	(void)state;
	srandom(21);
	for (unsigned i = 0; i < 50000; i++) {
		unsigned words = (unsigned)random() % 11, len = 20 + words * 4;
		uint8_t options[40], *exact = malloc(len), *l4;
		uint64_t changes;

		for (unsigned k = 0; k < sizeof(options); k++)
			options[k] = random() % 3 ? (uint8_t)(random() % 12) : kinds[random() % 8];
		l4 = segment(i & 1, TCP_ACK, (const char *)options, words * 4);
		memcpy(exact, l4, len);
		changes = tcp_blank_option(exact, kinds[random() % 6 + 2]);
		changes += tcp_mss_reduce(exact, (uint16_t)random());
		changes += tcp_sack_add(exact, (uint32_t)random());
		assert_memory_equal(exact, l4, 20);
		memcpy(l4, exact, len);
		assert_applied(l4, changes);
		free(exact);
	}
}

/* Options that lie about their length: nothing behind them is touched, nothing outside the header is read or
 * written. */
static void
test_malformed_options(void **state)
{
	static const char *const bad[] = {"\x8\0\2\4",	 "\x8\1\2\4", "\x5\xff\2\4", "\1\1\1\x8",
					  "\1\1\xfe\x9", "\5\4\1\2",  "\0\2\4\5"};

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint8_t *l4 = segment(false, TCP_SYN, bad[i], 4);

		assert_int_equal(tcp_blank_option(l4, TCP_OPT_TIMESTAMP) + tcp_blank_option(l4, TCP_OPT_TOA),
				 0);
		assert_int_equal(tcp_mss_reduce(l4, 8) + tcp_sack_add(l4, 5), 0);
		assert_memory_equal(l4 + 20, bad[i], 4);
	}
}

static void
test_plain_options(void **state)
{
	(void)state;
	assert_true(tcp_options_plain(segment(false, TCP_ACK, "", 0)));
	assert_true(tcp_options_plain(segment(false, TCP_ACK, "\1\1\x8\xa\1\2\3\4\5\6\7\x8", 12)));
	assert_false(tcp_options_plain(segment(false, TCP_ACK, "\xfe\x8\1\2\3\4\5\6\1\1\1\1", 12)));
	assert_false(tcp_options_plain(segment(false, TCP_ACK, "\1\1\5\xa\1\2\3\4\5\6\7\x8", 12)));
	assert_false(tcp_options_plain(segment(false, TCP_ACK, "\1\1\1\1", 4)));
}

static void
test_initial_sequence(void **state)
{
	union inet_ip l = inet_ip_make(INET_AF_V4, "\x0a\0\2\xc8"),
		      r = inet_ip_make(INET_AF_V4, "\x0a\0\2\xb");
	uint32_t a, b;
	unsigned elsewhere = 0;

	(void)state;
	hash_init();
	a = tcp_fnat_isn(INET_AF_V4, &l, 1, &r, 2);
	b = tcp_fnat_isn(INET_AF_V4, &l, 1, &r, 2);
	/* The same tuple moves with the clock only (64 ns a step; a second is 15.6 million), others are
	 * elsewhere. */
	assert_in_range(b - a, 0, 16000000);
	for (uint16_t port = 10; port < 30; port++)
		elsewhere += tcp_fnat_isn(INET_AF_V4, &l, port, &r, 2) - a > 16000000;
	assert_in_range(elsewhere, 15, 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_transition),
	    cmocka_unit_test(test_event_order_and_odd_flags),
	    cmocka_unit_test(test_numbers),
	    cmocka_unit_test(test_timestamp_becomes_nops),
	    cmocka_unit_test(test_forged_address_is_blanked_at_odd_offset),
	    cmocka_unit_test(test_mss),
	    cmocka_unit_test(test_sack),
	    cmocka_unit_test(test_all_sack_options),
	    cmocka_unit_test(test_mss_of_wrong_length_is_left_alone),
	    cmocka_unit_test(test_random_options),
	    cmocka_unit_test(test_malformed_options),
	    cmocka_unit_test(test_plain_options),
	    cmocka_unit_test(test_initial_sequence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include <arpa/inet.h>

#include "packet/synproxy.h"
#include "packet/tcp.h"
#include "test_frames.h"

static const struct synproxy_conf all = {.mss = 1452, .wscale = 7, .sack = true, .timestamp = true};
static const struct synproxy_conf none = {.mss = 1452};
static const struct siphash_key key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
static struct test_frame frame;

/* The options of Linux: MSS 1460, SACK permitted, time stamps, window scale 9. */
static const char linux_syn[] = "\2\4\5\xb4\4\2\x08\x0a\x11\x22\x33\x44\0\0\0\0\1\3\3\x09";

static uint8_t *
syn(const void *options, unsigned len)
{
	test_tcp(&frame, false, TCP_SYN, options, len, 0);
	return test_eth(&frame) + PKT_ETH_LEN + 20;
}

static void
test_options(void **state)
{
	struct synproxy_options o = synproxy_options(syn(linux_syn, 20), &all);

	assert_int_equal(o.mss, 1452);
	assert_int_equal(o.wscale, 9);
	assert_true(o.sack && o.timestamp);
	o = synproxy_options(syn(linux_syn, 20), &none);
	assert_int_equal(o.wscale, SYNPROXY_NO_WSCALE);
	assert_false(o.sack || o.timestamp);
	o = synproxy_options(syn("", 0), &all);
	assert_int_equal(o.mss, 536);
	assert_int_equal(o.wscale, SYNPROXY_NO_WSCALE);
	assert_int_equal(synproxy_options(syn("\2\4\0\0", 4), &all).mss, 536);
	assert_int_equal(synproxy_options(syn("\2\4\0\x3f", 4), &all).mss, 64);	  /* below the table */
	assert_int_equal(synproxy_options(syn("\2\4\5\x9f", 4), &all).mss, 1280); /* 1439: rounded down */
	assert_int_equal(synproxy_options(syn("\2\4\x23\x28", 4), &all).mss, 1452);
	assert_int_equal(synproxy_options(syn("\1\3\3\xff", 4), &all).wscale, 14);
	/* Lengths that lie end the list. */
	assert_int_equal(synproxy_options(syn("\x63\0\2\4\5\xb4\1\1", 8), &all).mss, 536);
	assert_int_equal(synproxy_options(syn("\2\5\5\xb4", 4), &all).mss, 536);
}

static void
test_cookie(void **state)
{
	struct synproxy_tuple t = {.af = INET_AF_V4, .saddr.v4 = 1, .daddr.v4 = 2, .sport = 3, .dport = 4},
			      other = t;
	struct synproxy_options in = {.mss = 1440, .wscale = 9, .sack = true}, out;

	for (uint32_t minute = 250; minute < 260; minute++) { /* the minute's byte wraps */
		uint32_t cookie = synproxy_cookie(&key, &t, 1000, minute, &in);

		for (uint32_t age = 0; age < 4; age++) {
			assert_true(synproxy_check(&key, &t, 1000, cookie + 1, minute + age, &out));
			assert_int_equal(out.mss, 1440);
			assert_int_equal(out.wscale, 9);
			assert_true(out.sack);
			assert_false(out.timestamp);
		}
		assert_false(synproxy_check(&key, &t, 1000, cookie + 1, minute + 4, &out));
		assert_false(synproxy_check(&key, &t, 1000, cookie + 1, minute - 1, &out));
	}
	other.sport = 5;
	assert_false(
	    synproxy_check(&key, &other, 1000, synproxy_cookie(&key, &t, 1000, 7, &in) + 1, 7, &out));
}

/* Whoever guesses hits less than once in 2^14 minutes that are good. */
static void
test_guesses(void **state)
{
	struct synproxy_tuple t = {.af = INET_AF_V6, .sport = 3, .dport = 4};
	struct synproxy_options o;
	unsigned hits = 0;

	srand(7);
	for (unsigned i = 0; i < 1000000; i++)
		hits += synproxy_check(&key, &t, 1, (uint32_t)rand() ^ (uint32_t)rand() << 16, 9, &o);
	assert_in_range(hits, 0, 3); /* 4 of 256 minutes, 10 of 16 sizes, 2^-14 */
}

static void
test_answer(void **state)
{
	uint8_t *l4 = syn(linux_syn, 20);

	test_put32(l4 + 4, 0x01020304);
	synproxy_answer(l4, &all, 0xa1a2a3a4, 0x55667788);
	assert_memory_equal(l4, "\0\x50\x9c\x40\xa1\xa2\xa3\xa4\1\2\3\5\xa0\x12\3\xe8\0\0\0\0", 20);
	assert_memory_equal(l4 + 20, "\2\4\5\xac\4\2\x08\x0a\x55\x66\x77\x88\x11\x22\x33\x44\1\3\3\7", 20);
	l4 = syn(linux_syn, 20);
	synproxy_answer(l4, &(struct synproxy_conf){.mss = 9000, .zero_window = true}, 1, 2);
	assert_memory_equal(l4 + 14, "\0\0", 2);
	assert_memory_equal(l4 + 20, "\2\4\5\xb4\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1", 20);
	/* An option that we do not know, then one that is cut. */
	l4 = syn("\x22\4\1\2\2\x20\5\xb4", 8);
	synproxy_answer(l4, &all, 1, 2);
	assert_memory_equal(l4 + 20, "\1\1\1\1\0\0\0\0", 8);
}

static void
test_rs_syn(void **state)
{
	struct synproxy_options o = {.mss = 1440, .wscale = 9, .sack = true, .timestamp = true};
	uint8_t l4[SYNPROXY_RS_SYN_MAX];

	assert_int_equal(synproxy_rs_syn(l4, htons(1025), htons(80), 0x01020304, &o, 0x55667788), 40);
	assert_memory_equal(l4, "\4\1\0\x50\1\2\3\4\0\0\0\0\xa0\2\x13\x88\0\0\0\0", 20);
	assert_memory_equal(l4 + 20, "\2\4\5\xa0\4\2\x08\x0a\x55\x66\x77\x88\0\0\0\0\1\3\3\x09", 20);
	assert_int_equal(synproxy_wscale(l4), 9);
	o = (struct synproxy_options){.mss = 536, .wscale = SYNPROXY_NO_WSCALE, .sack = true};
	assert_int_equal(synproxy_rs_syn(l4, 1, 2, 3, &o, 4), 28);
	assert_memory_equal(l4 + 20, "\2\4\2\x18\1\1\4\2", 8);
	assert_int_equal(synproxy_wscale(l4), SYNPROXY_NO_WSCALE);
	o.sack = false;
	assert_int_equal(synproxy_rs_syn(l4, 1, 2, 3, &o, 4), 24);
	o.timestamp = true;
	assert_int_equal(synproxy_rs_syn(l4, 1, 2, 3, &o, 4), 36);
	assert_memory_equal(l4 + 24, "\1\1\x08\x0a\0\0\0\4\0\0\0\0", 12);
}

/* Any bytes as options: nothing outside of the header is read or written. */
static void
test_random_options(void **state)
{
	srand(3);
	for (unsigned round = 0; round < 100000; round++) {
		unsigned len = PKT_TCP_MIN + (unsigned)rand() % 11 * 4;
		uint8_t *l4 = malloc(len);

		for (unsigned i = 0; i < len; i++)
			l4[i] = (uint8_t)(rand() % 3 ? rand() % 12 : rand());
		l4[12] = (uint8_t)(len / 4 << 4);
		synproxy_options(l4, &all);
		synproxy_wscale(l4);
		synproxy_answer(l4, round & 1 ? &all : &none, 1, 2);
		assert_int_equal(l4[12] >> 4, len / 4);
		free(l4);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_options), cmocka_unit_test(test_cookie),
	    cmocka_unit_test(test_guesses), cmocka_unit_test(test_answer),
	    cmocka_unit_test(test_rs_syn),  cmocka_unit_test(test_random_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

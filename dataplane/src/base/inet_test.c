/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/inet.h"

static union inet_ip
ip(int af, const char *text)
{
	union inet_ip out = {.q = {0, 0}};

	assert_int_equal(inet_pton(af, text, out.b), 1);
	return out;
}

static void
test_make_ignores_what_a_peer_left_in_the_tail(void **state)
{
	uint8_t dirty[16];
	union inet_ip v4, v6;

	(void)state;
	memset(dirty, 0x5a, sizeof(dirty));
	v4 = inet_ip_make(INET_AF_V4, dirty);
	v6 = inet_ip_make(INET_AF_V6, dirty);
	assert_memory_equal(v4.b, "\x5a\x5a\x5a\x5a\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_memory_equal(v6.b, dirty, 16);
	assert_false(inet_ip_equal(&v4, &v6));
	v6.b[15] ^= 1;
	assert_false(inet_ip_equal(&v6, &(union inet_ip){.q = {v6.q[0], v6.q[0]}}));
	assert_true(inet_ip_is_any(&(union inet_ip){.q = {0, 0}}));
	assert_false(inet_ip_is_any(&(union inet_ip){.b = {[15] = 1}}));
}

static void
test_text(void **state)
{
	char out[INET_TEXT_MAX];
	union inet_ip v4 = ip(INET_AF_V4, "192.0.2.1");
	union inet_ip longest = ip(INET_AF_V6, "2001:db8:1234:5678:9abc:def0:1234:5678");
	union inet_ip mapped = ip(INET_AF_V6, "::ffff:255.255.255.255");

	(void)state;
	assert_string_equal(inet_ip_text(INET_AF_V4, &v4, out), "192.0.2.1");
	assert_string_equal(inet_ip_text(INET_AF_V6, &longest, out),
			    "2001:db8:1234:5678:9abc:def0:1234:5678");
	assert_string_equal(inet_ip_text(99, &v4, out), "?");
	assert_string_equal(inet_ip_port_text(INET_AF_V4, &v4, htons(80), out), "192.0.2.1:80");
	assert_string_equal(inet_ip_port_text(INET_AF_V6, &longest, htons(65535), out),
			    "[2001:db8:1234:5678:9abc:def0:1234:5678]:65535");
	assert_string_equal(inet_ip_port_text(INET_AF_V6, &mapped, 0, out), "[::ffff:255.255.255.255]:0");
	assert_string_equal(inet_ip_port_text(0, &v4, htons(1), out), "?:1");
}

/* Bit by bit, for every length. */
static void
test_mask_keeps_exactly_the_prefix(void **state)
{
	static const int families[] = {INET_AF_V4, INET_AF_V6};

	(void)state;
	for (unsigned f = 0; f < 2; f++) {
		int af = families[f];
		union inet_ip all = {.q = {0, 0}};

		memset(all.b, 0xff, inet_len(af));
		for (unsigned plen = 0; plen <= inet_bits(af); plen++) {
			union inet_ip m = inet_ip_mask(af, &all, plen);

			for (unsigned bit = 0; bit < 128; bit++)
				assert_int_equal(m.b[bit / 8] >> (7 - bit % 8) & 1, bit < plen);
		}
		/* A length beyond the address keeps it whole. */
		assert_memory_equal(inet_ip_mask(af, &all, 200).b, all.b, 16);
	}
	assert_int_equal(inet_len(INET_AF_UNSPEC), 0);
	assert_int_equal(inet_bits(7), 0);
}

static void
test_prefixes(void **state)
{
	static const struct {
		int af;
		const char *address, *prefix;
		unsigned plen;
		bool in;
	} t[] = {
	    {INET_AF_V4, "10.1.2.3", "10.1.2.0", 24, true},
	    {INET_AF_V4, "10.1.3.3", "10.1.2.0", 24, false},
	    {INET_AF_V4, "10.1.3.3", "10.1.2.0", 23, true},
	    {INET_AF_V4, "10.1.2.3", "10.1.2.2", 32, false},
	    {INET_AF_V4, "255.0.0.1", "0.0.0.0", 0, true},
	    {INET_AF_V6, "2001:db8::1", "2001:db8::", 32, true},
	    {INET_AF_V6, "2001:db9::1", "2001:db8::", 32, false},
	    {INET_AF_V6, "2001:db9::1", "2001:db8::", 31, true},
	    {INET_AF_V6, "2001:db8::1", "2001:db8::", 127, true},
	    {INET_AF_V6, "2001:db8::1", "2001:db8::", 128, false},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		union inet_ip a = ip(t[i].af, t[i].address), p = ip(t[i].af, t[i].prefix);

		assert_int_equal(inet_ip_in_prefix(t[i].af, &a, &p, t[i].plen), t[i].in);
	}
}

static void
test_kinds_of_addresses(void **state)
{
	static const struct {
		int af;
		const char *address;
		bool multicast, linklocal;
	} t[] = {
	    {INET_AF_V4, "223.255.255.255", false, false}, {INET_AF_V4, "224.0.0.0", true, false},
	    {INET_AF_V4, "239.255.255.255", true, false},  {INET_AF_V4, "240.0.0.0", false, false},
	    {INET_AF_V4, "169.253.255.255", false, false}, {INET_AF_V4, "169.254.0.1", false, true},
	    {INET_AF_V4, "169.255.0.0", false, false},	   {INET_AF_V6, "ff02::1", true, false},
	    {INET_AF_V6, "fe80::1", false, true},	   {INET_AF_V6, "febf::1", false, true},
	    {INET_AF_V6, "fec0::1", false, false},	   {INET_AF_V6, "fe00::1", false, false},
	    {INET_AF_V6, "e000::1", false, false},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		union inet_ip a = ip(t[i].af, t[i].address);

		assert_int_equal(inet_ip_is_multicast(t[i].af, &a), t[i].multicast);
		assert_int_equal(inet_ip_is_linklocal(t[i].af, &a), t[i].linklocal);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_make_ignores_what_a_peer_left_in_the_tail),
	    cmocka_unit_test(test_text),
	    cmocka_unit_test(test_mask_keeps_exactly_the_prefix),
	    cmocka_unit_test(test_prefixes),
	    cmocka_unit_test(test_kinds_of_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

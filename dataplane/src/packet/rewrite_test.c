/* SPDX-License-Identifier: Apache-2.0 */
/* Incremental checksums against full ones, over many random packets (fixed seed) and the corners of one's
 * complement. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "packet/ip4.h"
#include "packet/rewrite.h"
#include "test_frames.h"

static struct test_frame frame;

static uint32_t
random32(void)
{
	return (uint32_t)random() << 16 ^ (uint32_t)random();
}

/* Values that make carries and zeroes likely. */
static uint32_t
awkward32(void)
{
	static const uint32_t values[] = {0, 0xffffffff, 0xffff0000, 0xffff, 1, 0xfffffffe, 0x80008000};

	return random() % 2 ? random32() : values[random() % 7];
}

static void
test_translation_keeps_checksums(void **state)
{
	(void)state;
	srandom(1);
	for (unsigned i = 0; i < 40000; i++) {
		bool v6 = i & 1;
		uint8_t proto = i & 2 ? PKT_PROTO_TCP : PKT_PROTO_UDP;
		uint8_t *l3 = test_eth(&frame) + 14, *l4 = l3 + (v6 ? 40 : 20);
		uint16_t sport = (uint16_t)awkward32(), dport = (uint16_t)awkward32();
		union inet_ip s, d;

		if (proto == PKT_PROTO_TCP)
			test_tcp(&frame, v6, TCP_ACK, "", 0, i % 13);
		else
			test_udp(&frame, v6, i % 13);
		for (unsigned k = 0; k < 4; k++) {
			s.w[k] = awkward32();
			d.w[k] = awkward32();
		}
		if (v6)
			rewrite6(l3, l4, proto, &s, &d, sport, dport, 0);
		else
			rewrite4(l3, l4, proto, s.v4, d.v4, sport, dport, 0);
		assert_true(test_checksums_ok(l3, l4, frame.len - 14, proto));
		assert_memory_equal(l4, &sport, 2);
		assert_memory_equal(l4 + 2, &dport, 2);
		assert_memory_equal(l3 + (v6 ? 8 : 12), &s, v6 ? 16 : 4);
		assert_memory_equal(l3 + (v6 ? 24 : 16), &d, v6 ? 16 : 4);
	}
}

static void
test_wrong_checksums_stay_wrong(void **state)
{
	uint8_t *l3 = test_eth(&frame) + 14;

	(void)state;
	test_tcp(&frame, false, TCP_ACK, "", 0, 4);
	l3[20 + 20] ^= 0x55; /* damaged payload */
	rewrite4(l3, l3 + 20, PKT_PROTO_TCP, 1, 2, 3, 4, 0);
	assert_int_equal(test_sum(0, l3, 20), 0xffff);
	assert_false(test_checksums_ok(l3, l3 + 20, frame.len - 14, PKT_PROTO_TCP));
}

/* Other changes of the header join the same update. */
static void
test_other_changes_join_in(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		bool v6 = i & 1;
		uint8_t proto = i & 2 ? PKT_PROTO_TCP : PKT_PROTO_UDP;
		uint8_t *l3 = test_eth(&frame) + 14, *l4 = l3 + (v6 ? 40 : 20);
		union inet_ip s = {.w = {1, 2, 3, 4}}, d = {.w = {5, 6, 7, 8}};
		uint16_t old, new = 0x4711;
		uint8_t *at;

		if (proto == PKT_PROTO_TCP)
			test_tcp(&frame, v6, TCP_ACK, "", 0, 5);
		else
			test_udp(&frame, v6, 5);
		at = l4 + (proto == PKT_PROTO_TCP ? 14 : 8);
		memcpy(&old, at, 2);
		memcpy(at, &new, 2);
		if (v6)
			rewrite6(l3, l4, proto, &s, &d, 9, 10, csum_change16(0, old, new));
		else
			rewrite4(l3, l4, proto, s.v4, d.v4, 9, 10, csum_change16(0, old, new));
		assert_true(test_checksums_ok(l3, l4, frame.len - 14, proto));
	}
}

static void
test_udp_without_checksum(void **state)
{
	uint8_t *l3 = test_eth(&frame) + 14;

	(void)state;
	test_udp(&frame, false, 4);
	test_put16(l3 + 26, 0);
	rewrite4(l3, l3 + 20, PKT_PROTO_UDP, 1, 2, 3, 4, 0);
	assert_memory_equal(l3 + 26, "\0\0", 2);
}

/* A UDP sum that comes out as zero must be sent as all ones: zero would mean "none". */
static void
test_udp_never_becomes_zero(void **state)
{
	uint8_t *l3 = test_eth(&frame) + 14;
	unsigned ones = 0;

	(void)state;
	for (uint32_t port = 0; port < 65536; port++) {
		test_udp(&frame, false, 2);
		rewrite4(l3, l3 + 20, PKT_PROTO_UDP, 0x0100000a, 0x0200000a, (uint16_t)port, 53, 0);
		assert_false(l3[26] == 0 && l3[27] == 0);
		ones += l3[26] == 0xff && l3[27] == 0xff;
		assert_true(test_checksums_ok(l3, l3 + 20, frame.len - 14, PKT_PROTO_UDP));
	}
	assert_in_range(ones, 1, 2);
}

static void
test_ip_length(void **state)
{
	uint8_t *l3 = test_eth(&frame) + 14;

	(void)state;
	test_udp(&frame, false, 4);
	for (uint32_t len = 0; len < 65536; len++) {
		rewrite_ip4_len(l3, (uint16_t)len);
		assert_int_equal(l3[2] << 8 | l3[3], len);
		assert_int_equal(test_sum(0, l3, 20), 0xffff);
	}
}

/* The bytes of a header that is printed in many a textbook, and sums that carry. */
static void
test_ip_header(void **state)
{
	struct ip4_header h = {.ttl = 64, .proto = 17, .df = true, .len = 115};
	uint8_t out[21] = {[20] = 0xee};

	(void)state;
	memcpy(&h.saddr, "\xc0\xa8\0\1", 4);
	memcpy(&h.daddr, "\xc0\xa8\0\xc7", 4);
	ip4_header_write(out, &h);
	assert_memory_equal(out, "\x45\0\0\x73\0\0\x40\0\x40\x11\xb8\x61\xc0\xa8\0\1\xc0\xa8\0\xc7\xee", 21);
	srandom(4);
	for (unsigned i = 0; i < 10000; i++) {
		h = (struct ip4_header){.tos = (uint8_t)random(),
					.ttl = (uint8_t)random(),
					.proto = (uint8_t)random(),
					.len = (uint16_t)awkward32(),
					.id = (uint16_t)awkward32(),
					.saddr = awkward32(),
					.daddr = awkward32()};
		ip4_header_write(out, &h);
		assert_int_equal(out[1], h.tos);
		assert_int_equal(out[2] << 8 | out[3], h.len);
		assert_int_equal(out[6] | out[7], 0);
		assert_int_equal(out[8], h.ttl);
		assert_int_equal(out[9], h.proto);
		assert_memory_equal(out + 12, &h.saddr, 4);
		assert_memory_equal(out + 16, &h.daddr, 4);
		assert_int_equal(csum_of(out, 20), 0);
	}
}

static void
test_ttl(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		struct ip4_header h = {.tos = (uint8_t)awkward32(),
				       .len = (uint16_t)(20 + awkward32() % 1400),
				       .id = (uint16_t)awkward32(),
				       .ttl = (uint8_t)(1 + i % 255),
				       .proto = (uint8_t)awkward32(),
				       .saddr = awkward32(),
				       .daddr = awkward32()};
		uint8_t ip4[20], before[20], ip6[40] = {0x60, [7] = (uint8_t)(1 + i % 255)}, same6[40];

		ip4_header_write(ip4, &h);
		memcpy(before, ip4, 20);
		rewrite_ttl_lower(ip4);
		assert_int_equal(ip4[8], h.ttl - 1);
		assert_int_equal(csum_of(ip4, 20), 0);
		memcpy(ip4 + 10, before + 10, 2);
		ip4[8]++;
		assert_memory_equal(ip4, before, 20);
		memcpy(same6, ip6, 40);
		rewrite_ttl_lower(ip6);
		same6[7]--;
		assert_memory_equal(ip6, same6, 40);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_translation_keeps_checksums),
	    cmocka_unit_test(test_wrong_checksums_stay_wrong),
	    cmocka_unit_test(test_other_changes_join_in),
	    cmocka_unit_test(test_udp_without_checksum),
	    cmocka_unit_test(test_udp_never_becomes_zero),
	    cmocka_unit_test(test_ip_length),
	    cmocka_unit_test(test_ip_header),
	    cmocka_unit_test(test_ttl),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/hash.h"

/* Test vectors of the authors: key 00 01 … 0f, message 00 01 … of n bytes. */
static void
test_siphash_vectors(void **state)
{
	static const struct {
		size_t n;
		uint64_t hash;
	} t[] = {
	    {0, 0x726fdb47dd0e0e31}, {1, 0x74f839c593dc67fd}, {7, 0xab0200f58b01d137},
	    {8, 0x93f5f5799a932462}, {9, 0x9e0082df0ba9e4b0}, {15, 0xa129ca6149be45e5},
	};
	static const uint64_t key[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

	(void)state;
	for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		/* Of exactly that size, so that a sanitizer sees a byte read too far. */
		uint8_t *message = malloc(t[i].n + !t[i].n);

		for (size_t k = 0; k < t[i].n; k++)
			message[k] = (uint8_t)k;
		assert_true(hash_sip_keyed(key, message, t[i].n) == t[i].hash);
		free(message);
	}
}

static void
test_secrets_are_drawn(void **state)
{
	uint64_t before[4], sip;

	(void)state;
	hash_init();
	memcpy(before, hash_secret, sizeof(before));
	sip = hash_sip("dpvs", 4);
	assert_true(hash_sip("dpvs", 4) == sip);
	hash_init();
	for (unsigned i = 0; i < 4; i++)
		assert_true(hash_secret[i] != before[i]);
	assert_true(hash_sip("dpvs", 4) != sip);
}

enum { BUCKETS = 1024, FLOWS = 64 * BUCKETS };

/* With 64 flows per bucket on average and a deviation of 8, none is near empty or near double, for the low
 * bits that choose a bucket as for the high ones that a table uses as a tag. */
static void
assert_even(const uint32_t *hashes)
{
	static unsigned low[BUCKETS], high[BUCKETS];

	memset(low, 0, sizeof(low));
	memset(high, 0, sizeof(high));
	for (unsigned i = 0; i < FLOWS; i++) {
		low[hashes[i] % BUCKETS]++;
		high[hashes[i] >> 22]++;
	}
	for (unsigned i = 0; i < BUCKETS; i++) {
		assert_in_range(low[i], 10, 130);
		assert_in_range(high[i], 10, 130);
	}
}

/* The sorts of traffic that come in regular numbers: one client, one port after the other; a network of
 * clients with one port; many clients with ports that only differ in one byte. */
static void
test_regular_flows_spread(void **state)
{
	static uint32_t hashes[6][FLOWS];
	uint8_t client[16] = {0x20, 1, 0xd, 0xb8}, service[16] = {0x20, 1, 0xd, 0xb8, 0, 1};

	(void)state;
	srandom(15);
	for (unsigned round = 0; round < 40; round++) {
		for (unsigned i = 0; i < 32; i++)
			((uint8_t *)hash_secret)[i] = (uint8_t)(random() >> 7);
		for (uint32_t i = 0; i < FLOWS; i++) {
			uint32_t network = i << 24 | (i & 0xff00) << 8 | 0x0a;

			memcpy(client + 12, &i, 4);
			hashes[0][i] = hash_flow4(0x0100000a, 0x0200000a, (uint16_t)i, 80, 6);
			hashes[1][i] = hash_flow4(network, 0x0200000a, 80, 80, 6);
			hashes[2][i] = hash_flow4(i >> 8, 0x0200000a, (uint16_t)(i << 8), 80, 17);
			hashes[3][i] = hash_flow6(service, service, (uint16_t)i, 80, 6);
			hashes[4][i] = hash_flow6(client, service, 80, 80, 6);
			hashes[5][i] = hash_flow6(service, client, 80, 80, 6);
		}
		for (unsigned i = 0; i < 6; i++)
			assert_even(hashes[i]);
	}
}

/* Each part of the tuple counts, and the two ends are not interchangeable. */
static void
test_every_part_counts(void **state)
{
	uint8_t a[16], b[16];
	uint32_t h4, h6;

	(void)state;
	memcpy(hash_secret, "0123456789abcdefghijklmnopqrstuv", sizeof(hash_secret));
	memset(a, 0x11, 16);
	memset(b, 0x22, 16);
	h4 = hash_flow4(1, 2, 3, 4, 6);
	assert_int_not_equal(h4, hash_flow4(2, 1, 3, 4, 6));
	assert_int_not_equal(h4, hash_flow4(1, 2, 4, 3, 6));
	assert_int_not_equal(h4, hash_flow4(2, 1, 4, 3, 6));
	assert_int_not_equal(h4, hash_flow4(1, 2, 3, 4, 17));
	h6 = hash_flow6(a, b, 3, 4, 6);
	assert_int_not_equal(h6, hash_flow6(b, a, 3, 4, 6));
	assert_int_not_equal(h6, hash_flow6(a, b, 4, 3, 6));
	assert_int_not_equal(h6, hash_flow6(a, b, 3, 4, 17));
	for (unsigned bit = 0; bit < 128; bit++) {
		a[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(h6, hash_flow6(a, b, 3, 4, 6));
		a[bit / 8] ^= (uint8_t)(1 << bit % 8);
		b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(h6, hash_flow6(a, b, 3, 4, 6));
		b[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (unsigned bit = 0; bit < 32; bit++) {
		assert_int_not_equal(h4, hash_flow4(1 ^ 1u << bit, 2, 3, 4, 6));
		assert_int_not_equal(h4, hash_flow4(1, 2 ^ 1u << bit, 3, 4, 6));
		assert_int_not_equal(h4, hash_flow4(1, 2, (uint16_t)(3 ^ 1u << bit % 16), 4, 6));
		assert_int_not_equal(h4, hash_flow4(1, 2, 3, (uint16_t)(4 ^ 1u << bit % 16), 6));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_siphash_vectors),
	    cmocka_unit_test(test_secrets_are_drawn),
	    cmocka_unit_test(test_regular_flows_spread),
	    cmocka_unit_test(test_every_part_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Against RFC 1071 done byte by byte in big-endian arithmetic, which shares nothing with the code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/checksum.h"

static uint16_t
plain_sum(uint32_t sum, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* A 16-bit piece as it lies in memory, read as a big-endian number. */
static uint16_t
value(uint16_t in_memory)
{
	uint8_t b[2];

	memcpy(b, &in_memory, 2);
	return (uint16_t)(b[0] << 8 | b[1]);
}

/* Half of all words are ones that make carries and zeroes likely. */
static uint32_t
awkward32(void)
{
	static const uint32_t corners[] = {0, 0xffffffff, 0xffff0000, 0x0000ffff, 1, 0xfffffffe, 0x80000000};
	uint32_t r = (uint32_t)random() << 16 ^ (uint32_t)random();

	return random() & 1 ? r : corners[r % 7];
}

static void
test_fold_is_the_remainder_modulo_65535(void **state)
{
	static const uint64_t corners[] = {0,
					   1,
					   0xfffe,
					   0xffff,
					   0x10000,
					   0x1fffe,
					   0xffffffff,
					   0x100000000,
					   0xfffffffffffe,
					   0xffffffff00000000,
					   UINT64_MAX - 1,
					   UINT64_MAX};

	(void)state;
	srandom(11);
	for (unsigned i = 0; i < 100000; i++) {
		uint64_t sum = i < 12 ? corners[i] : (uint64_t)awkward32() << 32 | awkward32();
		unsigned want = (unsigned)(sum % 65535);

		/* One's complement has two zeroes; only a sum of zero folds to the positive one. */
		if (want == 0 && sum != 0)
			want = 65535;
		assert_int_equal(csum_fold(sum), want);
	}
}

static void
test_every_length_and_alignment(void **state)
{
	(void)state;
	srandom(12);
	for (size_t len = 0; len < 80; len++)
		for (size_t shift = 0; shift < 8; shift++) {
			/* Exactly as long as it says, so that a sanitizer sees a byte read too far. */
			uint8_t *p = malloc(shift + len + !(shift + len));

			for (size_t i = 0; i < shift + len; i++)
				p[i] = (uint8_t)awkward32();
			assert_int_equal(value(csum_of(p + shift, len)),
					 (uint16_t)~plain_sum(0, p + shift, len));
			if (len == 20)
				assert_int_equal(csum_fold(csum_20(p + shift)),
						 csum_fold(csum_add(0, p + shift, 20)));
			free(p);
		}
}

/* The example of RFC 1071 section 3, and the largest packet with nothing but ones. */
static void
test_known_sums(void **state)
{
	static const uint8_t rfc1071[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
	static uint8_t ones[65535];

	(void)state;
	assert_int_equal(value(csum_fold(csum_add(0, rfc1071, 8))), 0xddf2);
	memset(ones, 0xff, sizeof(ones));
	assert_int_equal(value(csum_of(ones, 65534)), 0);
	assert_int_equal(value(csum_of(ones, 65535)), 0x00ff);
	assert_int_equal(csum_of(ones, 0), 0xffff);
}

/* Pieces changed one after the other and folded in once, at the end, are what a sum over everything gives. */
static void
test_incremental_equals_full(void **state)
{
	(void)state;
	srandom(13);
	for (unsigned i = 0; i < 50000; i++) {
		uint32_t words[8];
		uint16_t field, halves[2];
		uint64_t changes = 0;

		words[0] = 0x45u; /* something that is not zero, as each real packet has */
		for (unsigned k = 1; k < 8; k++)
			words[k] = awkward32();
		field = csum_of(words, sizeof(words));
		for (unsigned k = 1; k < 7; k++) {
			uint32_t to = awkward32();

			changes = csum_change32(changes, words[k], to);
			words[k] = to;
		}
		memcpy(halves, &words[7], 4);
		changes = csum_change16(changes, halves[1], (uint16_t)i);
		halves[1] = (uint16_t)i;
		memcpy(&words[7], halves, 4);
		field = csum_apply(field, changes);
		/* Either zero of one's complement is right: verification takes both (RFC 1624 section 3). */
		assert_int_equal(csum_fold(csum_add(0, words, sizeof(words)) + field), 0xffff);
	}
}

/* RFC 1624 section 4: equation 2 of RFC 1141 got this one wrong (0x0000 → 0xffff). */
static void
test_example_of_rfc1624(void **state)
{
	static const uint8_t bytes[6] = {0xdd, 0x2f, 0x55, 0x55, 0x32, 0x85};
	uint16_t field, from, to;

	(void)state;
	memcpy(&field, bytes, 2);
	memcpy(&from, bytes + 2, 2);
	memcpy(&to, bytes + 4, 2);
	assert_int_equal(csum_apply(field, csum_change16(0, from, to)), 0);
	assert_int_equal(csum_apply(0, 0), 0);
	assert_int_equal(csum_apply(0xffff, 0), 0xffff);
}

static void
test_pseudo_headers(void **state)
{
	uint8_t pseudo[40 + 31], addrs[32], l4[31];

	(void)state;
	srandom(14);
	for (size_t len = 0; len <= sizeof(l4); len++) {
		for (unsigned i = 0; i < 32; i++)
			addrs[i] = (uint8_t)awkward32();
		for (unsigned i = 0; i < len; i++)
			l4[i] = (uint8_t)awkward32();
		memcpy(pseudo, addrs, 8);
		memcpy(pseudo + 8, (uint8_t[4]){0, 17, 0, (uint8_t)len}, 4);
		memcpy(pseudo + 12, l4, len);
		assert_int_equal(value(csum_l4_v4(addrs, addrs + 4, 17, l4, len)),
				 (uint16_t)~plain_sum(0, pseudo, 12 + len));
		memcpy(pseudo, addrs, 32);
		memcpy(pseudo + 32, (uint8_t[8]){0, 0, 0, (uint8_t)len, 0, 0, 0, 58}, 8);
		memcpy(pseudo + 40, l4, len);
		assert_int_equal(value(csum_l4_v6(addrs, addrs + 16, 58, l4, len)),
				 (uint16_t)~plain_sum(0, pseudo, 40 + len));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_fold_is_the_remainder_modulo_65535),
	    cmocka_unit_test(test_every_length_and_alignment),
	    cmocka_unit_test(test_known_sums),
	    cmocka_unit_test(test_incremental_equals_full),
	    cmocka_unit_test(test_example_of_rfc1624),
	    cmocka_unit_test(test_pseudo_headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

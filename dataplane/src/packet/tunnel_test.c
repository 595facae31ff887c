/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "packet/tunnel.h"
#include "test_frames.h"

static void
gre_headers_are_read_as_they_are_written(void **state)
{
	static const struct {
		struct gre h;
		uint8_t bytes[GRE_MAX];
		unsigned len;
	} cases[] = {
	    {{.type = 0x0800}, {0, 0, 8, 0}, 4},
	    {{.flags = GRE_F_KEY, .type = 0x86dd, .key = 0x01020304}, {0x20, 0, 0x86, 0xdd, 1, 2, 3, 4}, 8},
	    {{.flags = GRE_F_SEQ, .type = 0x0800, .seq = 7}, {0x10, 0, 8, 0, 0, 0, 0, 7}, 8},
	    {{.flags = GRE_F_CSUM, .type = 0x0800}, {0x80, 0, 8, 0, 0, 0, 0, 0}, 8},
	    {{.flags = GRE_F_CSUM | GRE_F_KEY | GRE_F_SEQ, .type = 0x0800, .key = 5, .seq = 0xfffffffe},
	     {0xb0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0xff, 0xff, 0xff, 0xfe},
	     16},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t out[GRE_MAX];
		struct gre back;

		gre_write(out, &cases[i].h);
		assert_int_equal(gre_len(cases[i].h.flags), cases[i].len);
		assert_memory_equal(out, cases[i].bytes, cases[i].len);
		assert_true(gre_read(out, cases[i].len, &back));
		assert_int_equal(back.flags, cases[i].h.flags);
		assert_int_equal(back.type, cases[i].h.type);
		assert_int_equal(back.key, cases[i].h.key);
		assert_int_equal(back.seq, cases[i].h.seq);
		for (unsigned cut = 0; cut < cases[i].len; cut++)
			assert_false(gre_read(out, cut, &back));
	}
}

/* Bits that RFC 2784 leaves to RFC 1701, and versions of others (1: PPTP). The reserved rest is ignored. */
static void
gre_of_other_kinds_is_refused(void **state)
{
	static const uint16_t refused[] = {0x4000, 0x0800, 0x0400, 0x0001, 0x2001, 0x0007};
	static const uint16_t ignored[] = {0x0200, 0x0080, 0x0008};
	uint8_t in[GRE_MAX] = {0};
	struct gre out;

	(void)state;
	for (unsigned i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		test_put16(in, refused[i]);
		assert_false(gre_read(in, sizeof(in), &out));
	}
	for (unsigned i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++) {
		test_put16(in, ignored[i]);
		assert_true(gre_read(in, sizeof(in), &out));
		assert_int_equal(out.flags, 0);
	}
}

static void
the_packet_inside_says_what_the_outer_header_needs(void **state)
{
	uint8_t v4[PKT_IP4_MIN] = {0x45, 0xb9, 0x05, 0xdc, 0, 0, 0x40, 0, 33, 17};
	uint8_t v6[PKT_IP6_LEN] = {0x6b, 0x91, 0x23, 0x45, 0x00, 0x08, 17, 44};
	struct tunnel_inner in;

	(void)state;
	assert_true(tunnel_inner_read(v4, sizeof(v4), 0x0800, &in));
	assert_int_equal(in.len, 1500);
	assert_int_equal(in.tos, 0xb9);
	assert_int_equal(in.ttl, 33);
	assert_true(in.df && !in.v6);
	v4[6] = 0x20; /* more fragments */
	assert_true(tunnel_inner_read(v4, sizeof(v4), 0x0800, &in));
	assert_false(in.df);
	assert_true(tunnel_inner_read(v6, sizeof(v6), 0x86dd, &in));
	assert_int_equal(in.len, 48);
	assert_int_equal(in.tos, 0xb9);
	assert_int_equal(in.ttl, 44);
	assert_true(in.df && in.v6);
	assert_false(tunnel_inner_read(v4, sizeof(v4) - 1, 0x0800, &in));
	assert_false(tunnel_inner_read(v6, sizeof(v6) - 1, 0x86dd, &in));
	assert_false(tunnel_inner_read(v6, sizeof(v6), 0x0800, &in));
	assert_false(tunnel_inner_read(v4, sizeof(v4), 0x86dd, &in));
	assert_false(tunnel_inner_read(v4, sizeof(v4), 0x0806, &in));
	test_put16(v6 + 4, 0xffff); /* longer than the outer length can say */
	assert_false(tunnel_inner_read(v6, sizeof(v6), 0x86dd, &in));
}

/* RFC 6040 4.2: the outer bits (column) for each of the inner ones (row); -1: dropped. */
static void
marks_of_congestion_go_inside(void **state)
{
	static const int want[4][4] = {{0, 0, 0, -1}, {1, 1, 1, 3}, {2, 1, 2, 3}, {3, 3, 3, 3}};

	(void)state;
	for (uint8_t inner = 0; inner < 4; inner++) {
		for (uint8_t outer = 0; outer < 4; outer++) {
			uint8_t v4[PKT_IP4_MIN] = {0x45, (uint8_t)(0xb8 | inner), 0, 20, 9, 9, 0, 0, 64, 17};
			uint8_t v6[PKT_IP6_LEN] = {0x6b, (uint8_t)(0x81 | inner << 4)};
			bool fits = want[inner][outer] >= 0;

			test_put16(v4 + 10, (uint16_t)~test_sum(0, v4, sizeof(v4)));
			assert_int_equal(tunnel_ecn_decap(v4, false, (uint8_t)(0x20 | outer)), fits);
			assert_int_equal(tunnel_ecn_decap(v6, true, outer), fits);
			assert_int_equal(test_sum(0, v4, sizeof(v4)), 0xffff);
			if (!fits)
				continue;
			assert_int_equal(v4[1], 0xb8 | want[inner][outer]);
			assert_int_equal(v6[1], 0x81 | want[inner][outer] << 4);
		}
	}
	assert_int_equal(tunnel_outer_tos(0xb9, 0x20, false), 0x21);
	assert_int_equal(tunnel_outer_tos(0xb9, 1, true), 0xb9);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(gre_headers_are_read_as_they_are_written),
	    cmocka_unit_test(gre_of_other_kinds_is_refused),
	    cmocka_unit_test(the_packet_inside_says_what_the_outer_header_needs),
	    cmocka_unit_test(marks_of_congestion_go_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

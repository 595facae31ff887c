/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/fragment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "test_frames.h"

/* ---- reading ---- */

/* A fragment with len bytes of payload; ext: bytes of IPv4 options or of IPv6 destination options in front of
 * the fragment header. */
static struct pkt
fragment(struct test_frame *f, bool v6, uint8_t proto, unsigned offset, bool more, unsigned len, unsigned ext)
{
	unsigned extra = ext + (v6 ? FRAG_HEADER6 : 0);
	uint8_t *at = test_ip(f, v6, proto, extra + len), *l3 = test_eth(f) + PKT_ETH_LEN;
	struct pkt p = {.flags = 0};

	if (ext) {
		memset(at, 1, ext);
		if (v6) {
			at[0] = 44;
			at[1] = (uint8_t)(ext / 8 - 1);
			l3[6] = 60;
		} else {
			l3[0] = (uint8_t)(0x45 + ext / 4);
		}
		at += ext;
	}
	if (v6) {
		if (!ext)
			l3[6] = 44;
		at[0] = proto;
		at[1] = 0;
		test_put16(at + 2, offset | more);
		test_put32(at + 4, 0x12345678);
		at += FRAG_HEADER6;
	} else {
		test_put16(l3 + 4, 0x5678);
		test_put16(l3 + 6, offset / 8 | (more ? 0x2000 : 0));
		test_put16(l3 + 10, 0);
		test_put16(l3 + 10, ~test_sum(0, l3, (l3[0] & 15u) * 4) & 0xffff);
	}
	for (unsigned i = 0; i < len; i++)
		at[i] = (uint8_t)(offset + i);
	if (proto == PKT_PROTO_TCP && offset == 0 && len > 12)
		at[12] = 0x50;
	assert_int_equal(pkt_parse(&p, test_eth(f), f->len, f->len), DROP_NONE);
	assert_true(p.flags & PKT_F_FRAGMENT);
	return p;
}

static void
says_where_it_belongs(void **state)
{
	struct test_frame f;

	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		struct frag_part part;
		struct frag_key key;
		struct pkt p = fragment(&f, v6, PKT_PROTO_UDP, 1480, true, 800, 8);

		assert_int_equal(frag_read(&p, &key, &part), DROP_NONE);
		assert_int_equal(part.offset, 1480);
		assert_int_equal(part.len, 800);
		assert_true(part.more);
		assert_false(frag_is_atomic(&part));
		assert_int_equal(part.data_at, v6 ? 40 + 8 + 8 : 28);
		assert_int_equal(key.id, v6 ? 0x12345678 : 0x5678);
		assert_int_equal(key.proto, v6 ? 0 : PKT_PROTO_UDP);
		assert_memory_equal(&key.src, p.l3 + (v6 ? 8 : 12), v6 ? 16 : 4);
		assert_memory_equal(&key.dst, p.l3 + (v6 ? 24 : 16), v6 ? 16 : 4);
	}
}

static void
impossible_ones_are_refused(void **state)
{
	static const struct {
		const char *what;
		uint8_t proto;
		unsigned offset, len;
		bool more, good;
	} cases[] = {
	    {"UDP header whole", PKT_PROTO_UDP, 0, 8, true, true},
	    {"TCP header whole", PKT_PROTO_TCP, 0, 24, true, true},
	    {"TCP header cut off (RFC 1858)", PKT_PROTO_TCP, 0, 16, true, false},
	    {"length not in units of 8", PKT_PROTO_UDP, 0, 100, true, false},
	    {"the last one may have any length", PKT_PROTO_UDP, 8, 101, false, true},
	    {"nothing in it", PKT_PROTO_UDP, 8, 0, false, false},
	    {"longer than a packet can be", PKT_PROTO_UDP, 65528, 8, false, false},
	    {"last byte there can be", PKT_PROTO_UDP, 65480, 15, false, true},
	};
	struct test_frame f;

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int v6 = 0; v6 < 2; v6++) {
			struct pkt p =
			    fragment(&f, v6, cases[i].proto, cases[i].offset, cases[i].more, cases[i].len, 0);
			struct frag_part part;
			struct frag_key key;

			if ((frag_read(&p, &key, &part) == DROP_NONE) != cases[i].good)
				fail_msg("%s, IPv%d", cases[i].what, v6 ? 6 : 4);
		}
	}
}

/* ---- putting together ---- */

struct piece {
	uint16_t offset, len;
	bool more;
};

/* Adds pieces in the given order until one is not held; returns that verdict. */
static enum frag_verdict
add(struct frag_datagram *d, struct frag_part *parts, const struct piece *p, const unsigned *order,
    unsigned n)
{
	enum frag_verdict v = FRAG_HELD;

	memset(d, 0, sizeof(*d));
	for (unsigned i = 0; i < n && v == FRAG_HELD; i++) {
		const struct piece *one = &p[order ? order[i] : i];

		parts[i] = (struct frag_part){.offset = one->offset, .len = one->len, .more = one->more};
		v = frag_add(d, &parts[i]);
	}
	return v;
}

static void
any_order_completes(void **state)
{
	static const struct piece p[] = {{0, 8, true}, {8, 800, true}, {808, 16, true}, {824, 3, false}};
	struct frag_datagram d;
	struct frag_part parts[4];
	unsigned seen = 0;

	(void)state;
	for (unsigned n = 0; n < 256; n++) {
		const unsigned order[] = {n & 3, n >> 2 & 3, n >> 4 & 3, n >> 6};
		uint32_t end = 0;

		if ((1u << order[0] | 1u << order[1] | 1u << order[2] | 1u << order[3]) != 15)
			continue;
		seen++;
		assert_int_equal(add(&d, parts, p, order, 3), FRAG_HELD);
		assert_int_equal(add(&d, parts, p, order, 4), FRAG_COMPLETE);
		assert_int_equal(d.total, 827);
		for (const struct frag_part *part = d.first; part; part = part->next) {
			assert_int_equal(part->offset, end);
			end += part->len;
		}
		assert_int_equal(end, d.total);
	}
	assert_int_equal(seen, 24);
}

static void
overlaps_end_a_datagram(void **state)
{
	static const struct {
		const char *what;
		struct piece p[3];
		unsigned n;
		enum frag_verdict want;
	} cases[] = {
	    {"the end of the one in front", {{0, 16, true}, {8, 16, true}}, 2, FRAG_OVERLAP},
	    {"the start of the one behind", {{8, 16, true}, {0, 16, true}}, 2, FRAG_OVERLAP},
	    {"inside (teardrop)", {{0, 40, true}, {24, 4, false}}, 2, FRAG_OVERLAP},
	    {"around", {{8, 8, true}, {0, 40, true}}, 2, FRAG_OVERLAP},
	    {"same start, longer", {{0, 8, true}, {0, 16, true}}, 2, FRAG_OVERLAP},
	    {"same start, shorter", {{0, 16, true}, {0, 8, true}}, 2, FRAG_OVERLAP},
	    {"the same again", {{8, 16, true}, {8, 16, true}}, 2, FRAG_DUPLICATE},
	    {"the last one again", {{8, 16, false}, {8, 16, false}}, 2, FRAG_DUPLICATE},
	    {"the same, but now the last", {{8, 16, true}, {8, 16, false}}, 2, FRAG_OVERLAP},
	    {"the same, but no longer the last", {{8, 16, false}, {8, 16, true}}, 2, FRAG_OVERLAP},
	    {"behind the last one", {{8, 8, false}, {24, 8, true}}, 2, FRAG_OVERLAP},
	    {"up to the end, but not the last", {{16, 8, false}, {8, 16, true}}, 2, FRAG_OVERLAP},
	    {"the last one in front of others", {{24, 8, true}, {8, 8, false}}, 2, FRAG_OVERLAP},
	    {"two ends", {{8, 8, false}, {32, 8, false}}, 2, FRAG_OVERLAP},
	    {"in the gap, too long", {{0, 8, true}, {24, 8, true}, {8, 24, true}}, 3, FRAG_OVERLAP},
	    {"in the gap", {{0, 8, true}, {24, 8, true}, {8, 16, true}}, 3, FRAG_HELD},
	};
	struct frag_datagram d;
	struct frag_part parts[3];

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (add(&d, parts, cases[i].p, NULL, cases[i].n) != cases[i].want)
			fail_msg("%s", cases[i].what);
}

static void
parts_are_limited(void **state)
{
	struct frag_part parts[FRAG_PARTS_MAX + 1];
	struct frag_datagram d = {.first = NULL};

	(void)state;
	for (unsigned i = 0; i <= FRAG_PARTS_MAX; i++) {
		parts[i] = (struct frag_part){.offset = (uint16_t)(8 * i), .len = 8, .more = true};
		assert_int_equal(frag_add(&d, &parts[i]), i < FRAG_PARTS_MAX ? FRAG_HELD : FRAG_TOO_MANY);
	}
}

/* The header of a datagram of two fragments, whose first one has ECN field a, the second b. */
static uint8_t *
finish(struct test_frame *f, bool v6, unsigned ext, uint8_t a, uint8_t b)
{
	struct pkt p = fragment(f, v6, PKT_PROTO_UDP, 0, true, 64, ext);
	struct frag_datagram d = {.first = NULL};
	struct frag_part first, second = {.offset = 64, .len = 100, .ecn = b};
	struct frag_key key;

	p.l3[1] |= v6 ? (uint8_t)(a << 4) : a;
	assert_int_equal(frag_read(&p, &key, &first), DROP_NONE);
	assert_int_equal(first.ecn, a);
	assert_int_equal(frag_add(&d, &first), FRAG_HELD);
	assert_int_equal(frag_add(&d, &second), FRAG_COMPLETE);
	return frag_finish(&d, p.l3);
}

static void
the_header_is_that_of_a_whole_packet(void **state)
{
	struct test_frame f;

	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		for (unsigned ext = 0; ext <= 16; ext += 8) {
			uint8_t *l3 = finish(&f, v6, ext, 0, 0);
			unsigned header = (v6 ? 40 : 20) + ext;
			struct pkt p = {.flags = 0};

			assert_int_equal(l3 - (test_eth(&f) + PKT_ETH_LEN), v6 ? FRAG_HEADER6 : 0);
			/* Of the UDP header in it, length: bytes 4 and 5 of the payload. */
			test_put16(l3 + header + 4, 164);
			test_put16(l3 - 2, v6 ? 0x86dd : 0x0800);
			assert_int_equal(pkt_parse(&p, l3 - PKT_ETH_LEN, PKT_ETH_LEN + header + 64,
						   PKT_ETH_LEN + header + 164),
					 DROP_NONE);
			assert_int_equal(p.ip_len, header + 164);
			assert_int_equal(p.flags & (PKT_F_FRAGMENT | PKT_F_L4 | PKT_F_L4_BAD), PKT_F_L4);
			assert_int_equal(p.l3_len, header);
		}
	}
}

static void
congestion_met_by_a_fragment_is_not_lost(void **state)
{
	static const struct {
		uint8_t a, b;
		int want;
	} cases[] = {{0, 0, 0}, {2, 2, 2}, {2, 3, 3}, {3, 1, 3}, {3, 3, 3}, {0, 3, -1}, {3, 0, -1}};
	struct test_frame f;

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int v6 = 0; v6 < 2; v6++) {
			const uint8_t *l3 = finish(&f, v6, 0, cases[i].a, cases[i].b);

			if (cases[i].want < 0)
				assert_null(l3);
			else
				assert_int_equal(v6 ? l3[1] >> 4 & 3 : l3[1] & 3, cases[i].want);
		}
	}
}

static void
the_longest_header_counts(void **state)
{
	struct frag_part first = {.len = 8, .more = true, .data_at = 60};
	struct frag_part last = {.offset = 8, .len = 65480, .data_at = 20};
	struct frag_datagram d = {.first = NULL};
	uint8_t l3[60] = {0x4f};

	(void)state;
	frag_add(&d, &first);
	assert_int_equal(frag_add(&d, &last), FRAG_COMPLETE);
	assert_null(frag_finish(&d, l3));
}

/* ---- cutting ---- */

static void
options_go_where_they_belong(void **state)
{
	/* Record route (7) in the first one only; stream id (136) and loose source route (131) in all. */
	static const uint8_t opt[] = {1, 7, 7, 4, 1, 2, 3, 4, 136, 4, 9, 9, 131, 3, 4, 0};
	static const uint8_t later[] = {136, 4, 9, 9, 131, 3, 4, 0};
	uint8_t l3[36] = {0x49, 0, 0, 0, 0x56, 0x78, 0, 0, 64, 17}, out[FRAG_HEADER_MAX];

	(void)state;
	memcpy(l3 + 20, opt, sizeof(opt));
	test_put16(l3 + 2, 1000);
	assert_int_equal(frag_unfragmentable(l3, sizeof(l3)), 36);
	assert_int_equal(frag_unfragmentable(l3, 35), 0);
	assert_int_equal(frag_header(l3, 36, 0, 480, true, 0, out), 36);
	assert_memory_equal(out + 20, opt, sizeof(opt));
	assert_int_equal(out[2] << 8 | out[3], 516);
	assert_int_equal(out[6] << 8 | out[7], 0x2000);
	assert_int_equal(test_sum(0, out, 36), 0xffff);
	assert_int_equal(frag_header(l3, 36, 480, 484, false, 0, out), 28);
	assert_int_equal(out[0], 0x47);
	assert_memory_equal(out + 20, later, sizeof(later));
	assert_int_equal(out[2] << 8 | out[3], 28 + 484);
	assert_int_equal(out[6] << 8 | out[7], 60);
	assert_int_equal(test_sum(0, out, 28), 0xffff);
	/* A fragment of offset 800 that has others behind it is cut further. */
	test_put16(l3 + 6, 0x2000 | 100);
	frag_header(l3, 36, 480, 484, false, 0, out);
	assert_int_equal(out[6] << 8 | out[7], 0x2000 | 160);
}

static void
the_fragment_header_stands_behind_what_routers_read(void **state)
{
	/* Hop-by-hop, destination options, routing, destination options, UDP. */
	uint8_t l3[40 + 32 + 8] = {0x60}, out[FRAG_HEADER_MAX];
	unsigned n;

	(void)state;
	l3[6] = 0;
	l3[40] = 60;
	l3[48] = 43;
	l3[56] = 60;
	l3[64] = 17;
	assert_int_equal(frag_unfragmentable(l3, sizeof(l3)), 64);
	assert_int_equal(frag_unfragmentable(l3, 63), 0);
	n = frag_header(l3, 64, 1232, 500, true, 0x12345678, out);
	assert_int_equal(n, 72);
	assert_int_equal(out[56], 44);
	assert_int_equal(out[64], 60);
	assert_int_equal(out[66] << 8 | out[67], 1232 | 1);
	assert_memory_equal(out + 68, "\x12\x34\x56\x78", 4);
	assert_int_equal(out[4] << 8 | out[5], 32 + 500);
	/* Without a routing header destination options are for the receiver, behind the fragment header. */
	l3[48] = 17;
	assert_int_equal(frag_unfragmentable(l3, sizeof(l3)), 48);
	l3[6] = 17;
	assert_int_equal(frag_unfragmentable(l3, sizeof(l3)), 40);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(says_where_it_belongs),
	    cmocka_unit_test(impossible_ones_are_refused),
	    cmocka_unit_test(any_order_completes),
	    cmocka_unit_test(overlaps_end_a_datagram),
	    cmocka_unit_test(parts_are_limited),
	    cmocka_unit_test(the_header_is_that_of_a_whole_packet),
	    cmocka_unit_test(congestion_met_by_a_fragment_is_not_lost),
	    cmocka_unit_test(the_longest_header_counts),
	    cmocka_unit_test(options_go_where_they_belong),
	    cmocka_unit_test(the_fragment_header_stands_behind_what_routers_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

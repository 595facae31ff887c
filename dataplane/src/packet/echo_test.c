/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>

#include "packet/echo.h"
#include "test_frames.h"

enum { DATA = 21 };

static struct test_frame frame;

static bool
sum_right(const struct pkt *p)
{
	unsigned len = (unsigned)p->ip_len - p->l3_len;

	if (p->kind == PKT_IP6)
		return test_l4_sum(p->l3, p->l4, len, PKT_PROTO_ICMPV6) == 0xffff;
	return test_sum(0, p->l3, 20) == 0xffff && test_sum(0, p->l4, len) == 0xffff;
}

static struct pkt
message(bool v6, uint8_t type, uint16_t id, unsigned len)
{
	uint8_t *icmp = test_ip(&frame, v6, v6 ? PKT_PROTO_ICMPV6 : PKT_PROTO_ICMP, len);
	uint8_t *l3 = test_eth(&frame) + PKT_ETH_LEN;
	struct pkt p = {0};

	memset(icmp, 0x5a, len);
	icmp[0] = type;
	icmp[1] = 0;
	test_put16(icmp + 2, 0);
	test_put16(icmp + 4, id);
	test_put16(icmp + 2,
		   ~(v6 ? test_l4_sum(l3, icmp, len, PKT_PROTO_ICMPV6) : test_sum(0, icmp, len)) & 0xffff);
	if (!v6)
		test_put16(l3 + 10, ~test_sum(0, l3, 20) & 0xffff);
	assert_int_equal(pkt_parse(&p, test_eth(&frame), frame.len, frame.len), DROP_NONE);
	return p;
}

static void
test_ports(void **state)
{
	for (int v6 = 0; v6 < 2; v6++) {
		uint16_t fixed = htons(v6 ? 0x8000 : 0x0800);
		struct pkt p = message(v6, v6 ? 128 : 8, 0x1234, 8 + DATA);

		assert_false(p.flags & PKT_F_L4);
		assert_true(echo_parse(&p));
		assert_true(p.flags & PKT_F_L4);
		assert_true(echo_is_request(&p));
		assert_int_equal(p.sport, htons(0x1234));
		assert_int_equal(p.dport, fixed);
		p = message(v6, v6 ? 129 : 0, 0x1234, 8);
		assert_true(echo_parse(&p));
		assert_false(echo_is_request(&p));
		assert_int_equal(p.sport, fixed);
		assert_int_equal(p.dport, htons(0x1234));
	}
}

static void
test_others(void **state)
{
	struct pkt p;

	for (int v6 = 0; v6 < 2; v6++) {
		/* The other family's types, errors, timestamps, neighbour discovery. */
		static const uint8_t types[2][6] = {{3, 5, 11, 13, 128, 129}, {0, 1, 2, 8, 135, 136}};

		for (unsigned i = 0; i < 6; i++) {
			p = message(v6, types[v6][i], 7, 8 + DATA);
			assert_false(echo_parse(&p));
			assert_int_equal(p.flags & PKT_F_L4, 0);
		}
		/* Cut within the header, by its own length or by the buffer. */
		p = message(v6, v6 ? 128 : 8, 7, 7);
		assert_false(echo_parse(&p));
		p = message(v6, v6 ? 128 : 8, 7, 8);
		p.avail--;
		assert_false(echo_parse(&p));
		p = message(v6, v6 ? 128 : 8, 7, 8);
		p.l4[1] = 1;
		assert_false(echo_parse(&p));
		p = message(v6, v6 ? 128 : 8, 7, 8);
		p.flags |= PKT_F_FRAGMENT;
		assert_false(echo_parse(&p));
	}
}

static void
test_rewrite(void **state)
{
	static const union inet_ip s4 = {.b = {203, 0, 113, 9}}, d4 = {.b = {10, 255, 0, 1}};
	static const union inet_ip s6 = {.b = {0xfd, 1, [15] = 9}},
				   d6 = {.b = {0xfd, 2, [7] = 0xff, [15] = 1}};

	for (int v6 = 0; v6 < 2; v6++) {
		for (unsigned id = 0; id < 0x10000; id += 0x1111) {
			struct pkt p = message(v6, v6 ? 128 : 8, 0x1234, 8 + DATA);

			echo_rewrite(&p, v6 ? &s6 : &s4, v6 ? &d6 : &d4, htons((uint16_t)id));
			assert_memory_equal(p.l3 + (v6 ? 8 : 12), v6 ? &s6 : &s4, v6 ? 16 : 4);
			assert_memory_equal(p.l3 + (v6 ? 24 : 16), v6 ? &d6 : &d4, v6 ? 16 : 4);
			assert_int_equal(p.l4[4] << 8 | p.l4[5], id);
			assert_true(sum_right(&p));
			/* What was wrong stays wrong. */
			p.l4[10] ^= 1;
			echo_rewrite(&p, v6 ? &d6 : &d4, v6 ? &s6 : &s4, htons(0x1234));
			assert_false(sum_right(&p));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_ports), cmocka_unit_test(test_others),
					   cmocka_unit_test(test_rewrite)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

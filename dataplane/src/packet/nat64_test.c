/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <arpa/inet.h>

#include "packet/nat64.h"
#include "test_frames.h"

static struct test_frame frame;

static struct pkt
parsed(void)
{
	struct pkt p = {0};

	assert_int_equal(pkt_parse(&p, test_eth(&frame), frame.len, frame.len), DROP_NONE);
	return p;
}

static void
test_tcp_to_ip4(void **state)
{
	struct pkt p;
	uint32_t s, d;

	memcpy(&s, "\x0a\0\2\xc8", 4);
	memcpy(&d, "\x0a\0\2\x0b", 4);
	test_tcp(&frame, true, TCP_SYN, "\2\4\5\xa0", 4, 9);
	test_eth(&frame)[PKT_ETH_LEN] = 0x6a; /* traffic class and flow are not carried over */
	p = parsed();
	p.l3[7] = 17;
	nat64_to_ip4(&p, s, d, htons(2000), htons(8080), 0);
	assert_int_equal(p.kind, PKT_IP4);
	assert_int_equal(p.ip_len, 20 + 24 + 9);
	assert_ptr_equal(p.l3, p.l4 - 20);
	assert_memory_equal(p.l3, "\x45\0\0\x35\0\0\x40\0\x11\6", 10);
	assert_memory_equal(p.l3 + 12, "\x0a\0\2\xc8\x0a\0\2\x0b", 8);
	assert_memory_equal(p.l4, "\x07\xd0\x1f\x90", 4);
	assert_true(test_checksums_ok(p.l3, p.l4, p.ip_len, PKT_PROTO_TCP));
	assert_int_equal(p.avail, p.ip_len);
}

static void
test_udp_to_ip6(void **state)
{
	static const union inet_ip s = {{0x20, 1, 0xd, 0xb8, [15] = 0x53}}, d = {{0xfd, 0, [15] = 9}};
	struct pkt p;

	test_udp(&frame, false, 30);
	p = parsed();
	p.l3[8] = 3;
	assert_true(nat64_to_ip6(&p, &s, &d, htons(53), htons(4444), 0));
	assert_int_equal(p.kind, PKT_IP6);
	assert_int_equal(p.ip_len, 40 + 38);
	assert_memory_equal(p.l3, "\x60\0\0\0\0\x26\x11\3", 8);
	assert_memory_equal(p.l3 + 8, &s, 16);
	assert_memory_equal(p.l3 + 24, &d, 16);
	assert_memory_equal(p.l4, "\0\x35\x11\x5c", 4);
	assert_true(test_checksums_ok(p.l3, p.l4, p.ip_len, PKT_PROTO_UDP));
}

/* IPv4 options go; a missing UDP checksum is told. */
static void
test_options_and_no_checksum(void **state)
{
	static const union inet_ip s = {{0xfd, [15] = 1}}, d = {{0xfd, [15] = 2}};
	struct pkt p;
	uint8_t *l3;

	test_udp(&frame, false, 4);
	l3 = test_eth(&frame) + PKT_ETH_LEN;
	memmove(l3 + 28, l3 + 20, 12);
	memset(l3 + 20, 1, 8);
	l3[0] = 0x47;
	test_put16(l3 + 2, 28 + 12);
	frame.len += 8;
	memset(l3 + 28 + 6, 0, 2);
	test_put16(l3 + 10, 0);
	test_put16(l3 + 10, ~test_sum(0, l3, 28) & 0xffff);
	p = parsed();
	assert_false(nat64_to_ip6(&p, &s, &d, 1, 2, 0));
	assert_int_equal(p.ip_len, 40 + 12);
	assert_ptr_equal(p.l4, p.l3 + 40);
	assert_memory_equal(p.l4 + 6, "\0\0", 2);
	assert_memory_equal(p.l4 + 8, "\0\1\2\3", 4);
}

/* Other changes of the transport header go into the same update. */
static void
test_changes(void **state)
{
	struct pkt p;
	uint64_t changes;
	uint16_t window, old;

	test_tcp(&frame, true, TCP_ACK, "", 0, 3);
	p = parsed();
	memcpy(&old, p.l4 + 14, 2);
	window = 0x1234;
	memcpy(p.l4 + 14, &window, 2);
	changes = (uint64_t)(uint16_t)~old + window;
	nat64_to_ip4(&p, 0x01020304, 0x05060708, 1, 2, changes);
	assert_true(test_checksums_ok(p.l3, p.l4, p.ip_len, PKT_PROTO_TCP));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_tcp_to_ip4),
	    cmocka_unit_test(test_udp_to_ip6),
	    cmocka_unit_test(test_options_and_no_checksum),
	    cmocka_unit_test(test_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include <arpa/inet.h>

#include "packet/icmp_error.h"
#include "test_frames.h"

static struct test_frame frame, quoted;

/* A frame with an error about the packet in `quoted`, of which cut bytes are quoted. */
static struct pkt
error(bool v6, uint8_t type, uint8_t code, uint32_t info, unsigned cut)
{
	const uint8_t *q = test_eth(&quoted) + PKT_ETH_LEN;
	uint8_t *icmp = test_ip(&frame, v6, v6 ? PKT_PROTO_ICMPV6 : PKT_PROTO_ICMP, 8 + cut), *l3;
	struct pkt p = {0};

	icmp[0] = type;
	icmp[1] = code;
	test_put16(icmp + 2, 0);
	test_put32(icmp + 4, info);
	memcpy(icmp + 8, q, cut);
	l3 = test_eth(&frame) + PKT_ETH_LEN;
	if (v6) {
		test_put16(icmp + 2, (uint16_t)~test_l4_sum(l3, icmp, 8 + cut, PKT_PROTO_ICMPV6));
	} else {
		test_put16(l3 + 10, 0);
		test_put16(l3 + 10, ~test_sum(0, l3, 20) & 0xffff);
		test_put16(icmp + 2, ~test_sum(0, icmp, 8 + cut) & 0xffff);
	}
	assert_int_equal(pkt_parse(&p, test_eth(&frame), frame.len, frame.len), DROP_NONE);
	return p;
}

static union inet_ip
ip(int af, const char *text)
{
	union inet_ip out = {{0}};

	assert_int_equal(inet_pton(af, text, &out), 1);
	return out;
}

/* The error that was written is read again as any host would: the packet and its quote must be right. */
static struct pkt
reread(uint8_t *out, unsigned len, struct icmp_error *e)
{
	static uint8_t buf[PKT_ETH_LEN + ICMP_ERROR_MAX];
	struct pkt p = {0};

	memcpy(buf + PKT_ETH_LEN, out, len);
	test_put16(buf + 12, out[0] >> 4 == 6 ? 0x86dd : 0x0800);
	assert_int_equal(pkt_parse(&p, buf, PKT_ETH_LEN + len, PKT_ETH_LEN + len), DROP_NONE);
	assert_int_equal(icmp_error_parse(&p, e), ICMP_ERROR_FOUND);
	return p;
}

static void
test_same_family(void **state)
{
	for (int v6 = 0; v6 < 2; v6++) {
		int af = v6 ? INET_AF_V6 : INET_AF_V4;
		union inet_ip vip = ip(af, v6 ? "fd00::80" : "203.0.113.80"),
			      client = ip(af, v6 ? "fd00::7" : "203.0.113.7");
		unsigned l3_len = v6 ? 40 : 20;
		uint8_t out[ICMP_ERROR_MAX];
		struct icmp_error e, back;
		struct pkt p;
		unsigned len;

		test_tcp(&quoted, v6, TCP_ACK, "", 0, 100);
		p = error(v6, v6 ? 2 : 3, v6 ? 0 : 4, 1400, l3_len + 120);
		assert_int_equal(icmp_error_parse(&p, &e), ICMP_ERROR_FOUND);
		assert_int_equal(e.proto, PKT_PROTO_TCP);
		assert_int_equal(ntohs(e.sport), 40000);
		assert_int_equal(ntohs(e.dport), 80);
		assert_int_equal(e.ip_len, l3_len + 120);
		e.saddr = client;
		e.daddr = vip;
		e.sport = htons(999);
		e.dport = htons(8443);
		len = icmp_error_write(out, &e, &vip, &client, 0x20);
		assert_int_equal(len, 2 * l3_len + 8 + 120);
		p = reread(out, len, &back);
		assert_memory_equal(&back.saddr, &client, 16);
		assert_memory_equal(&back.daddr, &vip, 16);
		assert_memory_equal(p.l3 + (v6 ? 8 : 12), &vip, v6 ? 16 : 4);
		assert_int_equal(back.info, 1400);
		assert_int_equal(ntohs(back.sport), 999);
		assert_memory_equal(back.l4 + 4, "\0\0\0\x10", 4); /* 0xfffffff0 + 0x20 */
		/* The whole packet was quoted, so its checksums can be verified. */
		assert_true(test_checksums_ok(back.l4 - l3_len, back.l4, back.ip_len, PKT_PROTO_TCP));
	}
}

static void
test_shortest_quote(void **state)
{
	union inet_ip a = ip(INET_AF_V4, "10.9.8.7"), b = ip(INET_AF_V4, "10.9.8.6");
	uint8_t out[ICMP_ERROR_MAX];
	struct icmp_error e, back;
	struct pkt p;
	unsigned len;

	test_tcp(&quoted, false, TCP_ACK, "", 0, 100);
	p = error(false, 11, 0, 0, 28);
	assert_int_equal(icmp_error_parse(&p, &e), ICMP_ERROR_FOUND);
	assert_int_equal(e.l4_len, 8);
	e.saddr = a;
	e.daddr = b;
	len = icmp_error_write(out, &e, &b, &a, 0);
	assert_int_equal(len, 56);
	reread(out, len, &back);
	assert_int_equal(back.ip_len, 140); /* the length of the packet, not of the quote */
	p = error(false, 11, 0, 0, 27);
	assert_int_equal(icmp_error_parse(&p, &e), ICMP_ERROR_NONE);
}

static void
test_not_for_us(void **state)
{
	struct icmp_error e;
	struct pkt p;
	uint8_t *q;

	test_udp(&quoted, false, 20);
	q = test_eth(&quoted) + PKT_ETH_LEN;
	p = error(false, 8, 0, 0, 48); /* an echo request */
	assert_int_equal(icmp_error_parse(&p, &e), ICMP_ERROR_NONE);
	p = error(false, 3, 3, 0, 48);
	assert_int_equal(icmp_error_parse(&p, &e), ICMP_ERROR_FOUND);
	p.l4[40]++;
	assert_int_equal(icmp_error_parse(&p, &e), ICMP_ERROR_MALFORMED);
	q[7] = 1; /* a later fragment */
	p = error(false, 3, 3, 0, 48);
	assert_int_equal(icmp_error_parse(&p, &e), ICMP_ERROR_NONE);
	q[7] = 0;
	q[9] = 89;
	p = error(false, 3, 3, 0, 48);
	assert_int_equal(icmp_error_parse(&p, &e), ICMP_ERROR_NONE);
	q[9] = 17;
	q[0] = 0x4f; /* options beyond the quote */
	p = error(false, 3, 3, 0, 48);
	assert_int_equal(icmp_error_parse(&p, &e), ICMP_ERROR_NONE);
	p.avail--;
	assert_int_equal(icmp_error_parse(&p, &e), ICMP_ERROR_MALFORMED);
}

/* A server's packet to LIP was too big: the IPv6 client learns it in its own family. */
static void
test_to_ip6(void **state)
{
	union inet_ip vip = ip(INET_AF_V6, "fd00::80"), client = ip(INET_AF_V6, "fd00::7");
	uint8_t out[ICMP_ERROR_MAX];
	struct icmp_error e, back;
	struct pkt p;
	unsigned len;

	test_udp(&quoted, false, 100);
	p = error(false, 3, 4, 1400, 128);
	assert_int_equal(icmp_error_parse(&p, &e), ICMP_ERROR_FOUND);
	assert_true(icmp_error_translate(&e));
	e.saddr = client;
	e.daddr = vip;
	len = icmp_error_write(out, &e, &vip, &client, 0);
	reread(out, len, &back);
	assert_int_equal(back.af, INET_AF_V6);
	assert_int_equal(back.type, 2);
	assert_int_equal(back.info, 1420);
	assert_int_equal(back.ip_len, 148);
	assert_true(test_checksums_ok(back.l4 - 40, back.l4, back.ip_len, PKT_PROTO_UDP));
}

static void
test_kinds_between_families(void **state)
{
	static const struct {
		int af;
		uint8_t type, code;
		uint32_t info;
		bool ok;
		uint8_t to_type, to_code;
		uint32_t to_info;
	} rows[] = {
	    {INET_AF_V4, 3, 0, 0, true, 1, 0, 0},    {INET_AF_V4, 3, 1, 0, true, 1, 0, 0},
	    {INET_AF_V4, 3, 3, 0, true, 1, 4, 0},    {INET_AF_V4, 3, 13, 0, true, 1, 1, 0},
	    {INET_AF_V4, 3, 4, 0, true, 2, 0, 1280}, {INET_AF_V4, 3, 4, 0xff0005dc, true, 2, 0, 1520},
	    {INET_AF_V4, 11, 0, 5, true, 3, 0, 0},   {INET_AF_V4, 3, 2, 0, false, 0, 0, 0},
	    {INET_AF_V4, 3, 16, 0, false, 0, 0, 0},  {INET_AF_V4, 4, 0, 0, false, 0, 0, 0},
	    {INET_AF_V6, 1, 0, 0, true, 3, 1, 0},    {INET_AF_V6, 1, 1, 0, true, 3, 10, 0},
	    {INET_AF_V6, 1, 4, 0, true, 3, 3, 0},    {INET_AF_V6, 2, 0, 1500, true, 3, 4, 1480},
	    {INET_AF_V6, 2, 0, 0, true, 3, 4, 68},   {INET_AF_V6, 2, 0, 0xffffffff, true, 3, 4, 65515},
	    {INET_AF_V6, 3, 1, 0, true, 11, 1, 0},   {INET_AF_V6, 1, 5, 0, false, 0, 0, 0},
	    {INET_AF_V6, 4, 1, 0, false, 0, 0, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct icmp_error e = {
		    .af = rows[i].af, .type = rows[i].type, .code = rows[i].code, .info = rows[i].info};

		assert_int_equal(icmp_error_translate(&e), rows[i].ok);
		if (!rows[i].ok)
			continue;
		assert_int_equal(e.type, rows[i].to_type);
		assert_int_equal(e.code, rows[i].to_code);
		assert_int_equal(e.info, rows[i].to_info);
	}
}

static void
test_echo(void **state)
{
	union inet_ip a = ip(INET_AF_V4, "10.9.8.7"), b = ip(INET_AF_V4, "10.9.8.6");
	uint8_t out[ICMP_ERROR_MAX], *icmp = test_ip(&quoted, false, PKT_PROTO_ICMP, 16);
	struct icmp_error e, back;
	struct pkt p;

	memcpy(icmp, "\x08\0\0\0\x12\x34\0\1abcdefgh", 16);
	test_put16(icmp + 2, ~test_sum(0, icmp, 16) & 0xffff);
	p = error(false, 11, 0, 0, 36);
	assert_int_equal(icmp_error_parse(&p, &e), ICMP_ERROR_FOUND);
	assert_int_equal(ntohs(e.sport), 0x1234);
	e.sport = htons(0x4321);
	reread(out, icmp_error_write(out, &e, &a, &b, 0), &back);
	assert_int_equal(ntohs(back.sport), 0x4321);
	assert_int_equal(test_sum(0, back.l4, 16), 0xffff);
}

/* Long quotes are cut, never written beyond the room. */
static void
test_longest(void **state)
{
	union inet_ip a = ip(INET_AF_V6, "fd00::7"), b = ip(INET_AF_V6, "fd00::6");
	uint8_t *out = malloc(ICMP_ERROR_MAX);
	struct icmp_error e, back;
	struct pkt p;

	test_udp(&quoted, true, 1400);
	p = error(true, 3, 0, 0, 1448);
	assert_int_equal(icmp_error_parse(&p, &e), ICMP_ERROR_FOUND);
	assert_int_equal(icmp_error_write(out, &e, &a, &b, 0), ICMP_ERROR_MAX);
	reread(out, ICMP_ERROR_MAX, &back);
	assert_int_equal(back.ip_len, 1448);
	free(out);
}

static void
test_mtu(void **state)
{
	static const struct {
		struct icmp_error e;
		uint32_t mtu;
	} rows[] = {
	    {{.af = INET_AF_V4, .type = ICMP4_UNREACHABLE, .code = ICMP4_FRAG_NEEDED, .info = 1400}, 1400},
	    {{.af = INET_AF_V4, .type = ICMP4_UNREACHABLE, .code = ICMP4_FRAG_NEEDED, .info = 0x70578}, 1400},
	    {{.af = INET_AF_V4, .type = ICMP4_UNREACHABLE, .code = ICMP4_FRAG_NEEDED}, 0},
	    {{.af = INET_AF_V4, .type = ICMP4_UNREACHABLE, .code = 3, .info = 1400}, 0},
	    {{.af = INET_AF_V4, .type = ICMP6_TOO_BIG, .code = 0, .info = 1400}, 0},
	    {{.af = INET_AF_V6, .type = ICMP6_TOO_BIG, .info = 70000}, 70000},
	    {{.af = INET_AF_V6, .type = ICMP4_UNREACHABLE, .code = ICMP4_FRAG_NEEDED, .info = 1400}, 0},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(icmp_error_mtu(&rows[i].e), rows[i].mtu);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_same_family),
	    cmocka_unit_test(test_shortest_quote),
	    cmocka_unit_test(test_not_for_us),
	    cmocka_unit_test(test_to_ip6),
	    cmocka_unit_test(test_kinds_between_families),
	    cmocka_unit_test(test_echo),
	    cmocka_unit_test(test_longest),
	    cmocka_unit_test(test_mtu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

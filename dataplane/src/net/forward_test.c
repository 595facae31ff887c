/* SPDX-License-Identifier: Apache-2.0 */
/* Packets for others: forwarding, fragments, and the errors that it makes. */
#include "two_ports_test.h"

#include <rte_ip.h>

#include "core/conf.h"
#include "core/errors.h"
#include "icmp.h"
#include "neigh.h"
#include "route.h"

/* ---- to others ---- */

static void
forwarded4_loses_one_hop(void **state)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(frames[0].data + 14);

	(void)state;
	/* Checksums on both sides of the carry. */
	for (unsigned ttl = 2; ttl < 256; ttl++) {
		frames_clear();
		hear_udp4("10.0.0.2", "10.0.1.2", 100, (uint8_t)ttl, true);
		assert_int_equal(nframes, 1);
		assert_int_equal(frames[0].port, 1);
		assert_int_equal(frames[0].len, 14 + 128);
		assert_int_equal(ip->time_to_live, ttl - 1);
		assert_int_equal(rte_raw_cksum(ip, 20), 0xffff);
	}
	assert_memory_equal(frames[0].data, "\x02\0\0\0\0\xaa\x02\0\0\0\0\x11\x08\0", 14);
}

static void
assert_error4(unsigned len, uint8_t type, uint8_t code, uint16_t info)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(frames[0].data + 14);
	const uint8_t *icmp = frames[0].data + 34;

	assert_int_equal(nframes, 1);
	assert_int_equal(frames[0].port, 0);
	assert_int_equal(frames[0].len, 14 + len);
	assert_int_equal(rte_be_to_cpu_16(ip->total_length), len);
	assert_int_equal(ip->src_addr, ip4("10.0.0.1").v4);
	assert_int_equal(ip->dst_addr, ip4("10.0.0.2").v4);
	assert_int_equal(ip->type_of_service, 0xc0);
	assert_int_equal(ip->time_to_live, 64);
	assert_int_equal(rte_raw_cksum(ip, 20), 0xffff);
	assert_int_equal(rte_raw_cksum(icmp, len - 20), 0xffff);
	assert_int_equal(icmp[0], type);
	assert_int_equal(icmp[1], code);
	assert_int_equal(icmp[6] << 8 | icmp[7], info);
	assert_int_equal(icmp[8], 0x45);
	assert_int_equal(icmp[12] << 8 | icmp[13], 0x1234);
	frames_clear();
}

static void
errors4_of_forwarding(void **state)
{
	struct route_spec narrow = {
	    .port = ports[1], .af = INET_AF_V4, .dst = ip4("10.0.1.0"), .plen = 24, .mtu = 1000};

	(void)state;
	hear_udp4("10.0.0.2", "10.0.1.2", 100, 1, false);
	assert_int_equal(drops(DROP_IP4_TTL), 1);
	assert_error4(20 + 8 + 128, 11, 0, 0);
	hear_udp4("10.0.0.2", "10.77.0.1", 1000, 64, false);
	assert_int_equal(drops(DROP_IP4_NO_ROUTE), 1);
	assert_error4(576, 3, 0, 0);
	assert_int_equal(route_change(&narrow), EDPVS_OK);
	hear_udp4("10.0.0.2", "10.0.1.2", 973, 64, true);
	assert_int_equal(drops(DROP_IP4_TOO_BIG), 1);
	assert_error4(576, 3, 4, 1000);
	hear_udp4("10.0.0.2", "10.0.1.2", 972, 64, true); /* fits exactly */
	assert_int_equal(nframes, 1);
	assert_int_equal(frames[0].len, 14 + 1000);
	frames_clear();
	conf.ipv4.forwarding = false;
	hear_udp4("10.0.0.2", "10.0.1.2", 100, 1, false);
	assert_int_equal(drops(DROP_IP4_FORWARD_OFF), 1);
	assert_int_equal(nframes, 0);
}

static void
no_errors_about_errors_or_to_nowhere(void **state)
{
	(void)state;
	/* TTL 1: an ICMP error gets none, an echo request does. */
	hear(TO_PORT0 "0800 4500001c 12340000 010192aa 0a000002 0a000102 0300 fcff 0000 0000");
	assert_int_equal(nframes, 0);
	hear(TO_PORT0 "0800 4500001c 12340000 010192aa 0a000002 0a000102 0800 f7ff 0000 0000");
	assert_error4(20 + 8 + 28, 11, 0, 0);
	/* A later fragment. */
	hear(TO_PORT0 "0800 4500001c 12340001 01119299 0a000002 0a000102 0000 0000 0000 0000");
	assert_int_equal(nframes, 0);
	assert_int_equal(drops(DROP_IP4_TTL), 3);
}

static void
errors_are_limited(void **state)
{
	enum { N = FRAMES_MAX - 1 };
	unsigned sent = 0;

	(void)state;
	pass_ms(1000);
	for (unsigned i = 0; i < ICMP_ERRORS_PER_S + 500; i++) {
		hear_udp4("10.0.0.2", "10.0.1.2", 0, 1, false);
		sent += nframes;
		frames_clear();
	}
	assert_int_equal(sent, ICMP_ERRORS_PER_S);
	assert_int_equal(drops(DROP_ICMP_RATE), 500);
	pass_ms(10);
	for (unsigned i = 0; i < 20; i++)
		hear_udp4("10.0.0.2", "10.0.1.2", 0, 1, false);
	assert_int_equal(nframes, 10);
}

static void
big_packets_without_df_are_fragmented(void **state)
{
	struct route_spec narrow = {
	    .port = ports[1], .af = INET_AF_V4, .dst = ip4("10.0.1.0"), .plen = 24, .mtu = 1000};
	uint8_t got[2048];
	unsigned total = 0;

	(void)state;
	assert_int_equal(route_change(&narrow), EDPVS_OK);
	hear_udp4("10.0.0.2", "10.0.1.2", 1372, 64, false);
	assert_int_equal(nframes, 2);
	for (unsigned i = 0; i < 2; i++) {
		const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(frames[i].data + 14);
		unsigned len = rte_be_to_cpu_16(ip->total_length),
			 field = rte_be_to_cpu_16(ip->fragment_offset);

		assert_memory_equal(frames[i].data, "\x02\0\0\0\0\xaa\x02\0\0\0\0\x11\x08\0", 14);
		assert_int_equal(frames[i].len, 14 + len);
		assert_true(len <= 1000);
		assert_int_equal((field & 0x1fff) * 8, total);
		assert_int_equal(field >> 13, i == 0 ? 1 : 0);
		assert_int_equal(ip->packet_id, rte_cpu_to_be_16(0x1234));
		assert_int_equal(ip->time_to_live, 63);
		assert_int_equal(rte_raw_cksum(ip, 20), 0xffff);
		memcpy(got + total, frames[i].data + 34, len - 20);
		total += len - 20;
	}
	assert_int_equal(total, 1380);
	for (unsigned i = 0; i < 1372; i++)
		assert_int_equal(got[8 + i], (uint8_t)i);
}

static void
assert_error6(unsigned len, uint8_t type, uint8_t code, uint32_t info)
{
	const struct rte_ipv6_hdr *ip = (const struct rte_ipv6_hdr *)(frames[0].data + 14);
	const uint8_t *icmp = frames[0].data + 54;

	assert_int_equal(nframes, 1);
	assert_int_equal(frames[0].port, 0);
	assert_int_equal(frames[0].len, 14 + len);
	assert_memory_equal(ip->src_addr, ip6("2001:db8::1").b, 16);
	assert_memory_equal(ip->dst_addr, ip6("2001:db8::2").b, 16);
	assert_int_equal(icmp[0], type);
	assert_int_equal(icmp[1], code);
	assert_int_equal(icmp[6] << 8 | icmp[7], info);
	assert_int_equal(rte_ipv6_udptcp_cksum_verify(ip, icmp), 0);
	frames_clear();
}

static void
forwarding6(void **state)
{
	(void)state;
	hear_udp6("2001:db8::2", "2001:db8:1::2", 100, 2);
	assert_int_equal(nframes, 1);
	assert_int_equal(frames[0].port, 1);
	assert_int_equal(frames[0].data[21], 1);
	frames_clear();
	hear_udp6("2001:db8::2", "2001:db8:1::2", 100, 1);
	assert_int_equal(drops(DROP_IP6_HOP_LIMIT), 1);
	assert_error6(40 + 8 + 148, 3, 0, 0);
	hear_udp6("2001:db8::2", "2001:db8:9::2", 100, 64);
	assert_int_equal(drops(DROP_IP6_NO_ROUTE), 1);
	assert_error6(40 + 8 + 148, 1, 0, 0);
	ports[1]->mtu = 1400;
	hear_udp6("2001:db8::2", "2001:db8:1::2", 1353, 64);
	assert_int_equal(drops(DROP_IP6_TOO_BIG), 1);
	assert_error6(1280, 2, 0, 1400);
	hear_udp6("fe80::2", "2001:db8:1::2", 100, 64);
	hear_udp6("2001:db8::2", "fe80::9", 100, 64);
	hear_udp6("::", "2001:db8:1::2", 100, 64);
	assert_int_equal(drops(DROP_IP6_ADDRESS), 3);
	frames_clear();
	conf.ipv6.forwarding = false;
	hear_udp6("2001:db8::2", "2001:db8:1::2", 100, 1);
	assert_int_equal(drops(DROP_IP6_FORWARD_OFF), 1);
	assert_int_equal(nframes, 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, two_ports_up, world_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(forwarded4_loses_one_hop),
	    TEST(errors4_of_forwarding),
	    TEST(no_errors_about_errors_or_to_nowhere),
	    TEST(errors_are_limited),
	    TEST(big_packets_without_df_are_fragmented),
	    TEST(forwarding6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

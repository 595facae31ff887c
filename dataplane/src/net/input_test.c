/* SPDX-License-Identifier: Apache-2.0 */
/* Frames for us, and frames that nobody should send. */
#include "two_ports_test.h"

#include <rte_ip.h>

#include "core/conf.h"
#include "core/errors.h"
#include "icmp.h"
#include "neigh.h"
#include "route.h"

/* ---- ARP and ND ---- */

static void
arp_request_is_answered_in_place(void **state)
{
	(void)state;
	hear("ffffffffffff 0200000000cc 0806 0001 0800 06 04 0001 0200000000cc 0a000009 000000000000 0a000001"
	     "000000000000000000000000000000000000");
	assert_int_equal(nframes, 1);
	assert_frame(
	    0, 0,
	    "0200000000cc 020000000010 0806 0001 0800 06 04 0002 020000000010 0a000001 0200000000cc 0a000009"
	    "000000000000000000000000000000000000");
	/* An RFC 5227 probe is answered as well. */
	frames_clear();
	hear("ffffffffffff 0200000000cc 0806 0001 0800 06 04 0001 0200000000cc 00000000 000000000000 "
	     "0a000001");
	assert_int_equal(nframes, 1);
}

static void
arp_that_gets_no_answer(void **state)
{
	static const char *const malformed[] = {
	    "ffffffffffff 0200000000cc 0806 0006 0800 06 04 0001 0200000000cc 0a000009 000000000000 0a000001",
	    "ffffffffffff 0200000000cc 0806 0001 86dd 06 04 0001 0200000000cc 0a000009 000000000000 0a000001",
	    "ffffffffffff 0200000000cc 0806 0001 0800 08 04 0001 0200000000cc 0a000009 000000000000 0a000001",
	    "ffffffffffff 0200000000cc 0806 0001 0800 06 10 0001 0200000000cc 0a000009 000000000000 0a000001",
	    "ffffffffffff 0200000000cc 0806 0001 0800 06 04 0001 ffffffffffff 0a000009 000000000000 0a000001",
	    "ffffffffffff 0200000000cc 0806 0001 0800 06 04 0001 0200000000cc e0000009 000000000000 0a000001",
	    "ffffffffffff 0200000000cc 0806 0001 0800 06 04 0001 0200000000cc 0a000009 000000000000 0a0000",
	};

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(malformed); i++)
		hear(malformed[i]);
	assert_int_equal(drops(DROP_ARP_MALFORMED), RTE_DIM(malformed));
	/* A foreign address, and our address of the other port. */
	hear("ffffffffffff 0200000000cc 0806 0001 0800 06 04 0001 0200000000cc 0a000009 000000000000 "
	     "0a000005");
	hear("ffffffffffff 0200000000cc 0806 0001 0800 06 04 0001 0200000000cc 0a000009 000000000000 "
	     "0a000101");
	assert_int_equal(drops(DROP_ARP_NOT_OURS), 2);
	assert_int_equal(nframes, 0);
}

/* From 2001:db8::7, 02:00:00:00:00:cc, for 2001:db8::1. */
#define SOLICITATION(hops, sum)                                                                              \
	"3333ff000001 0200000000cc 86dd 60000000 0020 3a " hops " 20010db8000000000000000000000007"          \
	"ff0200000000000000000001ff000001 87 00 " sum " 00000000 20010db8000000000000000000000001"           \
	"0101 0200000000cc"

static void
solicitation_is_answered_and_its_sender_learned(void **state)
{
	union inet_ip sender = ip6("2001:db8::7");
	const struct rte_ipv6_hdr *ip;

	(void)state;
	hear(SOLICITATION("ff", "1b58"));
	assert_int_equal(nframes, 1);
	ip = (const struct rte_ipv6_hdr *)(frames[0].data + 14);
	assert_memory_equal(frames[0].data, "\x02\0\0\0\0\xcc\x02\0\0\0\0\x10\x86\xdd", 14);
	assert_int_equal(ip->hop_limits, 255);
	assert_memory_equal(ip->dst_addr, sender.b, 16);
	assert_int_equal(frames[0].data[54], 0x88);
	assert_int_equal(frames[0].data[58], 0x60); /* solicited, override */
	assert_memory_equal(frames[0].data + 78, "\x02\x01\x02\0\0\0\0\x10", 8);
	assert_int_equal(rte_ipv6_udptcp_cksum_verify(ip, ip + 1), 0);
	assert_int_equal(neigh_find(INET_AF_V6, &sender, 0)->state, NEIGH_REACHABLE);
}

static void
forged_neighbour_discovery_is_dropped(void **state)
{
	union inet_ip sender = ip6("2001:db8::7");

	(void)state;
	hear(SOLICITATION("fe", "1b58")); /* came through a router */
	hear(SOLICITATION("ff", "1234")); /* checksum */
	/* An option of length 0. */
	hear("3333ff000001 0200000000cc 86dd 60000000 0020 3a ff 20010db8000000000000000000000007"
	     "ff0200000000000000000001ff000001 87 00 1b59 00000000 20010db8000000000000000000000001"
	     "0100 0200000000cc");
	/* Truncated. */
	hear("3333ff000001 0200000000cc 86dd 60000000 0010 3a ff 20010db8000000000000000000000007"
	     "ff0200000000000000000001ff000001 87 00 0000 00000000 20010db800000000");
	assert_int_equal(drops(DROP_ND_MALFORMED), 4);
	/* Router advertisement; solicitation for somebody else. */
	hear("333300000001 0200000000cc 86dd 60000000 0010 3a ff fe800000000000000000000000000007"
	     "ff020000000000000000000000000001 86 00 0000 00000000 0000000000000000");
	hear("3333ff000005 0200000000cc 86dd 60000000 0018 3a ff 20010db8000000000000000000000007"
	     "ff0200000000000000000001ff000005 87 00 0000 00000000 20010db8000000000000000000000005");
	assert_int_equal(drops(DROP_ND_NOT_OURS), 2);
	assert_null(neigh_find(INET_AF_V6, &sender, 0));
	assert_int_equal(nframes, 0);
}

/* ---- to us ---- */

static void
echo4_is_answered(void **state)
{
	(void)state;
	/* Odd length, padding behind the packet, TTL 1, TOS kept. */
	hear(TO_PORT0
	     "0800 4510001f abcd4000 0101b9fe 0a000002 0a000001 0800 3298 0102 0003 616263 0000000000");
	assert_int_equal(nframes, 1);
	assert_frame(
	    0, 0, FROM_PORT0 "0800 4510001f abcd0000 4001bafe 0a000001 0a000002 0000 3a98 0102 0003 616263");
}

static void
echo4_that_gets_no_answer(void **state)
{
	(void)state;
	hear(TO_PORT0 "0800 4500001f 00000000 400166dc 0a000002 0a000001 0800 3299 0102 0003 616263");
	assert_int_equal(drops(DROP_ICMP_CHECKSUM), 1);
	hear(TO_PORT0 "0800 4500001a 00000000 400166e1 0a000002 0a000001 0800 f7ff 0000");
	assert_int_equal(drops(DROP_ICMP_MALFORMED), 1);
	/* A timestamp request. */
	hear(TO_PORT0 "0800 4500001c 00000000 400166df 0a000002 0a000001 0d00 f1fa 0102 0003");
	assert_int_equal(drops(DROP_ICMP_NOT_HANDLED), 1);
	/* First fragment. */
	hear(TO_PORT0 "0800 4500001c 00002000 400146df 0a000002 0a000001 0800 f6fa 0102 0003");
	assert_int_equal(drops(DROP_IP4_FRAGMENT), 1);
	/* Broadcast: to us by address, not by frame. */
	hear("ffffffffffff 0200000000aa 0800 4500001c 00000000 400166df 0a000002 0a000001 0800 f6fa 0102 "
	     "0003");
	assert_int_equal(drops(DROP_IP4_MULTICAST), 1);
	hear("0200000000ee 0200000000aa 0800 4500001c 00000000 400166df 0a000002 0a000001 0800 f6fa 0102 "
	     "0003");
	assert_int_equal(drops(DROP_OTHER_HOST), 1);
	assert_int_equal(nframes, 0);
}

static void
echo4_with_options_is_answered_without(void **state)
{
	(void)state;
	hear(TO_PORT0 "0800 46000020 00000000 400163da 0a000002 0a000001 01010100 0800 f6fa 0102 0003");
	assert_int_equal(nframes, 1);
	assert_frame(0, 0,
		     FROM_PORT0 "0800 4500001c 00000000 400166df 0a000001 0a000002 0000 fefa 0102 0003");
}

static void
echo6_is_answered(void **state)
{
	(void)state;
	hear(TO_PORT0
	     "86dd 60000000 000b 3a 40 20010db8000000000000000000000002 20010db8000000000000000000000001"
	     "8000 5edd 0102 0003 616263");
	assert_int_equal(nframes, 1);
	assert_frame(
	    0, 0,
	    FROM_PORT0
	    "86dd 60000000 000b 3a 40 20010db8000000000000000000000001 20010db8000000000000000000000002"
	    "8100 5ddd 0102 0003 616263");
	hear(TO_PORT0
	     "86dd 60000000 000b 3a 40 20010db8000000000000000000000002 20010db8000000000000000000000001"
	     "8000 0000 0102 0003 616263");
	assert_int_equal(drops(DROP_ICMP_CHECKSUM), 1);
}

static void
echo6_of_a_link_local_neighbour_stays_on_its_link(void **state)
{
	union inet_ip peer = ip6("fe80::2");
	uint8_t frame[128];
	unsigned n =
	    bytes("020000000011 0200000000aa 86dd 60000000 0008 3a 40 fe800000000000000000000000000002"
		  "fe800000000000000000000000000011 8000 81a3 0102 0003",
		  frame, sizeof(frame));

	(void)state;
	/* The route fe80::/64 leads to port 0, which was first. */
	must_add_addr("fe80::10", 64, 0);
	must_add_addr("fe80::11", 64, 1);
	assert_int_equal(neigh_add_static(INET_AF_V6, &peer, 1, &peer_mac), EDPVS_OK);
	receive(1, frame, n);
	assert_int_equal(nframes, 1);
	assert_int_equal(frames[0].port, 1);
	assert_memory_equal(frames[0].data, "\x02\0\0\0\0\xaa\x02\0\0\0\0\x11", 12);
}

static void
local_transport_without_service(void **state)
{
	(void)state;
	hear_udp4("10.0.0.2", "10.0.0.1", 10, 64, false);
	hear_udp6("2001:db8::2", "2001:db8::1", 10, 64);
	assert_int_equal(drops(DROP_LOCAL_NO_SERVICE), 2);
	hear(TO_PORT0 "88cc 0000"); /* LLDP */
	assert_int_equal(drops(DROP_NO_HANDLER), 1);
	assert_int_equal(nframes, 0);
}

static void
impossible_addresses(void **state)
{
	static const char *const sources[] = {"0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255"};

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(sources); i++)
		hear_udp4(sources[i], "10.0.0.1", 10, 64, false);
	hear_udp4("10.0.0.2", "127.0.0.1", 10, 64, false);
	hear_udp4("10.0.0.2", "0.0.0.0", 10, 64, false);
	assert_int_equal(drops(DROP_IP4_ADDRESS), 6);
	hear_udp4("10.0.0.2", "224.0.0.5", 10, 64, false);
	hear_udp4("10.0.0.2", "255.255.255.255", 10, 64, false);
	assert_int_equal(drops(DROP_IP4_MULTICAST), 2);
	hear_udp6("::1", "2001:db8::1", 10, 64);
	hear_udp6("ff02::1", "2001:db8::1", 10, 64);
	hear_udp6("2001:db8::2", "::1", 10, 64);
	hear_udp6("2001:db8::2", "ff01::1", 10, 64);
	assert_int_equal(drops(DROP_IP6_ADDRESS), 4);
	hear_udp6("2001:db8::2", "ff02::5", 10, 64);
	assert_int_equal(drops(DROP_IP6_MULTICAST), 1);
	conf.ipv6.disable = true;
	hear_udp6("2001:db8::2", "2001:db8::1", 10, 64);
	assert_int_equal(drops(DROP_IP6_DISABLED), 1);
	assert_int_equal(nframes, 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, two_ports_up, world_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(arp_request_is_answered_in_place),
	    TEST(arp_that_gets_no_answer),
	    TEST(solicitation_is_answered_and_its_sender_learned),
	    TEST(forged_neighbour_discovery_is_dropped),
	    TEST(echo4_is_answered),
	    TEST(echo4_that_gets_no_answer),
	    TEST(echo4_with_options_is_answered_without),
	    TEST(echo6_is_answered),
	    TEST(echo6_of_a_link_local_neighbour_stays_on_its_link),
	    TEST(local_transport_without_service),
	    TEST(impossible_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "net_test.h"

#include <rte_cycles.h>
#include <rte_ip.h>

#include "core/clock.h"
#include "core/conf.h"
#include "core/errors.h"
#include "neigh.h"

/* Port 0 is 02:00:00:00:00:10 with 10.0.0.1/24 and 2001:db8::1/64; the peer is 02:00:00:00:00:aa, 10.0.0.2,
 * 2001:db8::2. */
#define ARP_REQUEST                                                                                          \
	"ffffffffffff 020000000010 0806 0001 0800 06 04 0001 020000000010 0a000001 000000000000 0a000002"    \
	"000000000000000000000000000000000000"
#define ARP_REPLY                                                                                            \
	"020000000010 0200000000aa 0806 0001 0800 06 04 0002 0200000000aa 0a000002 020000000010 0a000001"    \
	"000000000000000000000000000000000000"

/* A UDP packet 192.0.2.1 -> 10.0.0.2 whose last byte tells them apart. */
static void
send_one(uint8_t mark)
{
	uint8_t ip[64];
	unsigned n =
	    bytes("4500001d 00004000 40110000 c0000201 0a000002 1388 1389 0009 0000 00", ip, sizeof(ip));

	ip[n - 1] = mark;
	net_output(workers[0], INET_AF_V4, packet(ip, n));
	settle();
}

static void
hear(const char *hex)
{
	uint8_t frame[256];
	unsigned n = bytes(hex, frame, sizeof(frame));

	receive(0, frame, n);
}

static struct neigh *
peer(void)
{
	union inet_ip ip = ip4("10.0.0.2");

	return neigh_find(INET_AF_V4, &ip, 0);
}

static int
up(void **state)
{
	world_up(state);
	must_add_addr("10.0.0.1", 24, 0);
	return 0;
}

static void
one_request_then_packets_in_order(void **state)
{
	(void)state;
	for (uint8_t i = 0; i < 5; i++)
		send_one(i);
	assert_int_equal(nframes, 1);
	assert_frame(0, 0, ARP_REQUEST);
	assert_int_equal(peer()->state, NEIGH_SEND);
	frames_clear();
	hear(ARP_REPLY);
	assert_int_equal(nframes, 5);
	for (uint8_t i = 0; i < 5; i++) {
		assert_memory_equal(frames[i].data, "\x02\0\0\0\0\xaa\x02\0\0\0\0\x10\x08\0", 14);
		assert_int_equal(frames[i].data[frames[i].len - 1], i);
		assert_int_equal(frames[i].len, 14 + 29);
	}
	assert_int_equal(peer()->state, NEIGH_REACHABLE);

	/* From now on the worker needs nobody. */
	frames_clear();
	send_one(9);
	assert_int_equal(nframes, 1);
	assert_int_equal(frames[0].data[42], 9);
}

static void
requests_are_three_seconds_apart(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 60; i++) {
		send_one(0);
		pass_ms(100);
	}
	/* At 0 s and after 3 to 3.3 s; six seconds are over only just. */
	assert_in_range(nframes, 2, 2);
}

static void
queue_holds_exactly_the_limit(void **state)
{
	(void)state;
	conf.unres_queue_length = 16;
	for (uint8_t i = 0; i < 20; i++)
		send_one(i);
	assert_int_equal(peer()->queued, 16);
	assert_int_equal(drops(DROP_NEIGH_QUEUE_FULL), 4);
	frames_clear();
	hear(ARP_REPLY);
	assert_int_equal(nframes, 16);
	assert_int_equal(frames[15].data[42], 15);
}

static void
no_answer_frees_the_queue_and_tells_the_sender(void **state)
{
	union inet_ip sender = ip4("192.0.2.1");

	(void)state;
	/* The sender is behind port 1 and known there. */
	must_add_addr("192.0.2.254", 24, 1);
	assert_int_equal(neigh_add_static(INET_AF_V4, &sender, 1, &peer_mac), EDPVS_OK);
	send_one(1);
	frames_clear();
	pass_ms(3300);
	assert_int_equal(peer()->state, NEIGH_NONE);
	assert_int_equal(peer()->queued, 1);
	pass_ms(2300);
	assert_null(peer());
	assert_int_equal(drops(DROP_NEIGH_FAILED), 1);
	assert_int_equal(nframes, 1);
	assert_int_equal(frames[0].port, 1);
	/* Host unreachable from 192.0.2.254, quoting the packet. */
	assert_memory_equal(frames[0].data, "\x02\0\0\0\0\xaa\x02\0\0\0\0\x11\x08\0\x45\xc0", 16);
	assert_memory_equal(frames[0].data + 26, "\xc0\0\x02\xfe\xc0\0\x02\x01\x03\x01", 10);
	assert_memory_equal(frames[0].data + 42, "\x45\0\0\x1d", 4);
	assert_int_equal(rte_raw_cksum(frames[0].data + 14, 20), 0xffff);
	assert_int_equal(rte_raw_cksum(frames[0].data + 34, frames[0].len - 34u), 0xffff);
}

static void
idle_neighbour_ages_away(void **state)
{
	uint32_t generation;

	(void)state;
	send_one(0);
	hear(ARP_REPLY);
	frames_clear();
	pass_ms(59900);
	assert_int_equal(peer()->state, NEIGH_REACHABLE);
	pass_ms(400);
	assert_int_equal(peer()->state, NEIGH_PROBE);
	generation = net_generation;
	pass_ms(29000);
	assert_int_equal(peer()->state, NEIGH_PROBE);
	pass_ms(1500);
	assert_int_equal(peer()->state, NEIGH_NONE);
	assert_int_not_equal(net_generation, generation); /* cached adjacencies must go */
	pass_ms(2300);
	assert_null(peer());
	assert_int_equal(nframes, 0); /* nobody asked for it */
}

static void
a_jump_of_the_clock_passes_through_all_states(void **state)
{
	(void)state;
	send_one(0);
	hear(ARP_REPLY);
	clock_warp(100 * 1000);
	pass_ms(10);
	assert_null(peer());
}

static void
used_neighbour_is_asked_again_and_kept(void **state)
{
	(void)state;
	send_one(0);
	hear(ARP_REPLY);
	pass_ms(60500);
	assert_int_equal(peer()->state, NEIGH_PROBE);
	frames_clear();
	send_one(7);
	assert_int_equal(nframes, 1); /* sent with the known MAC */
	pass_ms(600);
	assert_int_equal(peer()->state, NEIGH_DELAY);
	assert_int_equal(nframes, 2);
	assert_frame(1, 0, ARP_REQUEST);
	hear(ARP_REPLY);
	assert_int_equal(peer()->state, NEIGH_REACHABLE);
}

static void
used_neighbour_that_is_dead_fails(void **state)
{
	(void)state;
	send_one(0);
	hear(ARP_REPLY);
	pass_ms(60500);
	for (unsigned i = 0; i < 50 && peer()->state != NEIGH_SEND; i++) {
		send_one(7);
		pass_ms(100);
	}
	assert_int_equal(peer()->state, NEIGH_SEND);
	frames_clear();
	send_one(8);
	assert_int_equal(nframes, 0);
}

static void
confirmed_neighbour_stays_reachable(void **state)
{
	(void)state;
	send_one(0);
	hear(ARP_REPLY);
	frames_clear();
	for (unsigned i = 0; i < 20; i++) {
		pass_ms(10000);
		net_adj_confirm(workers[0], peer()->adj);
	}
	assert_int_equal(peer()->state, NEIGH_REACHABLE);
	assert_int_equal(nframes, 0);
	pass_ms(60500);
	assert_int_equal(peer()->state, NEIGH_PROBE);
	pass_ms(1000);
	net_adj_confirm(workers[0], peer()->adj);
	pass_ms(1600);
	assert_int_equal(peer()->state, NEIGH_REACHABLE);
}

static void
static_neighbour_wins(void **state)
{
	static const struct rte_ether_addr mac = {{0x02, 0, 0, 0, 0, 0xbb}};
	union inet_ip ip = ip4("10.0.0.2");

	(void)state;
	send_one(1); /* waits */
	frames_clear();
	assert_int_equal(neigh_add_static(INET_AF_V4, &ip, 0, &mac), EDPVS_OK);
	settle();
	assert_int_equal(nframes, 1);
	assert_int_equal(frames[0].data[5], 0xbb);
	hear(ARP_REPLY);
	pass_ms(200000);
	assert_int_equal(peer()->state, NEIGH_REACHABLE);
	frames_clear();
	send_one(2);
	assert_int_equal(nframes, 1);
	assert_int_equal(frames[0].data[5], 0xbb);
	neigh_del(INET_AF_V4, &ip, 0);
	assert_null(peer());
}

static void
gratuitous_arp_updates_but_does_not_create(void **state)
{
	const char *gratuitous = "ffffffffffff 0200000000cc 0806 0001 0800 06 04 0001 0200000000cc 0a000002 "
				 "000000000000 0a000002 000000000000000000000000000000000000";

	(void)state;
	hear(gratuitous);
	assert_null(peer());
	assert_int_equal(drops(DROP_ARP_NOT_OURS), 1);
	send_one(0);
	hear(ARP_REPLY);
	hear(gratuitous);
	rte_delay_ms(2); /* a header is rewritten at most once a millisecond of real time */
	pass_ms(10);
	frames_clear();
	send_one(1);
	assert_int_equal(nframes, 1);
	assert_int_equal(frames[0].data[5], 0xcc);
}

static void
unasked_replies_create_only_on_link(void **state)
{
	union inet_ip far_ip = ip4("10.9.9.9");

	(void)state;
	hear(ARP_REPLY);
	assert_non_null(peer());
	/* 10.9.9.9 is behind no route of port 0; 10.0.0.1 is ourselves. */
	hear("020000000010 0200000000aa 0806 0001 0800 06 04 0002 0200000000aa 0a090909 020000000010 "
	     "0a000001");
	assert_null(neigh_find(INET_AF_V4, &far_ip, 0));
	hear("020000000010 0200000000aa 0806 0001 0800 06 04 0002 0200000000aa 0a000001 020000000010 "
	     "0a000001");
	assert_int_equal(drops(DROP_ARP_NOT_OURS), 1);
}

static void
one_host_cannot_fill_the_table(void **state)
{
	unsigned n = 0;
	struct neigh *e;

	(void)state;
	must_add_addr("10.128.0.1", 9, 1);
	for (uint32_t i = 0; i < NEIGH_UNASKED_MAX + 100; i++) {
		union inet_ip ip = {.v4 = rte_cpu_to_be_32(0x0a800002 + i)};

		neigh_heard(INET_AF_V4, &ip, 1, &peer_mac, NEIGH_CREATE);
	}
	assert_int_equal(drops(DROP_NEIGH_TABLE_FULL), 100);
	/* Nor by making us ask for hosts that do not exist. */
	for (uint32_t i = 0; i < NEIGH_WAITING_MAX + 50; i++) {
		uint8_t ip[64];
		unsigned len = bytes("45000014 00004000 40110000 c0000201 0a900002", ip, sizeof(ip));

		ip[18] = (uint8_t)(i >> 8);
		ip[19] = (uint8_t)i;
		net_output(workers[0], INET_AF_V4, packet(ip, len));
		frames_clear();
		settle();
	}
	TAILQ_FOREACH (e, &neighs, all) {
		n += e->state < NEIGH_REACHABLE;
	}
	assert_int_equal(n, NEIGH_WAITING_MAX);
	/* The queue was bounded over all of them, too. */
	assert_true(drops(DROP_NEIGH_QUEUE_FULL) > 0);
	/* One that is needed still gets in. */
	send_one(0);
	hear(ARP_REPLY);
	assert_int_equal(peer()->state, NEIGH_REACHABLE);
}

static void
new_mac_of_the_port_is_used_and_announced(void **state)
{
	(void)state;
	send_one(0);
	hear(ARP_REPLY);
	rte_delay_ms(2);
	frames_clear();
	ports[0]->mac.addr_bytes[5] = 0x77;
	port_tell(ports[0], PORT_MAC);
	settle();
	assert_int_equal(nframes, 1);
	assert_frame(
	    0, 0,
	    "ffffffffffff 020000000077 0806 0001 0800 06 04 0001 020000000077 0a000001 000000000000 0a000001"
	    "000000000000000000000000000000000000");
	frames_clear();
	send_one(1);
	assert_int_equal(frames[0].data[11], 0x77);
}

static void
ipv6_resolution(void **state)
{
	union inet_ip ip = ip6("2001:db8::2");
	uint8_t packet6[64];
	unsigned n =
	    bytes("60000000 0000 3b 40 20010db8000000ff0000000000000001 20010db8000000000000000000000002",
		  packet6, sizeof(packet6));

	(void)state;
	must_add_addr("2001:db8::1", 64, 0);
	pass_ms(5000); /* duplicate address detection is over */
	frames_clear();
	net_output(workers[0], INET_AF_V6, packet(packet6, n));
	settle();
	assert_int_equal(nframes, 1);
	assert_frame(0, 0,
		     "3333ff000002 020000000010 86dd 60000000 0020 3a ff 20010db8000000000000000000000001"
		     "ff0200000000000000000001ff000002 87 00 1c18 00000000 20010db8000000000000000000000002"
		     "0101 020000000010");
	frames_clear();
	hear("020000000010 0200000000aa 86dd 60000000 0020 3a ff 20010db8000000000000000000000002"
	     "20010db8000000000000000000000001 88 00 89c9 60000000 20010db8000000000000000000000002"
	     "0201 0200000000aa");
	assert_int_equal(drops(DROP_ND_MALFORMED), 0);
	assert_int_equal(nframes, 1);
	assert_memory_equal(frames[0].data, "\x02\0\0\0\0\xaa\x02\0\0\0\0\x10\x86\xdd", 14);
	assert_int_equal(neigh_find(INET_AF_V6, &ip, 0)->state, NEIGH_REACHABLE);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, up, world_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(one_request_then_packets_in_order),
	    TEST(requests_are_three_seconds_apart),
	    TEST(queue_holds_exactly_the_limit),
	    TEST(no_answer_frees_the_queue_and_tells_the_sender),
	    TEST(idle_neighbour_ages_away),
	    TEST(a_jump_of_the_clock_passes_through_all_states),
	    TEST(used_neighbour_is_asked_again_and_kept),
	    TEST(used_neighbour_that_is_dead_fails),
	    TEST(confirmed_neighbour_stays_reachable),
	    TEST(static_neighbour_wins),
	    TEST(gratuitous_arp_updates_but_does_not_create),
	    TEST(unasked_replies_create_only_on_link),
	    TEST(one_host_cannot_fill_the_table),
	    TEST(new_mac_of_the_port_is_used_and_announced),
	    TEST(ipv6_resolution),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

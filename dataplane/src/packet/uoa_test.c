/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "packet/uoa.h"
#include "test_frames.h"

static struct test_frame frame;
static union inet_ip client4, client6;
static const uint16_t port = 0x3412;

static struct uoa_packet
packet(bool v6)
{
	struct uoa_packet u = {.headroom = TEST_ROOM, .mtu = 1500};

	test_udp(&frame, v6, 5);
	u.l3 = test_eth(&frame) + PKT_ETH_LEN;
	u.l4 = u.l3 + (v6 ? PKT_IP6_LEN : PKT_IP4_MIN);
	u.ip_len = (uint16_t)(frame.len - PKT_ETH_LEN);
	memcpy(client4.b, "\xcb\0\x71\7", 4);
	memcpy(client6.b, "\x20\1\xd\xb8\0\xa\0\0\0\0\0\0\0\0\0\7", 16);
	return u;
}

static void
test_opp_ipv4(void **state)
{
	struct uoa_packet u = packet(false);

	(void)state;
	assert_true(uoa_insert_opp(&u, INET_AF_V4, &client4, port));
	assert_int_equal(u.ip_len, 20 + 12 + 8 + 5);
	assert_int_equal(u.l3[9], 248);
	assert_int_equal(u.l3[3], u.ip_len);
	assert_int_equal(test_sum(0, u.l3, 20), 0xffff);
	assert_memory_equal(u.l3 + 20, "\x10\x11\0\xc\x1f\x8\x12\x34\xcb\0\x71\7", 12);
	assert_ptr_equal(u.l4, u.l3 + 32);
	assert_memory_equal(u.l4 + 6, "\0\0", 2); /* no UDP checksum over IPv4 */
	assert_memory_equal(u.l4 + 8, "\0\1\2\3\4", 5);
}

static void
test_opp_ipv6(void **state)
{
	struct uoa_packet u = packet(true);

	(void)state;
	assert_true(uoa_insert_opp(&u, INET_AF_V6, &client6, port));
	assert_int_equal(u.ip_len, 40 + 24 + 8 + 5);
	assert_int_equal(u.l3[6], 248);
	assert_int_equal(u.l3[5], 24 + 8 + 5);
	assert_memory_equal(u.l3 + 40, "\x20\x11\0\x18\x1f\x14\x12\x34\x20\1\xd\xb8\0\xa\0\0\0\0\0\0\0\0\0\7",
			    24);
	/* The UDP checksum stays, with UDP as the pseudo header's protocol. */
	assert_int_equal(test_l4_sum(u.l3, u.l4, 13, PKT_PROTO_UDP), 0xffff);
}

static void
test_ipo(void **state)
{
	struct uoa_packet u = packet(false);

	(void)state;
	assert_true(uoa_insert_ipo(&u, &client4, port));
	assert_int_equal(u.l3[0], 0x47);
	assert_int_equal(u.ip_len, 28 + 8 + 5);
	assert_memory_equal(u.l3 + 20, "\x1f\x8\x12\x34\xcb\0\x71\7", 8);
	assert_true(test_checksums_ok(u.l3, u.l4, u.ip_len, PKT_PROTO_UDP));
}

static void
test_ipo_goes_in_front_of_other_options_until_full(void **state)
{
	struct uoa_packet u = packet(false);

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		assert_true(uoa_insert_ipo(&u, &client4, (uint16_t)(port + i)));
	assert_int_equal(u.l3[0], 0x4f);
	assert_int_equal(u.l3[22], 0x16); /* the last comes first */
	assert_int_equal(u.l3[30], 0x15);
	assert_true(test_checksums_ok(u.l3, u.l4, u.ip_len, PKT_PROTO_UDP));
	assert_false(uoa_insert_ipo(&u, &client4, port));
}

/* An IPv6 client of an IPv4 server: the form follows the client, the carrier the server. */
static void
test_opp_of_ipv6_client_over_ipv4(void **state)
{
	struct uoa_packet u = packet(false);

	(void)state;
	assert_true(uoa_insert_opp(&u, INET_AF_V6, &client6, port));
	assert_int_equal(u.ip_len, 20 + 24 + 8 + 5);
	assert_int_equal(u.l3[0], 0x45);
	assert_int_equal(u.l3[9], 248);
	assert_int_equal(test_sum(0, u.l3, 20), 0xffff);
	assert_memory_equal(u.l3 + 20, "\x20\x11\0\x18\x1f\x14\x12\x34\x20\1\xd\xb8\0\xa\0\0\0\0\0\0\0\0\0\7",
			    24);
}

/* The header follows the IPv4 options, which stay where they are. */
static void
test_opp_behind_ipv4_options(void **state)
{
	struct uoa_packet u = packet(false);

	(void)state;
	assert_true(uoa_insert_ipo(&u, &client4, port)); /* an option as good as any */
	assert_true(uoa_insert_opp(&u, INET_AF_V4, &client4, port));
	assert_int_equal(u.l3[0], 0x47);
	assert_int_equal(u.ip_len, 28 + 12 + 8 + 5);
	assert_int_equal(test_sum(0, u.l3, 28), 0xffff);
	assert_memory_equal(u.l3 + 20, "\x1f\x8\x12\x34\xcb\0\x71\7\x10\x11\0\xc\x1f\x8\x12\x34\xcb\0\x71\7",
			    20);
	assert_memory_equal(u.l4 + 8, "\0\1\2\3\4", 5);
}

/* One byte less than needed of either sort of room refuses and changes nothing; just enough is enough, and
 * not a byte before the room is written. */
static void
test_room_to_the_byte(void **state)
{
	static const struct {
		bool v6, ipo;
		int af;
		uint16_t len;
	} t[] = {{false, false, INET_AF_V4, 12},
		 {false, false, INET_AF_V6, 24},
		 {true, false, INET_AF_V6, 24},
		 {false, true, INET_AF_V4, 8}};

	(void)state;
	for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		for (unsigned less = 0; less < 3; less++) {
			struct uoa_packet u = packet(t[i].v6), before;
			struct test_frame copy = frame;
			unsigned l3_at = (unsigned)(u.l3 - frame.bytes);
			bool done;

			u.mtu = (uint16_t)(u.ip_len + t[i].len - (less == 1));
			u.headroom = (uint16_t)(t[i].len - (less == 2));
			before = u;
			done = t[i].ipo ? uoa_insert_ipo(&u, &client4, port)
					: uoa_insert_opp(&u, t[i].af,
							 t[i].af == INET_AF_V4 ? &client4 : &client6, port);
			assert_int_equal(done, less == 0);
			assert_memory_equal(frame.bytes, copy.bytes, l3_at - t[i].len);
			if (done)
				continue;
			assert_memory_equal(&frame, &copy, sizeof(copy));
			assert_memory_equal(&u, &before, sizeof(u));
		}
}

static void
test_opp_refuses_extension_headers(void **state)
{
	struct uoa_packet u = packet(true);

	(void)state;
	u.l4 += 8;
	assert_false(uoa_insert_opp(&u, INET_AF_V6, &client6, port));
}

/* A packet of its own carries neither the options nor the extension headers of the one it announces. */
static void
test_standalone_is_plain(void **state)
{
	uint8_t out[UOA_STANDALONE_MAX];
	struct uoa_packet u = packet(false);

	(void)state;
	assert_true(uoa_insert_ipo(&u, &client4, port));
	assert_int_equal(uoa_standalone(&u, INET_AF_V6, &client6, port, out), 52);
	assert_int_equal(out[0], 0x45);
	assert_int_equal(out[3], 52);
	assert_int_equal(test_sum(0, out, 20), 0xffff);
	assert_int_equal(out[20], 0x20);
	assert_memory_equal(out + 44, "\x9c\x40\0\x35\0\x8\0\0", 8);
	u = packet(true);
	u.l3[6] = 60;
	u.l4 += 8;
	memcpy(u.l4, "\x9c\x40\0\x35", 4);
	assert_int_equal(uoa_standalone(&u, INET_AF_V6, &client6, port, out), 72);
	assert_int_equal(out[6], 248);
	assert_int_equal(out[40], 0x20);
	assert_int_equal(test_l4_sum(out, out + 64, 8, PKT_PROTO_UDP), 0xffff);
}

static void
test_standalone(void **state)
{
	uint8_t out[UOA_STANDALONE_MAX];
	struct uoa_packet u = packet(false);

	(void)state;
	test_put16(u.l3 + 6, 0x4000);
	assert_int_equal(uoa_standalone(&u, INET_AF_V4, &client4, port, out), 40);
	assert_int_equal(test_sum(0, out, 20), 0xffff);
	assert_int_equal(out[3], 40);
	assert_int_equal(out[6], 0); /* DF clear */
	assert_int_equal(out[9], 248);
	assert_memory_equal(out + 12, u.l3 + 12, 8);
	assert_memory_equal(out + 20, "\x10\x11\0\xc\x1f\x8\x12\x34\xcb\0\x71\7", 12);
	assert_memory_equal(out + 32, "\x9c\x40\0\x35\0\x8\0\0", 8);

	u = packet(true);
	assert_int_equal(uoa_standalone(&u, INET_AF_V6, &client6, port, out), 72);
	assert_int_equal(out[5], 32);
	assert_int_equal(out[6], 248);
	assert_int_equal(test_l4_sum(out, out + 64, 8, PKT_PROTO_UDP), 0xffff);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_opp_ipv4),
	    cmocka_unit_test(test_opp_ipv6),
	    cmocka_unit_test(test_ipo),
	    cmocka_unit_test(test_ipo_goes_in_front_of_other_options_until_full),
	    cmocka_unit_test(test_opp_of_ipv6_client_over_ipv4),
	    cmocka_unit_test(test_opp_behind_ipv4_options),
	    cmocka_unit_test(test_room_to_the_byte),
	    cmocka_unit_test(test_opp_refuses_extension_headers),
	    cmocka_unit_test(test_standalone_is_plain),
	    cmocka_unit_test(test_standalone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Control messages of neighbours as bytes: requests of the original tools, and hostile ones. */
#include "net_test.h"

#include <stdlib.h>

#include "abi/neigh.h"
#include "core/errors.h"
#include "neigh.h"

static void
neighbours(void **state)
{
	struct dp_vs_neigh_conf row = {0};
	int32_t n;

	(void)state;
	/* dpip neigh add 192.168.100.2 lladdr 52:54:00:aa:00:01 dev dpdk0 */
	assert_int_equal(set_hex(70, "0200000000000000 c0a86402cccccccccccccccccccccccc 525400aa0001 00000000"
				     "6470646b300000000000000000000000 0000"),
			 EDPVS_OK);
	assert_int_equal(request(72, 0, &row, sizeof(row)), EDPVS_OK);
	memcpy(&n, reply_bytes(), 4);
	assert_int_equal(n, 2); /* once per worker */
	assert_int_equal(reply_len(), 4 + 52 * 2);
	memcpy(&row, reply_bytes() + 4, sizeof(row));
	assert_int_equal(row.state, 2);
	assert_int_equal(row.flag, 3);
	assert_int_equal(row.cid, 1);
	assert_memory_equal(&row.ip_addr, ip4("192.168.100.2").b, 16);
	assert_memory_equal(&row.eth_addr, "\x52\x54\0\xaa\0\x01", 6);
	memcpy(&row, reply_bytes() + 4 + 52, sizeof(row));
	assert_int_equal(row.cid, 2);
	/* Filters: another device, none at all, an unknown one. */
	memset(&row, 0, sizeof(row));
	ctrl_name(row.ifname, "dpdk1");
	assert_int_equal(request(72, 0, &row, sizeof(row)), EDPVS_OK);
	assert_int_equal(reply_len(), 4);
	assert_int_equal(request(72, 0, NULL, 0), EDPVS_OK);
	assert_int_equal(reply_len(), 4 + 52 * 2);
	ctrl_name(row.ifname, "nope");
	assert_int_equal(request(72, 0, &row, sizeof(row)), EDPVS_NOTEXIST);
	/* dpip neigh del, twice. */
	for (int i = 0; i < 2; i++)
		assert_int_equal(
		    set_hex(71, "0200000000000000 c0a86402000000000000000000000000 000000000000 00000000"
				"6470646b300000000000000000000000 0000"),
		    EDPVS_OK);
	assert_int_equal(request(72, 0, NULL, 0), EDPVS_OK);
	assert_int_equal(reply_len(), 4);
}

static void
hostile_neighbours(void **state)
{
	struct dp_vs_neigh_conf c = {.af = 2};

	(void)state;
	memcpy(&c.ip_addr, ip4("10.0.0.2").b, 16);
	ctrl_name(c.ifname, "dpdk0");
	assert_int_equal(request(70, 1, &c, sizeof(c)), EDPVS_INVAL); /* MAC of zeros */
	memset(&c.eth_addr, 0xff, 6);
	assert_int_equal(request(70, 1, &c, sizeof(c)), EDPVS_INVAL); /* broadcast */
	memcpy(&c.eth_addr, peer_mac.addr_bytes, 6);
	assert_int_equal(request(70, 1, &c, sizeof(c) - 1), EDPVS_INVAL);
	c.af = 3;
	assert_int_equal(request(70, 1, &c, sizeof(c)), EDPVS_INVAL);
	c.af = 2;
	ctrl_name(c.ifname, "");
	assert_int_equal(request(70, 1, &c, sizeof(c)), EDPVS_INVAL);
	ctrl_name(c.ifname, "dpdk0");
	memset(&c.ip_addr, 0, 16);
	assert_int_equal(request(70, 1, &c, sizeof(c)), EDPVS_INVAL);
	assert_int_equal(request(71, 1, &c, sizeof(c)), EDPVS_INVAL);
	c.ip_addr.in[0] = 224;
	assert_int_equal(request(70, 1, &c, sizeof(c)), EDPVS_INVAL);
	assert_true(TAILQ_EMPTY(&neighs));
}

static void
gratuitous_arp_on_request(void **state)
{
	(void)state;
	must_add_addr("192.168.100.250", 32, 1);
	assert_int_equal(set_hex(16, "c0a864fa00000000"), EDPVS_OK); /* eight bytes of keepalived */
	assert_int_equal(nframes, 1);
	assert_frame(
	    0, 1,
	    "ffffffffffff 020000000011 0806 0001 0800 06 04 0001 020000000011 c0a864fa 000000000000 c0a864fa"
	    "000000000000000000000000000000000000");
	assert_int_equal(set_hex(16, "c0a864fb"), EDPVS_NOTEXIST);
	assert_int_equal(set_hex(16, "c0a864"), EDPVS_INVAL);
	assert_int_equal(nframes, 1);
}

/* Whatever the bytes, a request ends with a code and costs nothing else. */
static void
random_bodies(void **state)
{
	static const uint32_t sets[] = {28, 29, 30, 31, 33, 34, 47, 48, 49, 50, 70, 71},
			      gets[] = {32, 35, 51, 52, 72};
	uint8_t body[120];

	(void)state;
	srand(1);
	for (unsigned i = 0; i < 20000; i++) {
		size_t len = (size_t)rand() % sizeof(body);

		for (size_t k = 0; k < len; k++)
			body[k] = rand() % 3 ? 0 : (uint8_t)rand();
		/* Often enough a device that exists, where the message has it. */
		for (size_t k = 0; k + 6 <= len && i % 2; k += 8) {
			if (rand() % 8 == 0)
				memcpy(body + k, "dpdk0", 6);
		}
		request(sets[i % RTE_DIM(sets)], 1, body, len);
		request(gets[i % RTE_DIM(gets)], 0, body, len);
		frames_clear();
		settle();
	}
	pass_ms(100);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, world_up, world_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(neighbours),
	    TEST(hostile_neighbours),
	    TEST(gratuitous_arp_on_request),
	    TEST(random_bodies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

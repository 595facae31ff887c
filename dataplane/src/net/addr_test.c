/* SPDX-License-Identifier: Apache-2.0 */
#include "net_test.h"

#include <stdio.h>

#include "addr.h"
#include "core/conf.h"
#include "core/errors.h"
#include "maddr.h"
#include "route.h"

static unsigned
count_addrs(void)
{
	struct net_addr *a;
	unsigned n = 0;

	TAILQ_FOREACH (a, &net_addrs, next) {
		n++;
	}
	return n;
}

static unsigned
count_routes(void)
{
	struct route *r;
	unsigned n = 0;

	TAILQ_FOREACH (r, &routes, next) {
		n++;
	}
	return n;
}

static void
lifetime_ends(void **state)
{
	struct addr_spec s = {
	    .port = ports[0], .af = INET_AF_V4, .ip = ip4("10.0.0.1"), .plen = 24, .valid_s = 2};
	struct net_addr *a;

	(void)state;
	assert_int_equal(addr_add(&s), EDPVS_OK);
	a = addr_find(ports[0], INET_AF_V4, &s.ip);
	assert_int_equal(a->flags & ADDR_F_PERMANENT, 0);
	assert_int_equal(addr_valid_left_s(a), 2);
	pass_ms(1100);
	assert_int_equal(addr_valid_left_s(a), 1);
	pass_ms(850);
	assert_int_equal(net_local_lookup(INET_AF_V4, &s.ip), NET_LOCAL);
	pass_ms(100);
	assert_int_equal(net_local_lookup(INET_AF_V4, &s.ip), NET_NOT_LOCAL);
	assert_int_equal(count_addrs(), 0);
	assert_int_equal(count_routes(), 0);
}

static void
lifetime_can_be_changed(void **state)
{
	struct addr_spec s = {
	    .port = ports[0], .af = INET_AF_V4, .ip = ip4("10.0.0.1"), .plen = 24, .valid_s = 2};

	(void)state;
	assert_int_equal(addr_set(&s), EDPVS_NOTEXIST);
	assert_int_equal(addr_add(&s), EDPVS_OK);
	s.valid_s = 0;
	s.scope = ADDR_SCOPE_LINK;
	assert_int_equal(addr_set(&s), EDPVS_OK);
	pass_ms(10000);
	assert_int_equal(net_local_lookup(INET_AF_V4, &s.ip), NET_LOCAL);
	assert_int_equal(addr_find(ports[0], INET_AF_V4, &s.ip)->spec.scope, ADDR_SCOPE_LINK);
}

static void
refused_addresses(void **state)
{
	static const char *const bad[] = {"0.0.0.0",   "0.1.2.3",	  "127.0.0.1",
					  "224.0.0.1", "255.255.255.255", "240.0.0.1"};
	union inet_ip ip;

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(bad); i++) {
		ip = ip4(bad[i]);
		assert_int_equal(net_addr_add(ports[0], INET_AF_V4, &ip, 32, 0), EDPVS_INVAL);
	}
	ip = ip4("10.0.0.1");
	assert_int_equal(net_addr_add(ports[0], INET_AF_V4, &ip, 33, 0), EDPVS_INVAL);
	assert_int_equal(net_addr_add(ports[0], INET_AF_V4, &ip, 0, 0), EDPVS_INVAL);
	ip = ip6("ff02::1");
	assert_int_equal(net_addr_add(ports[0], INET_AF_V6, &ip, 128, 0), EDPVS_INVAL);
	ip = ip6("::1");
	assert_int_equal(net_addr_add(ports[0], INET_AF_V6, &ip, 128, 0), EDPVS_INVAL);
	assert_int_equal(count_addrs(), 0);
}

static void
same_address_twice(void **state)
{
	union inet_ip ip = ip4("10.0.0.1");

	(void)state;
	must_add_addr("10.0.0.1", 24, 0);
	assert_int_equal(net_addr_add(ports[0], INET_AF_V4, &ip, 24, 0), EDPVS_EXIST);
	assert_int_equal(net_addr_add(ports[0], INET_AF_V4, &ip, 32, 0), EDPVS_OK);
	assert_int_equal(net_addr_add(ports[1], INET_AF_V4, &ip, 32, ADDR_F_SAPOOL), EDPVS_OK);
	assert_int_equal(net_local_lookup(INET_AF_V4, &ip), NET_LOCAL_LIP);
	assert_ptr_equal(net_addr_port(INET_AF_V4, &ip), ports[0]);
	assert_int_equal(net_addr_del(ports[0], INET_AF_V4, &ip, 24), EDPVS_OK);
	assert_int_equal(net_addr_del(ports[0], INET_AF_V4, &ip, 24), EDPVS_NOTEXIST);
	assert_int_equal(net_addr_del(ports[1], INET_AF_V4, &ip, 32), EDPVS_OK);
	assert_int_equal(net_local_lookup(INET_AF_V4, &ip), NET_LOCAL);
	assert_int_equal(net_addr_del(ports[0], INET_AF_V4, &ip, 32), EDPVS_OK);
	assert_int_equal(net_local_lookup(INET_AF_V4, &ip), NET_NOT_LOCAL);
}

static void
new_address_is_announced(void **state)
{
	union inet_ip ip = ip4("10.0.0.1");

	(void)state;
	assert_int_equal(net_addr_add(ports[1], INET_AF_V4, &ip, 24, 0), EDPVS_OK);
	settle();
	assert_int_equal(nframes, 1);
	assert_frame(
	    0, 1,
	    "ffffffffffff 020000000011 0806 0001 0800 06 04 0001 020000000011 0a000001 000000000000 0a000001"
	    "000000000000000000000000000000000000");
}

static void
detection_passes(void **state)
{
	union inet_ip ip = ip6("2001:db8::1");
	struct net_addr *a;

	(void)state;
	assert_int_equal(net_addr_add(ports[0], INET_AF_V6, &ip, 64, 0), EDPVS_OK);
	settle();
	a = addr_find(ports[0], INET_AF_V6, &ip);
	assert_int_equal(a->flags, ADDR_F_PERMANENT | ADDR_F_TENTATIVE | ADDR_F_OPTIMISTIC);
	assert_int_equal(net_local_lookup(INET_AF_V6, &ip),
			 NET_LOCAL); /* optimistic: in use from the start */
	assert_int_equal(nframes, 2);
	/* Solicitation from nowhere, then an advertisement that does not override. */
	assert_memory_equal(frames[0].data + 22,
			    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xff\x02\0\0\0\0\0\0\0\0\0\x01\xff\0\0\x01\x87",
			    33);
	assert_int_equal(frames[0].len, 14 + 40 + 24);
	assert_int_equal(frames[1].data[54], 0x88);
	assert_int_equal(frames[1].data[58], 0);
	frames_clear();
	pass_ms(900);
	assert_true(a->flags & ADDR_F_TENTATIVE);
	pass_ms(400);
	assert_int_equal(a->flags, ADDR_F_PERMANENT);
	assert_int_equal(nframes, 1);
	assert_int_equal(frames[0].data[58], 0x20); /* override */
}

/* Another node's detection of 2001:db8::1. */
#define DAD_OF_ANOTHER                                                                                       \
	"3333ff000001 0200000000aa 86dd 60000000 0018 3a ff 00000000000000000000000000000000"                \
	"ff0200000000000000000001ff000001 87 00 4ced 00000000 20010db8000000000000000000000001"

static void
detection_fails_when_another_detects(void **state)
{
	union inet_ip ip = ip6("2001:db8::1");
	uint8_t frame[128];
	unsigned n = bytes(DAD_OF_ANOTHER, frame, sizeof(frame));

	(void)state;
	must_add_addr("2001:db8::1", 64, 0);
	/* Our own solicitation, looped back, is not a conflict. */
	memcpy(frame + 6, ports[0]->mac.addr_bytes, 6);
	receive(0, frame, n);
	assert_int_equal(net_local_lookup(INET_AF_V6, &ip), NET_LOCAL);
	memcpy(frame + 6, peer_mac.addr_bytes, 6);
	receive(0, frame, n);
	assert_int_equal(drops(DROP_ND_MALFORMED), 0);
	assert_int_equal(net_local_lookup(INET_AF_V6, &ip), NET_NOT_LOCAL);
	pass_ms(10000);
	assert_int_equal(addr_find(ports[0], INET_AF_V6, &ip)->flags,
			 ADDR_F_PERMANENT | ADDR_F_TENTATIVE | ADDR_F_DADFAILED);
	assert_int_equal(nframes, 0);
}

static void
owner_defends_its_address(void **state)
{
	uint8_t frame[128];
	unsigned n = bytes(DAD_OF_ANOTHER, frame, sizeof(frame));

	(void)state;
	must_add_addr("2001:db8::1", 64, 0);
	pass_ms(5000);
	frames_clear();
	receive(0, frame, n);
	/* Advertisement to all nodes, override, not solicited. */
	assert_int_equal(nframes, 1);
	assert_memory_equal(frames[0].data, "\x33\x33\0\0\0\x01", 6);
	assert_int_equal(frames[0].data[58], 0x20);
	assert_memory_equal(frames[0].data + 78, "\x02\x01\x02\0\0\0\0\x10", 8);
}

static void
groups_follow_addresses(void **state)
{
	union inet_ip ip = ip6("2001:db8::1");
	struct maddr *m;
	unsigned n = 0;

	(void)state;
	must_add_addr("2001:db8::1", 64, 0);
	must_add_addr("2001:db8:1::1", 64, 0); /* the same solicited-node group */
	TAILQ_FOREACH (m, &maddrs, next) {
		n++;
	}
	assert_int_equal(n, 3);
	assert_int_equal(ports[0]->nmcast, 3);
	assert_int_equal(net_addr_del(ports[0], INET_AF_V6, &ip, 64), EDPVS_OK);
	assert_int_equal(ports[0]->nmcast, 3);
	ip = ip6("2001:db8:1::1");
	assert_int_equal(net_addr_del(ports[0], INET_AF_V6, &ip, 64), EDPVS_OK);
	assert_int_equal(ports[0]->nmcast, 0);
	assert_true(TAILQ_EMPTY(&maddrs));
}

static void
linklocal_modes(void **state)
{
	union inet_ip eui = ip6("fe80::ff:fe00:10");
	struct net_addr *a;

	(void)state;
	snprintf(conf.ipv6.addr_gen_mode, sizeof(conf.ipv6.addr_gen_mode), "none");
	linklocal_create(ports[0]);
	assert_int_equal(count_addrs(), 0);
	snprintf(conf.ipv6.addr_gen_mode, sizeof(conf.ipv6.addr_gen_mode), "eui64");
	linklocal_create(ports[0]);
	a = addr_find(ports[0], INET_AF_V6, &eui);
	assert_non_null(a);
	assert_true(a->flags & ADDR_F_LINKLOCAL);
	assert_int_equal(a->spec.scope, ADDR_SCOPE_LINK);
	assert_int_equal(a->spec.plen, 64);

	/* Stable: the same again for the same secret, another one for another secret or port; nothing without
	 * secret. */
	snprintf(conf.ipv6.addr_gen_mode, sizeof(conf.ipv6.addr_gen_mode), "stable-privacy");
	snprintf(conf.ipv6.stable_secret, sizeof(conf.ipv6.stable_secret), "not hexadecimal");
	linklocal_create(ports[0]);
	assert_int_equal(count_addrs(), 1);
	snprintf(conf.ipv6.stable_secret, sizeof(conf.ipv6.stable_secret),
		 "000102030405060708090a0b0c0d0e0f");
	linklocal_create(ports[0]);
	linklocal_create(ports[0]);
	assert_int_equal(count_addrs(), 2);
	snprintf(conf.ipv6.stable_secret, sizeof(conf.ipv6.stable_secret),
		 "100102030405060708090a0b0c0d0e0f");
	linklocal_create(ports[0]);
	linklocal_create(ports[1]);
	assert_int_equal(count_addrs(), 4);
	conf.ipv6.disable = true;
	linklocal_create(ports[0]);
	assert_int_equal(count_addrs(), 4);
	conf.ipv6.disable = false;
	settle();
}

static void
flush_by_family(void **state)
{
	(void)state;
	snprintf(conf.ipv6.addr_gen_mode, sizeof(conf.ipv6.addr_gen_mode), "eui64");
	linklocal_create(ports[0]);
	must_add_addr("10.0.0.1", 24, 0);
	must_add_addr("10.0.0.2", 24, 1);
	must_add_addr("2001:db8::1", 64, 0);
	addr_flush(ports[0], INET_AF_V4);
	assert_int_equal(count_addrs(), 3);
	addr_flush(ports[0], 0); /* keeps the automatic one */
	assert_int_equal(count_addrs(), 2);
	addr_flush(ports[0], INET_AF_V6);
	assert_int_equal(count_addrs(), 1);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, world_up, world_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(lifetime_ends),
	    TEST(lifetime_can_be_changed),
	    TEST(refused_addresses),
	    TEST(same_address_twice),
	    TEST(new_address_is_announced),
	    TEST(detection_passes),
	    TEST(detection_fails_when_another_detects),
	    TEST(owner_defends_its_address),
	    TEST(groups_follow_addresses),
	    TEST(linklocal_modes),
	    TEST(flush_by_family),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

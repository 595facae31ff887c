/* SPDX-License-Identifier: Apache-2.0 */
#include "net_test.h"

#include "addr.h"
#include "core/errors.h"
#include "local.h"
#include "route.h"

struct probe {
	const char *dst;
	int port; /* -1: no route */
	const char *nexthop;
};

static void
assert_path(const struct probe *want)
{
	bool v6 = strchr(want->dst, ':') != NULL;
	union inet_ip dst = v6 ? ip6(want->dst) : ip4(want->dst);
	struct net_path path;
	enum drop_reason why = net_path_lookup(v6 ? INET_AF_V6 : INET_AF_V4, &dst, &path);
	union inet_ip hop;

	if (want->port < 0) {
		assert_int_equal(why, v6 ? DROP_IP6_NO_ROUTE : DROP_IP4_NO_ROUTE);
		return;
	}
	assert_int_equal(why, DROP_NONE);
	assert_int_equal(path.port, want->port);
	hop = v6 ? ip6(want->nexthop) : ip4(want->nexthop);
	assert_memory_equal(&path.nexthop, &hop, sizeof(hop));
}

#define assert_paths(list)                                                                                   \
	do {                                                                                                 \
		for (unsigned i_ = 0; i_ < RTE_DIM(list); i_++)                                              \
			assert_path(&(list)[i_]);                                                            \
	} while (0)

static void
longest_prefix_of_twenty_wins(void **state)
{
	static const struct {
		const char *prefix;
		unsigned plen;
		const char *via;
		uint16_t port;
	} table[] = {
	    {"0.0.0.0", 0, "10.0.0.254", 0},
	    {"10.0.0.0", 24, NULL, 0},
	    {"10.0.1.0", 24, NULL, 1},
	    {"172.16.0.0", 12, "10.0.0.1", 0},
	    {"172.16.0.0", 16, "10.0.0.2", 0},
	    {"172.16.8.0", 21, "10.0.0.3", 0},
	    {"172.16.8.0", 24, "10.0.1.4", 1},
	    {"172.16.8.128", 25, "10.0.0.5", 0},
	    {"172.16.8.128", 26, "10.0.1.6", 1},
	    {"172.16.8.128", 27, "10.0.0.7", 0},
	    {"172.16.8.128", 28, "10.0.1.8", 1},
	    {"172.16.8.128", 29, "10.0.0.9", 0},
	    {"172.16.8.128", 30, "10.0.1.10", 1},
	    {"172.16.8.128", 31, "10.0.0.11", 0},
	    {"172.16.8.128", 32, "10.0.1.12", 1},
	    {"192.168.0.0", 16, "10.0.0.13", 0},
	    {"192.168.128.0", 17, "10.0.1.14", 1},
	    {"8.0.0.0", 5, "10.0.0.15", 0},
	    {"128.0.0.0", 1, "10.0.1.16", 1},
	    {"198.51.100.7", 32, "10.0.0.17", 0},
	};
	static const struct probe probes[] = {
	    {"10.0.0.9", 0, "10.0.0.9"},	 {"10.0.1.9", 1, "10.0.1.9"},
	    {"172.31.255.255", 0, "10.0.0.1"},	 {"172.16.255.1", 0, "10.0.0.2"},
	    {"172.16.15.255", 0, "10.0.0.3"},	 {"172.16.8.127", 1, "10.0.1.4"},
	    {"172.16.8.255", 0, "10.0.0.5"},	 {"172.16.8.191", 1, "10.0.1.6"},
	    {"172.16.8.159", 0, "10.0.0.7"},	 {"172.16.8.143", 1, "10.0.1.8"},
	    {"172.16.8.135", 0, "10.0.0.9"},	 {"172.16.8.131", 1, "10.0.1.10"},
	    {"172.16.8.129", 0, "10.0.0.11"},	 {"172.16.8.128", 1, "10.0.1.12"},
	    {"192.168.127.255", 0, "10.0.0.13"}, {"192.168.128.0", 1, "10.0.1.14"},
	    {"15.255.255.255", 0, "10.0.0.15"},	 {"203.0.113.1", 1, "10.0.1.16"},
	    {"198.51.100.7", 0, "10.0.0.17"},	 {"127.255.0.1", 0, "10.0.0.254"},
	};
	union inet_ip ip;

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(table); i++)
		must_add_route(table[i].prefix, table[i].plen, table[i].via, table[i].port);
	assert_paths(probes);

	/* Without the middle ones the next longer and shorter take over. */
	ip = ip4("172.16.8.128");
	for (unsigned plen = 26; plen <= 31; plen++)
		assert_int_equal(route_del(ports[plen % 2 ? 0 : 1], INET_AF_V4, &ip, plen), EDPVS_OK);
	static const struct probe after[] = {{"172.16.8.128", 1, "10.0.1.12"},
					     {"172.16.8.129", 0, "10.0.0.5"},
					     {"172.16.8.127", 1, "10.0.1.4"}};
	assert_paths(after);
	ip = ip4("0.0.0.0");
	assert_int_equal(route_del(ports[0], INET_AF_V4, &ip, 0), EDPVS_OK);
	static const struct probe none = {"20.0.0.1", -1, NULL};
	assert_path(&none);
}

static void
same_prefix_on_two_ports_takes_lowest_metric_then_oldest(void **state)
{
	static const struct probe on0 = {"10.9.0.1", 0, "10.9.0.1"}, on1 = {"10.9.0.1", 1, "10.9.0.1"};
	struct route_spec s = {.af = INET_AF_V4, .dst = ip4("10.9.0.0"), .plen = 16, .metric = 5};
	union inet_ip dst = s.dst;

	(void)state;
	s.port = ports[0];
	assert_int_equal(route_add(&s), EDPVS_OK);
	s.port = ports[1];
	assert_int_equal(route_add(&s), EDPVS_OK);
	assert_path(&on0);
	s.metric = 4;
	assert_int_equal(route_change(&s), EDPVS_OK);
	assert_path(&on1);
	assert_int_equal(route_del(ports[1], INET_AF_V4, &dst, 16), EDPVS_OK);
	assert_path(&on0);
	assert_int_equal(route_del(ports[1], INET_AF_V4, &dst, 16), EDPVS_NOTEXIST);
	route_flush(ports[0], INET_AF_V4);
	static const struct probe gone = {"10.9.0.1", -1, NULL};
	assert_path(&gone);
}

static void
ipv6_prefixes(void **state)
{
	static const struct probe probes[] = {
	    {"2001:db8:1::9", 0, "2001:db8:1::9"},    {"2001:db8:2::9", 1, "2001:db8:1::1"},
	    {"2001:db8:2::8000", 0, "2001:db8:1::2"}, {"2001:db8:2::8001", 1, "2001:db8:1::1"},
	    {"2400::1", 0, "2001:db8:1::fe"},
	};

	(void)state;
	must_add_route("2001:db8:1::", 64, NULL, 0);
	must_add_route("2001:db8:2::", 48, "2001:db8:1::1", 1);
	must_add_route("2001:db8:2::8000", 128, "2001:db8:1::2", 0);
	must_add_route("::", 0, "2001:db8:1::fe", 0);
	assert_paths(probes);
	route_flush(ports[0], INET_AF_V6);
	static const struct probe after[] = {{"2001:db8:2::8000", 1, "2001:db8:1::1"}, {"2400::1", -1, NULL}};
	assert_paths(after);
}

static void
mtu_and_source_of_a_path(void **state)
{
	struct route_spec s = {
	    .port = ports[0], .af = INET_AF_V4, .dst = ip4("10.7.0.0"), .plen = 16, .mtu = 1000};
	union inet_ip dst = ip4("10.7.0.1"), want;
	struct net_path path;

	(void)state;
	must_add_addr("10.0.0.2", 24, 0);
	s.gateway = ip4("10.0.0.1");
	assert_int_equal(route_add(&s), EDPVS_OK);
	assert_int_equal(net_path_lookup(INET_AF_V4, &dst, &path), DROP_NONE);
	want = ip4("10.0.0.2");
	assert_int_equal(path.mtu, 1000);
	assert_memory_equal(&path.src, &want, sizeof(want));

	/* The address goes, another one of the net takes its place; an explicit source stays. */
	must_add_addr("10.0.0.3", 24, 0);
	assert_int_equal(net_addr_del(ports[0], INET_AF_V4, &want, 24), EDPVS_OK);
	want = ip4("10.0.0.3");
	assert_int_equal(net_path_lookup(INET_AF_V4, &dst, &path), DROP_NONE);
	assert_memory_equal(&path.src, &want, sizeof(want));
	s.src = ip4("192.0.2.1");
	s.mtu = 0;
	assert_int_equal(route_change(&s), EDPVS_OK);
	assert_int_equal(net_path_lookup(INET_AF_V4, &dst, &path), DROP_NONE);
	assert_memory_equal(&path.src, &s.src, sizeof(want));
	assert_int_equal(path.mtu, 1500);
}

static void
refused_routes(void **state)
{
	struct route_spec s = {.port = ports[0], .af = INET_AF_V4, .dst = ip4("10.7.0.0"), .plen = 33};

	(void)state;
	must_add_addr("10.0.0.2", 24, 0);
	assert_int_equal(route_add(&s), EDPVS_INVAL);
	s.plen = 16;
	s.gateway = ip4("10.0.0.2"); /* ourselves */
	assert_int_equal(route_add(&s), EDPVS_INVAL);
	s.gateway = ip4("224.0.0.1");
	assert_int_equal(route_add(&s), EDPVS_INVAL);
	s.gateway = ip4("10.0.0.1");
	s.mtu = 67;
	assert_int_equal(route_add(&s), EDPVS_INVAL);
	s.mtu = 70000;
	assert_int_equal(route_add(&s), EDPVS_INVAL);
	s.mtu = 0;
	s.flags = ROUTE_F_KNI;
	assert_int_equal(route_add(&s), EDPVS_INVAL);
	s.flags = ROUTE_F_LOCALIN; /* needs a host */
	assert_int_equal(route_add(&s), EDPVS_INVAL);
	s.flags = 0;
	s.dst = ip4("224.0.0.0");
	assert_int_equal(route_add(&s), EDPVS_INVAL);
	s.port = NULL;
	assert_int_equal(route_add(&s), EDPVS_INVAL);
}

static void
changes_advance_the_generation(void **state)
{
	uint32_t before = net_generation;
	union inet_ip dst = ip4("10.7.0.0");

	(void)state;
	must_add_route("10.7.0.0", 16, NULL, 0);
	assert_int_not_equal(net_generation, before);
	before = net_generation;
	must_add_addr("10.0.0.2", 32, 0);
	assert_int_not_equal(net_generation, before);
	before = net_generation;
	assert_int_equal(route_del(ports[0], INET_AF_V4, &dst, 16), EDPVS_OK);
	assert_int_not_equal(net_generation, before);
}

static void
local_set_survives_growth_and_removal(void **state)
{
	enum { N = 1000 };

	(void)state;
	for (uint32_t i = 0; i < N; i++) {
		union inet_ip ip = {.v4 = rte_cpu_to_be_32(0x0a000000 + i)};

		assert_int_equal(net_addr_add(ports[i & 1], INET_AF_V4, &ip, 32, i % 3 ? 0 : ADDR_F_SAPOOL),
				 EDPVS_OK);
		frames_clear();
		settle();
	}
	for (uint32_t i = 0; i < N; i += 2) {
		union inet_ip ip = {.v4 = rte_cpu_to_be_32(0x0a000000 + i)};

		assert_int_equal(net_addr_del(ports[0], INET_AF_V4, &ip, 32), EDPVS_OK);
	}
	for (uint32_t i = 0; i < N; i++) {
		union inet_ip ip = {.v4 = rte_cpu_to_be_32(0x0a000000 + i)};
		enum net_local want = i % 2 == 0 ? NET_NOT_LOCAL : i % 3 ? NET_LOCAL : NET_LOCAL_LIP;

		assert_int_equal(net_local_lookup(INET_AF_V4, &ip), want);
		assert_int_equal(net_local_lookup(INET_AF_V6, &ip), NET_NOT_LOCAL);
	}
}

static void
localin_route_makes_an_address_local(void **state)
{
	struct route_spec s = {
	    .port = ports[1], .af = INET_AF_V4, .dst = ip4("10.5.5.5"), .plen = 32, .flags = ROUTE_F_LOCALIN};

	(void)state;
	assert_int_equal(route_add(&s), EDPVS_OK);
	assert_int_equal(route_add(&s), EDPVS_EXIST);
	assert_int_equal(net_local_lookup(INET_AF_V4, &s.dst), NET_LOCAL);
	assert_int_equal(local_ports(INET_AF_V4, &s.dst), 2);
	assert_int_equal(route_del(ports[1], INET_AF_V4, &s.dst, 32), EDPVS_OK);
	assert_int_equal(net_local_lookup(INET_AF_V4, &s.dst), NET_NOT_LOCAL);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, world_up, world_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(longest_prefix_of_twenty_wins),
	    TEST(same_prefix_on_two_ports_takes_lowest_metric_then_oldest),
	    TEST(ipv6_prefixes),
	    TEST(mtu_and_source_of_a_path),
	    TEST(refused_routes),
	    TEST(changes_advance_the_generation),
	    TEST(local_set_survives_growth_and_removal),
	    TEST(localin_route_makes_an_address_local),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

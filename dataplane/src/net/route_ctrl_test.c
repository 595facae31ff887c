/* SPDX-License-Identifier: Apache-2.0 */
/* Control messages of routes as bytes: requests of the original tools, and hostile ones. */
#include "net_test.h"

#include "abi/route.h"
#include "core/errors.h"
#include "route.h"

static struct dp_vs_route_detail
detail(const char *dst, int32_t plen, const char *via, const char *dev)
{
	struct dp_vs_route_detail d = {.af = 2, .flags = RTF_FORWARD};

	memcpy(&d.dst.addr, ip4(dst).b, 16);
	d.dst.plen = plen;
	if (via)
		memcpy(&d.gateway.addr, ip4(via).b, 16);
	ctrl_name(d.ifname, dev);
	return d;
}

static int
route4(uint32_t id, struct dp_vs_route_detail d)
{
	return request(id, 1, &d, sizeof(d));
}

static int32_t
route4_show(const char *dev)
{
	struct dp_vs_route_detail d = {0};
	int32_t n;

	ctrl_name(d.ifname, dev);
	assert_int_equal(request(32, 0, &d, sizeof(d)), EDPVS_OK);
	memcpy(&n, reply_bytes(), 4);
	assert_int_equal(reply_len(), 4 + 112 * (size_t)n);
	return n;
}

static struct dp_vs_route_detail
route4_row(unsigned i)
{
	struct dp_vs_route_detail d;

	assert_true(4 + (i + 1) * sizeof(d) <= reply_len());
	memcpy(&d, reply_bytes() + 4 + i * sizeof(d), sizeof(d));
	return d;
}

static void
assert_dst(unsigned i, const char *want)
{
	struct dp_vs_route_detail d = route4_row(i);

	assert_memory_equal(&d.dst.addr, ip4(want).b, 16);
}

static void
assert_gateway(unsigned i, const char *want)
{
	struct dp_vs_route_detail d = route4_row(i);

	assert_memory_equal(&d.gateway.addr, ip4(want).b, 16);
}

static void
ipv4_routes_as_recorded(void **state)
{
	struct dp_vs_route_detail d;

	(void)state;
	/* The recorded world: 192.168.100.1/24, .254/32, default via .2 on dpdk0. */
	must_add_addr("192.168.100.1", 24, 0);
	must_add_addr("192.168.100.254", 32, 0);
	must_add_addr("10.1.1.1", 24, 1);
	assert_int_equal(route4(28, detail("0.0.0.0", 0, "192.168.100.2", "dpdk0")), EDPVS_OK);
	assert_int_equal(route4_show("dpdk0"), 4);
	d = route4_row(0);
	assert_int_equal(d.flags, RTF_LOCALIN);
	assert_int_equal(d.mtu, 1500);
	assert_int_equal(d.dst.plen, 32);
	assert_memory_equal(&d.dst.addr, ip4("192.168.100.1").b, 16);
	d = route4_row(2);
	assert_int_equal(d.flags, RTF_FORWARD);
	assert_int_equal(d.dst.plen, 24);
	assert_memory_equal(&d.src.addr, ip4("192.168.100.1").b, 16);
	d = route4_row(3);
	assert_int_equal(d.flags, RTF_FORWARD | RTF_DEFAULT);
	assert_memory_equal(&d.gateway.addr, ip4("192.168.100.2").b, 16);
	assert_memory_equal(&d.src.addr, ip4("0.0.0.0").b, 16);
	assert_string_equal(d.ifname, "dpdk0");
	assert_int_equal(route4_show(""), 6);
}

static void
ipv4_route_changes(void **state)
{
	struct dp_vs_route_detail d = detail("172.20.0.1", 16, "10.0.0.2", "dpdk0");

	(void)state;
	must_add_addr("10.0.0.1", 24, 0);
	d.metric = 7;
	d.mtu = 1400;
	assert_int_equal(route4(28, d), EDPVS_OK);
	assert_int_equal(route4(28, d), EDPVS_OK); /* scripts add it twice */
	assert_int_equal(route4_show(""), 3);
	assert_dst(1, "10.0.0.0");
	assert_dst(2, "172.20.0.1"); /* host bits are kept */
	d.mtu = 0;
	d.metric = 3;
	memcpy(&d.gateway.addr, ip4("10.0.0.3").b, 16);
	assert_int_equal(route4(30, d), EDPVS_OK);
	assert_int_equal(route4_show(""), 3);
	assert_gateway(2, "10.0.0.3");
	assert_int_equal(route4_row(2).mtu, 1500);
	assert_int_equal(route4_row(2).metric, 3);
	assert_int_equal(route4(30, detail("9.0.0.0", 8, NULL, "dpdk0")), EDPVS_NOTEXIST);
	/* del ignores the gateway, and a route that is gone. */
	assert_int_equal(route4(29, detail("172.20.0.0", 16, NULL, "dpdk0")), EDPVS_OK);
	assert_int_equal(route4(29, detail("172.20.0.0", 16, NULL, "dpdk0")), EDPVS_OK);
	assert_int_equal(route4_show(""), 2);
	/* Without a device the gateway's net decides. */
	assert_int_equal(route4(28, detail("0.0.0.0", 0, "10.0.0.2", "")), EDPVS_OK);
	assert_int_equal(route4_show(""), 3);
	assert_string_equal(route4_row(2).ifname, "dpdk0");
	assert_int_equal(route4(28, detail("9.0.0.0", 8, "203.0.113.1", "")),
			 EDPVS_INVAL); /* not on a link */
}

static void
old_route_of_keepalived(void **state)
{
	(void)state;
	must_add_addr("192.168.100.254", 24, 0);
	assert_int_equal(
	    set_hex(28, "02000000 0a090000000000000000000000000000 18 c0a86401000000000000000000000000"
			"00000000000000000000000000000000 6470646b300000000000000000000000 00000000 00040000 "
			"00000000"),
	    EDPVS_OK);
	assert_int_equal(route4_show(""), 3);
	assert_int_equal(route4_row(2).flags, RTF_FORWARD);
	assert_dst(2, "10.9.0.0");
	assert_gateway(2, "192.168.100.1");
	assert_int_equal(
	    set_hex(29, "02000000 0a090000000000000000000000000000 18 c0a86401000000000000000000000000"
			"00000000000000000000000000000000 6470646b300000000000000000000000 00000000 00040000 "
			"00000000"),
	    EDPVS_OK);
	assert_int_equal(route4_show(""), 2);
}

static void
hostile_ipv4_routes(void **state)
{
	struct dp_vs_route_detail d = detail("10.9.0.0", 16, NULL, "dpdk0");
	uint8_t body[200] = {0};

	(void)state;
	memcpy(body, &d, sizeof(d));
	for (size_t len = 0; len <= sizeof(body); len++) {
		if (len != sizeof(d) && len != 81)
			assert_int_equal(request(28, 1, body, len), EDPVS_INVAL);
	}
	d.dst.plen = 33;
	assert_int_equal(route4(28, d), EDPVS_INVAL);
	d.dst.plen = -1;
	assert_int_equal(route4(28, d), EDPVS_INVAL);
	d = detail("10.9.0.0", 16, NULL, "dpdk0");
	d.af = 10;
	assert_int_equal(route4(28, d), EDPVS_NOTSUPP);
	d.af = 2;
	d.mtu = UINT32_MAX;
	assert_int_equal(route4(28, d), EDPVS_INVAL);
	assert_int_equal(route4(28, detail("10.9.0.0", 16, NULL, "nope")), EDPVS_INVAL);
	assert_int_equal(route4(28, detail("10.9.0.0", 16, NULL, "")), EDPVS_INVAL);
	assert_int_equal(route4(31, detail("0.0.0.0", 0, NULL, "nope")), EDPVS_INVAL);
	d = detail("10.9.0.1", 32, NULL, "dpdk0");
	d.flags |= RTF_KNI;
	assert_int_equal(route4(28, d), EDPVS_INVAL);
	d.flags = RTF_LOCALIN | RTF_FORWARD;
	assert_int_equal(route4(28, d), EDPVS_OK);
	assert_int_equal(route4_show(""), 1);
	assert_int_equal(route4_row(0).flags, RTF_LOCALIN);
	ctrl_name(d.ifname, "nope");
	assert_int_equal(request(32, 0, &d, sizeof(d)), EDPVS_NOTEXIST);
}

static struct dp_vs_route6_conf
conf6(int32_t ops, const char *dst, int32_t plen, const char *via, const char *dev)
{
	struct dp_vs_route6_conf c = {.ops = ops, .flags = RTF_FORWARD};

	memcpy(&c.dst.addr, ip6(dst).b, 16);
	c.dst.plen = plen;
	if (via)
		memcpy(c.gateway, ip6(via).b, 16);
	ctrl_name(c.ifname, dev);
	return c;
}

static int
route6(uint32_t id, struct dp_vs_route6_conf c)
{
	return request(id, 1, &c, sizeof(c));
}

static void
ipv6_routes(void **state)
{
	struct dp_vs_route6_conf c = {0};
	int32_t n;

	(void)state;
	must_add_addr("2001:db8::fe", 64, 0);
	assert_int_equal(route6(33, conf6(2, "2001:db8:1::", 64, "2001:db8::1", "dpdk0")), EDPVS_OK);
	assert_int_equal(route6(33, conf6(2, "2001:db8:1::", 64, "2001:db8::1", "dpdk0")), EDPVS_EXIST);
	assert_int_equal(route6(34, conf6(2, "::", 0, "2001:db8::1", "dpdk0")), EDPVS_OK); /* ids are one */
	assert_int_equal(request(35, 0, &c, sizeof(c)), EDPVS_OK);
	memcpy(&n, reply_bytes(), 4);
	assert_int_equal(n, 4);
	assert_int_equal(reply_len(), 4 + 104 * 4);
	memcpy(&c, reply_bytes() + 4, sizeof(c));
	assert_int_equal(c.flags, RTF_LOCALIN);
	assert_int_equal(c.src.plen, 128);
	memcpy(&c, reply_bytes() + 4 + 104, sizeof(c)); /* the net of the address, older than the other /64 */
	assert_int_equal(c.src.plen, 64);
	assert_memory_equal(&c.src.addr, ip6("2001:db8::fe").b, 16);
	assert_int_equal(route6(33, conf6(3, "2001:db8:1::", 64, NULL, "dpdk0")), EDPVS_OK);
	assert_int_equal(route6(33, conf6(3, "2001:db8:1::", 64, NULL, "dpdk0")), EDPVS_NOTEXIST);
	assert_int_equal(route6(34, conf6(4, "::", 0, NULL, "dpdk0")), EDPVS_OK);
	c = (struct dp_vs_route6_conf){0};
	assert_int_equal(request(35, 0, &c, sizeof(c)), EDPVS_OK);
	assert_int_equal(reply_len(), 4 + 104); /* the host route of the address stays */
	assert_int_equal(route6(33, conf6(2, "2001:db8:1::", 129, NULL, "dpdk0")), EDPVS_INVAL);
	assert_int_equal(route6(33, conf6(2, "2001:db8:1::", -5, NULL, "dpdk0")), EDPVS_INVAL);
	assert_int_equal(route6(33, conf6(9, "2001:db8:1::", 64, NULL, "dpdk0")), EDPVS_INVAL);
	assert_int_equal(route6(33, conf6(2, "2001:db8:1::", 64, NULL, "nope")), EDPVS_INVAL);
	ctrl_name(c.ifname, "nope");
	assert_int_equal(request(35, 0, &c, sizeof(c)), EDPVS_NOTEXIST);
	assert_int_equal(request(35, 0, &c, 103), EDPVS_INVAL);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, world_up, world_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(ipv4_routes_as_recorded), TEST(ipv4_route_changes), TEST(old_route_of_keepalived),
	    TEST(hostile_ipv4_routes),	   TEST(ipv6_routes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

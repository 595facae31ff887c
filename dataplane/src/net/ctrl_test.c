/* SPDX-License-Identifier: Apache-2.0 */
/* Control messages as bytes: requests of the original tools, and hostile ones. */
#include "net_test.h"

#include <stdio.h>
#include <stdlib.h>

#include "abi/addr.h"
#include "abi/messages.h"
#include "abi/route.h"
#include "abi/neigh.h"
#include "addr.h"
#include "core/errors.h"
#include "neigh.h"
#include "route.h"

static int
set_hex(uint32_t id, const char *hex)
{
	uint8_t body[512];
	unsigned n = bytes(hex, body, sizeof(body));
	int rc = request(id, 1, body, n);

	settle();
	return rc;
}

static void
put_name(char out[16], const char *name)
{
	memset(out, 0, 16);
	memcpy(out, name, strnlen(name, 16));
}

/* ---- addresses
 * --------------------------------------------------------------------------------------------------- */

static struct inet_addr_param
addr_param(const char *text, uint8_t plen, const char *dev)
{
	struct inet_addr_param p = {.ifa_ops = INET_ADDR_GET};

	put_name(p.ifa_entry.ifname, dev);
	if (text) {
		bool v6 = strchr(text, ':') != NULL;
		union inet_ip ip = v6 ? ip6(text) : ip4(text);

		p.ifa_entry.af = v6 ? 10 : 2;
		memcpy(&p.ifa_entry.addr, ip.b, 16);
	}
	p.ifa_entry.plen = plen;
	return p;
}

static struct inet_addr_data
addr_row(unsigned i)
{
	struct inet_addr_data row;

	assert_true(12 + (i + 1) * sizeof(row) <= reply_len());
	memcpy(&row, reply_bytes() + 12 + i * sizeof(row), sizeof(row));
	return row;
}

static int32_t
addr_show(const char *dev, int af, uint32_t flags)
{
	struct inet_addr_param p = addr_param(NULL, 0, dev);
	struct inet_addr_data_array head;

	p.ifa_entry.af = af;
	p.ifa_ops_flags = flags;
	assert_int_equal(request(51, 0, &p, sizeof(p)), EDPVS_OK);
	memcpy(&head, reply_bytes(), sizeof(head));
	assert_int_equal(reply_len(), 12 + 80 * (size_t)head.naddr);
	assert_int_equal(head.ops, 1);
	assert_int_equal(head.ops_flags, flags);
	return head.naddr;
}

static void
usage(int af, const union inet_ip *ip, int worker, struct net_sapool_usage *out)
{
	(void)af;
	(void)ip;
	out->used = worker < 0 ? 20 : 10;
	out->free = worker < 0 ? 1ull << 33 : 7;
	out->miss = worker == 1;
}

static void
recorded_address_requests(void **state)
{
	struct inet_addr_data row;

	(void)state;
	/* dpip addr add 192.168.100.254/32 dev dpdk0; with rubbish behind the IPv4 addresses. */
	assert_int_equal(
	    set_hex(47, "0200000000000000 0200000000000000 0000000000000000 6470646b300000000000000000000000"
			"00000000cccccccccccccccccccccccc c0a864fecccccccccccccccccccccccc 20000000"),
	    EDPVS_OK);
	/* dpip addr add 192.168.100.200/32 dev dpdk1 sapool */
	assert_int_equal(
	    set_hex(47, "0200000000000000 0200000000000000 0000000000000100 6470646b310000000000000000000000"
			"00000000000000000000000000000000 c0a864c8000000000000000000000000 20000000"),
	    EDPVS_OK);
	/* dpip -6 addr add 2001:db8::fe/64 dev dpdk0 */
	assert_int_equal(
	    set_hex(47, "0200000000000000 0a00000000000000 0000000000000000 6470646b300000000000000000000000"
			"00000000000000000000000000000000 20010db80000000000000000000000fe 40000000"),
	    EDPVS_OK);
	assert_int_equal(addr_show("", 0, 0), 3);
	row = addr_row(0);
	assert_int_equal(row.ifa_entry.flags, 0x80);
	assert_memory_equal(&row.ifa_entry.addr, ip4("192.168.100.254").b, 16);
	row = addr_row(1);
	assert_int_equal(row.ifa_entry.flags, 0x10080);
	assert_string_equal(row.ifa_entry.ifname, "dpdk1");
	row = addr_row(2);
	assert_int_equal(row.ifa_entry.flags, 0xc4); /* permanent, tentative, optimistic */
	assert_int_equal(row.ifa_entry.plen, 64);
	/* dpip addr set 192.168.100.254/32 dev dpdk0 valid_lft 60 */
	assert_int_equal(
	    set_hex(49, "0400000000000000 020000003c000000 0000000000000000 6470646b300000000000000000000000"
			"00000000000000000000000000000000 c0a864fe000000000000000000000000 20000000"),
	    EDPVS_OK);
	assert_int_equal(addr_show("dpdk0", 2, 0), 1);
	assert_int_equal(addr_row(0).ifa_entry.valid_lft, 60);
	/* dpip addr del of it, twice; dpip addr flush dev dpdk0 */
	for (int i = 0; i < 2; i++)
		assert_int_equal(
		    set_hex(
			48,
			"0300000000000000 0200000000000000 0000000000000000 6470646b300000000000000000000000"
			"00000000000000000000000000000000 c0a864fe000000000000000000000000 20000000"),
		    i ? EDPVS_NOTEXIST : EDPVS_OK);
	assert_int_equal(
	    set_hex(50, "0500000000000000 0000000000000000 0000000000000000 6470646b300000000000000000000000"
			"00000000000000000000000000000000 00000000000000000000000000000000 00000000"),
	    EDPVS_OK);
	assert_int_equal(addr_show("", 0, 0), 1);
}

static void
address_listing_counts_ports_of_pools(void **state)
{
	union inet_ip ip = ip4("10.0.0.9");

	(void)state;
	must_add_addr("10.0.0.1", 24, 0);
	assert_int_equal(net_addr_add(ports[1], INET_AF_V4, &ip, 32, IFA_F_SAPOOL), EDPVS_OK);
	net_sapool_usage_hook = usage;
	assert_int_equal(addr_show("", 0, 0), 2);
	assert_int_equal(addr_row(1).ifa_stats.sa_used, 0);
	assert_int_equal(addr_show("", 0, IFA_F_OPS_STATS), 2);
	assert_int_equal(addr_row(0).ifa_stats.sa_used, 0);
	assert_int_equal(addr_row(1).ifa_stats.sa_used, 20);
	assert_int_equal(addr_row(1).ifa_stats.sa_free, UINT32_MAX);
	/* Verbose: own entries first, then those of the workers on lcores 1 and 2. */
	assert_int_equal(addr_show("dpdk1", 0, IFA_F_OPS_VERBOSE), 3);
	assert_int_equal(addr_row(0).ifa_entry.cid, 0);
	assert_int_equal(addr_row(1).ifa_entry.cid, 1);
	assert_int_equal(addr_row(2).ifa_entry.cid, 2);
	assert_int_equal(addr_row(2).ifa_stats.sa_used, 10);
	assert_int_equal(addr_row(2).ifa_stats.sa_miss, 1);
	net_sapool_usage_hook = NULL;
}

static void
hostile_address_requests(void **state)
{
	struct inet_addr_param p = addr_param("10.0.0.1", 24, "nope");

	(void)state;
	assert_int_equal(request(47, 1, &p, sizeof(p)), EDPVS_NOTEXIST);
	p = addr_param("10.0.0.1", 24, "dpdk0");
	assert_int_equal(request(47, 1, &p, sizeof(p) - 1), EDPVS_INVAL);
	assert_int_equal(request(47, 1, &p, 0), EDPVS_INVAL);
	p.ifa_entry.af = 7;
	assert_int_equal(request(47, 1, &p, sizeof(p)), EDPVS_NOTSUPP);
	p.ifa_entry.af = -1;
	assert_int_equal(request(48, 1, &p, sizeof(p)), EDPVS_NOTSUPP);
	p.ifa_entry.af = 0;
	assert_int_equal(request(47, 1, &p, sizeof(p)), EDPVS_NOTSUPP);
	p.ifa_entry.af = 2;
	p.ifa_entry.plen = 255;
	assert_int_equal(request(47, 1, &p, sizeof(p)), EDPVS_INVAL);
	assert_int_equal(request(48, 1, &p, sizeof(p)), EDPVS_INVAL);
	assert_int_equal(request(49, 1, &p, sizeof(p)), EDPVS_INVAL);
	memset(p.ifa_entry.ifname, 'x', sizeof(p.ifa_entry.ifname)); /* no NUL */
	assert_int_equal(request(47, 1, &p, sizeof(p)), EDPVS_NOTEXIST);
	assert_int_equal(request(50, 1, &p, sizeof(p)), EDPVS_NOTEXIST);
	p = addr_param(NULL, 0, "nope");
	assert_int_equal(request(51, 0, &p, sizeof(p)), EDPVS_NOTEXIST);
	p = addr_param(NULL, 0, "");
	p.ifa_ops = 0;
	assert_int_equal(request(51, 0, &p, sizeof(p)), EDPVS_INVAL);
	/* A lifetime that ends beyond 32 bits of milliseconds. */
	p = addr_param("10.0.0.1", 24, "dpdk0");
	p.ifa_entry.valid_lft = UINT32_MAX;
	assert_int_equal(request(47, 1, &p, sizeof(p)), EDPVS_OK);
	pass_ms(1500);
	assert_int_equal(addr_show("", 0, 0), 1);
	assert_int_equal(addr_row(0).ifa_entry.valid_lft, UINT32_MAX - 1);
	assert_int_equal(request(47, 1, &p, sizeof(p)), EDPVS_EXIST);
}

static void
multicast_groups_of_a_device(void **state)
{
	struct inet_maddr_entry e;
	int32_t n;

	(void)state;
	must_add_addr("2001:db8::fe", 64, 0);
	assert_int_equal(request(52, 0, "dpdk0", 6), EDPVS_OK);
	memcpy(&n, reply_bytes(), 4);
	assert_int_equal(n, 3);
	assert_int_equal(reply_len(), 4 + 44 * 3);
	memcpy(&e, reply_bytes() + 4, sizeof(e));
	assert_string_equal(e.ifname, "dpdk0");
	assert_memory_equal(&e.maddr, ip6("ff02::1:ff00:fe").b, 16);
	assert_int_equal(e.af, 10);
	assert_int_equal(e.refcnt, 2);
	assert_int_equal(request(52, 0, "dpdk1", 5), EDPVS_OK); /* without NUL */
	assert_int_equal(reply_len(), 4);
	assert_int_equal(request(52, 0, "nope", 4), EDPVS_NOTEXIST);
	assert_int_equal(request(52, 0, "", 1), EDPVS_INVAL);
	assert_int_equal(request(52, 0, "", 0), EDPVS_INVAL);
}

/* ---- routes
 * ---------------------------------------------------------------------------------------------------------
 */

static struct dp_vs_route_detail
detail(const char *dst, int32_t plen, const char *via, const char *dev)
{
	struct dp_vs_route_detail d = {.af = 2, .flags = RTF_FORWARD};

	memcpy(&d.dst.addr, ip4(dst).b, 16);
	d.dst.plen = plen;
	if (via)
		memcpy(&d.gateway.addr, ip4(via).b, 16);
	put_name(d.ifname, dev);
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

	put_name(d.ifname, dev);
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
	put_name(d.ifname, "nope");
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
	put_name(c.ifname, dev);
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
	put_name(c.ifname, "nope");
	assert_int_equal(request(35, 0, &c, sizeof(c)), EDPVS_NOTEXIST);
	assert_int_equal(request(35, 0, &c, 103), EDPVS_INVAL);
}

/* ---- neighbours
 * -------------------------------------------------------------------------------------------------------- */

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
	put_name(row.ifname, "dpdk1");
	assert_int_equal(request(72, 0, &row, sizeof(row)), EDPVS_OK);
	assert_int_equal(reply_len(), 4);
	assert_int_equal(request(72, 0, NULL, 0), EDPVS_OK);
	assert_int_equal(reply_len(), 4 + 52 * 2);
	put_name(row.ifname, "nope");
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
	put_name(c.ifname, "dpdk0");
	assert_int_equal(request(70, 1, &c, sizeof(c)), EDPVS_INVAL); /* MAC of zeros */
	memset(&c.eth_addr, 0xff, 6);
	assert_int_equal(request(70, 1, &c, sizeof(c)), EDPVS_INVAL); /* broadcast */
	memcpy(&c.eth_addr, peer_mac.addr_bytes, 6);
	assert_int_equal(request(70, 1, &c, sizeof(c) - 1), EDPVS_INVAL);
	c.af = 3;
	assert_int_equal(request(70, 1, &c, sizeof(c)), EDPVS_INVAL);
	c.af = 2;
	put_name(c.ifname, "");
	assert_int_equal(request(70, 1, &c, sizeof(c)), EDPVS_INVAL);
	put_name(c.ifname, "dpdk0");
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
	    TEST(recorded_address_requests),
	    TEST(address_listing_counts_ports_of_pools),
	    TEST(hostile_address_requests),
	    TEST(multicast_groups_of_a_device),
	    TEST(ipv4_routes_as_recorded),
	    TEST(ipv4_route_changes),
	    TEST(old_route_of_keepalived),
	    TEST(hostile_ipv4_routes),
	    TEST(ipv6_routes),
	    TEST(neighbours),
	    TEST(hostile_neighbours),
	    TEST(gratuitous_arp_on_request),
	    TEST(random_bodies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

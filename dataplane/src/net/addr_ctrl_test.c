/* SPDX-License-Identifier: Apache-2.0 */
/* Control messages of addresses as bytes: requests of the original tools, and hostile ones. */
#include "net_test.h"

#include "abi/addr.h"
#include "abi/messages.h"
#include "addr.h"
#include "core/errors.h"

static struct inet_addr_param
addr_param(const char *text, uint8_t plen, const char *dev)
{
	struct inet_addr_param p = {.ifa_ops = INET_ADDR_GET};

	ctrl_name(p.ifa_entry.ifname, dev);
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

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, world_up, world_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(recorded_address_requests),
	    TEST(address_listing_counts_ports_of_pools),
	    TEST(hostile_address_requests),
	    TEST(multicast_groups_of_a_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

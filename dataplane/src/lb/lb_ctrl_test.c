/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about services, real servers, local addresses and connections: codes, and replies to the byte. */
#include "control_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <rte_byteorder.h>

#include "abi/abi.h"
#include "core/clock.h"
#include "core/conf.h"
#include "ctrl/ctrl.h"
#include "lb/lb.h"

enum { VIP = 0xc0a864fe, RS1 = 0x0a00000b, RS2 = 0x0a00000c, LIP1 = 0xc0a864c8, LIP2 = 0xc0a864c9 };

static struct ctrl_reply *reply;

static int
group_setup(void **state)
{
	lb_ctrl_register();
	return fix_group_setup(state);
}

static int
setup(void **state)
{
	reply = ctrl_reply_new();
	return fix_setup(state);
}

static int
teardown(void **state)
{
	ctrl_reply_free(reply);
	return fix_teardown(state);
}

/* The body is copied to an odd address and to its exact length, so that sanitizers see casts and overreads.
 */
static int
send_as(pid_t pid, uint32_t id, int32_t type, const void *body, size_t len)
{
	uint8_t *copy = malloc(len + 1);
	struct ctrl_request req = {
	    .id = id, .type = type, .body = copy + 1, .len = len, .peer = {.pid = pid}};
	int rc;

	if (len)
		memcpy(copy + 1, body, len);
	ctrl_reply_free(reply);
	reply = ctrl_reply_new();
	rc = ctrl_dispatch(&req, reply);
	if (rc != EDPVS_OK)
		assert_int_equal(ctrl_reply_len(reply), 0);
	free(copy);
	return rc;
}

static int
set(uint32_t id, const void *body, size_t len)
{
	return send_as(1, id, SOCKOPT_SET, body, len);
}

static int
get(uint32_t id, const void *body, size_t len)
{
	return send_as(1, id, SOCKOPT_GET, body, len);
}

static const void *
body(size_t offset)
{
	return ctrl_reply_at(reply, offset);
}

static void
put4(union inet_addr *a, uint32_t ip)
{
	uint32_t be = rte_cpu_to_be_32(ip);

	/* What clients leave behind the four bytes must not matter. */
	memset(a, 0xee, sizeof(*a));
	memcpy(a, &be, sizeof(be));
}

static struct dp_vs_service_compat
svc(uint32_t vip, uint16_t port, const char *sched)
{
	struct dp_vs_service_compat c = {.af = 2,
					 .proto = 6,
					 .port = rte_cpu_to_be_16(port),
					 .netmask = UINT32_MAX,
					 .conn_timeout = 120,
					 .check_conf = {1, 2, 3, 4, 5, 60}};

	put4(&c.addr, vip);
	snprintf(c.sched_name, sizeof(c.sched_name), "%s", sched);
	memset(c.pad0, 0xdd, sizeof(c.pad0));
	return c;
}

static struct dp_vs_service_dest
svc_dest(uint32_t rs, uint32_t weight)
{
	struct dp_vs_service_dest c = {
	    .svc = svc(VIP, 80, ""),
	    .dest = {
		.af = 2, .port = rte_cpu_to_be_16(8080), .weight = weight, .conn_flags = 5, .fwdmode = 5}};

	put4(&c.dest.addr, rs);
	return c;
}

static struct dp_vs_dest_table
table(uint32_t n, uint8_t index)
{
	struct dp_vs_dest_table t = {
	    .af = 2, .proto = 6, .port = rte_cpu_to_be_16(80), .num_dests = n, .index = index, .cid = 0x55};

	put4(&t.addr, VIP);
	return t;
}

static struct dp_vs_laddr_conf
laddr(uint32_t lip, const char *ifname)
{
	struct dp_vs_laddr_conf c = {.af_s = 2, .proto = 6, .vport = rte_cpu_to_be_16(80), .af_l = 2};

	put4(&c.vaddr, VIP);
	put4(&c.laddr, lip);
	snprintf(c.ifname, sizeof(c.ifname), "%s", ifname);
	memset(c.pad0, 0xdd, sizeof(c.pad0));
	return c;
}

static void
add_service(const char *sched)
{
	struct dp_vs_service_compat c = svc(VIP, 80, sched);

	assert_int_equal(set(DPVS_SO_SET_ADD, &c, sizeof(c)), EDPVS_OK);
}

static int
dest_set(uint32_t id, struct dp_vs_service_dest c)
{
	return set(id, &c, sizeof(c));
}

static struct lb_service *
the_service(void)
{
	return lb_service_next(NULL);
}

static int
limit_set(uint32_t id, uint32_t mark, uint32_t limit)
{
	struct {
		struct dp_vs_service_compat svc;
		struct ds_service_ext ext;
	} c = {svc(VIP, 80, "wrr"), {mark, limit}};

	return set(id, &c, sizeof(c));
}

static void
test_connection_limit(void **state)
{
	struct dp_vs_service_compat c = svc(VIP, 80, "rr");

	/* Each worker must get a share. */
	assert_int_equal(limit_set(DPVS_SO_SET_ADD, DS_SERVICE_EXT, FIX_WORKERS - 1), EDPVS_NOTSUPP);
	assert_null(the_service());
	assert_int_equal(limit_set(DPVS_SO_SET_ADD, DS_SERVICE_EXT, 1000), EDPVS_OK);
	assert_int_equal(the_service()->attrs->conn_limit, 1000);
	/* Who does not know of it leaves it as it is. */
	assert_int_equal(set(DPVS_SO_SET_EDIT, &c, sizeof(c)), EDPVS_OK);
	assert_string_equal(the_service()->sched_name, "rr");
	assert_int_equal(the_service()->attrs->conn_limit, 1000);
	assert_int_equal(limit_set(DPVS_SO_SET_EDIT, 0xdddddddd, 7), EDPVS_OK);
	assert_int_equal(the_service()->attrs->conn_limit, 1000);
	assert_int_equal(limit_set(DPVS_SO_SET_EDIT, DS_SERVICE_EXT, FIX_WORKERS - 1), EDPVS_NOTSUPP);
	assert_int_equal(the_service()->attrs->conn_limit, 1000);
	assert_int_equal(limit_set(DPVS_SO_SET_EDIT, DS_SERVICE_EXT, FIX_WORKERS), EDPVS_OK);
	assert_int_equal(the_service()->attrs->conn_limit, FIX_WORKERS);
	assert_int_equal(limit_set(DPVS_SO_SET_EDIT, DS_SERVICE_EXT, 0), EDPVS_OK);
	assert_int_equal(the_service()->attrs->conn_limit, 0);
	/* Half of it is nothing. */
	assert_int_equal(set(DPVS_SO_SET_DEL, &c, sizeof(c)), EDPVS_OK);
	assert_int_equal(limit_set(DPVS_SO_SET_ADD, 0xdddddddd, 7), EDPVS_OK);
	assert_int_equal(the_service()->attrs->conn_limit, 0);
}

static void
test_timeouts(void **state)
{
	struct ds_timeouts t = {.tcp = 900, .tcp_fin = 120, .udp = 30}, bad[3] = {t, t, t};
	struct ds_tlv tlv;

	conf.ipvs.tcp_timeout_s[1] = 90;
	conf.ipvs.tcp_timeout_s[3] = 31;
	conf.ipvs.tcp_timeout_s[4] = 7;
	conf.ipvs.udp_oneway_s = 299;
	conf.ipvs.udp_normal_s = 300;
	bad[0].tcp = bad[1].udp = DS_TIMEOUT_MAX + 1;
	bad[2].reserved = 1;
	for (int i = 0; i < 3; i++)
		assert_int_equal(set(DS_MSG_TIMEOUTS, &bad[i], sizeof(bad[i])), EDPVS_INVAL);
	assert_int_equal(set(DS_MSG_TIMEOUTS, &t, sizeof(t) - 1), EDPVS_INVAL);
	assert_int_equal(set(DS_MSG_TIMEOUTS, NULL, 0), EDPVS_INVAL);
	assert_int_equal(get(DS_MSG_TIMEOUTS, NULL, 0), EDPVS_OK);
	assert_int_equal(ctrl_reply_len(reply), DS_TLV_SIZE(sizeof(t)));
	memcpy(&tlv, body(0), sizeof(tlv));
	assert_int_equal(tlv.type, DS_TLV_TIMEOUTS);
	assert_memory_equal(body(sizeof(tlv)), (&(struct ds_timeouts){90, 7, 300, 0}), sizeof(t));
	/* One after the other; 0 is no wish. */
	assert_int_equal(set(DS_MSG_TIMEOUTS, &(struct ds_timeouts){.tcp = 900}, sizeof(t)), EDPVS_OK);
	assert_int_equal(conf.ipvs.tcp_timeout_s[1], 900);
	assert_int_equal(conf.ipvs.tcp_timeout_s[4], 7);
	assert_int_equal(set(DS_MSG_TIMEOUTS, &t, sizeof(t)), EDPVS_OK);
	assert_int_equal(conf.ipvs.tcp_timeout_s[4], 120);
	assert_int_equal(conf.ipvs.tcp_timeout_s[3], 31);
	assert_int_equal(conf.ipvs.udp_oneway_s, 30);
	assert_int_equal(conf.ipvs.udp_normal_s, 30);
}

static void
test_service_codes(void **state)
{
	struct dp_vs_service_compat c = svc(VIP, 80, "wrr"), bad;
	struct dp_vs_getinfo info;

	assert_int_equal(set(DPVS_SO_SET_DEL, &c, sizeof(c)), EDPVS_INVAL);
	assert_int_equal(set(DPVS_SO_SET_EDIT, &c, sizeof(c)), EDPVS_INVAL);
	assert_int_equal(set(DPVS_SO_SET_ZERO, &c, sizeof(c)), EDPVS_INVAL);
	assert_int_equal(get(DPVS_SO_GET_SERVICE, &c, sizeof(c)), EDPVS_NOTEXIST);
	assert_int_equal(set(DPVS_SO_SET_ADD, &c, sizeof(c)), EDPVS_OK);
	assert_int_equal(set(DPVS_SO_SET_ADD, &c, sizeof(c)), EDPVS_EXIST);
	bad = svc(VIP, 81, "lcx");
	assert_int_equal(set(DPVS_SO_SET_ADD, &bad, sizeof(bad)), EDPVS_NOTEXIST);
	memset(bad.sched_name, 'r', sizeof(bad.sched_name)); /* no NUL */
	assert_int_equal(set(DPVS_SO_SET_ADD, &bad, sizeof(bad)), EDPVS_NOTEXIST);
	bad = svc(VIP, 81, "rr");
	bad.proto = 47;
	assert_int_equal(set(DPVS_SO_SET_ADD, &bad, sizeof(bad)), EDPVS_INVAL);
	bad.proto = 6;
	bad.af = 3;
	assert_int_equal(set(DPVS_SO_SET_ADD, &bad, sizeof(bad)), EDPVS_INVAL);
	bad = svc(0, 0, "rr");
	assert_int_equal(set(DPVS_SO_SET_ADD, &bad, sizeof(bad)), EDPVS_INVAL);
	bad = svc(VIP, 80, "wrr");
	bad.proto = 17;
	assert_int_equal(set(DPVS_SO_SET_DEL, &bad, sizeof(bad)), EDPVS_INVAL);
	assert_int_equal(get(DPVS_SO_GET_INFO, NULL, 0), EDPVS_OK);
	memcpy(&info, body(0), sizeof(info));
	assert_int_equal(ctrl_reply_len(reply), 16);
	assert_int_equal(info.num_services, 1);
	assert_int_equal(info.num_lcores, 2);
	assert_int_equal(info.size, 0);
	assert_int_equal(set(DPVS_SO_SET_DEL, &c, sizeof(c)), EDPVS_OK);
	assert_int_equal(lb_services_count(), 0);
}

static void
test_edit(void **state)
{
	struct dp_vs_service_compat c = svc(VIP, 80, "wlc"),
				    v6 = {.af = 10, .proto = 6, .port = 80, .netmask = 128};

	add_service("rr");
	c.flags = IP_VS_SVC_F_EXPIRE_QUIESCENT;
	c.conn_timeout = 9;
	c.check_conf.types = 0;
	assert_int_equal(set(DPVS_SO_SET_EDIT, &c, sizeof(c)), EDPVS_OK);
	assert_int_equal(get(DPVS_SO_GET_SERVICE, &c, sizeof(c)), EDPVS_OK);
	memcpy(&c, body(0), sizeof(c));
	assert_int_equal(c.flags, IP_VS_SVC_F_EXPIRE_QUIESCENT | IP_VS_SVC_F_HASHED);
	assert_int_equal(c.conn_timeout, 9);
	assert_string_equal(c.sched_name, "wlc");
	v6.addr.in6[15] = 1;
	strcpy(v6.sched_name, "rr");
	assert_int_equal(set(DPVS_SO_SET_ADD, &v6, sizeof(v6)), EDPVS_OK);
	v6.netmask = 129;
	assert_int_equal(set(DPVS_SO_SET_EDIT, &v6, sizeof(v6)), EDPVS_INVAL);
	v6.netmask = 0;
	assert_int_equal(set(DPVS_SO_SET_EDIT, &v6, sizeof(v6)), EDPVS_INVAL);
	v6.netmask = 64;
	assert_int_equal(set(DPVS_SO_SET_EDIT, &v6, sizeof(v6)), EDPVS_OK);
}

static void
test_listing_is_exact(void **state)
{
	struct dp_vs_services_front front = {.cid = 0x55, .count = 1, .pad0 = {1, 2, 3, 4}};
	struct dp_vs_service_compat want, got;
	const uint8_t front_want[8] = {0, 0, 1, 0, 0, 0, 0, 0}, front_cpu2[8] = {FIX_LCORE0 + 1, 2, 1, 0};

	add_service("wrr");
	assert_int_equal(get(DPVS_SO_GET_SERVICES, &front, sizeof(front)), EDPVS_OK);
	assert_int_equal(ctrl_reply_len(reply), 8 + 264);
	assert_memory_equal(body(0), front_want, 8);
	want = svc(VIP, 80, "wrr");
	memset(want.addr.in6 + 4, 0, 12);
	memset(want.pad0, 0, sizeof(want.pad0));
	want.flags = IP_VS_SVC_F_HASHED;
	assert_memory_equal(body(8), &want, sizeof(want));
	front.index = 2;
	assert_int_equal(get(DPVS_SO_GET_SERVICES, &front, sizeof(front)), EDPVS_OK);
	assert_memory_equal(body(0), front_cpu2, 8);
	memcpy(&got, body(8), sizeof(got));
	assert_int_equal(got.cid, FIX_LCORE0 + 1);
	assert_int_equal(got.index, 2);
	front.index = 3;
	assert_int_equal(get(DPVS_SO_GET_SERVICES, &front, sizeof(front)), EDPVS_INVAL);
	front.index = 0;
	front.count = 2;
	assert_int_equal(get(DPVS_SO_GET_SERVICES, &front, sizeof(front)), EDPVS_MSG_FAIL);
	front.count = 0;
	assert_int_equal(get(DPVS_SO_GET_SERVICES, &front, sizeof(front)), EDPVS_MSG_FAIL);
	assert_int_equal(set(DPVS_SO_SET_FLUSH, NULL, 0), EDPVS_OK);
	assert_int_equal(get(DPVS_SO_GET_SERVICES, &front, sizeof(front)), EDPVS_OK);
	assert_int_equal(ctrl_reply_len(reply), 8);
}

static void
test_dest_codes(void **state)
{
	struct dp_vs_service_dest c;

	assert_int_equal(dest_set(DPVS_SO_SET_ADDDEST, svc_dest(RS1, 1)), EDPVS_INVAL);
	add_service("wrr");
	assert_int_equal(dest_set(DPVS_SO_SET_EDITDEST, svc_dest(RS1, 1)), EDPVS_NOTEXIST);
	assert_int_equal(dest_set(DPVS_SO_SET_DELDEST, svc_dest(RS1, 1)), EDPVS_NOTEXIST);
	assert_int_equal(dest_set(DPVS_SO_SET_ADDDEST, svc_dest(RS1, 1)), EDPVS_OK);
	assert_int_equal(dest_set(DPVS_SO_SET_ADDDEST, svc_dest(RS1, 1)), EDPVS_EXIST);
	c = svc_dest(RS2, 1);
	c.dest.max_conn = 10;
	c.dest.min_conn = 20;
	assert_int_equal(dest_set(DPVS_SO_SET_ADDDEST, c), EDPVS_NOTSUPP);
	c = svc_dest(RS1, 1);
	c.dest.max_conn = 10;
	c.dest.min_conn = 20;
	assert_int_equal(dest_set(DPVS_SO_SET_EDITDEST, c), EDPVS_INVAL);
	c = svc_dest(RS2, 1);
	c.dest.fwdmode = 4;
	assert_int_equal(dest_set(DPVS_SO_SET_ADDDEST, c), EDPVS_NOTSUPP);
	c.dest.fwdmode = 7;
	assert_int_equal(dest_set(DPVS_SO_SET_ADDDEST, c), EDPVS_INVAL);
	c.dest.fwdmode = INT32_MIN;
	assert_int_equal(dest_set(DPVS_SO_SET_ADDDEST, c), EDPVS_INVAL);
	c = svc_dest(RS2, UINT32_MAX);
	assert_int_equal(dest_set(DPVS_SO_SET_ADDDEST, c), EDPVS_NOTSUPP);
	c = svc_dest(RS2, 1);
	c.dest.af = 10;
	assert_int_equal(dest_set(DPVS_SO_SET_ADDDEST, c), EDPVS_NOTSUPP);
	c.dest.af = 77;
	assert_int_equal(dest_set(DPVS_SO_SET_ADDDEST, c), EDPVS_INVAL);
	assert_int_equal(dest_set(DPVS_SO_SET_ADDDEST, svc_dest(0, 1)), EDPVS_INVAL);
	/* -d sends the default mode: it must not matter */
	c = svc_dest(RS1, 1);
	c.dest.fwdmode = 4;
	assert_int_equal(dest_set(DPVS_SO_SET_DELDEST, c), EDPVS_OK);
	assert_int_equal(the_service()->ndests, 0);
}

static void
test_dest_listing_is_exact(void **state)
{
	struct dp_vs_dest_table t = table(2, 0),
				head = {.af = 2, .proto = 6, .port = rte_cpu_to_be_16(80), .num_dests = 2};
	struct dp_vs_service_dest c = svc_dest(RS2, 50);
	struct dp_vs_dest_compat want = {.af = 2,
					 .port = rte_cpu_to_be_16(8080),
					 .weight = 50,
					 .conn_flags = 517,
					 .flags = 1,
					 .fwdmode = 5,
					 .max_conn = 1001,
					 .min_conn = 101};
	uint32_t id;

	add_service("wrr");
	assert_int_equal(dest_set(DPVS_SO_SET_ADDDEST, svc_dest(RS1, 100)), EDPVS_OK);
	c.dest.max_conn = 1001;
	c.dest.min_conn = 101;
	assert_int_equal(dest_set(DPVS_SO_SET_ADDDEST, c), EDPVS_OK);
	assert_int_equal(get(DPVS_SO_GET_DESTS, &t, sizeof(t)), EDPVS_OK);
	assert_int_equal(ctrl_reply_len(reply), 144 + 2 * 120);
	assert_memory_equal(body(0), &head, sizeof(head));
	put4(&want.addr, RS2);
	memset(want.addr.in6 + 4, 0, 12);
	assert_memory_equal(body(144), &want, sizeof(want)); /* the newest first */

	/* One worker: the request's head again, its share, its figures. */
	id = the_service()->dests->d[0].id;
	*lb_counters(0, id) =
	    (struct lb_counters){.conns = 3, .in_packets = 4, .active = 1, .inactive = 2, .overloaded = 1};
	*lb_counters(1, id) = (struct lb_counters){.conns = 10, .out_bytes = 7, .active = 5, .persistent = 6};
	t.index = 2;
	head.index = 2;
	head.cid = FIX_LCORE0 + 1;
	put4(&head.addr, VIP);
	memset(head.addr.in6 + 4, 0, 12);
	assert_int_equal(get(DPVS_SO_GET_DESTS, &t, sizeof(t)), EDPVS_OK);
	assert_memory_equal(body(0), &head, sizeof(head));
	want.max_conn = 500;
	want.min_conn = 50;
	want.actconns = 5;
	want.persistconns = 6;
	want.stats = (struct dp_vs_stats){.conns = 10, .outbytes = 7};
	assert_memory_equal(body(144), &want, sizeof(want));

	t.index = 0;
	assert_int_equal(get(DPVS_SO_GET_DESTS, &t, sizeof(t)), EDPVS_OK);
	memcpy(&want, body(144), sizeof(want));
	assert_int_equal(want.actconns, 6);
	assert_int_equal(want.inactconns, 2);
	assert_int_equal(want.stats.conns, 13);
	assert_int_equal(want.stats.inpkts, 4);
	assert_int_equal(want.flags, 1); /* the mark of worker 0 is out of date: 3 of 501 */

	t.num_dests = 1;
	assert_int_equal(get(DPVS_SO_GET_DESTS, &t, sizeof(t)), EDPVS_MSG_FAIL);
	t.num_dests = 3;
	assert_int_equal(get(DPVS_SO_GET_DESTS, &t, sizeof(t)), EDPVS_MSG_FAIL);
	t = table(2, 3);
	assert_int_equal(get(DPVS_SO_GET_DESTS, &t, sizeof(t)), EDPVS_INVAL);
	t = table(2, 0);
	t.proto = 262; /* 6 in the low byte */
	assert_int_equal(get(DPVS_SO_GET_DESTS, &t, sizeof(t)), EDPVS_INVAL);
	t.proto = 17;
	assert_int_equal(get(DPVS_SO_GET_DESTS, &t, sizeof(t)), EDPVS_NOTEXIST);
}

static void
test_overload_and_inhibited_are_listed(void **state)
{
	struct dp_vs_dest_table t = table(1, 0);
	struct dp_vs_service_dest c = svc_dest(RS1, 1);
	struct dp_vs_dest_compat got;
	uint32_t id;

	add_service("rr");
	c.dest.max_conn = 4;
	c.dest.flags = DPVS_DEST_F_INHIBITED | DPVS_DEST_F_OVERLOAD;
	assert_int_equal(dest_set(DPVS_SO_SET_ADDDEST, c), EDPVS_OK);
	id = the_service()->dests->d[0].id;
	assert_int_equal(get(DPVS_SO_GET_DESTS, &t, sizeof(t)), EDPVS_OK);
	memcpy(&got, body(144), sizeof(got));
	assert_int_equal(got.flags, DPVS_DEST_F_AVAILABLE | DPVS_DEST_F_INHIBITED);
	lb_counters(1, id)->active = 2;
	lb_counters(1, id)->overloaded = 2;
	c.dest.flags = 0;
	assert_int_equal(dest_set(DPVS_SO_SET_EDITDEST, c), EDPVS_OK);
	assert_int_equal(get(DPVS_SO_GET_DESTS, &t, sizeof(t)), EDPVS_OK);
	memcpy(&got, body(144), sizeof(got));
	assert_int_equal(got.flags, DPVS_DEST_F_AVAILABLE | DPVS_DEST_F_OVERLOAD);
	t.index = 1;
	assert_int_equal(get(DPVS_SO_GET_DESTS, &t, sizeof(t)), EDPVS_OK);
	memcpy(&got, body(144), sizeof(got));
	assert_int_equal(got.flags, DPVS_DEST_F_AVAILABLE);
}

static struct dp_vs_stats
service_stats(uint8_t index)
{
	struct dp_vs_service_compat c = svc(VIP, 80, "");

	c.index = index;
	assert_int_equal(get(DPVS_SO_GET_SERVICE, &c, sizeof(c)), EDPVS_OK);
	memcpy(&c, body(0), sizeof(c));
	return c.stats;
}

/* A client prints service + listed servers. */
static uint64_t
printed_inpkts(void)
{
	struct dp_vs_dest_table t = table(the_service()->ndests, 0);
	uint64_t sum = service_stats(0).inpkts;

	assert_int_equal(get(DPVS_SO_GET_DESTS, &t, sizeof(t)), EDPVS_OK);
	for (uint32_t i = 0; i < t.num_dests; i++) {
		struct dp_vs_dest_compat d;

		memcpy(&d, body(144 + i * sizeof(d)), sizeof(d));
		sum += d.stats.inpkts;
	}
	return sum;
}

static void
test_totals_never_go_back(void **state)
{
	struct dp_vs_service_compat zero = svc(VIP, 80, "");
	uint32_t id;

	add_service("rr");
	dest_set(DPVS_SO_SET_ADDDEST, svc_dest(RS1, 1));
	dest_set(DPVS_SO_SET_ADDDEST, svc_dest(RS2, 1));
	id = the_service()->dests->d[0].id;
	lb_counters(0, id)->in_packets = 100;
	lb_counters(1, id)->in_packets = 20;
	lb_counters(1, id)->active = 1;
	lb_counters(0, the_service()->dests->d[1].id)->in_packets = 3;
	assert_int_equal(printed_inpkts(), 123);
	assert_int_equal(dest_set(DPVS_SO_SET_DELDEST, svc_dest(RS2, 1)), EDPVS_OK);
	lb_counters(1, id)->in_packets = 21; /* its connection goes on */
	assert_int_equal(printed_inpkts(), 124);
	assert_int_equal(service_stats(1).inpkts, 100);
	assert_int_equal(service_stats(2).inpkts, 21);
	lb_counters(1, id)->active = 0;
	fix_settle();
	assert_true(TAILQ_EMPTY(&the_service()->zombies));
	assert_int_equal(printed_inpkts(), 124);
	assert_int_equal(service_stats(2).inpkts, 21);
	assert_int_equal(set(DPVS_SO_SET_ZERO, &zero, sizeof(zero)), EDPVS_OK);
	assert_int_equal(printed_inpkts(), 0);
}

static void
test_zero_all(void **state)
{
	struct dp_vs_service_compat all = {.netmask = UINT32_MAX}, any = {.af = 2},
				    port0 = svc(VIP + 1, 0, "rr");

	add_service("rr");
	dest_set(DPVS_SO_SET_ADDDEST, svc_dest(RS1, 1));
	lb_counters(0, the_service()->dests->d[0].id)->in_packets = 3;
	assert_int_equal(set(DPVS_SO_SET_ZERO, &any, sizeof(any)), EDPVS_INVAL);
	any.proto = 6;
	assert_int_equal(set(DPVS_SO_SET_ZERO, &any, sizeof(any)), EDPVS_INVAL);
	assert_int_equal(set(DPVS_SO_SET_ZERO, &port0, sizeof(port0)), EDPVS_INVAL);
	assert_int_equal(set(DPVS_SO_SET_ADD, &port0, sizeof(port0)), EDPVS_OK);
	assert_int_equal(set(DPVS_SO_SET_ZERO, &port0, sizeof(port0)), EDPVS_OK);
	assert_int_equal(printed_inpkts(), 3);
	assert_int_equal(set(DPVS_SO_SET_ZERO, &all, sizeof(all)), EDPVS_OK);
	assert_int_equal(printed_inpkts(), 0);
}

static void
test_rates_are_listed(void **state)
{
	struct dp_vs_dest_table t = table(1, 0);
	struct dp_vs_dest_compat d;
	struct lb_counters *c;

	add_service("rr");
	dest_set(DPVS_SO_SET_ADDDEST, svc_dest(RS1, 1));
	c = lb_counters(0, the_service()->dests->d[0].id);
	for (int i = 0; i < 40; i++) {
		c->conns += 14;
		c->in_packets += 200;
		c->in_bytes += 20000000000;
		clock_warp(2000);
		lb_control_tick(clock_now_ms());
	}
	assert_int_equal(get(DPVS_SO_GET_DESTS, &t, sizeof(t)), EDPVS_OK);
	memcpy(&d, body(144), sizeof(d));
	assert_int_equal(d.stats.cps, 7);
	assert_int_equal(d.stats.inpps, 100);
	assert_int_equal(d.stats.inbps, UINT32_MAX); /* 10 GB/s do not fit */
	assert_int_equal(d.stats.outpps, 0);
	assert_int_equal(service_stats(0).inpps, 100);
	c->active = 1;
	dest_set(DPVS_SO_SET_DELDEST, svc_dest(RS1, 1));
	assert_int_equal(service_stats(0).inpps, 100);
}

static void
test_fwmark_and_match_are_listed(void **state)
{
	struct dp_vs_service_compat fwm = {.af = 2, .proto = 6, .fwmark = 7},
				    match = {.af = 2, .proto = 6, .flags = 0x400}, got;
	struct dp_vs_services_front front = {.count = 3};
	struct dp_vs_service_dest snat = {.dest = {.af = 2, .weight = 1, .conn_flags = 6, .fwdmode = 6}};

	strcpy(fwm.sched_name, "wlc");
	strcpy(match.sched_name, "rr");
	match.match.af = 2;
	put4(&match.match.srange.min_addr, RS1);
	put4(&match.match.srange.max_addr, RS2);
	strcpy(match.match.oifname, "dpdk1");
	memset(match.match.oifname + 6, 0x77, 9);
	assert_int_equal(set(DPVS_SO_SET_ADD, &match, sizeof(match)), EDPVS_OK);
	assert_int_equal(set(DPVS_SO_SET_ADD, &fwm, sizeof(fwm)), EDPVS_OK);
	add_service("rr");
	assert_int_equal(set(DPVS_SO_SET_ADD, &fwm, sizeof(fwm)), EDPVS_EXIST);
	memset(match.match.oifname + 6, 0x66, 9); /* behind the NUL: the same name */
	assert_int_equal(set(DPVS_SO_SET_ADD, &match, sizeof(match)), EDPVS_EXIST);
	snat.svc = match;
	put4(&snat.dest.addr, LIP1);
	assert_int_equal(dest_set(DPVS_SO_SET_ADDDEST, snat), EDPVS_OK);
	assert_int_equal(dest_set(DPVS_SO_SET_ADDDEST, snat), EDPVS_EXIST);
	assert_int_equal(dest_set(DPVS_SO_SET_DELDEST, snat), EDPVS_OK);
	snat.dest.fwdmode = 5;
	assert_int_equal(dest_set(DPVS_SO_SET_ADDDEST, snat), EDPVS_NOTSUPP);
	snat.dest.fwdmode = 6;
	snat.svc = fwm;
	assert_int_equal(dest_set(DPVS_SO_SET_ADDDEST, snat), EDPVS_NOTSUPP);
	assert_int_equal(get(DPVS_SO_GET_SERVICES, &front, sizeof(front)), EDPVS_OK);
	memcpy(&got, body(8 + 264), sizeof(got));
	assert_int_equal(got.fwmark, 7);
	memcpy(&got, body(8 + 2 * 264), sizeof(got));
	assert_string_equal(got.match.oifname, "dpdk1");
	assert_int_equal(got.match.oifname[6], 0);
	assert_int_equal(got.match.srange.min_addr.in6[4], 0);
	assert_memory_equal(got.match.srange.max_addr.in, match.match.srange.max_addr.in, 4);
	fwm.proto = 17;
	assert_int_equal(set(DPVS_SO_SET_DEL, &fwm, sizeof(fwm)), EDPVS_INVAL);
	fwm.proto = 6;
	assert_int_equal(set(DPVS_SO_SET_DEL, &fwm, sizeof(fwm)), EDPVS_OK);
	assert_int_equal(set(DPVS_SO_SET_DEL, &match, sizeof(match)), EDPVS_OK);
	assert_int_equal(lb_services_count(), 1);
}

static void
test_laddr(void **state)
{
	struct dp_vs_laddr_conf c = laddr(LIP1, "dpdk0"), want = laddr(0, "");
	struct dp_vs_laddr_entry e[2] = {{.af = 2, .nconns = 25}, {.af = 2}};

	assert_int_equal(set(SOCKOPT_SET_LADDR_ADD, &c, sizeof(c)), EDPVS_NOSERV);
	assert_int_equal(set(SOCKOPT_SET_LADDR_FLUSH, &c, sizeof(c)), EDPVS_NOSERV);
	assert_int_equal(get(SOCKOPT_GET_LADDR_GETALL, &c, sizeof(c)), EDPVS_NOSERV);
	add_service("rr");
	c = laddr(LIP1, "dpdk9");
	assert_int_equal(set(SOCKOPT_SET_LADDR_ADD, &c, sizeof(c)), EDPVS_NOTEXIST);
	memset(c.ifname, 'd', sizeof(c.ifname)); /* no NUL */
	assert_int_equal(set(SOCKOPT_SET_LADDR_ADD, &c, sizeof(c)), EDPVS_NOTEXIST);
	c = laddr(0, "dpdk0");
	assert_int_equal(set(SOCKOPT_SET_LADDR_ADD, &c, sizeof(c)), EDPVS_INVAL);
	c = laddr(LIP1, "dpdk0");
	assert_int_equal(set(SOCKOPT_SET_LADDR_DEL, &c, sizeof(c)), EDPVS_NOTEXIST);
	assert_int_equal(set(SOCKOPT_SET_LADDR_ADD, &c, sizeof(c)), EDPVS_OK);
	assert_int_equal(set(SOCKOPT_SET_LADDR_ADD, &c, sizeof(c)), EDPVS_EXIST);
	c = laddr(LIP2, "dpdk0");
	assert_int_equal(set(SOCKOPT_SET_LADDR_ADD, &c, sizeof(c)), EDPVS_OK);

	fix_lports[0][the_service()->laddrs->l[0].lip_id].used = 20;
	fix_lports[1][the_service()->laddrs->l[0].lip_id].used = 5;
	c = laddr(0, "junk");
	c.cid = 9;
	assert_int_equal(get(SOCKOPT_GET_LADDR_GETALL, &c, sizeof(c)), EDPVS_OK);
	assert_int_equal(ctrl_reply_len(reply), 184 + 2 * 40);
	memset(want.pad0, 0, sizeof(want.pad0));
	memset(want.vaddr.in6 + 4, 0, 12);
	memset(&want.laddr, 0, sizeof(want.laddr));
	want.af_l = 0;
	want.nladdrs = 2;
	assert_memory_equal(body(0), &want, sizeof(want));
	put4(&e[0].addr, LIP1);
	put4(&e[1].addr, LIP2);
	memset(e[0].addr.in6 + 4, 0, 12);
	memset(e[1].addr.in6 + 4, 0, 12);
	assert_memory_equal(body(184), e, sizeof(e));
	c.index = 2;
	assert_int_equal(get(SOCKOPT_GET_LADDR_GETALL, &c, sizeof(c)), EDPVS_OK);
	memcpy(e, body(184), sizeof(e));
	assert_int_equal(e[0].nconns, 5);
	c.index = 3;
	assert_int_equal(get(SOCKOPT_GET_LADDR_GETALL, &c, sizeof(c)), EDPVS_INVAL);
	c = laddr(LIP1, "dpdk0");
	assert_int_equal(set(SOCKOPT_SET_LADDR_DEL, &c, sizeof(c)), EDPVS_OK);
	assert_int_equal(the_service()->laddrs->n, 1);
	assert_int_equal(set(SOCKOPT_SET_LADDR_FLUSH, &c, sizeof(c)), EDPVS_OK);
	assert_int_equal(the_service()->laddrs->n, 0);
}

static uint32_t
walk(pid_t pid, uint32_t flag, struct ip_vs_conn_array *head)
{
	struct ip_vs_conn_req req = {.flag = flag, .whence = head->curcid};
	int rc = send_as(pid, SOCKOPT_GET_CONN_ALL, SOCKOPT_GET, &req, sizeof(req));

	assert_int_equal(rc, EDPVS_OK);
	memcpy(head, body(0), sizeof(*head));
	assert_int_equal(ctrl_reply_len(reply), 9 + 104 * head->nconns);
	return head->nconns;
}

static uint16_t
first_cport(void)
{
	struct ip_vs_conn_entry e;

	memcpy(&e, body(9), sizeof(e));
	return rte_be_to_cpu_16(e.cport);
}

static void
test_two_walks(void **state)
{
	struct ip_vs_conn_req req = {.flag = 0};
	struct ip_vs_conn_array a = {0}, b = {0};

	assert_int_equal(get(SOCKOPT_GET_CONN_ALL, &req, sizeof(req)), EDPVS_INVAL);
	assert_int_equal(walk(10, GET_IPVS_CONN_FLAG_ALL, &a), 0);
	assert_int_equal(a.resl, GET_IPVS_CONN_RESL_OK);
	fix_conns[0] = 1500;
	fix_conns[1] = 600;
	assert_int_equal(walk(10, GET_IPVS_CONN_FLAG_ALL, &a), 1024);
	assert_int_equal(a.resl, GET_IPVS_CONN_RESL_MORE);
	assert_int_equal(a.curcid, FIX_LCORE0);
	/* 0 is what the kernel calls a process outside of our container. */
	assert_int_equal(walk(0, GET_IPVS_CONN_FLAG_ALL, &b), 1024);
	assert_int_equal(first_cport(), 1);
	/* 476 of worker 0, then 548 of worker 1 */
	assert_int_equal(walk(10, GET_IPVS_CONN_FLAG_ALL | GET_IPVS_CONN_FLAG_MORE, &a), 1024);
	assert_int_equal(first_cport(), 1025);
	assert_int_equal(a.resl, GET_IPVS_CONN_RESL_MORE);
	assert_int_equal(a.curcid, FIX_LCORE0 + 1);
	assert_int_equal(walk(0, GET_IPVS_CONN_FLAG_ALL | GET_IPVS_CONN_FLAG_MORE, &b), 1024);
	assert_int_equal(first_cport(), 1025);
	assert_int_equal(walk(10, GET_IPVS_CONN_FLAG_ALL | GET_IPVS_CONN_FLAG_MORE, &a), 52);
	assert_int_equal(a.resl, GET_IPVS_CONN_RESL_OK);
	/* The end of a walk, and one that stood still too long. */
	req.flag = GET_IPVS_CONN_FLAG_ALL | GET_IPVS_CONN_FLAG_MORE;
	assert_int_equal(send_as(10, SOCKOPT_GET_CONN_ALL, SOCKOPT_GET, &req, sizeof(req)), EDPVS_NOTEXIST);
	clock_warp(10001);
	assert_int_equal(send_as(0, SOCKOPT_GET_CONN_ALL, SOCKOPT_GET, &req, sizeof(req)), EDPVS_NOTEXIST);
	assert_int_equal(walk(10, GET_IPVS_CONN_FLAG_ALL | GET_IPVS_CONN_FLAG_TEMPLATE, &a), 0);
	assert_int_equal(a.resl, GET_IPVS_CONN_RESL_OK);
}

static void
test_one_connection(void **state)
{
	struct ip_vs_conn_req req = {
	    .flag = GET_IPVS_CONN_FLAG_SPECIFIED,
	    .sockpair = {.af = 2, .proto = 6, .sport = rte_cpu_to_be_16(2), .tport = rte_cpu_to_be_16(80)}};
	struct ip_vs_conn_array head;
	struct ip_vs_conn_entry want = {.in_af = 2,
					.out_af = 2,
					.proto = 6,
					.cport = rte_cpu_to_be_16(2),
					.vport = rte_cpu_to_be_16(80),
					.lport = rte_cpu_to_be_16(1025),
					.dport = rte_cpu_to_be_16(8080),
					.timeout = 90,
					.lcoreid = FIX_LCORE0 + 1,
					.state = "TCP_EST"};
	const uint32_t ip[4] = {0x0a000001, VIP, LIP1, RS1};
	union inet_addr *addr[4] = {&want.caddr, &want.vaddr, &want.laddr, &want.daddr};

	put4(&req.sockpair.sip, ip[0]);
	put4(&req.sockpair.tip, VIP);
	assert_int_equal(get(SOCKOPT_GET_CONN_SPECIFIED, &req, sizeof(req)), EDPVS_NOTEXIST);
	fix_conns[1] = 2;
	assert_int_equal(get(SOCKOPT_GET_CONN_SPECIFIED, &req, sizeof(req)), EDPVS_OK);
	memcpy(&head, body(0), sizeof(head));
	assert_int_equal(ctrl_reply_len(reply), 9 + 104);
	assert_int_equal(head.nconns, 1);
	assert_int_equal(head.resl, GET_IPVS_CONN_RESL_OK);
	for (int i = 0; i < 4; i++) {
		put4(addr[i], ip[i]);
		memset(addr[i]->in6 + 4, 0, 12);
	}
	assert_memory_equal(body(9), &want, sizeof(want));
	req.flag = GET_IPVS_CONN_FLAG_ALL;
	assert_int_equal(get(SOCKOPT_GET_CONN_SPECIFIED, &req, sizeof(req)), EDPVS_INVAL);
	req.flag = GET_IPVS_CONN_FLAG_SPECIFIED;
	req.sockpair.af = 0;
	assert_int_equal(get(SOCKOPT_GET_CONN_SPECIFIED, &req, sizeof(req)), EDPVS_INVAL);
}

/* Bodies of any length and content: an error or a change, never a crash, and nothing left behind that cannot
 * be cleared. */
static void
test_hostile_bodies(void **state)
{
	static const uint32_t sets[] = {0,  1,	2,  9,	10, 11, 12, 13,		14,
					15, 73, 74, 75, 77, 78, 79, DS_MSG_ACL, DS_MSG_MARK},
			      gets[] = {3, 18, 19, 20, 21, 76, 80, 90, 91};
	uint8_t junk[400];

	srand(7);
	add_service("rr");
	for (unsigned i = 0; i < 40000; i++) {
		struct dp_vs_service_dest sane = svc_dest(RS1 + (uint32_t)rand() % 4, (uint32_t)rand() % 3);
		size_t len = (size_t)rand() % (sizeof(junk) + 1);

		/* A sensible request with a few bytes turned over reaches deeper than noise. */
		memset(junk, 0, sizeof(junk));
		strcpy(sane.svc.sched_name, rand() % 2 ? "rr" : "wlc");
		memcpy(junk, &sane, sizeof(sane));
		for (int k = rand() % 6; k > 0; k--)
			junk[(size_t)rand() % sizeof(junk)] ^= (uint8_t)(1 << rand() % 8);
		if (rand() % 4)
			len = sizeof(sane);
		set(sets[(size_t)rand() % RTE_DIM(sets)], junk, len);
		get(gets[(size_t)rand() % RTE_DIM(gets)], junk, len);
		if (i % 1000 == 0)
			fix_settle();
	}
	for (size_t i = 0; i < RTE_DIM(sets); i++)
		assert_int_not_equal(set(sets[i], junk, 3), EDPVS_OK);
	assert_int_equal(get(DPVS_SO_GET_SERVICES, junk, 7), EDPVS_INVAL);
	assert_int_equal(get(DPVS_SO_GET_SERVICES, junk, 9), EDPVS_INVAL);
	assert_int_equal(set(DPVS_SO_SET_FLUSH, NULL, 0), EDPVS_OK);
	assert_int_equal(lb_services_count(), 0);
}

static double
seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
test_many(void **state)
{
	enum { SERVICES = 5000, DESTS = 10 };
	struct dp_vs_services_front front = {.count = SERVICES};
	struct dp_vs_dest_table t = table(DESTS, 0);
	double at = seconds();

	for (uint32_t i = 0; i < SERVICES; i++) {
		struct dp_vs_service_compat c = svc(VIP + i, 80, "wrr");
		struct dp_vs_service_dest d = svc_dest(0, 1);

		d.svc = c;
		assert_int_equal(set(DPVS_SO_SET_ADD, &c, sizeof(c)), EDPVS_OK);
		for (uint32_t j = 0; j < DESTS; j++) {
			put4(&d.dest.addr, RS1 + i * DESTS + j);
			assert_int_equal(dest_set(DPVS_SO_SET_ADDDEST, d), EDPVS_OK);
		}
		if (i % 64 == 0)
			fix_quiescent();
	}
	at = seconds() - at;
	print_message("%u messages that add services and real servers: %.0f ms\n", SERVICES * (DESTS + 1),
		      at * 1000);
	assert_true(at < 1.0);
	at = seconds();
	assert_int_equal(get(DPVS_SO_GET_SERVICES, &front, sizeof(front)), EDPVS_OK);
	for (uint32_t i = 0; i < SERVICES; i++) {
		put4(&t.addr, VIP + i);
		assert_int_equal(get(DPVS_SO_GET_DESTS, &t, sizeof(t)), EDPVS_OK);
	}
	at = seconds() - at;
	print_message("listing all of them: %.0f ms\n", at * 1000);
	assert_true(at < 0.5);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_connection_limit),
	    T(test_timeouts),
	    T(test_service_codes),
	    T(test_edit),
	    T(test_listing_is_exact),
	    T(test_dest_codes),
	    T(test_dest_listing_is_exact),
	    T(test_overload_and_inhibited_are_listed),
	    T(test_totals_never_go_back),
	    T(test_zero_all),
	    T(test_rates_are_listed),
	    T(test_fwmark_and_match_are_listed),
	    T(test_laddr),
	    T(test_two_walks),
	    T(test_one_connection),
	    T(test_hostile_bodies),
	    T(test_many),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}

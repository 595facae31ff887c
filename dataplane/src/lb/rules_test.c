/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that choose services: those of marks, and what match services are for, as workers see them. */
#include "control_fixture.h"

#include <string.h>
#include <rte_byteorder.h>

#include "abi/common.h"
#include "core/errors.h"
#include "marks.h"
#include "packet/pkt.h"

enum { NET = 0x0a000000, DPDK0 = 0 };

static struct lb_mark_rule
rule(uint32_t mark, uint32_t to, uint8_t plen)
{
	struct lb_mark_rule r;

	memset(&r, 0, sizeof(r));
	r.mark = mark;
	r.af = INET_AF_V4;
	r.dst.ip.v4 = rte_cpu_to_be_32(to);
	r.dst.plen = plen;
	return r;
}

/* The mark of a UDP packet from 192.0.2.1:1000, in at port `iif`, as a worker finds it. */
static uint32_t
mark_of(uint32_t to, uint16_t dport, uint16_t iif)
{
	uint32_t saddr = rte_cpu_to_be_32(0xc0000201), daddr = rte_cpu_to_be_32(to);
	struct flow f = {.saddr = (const uint8_t *)&saddr,
			 .daddr = (const uint8_t *)&daddr,
			 .sport = 1000,
			 .dport = dport,
			 .iif = iif,
			 .af = INET_AF_V4,
			 .proto = PKT_PROTO_UDP,
			 .has_ports = true};

	for (uint32_t i = 0; lb_marks && i < lb_marks->n; i++)
		if (flow_rule_matches(&lb_marks->m[i].rule, &f))
			return lb_marks->m[i].mark;
	return 0;
}

static void
test_marks_in_order(void **state)
{
	struct lb_mark_rule narrow = rule(1, NET + 5, 32), wide = rule(2, NET, 8), here = rule(3, 0, 0);
	uint32_t n;

	assert_null(lb_marks);
	narrow.dst.port_min = 53;
	narrow.dst.port_max = 54;
	strcpy(here.iifname, "dpdk0");
	assert_int_equal(lb_mark_add(&narrow), EDPVS_OK);
	assert_int_equal(lb_mark_add(&wide), EDPVS_OK);
	assert_int_equal(lb_mark_add(&here), EDPVS_OK);
	assert_int_equal(mark_of(NET + 5, 53, DPDK0), 1);
	assert_int_equal(mark_of(NET + 5, 55, DPDK0), 2);
	assert_int_equal(mark_of(NET + 0x1000000, 53, DPDK0), 3);
	assert_int_equal(mark_of(NET + 0x1000000, 53, DPDK0 + 1), 0);
	/* The same packets, another mark. */
	wide.mark = 9;
	assert_int_equal(lb_mark_add(&wide), EDPVS_EXIST);
	assert_int_equal(lb_mark_del(&wide), EDPVS_NOTEXIST);
	wide.mark = 0;
	assert_int_equal(lb_mark_del(&wide), EDPVS_OK);
	assert_int_equal(mark_of(NET + 5, 55, DPDK0), 3);
	assert_int_equal(lb_marks_all(&n)[1].mark, 3);
	assert_int_equal(n, 2);
	fix_settle();
	assert_int_equal(lb_marks_flush(), EDPVS_OK);
	/* Nobody pays for no rules. */
	assert_null(lb_marks);
}

static void
test_marks_refused(void **state)
{
	struct lb_mark_rule r = rule(0, NET, 8);

	assert_int_equal(lb_mark_add(&r), EDPVS_INVAL);
	r = rule(1, NET, 33);
	assert_int_equal(lb_mark_add(&r), EDPVS_INVAL);
	r = rule(1, NET + 1, 8);
	assert_int_equal(lb_mark_add(&r), EDPVS_INVAL);
	r = rule(1, NET, 8);
	r.af = 3;
	assert_int_equal(lb_mark_add(&r), EDPVS_INVAL);
	r = rule(1, NET, 8);
	r.src.port_min = 2;
	r.src.port_max = 1;
	assert_int_equal(lb_mark_add(&r), EDPVS_INVAL);
	r.src.port_max = 2;
	r.proto = PKT_PROTO_ICMP;
	assert_int_equal(lb_mark_add(&r), EDPVS_INVAL);
	r.proto = PKT_PROTO_UDP;
	strcpy(r.iifname, "dpdk7");
	assert_int_equal(lb_mark_add(&r), EDPVS_NOTEXIST);
	assert_null(lb_marks);
}

static void
test_marks_are_bounded(void **state)
{
	for (uint32_t i = 0; i < LB_MARKS_MAX; i++) {
		struct lb_mark_rule r = rule(1, NET + i, 32);

		assert_int_equal(lb_mark_add(&r), EDPVS_OK);
	}
	assert_int_equal(lb_mark_add(&(struct lb_mark_rule){.mark = 1, .af = INET_AF_V6}), EDPVS_RESOURCE);
	fix_settle();
}

static struct lb_service_id
match_id(uint8_t proto, uint32_t from, uint32_t to, const char *iif, const char *oif)
{
	struct lb_service_id id = {.kind = LB_SERVICE_MATCH, .key = {.af = INET_AF_V4, .proto = proto}};
	uint32_t min = rte_cpu_to_be_32(from), max = rte_cpu_to_be_32(to);
	struct dp_vs_match m = {
	    .af = ABI_AF_INET,
	    .srange = {.min_port = rte_cpu_to_be_16(10), .max_port = rte_cpu_to_be_16(20)}};

	memcpy(&m.srange.min_addr, &min, sizeof(min));
	memcpy(&m.srange.max_addr, &max, sizeof(max));
	strcpy(m.iifname, iif);
	strcpy(m.oifname, oif);
	memcpy(id.match, &m, sizeof(m));
	return id;
}

static void
test_matches(void **state)
{
	struct lb_service_conf conf = {.sched_name = "rr"};
	struct lb_service_id first = match_id(PKT_PROTO_UDP, NET, NET + 9, "dpdk0", ""),
			     second = match_id(PKT_PROTO_ICMP, NET, 0, "", "nothing");
	struct lb_service *a, *b;

	fix_warning[0] = '\0';
	assert_null(lb_matches);
	assert_int_equal(lb_service_add(&first, &conf), EDPVS_OK);
	assert_string_equal(fix_warning, "");
	assert_false(lb_echo_balanced());
	assert_int_equal(lb_service_add(&second, &conf), EDPVS_OK);
	assert_string_equal(fix_warning,
			    "match service: there is no device nothing, so nothing matches oif=nothing");
	assert_true(lb_echo_balanced());
	a = lb_service_find(&first);
	b = lb_service_find(&second);
	assert_int_equal(lb_matches->n, 2);
	assert_ptr_equal(lb_matches->m[0].svc, a);
	assert_ptr_equal(lb_matches->m[1].svc, b);
	assert_int_equal(lb_matches->m[0].rule.iif, DPDK0);
	assert_int_equal(lb_matches->m[0].rule.oif, FLOW_RULE_ANY_DEVICE);
	assert_int_equal(lb_matches->m[1].rule.oif, FLOW_RULE_NO_DEVICE);
	assert_false(lb_matches->m[0].rule.src.any_addr);
	assert_true(lb_matches->m[1].rule.src.any_addr); /* an upper bound of zero */
	assert_int_equal(lb_matches->m[0].rule.src.port_min, 10);
	assert_int_equal(lb_matches->m[0].rule.src.port_max, 20);
	assert_true(lb_matches->m[0].rule.dst.any_port);
	/* Nothing changes, nothing is said again. */
	fix_warning[0] = '\0';
	assert_int_equal(lb_service_del(a), EDPVS_OK);
	assert_int_equal(lb_matches->n, 1);
	assert_ptr_equal(lb_matches->m[0].svc, b);
	assert_int_equal(lb_service_add(&first, &conf), EDPVS_OK);
	assert_ptr_equal(lb_matches->m[1].svc, lb_service_find(&first));
	assert_string_equal(fix_warning, "");
	assert_int_equal(lb_services_flush(), EDPVS_OK);
	assert_null(lb_matches);
	fix_settle();
}

static void
test_marked_service_is_found(void **state)
{
	struct lb_service_conf conf = {.sched_name = "rr"};
	struct lb_service_id id = {
	    .kind = LB_SERVICE_FWMARK, .key = {.af = INET_AF_V4, .proto = PKT_PROTO_TCP}, .fwmark = 7};

	assert_null(lb_fwmark_lookup(INET_AF_V4, 7));
	assert_int_equal(lb_service_add(&id, &conf), EDPVS_OK);
	assert_ptr_equal(lb_fwmark_lookup(INET_AF_V4, 7), lb_service_find(&id));
	assert_null(lb_fwmark_lookup(INET_AF_V6, 7));
	assert_null(lb_fwmark_lookup(INET_AF_V4, 8));
	assert_int_equal(lb_service_del(lb_service_find(&id)), EDPVS_OK);
	assert_null(lb_fwmark_lookup(INET_AF_V4, 7));
	fix_settle();
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fix_setup, fix_teardown)
	const struct CMUnitTest tests[] = {T(test_marks_in_order), T(test_marks_refused),
					   T(test_marks_are_bounded), T(test_matches),
					   T(test_marked_service_is_found)};

	return cmocka_run_group_tests(tests, fix_group_setup, NULL);
}

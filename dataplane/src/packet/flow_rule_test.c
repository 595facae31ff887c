/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>

#include "packet/flow_rule.h"
#include "test_frames.h"

static union inet_ip
ip(const char *text)
{
	union inet_ip out = {{0}};

	assert_int_equal(inet_pton(strchr(text, ':') ? AF_INET6 : AF_INET, text, &out), 1);
	return out;
}

static struct flow_rule
rule(uint8_t af)
{
	return (struct flow_rule){.src = {.any_addr = true, .any_port = true},
				  .dst = {.any_addr = true, .any_port = true},
				  .iif = FLOW_RULE_ANY_DEVICE,
				  .oif = FLOW_RULE_ANY_DEVICE,
				  .af = af};
}

/* Of a packet that came in at port 3 from 10.0.0.5 or 2001:db8::5, port 1000, to .9 or ::9, port 80. */
static bool
asks(bool (*ask)(const struct flow_rule *, const struct flow *), const struct flow_rule *r, bool v6,
     uint8_t proto)
{
	static uint8_t l3[PKT_IP6_LEN];
	struct pkt p = {.l3 = l3,
			.kind = v6 ? PKT_IP6 : PKT_IP4,
			.proto = proto,
			.port = 3,
			.sport = htons(1000),
			.dport = htons(80)};
	union inet_ip s = ip(v6 ? "2001:db8::5" : "10.0.0.5"), d = ip(v6 ? "2001:db8::9" : "10.0.0.9");
	struct flow f;

	memcpy(l3 + (v6 ? 8 : 12), &s, v6 ? 16 : 4);
	memcpy(l3 + (v6 ? 24 : 16), &d, v6 ? 16 : 4);
	f = flow_of(&p);
	return ask(r, &f);
}

static bool
matches(const struct flow_rule *r, bool v6, uint8_t proto)
{
	return asks(flow_rule_matches, r, v6, proto);
}

static bool
matches_fragment(const struct flow_rule *r, bool v6, uint8_t proto)
{
	return asks(flow_rule_matches_fragment, r, v6, proto);
}

static void
test_anything(void **state)
{
	struct flow_rule four = rule(INET_AF_V4), six = rule(INET_AF_V6);

	assert_true(matches(&four, false, PKT_PROTO_TCP));
	assert_true(matches(&four, false, PKT_PROTO_ICMP));
	assert_false(matches(&four, true, PKT_PROTO_TCP));
	assert_true(matches(&six, true, PKT_PROTO_UDP));
	assert_false(matches(&six, false, PKT_PROTO_UDP));
}

static void
test_addresses(void **state)
{
	static const struct {
		const char *min, *max;
		bool source, destination; /* whether the end of the packet is in the range */
	} rows[] = {
	    {"10.0.0.5", "10.0.0.5", true, false},   {"10.0.0.5", "10.0.0.9", true, true},
	    {"10.0.0.6", "10.0.0.9", false, true},   {"9.255.255.255", "10.0.0.8", true, false},
	    {"10.0.0.10", "10.0.0.4", false, false}, {"0.0.0.0", "255.255.255.255", true, true},
	    {"11.0.0.0", "11.0.0.9", false, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct flow_rule by_src = rule(INET_AF_V4), by_dst = by_src;

		by_src.src.any_addr = by_dst.dst.any_addr = false;
		by_src.src.min = by_dst.dst.min = ip(rows[i].min);
		by_src.src.max = by_dst.dst.max = ip(rows[i].max);
		assert_int_equal(matches(&by_src, false, PKT_PROTO_UDP), rows[i].source);
		assert_int_equal(matches(&by_dst, false, PKT_PROTO_UDP), rows[i].destination);
	}
}

static void
test_ports(void **state)
{
	static const struct {
		uint16_t min, max;
		bool source, destination;
	} rows[] = {
	    {80, 80, false, true}, {81, 1000, true, false}, {80, 1000, true, true}, {0, 65535, true, true}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct flow_rule by_src = rule(INET_AF_V6), by_dst = by_src;

		by_src.src.any_port = by_dst.dst.any_port = false;
		by_src.src.port_min = by_dst.dst.port_min = rows[i].min;
		by_src.src.port_max = by_dst.dst.port_max = rows[i].max;
		assert_int_equal(matches(&by_src, true, PKT_PROTO_TCP), rows[i].source);
		assert_int_equal(matches(&by_dst, true, PKT_PROTO_TCP), rows[i].destination);
		/* Ports of what has none. */
		assert_false(matches(&by_dst, true, PKT_PROTO_ICMPV6));
	}
}

static void
test_protocol_and_device(void **state)
{
	struct flow_rule r = rule(INET_AF_V4);

	r.proto = PKT_PROTO_UDP;
	assert_true(matches(&r, false, PKT_PROTO_UDP));
	assert_false(matches(&r, false, PKT_PROTO_TCP));
	r.iif = 3;
	assert_true(matches(&r, false, PKT_PROTO_UDP));
	r.iif = 2;
	assert_false(matches(&r, false, PKT_PROTO_UDP));
}

static void
test_prefix(void **state)
{
	static const struct {
		const char *ip, *min, *max;
		unsigned plen;
	} rows[] = {
	    {"10.1.2.3", "10.1.2.3", "10.1.2.3", 32},
	    {"10.1.2.3", "10.1.2.0", "10.1.2.255", 24},
	    {"10.1.2.3", "10.1.0.0", "10.1.7.255", 21},
	    {"2001:db8::1", "2001:db8::", "2001:db8::ffff:ffff:ffff:ffff", 64},
	    {"2001:db8::1", "2001:db8::1", "2001:db8::1", 128},
	};
	struct flow_range r;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		union inet_ip at = ip(rows[i].ip), min = ip(rows[i].min), max = ip(rows[i].max);

		r = (struct flow_range){.any_port = true};
		flow_range_prefix(&r, strchr(rows[i].ip, ':') ? INET_AF_V6 : INET_AF_V4, &at, rows[i].plen);
		assert_false(r.any_addr);
		assert_true(r.any_port);
		assert_memory_equal(&r.min, &min, sizeof(min));
		assert_memory_equal(&r.max, &max, sizeof(max));
	}
	flow_range_prefix(&r, INET_AF_V4, &(union inet_ip){.q = {0, 0}}, 0);
	assert_true(r.any_addr);
}

/* Ports are in the first fragment only, the protocol perhaps behind headers of which it has a part. */
static void
test_fragment(void **state)
{
	enum { ROUTING = 43, DESTINATION = 60 };
	struct flow_rule r = rule(INET_AF_V6);

	r.proto = PKT_PROTO_UDP;
	r.dst.any_port = false;
	r.dst.port_min = r.dst.port_max = 53;
	assert_false(matches(&r, true, PKT_PROTO_UDP));
	assert_true(matches_fragment(&r, true, PKT_PROTO_UDP));
	assert_false(matches_fragment(&r, true, PKT_PROTO_TCP));
	assert_true(matches_fragment(&r, true, DESTINATION));
	assert_true(matches_fragment(&r, true, ROUTING));
	assert_false(matches_fragment(&r, false, PKT_PROTO_UDP));
	r.iif = 2;
	assert_false(matches_fragment(&r, true, PKT_PROTO_UDP));
	r.iif = 3;
	assert_true(matches_fragment(&r, true, PKT_PROTO_UDP));
	r.src.any_addr = false;
	r.src.min = r.src.max = ip("2001:db8::6");
	assert_false(matches_fragment(&r, true, PKT_PROTO_UDP));
	r.src.min = ip("2001:db8::5");
	assert_true(matches_fragment(&r, true, PKT_PROTO_UDP));

	r = rule(INET_AF_V4);
	r.proto = PKT_PROTO_UDP;
	assert_true(matches_fragment(&r, false, PKT_PROTO_UDP));
	/* The number is a protocol like others there. */
	assert_false(matches_fragment(&r, false, DESTINATION));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_anything), cmocka_unit_test(test_addresses),
	    cmocka_unit_test(test_ports),    cmocka_unit_test(test_protocol_and_device),
	    cmocka_unit_test(test_prefix),   cmocka_unit_test(test_fragment)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Life of services, real servers and local addresses, as far as workers and counters see it. */
#include "control_fixture.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <rte_byteorder.h>

#include "core/clock.h"
#include "core/errors.h"
#include "core/rcu.h"
#include "lb/lb.h"
#include "net/net.h"

static struct lb_service_id
id_of(uint32_t vip, uint16_t port)
{
	struct lb_service_id id = {.kind = LB_SERVICE_ADDRESS,
				   .key = {.af = INET_AF_V4, .proto = PKT_PROTO_TCP}};

	id.key.vip.v4 = rte_cpu_to_be_32(vip);
	id.key.vport_be = rte_cpu_to_be_16(port);
	return id;
}

static struct lb_service *
service(uint32_t vip, const char *sched)
{
	struct lb_service_id id = id_of(vip, 80);
	struct lb_service_conf conf = {0};

	strcpy(conf.sched_name, sched);
	assert_int_equal(lb_service_add(&id, &conf), EDPVS_OK);
	return lb_service_find(&id);
}

static struct lb_dest_conf
rs(uint32_t ip, uint32_t weight)
{
	struct lb_dest_conf c = {
	    .af = INET_AF_V4, .fwd = LB_FWD_FNAT, .weight = weight, .port_be = rte_cpu_to_be_16(8080)};

	c.ip.v4 = rte_cpu_to_be_32(ip);
	return c;
}

static struct lb_dest *
dest(struct lb_service *svc, uint32_t ip, uint32_t weight)
{
	struct lb_dest_conf c = rs(ip, weight);

	assert_int_equal(lb_dest_add(svc, &c), EDPVS_OK);
	return lb_dest_find(svc, c.af, &c.ip, c.port_be);
}

static void
test_keys(void **state)
{
	struct lb_service_id id = id_of(0x0a000001, 80), other;
	struct lb_service *svc = service(0x0a000001, "rr");
	struct lb_service_conf conf = {.sched_name = "rr"};

	assert_ptr_equal(lb_service_lookup(&id.key), svc);
	assert_int_equal(lb_service_add(&id, &conf), EDPVS_EXIST);
	other = id_of(0x0a000001, 81);
	assert_null(lb_service_lookup(&other.key));
	other = id;
	other.key.proto = PKT_PROTO_UDP;
	assert_null(lb_service_lookup(&other.key));
	assert_int_equal(lb_service_add(&other, &conf), EDPVS_OK);
	strcpy(conf.sched_name, "lcx");
	other = id_of(0x0a000002, 80);
	assert_int_equal(lb_service_add(&other, &conf), EDPVS_NOTEXIST);
	assert_int_equal(lb_services_count(), 2);
}

static void
test_vip_lives_as_long_as_a_service(void **state)
{
	struct lb_service_conf conf = {.sched_name = "rr"};
	struct lb_service_id a = id_of(0x0a000001, 80), b = id_of(0x0a000001, 443);

	assert_int_equal(lb_service_add(&a, &conf), EDPVS_OK);
	assert_int_equal(lb_service_add(&b, &conf), EDPVS_OK);
	assert_true(lb_vip_exists(INET_AF_V4, PKT_PROTO_TCP, &a.key.vip));
	assert_false(lb_vip_exists(INET_AF_V4, PKT_PROTO_UDP, &a.key.vip));
	lb_service_del(lb_service_find(&a));
	assert_null(lb_service_lookup(&a.key));
	assert_true(lb_vip_exists(INET_AF_V4, PKT_PROTO_TCP, &a.key.vip));
	lb_service_del(lb_service_find(&b));
	assert_false(lb_vip_exists(INET_AF_V4, PKT_PROTO_TCP, &a.key.vip));
	fix_quiescent();
	assert_int_equal(lb_service_add(&a, &conf), EDPVS_OK);
	assert_true(lb_vip_exists(INET_AF_V4, PKT_PROTO_TCP, &a.key.vip));
}

static void
test_set_is_newest_first(void **state)
{
	struct lb_service *svc = service(0x0a000001, "wrr");
	struct lb_dest *a = dest(svc, 0x0a010001, 4), *b = dest(svc, 0x0a010002, 6);
	const struct lb_dest_set *set = svc->dests;

	assert_int_equal(set->n, 2);
	assert_int_equal(set->d[0].id, b->id);
	assert_int_equal(set->d[1].id, a->id);
	assert_int_equal(set->max_weight, 6);
	assert_int_equal(set->gcd_weight, 2);
	assert_int_equal(set->sum_weight, 10);
	assert_true(set->d[0].rs_id != set->d[1].rs_id);
	assert_int_equal(lb_dest_flags(a->id), 1);
}

static void
test_old_set_stays_until_workers_pass(void **state)
{
	struct lb_service *svc = service(0x0a000001, "rr");
	const struct lb_dest_set *set;
	uint32_t version;

	dest(svc, 0x0a010001, 1);
	fix_quiescent();
	set = svc->dests;
	version = set->version;
	dest(svc, 0x0a010002, 1);
	assert_ptr_not_equal(svc->dests, set);
	rcu_quiescent(0); /* worker 1 still reads it */
	rcu_reclaim();
	assert_int_equal(set->n, 1);
	assert_int_equal(set->version, version);
	assert_int_equal(svc->dests->version, version + 1);
}

static void
test_same_server_same_ports(void **state)
{
	struct lb_service *a = service(0x0a000001, "rr"), *b = service(0x0a000002, "rr");
	struct lb_dest *x = dest(a, 0x0a010001, 1), *y = dest(b, 0x0a010001, 1);

	assert_int_equal(x->rs_id, y->rs_id);
	assert_int_not_equal(x->id, y->id);
	lb_service_del(a);
	fix_settle();
	assert_int_equal(dest(service(0x0a000003, "rr"), 0x0a010001, 1)->rs_id, y->rs_id);
}

static void
test_limits_of_a_dest(void **state)
{
	struct lb_service *svc = service(0x0a000001, "rr");
	struct lb_dest_conf c = rs(0x0a010001, 65536);
	struct lb_dest *d;

	assert_int_equal(lb_dest_add(svc, &c), EDPVS_NOTSUPP);
	c.weight = 65535;
	c.max_conn = 10;
	c.min_conn = 11;
	assert_int_equal(lb_dest_add(svc, &c), EDPVS_NOTSUPP);
	c.max_conn = 1; /* two workers: one would have none */
	c.min_conn = 0;
	assert_int_equal(lb_dest_add(svc, &c), EDPVS_NOTSUPP);
	c.max_conn = 5;
	assert_int_equal(lb_dest_add(svc, &c), EDPVS_OK);
	assert_int_equal(lb_dest_add(svc, &c), EDPVS_EXIST);
	assert_int_equal(lb_dest_share(&svc->dests->d[0], 0), 3);
	assert_int_equal(lb_dest_share(&svc->dests->d[0], 1), 2);
	d = lb_dest_find(svc, c.af, &c.ip, c.port_be);
	c.min_conn = 6;
	assert_int_equal(lb_dest_edit(d, &c), EDPVS_INVAL);
	c.min_conn = 0;
	c.max_conn = 1;
	assert_int_equal(lb_dest_edit(d, &c), EDPVS_NOTSUPP);
	assert_int_equal(d->max_conn, 5);
	c.max_conn = 0;
	c.weight = 0;
	assert_int_equal(lb_dest_edit(d, &c), EDPVS_OK);
	assert_int_equal(lb_dest_share(&svc->dests->d[0], 0), 0);
	assert_int_equal(lb_dest_flags(d->id), 1 | LB_DEST_WEIGHT0);
}

static void
test_modes(void **state)
{
	struct lb_service *svc = service(0x0a000001, "rr");
	struct lb_dest_conf c = rs(0x0a010001, 1);

	for (int fwd = LB_FWD_NAT; fwd <= LB_FWD_SNAT; fwd++) {
		bool ok = fwd == LB_FWD_FNAT || fwd == LB_FWD_NAT || fwd == LB_FWD_DR || fwd == LB_FWD_TUNNEL;

		c.fwd = (uint8_t)fwd;
		assert_int_equal(lb_fwd_supported(svc, INET_AF_V4, c.fwd), ok);
		assert_int_equal(lb_dest_add(svc, &c), ok ? EDPVS_OK : EDPVS_NOTSUPP);
		if (ok)
			assert_int_equal(lb_dest_del(lb_dest_find(svc, c.af, &c.ip, c.port_be)), EDPVS_OK);
		/* No IPv6 servers behind IPv4 services. */
		assert_false(lb_fwd_supported(svc, INET_AF_V6, c.fwd));
	}
	svc->key.af = INET_AF_V6;
	assert_true(lb_fwd_supported(svc, INET_AF_V4, LB_FWD_FNAT));
	assert_true(lb_fwd_supported(svc, INET_AF_V4, LB_FWD_TUNNEL));
	assert_false(lb_fwd_supported(svc, INET_AF_V4, LB_FWD_NAT));
	assert_false(lb_fwd_supported(svc, INET_AF_V4, LB_FWD_DR));
	svc->key.af = INET_AF_V4;
}

static void
test_zombie_keeps_and_revives(void **state)
{
	struct lb_service *svc = service(0x0a000001, "rr");
	struct lb_dest *d = dest(svc, 0x0a010001, 3);
	uint32_t id = d->id;
	struct lb_dest_conf c = rs(0x0a010001, 7);

	lb_counters(1, id)->conns = 1;
	lb_counters(1, id)->active = 1;
	assert_int_equal(lb_dest_del(d), EDPVS_OK);
	assert_int_equal(svc->dests->n, 0);
	assert_false(lb_dest_flags(id) & 1);
	fix_settle();
	assert_int_equal(lb_counters(1, id)->active, 1);
	assert_int_equal(lb_dest_add(svc, &c), EDPVS_OK);
	d = lb_dest_find(svc, c.af, &c.ip, c.port_be);
	assert_int_equal(d->id, id);
	assert_int_equal(d->weight, 7);
	assert_int_equal(lb_counters(1, id)->conns, 1);
	assert_true(lb_dest_flags(id) & 1);
	assert_true(TAILQ_EMPTY(&svc->zombies));
	/* A listed one is not freed, busy or not. */
	lb_counters(1, id)->active = 0;
	fix_settle();
	assert_int_equal(svc->dests->d[0].id, id);
}

static void
test_zombie_waits_for_workers_and_connections(void **state)
{
	struct lb_service *svc = service(0x0a000001, "rr");
	struct lb_dest *d = dest(svc, 0x0a010001, 3);
	uint32_t id = d->id, next;

	assert_int_equal(lb_dest_del(d), EDPVS_OK);
	/* Idle, but worker 1 may still open a connection from the set it holds. */
	rcu_quiescent(0);
	rcu_reclaim();
	lb_control_tick(clock_now_ms());
	assert_false(TAILQ_EMPTY(&svc->zombies));
	/* As read while worker 1 moves its connection from inactive to active. */
	lb_counters(1, id)->conns = 1;
	fix_settle();
	assert_false(TAILQ_EMPTY(&svc->zombies));
	lb_counters(1, id)->closed = 1;
	lb_counters(1, id)->persistent = 1;
	fix_settle();
	assert_false(TAILQ_EMPTY(&svc->zombies));
	lb_counters(1, id)->persistent = 0;
	lb_counters(1, id)->conns = 5;
	lb_counters(1, id)->closed = 5;
	fix_quiescent();
	lb_control_tick(clock_now_ms());
	assert_true(TAILQ_EMPTY(&svc->zombies));
	assert_int_equal(svc->gone[1].conns, 5);
	/* The id is free only after the worker cannot be finishing the last connection. */
	next = dest(svc, 0x0a010002, 1)->id;
	assert_int_not_equal(next, id);
	fix_quiescent();
	next = dest(svc, 0x0a010003, 1)->id;
	assert_int_equal(next, id);
	assert_int_equal(lb_counters(1, id)->conns, 0);
}

static void
test_deleted_service_leaves_connections(void **state)
{
	struct lb_service *svc = service(0x0a000001, "rr");
	uint32_t live = dest(svc, 0x0a010001, 1)->id, idle = dest(svc, 0x0a010002, 1)->id;

	lb_counters(0, live)->conns = 2;
	lb_service_del(svc);
	assert_false(lb_dest_flags(live) & 1);
	fix_settle();
	assert_int_equal(lb_counters(0, live)->conns, 2);
	svc = service(0x0a000001, "rr");
	assert_int_equal(dest(svc, 0x0a010003, 1)->id, idle);
	lb_counters(0, live)->closed = 2;
	fix_settle();
	assert_int_equal(dest(svc, 0x0a010004, 1)->id, live);
}

static void
test_counters_sum_and_zero(void **state)
{
	struct lb_service *svc = service(0x0a000001, "rr");
	struct lb_dest *d = dest(svc, 0x0a010001, 1);
	struct lb_totals n = {0};

	lb_counters(0, d->id)->in_packets = 10;
	lb_counters(1, d->id)->in_packets = 5;
	lb_counters(1, d->id)->out_bytes = 1000;
	lb_dest_totals_add(d, -1, &n);
	assert_int_equal(n.in_packets, 15);
	assert_int_equal(n.out_bytes, 1000);
	n = (struct lb_totals){0};
	lb_dest_totals_add(d, 1, &n);
	assert_int_equal(n.in_packets, 5);
	assert_int_equal(lb_service_zero(svc), EDPVS_OK);
	assert_int_equal(lb_counters(0, d->id)->in_packets, 10); /* the worker's own stay */
	lb_counters(1, d->id)->in_packets = 8;
	n = (struct lb_totals){0};
	lb_dest_totals_add(d, -1, &n);
	assert_int_equal(n.in_packets, 3);
	assert_int_equal(n.out_bytes, 0);
	n = (struct lb_totals){0};
	lb_dest_totals_add(d, 0, &n);
	assert_int_equal(n.in_packets, 0);
}

/* value << 10, within what integer steps lose */
static void
assert_rate(uint64_t scaled, double want)
{
	double got = (double)scaled / (1 << LB_RATE_SHIFT);

	if (got < want - 0.1 || got > want + 0.1)
		fail_msg("rate %f, expected %f", got, want);
}

static void
test_rates(void **state)
{
	struct lb_service *svc = service(0x0a000001, "rr");
	struct lb_dest *d = dest(svc, 0x0a010001, 1);

	clock_warp(1999);
	lb_counters(0, d->id)->in_packets = 400;
	lb_control_tick(clock_now_ms());
	assert_rate(d->rates.in_pps, 0);
	clock_warp(1);
	lb_counters(1, d->id)->in_packets = 400;
	lb_control_tick(clock_now_ms());
	assert_rate(d->rates.in_pps, 100); /* 800 in 2 s = 400/s, a quarter of the way */
	lb_counters(0, d->id)->in_packets += 800;
	clock_warp(2000);
	lb_control_tick(clock_now_ms());
	assert_rate(d->rates.in_pps, 175);
	clock_warp(2000);
	lb_control_tick(clock_now_ms());
	assert_rate(d->rates.in_pps, 131.25);
	/* Three intervals at once: 1200 packets in 6 s. */
	lb_counters(0, d->id)->in_packets += 1200;
	clock_warp(6000);
	lb_control_tick(clock_now_ms());
	assert_rate(d->rates.in_pps, 131.25 * 27 / 64 + 200 * 37 / 64.0);
	clock_warp(3600 * 1000);
	lb_control_tick(clock_now_ms());
	assert_rate(d->rates.in_pps, 0);
	assert_rate(d->rates.cps, 0);
}

static void
test_laddr_ids(void **state)
{
	struct lb_service *a = service(0x0a000001, "rr"), *b = service(0x0a000002, "rr");
	union inet_ip ip = {.v4 = rte_cpu_to_be_32(0x0a020001)}, ip2 = {.v4 = rte_cpu_to_be_32(0x0a020002)};
	struct net_sapool_usage u;
	uint32_t id;

	assert_int_equal(lb_laddr_add(a, INET_AF_V4, &ip, "dpdk0"), EDPVS_OK);
	assert_int_equal(lb_laddr_add(a, INET_AF_V4, &ip, "dpdk0"), EDPVS_EXIST);
	assert_int_equal(lb_laddr_add(a, INET_AF_V4, &ip2, "dpdk0"), EDPVS_OK);
	assert_int_equal(lb_laddr_add(b, INET_AF_V4, &ip, "dpdk0"), EDPVS_OK);
	id = a->laddrs->l[0].lip_id;
	assert_int_equal(a->laddrs->n, 2);
	assert_int_equal(b->laddrs->l[0].lip_id, id);
	assert_int_not_equal(a->laddrs->l[1].lip_id, id);
	fix_lports[0][id] = (struct fix_lports){.used = 3, .total = 100, .miss = 2};
	fix_lports[1][id] = (struct fix_lports){.used = 1, .total = 100, .miss = 0};
	net_sapool_usage_hook(INET_AF_V4, &ip, -1, &u);
	assert_int_equal(u.used, 4);
	assert_int_equal(u.free, 196);
	assert_int_equal(u.miss, 2);
	net_sapool_usage_hook(INET_AF_V4, &ip, 1, &u);
	assert_int_equal(u.used, 1);
	/* Gone from all services, but ports are in use: coming back it is the same address. */
	lb_service_del(b);
	assert_int_equal(lb_laddrs_flush(a), EDPVS_OK);
	assert_int_equal(a->laddrs->n, 0);
	fix_settle();
	assert_int_equal(lb_laddr_add(a, INET_AF_V4, &ip, "dpdk0"), EDPVS_OK);
	assert_int_equal(a->laddrs->l[0].lip_id, id);
	/* Unused and unlisted: the id goes to the next address, which has not missed anything. */
	assert_int_equal(lb_laddr_del(a, lb_laddr_find(a, INET_AF_V4, &ip)), EDPVS_OK);
	fix_lports[0][id].used = fix_lports[1][id].used = 0;
	fix_settle();
	assert_int_equal(lb_laddr_add(a, INET_AF_V4, &ip, "dpdk0"), EDPVS_OK);
	assert_int_equal(a->laddrs->l[0].lip_id, id);
	net_sapool_usage_hook(INET_AF_V4, &ip, -1, &u);
	assert_int_equal(u.miss, 0);
}

static void
test_edit_restarts_only_when_needed(void **state)
{
	struct lb_service *svc = service(0x0a000001, "rr");
	struct lb_service_conf conf = {.sched_name = "rr", .attrs = {.conn_timeout = 77}};
	const struct lb_dest_set *set = svc->dests;

	assert_int_equal(lb_service_edit(svc, &conf), EDPVS_OK);
	assert_ptr_equal(svc->dests, set);
	assert_int_equal(svc->attrs->conn_timeout, 77);
	strcpy(conf.sched_name, "wlc");
	assert_int_equal(lb_service_edit(svc, &conf), EDPVS_OK);
	assert_string_equal(svc->dests->sched->name, "wlc");
	strcpy(conf.sched_name, "nqx");
	conf.attrs.conn_timeout = 1;
	assert_int_equal(lb_service_edit(svc, &conf), EDPVS_NOTEXIST);
	assert_int_equal(svc->attrs->conn_timeout, 77);
	assert_string_equal(svc->sched_name, "wlc");
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
	double t = seconds();
	unsigned ticks = 0;

	for (uint32_t i = 0; i < SERVICES; i++) {
		struct lb_service *svc = service(0x0a000000 + i, "wrr");

		for (uint32_t j = 0; j < DESTS; j++)
			dest(svc, 0x0b000000 + i * DESTS + j, 1 + j);
		if (i % 64 == 0)
			fix_quiescent();
	}
	t = seconds() - t;
	print_message("%u services with %u real servers each: %.0f ms\n", SERVICES, DESTS, t * 1000);
	assert_true(t < 1.0);
	assert_int_equal(lb_services_count(), SERVICES);
	clock_warp(2000);
	t = seconds();
	lb_control_tick(clock_now_ms());
	t = seconds() - t;
	print_message("one tick with %u due: %.0f us\n", SERVICES * DESTS, t * 1e6);
	assert_true(t < 0.01);
	lb_services_flush();
	while (ticks++ < 200) {
		fix_quiescent();
		lb_control_tick(clock_now_ms());
	}
	fix_quiescent();
	assert_in_range(dest(service(0x0a000000, "rr"), 0x0b000000, 1)->id, 1, SERVICES * DESTS);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fix_setup, fix_teardown)
	const struct CMUnitTest tests[] = {
	    T(test_keys),
	    T(test_vip_lives_as_long_as_a_service),
	    T(test_set_is_newest_first),
	    T(test_old_set_stays_until_workers_pass),
	    T(test_same_server_same_ports),
	    T(test_limits_of_a_dest),
	    T(test_modes),
	    T(test_zombie_keeps_and_revives),
	    T(test_zombie_waits_for_workers_and_connections),
	    T(test_deleted_service_leaves_connections),
	    T(test_counters_sum_and_zero),
	    T(test_rates),
	    T(test_laddr_ids),
	    T(test_edit_restarts_only_when_needed),
	    T(test_many),
	};

	return cmocka_run_group_tests(tests, fix_group_setup, NULL);
}

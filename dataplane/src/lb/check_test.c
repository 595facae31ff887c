/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts of the passive check from the signs of two workers. */
#include "control_fixture.h"

#include <string.h>
#include <rte_byteorder.h>

#include "abi/service.h"
#include "check.h"
#include "core/clock.h"
#include "core/errors.h"
#include "lb/lb.h"

enum { AVAILABLE = 1, INHIBITED = 4, WEIGHT = 7 };

static const struct dest_check_configs three_in_five = {DEST_HC_PASSIVE, 3, 2, 5, 10, 60};
static const struct dest_check_configs at_once = {DEST_HC_PASSIVE, 1, 2, 5, 10, 60};

static struct lb_service_id
name(enum lb_service_kind kind)
{
	struct lb_service_id id = {.kind = kind, .key = {.af = INET_AF_V4, .proto = PKT_PROTO_TCP}};

	if (kind == LB_SERVICE_FWMARK) {
		id.fwmark = 9;
		return id;
	}
	id.key.vip.v4 = rte_cpu_to_be_32(0x0a000001);
	id.key.vport_be = rte_cpu_to_be_16(80);
	return id;
}

static struct lb_service_conf
conf(const struct dest_check_configs *check)
{
	struct lb_service_conf c = {.sched_name = "rr"};

	if (check)
		memcpy(c.check_config, check, sizeof(*check));
	return c;
}

static struct lb_dest_conf
server(uint32_t n, uint32_t weight)
{
	struct lb_dest_conf c = {
	    .af = INET_AF_V4, .fwd = LB_FWD_FNAT, .weight = weight, .port_be = rte_cpu_to_be_16(80)};

	c.ip.v4 = rte_cpu_to_be_32(0x0a010000 + n);
	return c;
}

static struct lb_dest *
add_server(struct lb_service *svc, uint32_t n)
{
	struct lb_dest_conf c = server(n, WEIGHT);

	assert_int_equal(lb_dest_add(svc, &c), EDPVS_OK);
	return lb_dest_find(svc, c.af, &c.ip, c.port_be);
}

static struct lb_service *
add_service(const struct dest_check_configs *check)
{
	struct lb_service_id id = name(LB_SERVICE_ADDRESS);
	struct lb_service_conf c = conf(check);

	assert_int_equal(lb_service_add(&id, &c), EDPVS_OK);
	return lb_service_find(&id);
}

static void
edit_service(struct lb_service *svc, const struct dest_check_configs *check)
{
	struct lb_service_conf c = conf(check);

	assert_int_equal(lb_service_edit(svc, &c), EDPVS_OK);
}

static void
edit_server(struct lb_dest *d, uint32_t weight, bool inhibited, uint32_t max_conn)
{
	struct lb_dest_conf c = server(1, weight);

	c.inhibited = inhibited;
	c.max_conn = max_conn;
	assert_int_equal(lb_dest_edit(d, &c), EDPVS_OK);
}

static void
tick(void)
{
	fix_quiescent();
	lb_control_tick(clock_now_ms());
}

static void
after(uint32_t ms)
{
	clock_warp(ms);
	tick();
}

static void
down(const struct lb_dest *d, unsigned worker, unsigned n)
{
	while (n-- > 0)
		lb_check_down(workers[worker], d->id);
	tick();
}

static void
expect_inhibited(const struct lb_dest *d)
{
	assert_int_equal(d->weight, 0);
	assert_int_equal(d->flags, AVAILABLE | INHIBITED);
	assert_int_equal(d->svc->dests->d[0].weight, 0);
	assert_false(lb_dest_usable(&d->svc->dests->d[0], 0));
	assert_true(lb_dest_flags(d->id) & LB_DEST_WEIGHT0);
}

static void
expect_in_use(const struct lb_dest *d, int32_t weight)
{
	assert_int_equal(d->weight, weight);
	assert_int_equal(d->flags, AVAILABLE);
	assert_int_equal(d->svc->dests->d[0].weight, weight);
	assert_true(lb_dest_usable(&d->svc->dests->d[0], 0));
}

/* An inhibition lasts this long, give or take half a second. */
static void
expect_lasts(const struct lb_dest *d, uint32_t seconds)
{
	after(seconds * 1000 - 600);
	expect_inhibited(d);
	after(1200);
	expect_in_use(d, WEIGHT);
}

static void
test_signs_of_all_workers_count(void **state)
{
	struct lb_dest *d = add_server(add_service(&three_in_five), 1);

	down(d, 0, 1);
	down(d, 1, 1);
	expect_in_use(d, WEIGHT);
	down(d, 0, 1);
	expect_inhibited(d);
	assert_non_null(strstr(fix_warning, "10.1.0.1:80 does not answer, inhibited for 10 s"));
}

static void
test_window_forgets(void **state)
{
	struct lb_dest *d = add_server(add_service(&three_in_five), 1);

	down(d, 0, 2);
	after(4999);
	down(d, 0, 0);
	after(1);
	down(d, 0, 2);
	expect_in_use(d, WEIGHT);
	after(4999);
	down(d, 1, 1);
	expect_inhibited(d);
}

static void
test_duration_doubles_and_halves(void **state)
{
	struct lb_dest *d = add_server(add_service(&at_once), 1);
	static const uint32_t seconds[] = {10, 20, 40, 60, 60};

	for (unsigned i = 0; i < RTE_DIM(seconds); i++) {
		down(d, 0, 1);
		expect_inhibited(d);
		expect_lasts(d, seconds[i]);
	}
	/* Two up signs for each worker: 60, 30, 15. */
	for (int i = 0; i < 5; i++)
		lb_check_up(workers[0], d->id);
	tick();
	down(d, 0, 1);
	expect_lasts(d, 15);
	/* No warm-up without an inhibition before it: the second worker has credits of the last one. */
	for (int i = 0; i < 5; i++)
		lb_check_up(workers[1], d->id);
	lb_check_up(workers[0], d->id);
	tick();
	down(d, 0, 1);
	expect_lasts(d, 10);
}

static void
test_down_only_waits_for_an_edit(void **state)
{
	static const struct dest_check_configs down_only = {DEST_HC_PASSIVE, 1, 0, 5, 0, 0};
	struct lb_dest *d = add_server(add_service(&down_only), 1);

	down(d, 0, 1);
	after(24 * 3600 * 1000);
	expect_inhibited(d);
	edit_server(d, 3, false, 0);
	expect_in_use(d, 3);
	down(d, 0, 1);
	expect_inhibited(d);
}

static void
test_defaults(void **state)
{
	static const struct dest_check_configs zero = {DEST_HC_PASSIVE, 0, 1, 0, 100, 50};
	struct lb_dest *d = add_server(add_service(&zero), 1);

	down(d, 0, 1);
	expect_lasts(d, DEST_INHIBIT_DURATION_MIN);
}

static void
test_edit_has_the_last_word(void **state)
{
	struct lb_dest *d = add_server(add_service(&at_once), 1);

	down(d, 0, 1);
	/* What a listing shows goes back with another threshold: still inhibited, and restored in time. */
	edit_server(d, 0, true, 100);
	expect_inhibited(d);
	assert_int_equal(d->max_conn, 100);
	expect_lasts(d, 10);
	down(d, 0, 1);
	edit_server(d, 0, false, 0);
	after(3600 * 1000);
	assert_int_equal(d->weight, 0);
	assert_int_equal(d->flags, AVAILABLE);
	edit_server(d, WEIGHT, true, 0); /* an external checker's verdict */
	down(d, 0, 5);
	after(3600 * 1000);
	assert_int_equal(d->weight, WEIGHT);
	assert_int_equal(d->flags, AVAILABLE | INHIBITED);
	/* An edit starts from the beginning: the shortest time. */
	edit_server(d, WEIGHT, false, 0);
	down(d, 0, 1);
	expect_lasts(d, 10);
}

static void
test_external_checker_takes_over(void **state)
{
	static const struct dest_check_configs both = {DEST_HC_PASSIVE | DEST_HC_TCP, 1, 1, 5, 10, 60};
	struct lb_dest *d = add_server(add_service(&both), 1);

	down(d, 0, 1);
	edit_server(d, 0, true, 0);
	after(3600 * 1000);
	expect_inhibited(d);
}

static void
test_option_comes_and_goes(void **state)
{
	struct lb_service *svc = add_service(NULL);
	struct lb_dest *d = add_server(svc, 1);
	static const struct dest_check_configs external = {DEST_HC_TCP, 1, 1, 5, 10, 60};

	down(d, 0, 9);
	expect_in_use(d, WEIGHT);
	edit_service(svc, &at_once);
	tick();
	expect_in_use(d, WEIGHT);
	down(d, 1, 1);
	expect_inhibited(d);
	edit_service(svc, &external);
	expect_in_use(d, WEIGHT);
	down(d, 1, 1);
	expect_in_use(d, WEIGHT);
	assert_int_equal(lb_check_services, 0);
	edit_service(svc, &at_once);
	assert_int_equal(lb_check_services, 1);
	down(d, 1, 1);
	assert_int_equal(lb_service_del(svc), EDPVS_OK);
	assert_int_equal(lb_check_services, 0);
	after(3600 * 1000);
}

static void
test_address_services_only(void **state)
{
	struct lb_service_id id = name(LB_SERVICE_FWMARK);
	struct lb_service_conf c = conf(&at_once);

	assert_int_equal(lb_service_add(&id, &c), EDPVS_OK);
	assert_int_equal(lb_check_services, 0);
}

static void
test_a_rehearsal_changes_nothing(void **state)
{
	struct lb_service *svc = add_service(&at_once);
	struct lb_dest *d = add_server(svc, 1);
	struct lb_service_conf off = conf(NULL);
	struct lb_dest_conf c = server(1, 3);

	down(d, 0, 1);
	txn_begin();
	assert_int_equal(lb_dest_edit(d, &c), EDPVS_OK);
	assert_int_equal(lb_service_edit(svc, &off), EDPVS_OK);
	assert_int_equal(txn_rehearse(), EDPVS_OK);
	expect_inhibited(d);
	expect_lasts(d, 10);
}

static void
test_deleted_server_comes_back_unburdened(void **state)
{
	struct lb_dest *d = add_server(add_service(&three_in_five), 1);
	struct lb_service *svc = d->svc;

	down(d, 0, 2);
	lb_counters(0, d->id)->conns = 1; /* keeps it */
	assert_int_equal(lb_dest_del(d), EDPVS_OK);
	down(d, 0, 2);
	assert_ptr_equal(add_server(svc, 1), d);
	down(d, 0, 2);
	expect_in_use(d, WEIGHT);
	lb_counters(0, d->id)->closed = 1;
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fix_setup, fix_teardown)
	const struct CMUnitTest tests[] = {
	    T(test_signs_of_all_workers_count),
	    T(test_window_forgets),
	    T(test_duration_doubles_and_halves),
	    T(test_down_only_waits_for_an_edit),
	    T(test_defaults),
	    T(test_edit_has_the_last_word),
	    T(test_external_checker_takes_over),
	    T(test_option_comes_and_goes),
	    T(test_address_services_only),
	    T(test_a_rehearsal_changes_nothing),
	    T(test_deleted_server_comes_back_unburdened),
	};

	return cmocka_run_group_tests(tests, fix_group_setup, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Worker blocks against devices: what is accepted, what is refused and with which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "queue_map.h"

static struct conf *c;
static struct queue_map_input in;
static struct queue_map map;
static char why[256];

/* Two ports with four queues each, workers on lcores 1 and 2, no worker blocks. */
static int
set_up(void **state)
{
	c = calloc(1, sizeof(*c));
	if (!c)
		return -1;
	memset(&in, 0, sizeof(in));
	in.conf = c;
	in.nports = 2;
	in.nworkers = 2;
	in.lcore[0] = 1;
	in.lcore[1] = 2;
	for (int p = 0; p < 2; p++) {
		in.port[p].name = p ? "dpdk1" : "dpdk0";
		in.port[p].max_rx = in.port[p].max_tx = 4;
		in.port[p].want_rx = in.port[p].want_tx = -1;
	}
	return 0;
}

static int
tear_down(void **state)
{
	free(c);
	return 0;
}

static struct conf_worker *
add_worker(enum conf_worker_type type, int cpu)
{
	struct conf_worker *w = &c->worker.worker[c->worker.nworkers++];

	w->type = type;
	w->cpu_id = cpu;
	strcpy(w->name, type == CONF_WORKER_MASTER ? "cpu0" : cpu == 1 ? "cpu1" : "cpu2");
	return w;
}

static void
add_port(struct conf_worker *w, const char *name, int rx, int tx)
{
	struct conf_worker_port *p = &w->port[w->nports++];

	strcpy(p->name, name);
	if (rx >= 0)
		p->rx[p->nrx++] = (uint8_t)rx;
	if (tx >= 0)
		p->tx[p->ntx++] = (uint8_t)tx;
}

/* Blocks of the usual form: worker i has queue i of both ports. */
static void
usual_blocks(void)
{
	add_worker(CONF_WORKER_MASTER, 0);
	for (int i = 0; i < 2; i++) {
		struct conf_worker *w = add_worker(CONF_WORKER_SLAVE, i + 1);

		add_port(w, "dpdk0", i, i);
		add_port(w, "dpdk1", i, i);
	}
}

static void
refused(int code, const char *words)
{
	assert_int_equal(queue_map_build(&in, &map, why, sizeof(why)), code);
	if (!strstr(why, words))
		fail_msg("'%s' does not contain '%s'", why, words);
}

/* DPL-009 */
static void
without_blocks_worker_i_has_queue_i(void **state)
{
	in.nworkers = 3;
	in.lcore[2] = 3;
	in.port[1].max_rx = 1;
	assert_int_equal(queue_map_build(&in, &map, why, sizeof(why)), 0);
	assert_int_equal(map.nrxq[0], 3);
	assert_int_equal(map.nrxq[1], 1);
	assert_int_equal(map.ntxq[1], 3);
	assert_int_equal(map.at[2][0].rx.n, 1);
	assert_int_equal(map.at[2][0].rx.id[0], 2);
	assert_int_equal(map.at[2][0].tx.id[0], 2);
	assert_int_equal(map.at[0][1].rx.n, 1);
	assert_int_equal(map.at[1][1].rx.n, 0);
	assert_int_equal(map.at[1][1].relay, -1);
}

static void
queue_number_limits_without_blocks(void **state)
{
	in.port[0].want_rx = 1;
	assert_int_equal(queue_map_build(&in, &map, why, sizeof(why)), 0);
	assert_int_equal(map.nrxq[0], 1);
	assert_int_equal(map.nrxq[1], 2);
}

static void
missing_tx_queues_are_relayed_in_turn(void **state)
{
	in.nworkers = 4;
	in.lcore[2] = 3;
	in.lcore[3] = 4;
	in.port[0].max_tx = 2;
	in.port[1].max_tx = 1;
	assert_int_equal(queue_map_build(&in, &map, why, sizeof(why)), 0);
	assert_int_equal(map.ntxq[0], 2);
	assert_int_equal(map.at[0][0].relay, -1);
	assert_int_equal(map.at[2][0].relay, 0);
	assert_int_equal(map.at[3][0].relay, 1);
	assert_int_equal(map.at[1][1].relay, 0);
	assert_int_equal(map.at[3][1].relay, 0);
}

/* DPL-009 */
static void
usual_blocks_are_accepted(void **state)
{
	usual_blocks();
	assert_int_equal(queue_map_build(&in, &map, why, sizeof(why)), 0);
	assert_int_equal(map.nrxq[0], 2);
	assert_int_equal(map.ntxq[1], 2);
	assert_int_equal(map.at[1][1].rx.id[0], 1);
	assert_int_equal(map.at[1][1].relay, -1);
}

/* DPL-009 */
static void
blocks_in_any_order_follow_the_lcore(void **state)
{
	struct conf_worker *second = add_worker(CONF_WORKER_SLAVE, 2),
			   *first = add_worker(CONF_WORKER_SLAVE, 1);

	add_port(second, "dpdk0", 0, 0);
	add_port(second, "dpdk1", -1, 0);
	add_port(first, "dpdk0", 1, 1);
	add_port(first, "dpdk1", 0, 1);
	assert_int_equal(queue_map_build(&in, &map, why, sizeof(why)), 0);
	assert_int_equal(map.at[0][0].rx.id[0], 1);
	assert_int_equal(map.at[1][0].rx.id[0], 0);
	assert_int_equal(map.at[1][1].rx.n, 0);
}

static void
single_queue_device_with_blocks_is_relayed(void **state)
{
	struct conf_worker *a = add_worker(CONF_WORKER_SLAVE, 1), *b = add_worker(CONF_WORKER_SLAVE, 2);

	in.nports = 1;
	in.port[0].max_rx = in.port[0].max_tx = 1;
	add_port(a, "dpdk0", 0, 0);
	add_port(b, "dpdk0", -1, -1);
	assert_int_equal(queue_map_build(&in, &map, why, sizeof(why)), 0);
	assert_int_equal(map.at[1][0].relay, 0);
}

static void
code_1_more_queues_than_offered(void **state)
{
	usual_blocks();
	in.port[1].max_rx = 1;
	refused(QUEUE_MAP_BAD, "worker cpu2 names rx queue 1 of port dpdk1, but the device offers 1");
}

/* DPL-009 */
static void
code_2_and_3_queue_twice(void **state)
{
	usual_blocks();
	c->worker.worker[2].port[0].rx[0] = 0;
	refused(QUEUE_MAP_RX_TWICE,
		"rx queue 0 of port dpdk0 is named twice, the second time by worker cpu2");
	c->worker.worker[2].port[0].rx[0] = 1;
	c->worker.worker[2].port[1].tx[0] = 0;
	refused(QUEUE_MAP_TX_TWICE, "tx queue 0 of port dpdk1 is named twice");
}

static void
code_4_hole(void **state)
{
	usual_blocks();
	c->worker.worker[2].port[0].rx[0] = 2;
	refused(QUEUE_MAP_HOLE, "rx queues of port dpdk0 are not 0-1 without holes");
}

static void
code_5_unknown_port(void **state)
{
	usual_blocks();
	strcpy(c->worker.worker[1].port[1].name, "dpdk7");
	refused(QUEUE_MAP_NO_PORT,
		"worker cpu1 names port dpdk7, but there are 2 ports and none of that name");
}

static void
code_6_worker_without_tx_queue(void **state)
{
	usual_blocks();
	c->worker.worker[2].port[1].ntx = 0;
	refused(QUEUE_MAP_NO_TX, "the worker on lcore 2 has no tx queue on port dpdk1");
	c->worker.worker[2].port[1].ntx = 1;
	c->worker.worker[2].nports = 1; /* the port is not listed at all */
	refused(QUEUE_MAP_NO_TX, "the worker on lcore 2 has no tx queue on port dpdk1");
	/* Nobody can send: no relay helps, however few queues the device has. */
	c->worker.worker[1].nports = 1;
	in.port[1].max_tx = 1;
	refused(QUEUE_MAP_NO_TX, "on port dpdk1");
}

static void
code_7_no_worker(void **state)
{
	in.nworkers = 0;
	refused(QUEUE_MAP_NO_WORKER, "no worker block is of type slave");
}

static void
kernel_lcores_own_queues_that_nobody_polls(void **state)
{
	usual_blocks();
	add_port(add_worker(CONF_WORKER_KNI, 3), "dpdk0", 2, 2);
	assert_int_equal(queue_map_build(&in, &map, why, sizeof(why)), 0);
	assert_int_equal(map.nrxq[0], 3);
	assert_int_equal(map.at[0][0].rx.n + map.at[1][0].rx.n, 2);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    CASE(without_blocks_worker_i_has_queue_i),
	    CASE(queue_number_limits_without_blocks),
	    CASE(missing_tx_queues_are_relayed_in_turn),
	    CASE(usual_blocks_are_accepted),
	    CASE(blocks_in_any_order_follow_the_lcore),
	    CASE(single_queue_device_with_blocks_is_relayed),
	    CASE(code_1_more_queues_than_offered),
	    CASE(code_2_and_3_queue_twice),
	    CASE(code_4_hole),
	    CASE(code_5_unknown_port),
	    CASE(code_6_worker_without_tx_queue),
	    CASE(code_7_no_worker),
	    CASE(kernel_lcores_own_queues_that_nobody_polls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

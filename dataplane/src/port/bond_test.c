/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bonding over two ring devices: which member sends, and what happens when one loses its link. Rings take
 * no MAC address from DPDK's driver; here they do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <pthread.h>
#include <rte_eal.h>
#include <rte_eth_ring.h>

#include "abi/link.h"
#include "core/conf.h"
#include "core/log.h"
#include "core/mbuf.h"
#include "core/rcu.h"
#include "ctrl/ctrl.h"
#include "port/bond.h"
#include "port/port.h"

enum { RING = 64, MEMBERS = 2, WAIT_MS = 2000 };

static struct rte_ring *rx[MEMBERS], *tx[MEMBERS];
static struct rte_mempool *pools[RTE_MAX_NUMA_NODES];
static struct port *bond;
static pthread_t worker_thread;

/* The driver finds this one before that of the library. */
int
rte_eth_dev_default_mac_addr_set(uint16_t port_id, struct rte_ether_addr *mac_addr)
{
	return 0;
}

/* A worker that only rests when it is asked to. */
static void *
worker_main(void *arg)
{
	struct worker *w = arg;

	while (!w->stop) {
		if (w->pause)
			worker_rest(w);
		usleep(100);
	}
	return NULL;
}

static int
set_up(void **state)
{
	static char *args[] = {"bond_test", "--no-huge", "--no-shconf",	   "--no-pci",
			       "-m",	    "64",	 "--no-telemetry", "--log-level=lib.eal:error",
			       "--lcores",  "0@0,1@0"};
	uint16_t lcore = 1;
	struct rte_mempool *pool;

	log_configure(LOG_L_EMERG, "/dev/null");
	if (rte_eal_init(sizeof(args) / sizeof(args[0]), args) < 0)
		return -1;
	conf_set_defaults();
	pool = rte_pktmbuf_pool_create("pool", 511, 0, sizeof(struct mbuf_meta), 2304, SOCKET_ID_ANY);
	for (int i = 0; i < RTE_MAX_NUMA_NODES; i++)
		pools[i] = pool;
	for (int p = 0; p < MEMBERS; p++) {
		struct rte_ether_addr mac = {.addr_bytes = {2, 0, 0, 0, 0, (uint8_t)(p + 1)}};
		char name[32];
		int id;

		snprintf(name, sizeof(name), "rx%d", p);
		rx[p] = rte_ring_create(name, RING, SOCKET_ID_ANY, 0);
		snprintf(name, sizeof(name), "tx%d", p);
		tx[p] = rte_ring_create(name, RING, SOCKET_ID_ANY, 0);
		snprintf(name, sizeof(name), "ring%d", p);
		id = rte_eth_from_rings(name, &rx[p], 1, &tx[p], 1, 0);
		if (id < 0 || rte_eth_dev_mac_addr_add((uint16_t)id, &mac, 0))
			return -1;
		conf.netif.port[conf.netif.nports] = conf_port_default("");
		snprintf(conf.netif.port[conf.netif.nports++].name, CONF_NAME_MAX, "dpdk%d", p);
	}
	conf.netif.port[2] = conf_port_default("bond0");
	conf.netif.port[2].bonding = true;
	conf.netif.port[2].nslaves = MEMBERS;
	strcpy(conf.netif.port[2].slave[0], "dpdk0");
	strcpy(conf.netif.port[2].slave[1], "dpdk1");
	strcpy(conf.netif.port[2].primary, "dpdk1");
	conf.netif.nports = 3;
	if (!pool || rcu_init(1) || workers_init(1, &lcore, pools, 256) || ports_init(pools) || ports_start())
		return -1;
	bond = port_by_name("bond0");
	return !bond || pthread_create(&worker_thread, NULL, worker_main, workers[0]);
}

static int
tear_down(void **state)
{
	workers[0]->stop = true;
	pthread_join(worker_thread, NULL);
	ports_stop();
	ports_fini();
	workers_fini();
	rcu_fini();
	return rte_eal_cleanup();
}

static unsigned
nactive(void)
{
	struct bond_status now;

	assert_int_equal(bond_read(bond, &now), EDPVS_OK);
	return now.nactive;
}

/* Link monitors run in a thread of DPDK. */
static void
wait_active(unsigned want)
{
	for (unsigned ms = 0; nactive() != want; ms += 5) {
		assert_true(ms < WAIT_MS);
		usleep(5000);
	}
}

static struct rte_mbuf *
frame(void)
{
	static const uint8_t bytes[60] = {2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 8};
	struct rte_mbuf *m = rte_pktmbuf_alloc(pools[0]);
	char *at;

	assert_non_null(m);
	at = rte_pktmbuf_append(m, sizeof(bytes));
	assert_non_null(at);
	memcpy(at, bytes, sizeof(bytes));
	return m;
}

static unsigned
collect(unsigned member)
{
	unsigned n = 0;
	void *m;

	while (rte_ring_dequeue(tx[member], &m) == 0) {
		rte_pktmbuf_free(m);
		n++;
	}
	return n;
}

/* Sends n packets and tells what came out of each member. */
static void
send_all(unsigned n, unsigned out[MEMBERS])
{
	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = frame();

		port_tx(workers[0], bond->id, m);
	}
	port_flush(workers[0]);
	for (unsigned i = 0; i < MEMBERS; i++)
		out[i] = collect(i);
}

static void
set_mode(int mode)
{
	assert_int_equal(bond_set_mode(bond, mode), EDPVS_OK);
	wait_active(MEMBERS);
}

static void
the_bonding_has_what_its_primary_has(void **state)
{
	struct bond_status now;

	wait_active(MEMBERS);
	assert_int_equal(bond_read(bond, &now), EDPVS_OK);
	assert_int_equal(now.nmembers, MEMBERS);
	assert_ptr_equal(now.member[0].port, ports[0]);
	assert_true(!now.member[0].primary && now.member[1].primary);
	assert_true(rte_is_same_ether_addr(&bond->mac, &ports[1]->mac));
	assert_ptr_equal(ports[0]->bond, bond);
	/* Nobody polls a member or sends by it. */
	assert_int_equal(workers[0]->port->nrxq, 1);
	assert_false(workers[0]->port->tx[0].usable);
	assert_true(workers[0]->port->tx[bond->id].usable);
}

static void
packets_of_any_member_are_received(void **state)
{
	for (unsigned i = 0; i < MEMBERS; i++) {
		struct rte_mbuf *m = frame(), *got[WORKER_BURST];
		unsigned n = 0;

		assert_int_equal(rte_ring_enqueue(rx[i], m), 0);
		for (unsigned polls = 0; n == 0 && polls < MEMBERS; polls++)
			n = port_rx(&workers[0]->port->rxq[0], got);
		assert_int_equal(n, 1);
		assert_ptr_equal(got[0], m);
		rte_pktmbuf_free(m);
	}
}

static void
round_robin_takes_turns(void **state)
{
	unsigned out[MEMBERS];

	set_mode(0);
	send_all(10, out);
	assert_int_equal(out[0], 5);
	assert_int_equal(out[1], 5);
}

static void
broadcast_sends_by_all(void **state)
{
	unsigned out[MEMBERS];

	set_mode(3);
	send_all(3, out);
	assert_int_equal(out[0], 3);
	assert_int_equal(out[1], 3);
}

/* DPL-022 */
static void
the_backup_takes_over_while_the_link_is_down(void **state)
{
	unsigned out[MEMBERS];

	set_mode(1);
	send_all(4, out);
	assert_true(out[0] == 0 && out[1] == 4);
	assert_int_equal(port_set_link(ports[1], false), EDPVS_OK);
	wait_active(1);
	send_all(4, out);
	assert_true(out[0] == 4 && out[1] == 0);
	assert_int_equal(port_set_link(ports[1], true), EDPVS_OK);
	wait_active(MEMBERS);
	send_all(4, out);
	assert_true(out[0] == 0 && out[1] == 4);
	assert_int_equal(bond_set_primary(bond, ports[0]), EDPVS_OK);
	send_all(4, out);
	assert_true(out[0] == 4 && out[1] == 0);
}

static void
members_come_and_go(void **state)
{
	unsigned out[MEMBERS];

	set_mode(0);
	assert_int_equal(bond_del(bond, bond), EDPVS_NOTEXIST);
	assert_int_equal(bond_del(bond, ports[0]), EDPVS_OK);
	assert_null(ports[0]->bond);
	assert_int_equal(bond_del(bond, ports[0]), EDPVS_NOTEXIST);
	wait_active(1);
	send_all(4, out);
	assert_true(out[0] == 0 && out[1] == 4);
	assert_int_equal(bond_add(bond, ports[1]), EDPVS_BUSY);
	assert_int_equal(bond_add(bond, bond), EDPVS_INVAL);
	assert_int_equal(bond_add(bond, ports[0]), EDPVS_OK);
	wait_active(MEMBERS);
	send_all(4, out);
	assert_true(out[0] == 2 && out[1] == 2);
}

static void
other_ports_and_numbers_are_refused(void **state)
{
	struct bond_status now;

	assert_int_equal(bond_read(ports[0], &now), EDPVS_INVAL);
	assert_int_equal(bond_set_mode(ports[0], 1), EDPVS_INVAL);
	assert_int_equal(bond_set_mode(bond, 7), EDPVS_INVAL);
	assert_int_equal(bond_set_mode(bond, -1), EDPVS_INVAL);
	assert_int_equal(bond_set_policy(bond, 3), EDPVS_INVAL);
	assert_int_equal(bond_set_monitor(bond, 0), EDPVS_INVAL);
	assert_int_equal(bond_set_down_delay(bond, -1), EDPVS_INVAL);
	assert_int_equal(bond_set_primary(bond, bond), EDPVS_NOTEXIST);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_bonding_has_what_its_primary_has),
	    cmocka_unit_test(packets_of_any_member_are_received),
	    cmocka_unit_test(round_robin_takes_turns),
	    cmocka_unit_test(broadcast_sends_by_all),
	    cmocka_unit_test(the_backup_takes_over_while_the_link_is_down),
	    cmocka_unit_test(members_come_and_go),
	    cmocka_unit_test(other_ports_and_numbers_are_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

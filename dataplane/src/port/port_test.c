/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The port layer on ring devices of this process: frames through a queue of one's own and through another
 * worker's, a full device, and the messages about ports, lcores and drops.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <rte_eal.h>
#include <rte_eth_ring.h>

#include "abi/ext.h"
#include "abi/link.h"
#include "core/conf.h"
#include "core/log.h"
#include "core/mbuf.h"
#include "core/rcu.h"
#include "ctrl/ctrl.h"
#include "port/port.h"

enum { RING = 64 };

/* ring0: two queues each way, ring1: one; two workers, so the second relays on ring1. */
static struct rte_ring *rx[2][2], *tx[2][2];
static struct rte_mempool *pools[RTE_MAX_NUMA_NODES];
static struct ctrl_reply *reply;

static struct rte_ring *
ring(const char *kind, int port, int queue)
{
	char name[32];

	snprintf(name, sizeof(name), "%s%d%d", kind, port, queue);
	return rte_ring_create(name, RING, SOCKET_ID_ANY, 0);
}

static int
set_up(void **state)
{
	static char *args[] = {"port_test", "--no-huge",  "--no-shconf",    "--no-pci",
			       "-m",	    "64",	  "--no-telemetry", "--log-level=lib.eal:error",
			       "--lcores",  "0@0,1@0,2@0"};
	uint16_t lcores[] = {1, 2};
	struct rte_mempool *pool;

	log_configure(LOG_L_EMERG, "/dev/null");
	if (rte_eal_init(sizeof(args) / sizeof(args[0]), args) < 0)
		return -1;
	conf_set_defaults();
	pool = rte_pktmbuf_pool_create("pool", 511, 0, sizeof(struct mbuf_meta), 2304, SOCKET_ID_ANY);
	for (int i = 0; i < RTE_MAX_NUMA_NODES; i++)
		pools[i] = pool;
	for (int p = 0; p < 2; p++) {
		char name[] = "ring0";

		for (int q = 0; q < 2; q++) {
			rx[p][q] = ring("rx", p, q);
			tx[p][q] = ring("tx", p, q);
		}
		name[4] = (char)('0' + p);
		if (rte_eth_from_rings(name, rx[p], p ? 1 : 2, tx[p], p ? 1 : 2, 0) < 0)
			return -1;
	}
	if (!pool || rcu_init(2) || workers_init(2, lcores, pools, 256) || ports_init(pools) || ports_start())
		return -1;
	port_ctrl_register();
	return 0;
}

static int
tear_down(void **state)
{
	ctrl_reply_free(reply);
	ports_stop();
	ports_fini();
	workers_fini();
	rcu_fini();
	return rte_eal_cleanup();
}

static struct rte_mbuf *
frame(uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pools[0]);

	assert_non_null(m);
	assert_non_null(rte_pktmbuf_append(m, (uint16_t)len));
	return m;
}

static unsigned
collect(struct rte_ring *r)
{
	unsigned n = 0;
	void *m;

	while (rte_ring_dequeue(r, &m) == 0) {
		rte_pktmbuf_free(m);
		n++;
	}
	return n;
}

static void
ports_are_set_up_from_nothing(void **state)
{
	assert_int_equal(nports, 2);
	assert_ptr_equal(port_by_name("dpdk1"), ports[1]);
	assert_null(port_by_name("dpdk2"));
	assert_int_equal(ports[0]->nrxq, 2);
	assert_int_equal(ports[1]->nrxq, 1);
	assert_int_equal(ports[1]->steering, STEER_SOFTWARE);
	assert_int_equal(ports[0]->rxq_worker[1], 1);
	assert_int_equal(workers[0]->port->nrxq, 2);
	assert_int_equal(workers[1]->port->nrxq, 1);
	assert_int_equal(ports[0]->mtu, 1500);
}

static void
long_names_are_found_as_lists_show_them(void **state)
{
	strcpy(ports[1]->name, "a-very-long-port-name");
	assert_ptr_equal(port_by_name("a-very-long-port-name"), ports[1]);
	assert_ptr_equal(port_by_name("a-very-long-por"), ports[1]);
	assert_null(port_by_name("a-very-long-po"));
	strcpy(ports[0]->name, "a-very-long-port-name-too");
	assert_null(port_by_name("a-very-long-por"));
	strcpy(ports[0]->name, "dpdk0");
	strcpy(ports[1]->name, "dpdk1");
}

static void
a_worker_sends_on_its_own_queue(void **state)
{
	uint64_t packets = workers[1]->stats.tx_packets, bytes = workers[1]->stats.tx_bytes;

	port_tx(workers[1], 0, frame(100));
	port_tx(workers[1], 0, frame(60));
	assert_int_equal(collect(tx[0][1]), 0); /* waits for the flush */
	port_flush(workers[1]);
	assert_int_equal(collect(tx[0][1]), 2);
	assert_int_equal(collect(tx[0][0]), 0);
	assert_int_equal(workers[1]->stats.tx_packets - packets, 2);
	assert_int_equal(workers[1]->stats.tx_bytes - bytes, 160);
}

static void
a_full_burst_goes_without_flush(void **state)
{
	for (int i = 0; i < WORKER_BURST; i++)
		port_tx(workers[0], 0, frame(60));
	assert_int_equal(collect(tx[0][0]), WORKER_BURST);
}

static void
a_worker_without_queue_sends_through_another(void **state)
{
	uint64_t first = workers[0]->stats.tx_packets, second = workers[1]->stats.tx_packets;

	port_tx(workers[1], 1, frame(60));
	port_flush(workers[1]);
	assert_int_equal(collect(tx[1][0]), 0);
	port_flush(workers[0]);
	assert_int_equal(collect(tx[1][0]), 1);
	assert_int_equal(workers[0]->stats.tx_packets - first, 1);
	assert_int_equal(workers[1]->stats.tx_packets - second, 0);
}

static void
what_does_not_fit_is_counted_and_freed(void **state)
{
	unsigned before = rte_mempool_avail_count(pools[0]);
	uint64_t dropped = workers[0]->stats.tx_dropped, full = worker_drops(workers[0], DROP_TX_FULL);

	for (int i = 0; i < RING + 32; i++)
		port_tx(workers[0], 0, frame(60));
	port_flush(workers[0]);
	assert_int_equal(collect(tx[0][0]), RING - 1); /* a ring of 64 holds 63 */
	assert_int_equal(workers[0]->stats.tx_dropped - dropped, 33);
	assert_int_equal(worker_drops(workers[0], DROP_TX_FULL) - full, 33);
	assert_int_equal(rte_mempool_avail_count(pools[0]), before);
}

/* A full queue's rest goes to the worker's other ones, what nobody takes is dropped once. */
static void
further_queues_take_what_the_first_one_does_not(void **state)
{
	static const uint8_t spare[] = {1};
	struct worker_txbuf *t = &workers[0]->port->tx[0];
	uint64_t dropped = worker_drops(workers[0], DROP_TX_FULL);
	unsigned first, second;

	t->spare = spare;
	t->nspare = 1;
	for (int i = 0; i < 3 * RING; i++)
		port_tx(workers[0], 0, frame(60));
	port_flush(workers[0]);
	t->nspare = 0;
	first = collect(tx[0][0]);
	second = collect(tx[0][1]);
	assert_int_equal(first, RING - 1);
	assert_int_equal(second, RING - 1);
	assert_int_equal(worker_drops(workers[0], DROP_TX_FULL) - dropped, 3 * RING - first - second);
	assert_int_equal(rte_mempool_avail_count(pools[0]), 511);
}

static void
unknown_ports_drop(void **state)
{
	uint64_t before = worker_drops(workers[0], DROP_PORT_DOWN);

	port_tx(workers[0], 5, frame(60));
	port_tx(workers[0], PORT_NONE, frame(60));
	assert_int_equal(worker_drops(workers[0], DROP_PORT_DOWN) - before, 2);
}

/* ---- messages ---- */

static int
ask(uint32_t id, int type, const void *body, size_t len)
{
	struct ctrl_request req = {.id = id, .type = type, .body = body, .len = len};

	ctrl_reply_free(reply);
	reply = ctrl_reply_new();
	assert_non_null(reply);
	return ctrl_dispatch(&req, reply);
}

static void
message_port_list(void **state)
{
	struct netif_nic_list_get head;
	struct port_id_name entry;

	assert_int_equal(ask(SOCKOPT_NETIF_GET_PORT_LIST, SOCKOPT_GET, NULL, 0), 0);
	assert_int_equal(ctrl_reply_len(reply), 10 + 2 * 18);
	memcpy(&head, ctrl_reply_at(reply, 0), sizeof(head));
	assert_int_equal(head.nic_num, 2);
	assert_int_equal(head.phy_pid_end, 2);
	assert_int_equal(head.bond_pid_base, 65535);
	memcpy(&entry, ctrl_reply_at(reply, 28), sizeof(entry));
	assert_int_equal(entry.id, 1);
	assert_string_equal(entry.name, "dpdk1");
}

static void
message_port_basic(void **state)
{
	struct netif_nic_basic_get basic;
	const struct rte_ether_addr mac = {{2, 0, 0, 0xab, 0, 7}};

	ports[0]->mac = mac;
	/* Any body length that holds the name; it need not be terminated when it fills the body. */
	assert_int_equal(ask(SOCKOPT_NETIF_GET_PORT_BASIC, SOCKOPT_GET, "dpdk0", 5), 0);
	assert_int_equal(ctrl_reply_len(reply), 128);
	memcpy(&basic, ctrl_reply_at(reply, 0), sizeof(basic));
	assert_string_equal(basic.name, "dpdk0");
	assert_string_equal(basic.addr, "02:00:00:AB:00:07");
	assert_string_equal(basic.link_status, "UP");
	assert_string_equal(basic.link_duplex, "full-duplex");
	assert_int_equal(basic.nrxq, 2);
	assert_int_equal(basic.mtu, 1500);
	assert_int_equal(ask(SOCKOPT_NETIF_GET_PORT_BASIC, SOCKOPT_GET, "dpdk9", 6), EDPVS_NOTEXIST);
}

static void
message_port_ext_info(void **state)
{
	const char queues[] =
	    "    rx0-tx0     cpu1-cpu1                \n    rx1-tx1     cpu2-cpu2                \n";
	const char mcast[] = "        link 33:33:00:00:00:01 refcnt 2, synced 0\n";
	const struct rte_ether_addr all_nodes = {{0x33, 0x33, 0, 0, 0, 1}};
	struct netif_nic_ext_get ext;

	assert_int_equal(port_mcast_add(ports[0], &all_nodes), 0);
	assert_int_equal(port_mcast_add(ports[0], &all_nodes), 0);
	assert_int_equal(ask(SOCKOPT_NETIF_GET_PORT_EXT_INFO, SOCKOPT_GET, "dpdk0", 6), 0);
	memcpy(&ext, ctrl_reply_at(reply, 0), sizeof(ext));
	assert_string_equal(ext.dev_info.driver_name, "net_ring");
	assert_string_equal(ext.dev_info.pci_addr, "vdev");
	assert_int_equal(ext.cfg_queues.data_offset, 0);
	assert_int_equal(ext.cfg_queues.data_len, 84);
	assert_int_equal(ext.mc_list.data_offset, 85);
	assert_int_equal(ext.mc_list.data_len, sizeof(mcast) - 1);
	assert_int_equal(ext.mc_list.naddr, 1);
	assert_int_equal(ctrl_reply_len(reply), sizeof(ext) + ext.datalen);
	assert_memory_equal(ctrl_reply_at(reply, sizeof(ext)), queues, sizeof(queues));
	assert_memory_equal(ctrl_reply_at(reply, sizeof(ext) + sizeof(queues)), mcast, sizeof(mcast));

	assert_int_equal(ask(SOCKOPT_NETIF_GET_MADDR, SOCKOPT_GET, "dpdk0", 6), 0);
	assert_int_equal(ctrl_reply_len(reply), 4 + 26);
	assert_string_equal((char *)ctrl_reply_at(reply, 4), "33:33:00:00:00:01");
	assert_int_equal(port_mcast_del(ports[0], &all_nodes), 0);
	assert_int_equal(port_mcast_del(ports[0], &all_nodes), 0);
	assert_int_equal(port_mcast_del(ports[0], &all_nodes), EDPVS_NOTEXIST);
	assert_int_equal(ports[0]->nmcast, 0);
}

static void
message_port_stats(void **state)
{
	struct netif_nic_stats_get before, after;

	assert_int_equal(ask(SOCKOPT_NETIF_GET_PORT_STATS, SOCKOPT_GET, "dpdk0", 6), 0);
	assert_int_equal(ctrl_reply_len(reply), 720);
	memcpy(&before, ctrl_reply_at(reply, 0), sizeof(before));
	port_tx(workers[1], 0, frame(60));
	port_flush(workers[1]);
	assert_int_equal(ask(SOCKOPT_NETIF_GET_PORT_STATS, SOCKOPT_GET, "dpdk0", 6), 0);
	memcpy(&after, ctrl_reply_at(reply, 0), sizeof(after));
	assert_int_equal(after.opackets - before.opackets, 1);
	assert_int_equal(after.q_opackets[1] - before.q_opackets[1], 1);
	assert_int_equal(after.mbuf_inuse - before.mbuf_inuse, 1);
	collect(tx[0][1]);
	assert_int_equal(ask(SOCKOPT_NETIF_GET_PORT_STATS, SOCKOPT_GET, "x", 2), EDPVS_NOTEXIST);
}

static void
message_xstats(void **state)
{
	struct netif_nic_xstats_get head;

	assert_int_equal(ask(SOCKOPT_NETIF_GET_PORT_XSTATS, SOCKOPT_GET, "dpdk1", 6), 0);
	memcpy(&head, ctrl_reply_at(reply, 0), sizeof(head));
	assert_int_equal(head.pid, 1);
	assert_true(head.nentries > 4);
	assert_int_equal(ctrl_reply_len(reply), 8 + 80u * head.nentries);
	assert_string_equal((char *)ctrl_reply_at(reply, 8 + 16), "rx_good_packets");
}

static void
messages_about_lcores(void **state)
{
	struct netif_lcore_mask_get mask;
	struct netif_lcore_basic_get basic;
	struct netif_lcore_stats_get stats;
	const char text[] = "dpdk0:rx0       dpdk0:tx0       dpdk1:rx0       dpdk1:tx0       ";
	const char second[] = "dpdk0:rx1       dpdk0:tx1       ";
	uint8_t id = 1;

	assert_int_equal(ask(SOCKOPT_NETIF_GET_LCORE_MASK, SOCKOPT_GET, NULL, 0), 0);
	memcpy(&mask, ctrl_reply_at(reply, 0), sizeof(mask));
	assert_int_equal(mask.slave_lcore_num, 2);
	assert_int_equal(mask.slave_lcore_mask, 6);

	assert_int_equal(ask(SOCKOPT_NETIF_GET_LCORE_BASIC, SOCKOPT_GET, &id, 1), 0);
	memcpy(&basic, ctrl_reply_at(reply, 0), sizeof(basic));
	assert_int_equal(basic.queue_data_len, sizeof(text));
	assert_int_equal(ctrl_reply_len(reply), 8 + sizeof(text));
	assert_memory_equal(ctrl_reply_at(reply, 8), text, sizeof(text));
	id = 2; /* has no queue on dpdk1 */
	assert_int_equal(ask(SOCKOPT_NETIF_GET_LCORE_BASIC, SOCKOPT_GET, &id, 1), 0);
	assert_memory_equal(ctrl_reply_at(reply, 8), second, sizeof(second));
	id = 0;
	assert_int_equal(ask(SOCKOPT_NETIF_GET_LCORE_BASIC, SOCKOPT_GET, &id, 1), 0);
	assert_int_equal(ctrl_reply_len(reply), 8);
	id = 9;
	assert_int_equal(ask(SOCKOPT_NETIF_GET_LCORE_BASIC, SOCKOPT_GET, &id, 1), EDPVS_INVAL);
	assert_int_equal(ask(SOCKOPT_NETIF_GET_LCORE_STATS, SOCKOPT_GET, &id, 1), EDPVS_INVAL);

	id = 2;
	workers[1]->stats.rx_packets = 77;
	assert_int_equal(ask(SOCKOPT_NETIF_GET_LCORE_STATS, SOCKOPT_GET, &id, 1), 0);
	assert_int_equal(ctrl_reply_len(reply), 96);
	memcpy(&stats, ctrl_reply_at(reply, 0), sizeof(stats));
	assert_int_equal(stats.lcore_id, 2);
	assert_int_equal(stats.ipackets, 77);
}

static int
set_port(const char *name, uint16_t flags, const char *mac)
{
	struct netif_nic_set set;

	memset(&set, 0, sizeof(set));
	snprintf(set.pname, sizeof(set.pname), "%s", name);
	memcpy(set.macaddr, mac, strnlen(mac, sizeof(set.macaddr)));
	set.flags = flags;
	return ask(SOCKOPT_NETIF_SET_PORT, SOCKOPT_SET, &set, sizeof(set));
}

static struct port *mac_changed;

static void
note_mac(struct port *p, enum port_event event)
{
	if (event == PORT_MAC)
		mac_changed = p;
}

static void
message_set_port(void **state)
{
	const struct rte_ether_addr was = ports[0]->mac, is = {{2, 0, 0, 0, 0xcd, 0xef}};

	port_watch(note_mac);
	assert_int_equal(set_port("dpdk0", NETIF_NIC_SET_F_PROMISC_ON, ""), 0);
	assert_true(ports[0]->promisc);
	assert_int_equal(set_port("dpdk0", NETIF_NIC_SET_F_PROMISC_OFF, ""), 0);
	assert_false(ports[0]->promisc);
	assert_int_equal(set_port("dpdk9", NETIF_NIC_SET_F_PROMISC_ON, ""), EDPVS_INVAL);
	/* What cannot be done is said, and nothing of the request is done. */
	assert_int_equal(set_port("dpdk0", NETIF_NIC_SET_F_PROMISC_ON | NETIF_NIC_SET_F_PROMISC_OFF, ""),
			 EDPVS_INVAL);
	assert_int_equal(set_port("dpdk0", NETIF_NIC_SET_F_PROMISC_ON, "02:00:00:00:00"), EDPVS_INVAL);
	assert_int_equal(set_port("dpdk0", NETIF_NIC_SET_F_PROMISC_ON, "01:00:00:00:00:01"), EDPVS_INVAL);
	assert_int_equal(set_port("dpdk0", NETIF_NIC_SET_F_PROMISC_ON, "02:00:00:00:00:0x"), EDPVS_INVAL);
	assert_int_equal(set_port("dpdk0", NETIF_NIC_SET_F_PROMISC_ON, "02:00:00:00:00:0:01"), EDPVS_INVAL);
	assert_false(ports[0]->promisc);
	assert_true(rte_is_same_ether_addr(&ports[0]->mac, &was));
	assert_int_equal(set_port("dpdk0", NETIF_NIC_SET_F_LLDP_OFF | NETIF_NIC_SET_F_FORWARD2KNI_OFF, ""),
			 0);
	int rc = set_port("dpdk0", 0, "02:00:00:00:Cd:eF");

	/* The ring driver of some releases cannot change its address; both answers are consistent. */
	if (rc == 0) {
		assert_true(rte_is_same_ether_addr(&ports[0]->mac, &is));
		assert_ptr_equal(mac_changed, ports[0]);
	} else {
		assert_int_equal(rc, EDPVS_NOTSUPP);
		assert_true(rte_is_same_ether_addr(&ports[0]->mac, &was));
		assert_null(mac_changed);
	}
}

static void
messages_about_bonds(void **state)
{
	struct netif_bond_set set;

	memset(&set, 0, sizeof(set));
	strcpy(set.name, "dpdk0");
	assert_int_equal(ask(SOCKOPT_NETIF_SET_BOND, SOCKOPT_SET, &set, sizeof(set)), EDPVS_INVAL);
	assert_int_equal(ask(SOCKOPT_NETIF_GET_BOND_STATUS, SOCKOPT_GET, "dpdk0", 6), EDPVS_INVAL);
	assert_int_equal(ask(SOCKOPT_NETIF_GET_BOND_STATUS, SOCKOPT_GET, "bond0", 6), EDPVS_NOTEXIST);
}

static struct ds_drop
drop_record(unsigned index)
{
	struct ds_drop drop;

	memcpy(&drop, (char *)ctrl_reply_at(reply, index * DS_TLV_SIZE(sizeof(drop))) + sizeof(struct ds_tlv),
	       sizeof(drop));
	return drop;
}

static void
message_drops(void **state)
{
	struct ds_drops_request req = {0};
	unsigned index = DROP_IP4_CHECKSUM - 1;
	struct ds_drop drop;

	workers[0]->drop_counters[DROP_IP4_CHECKSUM - 1] = 3;
	workers[1]->drop_counters[DROP_IP4_CHECKSUM - 1] = 4;
	control_drops[DROP_IP4_CHECKSUM] = 10;
	assert_int_equal(ask(DS_MSG_DROPS, SOCKOPT_GET, &req, sizeof(req)), 0);
	assert_int_equal(ctrl_reply_len(reply), (DROP_REASONS - 1) * DS_TLV_SIZE(sizeof(drop)));
	drop = drop_record(index);
	assert_string_equal(drop.name, "ip4_checksum");
	assert_string_equal(drop.layer, "ipv4");
	assert_int_equal(drop.packets, 17);
	assert_int_equal(drop.lcore, DS_LCORE_ALL);

	req.flags = DS_DROPS_F_PER_LCORE;
	assert_int_equal(ask(DS_MSG_DROPS, SOCKOPT_GET, &req, sizeof(req)), 0);
	drop = drop_record(index * 3 + 2);
	assert_int_equal(drop.lcore, 2);
	assert_int_equal(drop.packets, 4);
	req.flags = 2;
	assert_int_equal(ask(DS_MSG_DROPS, SOCKOPT_GET, &req, sizeof(req)), EDPVS_INVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ports_are_set_up_from_nothing),
	    cmocka_unit_test(long_names_are_found_as_lists_show_them),
	    cmocka_unit_test(a_worker_sends_on_its_own_queue),
	    cmocka_unit_test(a_full_burst_goes_without_flush),
	    cmocka_unit_test(a_worker_without_queue_sends_through_another),
	    cmocka_unit_test(what_does_not_fit_is_counted_and_freed),
	    cmocka_unit_test(further_queues_take_what_the_first_one_does_not),
	    cmocka_unit_test(unknown_ports_drop),
	    cmocka_unit_test(message_port_list),
	    cmocka_unit_test(message_port_basic),
	    cmocka_unit_test(message_port_ext_info),
	    cmocka_unit_test(message_port_stats),
	    cmocka_unit_test(message_xstats),
	    cmocka_unit_test(messages_about_lcores),
	    cmocka_unit_test(message_set_port),
	    cmocka_unit_test(messages_about_bonds),
	    cmocka_unit_test(message_drops),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The table of ports: from DPDK's devices and the device blocks of the configuration to running queues. */
#include "port/talkers.h"
#include "port_setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rte_errno.h>
#include <rte_malloc.h>

#include "core/errors.h"
#include "core/log.h"
#include "port/bond.h"
#include "port/isolated.h"
#include "port/kernel_lcore.h"
#include "port/testmode.h"

enum { RELAY_RING = 1024 };

struct port *ports[PORTS_MAX];
unsigned nports, ports_end, ndevices;
struct queue_map port_queues;

static struct conf_port port_confs[PORTS_MAX];

const struct conf_port *
port_conf(const struct port *p)
{
	return &port_confs[p->id];
}

/* Names in lists have at most 15 characters, and what a list shows must be usable in the next request. */
static struct port *
by_cut_name(const char *name)
{
	enum { CUT = ABI_IFNAMSIZ - 1 };
	struct port *found = NULL;

	if (strlen(name) != CUT)
		return NULL;
	for (unsigned i = 0; i < ports_end; i++) {
		if (!ports[i] || strncmp(ports[i]->name, name, CUT))
			continue;
		if (found)
			return NULL;
		found = ports[i];
	}
	return found;
}

const struct port *
port_by_device(uint16_t dpdk_id)
{
	for (unsigned i = 0; i < ndevices; i++)
		if (ports[i]->dpdk_id == dpdk_id)
			return ports[i];
	return NULL;
}

struct port *
port_by_name(const char *name)
{
	for (unsigned i = 0; i < ports_end; i++) {
		if (ports[i] && !strcmp(ports[i]->name, name))
			return ports[i];
	}
	return by_cut_name(name);
}

/* ---- which devices ---- */

/* Gives every DPDK port the device block of the same rank. */
static int
match_blocks(unsigned n)
{
	unsigned blocks = 0;

	for (int i = 0; i < conf.netif.nports; i++) {
		if (conf.netif.port[i].bonding)
			continue;
		if (blocks < PORTS_MAX)
			port_confs[blocks] = conf.netif.port[i];
		blocks++;
	}
	if (blocks == 0) {
		for (unsigned i = 0; i < n; i++) {
			char name[CONF_NAME_MAX];

			snprintf(name, sizeof(name), "dpdk%u", i);
			port_confs[i] = conf_port_default(name);
		}
		return EDPVS_OK;
	}
	if (blocks < n) {
		log_err("port",
			"%u DPDK ports found, but the configuration has %u device blocks: add blocks to "
			"netif_defs, or "
			"limit the ports with -- -a",
			n, blocks);
		return EDPVS_INVAL;
	}
	if (blocks > n)
		log_warning(
		    "port",
		    "the configuration has %u device blocks, but there are %u DPDK ports: the blocks from "
		    "%s on are not used",
		    blocks, n, port_confs[n].name);
	return EDPVS_OK;
}

static int
add_port(uint16_t dpdk_id)
{
	struct port *p = calloc(1, sizeof(*p));
	int rc;

	if (!p)
		return EDPVS_NOMEM;
	p->id = (uint16_t)nports;
	p->dpdk_id = dpdk_id;
	snprintf(p->name, sizeof(p->name), "%s", port_confs[nports].name);
	p->ops = &port_device_ops;
	ports[nports++] = p;
	ports_end = nports;
	rc = rte_eth_dev_info_get(dpdk_id, &p->info);
	if (rc) {
		log_err("port", "port %s: the driver does not describe its device: %s", p->name,
			strerror(-rc));
		return EDPVS_DPDKAPIFAIL;
	}
	rte_eth_macaddr_get(dpdk_id, &p->mac);
	p->socket_id = RTE_MAX(rte_eth_dev_socket_id(dpdk_id), 0);
	if (strlen(p->name) >= ABI_IFNAMSIZ)
		log_warning("port", "port name %s is cut to 15 characters in lists", p->name);
	return EDPVS_OK;
}

static int
find_ports(void)
{
	unsigned n = rte_eth_dev_count_avail();
	uint16_t id;
	int rc;

	if (n == 0) {
		log_err(
		    "port",
		    "No dpdk ports found! Bind a NIC to vfio-pci (dpdk-devbind.py), or add a virtual device "
		    "such as -- --vdev net_af_packet0,iface=eth1; dpvs -h has examples");
		return EDPVS_NODEV;
	}
	if (n > PORTS_MAX) {
		log_err("port", "%u DPDK ports found, at most %d can be used: limit them with -- -a", n,
			PORTS_MAX);
		return EDPVS_INVAL;
	}
	rc = match_blocks(n);
	if (rc)
		return rc;
	RTE_ETH_FOREACH_DEV (id) {
		rc = add_port(id);
		if (rc)
			return rc;
	}
	ndevices = nports;
	for (unsigned i = 0; i < ndevices; i++)
		ports[i]->lldp = true;
	return EDPVS_OK;
}

/* A bonding has the settings of its primary, and the smallest MTU. */
static struct conf_port
bond_conf(const struct conf_port *block, const struct port *primary)
{
	struct conf_port c = *port_conf(primary);

	memcpy(c.name, block->name, sizeof(c.name));
	memcpy(c.kni_name, block->kni_name, sizeof(c.kni_name));
	c.mbuf_fast_free = false; /* broadcasts send one buffer several times */
	for (int i = 0; i < block->nslaves; i++)
		c.mtu = RTE_MIN(c.mtu, port_conf(port_by_name(block->slave[i]))->mtu);
	return c;
}

static int
make_bonds(void)
{
	for (int i = 0; i < conf.netif.nports; i++) {
		const struct conf_port *block = &conf.netif.port[i];
		struct port *primary;
		uint16_t id;
		int rc;

		if (!block->bonding)
			continue;
		if (nports == PORTS_MAX) {
			log_err("port", "bonding %s is one port too many: at most %d can be used",
				block->name, PORTS_MAX);
			return EDPVS_INVAL;
		}
		rc = bond_create(block, &id, &primary);
		if (rc)
			return rc;
		port_confs[nports] = bond_conf(block, primary);
		rc = add_port(id);
		if (rc)
			return rc;
		bond_claim(ports[nports - 1]);
	}
	return EDPVS_OK;
}

/* ---- queues ---- */

static int
map_queues(void)
{
	struct queue_map_input *in = calloc(1, sizeof(*in));
	char why[256];
	int code;

	if (!in)
		return EDPVS_NOMEM;
	in->conf = &conf;
	in->nports = nports;
	in->nworkers = nworkers;
	for (unsigned i = 0; i < nports; i++) {
		in->port[i].name = ports[i]->name;
		in->port[i].is_member = ports[i]->bond != NULL;
		in->port[i].max_rx = ports[i]->info.max_rx_queues;
		in->port[i].max_tx = ports[i]->info.max_tx_queues;
		in->port[i].want_rx = port_confs[i].rx_queues;
		in->port[i].want_tx = port_confs[i].tx_queues;
	}
	for (unsigned i = 0; i < nworkers; i++)
		in->lcore[i] = workers[i]->lcore_id;
	code = queue_map_build(in, &port_queues, why, sizeof(why));
	free(in);
	if (code) {
		log_err("port", "bad lcore configuration (error code: %d): %s", code, why);
		return EDPVS_INVAL;
	}
	return EDPVS_OK;
}

static void
say_queue_numbers(const struct port *p)
{
	const struct conf_port *c = port_conf(p);

	if (conf.worker.nworkers == 0 || p->bond)
		return;
	if (c->rx_queues >= 0 && c->rx_queues != p->nrxq)
		log_warning("port",
			    "port %s: rx queue_number is %d, but workers name %u queues, which are used",
			    p->name, c->rx_queues, p->nrxq);
	if (c->tx_queues >= 0 && c->tx_queues != p->ntxq)
		log_warning("port",
			    "port %s: tx queue_number is %d, but workers name %u queues, which are used",
			    p->name, c->tx_queues, p->ntxq);
	if (p->nrxq == 0)
		log_warning("port", "port %s: no worker names an rx queue, nothing is received", p->name);
}

static struct rte_ring *
relay_ring(unsigned from, unsigned to)
{
	struct worker_port *wp = workers[to]->port;
	char name[RTE_RING_NAMESIZE];
	struct rte_ring *r;

	snprintf(name, sizeof(name), "relay_%u_%u", to, from);
	r = rte_ring_lookup(name);
	if (r)
		return r;
	r = rte_ring_create(name, RELAY_RING, workers[to]->socket_id, RING_F_SP_ENQ | RING_F_SC_DEQ);
	if (!r) {
		log_err("port", "no memory for the ring from worker %u to worker %u: %s", from, to,
			rte_strerror(rte_errno));
		return NULL;
	}
	wp->relay_in[wp->nrelays++] = r;
	return r;
}

/* Entries of a ring from an isolated lcore: frames in it must leave buffers to the device. */
static unsigned
isolated_ring_size(const struct port *p, unsigned wanted)
{
	enum { SMALLEST = 1024 };
	unsigned most = SMALLEST;

	while (most * 2 <= (unsigned)conf.netif.pktpool_size / 4)
		most *= 2;
	if (wanted > most)
		log_notice("port", "port %s: isol_rxq_ring_sz is %u, as %d packet buffers allow", p->name,
			   most, conf.netif.pktpool_size);
	return RTE_MIN(wanted, most);
}

static int
attach_rxq(unsigned w, struct port *p, unsigned i)
{
	struct worker_port *wp = workers[w]->port;
	const struct queue_list *rx = &port_queues.at[w][p->id].rx;
	struct worker_rxq q = {.port = p->id, .dpdk_id = p->dpdk_id, .queue = rx->id[i]};

	if (wp->nrxq == RTE_DIM(wp->rxq)) {
		log_err("port", "worker %u has more than %zu rx queues: name fewer", w, RTE_DIM(wp->rxq));
		return EDPVS_RESOURCE;
	}
	if (rx->isolated[i]) {
		const struct isolated_queue from = {p->id, p->dpdk_id, rx->id[i], NULL};

		q.ring = isolated_add(rx->isolated[i] - 1u, &from,
				      isolated_ring_size(p, port_queues.at[w][p->id].isolated_ring),
				      workers[w]->socket_id);
		if (!q.ring)
			return EDPVS_NOMEM;
	}
	wp->rxq[wp->nrxq++] = q;
	p->rxq_worker[q.queue] = (uint8_t)w;
	return EDPVS_OK;
}

static int
attach_port(unsigned w, struct port *p)
{
	struct worker_port *wp = workers[w]->port;
	const struct queue_list *rx = &port_queues.at[w][p->id].rx, *tx = &port_queues.at[w][p->id].tx;
	struct worker_txbuf *t = &wp->tx[p->id];
	int to = port_queues.at[w][p->id].relay;

	for (unsigned i = 0; i < rx->n; i++) {
		int rc = attach_rxq(w, p, i);

		if (rc)
			return rc;
	}
	t->dpdk_id = p->dpdk_id;
	if (to >= 0) {
		t->relay = relay_ring(w, (unsigned)to);
		if (!t->relay)
			return EDPVS_NOMEM;
	} else {
		t->queue = tx->id[0];
		t->spare = tx->id + 1;
		t->nspare = (uint8_t)(tx->n - 1);
	}
	t->usable = true;
	t->direct = true;
	return EDPVS_OK;
}

/*
 * What is not for the host must not come to the kernel lcore: the device spreads over the other queues only,
 * which takes a redirection table (port_start.c).
 */
static int
attach_kernel(struct port *p)
{
	const struct queue_list *rx = &port_queues.kernel[p->id].rx, *tx = &port_queues.kernel[p->id].tx;

	if (!kernel_lcore)
		return EDPVS_OK;
	if (rx->n > 1 || tx->n > 1) {
		log_err("port", "the worker of type kni names more than one queue of port %s", p->name);
		return EDPVS_INVAL;
	}
	if (rx->n && p->info.reta_size == 0 && !testmode_is_on()) {
		log_err("port",
			"the worker of type kni has rx queue %u of port %s, but driver %s cannot keep other "
			"packets away from it: leave out rx_queue_ids there",
			rx->id[0], p->name, p->info.driver_name);
		return EDPVS_NOTSUPP;
	}
	if (rx->n) {
		kernel_lcore_receives(p, rx->id[0]);
		p->rxq_worker[rx->id[0]] = RXQ_KERNEL;
	}
	if (tx->n)
		kernel_lcore_sends(p, tx->id[0]);
	return EDPVS_OK;
}

static int
attach_workers(void)
{
	for (unsigned w = 0; w < nworkers; w++) {
		workers[w]->port = rte_zmalloc_socket("worker_port", sizeof(struct worker_port),
						      RTE_CACHE_LINE_SIZE, workers[w]->socket_id);
		if (!workers[w]->port) {
			log_err("port",
				"no memory for the queues of worker %u: raise -m or reserve more huge pages",
				w);
			return EDPVS_NOMEM;
		}
	}
	for (unsigned w = 0; w < nworkers; w++) {
		for (unsigned i = 0; i < nports; i++) {
			int rc = ports[i]->bond ? 0 : attach_port(w, ports[i]);

			if (rc)
				return rc;
		}
	}
	for (unsigned i = 0; i < nports; i++) {
		int rc = ports[i]->bond ? 0 : attach_kernel(ports[i]);

		if (rc)
			return rc;
	}
	return EDPVS_OK;
}

static bool
only_one_pool(struct rte_mempool *const *pool_by_socket)
{
	for (unsigned w = 1; w < nworkers; w++) {
		if (workers[w]->pool != workers[0]->pool)
			return false;
	}
	for (unsigned i = 0; i < nports; i++) {
		if (pool_by_socket[ports[i]->socket_id] != workers[0]->pool)
			return false;
	}
	return true;
}

int
ports_init(struct rte_mempool *const *pool_by_socket)
{
	int rc = find_ports();

	if (!rc)
		rc = make_bonds();
	if (!rc)
		rc = map_queues();
	if (rc)
		return rc;
	for (unsigned i = 0; i < nports; i++) {
		struct port *p = ports[i];

		p->nrxq = port_queues.nrxq[i];
		p->ntxq = port_queues.ntxq[i];
		say_queue_numbers(p);
		if (p->bond)
			continue; /* the bonding does it */
		rc = port_configure(p, pool_by_socket[p->socket_id], only_one_pool(pool_by_socket));
		if (rc)
			return rc;
		port_choose_steering(p);
	}
	return attach_workers();
}

/* ---- the end ---- */

static void
free_worker_port(struct worker *w)
{
	struct worker_port *wp = w->port;
	void *m;

	if (!wp)
		return;
	for (unsigned i = 0; i < nports; i++)
		rte_pktmbuf_free_bulk(wp->tx[i].m, wp->tx[i].n);
	for (unsigned i = 0; i < wp->nrelays; i++) {
		while (rte_ring_dequeue(wp->relay_in[i], &m) == 0)
			rte_pktmbuf_free(m);
		rte_ring_free(wp->relay_in[i]);
	}
	rte_free(wp);
	w->port = NULL;
}

void
ports_fini(void)
{
	talkers_fini();
	kernel_flow_fini();
	for (unsigned i = 0; i < nworkers; i++)
		free_worker_port(workers[i]);
	isolated_fini();
	ports_forget();
	for (unsigned i = nports; i-- > 0;) {
		if (bond_is(ports[i]))
			bond_destroy(ports[i]);
		else
			rte_eth_dev_close(ports[i]->dpdk_id);
		free(ports[i]->mcast);
		free(ports[i]->kind_data);
		free(ports[i]);
		ports[i] = NULL;
	}
	nports = ports_end = ndevices = 0;
}

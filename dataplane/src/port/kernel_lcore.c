/* SPDX-License-Identifier: Apache-2.0 */
#include "port/kernel_lcore.h"

#include <stdlib.h>
#include <string.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_pause.h>

#include "core/log.h"
#include "core/mbuf.h"
#include "kernel_serve.h"
#include "port/kernel.h"
#include "port_setup.h"

enum { RING = 1024 };

struct kernel_lcore *kernel_lcore;

/* ---- data path ---- */

/* By its own queue where nothing but the device is behind the port: no scheduler, no tag, no copies. */
static bool
sends_itself(const struct kernel_lcore *k, const struct port *p)
{
	return k->tx[p->id].usable && !rcu_read(p->egress) && !p->copies_to_kernel;
}

/* All frames of a port through one worker, so that they stay in order. */
static unsigned
by_worker(const struct port *p, struct rte_mbuf **m, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		mbuf_meta(m[i])->port = p->id;
	return rte_ring_sp_enqueue_burst(workers[p->id % nworkers]->from_kernel, (void **)m, n, NULL);
}

static void
lcore_send(const struct port *p, struct rte_mbuf **m, unsigned n)
{
	struct kernel_lcore *k = kernel_lcore;
	bool itself = sends_itself(k, p);
	uint64_t bytes = 0;
	unsigned done;

	for (unsigned i = 0; i < n; i++)
		bytes += m[i]->pkt_len;
	done = itself ? rte_eth_tx_burst(p->dpdk_id, k->tx[p->id].queue, m, (uint16_t)n) : by_worker(p, m, n);
	k->drops[itself ? DROP_TX_FULL : DROP_INJECT_FULL] += n - done;
	k->stats.tx_dropped += n - done;
	for (unsigned i = done; i < n; i++) {
		bytes -= m[i]->pkt_len;
		rte_pktmbuf_free(m[i]);
	}
	k->stats.tx_packets += itself ? done : 0;
	k->stats.tx_bytes += itself ? bytes : 0;
}

/* What the devices brought here by address. */
static unsigned
receive(struct kernel_lcore *k, const struct kernel_server *s)
{
	struct rte_mbuf *m[WORKER_BURST];
	unsigned total = 0;

	for (unsigned i = 0; i < k->nrxq; i++) {
		const struct kernel_rxq *q = &k->rxq[i];
		unsigned n = rte_eth_rx_burst(q->dpdk_id, q->queue, m, WORKER_BURST);

		worker_count_burst(&k->stats, n);
		for (unsigned j = 0; j < n; j++) {
			k->stats.rx_bytes += m[j]->pkt_len;
			mbuf_meta(m[j])->port = q->port;
			kernel_deliver(s, m[j]);
		}
		k->stats.rx_packets += n;
		total += n;
	}
	return total;
}

static unsigned
take_from_control(struct kernel_lcore *k, const struct kernel_server *s)
{
	struct rte_mbuf *m[WORKER_BURST];
	unsigned n = rte_ring_sc_dequeue_burst(k->from_control, (void **)m, WORKER_BURST, NULL);

	for (unsigned i = 0; i < n; i++)
		kernel_deliver(s, m[i]);
	return n;
}

unsigned
kernel_lcore_turn(struct kernel_lcore *k)
{
	const struct kernel_server s = {.drops = k->drops, .pool = k->pool, .send = lcore_send};
	unsigned total = take_from_control(k, &s);
	bool more;

	total += receive(k, &s);
	return total + kernel_serve_all(&s, &more);
}

/* ---- rest ---- */

void
kernel_lcore_rest(struct kernel_lcore *k)
{
	__atomic_store_n(&k->rests, true, __ATOMIC_RELEASE);
	while (k->pause && !k->stop)
		rte_pause();
	__atomic_store_n(&k->rests, false, __ATOMIC_RELEASE);
}

void
kernel_lcore_pause(void)
{
	if (!kernel_lcore || !kernel_lcore->launched)
		return;
	kernel_lcore->pause = true;
	while (!__atomic_load_n(&kernel_lcore->rests, __ATOMIC_ACQUIRE))
		rte_pause();
}

void
kernel_lcore_resume(void)
{
	if (!kernel_lcore || !kernel_lcore->launched)
		return;
	__atomic_store_n(&kernel_lcore->pause, false, __ATOMIC_RELEASE);
	while (__atomic_load_n(&kernel_lcore->rests, __ATOMIC_ACQUIRE))
		rte_pause();
}

/* ---- life ---- */

int
kernel_lcore_open(uint16_t lcore, unsigned reader)
{
	struct kernel_lcore *k = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*k));
	int node = (int)rte_lcore_to_socket_id(lcore), rc;

	if (!k)
		return EDPVS_NOMEM;
	memset(k, 0, sizeof(*k));
	k->lcore_id = lcore;
	k->reader = reader;
	k->pool = workers[0]->pool;
	for (unsigned i = 0; i < nworkers; i++)
		if (workers[i]->socket_id == node)
			k->pool = workers[i]->pool;
	k->from_control = rte_ring_create("kernel_control", RING, node, RING_F_SP_ENQ | RING_F_SC_DEQ);
	kernel_lcore = k;
	rc = k->from_control ? workers_hear_kernel(RING) : EDPVS_NOMEM;
	if (rc)
		log_err("port", "no memory for the rings of the kernel lcore (%s): give the EAL more memory",
			rte_strerror(rte_errno));
	return rc;
}

void
kernel_lcore_receives(const struct port *p, uint16_t queue)
{
	struct kernel_lcore *k = kernel_lcore;

	k->rxq[k->nrxq++] = (struct kernel_rxq){p->id, p->dpdk_id, queue};
}

void
kernel_lcore_sends(const struct port *p, uint16_t queue)
{
	kernel_lcore->tx[p->id].queue = queue;
	kernel_lcore->tx[p->id].usable = true;
}

void
kernel_lcore_detach(uint16_t port)
{
	struct kernel_lcore *k = kernel_lcore;
	unsigned kept = 0;

	if (!k)
		return;
	for (unsigned i = 0; i < k->nrxq; i++)
		if (k->rxq[i].port != port)
			k->rxq[kept++] = k->rxq[i];
	k->nrxq = kept;
	k->tx[port].usable = false;
}

void
kernel_lcore_close(void)
{
	void *m;

	if (!kernel_lcore)
		return;
	while (kernel_lcore->from_control && rte_ring_dequeue(kernel_lcore->from_control, &m) == 0)
		rte_pktmbuf_free(m);
	rte_ring_free(kernel_lcore->from_control);
	free(kernel_lcore);
	kernel_lcore = NULL;
}

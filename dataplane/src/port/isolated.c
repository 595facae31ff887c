/* SPDX-License-Identifier: Apache-2.0 */
#include "port/isolated.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_pause.h>

#include "core/log.h"
#include "port/kernel_lcore.h"
#include "port/port.h"

struct isolated *isolated[WORKERS_MAX];
unsigned nisolated;

/* The lcore's entry, a new one in its place by number; NULL: no memory. */
static struct isolated *
entry(uint16_t lcore)
{
	struct isolated *is;
	unsigned at = 0;

	while (at < nisolated && isolated[at]->lcore_id < lcore)
		at++;
	if (at < nisolated && isolated[at]->lcore_id == lcore)
		return isolated[at];
	is = nisolated < WORKERS_MAX ? aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*is)) : NULL;
	if (!is)
		return NULL;
	memset(is, 0, sizeof(*is));
	is->lcore_id = lcore;
	memmove(&isolated[at + 1], &isolated[at], (nisolated - at) * sizeof(isolated[0]));
	isolated[at] = is;
	nisolated++;
	return is;
}

struct rte_ring *
isolated_add(uint16_t lcore, const struct isolated_queue *q, unsigned size, int socket)
{
	struct isolated *is = entry(lcore);
	char name[RTE_RING_NAMESIZE];
	struct rte_ring *ring;

	if (!is || is->nq == ISOLATED_QUEUES_MAX) {
		log_err("port", "lcore %u cannot receive for rx queue %u of port %u: %s", lcore, q->queue,
			q->port, is ? "it has as many queues as possible" : "no memory");
		return NULL;
	}
	snprintf(name, sizeof(name), "isolated_%u_%u", q->port, q->queue);
	ring = rte_ring_create(name, size, socket, RING_F_SP_ENQ | RING_F_SC_DEQ);
	if (!ring) {
		log_err("port",
			"no memory for a ring of %u entries from lcore %u to a worker (%s): lower "
			"isol_rxq_ring_sz or give the EAL more memory",
			size, lcore, rte_strerror(rte_errno));
		return NULL;
	}
	is->q[is->nq] = *q;
	is->q[is->nq++].ring = ring;
	return ring;
}

static void
ring_drop(struct rte_ring *ring)
{
	void *m;

	while (rte_ring_dequeue(ring, &m) == 0)
		rte_pktmbuf_free(m);
	rte_ring_free(ring);
}

void
isolated_detach(uint16_t port)
{
	for (unsigned i = 0; i < nisolated; i++) {
		struct isolated *is = isolated[i];
		unsigned kept = 0;

		for (unsigned k = 0; k < is->nq; k++) {
			if (is->q[k].port == port)
				ring_drop(is->q[k].ring);
			else
				is->q[kept++] = is->q[k];
		}
		is->nq = kept;
	}
}

void
isolated_fini(void)
{
	for (unsigned i = 0; i < nisolated; i++) {
		for (unsigned k = 0; k < isolated[i]->nq; k++)
			ring_drop(isolated[i]->q[k].ring);
		free(isolated[i]);
		isolated[i] = NULL;
	}
	nisolated = 0;
}

unsigned
isolated_turn(struct isolated *is)
{
	struct rte_mbuf *m[WORKER_BURST];
	unsigned total = 0;

	for (unsigned i = 0; i < is->nq; i++) {
		const struct isolated_queue *q = &is->q[i];
		unsigned n = rte_eth_rx_burst(q->dpdk_id, q->queue, m, WORKER_BURST), done;

		worker_count_burst(&is->stats, n);
		if (n == 0)
			continue;
		for (unsigned k = 0; k < n; k++)
			is->stats.rx_bytes += m[k]->pkt_len;
		is->stats.rx_packets += n;
		total += n;
		done = rte_ring_sp_enqueue_burst(q->ring, (void **)m, n, NULL);
		if (unlikely(done < n)) {
			is->stats.tx_dropped += n - done;
			rte_pktmbuf_free_bulk(m + done, n - done);
		}
	}
	return total;
}

uint16_t
port_rx_ring(struct rte_ring *r, struct rte_mbuf **m)
{
	return (uint16_t)rte_ring_sc_dequeue_burst(r, (void **)m, WORKER_BURST, NULL);
}

void
isolated_rest(struct isolated *is)
{
	__atomic_store_n(&is->rests, true, __ATOMIC_RELEASE);
	while (is->pause && !is->stop)
		rte_pause();
	__atomic_store_n(&is->rests, false, __ATOMIC_RELEASE);
}

void
lcores_resume(void)
{
	for (unsigned i = 0; i < nisolated; i++)
		__atomic_store_n(&isolated[i]->pause, false, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < nisolated; i++)
		while (__atomic_load_n(&isolated[i]->rests, __ATOMIC_ACQUIRE))
			rte_pause();
	kernel_lcore_resume();
	workers_resume();
}

bool
lcores_pause(void)
{
	enum { PATIENCE_US = 1000000, STEP_US = 50 };
	unsigned waited = 0;

	if (!workers_pause())
		return false;
	kernel_lcore_pause();
	for (unsigned i = 0; i < nisolated; i++)
		isolated[i]->pause = true;
	for (unsigned i = 0; i < nisolated; i++) {
		while (!__atomic_load_n(&isolated[i]->rests, __ATOMIC_ACQUIRE)) {
			if (waited >= PATIENCE_US) {
				lcores_resume();
				return false;
			}
			usleep(STEP_US);
			waited += STEP_US;
		}
	}
	return true;
}

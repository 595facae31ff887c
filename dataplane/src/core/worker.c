/* SPDX-License-Identifier: Apache-2.0 */
#include "core/worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <rte_errno.h>
#include <rte_pause.h>

#include "core/errors.h"
#include "core/log.h"
#include "core/mbuf.h"
#include "core/segment.h"

struct worker *workers[WORKERS_MAX];
unsigned nworkers;
uint64_t mbuf_reassembled;
uint64_t control_drops[DROP_REASONS];
struct ip6_counters control_ip6;
volatile uint64_t control_turns;
volatile uint64_t control_ticks;

enum { KERNEL_ROUTING_RING = 512, KERNEL_BULK_RING = 2048 };

void
worker_rest(struct worker *w)
{
	w->rests = true;
	while (w->pause && !w->stop)
		rte_pause();
	w->rests = false;
}

void
workers_resume(void)
{
	for (unsigned i = 0; i < nworkers; i++)
		__atomic_store_n(&workers[i]->pause, false, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < nworkers; i++)
		while (__atomic_load_n(&workers[i]->rests, __ATOMIC_ACQUIRE))
			rte_pause();
}

bool
workers_pause(void)
{
	enum { PATIENCE_US = 1000000, STEP_US = 50 };
	unsigned waited = 0;

	for (unsigned i = 0; i < nworkers; i++)
		workers[i]->pause = true;
	for (unsigned i = 0; i < nworkers; i++)
		while (!__atomic_load_n(&workers[i]->rests, __ATOMIC_ACQUIRE)) {
			if (waited >= PATIENCE_US) {
				workers_resume();
				return false;
			}
			usleep(STEP_US);
			waited += STEP_US;
		}
	return true;
}

static int bell = -1;
/* 1 while a ring of the bell is on its way: workers make at most one system call per wake-up of the control
 * lcore. */
static uint32_t bell_rung;

static void
bell_ring(void)
{
	/* What was put into a ring must be visible before the flag is read: the control lcore clears the flag
	 * and then looks at the rings. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (__atomic_load_n(&bell_rung, __ATOMIC_RELAXED) == 0 &&
	    !__atomic_exchange_n(&bell_rung, 1, __ATOMIC_SEQ_CST)) {
		uint64_t one = 1;
		ssize_t done = write(bell, &one, sizeof(one));

		(void)done; /* a full eventfd is readable already */
	}
}

void
worker_punt(struct worker *w, struct rte_mbuf *m)
{
	/* Packets without a neighbour, and talk of neighbours about themselves, leave half of the ring to the answers that they wait for. */
	bool full = (mbuf_meta(m)->kind == PUNT_UNRESOLVED || mbuf_meta(m)->kind == PUNT_LLDP) &&
		    rte_ring_count(w->to_control) >= rte_ring_get_capacity(w->to_control) / 2;

	mbuf_meta(m)->worker = (uint8_t)w->index;
	if (full || rte_ring_sp_enqueue(w->to_control, m)) {
		worker_drop(w, m, DROP_PUNT_FULL);
		return;
	}
	bell_ring();
}

void
worker_to_kernel(struct worker *w, struct rte_mbuf *m, enum kernel_class class)
{
	if (rte_ring_sp_enqueue(w->to_kernel[class], m)) {
		worker_drop(w, m, class == KERNEL_ROUTING ? DROP_KERNEL_ROUTING_FULL : DROP_KERNEL_FULL);
		return;
	}
	if (!w->from_kernel)
		bell_ring();
}

static void
handover_send(struct worker *w, unsigned to)
{
	struct handover_out *out = &w->out[to];
	unsigned sent =
	    rte_ring_sp_enqueue_burst(workers[to]->handover[w->index], (void **)out->m, out->n, NULL);

	w->stats.handed_over += sent;
	for (; sent < out->n; sent++)
		worker_drop(w, out->m[sent], DROP_HANDOVER_FULL);
	out->n = 0;
}

void
worker_handover(struct worker *w, struct rte_mbuf *m, unsigned to)
{
	struct handover_out *out = &w->out[to];

	out->m[out->n++] = m;
	if (out->n == WORKER_BURST)
		handover_send(w, to);
}

void
worker_handover_flush(struct worker *w)
{
	for (unsigned to = 0; to < nworkers; to++)
		if (w->out[to].n)
			handover_send(w, to);
}

void
control_send(struct rte_mbuf *m)
{
	/* All frames of a port through one worker: packets that waited for a neighbour leave in order. */
	unsigned first = mbuf_meta(m)->port;

	for (unsigned tries = 0; tries < nworkers; tries++) {
		struct worker *w = workers[(first + tries) % nworkers];

		if (rte_ring_sp_enqueue(w->from_control, m) == 0)
			return;
	}
	control_drops[DROP_INJECT_FULL]++;
	rte_pktmbuf_free(m);
}

unsigned
control_receive(struct rte_mbuf **mbufs, unsigned n)
{
	static unsigned first;
	unsigned got = 0;

	for (unsigned i = 0; i < nworkers && got < n; i++) {
		struct worker *w = workers[(first + i) % nworkers];

		got += rte_ring_sc_dequeue_burst(w->to_control, (void **)(mbufs + got), n - got, NULL);
	}
	first++;
	return got;
}

int
control_bell_fd(void)
{
	return bell;
}

void
control_bell_rearm(void)
{
	uint64_t rings;
	ssize_t done = read(bell, &rings, sizeof(rings));

	(void)done;
	__atomic_store_n(&bell_rung, 0, __ATOMIC_SEQ_CST);
}

static struct rte_ring *
ring_new(const char *kind, uint8_t a, uint8_t b, unsigned size, int socket)
{
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "%.12s_%u_%u", kind, a, b);
	return rte_ring_create(name, size, socket, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

static struct worker *
worker_new(unsigned index, uint16_t lcore, struct rte_mempool *const *pools, unsigned ring_size)
{
	struct worker *w = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*w));

	if (!w)
		return NULL;
	memset(w, 0, sizeof(*w));
	w->index = (uint16_t)index;
	w->lcore_id = lcore;
	w->socket_id = (int)rte_lcore_to_socket_id(lcore);
	w->pool = pools[w->socket_id];
	w->to_control = ring_new("punt", (uint8_t)index, 0, ring_size, w->socket_id);
	w->from_control = ring_new("inject", (uint8_t)index, 0, ring_size, w->socket_id);
	w->to_kernel[KERNEL_ROUTING] =
	    ring_new("kernel_r", (uint8_t)index, 0, KERNEL_ROUTING_RING, w->socket_id);
	w->to_kernel[KERNEL_BULK] = ring_new("kernel_b", (uint8_t)index, 0, KERNEL_BULK_RING, w->socket_id);
	if (!w->to_control || !w->from_control || !w->to_kernel[KERNEL_ROUTING] ||
	    !w->to_kernel[KERNEL_BULK]) {
		free(w);
		return NULL;
	}
	return w;
}

/* Counters in the statistics segment. */
static int
segment_open(unsigned n, const uint16_t *lcore_ids)
{
	void *drops[WORKERS_MAX], *shown[WORKERS_MAX];
	int nodes[WORKERS_MAX], rc;

	for (unsigned i = 0; i < n; i++)
		nodes[i] = (int)rte_lcore_to_socket_id(lcore_ids[i]);
	rc = segment_init(n, nodes);
	if (!rc)
		rc = segment_vector(DS_VECTOR_DROP, sizeof(uint64_t), DROP_REASONS - 1, drops);
	if (!rc)
		rc = segment_vector(DS_VECTOR_WORKER, sizeof(struct ds_stat_worker), 1, shown);
	if (!rc)
		rc = segment_provide(drops[0], DROP_REASONS - 1);
	if (!rc)
		rc = segment_provide(shown[0], 1);
	if (rc) {
		log_err("core", "no memory for statistics");
		return rc;
	}
	for (unsigned i = 0; i < n; i++) {
		workers[i]->drop_counters = drops[i];
		workers[i]->shown = shown[i];
		workers[i]->shown->lcore = lcore_ids[i];
	}
	return EDPVS_OK;
}

int
workers_init(unsigned n, const uint16_t *lcore_ids, struct rte_mempool *const *pool_by_socket,
	     unsigned ring_size)
{
	int rc;

	bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (bell < 0) {
		log_err("core", "cannot create an eventfd: %s", strerror(errno));
		return EDPVS_SYSCALL;
	}
	nworkers = n;
	for (unsigned i = 0; i < n; i++) {
		workers[i] = worker_new(i, lcore_ids[i], pool_by_socket, ring_size);
		if (!workers[i]) {
			log_err("core",
				"no memory for the rings of worker %u (%s): lower "
				"ctrl_defs/lcore_msg/ring_size or give the EAL more "
				"memory",
				i, rte_strerror(rte_errno));
			return EDPVS_NOMEM;
		}
	}
	rc = segment_open(n, lcore_ids);
	if (rc)
		return rc;
	for (unsigned to = 0; to < n; to++) {
		for (unsigned from = 0; from < n; from++) {
			if (from == to)
				continue;
			workers[to]->handover[from] =
			    ring_new("handover", (uint8_t)to, (uint8_t)from, 2048, workers[to]->socket_id);
			if (!workers[to]->handover[from]) {
				log_err("core", "no memory for the ring from worker %u to worker %u", from,
					to);
				return EDPVS_NOMEM;
			}
		}
	}
	return EDPVS_OK;
}

int
workers_hear_kernel(unsigned ring_size)
{
	for (unsigned i = 0; i < nworkers; i++) {
		workers[i]->from_kernel =
		    ring_new("from_kernel", (uint8_t)i, 0, ring_size, workers[i]->socket_id);
		if (!workers[i]->from_kernel)
			return EDPVS_NOMEM;
	}
	return EDPVS_OK;
}

static void
ring_drop(struct rte_ring *r)
{
	void *m;

	if (!r)
		return;
	while (rte_ring_dequeue(r, &m) == 0)
		rte_pktmbuf_free(m);
	rte_ring_free(r);
}

void
workers_fini(void)
{
	for (unsigned i = 0; i < nworkers; i++) {
		if (!workers[i])
			continue;
		ring_drop(workers[i]->to_control);
		ring_drop(workers[i]->from_control);
		ring_drop(workers[i]->from_kernel);
		for (int class = 0; class < KERNEL_CLASSES; class ++)
			ring_drop(workers[i]->to_kernel[class]);
		for (unsigned from = 0; from < nworkers; from++)
			ring_drop(workers[i]->handover[from]);
		free(workers[i]);
		workers[i] = NULL;
	}
	segment_fini();
	nworkers = 0;
	if (bell >= 0)
		close(bell);
	bell = -1;
}

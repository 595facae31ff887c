/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The load of lcores: message DS_MSG_LCORE_LOAD. A worker that polls uses its CPU whole whether or not there
 * are packets, so what counts is the share of its cycles in turns that had some.
 */
#include "port/load.h"

#include "port_setup.h"

#include <string.h>
#include <time.h>
#include <rte_cycles.h>
#include <rte_lcore.h>
#include <rte_mempool.h>

#include "abi/load.h"
#include "port/isolated.h"
#include "port/kernel_lcore.h"

enum { WINDOW_MS = 1000, MAIN = 0 };

/* Counters of an lcore at some time. */
struct sample {
	uint64_t busy, total, packets, cpu_ns;
};

/* What is known of one lcore. */
struct meter {
	struct sample at; /* when the window began */
	uint32_t busy, cpu, cycles;
	uint64_t pps;
	uint32_t most[DS_LOAD_RINGS], most_before[DS_LOAD_RINGS]; /* in this window and in the one before */
};

static struct meter meters[2 + 2 * WORKERS_MAX]; /* control lcore, workers, isolated, kernel lcore */
static uint64_t window_began_ms;
static uint32_t window_ms;

static uint64_t
cpu_ns(clockid_t clock)
{
	struct timespec ts;

	if (clock == 0 || clock_gettime(clock, &ts)) /* 0: the thread has not begun */
		return 0;
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* ---- rings ---- */

static void
add_ring(struct ds_ring_load *sum, const struct rte_ring *r)
{
	if (!r)
		return;
	sum->size += rte_ring_get_capacity(r);
	sum->used += rte_ring_count(r);
}

static void
worker_rings(const struct worker *w, struct ds_ring_load ring[DS_LOAD_RINGS])
{
	memset(ring, 0, DS_LOAD_RINGS * sizeof(ring[0]));
	add_ring(&ring[DS_LOAD_RING_PUNT], w->to_control);
	add_ring(&ring[DS_LOAD_RING_INJECT], w->from_control);
	add_ring(&ring[DS_LOAD_RING_INJECT], w->from_kernel);
	for (unsigned c = 0; c < KERNEL_CLASSES; c++)
		add_ring(&ring[DS_LOAD_RING_KERNEL], w->to_kernel[c]);
	for (unsigned from = 0; from < nworkers; from++)
		add_ring(&ring[DS_LOAD_RING_HANDOVER], w->handover[from]);
}

static void
isolated_rings(const struct isolated *is, struct ds_ring_load ring[DS_LOAD_RINGS])
{
	memset(ring, 0, DS_LOAD_RINGS * sizeof(ring[0]));
	for (unsigned i = 0; i < is->nq; i++)
		add_ring(&ring[DS_LOAD_RING_ISOLATED], is->q[i].ring);
}

static void
kernel_rings(const struct kernel_lcore *k, struct ds_ring_load ring[DS_LOAD_RINGS])
{
	memset(ring, 0, DS_LOAD_RINGS * sizeof(ring[0]));
	add_ring(&ring[DS_LOAD_RING_KERNEL], k->from_control);
}

static void
watch_rings(struct meter *m, const struct ds_ring_load ring[DS_LOAD_RINGS])
{
	for (unsigned i = 0; i < DS_LOAD_RINGS; i++)
		m->most[i] = RTE_MAX(m->most[i], ring[i].used);
}

/* ---- means ---- */

static struct sample
of_stats(const struct worker_stats *s, clockid_t clock)
{
	return (struct sample){
	    .busy = s->busy_cycles,
	    .total = s->total_cycles,
	    .packets = s->rx_packets + s->handed_in,
	    .cpu_ns = cpu_ns(clock),
	};
}

static uint32_t
share(uint64_t part, uint64_t whole)
{
	uint64_t v = whole ? part * 1000 / whole : 0;

	return (uint32_t)RTE_MIN(v, 1000u);
}

static void
close_window(struct meter *m, struct sample now)
{
	uint64_t packets = now.packets - m->at.packets, busy = now.busy - m->at.busy;

	m->busy = share(busy, now.total - m->at.total);
	m->cpu = share((now.cpu_ns - m->at.cpu_ns) / 1000000, window_ms);
	m->cycles = packets ? (uint32_t)RTE_MIN(busy / packets, UINT32_MAX) : 0;
	m->pps = window_ms ? packets * 1000 / window_ms : 0;
	m->at = now;
	memcpy(m->most_before, m->most, sizeof(m->most));
	memset(m->most, 0, sizeof(m->most));
}

void
load_tick(uint64_t now_ms)
{
	struct ds_ring_load ring[DS_LOAD_RINGS];
	bool first = window_began_ms == 0;

	for (unsigned i = 0; i < nworkers; i++) {
		worker_rings(workers[i], ring);
		watch_rings(&meters[1 + i], ring);
	}
	for (unsigned i = 0; i < nisolated; i++) {
		isolated_rings(isolated[i], ring);
		watch_rings(&meters[1 + nworkers + i], ring);
	}
	if (kernel_lcore) {
		kernel_rings(kernel_lcore, ring);
		watch_rings(&meters[1 + nworkers + nisolated], ring);
	}
	if (!first && now_ms - window_began_ms < WINDOW_MS)
		return;
	window_ms = first ? 0 : (uint32_t)(now_ms - window_began_ms);
	window_began_ms = now_ms;
	close_window(&meters[MAIN], (struct sample){.cpu_ns = cpu_ns(CLOCK_THREAD_CPUTIME_ID)});
	meters[MAIN].busy = meters[MAIN].cpu;
	for (unsigned i = 0; i < nworkers; i++)
		close_window(&meters[1 + i], of_stats(&workers[i]->stats, workers[i]->cpu_clock));
	for (unsigned i = 0; i < nisolated; i++)
		close_window(&meters[1 + nworkers + i],
			     of_stats(&isolated[i]->stats, isolated[i]->cpu_clock));
	if (kernel_lcore)
		close_window(&meters[1 + nworkers + nisolated],
			     of_stats(&kernel_lcore->stats, kernel_lcore->cpu_clock));
}

/* ---- message ---- */

static void
fill_means(struct ds_lcore_load *out, const struct meter *m)
{
	out->window_ms = window_ms;
	out->hz = rte_get_tsc_hz();
	if (!window_ms)
		return;
	out->busy = m->busy;
	out->cpu = m->cpu;
	out->cycles = m->cycles;
	out->pps = m->pps;
}

static void
fill_stats(struct ds_lcore_load *out, const struct worker_stats *s)
{
	out->packets = s->rx_packets + s->handed_in;
	out->busy_cycles = s->busy_cycles;
	out->total_cycles = s->total_cycles;
	out->bursts_empty = s->bursts_zero;
	out->bursts_low = s->bursts_z2h;
	out->bursts_high = s->bursts_h2f;
	out->bursts_full = s->bursts_full;
}

static void
fill_rings(struct ds_lcore_load *out, const struct meter *m)
{
	for (unsigned i = 0; i < DS_LOAD_RINGS; i++) {
		uint32_t most = RTE_MAX(m->most[i], m->most_before[i]);

		out->ring[i].most = RTE_MAX(most, out->ring[i].used);
	}
}

static void
fill_pool(struct ds_lcore_load *out, unsigned node)
{
	for (unsigned i = 0; i < nworkers; i++) {
		if ((unsigned)workers[i]->socket_id != node)
			continue;
		out->pool_size = workers[i]->pool->size;
		out->pool_free = rte_mempool_avail_count(workers[i]->pool);
		return;
	}
}

static int
add_load(struct ctrl_reply *reply, struct ds_lcore_load *load)
{
	unsigned node = rte_lcore_to_socket_id(load->lcore);
	void *at = ctrl_reply_record(reply, DS_TLV_LCORE_LOAD, sizeof(*load));

	if (!at)
		return EDPVS_NOMEM;
	load->node = (uint8_t)node;
	fill_pool(load, node);
	memcpy(at, load, sizeof(*load));
	return EDPVS_OK;
}

static int
on_load(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct ds_lcore_load load = {.lcore = rte_get_main_lcore(), .role = DS_LCORE_ROLE_MASTER};
	int rc;

	(void)req;
	load.turns = control_turns;
	fill_means(&load, &meters[MAIN]);
	rc = add_load(reply, &load);
	for (unsigned i = 0; i < nworkers && !rc; i++) {
		const struct meter *m = &meters[1 + i];

		load = (struct ds_lcore_load){.lcore = workers[i]->lcore_id, .role = DS_LCORE_ROLE_WORKER};
		load.turns = workers[i]->shown->loops;
		fill_means(&load, m);
		fill_stats(&load, &workers[i]->stats);
		worker_rings(workers[i], load.ring);
		fill_rings(&load, m);
		rc = add_load(reply, &load);
	}
	for (unsigned i = 0; i < nisolated && !rc; i++) {
		const struct meter *m = &meters[1 + nworkers + i];

		load = (struct ds_lcore_load){.lcore = isolated[i]->lcore_id, .role = DS_LCORE_ROLE_ISOLATED};
		load.turns = isolated[i]->turns;
		fill_means(&load, m);
		fill_stats(&load, &isolated[i]->stats);
		isolated_rings(isolated[i], load.ring);
		fill_rings(&load, m);
		rc = add_load(reply, &load);
	}
	if (kernel_lcore && !rc) {
		const struct meter *m = &meters[1 + nworkers + nisolated];

		load = (struct ds_lcore_load){.lcore = kernel_lcore->lcore_id, .role = DS_LCORE_ROLE_KERNEL};
		load.turns = kernel_lcore->turns;
		fill_means(&load, m);
		fill_stats(&load, &kernel_lcore->stats);
		kernel_rings(kernel_lcore, load.ring);
		fill_rings(&load, m);
		rc = add_load(reply, &load);
	}
	return rc;
}

void
load_ctrl_register(void)
{
	ctrl_register(DS_MSG_LCORE_LOAD, on_load);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lcores that only receive (isol_rx_cpu_ids): each empties some queues of devices into a ring per queue, and
 * the worker to which the queue belongs takes its frames from there. A device with few descriptors then loses
 * nothing while the worker is busy with a burst.
 */
#ifndef PORT_ISOLATED_H
#define PORT_ISOLATED_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_common.h>
#include <rte_ring.h>

#include "core/worker.h"

enum { ISOLATED_QUEUES_MAX = 64 };

struct isolated_queue {
	uint16_t port, dpdk_id, queue;
	struct rte_ring *ring; /* single producer, single consumer */
};

struct isolated {
	uint16_t lcore_id; /* EAL lcore id */
	volatile bool stop;
	volatile bool pause, rests; /* as in struct worker */
	clockid_t cpu_clock; /* as in struct worker */
	unsigned nq;
	struct isolated_queue q[ISOLATED_QUEUES_MAX];
	struct worker_stats stats __rte_cache_aligned; /* tx_dropped: rings were full */
	uint64_t turns;
	uint64_t worked; /* turns that had packets; read after turns */
} __rte_cache_aligned;

/* Set up by ports_init(), in the order of lcore ids, constant while workers run. */
extern struct isolated *isolated[WORKERS_MAX];
extern unsigned nisolated;

/* Start-up: the lcore empties this queue of a device from now on. `size` entries (a power of two) has the
 * ring, on a NUMA node. NULL: no memory or more than ISOLATED_QUEUES_MAX, logged. */
struct rte_ring *isolated_add(uint16_t lcore, const struct isolated_queue *q, unsigned size, int socket);
/* A port that does not run is not polled. Before the lcores run, or while they pause. */
void isolated_detach(uint16_t port);
void isolated_fini(void);

/* Data path of its lcore: one turn. Returns the number of frames received. */
unsigned isolated_turn(struct isolated *is);

/* Control lcore: between these two calls, no lcore touches a device. As
 * workers_pause(). */
bool lcores_pause(void);
void lcores_resume(void);
/* Isolated lcore: rests until it may go on, or has to end. */
void isolated_rest(struct isolated *is);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel lcore (worker block of type kni): an lcore of its own for the kernel path, so that ssh, BGP and
 * OSPF do not wait while the control lcore is busy with a long request. It takes over everything that
 * port/kernel.h says of the control lcore's part: it writes what workers leave to the kernel and sends what
 * the kernel gives. Receive queues of its own hold flows of addresses (`dpip flow`), which go to the kernel
 * and to nobody else; through transmit queues of its own its frames go to the device at once, otherwise a
 * worker sends them.
 */
#ifndef PORT_KERNEL_LCORE_H
#define PORT_KERNEL_LCORE_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_common.h>
#include <rte_ring.h>

#include "core/worker.h"
#include "port/port.h"

struct kernel_rxq {
	uint16_t port, dpdk_id, queue;
};

struct kernel_lcore {
	uint16_t lcore_id; /* EAL lcore id */
	unsigned reader;   /* its number among the readers of core/rcu.h */
	bool launched;	   /* control lcore: its loop runs */
	volatile bool stop;
	volatile bool pause, rests;    /* as in struct worker */
	clockid_t cpu_clock;	       /* as in struct worker */
	struct rte_mempool *pool;      /* of its NUMA node */
	struct rte_ring *from_control; /* what the control lcore leaves to the kernel, meta.port says whose */
	unsigned nrxq;
	struct kernel_rxq rxq[PORTS_MAX];
	struct {
		bool usable;
		uint16_t queue;
	} tx[PORTS_MAX];
	struct worker_stats stats __rte_cache_aligned;
	uint64_t drops[DROP_REASONS];
	uint64_t turns;
	uint64_t worked; /* turns that had packets; read after turns */
} __rte_cache_aligned;

/* NULL: the control lcore serves the kernel. Constant while lcores run. */
extern struct kernel_lcore *kernel_lcore;

/* Start-up, after the workers were made: there is one. 0 or an EDPVS code, logged. */
int kernel_lcore_open(uint16_t lcore, unsigned reader);
/* A queue of a device is its own: at most one of each direction for a port. */
void kernel_lcore_receives(const struct port *p, uint16_t queue);
void kernel_lcore_sends(const struct port *p, uint16_t queue);
/* A port that does not run is neither polled nor sent to. Before the lcore runs, or while it pauses. */
void kernel_lcore_detach(uint16_t port);
void kernel_lcore_close(void);

/* Data path of its lcore: one turn. Returns the number of frames that came from somewhere. */
unsigned kernel_lcore_turn(struct kernel_lcore *k);
/* Its lcore: rests until it may go on, or has to end. */
void kernel_lcore_rest(struct kernel_lcore *k);

/* Control lcore: between these two calls it touches no interface and no device. It never waits for anybody,
 * so it rests soon. Without such an lcore, or before it runs: nothing. */
void kernel_lcore_pause(void);
void kernel_lcore_resume(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker: one forwarding lcore and everything that it alone writes. Nothing in here is shared for writing;
 * the control lcore reads counters with plain 64-bit loads.
 *
 * Layers above core hang their per-worker state on the opaque pointers; each layer casts its own. Counters
 * that other processes may read are in the statistics segment (core/segment.h).
 */
#ifndef CORE_WORKER_H
#define CORE_WORKER_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include <rte_common.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include "abi/segment.h"
#include "core/ip6_stats.h"
#include "packet/drop.h"
#include "packet/pkt.h"

enum {
	WORKER_BURST = 32,   /* packets per vector */
	WORKERS_MAX = 64,    /* lcores that the control ABI can name */
	LCORE_IDS_MAX = 128, /* size of tables indexed by EAL lcore id */
};

/* Loop statistics with the meaning of the lcore statistics of the control ABI. */
struct worker_stats {
	uint64_t bursts;      /* receive calls */
	uint64_t bursts_zero; /* … that returned nothing */
	uint64_t bursts_full; /* … that returned WORKER_BURST */
	uint64_t bursts_z2h;  /* … that returned up to half */
	uint64_t bursts_h2f;  /* … that returned more than half */
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
	uint64_t tx_dropped;
	uint64_t busy_cycles;		 /* TSC cycles of turns that had packets */
	uint64_t total_cycles;		 /* TSC cycles of all turns */
	uint64_t handed_over, handed_in; /* packets given to and taken from other workers */
};

/* Frames on their way to another worker, sent once per turn. */
struct handover_out {
	unsigned n;
	struct rte_mbuf *m[WORKER_BURST];
};

/* What the kernel gets: what keeps routes alive, and the rest. A ring for each, so that the rest can be as
 * much as it wants. */
enum kernel_class { KERNEL_ROUTING, KERNEL_BULK, KERNEL_CLASSES };

struct worker_port; /* port layer: rx and tx queues of this worker */
struct net_worker;  /* net layer */
struct lb_worker;   /* lb layer: connection table, ports, scheduler state, counters */

struct worker {
	uint16_t index;	   /* 0 … nworkers-1; the order of lcore ids */
	uint16_t lcore_id; /* EAL lcore id */
	int socket_id;	   /* NUMA node */
	volatile bool stop;
	volatile bool pause, rests; /* asked to rest, and does */
	uint32_t now_s;		    /* the same in seconds, which packets leave as marks at what they use */
	uint64_t now_ms;	    /* clock, read once per vector */
	struct worker_port *port;
	struct net_worker *net;
	struct lb_worker *lb;
	uint64_t *drop_counters;		    /* in the segment; [reason - 1], see worker_drops_add() */
	struct ds_stat_worker *shown;		    /* in the segment */
	struct rte_ring *to_control;		    /* punted packets (single producer, single consumer) */
	struct rte_ring *to_kernel[KERNEL_CLASSES]; /* frames for kernel interfaces, meta.port says whose */
	struct rte_ring *from_control;		    /* frames to send, meta.port says where */
	struct rte_ring *from_kernel; /* the same from the kernel lcore; NULL: there is none */
	struct rte_ring
	    *handover[WORKERS_MAX]; /* [i]: frames from worker i whose flow we own; NULL for ourselves */
	struct rte_mempool *pool;
	clockid_t cpu_clock; /* CPU time of its thread, from the start of its loop on */
	struct worker_stats stats __rte_cache_aligned;
	struct ip6_counters ip6 __rte_cache_aligned;
	struct handover_out out[WORKERS_MAX] __rte_cache_aligned; /* [j]: frames for worker j */
	/* Frames that were inside of others: to be received on meta.port before the turn ends. */
	unsigned nagain;
	struct rte_mbuf *again[WORKER_BURST];
	uint64_t turns
	    __rte_cache_aligned; /* completed loop turns, for tests that wait until all is processed */
	uint64_t worked;	 /* those of them that had packets; read after turns */
} __rte_cache_aligned;

/* A receive call returned n frames. */
static inline void
worker_count_burst(struct worker_stats *s, unsigned n)
{
	s->bursts++;
	if (n == 0)
		s->bursts_zero++;
	else if (n <= WORKER_BURST / 2)
		s->bursts_z2h++;
	else if (n < WORKER_BURST)
		s->bursts_h2f++;
	else
		s->bursts_full++;
}

/* A turn begins; now_ms is the clock's. */
static inline void
worker_clock(struct worker *w, uint64_t now_ms)
{
	w->now_ms = now_ms;
	w->now_s = (uint32_t)(now_ms / 1000);
}

/* All workers; set up before any is launched and constant afterwards. */
extern struct worker *workers[WORKERS_MAX];
extern unsigned nworkers;

/* Drops counted by the control lcore itself (it owns neighbours and their queues). */
extern uint64_t control_drops[DROP_REASONS];
extern struct ip6_counters control_ip6;

/* Completed turns of the control loop, for tests that wait until all is processed. */
extern volatile uint64_t control_turns;
/* Turns of them in which the timers of the control lcore ran. */
extern volatile uint64_t control_ticks;

/* Counts n packets that end here, and how many did. Reasons begin at 1. */
static inline void
worker_drops_add(struct worker *w, enum drop_reason why, uint64_t n)
{
	w->drop_counters[why - 1] += n;
}

static inline uint64_t
worker_drops(const struct worker *w, enum drop_reason why)
{
	return w->drop_counters[why - 1];
}

/* Frees the buffer and counts the reason. Data path of worker w. */
static inline void
worker_drop(struct worker *w, struct rte_mbuf *m, enum drop_reason why)
{
	worker_drops_add(w, why, 1);
	rte_pktmbuf_free(m);
}

/* Gives a packet to the control lcore (see core/mbuf.h) and rings its bell; drops and counts when the ring is
 * full. */
void worker_punt(struct worker *w, struct rte_mbuf *m);

/* Gives a frame to the kernel's interface of meta.port, by the control lcore or the kernel lcore; drops and
 * counts when the ring of its class is full. */
void worker_to_kernel(struct worker *w, struct rte_mbuf *m, enum kernel_class class);

/* Gives a whole frame, as received on meta.port, to the worker that owns its flow. Sent by
 * worker_handover_flush(). */
void worker_handover(struct worker *w, struct rte_mbuf *m, unsigned to);
/* Sends what waits for other workers; what does not fit into a ring is dropped and counted HANDOVER_FULL.
 * Once a turn. */
void worker_handover_flush(struct worker *w);

/* Control lcore: queues a whole frame for transmission on meta.port by some worker; drops and counts when
 * full. */
void control_send(struct rte_mbuf *m);

/* Control lcore: takes up to n punted packets from all workers, round robin. Returns their number. */
unsigned control_receive(struct rte_mbuf **mbufs, unsigned n);

/* File descriptor that becomes readable when a worker has punted; -1 before control_rings_init(). */
int control_bell_fd(void);
/* Re-arms the bell after the rings were emptied. */
void control_bell_rearm(void);

/*
 * Control lcore: between these two calls no worker receives, sends or looks at anything; packets wait in the
 * devices. For rare changes that a driver does not allow otherwise. False: a worker did not come to rest in a
 * second; then all go on.
 */
bool workers_pause(void);
void workers_resume(void);
/* Worker: rests until it may go on, or has to end. */
void worker_rest(struct worker *w);

/* Creates the workers, their rings, the statistics segment and the packet pool user pointers. 0 or a negative
 * EDPVS code. */
int workers_init(unsigned n, const uint16_t *lcore_ids, struct rte_mempool *const *pool_by_socket,
		 unsigned ring_size);
void workers_fini(void);

/* Start-up: a kernel lcore (port/kernel_lcore.h) empties the rings to the kernel, which needs no bell, and
 * gives frames to workers by rings of this size. 0 or EDPVS_NOMEM. */
int workers_hear_kernel(unsigned ring_size);

#endif

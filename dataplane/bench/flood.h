/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traffic that does not wait for the daemon: packets of known flows and of ever new ones arrive at their
 * rates by the clock, into a queue as a device has it, and what finds the queue full is lost.
 */
#ifndef BENCH_FLOOD_H
#define BENCH_FLOOD_H

#include <stdint.h>

enum flood_kind { FLOOD_KNOWN, FLOOD_NEW, FLOOD_KINDS };

enum {
	FLOOD_QUEUE = 1024,  /* descriptors, the daemon's default */
	FLOOD_PAUSE_US = 40, /* nobody asks for so long only when the machine does something else */
};

struct flood {
	double per_cycle[FLOOD_KINDS]; /* packets */
	/* Results, packets: arrived, found the queue full, were received. */
	uint64_t offered[FLOOD_KINDS], lost[FLOOD_KINDS], taken[FLOOD_KINDS];
	uint64_t pauses; /* the machine did something else; nothing arrived meanwhile */
	/* Inside. */
	uint64_t last, pause;
	double due, turn;
	uint8_t queue[FLOOD_QUEUE];
	uint32_t head, n;
};

/* Packets per second; hz is the clock's. Clears results. */
void flood_start(struct flood *f, double known, double fresh, uint64_t now, uint64_t hz);
/* Lets arrive what has arrived by now, and takes up to max packets out of the queue. Returns their number. */
unsigned flood_take(struct flood *f, uint64_t now, uint8_t *kinds, unsigned max);

#endif

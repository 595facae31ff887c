/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who sends and receives the most: `dpip iftraf`. While it is on, workers note one of some 1024 frames of
 * each direction, and the control lcore adds up what they note, by flow and device. Numbers are estimates.
 */
#ifndef PORT_TALKERS_H
#define PORT_TALKERS_H

#include "port/port.h"

enum talkers_direction { TALKERS_IN, TALKERS_OUT, TALKERS_DIRECTIONS };

extern bool talkers_on; /* read by workers once per burst */

void talkers_sample(struct worker *w, uint16_t port, struct rte_mbuf *const *m, unsigned n,
		    enum talkers_direction dir);

/* Worker: a burst that a device received, or is about to send. */
static inline void
talkers_see(struct worker *w, uint16_t port, struct rte_mbuf *const *m, unsigned n,
	    enum talkers_direction dir)
{
	if (unlikely(__atomic_load_n(&talkers_on, __ATOMIC_RELAXED)))
		talkers_sample(w, port, m, n, dir);
}

/* Control lcore, at every tick. */
void talkers_tick(uint64_t now_ms);
/* Workers have ended. */
void talkers_fini(void);

#endif

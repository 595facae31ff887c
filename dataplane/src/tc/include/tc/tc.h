/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traffic control: schedulers that frames of a device wait in, and classifiers that choose one of them or
 * drop the frame. `dpip qsch` and `dpip cls`; `dpip link set DEV tc-egress on` lets frames that the device is
 * to send go through its root scheduler, tc-ingress those that it received.
 *
 * The schedulers of a device are a tree. A frame enters at the root; the classifiers of a scheduler send it
 * on to another one of the tree, and where none matches it waits. What leaves a scheduler has to fit into the
 * rates of all that are above it. Every worker has queues of its own; a rate holds for all of them together
 * (deal.c).
 *
 * A new kind of scheduler is a file and a row in kinds.c, a new kind of classifier a row in classify.c.
 */
#ifndef TC_TC_H
#define TC_TC_H

#include <stdbool.h>
#include <stdint.h>

#include "core/rcu.h"
#include "core/worker.h"
#include "port/port.h"

/* Frames that leave a tree in one turn of a worker. */
enum { TC_QUOTA = 64 };

struct tc_trees;
extern struct tc_trees *tc_trees; /* published; NULL: there are no schedulers */

/* ---- workers ---- */

static inline bool
tc_present(void)
{
	return unlikely(rcu_read(tc_trees) != NULL);
}

/* Takes those of n received frames that have to wait or are dropped. Returns how many are left, in front. */
unsigned tc_ingress(struct worker *w, struct port *p, struct rte_mbuf **m, unsigned n);

/* Once a turn, with tc_present(): received frames whose time has come, vector by vector. *step begins with 0.
 * False: there are no more; else *n of them, up to WORKER_BURST, maybe none; meta.port is where they came
 * from. */
bool tc_receive(struct worker *w, unsigned *step, struct rte_mbuf **m, unsigned *n);
/* Sends frames whose time has come. True: others wait, so the worker has to come back soon. */
bool tc_send(struct worker *w);

/* ---- control lcore ---- */

/* Frames that ports are to send come here from now on. 0. */
int tc_init(void);
void tc_ctrl_register(void); /* messages 84 to 88 */
/* Deals out rates between workers. Every ten milliseconds or so. */
void tc_control_tick(uint64_t now_ms);
/* Workers have ended; what waits is dropped. */
void tc_fini(void);

#endif

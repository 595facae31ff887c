/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The load balancer as the rest of the daemon sees it.
 */
#ifndef LB_LB_H
#define LB_LB_H

#include "core/worker.h"
#include "packet/pkt.h"

/* Tables for the configured number of connections and workers. After workers_init(), before net_init() users.
 * 0 or EDPVS code. */
int lb_init(void);
void lb_fini(void);
void lb_ctrl_register(void); /* messages 0-4, 8-23, 73-80, 89-91 */

/*
 * Data path: takes a vector of parsed IP packets (data of m[i] starts at the Ethernet header). Packets of
 * connections and virtual services are forwarded, handed over or dropped; those that are none of our business
 * are left: their indices are stored in rest[] and their number is returned.
 */
unsigned lb_input(struct worker *w, struct rte_mbuf **m, struct pkt *p, unsigned n, uint16_t *rest);

/* Data path, once a turn: expires connections; bounded work. */
void lb_worker_tick(struct worker *w);

/* Control loop, about every 10 ms: rates, freeing of deleted real servers. */
void lb_control_tick(uint64_t now_ms);

#endif

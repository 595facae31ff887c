/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the schedulers share. A new one is a file beside this, declared here and listed in sched.c.
 */
#ifndef LB_SCHED_SCHED_H
#define LB_SCHED_SCHED_H

#include "lb/service.h"

extern const struct lb_sched lb_sched_rr, lb_sched_wrr, lb_sched_lc, lb_sched_wlc, lb_sched_sed, lb_sched_nq,
    lb_sched_fo, lb_sched_ovf, lb_sched_sh, lb_sched_dh, lb_sched_mh, lb_sched_conhash, lb_sched_lblc,
    lb_sched_lblcr;

/*
 * Where worker i of the daemon starts in a list of n > 0 destinations: (max(n / workers, 1) * (i + 1)) mod n.
 * Workers start apart from each other, so that few connections do not all end on the same server.
 */
static inline int32_t
lb_sched_start(uint32_t n, unsigned worker)
{
	uint32_t stride = n / nworkers;

	return (int32_t)((uint64_t)(stride ? stride : 1) * (worker + 1) % n);
}

#endif

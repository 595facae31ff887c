/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passive check of real servers, as workers see it: connections tell whether their server answers. The
 * control lcore reads these signs and takes silent servers out for a while (check.c).
 *
 * Signs are counters of the worker that only grow, so a flood of them costs what one costs, and no message is
 * sent. Without a service with the check, a sign is one test of a variable that never changes.
 *
 * TCP, UDP and SCTP report what their state tables see: a connection that the server refuses or does not
 * answer, and one that it accepts. Code that answers for a server without asking the state table - the SYN
 * proxy - reports itself, once per connection.
 */
#ifndef LB_CHECK_H
#define LB_CHECK_H

#include <rte_branch_prediction.h>

#include "lb_worker.h"

/* Services with the check. Written by the control lcore. */
extern uint32_t lb_check_services;

void lb_check_sign_down(struct worker *w, uint32_t dest_id);
void lb_check_sign_up(struct worker *w, uint32_t dest_id);

/* A connection found its server refusing or silent. */
static inline void
lb_check_down(struct worker *w, uint32_t dest_id)
{
	if (unlikely(__atomic_load_n(&lb_check_services, __ATOMIC_RELAXED)))
		lb_check_sign_down(w, dest_id);
}

/* A connection was accepted by its server. */
static inline void
lb_check_up(struct worker *w, uint32_t dest_id)
{
	if (unlikely(__atomic_load_n(&lb_check_services, __ATOMIC_RELAXED)))
		lb_check_sign_up(w, dest_id);
}

#endif

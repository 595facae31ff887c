/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests of the control side share: an EAL, workers without threads, and stand-ins for the layers around
 * it.
 */
#ifndef LB_CONTROL_FIXTURE_H
#define LB_CONTROL_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lb/conn.h"
#include "lb_control.h"

enum { FIX_WORKERS = 2, FIX_LCORE0 = 3 /* lcore id of worker 0 */, FIX_LIPS = 64 };

/* Group: EAL, clock (stopped). Test: workers, rcu, control side, everything empty. */
int fix_group_setup(void **state);
int fix_setup(void **state);
int fix_teardown(void **state);

/* Both workers pass a quiescent point and what is due is freed. */
void fix_quiescent(void);
/* Quiescent points and control ticks until nothing more can be freed. */
void fix_settle(void);

/* What lport_usage() says, by worker and id. */
extern struct fix_lports {
	uint64_t used, total, miss;
} fix_lports[FIX_WORKERS][FIX_LIPS];

/* What conn_read() and conn_find() find: connections 1 … n of each worker. */
extern uint32_t fix_conns[FIX_WORKERS];

/* The last warning or error that was logged. */
extern char fix_warning[512];

#endif

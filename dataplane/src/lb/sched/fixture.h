/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of schedulers share: a set of destinations with counters, built as the control lcore builds
 * one. */
#ifndef LB_SCHED_FIXTURE_H
#define LB_SCHED_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "sched.h"

enum { DESTS_MAX = 8, WORKERS = 2 };

extern struct lb_sched_state state[WORKERS];
extern union sched_fixture {
	struct lb_dest_set set;
	char room[sizeof(struct lb_dest_set) + DESTS_MAX * sizeof(struct lb_dest_view)];
} u;

/* A new set with these weights; dest id i + 1 is at index i. */
void set_weights(uint32_t n, const int32_t *weights);
/* Gives a destination an IPv4 address and a port, as text and number. */
void set_address(uint32_t index, const char *ip, uint16_t port);
/* Connections of a destination on a worker. */
void load(unsigned worker, uint32_t index, uint32_t active, uint32_t inactive);
/* Publishes the set: what the scheduler builds for it, or the test fails. */
void build(const struct lb_sched *sched, uint32_t service_flags);
int setup(void **arg);
int teardown(void **arg);

#endif

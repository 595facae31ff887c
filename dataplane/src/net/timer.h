/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timers of the control lcore, driven by the daemon's clock: a wheel of 1024 slots of 8 ms. Arming and
 * cancelling cost constant time; a tick looks at the slots that time has passed. When the clock jumps
 * (tests), the wheel turns through all slots in between, so that a timer which re-arms itself fires as often
 * as it would have.
 */
#ifndef NET_TIMER_H
#define NET_TIMER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct net_timer {
	LIST_ENTRY(net_timer) link;
	void (*fn)(struct net_timer *t);
	uint64_t at_ms;
	bool armed;
};

/* (Re)arms: fn(t) runs at the first tick at or after at_ms. fn may arm, cancel or free any timer. */
void net_timer_arm(struct net_timer *t, uint64_t at_ms);
void net_timer_cancel(struct net_timer *t);

/* Runs everything due at now_ms. */
void net_timers_run(uint64_t now_ms);

/* The present: inside a timer the time that the wheel has reached, otherwise the clock. Milliseconds. */
uint64_t net_now_ms(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "timer.h"

#include <stddef.h>

#include "core/clock.h"

enum { SLOT_SHIFT = 3, SLOTS = 1024 };

LIST_HEAD(slot, net_timer);

static struct slot wheel[SLOTS];
static uint64_t reached;    /* the slot number (time >> SLOT_SHIFT) that has been run last */
static uint64_t running_ms; /* 0 outside net_timers_run() */

uint64_t
net_now_ms(void)
{
	return running_ms ? running_ms : clock_now_ms();
}

void
net_timer_arm(struct net_timer *t, uint64_t at_ms)
{
	/* Rounded up, so that a timer never fires early. */
	uint64_t slot = (at_ms + (1u << SLOT_SHIFT) - 1) >> SLOT_SHIFT;

	net_timer_cancel(t);
	if (slot <= reached)
		slot = reached + 1;
	t->at_ms = at_ms;
	t->armed = true;
	LIST_INSERT_HEAD(&wheel[slot % SLOTS], t, link);
}

void
net_timer_cancel(struct net_timer *t)
{
	if (!t->armed)
		return;
	t->armed = false;
	LIST_REMOVE(t, link);
}

static void
run_slot(struct slot *slot, uint64_t ms)
{
	struct slot due = LIST_HEAD_INITIALIZER(due);
	struct net_timer *t, *next;

	for (t = LIST_FIRST(slot); t; t = next) {
		next = LIST_NEXT(t, link);
		if (t->at_ms > ms)
			continue; /* a later turn of the wheel */
		LIST_REMOVE(t, link);
		LIST_INSERT_HEAD(&due, t, link);
	}
	while ((t = LIST_FIRST(&due))) {
		LIST_REMOVE(t, link);
		t->armed = false;
		t->fn(t);
	}
}

void
net_timers_run(uint64_t now_ms)
{
	while (reached < now_ms >> SLOT_SHIFT) {
		struct slot *slot = &wheel[++reached % SLOTS];

		if (LIST_EMPTY(slot))
			continue;
		running_ms = reached << SLOT_SHIFT;
		run_slot(slot, running_ms);
	}
	running_ms = 0;
}

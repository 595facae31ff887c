/* SPDX-License-Identifier: Apache-2.0 */
#include "flood.h"

#include <string.h>

void
flood_start(struct flood *f, double known, double fresh, uint64_t now, uint64_t hz)
{
	memset(f, 0, sizeof(*f));
	f->per_cycle[FLOOD_KNOWN] = known / (double)hz;
	f->per_cycle[FLOOD_NEW] = fresh / (double)hz;
	f->last = now;
	f->pause = hz / 1000000 * FLOOD_PAUSE_US;
}

static void
arrive(struct flood *f, uint64_t now)
{
	double rate = f->per_cycle[FLOOD_KNOWN] + f->per_cycle[FLOOD_NEW];
	double known = f->per_cycle[FLOOD_KNOWN] / rate;
	uint64_t passed = now - f->last;

	f->last = now;
	if (passed > f->pause) {
		f->pauses++;
		return;
	}
	for (f->due += (double)passed * rate; f->due >= 1; f->due--) {
		enum flood_kind kind = FLOOD_NEW;

		f->turn += known;
		if (f->turn >= 1) {
			f->turn--;
			kind = FLOOD_KNOWN;
		}
		f->offered[kind]++;
		if (f->n == FLOOD_QUEUE)
			f->lost[kind]++;
		else
			f->queue[(f->head + f->n++) % FLOOD_QUEUE] = (uint8_t)kind;
	}
}

unsigned
flood_take(struct flood *f, uint64_t now, uint8_t *kinds, unsigned max)
{
	unsigned n;

	arrive(f, now);
	n = f->n < max ? f->n : max;
	for (unsigned i = 0; i < n; i++) {
		kinds[i] = f->queue[f->head];
		f->taken[kinds[i]]++;
		f->head = (f->head + 1) % FLOOD_QUEUE;
	}
	f->n -= n;
	return n;
}

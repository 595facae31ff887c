/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rates between workers. A rate holds for all of them, but none of them may ask another per frame, so the
 * control lcore gives each a share, by what came to it lately: who asks for little gets it, the others get
 * equal parts of the rest, and what nobody asks for is dealt out evenly, for whoever comes next. Shares
 * always sum up to the whole.
 */
#include "tc.h"

enum { LEAST_MS = 10 };

void
tc_deal(uint64_t *want, unsigned n, uint64_t most, uint32_t *share)
{
	uint64_t left = most, give[WORKERS_MAX] = {0};
	unsigned hungry = n;
	bool content = true;

	/* Those that want less than an equal part get it, which makes the others' larger. */
	while (hungry > 0 && content) {
		uint64_t part = left / hungry;

		content = false;
		for (unsigned i = 0; i < n; i++) {
			if (want[i] == UINT64_MAX || want[i] > part)
				continue;
			give[i] = want[i];
			left -= want[i];
			want[i] = UINT64_MAX; /* served */
			hungry--;
			content = true;
		}
	}
	for (unsigned i = 0; i < n; i++) {
		if (hungry == 0)
			give[i] += left / n;
		else if (want[i] != UINT64_MAX)
			give[i] = left / hungry;
		share[i] = (uint32_t)((unsigned __int128)give[i] * TC_SHARE_ALL / most);
	}
}

static void
sched_deal(struct tc_sched *s, uint64_t ms)
{
	uint64_t want[WORKERS_MAX], most = (uint64_t)s->params.rate * ms / 8000 + 1;
	uint32_t share[WORKERS_MAX];

	for (unsigned i = 0; i < nworkers; i++) {
		struct tc_queue *q = &s->queue[i];
		uint64_t offered = __atomic_load_n(&q->offered, __ATOMIC_RELAXED);

		want[i] = offered - q->dealt + __atomic_load_n(&q->waiting_bytes, __ATOMIC_RELAXED);
		q->dealt = offered;
	}
	tc_deal(want, nworkers, most, share);
	for (unsigned i = 0; i < nworkers; i++)
		__atomic_store_n(&s->queue[i].share, share[i], __ATOMIC_RELAXED);
}

void
tc_control_tick(uint64_t now_ms)
{
	static uint64_t last_ms;
	uint64_t ms = now_ms - last_ms < LEAST_MS ? LEAST_MS : now_ms - last_ms;

	last_ms = now_ms;
	if (!tc_trees || nworkers == 1)
		return;
	for (unsigned i = 0; i < ports_end; i++) {
		struct tc_sched *s;

		if (!tc_devs[i])
			continue;
		TAILQ_FOREACH (s, &tc_devs[i]->scheds, next)
			if (s->kind->ready)
				sched_deal(s, ms);
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rates of destinations: every 2 s the average moves a quarter of the way to the newest sample, as the
 * estimator of LVS does.
 *
 * All destinations stand in one list in the order of their last sample, so that a tick only looks at the
 * head. A sample is divided by the time that really passed; when that was several intervals (a busy control
 * lcore, a warped clock) the average moves as many times.
 */
#include "lb_control.h"

enum { STEPS_MAX = 64 /* after this many the old average is gone */ };

static TAILQ_HEAD(, lb_dest) sampling = TAILQ_HEAD_INITIALIZER(sampling);

void
lb_rates_start(struct lb_dest *d, uint64_t now_ms)
{
	d->rates = (struct lb_rates){.sampled_ms = now_ms};
	lb_dest_raw_add(d, -1, &d->rates.last);
	TAILQ_INSERT_TAIL(&sampling, d, sampling);
}

void
lb_rates_stop(struct lb_dest *d)
{
	TAILQ_REMOVE(&sampling, d, sampling);
}

static void
move(uint64_t *rate, uint64_t delta, uint64_t elapsed_ms, unsigned steps)
{
	int64_t sample = (int64_t)((delta << LB_RATE_SHIFT) * 1000 / elapsed_ms);
	int64_t r = (int64_t)*rate;

	while (steps-- > 0)
		r += (sample - r) / 4;
	*rate = (uint64_t)r;
}

static void
sample(struct lb_dest *d, uint64_t now_ms)
{
	struct lb_rates *r = &d->rates;
	uint64_t elapsed = now_ms - r->sampled_ms;
	uint64_t intervals = elapsed / LB_RATE_INTERVAL_MS;
	unsigned steps = intervals < STEPS_MAX ? (unsigned)intervals : STEPS_MAX;
	struct lb_totals n = {0};

	lb_dest_raw_add(d, -1, &n);
	move(&r->cps, n.conns - r->last.conns, elapsed, steps);
	move(&r->in_pps, n.in_packets - r->last.in_packets, elapsed, steps);
	move(&r->out_pps, n.out_packets - r->last.out_packets, elapsed, steps);
	move(&r->in_bps, n.in_bytes - r->last.in_bytes, elapsed, steps);
	move(&r->out_bps, n.out_bytes - r->last.out_bytes, elapsed, steps);
	r->last = n;
	r->sampled_ms = now_ms;
}

void
lb_rates_tick(uint64_t now_ms)
{
	struct lb_dest *d;

	for (unsigned looks = 0; looks < LB_TICK_BUDGET; looks++) {
		d = TAILQ_FIRST(&sampling);
		if (!d || d->rates.sampled_ms + LB_RATE_INTERVAL_MS > now_ms)
			return;
		sample(d, now_ms);
		TAILQ_REMOVE(&sampling, d, sampling);
		TAILQ_INSERT_TAIL(&sampling, d, sampling);
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Weighted round robin of LVS: the cursor walks the list and stops at destinations whose weight reaches the
 * current weight; at each end of the list the current weight falls by the greatest common divisor of all
 * weights, from the greatest weight down, and starts again at the top when it reaches zero.
 *
 * The walk as described takes (list length × greatest weight / divisor) steps when few destinations are
 * usable. Weights at which a whole pass cannot stop anywhere are skipped here, which chooses the same
 * destinations in at most three passes.
 */
#include "sched.h"

enum {
	PASSES = 3
}; /* the rest of the list, a whole pass that learns the greatest usable weight, a pass that stops there */

/* The largest value not above best that the current weight reaches by falling in steps of gcd. */
static int32_t
skip_empty_passes(int32_t cw, int32_t best, int32_t gcd)
{
	return cw - (cw - best + gcd - 1) / gcd * gcd;
}

static int
wrr_pick(const struct lb_dest_set *set, struct lb_sched_state *st, const struct lb_sched_key *key,
	 unsigned worker)
{
	int32_t n = (int32_t)set->n;
	int32_t at, cw, best = 0;

	if (n == 0 || set->max_weight == 0)
		return -1;
	if (st->set_version != set->version) {
		st->set_version = set->version;
		st->pos = lb_sched_start(set->n, worker);
		if (st->cw > set->max_weight)
			st->cw = 0;
	}
	at = st->pos;
	cw = st->cw;
	for (int pass = 0; pass < PASSES; pass++) {
		while (++at < n) {
			const struct lb_dest_view *d = &set->d[at];

			/* The weight first: it is in the set, the counters are another cache line. */
			if (d->weight < cw && (pass == 0 || d->weight <= best))
				continue;
			if (!lb_dest_usable(d, worker))
				continue;
			if (d->weight >= cw) {
				st->pos = at;
				st->cw = cw;
				return at;
			}
			best = d->weight > best ? d->weight : best;
		}
		at = -1;
		cw -= set->gcd_weight;
		if (cw <= 0)
			cw = set->max_weight;
		if (pass > 0 && best == 0)
			break;
		if (pass > 0 && cw > best)
			cw = skip_empty_passes(cw, best, set->gcd_weight);
	}
	st->cw = set->gcd_weight;
	return -1;
}

const struct lb_sched lb_sched_wrr = {.name = "wrr", .pick = wrr_pick};

/* SPDX-License-Identifier: Apache-2.0 */
/* The destinations of a service as workers and schedulers read them. */
#include "lb_control.h"

#include <stdlib.h>

#include "core/errors.h"

static int32_t
gcd(int32_t a, int32_t b)
{
	while (b) {
		int32_t r = a % b;

		a = b;
		b = r;
	}
	return a;
}

static void
view_fill(struct lb_dest_view *v, const struct lb_dest *d)
{
	*v = (struct lb_dest_view){.ip = d->ip,
				   .port_be = d->port_be,
				   .af = d->af,
				   .fwd = d->fwd,
				   .weight = d->weight,
				   .id = d->id,
				   .rs_id = d->rs_id,
				   .lip_id = d->lip ? d->lip->id : 0,
				   .max_conn = d->max_conn / nworkers,
				   .max_more = d->max_conn % nworkers,
				   .min_conn = d->min_conn,
				   .flags = d->flags};
}

static void
set_fill(struct lb_dest_set *set, const struct lb_service *svc)
{
	const struct lb_dest *d;

	*set = (struct lb_dest_set){.version = svc->version + 1, .sched = svc->sched};
	/* Connections of a NAT server that is gone, or has another mode, go on. */
	set->nat = svc->dests && svc->dests->nat;
	TAILQ_FOREACH (d, &svc->dest_list, next) {
		view_fill(&set->d[set->n++], d);
		set->sum_weight += d->weight;
		set->nat |= d->fwd == LB_FWD_NAT;
		set->one_way |= d->fwd == LB_FWD_DR || d->fwd == LB_FWD_TUNNEL;
		set->gcd_weight = gcd(set->gcd_weight, d->weight);
		if (d->weight > set->max_weight)
			set->max_weight = d->weight;
	}
	if (set->gcd_weight == 0)
		set->gcd_weight = 1;
}

struct lb_dest_set *
lb_dest_set_build(const struct lb_service *svc, int *err)
{
	struct lb_dest_set *set = malloc(sizeof(*set) + svc->ndests * sizeof(set->d[0]));

	if (!set) {
		*err = EDPVS_NOMEM;
		return NULL;
	}
	set_fill(set, svc);
	*err = set->sched->build ? set->sched->build(set, svc->conf.flags) : EDPVS_OK;
	if (*err) {
		free(set);
		return NULL;
	}
	return set;
}

void
lb_dest_set_free(void *arg)
{
	struct lb_dest_set *set = arg;

	if (set && set->sched->free)
		set->sched->free(set);
	free(set);
}

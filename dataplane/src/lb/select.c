/* SPDX-License-Identifier: Apache-2.0 */
/* The service that a packet without connection is for. */
#include "open.h"

#include "core/rcu.h"

enum drop_reason
lb_select(struct worker *w, struct lb_opening *o)
{
	o->svc = lb_service_lookup(&o->key);
	if (!o->svc)
		return o->proto->no_service(o->p, &o->key);
	o->attrs = rcu_read(o->svc->attrs);
	o->dests = rcu_read(o->svc->dests);
	return DROP_NONE;
}

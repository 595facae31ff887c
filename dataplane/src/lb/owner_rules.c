/* SPDX-License-Identifier: Apache-2.0 */
/* The rules by which flows of services belong to workers, as services change. See owner.h. */
#include "owner.h"

#include "lb_control.h"

enum { SVC_F_PERSISTENT = 1 };

static uint64_t gone; /* of services that ended before their connections */
static bool differ;

bool
lb_owners_differ(void)
{
	return __atomic_load_n(&differ, __ATOMIC_RELAXED);
}

uint64_t
lb_owners_gone(void)
{
	return __atomic_load_n(&gone, __ATOMIC_RELAXED);
}

void
lb_owners_distinguish(void)
{
	__atomic_store_n(&differ, true, __ATOMIC_RELAXED);
}

uint64_t
lb_owners_next(const struct lb_service *svc)
{
	uint8_t rule = LB_OWNER_BASE;

	if (svc->conf.flags & SVC_F_PERSISTENT)
		rule = lb_owner_network(svc->key.af, svc->conf.netmask);
	return lb_owners_add(svc->attrs ? svc->attrs->owners : 0, rule);
}

void
lb_owners_publish(const struct lb_service *svc)
{
	uint64_t owners = svc->built.attrs ? svc->built.attrs->owners : svc->attrs->owners;
	const struct lb_dest *d;

	if (owners == LB_OWNER_BASE)
		return;
	lb_owners_distinguish();
	TAILQ_FOREACH (d, &svc->dest_list, next)
		if (d->rs->is_nat)
			lb_dest_owners(d, owners);
}

void
lb_owners_leave(const struct lb_service *svc)
{
	uint64_t list = svc->attrs ? svc->attrs->owners : LB_OWNER_BASE;

	if (svc->dests && svc->dests->nat)
		list = lb_owners_add(list, LB_OWNER_HASH);
	if (list != LB_OWNER_BASE)
		__atomic_store_n(&gone, lb_owners_join(gone, list), __ATOMIC_RELAXED);
}

void
lb_owners_forget(void)
{
	if (gone)
		__atomic_store_n(&gone, 0, __ATOMIC_RELAXED);
}

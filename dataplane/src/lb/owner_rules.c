/* SPDX-License-Identifier: Apache-2.0 */
/* The rules by which flows of services belong to workers, as services change. See owner.h. */
#include "owner.h"

#include "lb/conn.h"
#include "lb_control.h"

enum { SVC_F_PERSISTENT = 1 };

static uint64_t gone;	/* of services that ended before their connections */
static uint64_t loose;	/* of services that are found by more than an address and a port */
static uint64_t moved;	/* of these, when packets began to find other services */
static uint64_t shared; /* gone and moved, as workers see them */
static bool differ;

bool
lb_owners_differ(void)
{
	return __atomic_load_n(&differ, __ATOMIC_RELAXED);
}

uint64_t
lb_owners_gone(void)
{
	return __atomic_load_n(&shared, __ATOMIC_RELAXED);
}

static void
share(void)
{
	uint64_t list = lb_owners_join(gone, moved);

	if (list != shared)
		__atomic_store_n(&shared, list, __ATOMIC_RELAXED);
}

/* Another service may take its packets, or leave packets to it. */
static bool
is_loose(const struct lb_service *svc)
{
	return svc->kind != LB_SERVICE_ADDRESS || svc->key.vport_be == 0;
}

static bool
is_nat(const struct lb_service *svc)
{
	return (svc->built.dests && svc->built.dests->nat) || (svc->dests && svc->dests->nat);
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

	if (is_loose(svc)) {
		lb_owners_distinguish();
		loose = lb_owners_join(loose, is_nat(svc) ? lb_owners_add(owners, LB_OWNER_HASH) : owners);
	}
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
	if (list != LB_OWNER_BASE || is_loose(svc))
		gone = lb_owners_join(gone, list);
	share();
}

static bool
connections_exist(void)
{
	for (unsigned i = 0; i < nworkers; i++)
		if (conn_count(i) > 0)
			return true;
	return false;
}

void
lb_owners_moved(void)
{
	if (loose == 0 || lb_owners_join(moved, loose) == moved || !connections_exist())
		return;
	moved = lb_owners_join(moved, loose);
	share();
}

void
lb_owners_forget(bool all_orphans_gone)
{
	if (all_orphans_gone)
		gone = 0;
	if (moved && !connections_exist())
		moved = 0;
	share();
}

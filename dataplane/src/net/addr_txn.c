/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses in transactions.
 *
 * An address brings routes, multicast groups and packets with it, so nothing is done before the commit: the
 * transaction only keeps, for each address that it touches, what it is going to be. Checks ask that first.
 * New addresses are the attempt, because only the forwarding table knows whether it has room for their
 * routes; deletions and announcements come with the publication. An address that is deleted and added again
 * is never away, and not announced as new.
 */
#include "addr.h"

#include <stdlib.h>

#include "core/errors.h"
#include "core/txn.h"

/* One address that the transaction touched. */
struct pending {
	TAILQ_ENTRY(pending) next;
	struct addr_spec spec;	   /* as it will be */
	struct net_addr *existing; /* NULL: there was none before */
	struct net_addr *fresh;	   /* attempted */
	bool present;		   /* it will be there */
	bool added;		   /* it was added, so it is last in the list */
};

static TAILQ_HEAD(pending_list, pending) pendings = TAILQ_HEAD_INITIALIZER(pendings); /* by last addition */

static struct pending *
find(const struct port *p, int af, const union inet_ip *ip, unsigned plen)
{
	struct pending *a;

	TAILQ_FOREACH (a, &pendings, next)
		if (a->spec.port == p && a->spec.af == af && a->spec.plen == plen &&
		    inet_ip_equal(&a->spec.ip, ip))
			return a;
	return NULL;
}

/* What is known of an address, made from the list if need be. NULL: no memory. */
static struct pending *
touch(const struct addr_spec *spec)
{
	struct pending *a = find(spec->port, spec->af, &spec->ip, spec->plen);

	if (a)
		return a;
	a = calloc(1, sizeof(*a));
	if (!a)
		return NULL;
	a->existing = addr_find_exact(spec->port, spec->af, &spec->ip, spec->plen);
	a->present = a->existing;
	a->spec = *spec;
	if (a->existing) {
		a->spec = a->existing->spec;
		a->spec.flags = a->existing->flags & (ADDR_F_SAPOOL | ADDR_F_LINKLOCAL);
	}
	TAILQ_INSERT_TAIL(&pendings, a, next);
	return a;
}

int
addr_txn_add(const struct addr_spec *spec)
{
	struct pending *a;

	if (!addr_spec_is_valid(spec))
		return EDPVS_INVAL;
	a = touch(spec);
	if (!a)
		return EDPVS_NOMEM;
	if (a->present)
		return EDPVS_EXIST;
	a->spec = *spec;
	a->present = true;
	a->added = true;
	TAILQ_REMOVE(&pendings, a, next);
	TAILQ_INSERT_TAIL(&pendings, a, next);
	return EDPVS_OK;
}

int
addr_txn_set(const struct addr_spec *spec)
{
	struct pending *a;

	if (spec->plen == 0 || spec->plen > inet_bits(spec->af))
		return EDPVS_INVAL;
	a = touch(spec);
	if (!a)
		return EDPVS_NOMEM;
	if (!a->present)
		return EDPVS_NOTEXIST;
	a->spec.scope = spec->scope;
	a->spec.bcast = spec->bcast;
	a->spec.valid_s = spec->valid_s;
	a->spec.prefered_s = spec->prefered_s;
	a->spec.flags |= spec->flags & ADDR_F_SAPOOL;
	return EDPVS_OK;
}

int
addr_txn_del(const struct port *p, int af, const union inet_ip *ip, unsigned plen)
{
	struct addr_spec spec = {.port = (struct port *)(uintptr_t)p, .af = af, .ip = *ip, .plen = plen};
	struct pending *a;

	if (plen == 0 || plen > inet_bits(af))
		return EDPVS_INVAL;
	a = touch(&spec);
	if (!a)
		return EDPVS_NOMEM;
	if (!a->present)
		return EDPVS_NOTEXIST;
	a->present = false;
	a->added = false;
	return EDPVS_OK;
}

/* ---- the end ---- */

static int
attempt(void)
{
	struct pending *a;
	int err;

	TAILQ_FOREACH (a, &pendings, next) {
		if (!a->present || a->existing)
			continue;
		a->fresh = addr_create(&a->spec, &err);
		if (!a->fresh)
			return err;
	}
	return EDPVS_OK;
}

static void
settle(struct pending *a)
{
	if (!a->present && a->existing) {
		addr_remove(a->existing);
	} else if (a->present && a->existing && a->added) {
		addr_renew(a->existing, &a->spec);
	} else if (a->present && a->existing) {
		addr_set(&a->spec);
	} else if (a->fresh) {
		/* Last again: renewed ones may have come between. */
		addr_renew(a->fresh, &a->spec);
		addr_appear(a->fresh);
	}
}

static void
publish(void)
{
	struct pending *a;

	while ((a = TAILQ_FIRST(&pendings))) {
		TAILQ_REMOVE(&pendings, a, next);
		settle(a);
		free(a);
	}
}

/* Newest first, so that routes and sources go back the way they came. */
static void
abandon(void)
{
	struct pending *a;

	while ((a = TAILQ_LAST(&pendings, pending_list))) {
		TAILQ_REMOVE(&pendings, a, next);
		if (a->fresh)
			addr_remove(a->fresh);
		free(a);
	}
}

static const struct txn_module module = {.attempt = attempt, .publish = publish, .abandon = abandon};

void
addr_txn_init(void)
{
	txn_register(&module);
}

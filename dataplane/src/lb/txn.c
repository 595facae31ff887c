/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How changes of services reach workers: the end of a transaction builds what each touched service needs,
 * then publishes all of it.
 *
 * Something else that workers read of a service joins with a bit LB_DIRTY_*, a member in lb_service.built and
 * a row in parts[].
 */
#include "lb_control.h"

#include <stdlib.h>

#include "acl.h"
#include "core/errors.h"
#include "core/rcu.h"
#include "net/net.h"

static struct lb_service_list touched = TAILQ_HEAD_INITIALIZER(touched);

void
lb_touch(struct lb_service *svc, uint32_t dirty)
{
	if (!svc->touched)
		TAILQ_INSERT_TAIL(&touched, svc, touching);
	svc->touched = true;
	svc->dirty |= dirty;
}

/* ---- parts of a service ---- */

static int
attrs_build(struct lb_service *svc)
{
	svc->built.attrs = malloc(sizeof(*svc->built.attrs));
	if (!svc->built.attrs)
		return EDPVS_NOMEM;
	*svc->built.attrs = svc->conf;
	svc->built.attrs->owners = lb_owners_next(svc);
	return EDPVS_OK;
}

static void
attrs_publish(struct lb_service *svc)
{
	struct lb_attrs *old = svc->attrs;

	rcu_publish(svc->attrs, svc->built.attrs);
	svc->built.attrs = NULL;
	lb_check_publish(svc);
	if (!old)
		return;
	/* Connections know it. */
	if (old->limit_proportion != svc->attrs->limit_proportion)
		net_generation_advance();
	rcu_retire(free, old);
}

static void
attrs_drop(struct lb_service *svc)
{
	free(svc->built.attrs);
	svc->built.attrs = NULL;
}

static int
dests_build(struct lb_service *svc)
{
	int err = EDPVS_OK;

	svc->built.dests = lb_dest_set_build(svc, &err);
	return err;
}

static void
dests_publish(struct lb_service *svc)
{
	struct lb_dest_set *old = svc->dests;

	/* First the flags: a connection that a new set opens must not find its server unavailable. */
	lb_dests_flags_publish(svc);
	svc->version = svc->built.dests->version;
	rcu_publish(svc->dests, svc->built.dests);
	svc->built.dests = NULL;
	if (old)
		rcu_retire(lb_dest_set_free, old);
	lb_dests_doom(svc);
}

static void
dests_drop(struct lb_service *svc)
{
	lb_dest_set_free(svc->built.dests);
	svc->built.dests = NULL;
}

static int
laddrs_build(struct lb_service *svc)
{
	svc->built.laddrs = lb_laddr_set_build(svc);
	return svc->built.laddrs ? EDPVS_OK : EDPVS_NOMEM;
}

static void
laddrs_publish(struct lb_service *svc)
{
	struct lb_laddr_set *old = svc->laddrs;

	rcu_publish(svc->laddrs, svc->built.laddrs);
	svc->built.laddrs = NULL;
	if (old)
		rcu_retire(free, old);
}

static void
laddrs_drop(struct lb_service *svc)
{
	free(svc->built.laddrs);
	svc->built.laddrs = NULL;
}

static void
nothing_to_drop(struct lb_service *svc)
{
}

static const struct part {
	uint32_t bit;
	int (*build)(struct lb_service *svc); /* 0 or an EDPVS code; workers see nothing of it */
	void (*publish)(struct lb_service *svc);
	void (*drop)(struct lb_service *svc); /* what was built, if it was */
} parts[] = {
    {LB_DIRTY_ATTRS, attrs_build, attrs_publish, attrs_drop},
    {LB_DIRTY_LADDRS, laddrs_build, laddrs_publish, laddrs_drop},
    {LB_DIRTY_DESTS, dests_build, dests_publish, dests_drop},
    {LB_DIRTY_ZERO, lb_zero_prepare, lb_zero_apply, nothing_to_drop},
};

enum { NPARTS = sizeof(parts) / sizeof(parts[0]) };

/* ---- services ---- */

static int
service_prepare(struct lb_service *svc)
{
	int err = EDPVS_OK;
	struct lb_key key;

	for (unsigned i = 0; i < NPARTS && !err; i++)
		if (svc->dirty & parts[i].bit)
			err = parts[i].build(svc);
	if (err || svc->known)
		return err;
	key = lb_key_of(svc);
	err = lb_key_reserve(&key);
	svc->built.key = err == EDPVS_OK;
	return err;
}

static void
service_publish(struct lb_service *svc)
{
	if (!svc->attrs)
		lb_owners_moved();
	lb_owners_publish(svc);
	for (unsigned i = 0; i < NPARTS; i++)
		if (svc->dirty & parts[i].bit)
			parts[i].publish(svc);
	if (!svc->built.key)
		return;
	if (svc->kind == LB_SERVICE_ADDRESS)
		lb_acl_attach(svc);
	lb_key_publish(svc);
	svc->built.key = false;
	svc->known = true;
}

static void
service_untouch(struct lb_service *svc)
{
	TAILQ_REMOVE(&touched, svc, touching);
	svc->touched = false;
	svc->dirty = 0;
}

static int
prepare(void)
{
	struct lb_service *svc;
	bool matches = false;
	int err = EDPVS_OK;

	TAILQ_FOREACH (svc, &touched, touching) {
		matches |= svc->kind == LB_SERVICE_MATCH && (svc->deleted || !svc->attrs);
		if (!svc->deleted)
			err = service_prepare(svc);
		if (err)
			break;
	}
	if (!err && matches)
		err = lb_matches_prepare();
	return err ? err : lb_acls_prepare();
}

/* What comes before what goes: a VIP that moves from one service to another never looks unused. */
static void
publish(void)
{
	struct lb_service *svc;

	lb_acls_publish();
	TAILQ_FOREACH (svc, &touched, touching)
		if (!svc->deleted)
			service_publish(svc);
	lb_matches_publish();
	while ((svc = TAILQ_FIRST(&touched))) {
		service_untouch(svc);
		if (svc->deleted)
			lb_service_end(svc);
	}
	lb_acls_end();
}

static void
abandon(void)
{
	struct lb_service *svc;
	struct lb_key key;

	lb_acls_abandon();
	lb_matches_abandon();
	while ((svc = TAILQ_FIRST(&touched))) {
		service_untouch(svc);
		for (unsigned i = 0; i < NPARTS; i++)
			parts[i].drop(svc);
		key = lb_key_of(svc);
		if (svc->built.key)
			lb_key_release(&key);
		svc->built.key = false;
	}
}

static const struct txn_module module = {.prepare = prepare, .publish = publish, .abandon = abandon};

void
lb_txn_init(void)
{
	txn_register(&module);
}

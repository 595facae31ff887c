/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Local addresses of FullNAT services. An address has one id however many services list it, because its ports
 * are shared; the id stays while connections use a port of it, even when no service lists the address any
 * more.
 */
#include "lb_control.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/errors.h"
#include "core/rcu.h"
#include "lb/conn.h"
#include "net/net.h"

/* Workers keep port use in arrays of 65536 (lport.c). Id 0 is never given to an address: its figures are
 * those of an unused one. */
enum { LIP_IDS_MAX = 65535, LIP_UNUSED = 0 };

static struct lb_intern lips;
static uint64_t *miss_base[LIP_IDS_MAX + 1]; /* [worker]: misses of whoever had the id before; NULL: none */
static TAILQ_HEAD(, lb_intern_entry) dying = TAILQ_HEAD_INITIALIZER(dying);
static unsigned ndying;
static bool has_new; /* addresses without flow rules */

static struct lb_intern_key
lip_key(uint8_t af, const union inet_ip *ip)
{
	return (struct lb_intern_key){.ip = *ip, .af = af};
}

static void
usage_get(uint32_t id, int worker, struct net_sapool_usage *out)
{
	uint64_t total;

	lport_usage(id, worker, &out->used, &total, &out->miss);
	out->free = total > out->used ? total - out->used : 0;
	for (unsigned i = 0; miss_base[id] && i < nworkers; i++)
		if (worker < 0 || (unsigned)worker == i)
			out->miss -= miss_base[id][i];
}

/* Figures of a local address for address listings of the network layer. */
static void
sapool_usage(int af, const union inet_ip *ip, int worker, struct net_sapool_usage *out)
{
	struct lb_intern_key key = lip_key((uint8_t)af, ip);
	const struct lb_intern_entry *e = lb_intern_find(&lips, &key);

	usage_get(e ? e->id : LIP_UNUSED, worker, out);
}

void
lb_laddr_usage(const struct lb_laddr *l, int worker, uint64_t *used, uint64_t *misses)
{
	struct net_sapool_usage usage;

	usage_get(l->lip->id, worker, &usage);
	*used = usage.used;
	*misses = usage.miss;
}

void
lb_laddr_init(void)
{
	lb_intern_init(&lips, LIP_IDS_MAX);
	net_sapool_usage_hook = sapool_usage;
}

void
lb_laddr_fini(void)
{
	net_sapool_usage_hook = NULL;
	TAILQ_INIT(&dying);
	ndying = 0;
	for (uint32_t i = 0; i <= LIP_IDS_MAX; i++) {
		free(miss_base[i]);
		miss_base[i] = NULL;
	}
	for (uint32_t i = 0; i < lips.nbuckets; i++)
		for (struct lb_intern_entry *e = lips.buckets[i]; e; e = e->chain)
			lb_reply_rules_drop(e);
	lb_intern_fini(&lips);
}

/* ---- ids ---- */

static bool
miss_base_take(uint32_t id)
{
	uint64_t used, total, miss;

	lport_usage(id, -1, &used, &total, &miss);
	if (miss == 0)
		return true;
	if (!miss_base[id])
		miss_base[id] = calloc(nworkers, sizeof(*miss_base[id]));
	if (!miss_base[id])
		return false;
	for (unsigned i = 0; i < nworkers; i++)
		lport_usage(id, (int)i, &used, &total, &miss_base[id][i]);
	return true;
}

static void
lip_forget(struct lb_intern_entry *e)
{
	lb_reply_rules_drop(e);
	free(miss_base[e->id]);
	miss_base[e->id] = NULL;
	lb_intern_remove(&lips, e);
}

/* A reference to the id of an address, and how it was before. */
struct lip_ref {
	struct lb_intern_entry *e;
	struct lb_intern_entry *behind; /* in dying */
	bool fresh, was_dying;
};

static bool
lip_get(uint8_t af, const union inet_ip *ip, struct lip_ref *ref)
{
	struct lb_intern_key key = lip_key(af, ip);
	struct lb_intern_entry *e = lb_intern_find(&lips, &key);

	if (!e) {
		e = lb_intern_get(&lips, &key);
		if (!e)
			return false;
		if (!miss_base_take(e->id)) {
			lip_forget(e);
			return false;
		}
		has_new = true;
		*ref = (struct lip_ref){.e = e, .fresh = true};
		return true;
	}
	*ref = (struct lip_ref){.e = e, .was_dying = e->is_dying};
	e->refs++;
	if (e->is_dying) {
		ref->behind = TAILQ_NEXT(e, dying);
		e->is_dying = false;
		TAILQ_REMOVE(&dying, e, dying);
		ndying--;
	}
	return true;
}

/* As if lip_get() had not been called. */
static void
lip_unget(const struct lip_ref *ref)
{
	struct lb_intern_entry *e = ref->e;

	e->refs--;
	if (ref->fresh)
		lip_forget(e);
	if (!ref->was_dying)
		return;
	e->is_dying = true;
	if (ref->behind)
		TAILQ_INSERT_BEFORE(ref->behind, e, dying);
	else
		TAILQ_INSERT_TAIL(&dying, e, dying);
	ndying++;
}

static void
workers_forgot(void *arg)
{
	((struct lb_intern_entry *)arg)->pending--;
}

static void
lip_put(struct lb_intern_entry *e)
{
	if (--e->refs > 0)
		return;
	e->is_dying = true;
	TAILQ_INSERT_TAIL(&dying, e, dying);
	ndying++;
	e->pending++;
	rcu_retire(workers_forgot, e);
}

struct lb_intern_entry *
lb_lip_hold(uint8_t af, const union inet_ip *ip)
{
	struct lip_ref ref;

	return lip_get(af, ip, &ref) ? ref.e : NULL;
}

void
lb_lip_release(struct lb_intern_entry *lip)
{
	lip_put(lip);
}

void
lb_laddrs_reap(void)
{
	unsigned looks = ndying < LB_TICK_BUDGET ? ndying : LB_TICK_BUDGET;

	lb_reply_rules_tick(&lips, has_new);
	has_new = false;

	while (looks-- > 0) {
		struct lb_intern_entry *e = TAILQ_FIRST(&dying);
		uint64_t used = 0, total, miss;

		TAILQ_REMOVE(&dying, e, dying);
		if (e->pending == 0)
			lport_usage(e->id, -1, &used, &total, &miss);
		if (e->pending > 0 || used > 0) {
			TAILQ_INSERT_TAIL(&dying, e, dying);
			continue;
		}
		ndying--;
		lip_forget(e);
	}
}

/* ---- addresses of a service ---- */

struct lb_laddr *
lb_laddr_find(const struct lb_service *svc, uint8_t af, const union inet_ip *ip)
{
	struct lb_laddr *l;

	TAILQ_FOREACH (l, &svc->laddr_list, next)
		if (l->af == af && inet_ip_equal(&l->ip, ip))
			return l;
	return NULL;
}

struct lb_laddr_set *
lb_laddr_set_build(const struct lb_service *svc)
{
	struct lb_laddr_set *set = malloc(sizeof(*set) + svc->nladdrs * sizeof(set->l[0]));
	const struct lb_laddr *l;

	if (!set)
		return NULL;
	set->n = 0;
	TAILQ_FOREACH (l, &svc->laddr_list, next)
		set->l[set->n++] = (struct lb_laddr_view){.ip = l->ip, .lip_id = l->lip->id, .af = l->af};
	return set;
}

struct note {
	struct lb_service *svc;
	struct lb_laddr *l; /* NULL: the change was not made */
	struct lb_laddr *behind;
	struct lip_ref ref;
};

static void
unlink_listed(struct lb_service *svc, struct lb_laddr *l)
{
	TAILQ_REMOVE(&svc->laddr_list, l, next);
	svc->nladdrs--;
}

static void
add_undo(void *note)
{
	const struct note *n = note;

	if (!n->l)
		return;
	unlink_listed(n->svc, n->l);
	lip_unget(&n->ref);
	free(n->l);
}

static int
laddr_add(struct lb_service *svc, uint8_t af, const union inet_ip *ip, const char *ifname)
{
	static const struct txn_change change = {.undo = add_undo};
	struct lb_laddr *l;
	struct note *n;

	if (lb_laddr_find(svc, af, ip))
		return EDPVS_EXIST;
	n = txn_note(&change, sizeof(*n));
	l = n ? calloc(1, sizeof(*l)) : NULL;
	if (!l)
		return EDPVS_NOMEM;
	if (!lip_get(af, ip, &n->ref)) {
		free(l);
		return EDPVS_RESOURCE;
	}
	l->ip = *ip;
	l->af = af;
	l->lip = n->ref.e;
	snprintf(l->ifname, sizeof(l->ifname), "%s", ifname);
	TAILQ_INSERT_TAIL(&svc->laddr_list, l, next);
	svc->nladdrs++;
	n->svc = svc;
	n->l = l;
	lb_touch(svc, LB_DIRTY_LADDRS);
	return EDPVS_OK;
}

int
lb_laddr_add(struct lb_service *svc, uint8_t af, const union inet_ip *ip, const char *ifname)
{
	bool mine = txn_enter();

	return txn_leave(mine, laddr_add(svc, af, ip, ifname));
}

static void
delete_undo(void *note)
{
	const struct note *n = note;

	if (n->behind)
		TAILQ_INSERT_BEFORE(n->behind, n->l, next);
	else
		TAILQ_INSERT_TAIL(&n->svc->laddr_list, n->l, next);
	n->svc->nladdrs++;
}

static void
delete_done(void *note)
{
	const struct note *n = note;

	lip_put(n->l->lip);
	free(n->l);
}

static int
laddr_del(struct lb_service *svc, struct lb_laddr *l)
{
	static const struct txn_change change = {.undo = delete_undo, .done = delete_done};
	struct note *n = txn_note(&change, sizeof(*n));

	if (!n)
		return EDPVS_NOMEM;
	*n = (struct note){.svc = svc, .l = l, .behind = TAILQ_NEXT(l, next)};
	unlink_listed(svc, l);
	lb_touch(svc, LB_DIRTY_LADDRS);
	return EDPVS_OK;
}

int
lb_laddr_del(struct lb_service *svc, struct lb_laddr *l)
{
	bool mine = txn_enter();

	return txn_leave(mine, laddr_del(svc, l));
}

int
lb_laddrs_flush(struct lb_service *svc)
{
	bool mine = txn_enter();
	struct lb_laddr *l;
	int err = EDPVS_OK;

	while (!err && (l = TAILQ_FIRST(&svc->laddr_list)))
		err = laddr_del(svc, l);
	return txn_leave(mine, err);
}

void
lb_laddrs_drop(struct lb_service *svc)
{
	struct lb_laddr *l;

	while ((l = TAILQ_FIRST(&svc->laddr_list))) {
		unlink_listed(svc, l);
		lip_put(l->lip);
		free(l);
	}
}

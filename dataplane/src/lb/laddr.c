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

static struct lb_intern_key
lip_key(uint8_t af, const union inet_ip *ip)
{
	return (struct lb_intern_key){.ip = *ip, .af = af};
}

/* Figures of a local address for address listings of the network layer. */
static void
sapool_usage(int af, const union inet_ip *ip, int worker, struct net_sapool_usage *out)
{
	struct lb_intern_key key = lip_key((uint8_t)af, ip);
	const struct lb_intern_entry *e = lb_intern_find(&lips, &key);
	uint64_t total;

	lport_usage(e ? e->id : LIP_UNUSED, worker, &out->used, &total, &out->miss);
	out->free = total > out->used ? total - out->used : 0;
	for (unsigned i = 0; e && miss_base[e->id] && i < nworkers; i++)
		if (worker < 0 || (unsigned)worker == i)
			out->miss -= miss_base[e->id][i];
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

static struct lb_intern_entry *
lip_get(uint8_t af, const union inet_ip *ip)
{
	struct lb_intern_key key = lip_key(af, ip);
	struct lb_intern_entry *e = lb_intern_find(&lips, &key);

	if (!e) {
		e = lb_intern_get(&lips, &key);
		if (e && !miss_base_take(e->id)) {
			lb_intern_remove(&lips, e);
			e = NULL;
		}
		return e;
	}
	e->refs++;
	if (e->is_dying) {
		e->is_dying = false;
		TAILQ_REMOVE(&dying, e, dying);
		ndying--;
	}
	return e;
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

void
lb_laddrs_reap(void)
{
	unsigned looks = ndying < LB_TICK_BUDGET ? ndying : LB_TICK_BUDGET;

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
		free(miss_base[e->id]);
		miss_base[e->id] = NULL;
		lb_intern_remove(&lips, e);
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

int
lb_laddrs_publish(struct lb_service *svc)
{
	struct lb_laddr_set *set = malloc(sizeof(*set) + svc->nladdrs * sizeof(set->l[0]));
	struct lb_laddr_set *old = svc->laddrs;
	const struct lb_laddr *l;

	if (!set)
		return EDPVS_NOMEM;
	set->n = 0;
	TAILQ_FOREACH (l, &svc->laddr_list, next)
		set->l[set->n++] = (struct lb_laddr_view){.ip = l->ip, .lip_id = l->lip->id, .af = l->af};
	rcu_publish(svc->laddrs, set);
	if (old)
		rcu_retire(free, old);
	return EDPVS_OK;
}

int
lb_laddr_add(struct lb_service *svc, uint8_t af, const union inet_ip *ip, const char *ifname)
{
	struct lb_laddr *l;

	if (lb_laddr_find(svc, af, ip))
		return EDPVS_EXIST;
	l = calloc(1, sizeof(*l));
	if (!l)
		return EDPVS_NOMEM;
	l->ip = *ip;
	l->af = af;
	snprintf(l->ifname, sizeof(l->ifname), "%s", ifname);
	l->lip = lip_get(af, ip);
	if (!l->lip) {
		free(l);
		return EDPVS_RESOURCE;
	}
	TAILQ_INSERT_TAIL(&svc->laddr_list, l, next);
	svc->nladdrs++;
	if (lb_laddrs_publish(svc)) {
		TAILQ_REMOVE(&svc->laddr_list, l, next);
		svc->nladdrs--;
		lip_put(l->lip);
		free(l);
		return EDPVS_NOMEM;
	}
	return EDPVS_OK;
}

int
lb_laddr_del(struct lb_service *svc, struct lb_laddr *l)
{
	struct lb_laddr *behind = TAILQ_NEXT(l, next);

	TAILQ_REMOVE(&svc->laddr_list, l, next);
	svc->nladdrs--;
	if (lb_laddrs_publish(svc)) {
		if (behind)
			TAILQ_INSERT_BEFORE(behind, l, next);
		else
			TAILQ_INSERT_TAIL(&svc->laddr_list, l, next);
		svc->nladdrs++;
		return EDPVS_NOMEM;
	}
	lip_put(l->lip);
	free(l);
	return EDPVS_OK;
}

void
lb_laddrs_drop(struct lb_service *svc)
{
	struct lb_laddr *l;

	while ((l = TAILQ_FIRST(&svc->laddr_list))) {
		TAILQ_REMOVE(&svc->laddr_list, l, next);
		lip_put(l->lip);
		free(l);
	}
	svc->nladdrs = 0;
}

int
lb_laddrs_flush(struct lb_service *svc)
{
	struct lb_laddr_set *old = svc->laddrs;
	struct lb_laddr_set *set = calloc(1, sizeof(*set));

	if (!set)
		return EDPVS_NOMEM;
	rcu_publish(svc->laddrs, set);
	rcu_retire(free, old);
	lb_laddrs_drop(svc);
	return EDPVS_OK;
}

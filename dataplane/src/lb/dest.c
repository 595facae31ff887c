/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real servers of services. A change is made in the list first, then the set for workers is built from the
 * list and published; when that fails the list is put back.
 *
 * A deleted destination becomes a zombie: its connections go on and keep its id. It is freed when two things
 * hold in this order: every worker has dropped the sets that listed it, so that no connection can come; and
 * no connection is left. Its ids are given back one more grace period later, because a worker may still be
 * finishing the last connection.
 */
#include "lb_control.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/errors.h"
#include "core/rcu.h"

enum { DEST_F_AVAILABLE = 1, DEST_F_INHIBITED = 4, WEIGHT_MAX = 65535, RS_IDS_MAX = UINT32_MAX - 1 };

static struct lb_intern rs_ids;
static struct lb_dest_list orphans = TAILQ_HEAD_INITIALIZER(orphans); /* zombies of deleted services */
static TAILQ_HEAD(, lb_dest) dying = TAILQ_HEAD_INITIALIZER(dying);   /* all zombies */
static unsigned ndying;

void
lb_dests_init(void)
{
	lb_intern_init(&rs_ids, RS_IDS_MAX);
}

bool
lb_fwd_supported(const struct lb_service *svc, uint8_t dest_af, uint8_t fwd)
{
	bool transport = svc->key.proto == PKT_PROTO_TCP || svc->key.proto == PKT_PROTO_UDP;

	return fwd == LB_FWD_FNAT && dest_af == svc->key.af && transport && svc->kind != LB_SERVICE_MATCH;
}

uint32_t
lb_threshold_share(uint32_t total, unsigned worker)
{
	return total / nworkers + (worker < total % nworkers);
}

/* ---- the set for workers ---- */

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
				   .max_conn = d->max_conn / nworkers,
				   .max_more = d->max_conn % nworkers,
				   .flags = d->flags};
}

static struct lb_dest_set *
set_build(const struct lb_service *svc, const struct lb_sched *sched)
{
	struct lb_dest_set *set = malloc(sizeof(*set) + svc->ndests * sizeof(set->d[0]));
	const struct lb_dest *d;

	if (!set)
		return NULL;
	*set = (struct lb_dest_set){.version = svc->version + 1, .sched = sched};
	TAILQ_FOREACH (d, &svc->dest_list, next) {
		view_fill(&set->d[set->n++], d);
		set->sum_weight += d->weight;
		set->gcd_weight = gcd(set->gcd_weight, d->weight);
		if (d->weight > set->max_weight)
			set->max_weight = d->weight;
	}
	if (set->gcd_weight == 0)
		set->gcd_weight = 1;
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

int
lb_dests_publish(struct lb_service *svc, const struct lb_sched *sched, uint32_t flags)
{
	struct lb_dest_set *old = svc->dests;
	struct lb_dest_set *set = set_build(svc, sched ? sched : old->sched);
	int err;

	if (!set)
		return EDPVS_NOMEM;
	err = set->sched->build ? set->sched->build(set, flags) : EDPVS_OK;
	if (err) {
		free(set);
		return err;
	}
	svc->version = set->version;
	rcu_publish(svc->dests, set);
	if (old)
		rcu_retire(lb_dest_set_free, old);
	return EDPVS_OK;
}

/* ---- lists ---- */

static struct lb_dest *
find_in(const struct lb_dest_list *list, uint8_t af, const union inet_ip *ip, uint16_t port_be)
{
	struct lb_dest *d;

	TAILQ_FOREACH (d, list, next)
		if (d->af == af && d->port_be == port_be && inet_ip_equal(&d->ip, ip))
			return d;
	return NULL;
}

struct lb_dest *
lb_dest_find(const struct lb_service *svc, uint8_t af, const union inet_ip *ip, uint16_t port_be)
{
	return find_in(&svc->dest_list, af, ip, port_be);
}

static void
flags_publish(const struct lb_dest *d)
{
	lb_dest_flags_set(d->id, d->flags | (d->weight == 0 ? LB_DEST_WEIGHT0 : 0));
}

static void
conf_apply(struct lb_dest *d, const struct lb_dest_conf *conf)
{
	d->fwd = conf->fwd;
	d->weight = (int32_t)conf->weight;
	d->max_conn = conf->max_conn;
	d->min_conn = conf->min_conn;
	d->flags = DEST_F_AVAILABLE | (conf->inhibited ? DEST_F_INHIBITED : 0);
}

static void
link_head(struct lb_service *svc, struct lb_dest *d)
{
	TAILQ_INSERT_HEAD(&svc->dest_list, d, next);
	svc->ndests++;
}

static void
unlink_listed(struct lb_service *svc, struct lb_dest *d)
{
	TAILQ_REMOVE(&svc->dest_list, d, next);
	svc->ndests--;
}

static void
workers_forgot(void *arg)
{
	((struct lb_dest *)arg)->pending--;
}

/* d is in no list. */
static void
zombie_add(struct lb_dest_list *list, struct lb_dest *d)
{
	d->flags &= ~(uint32_t)DEST_F_AVAILABLE;
	flags_publish(d);
	d->zombie = true;
	TAILQ_INSERT_TAIL(list, d, next);
	TAILQ_INSERT_TAIL(&dying, d, dying);
	ndying++;
	d->pending++;
	rcu_retire(workers_forgot, d);
}

static void
zombie_remove(struct lb_dest_list *list, struct lb_dest *d)
{
	TAILQ_REMOVE(list, d, next);
	TAILQ_REMOVE(&dying, d, dying);
	ndying--;
	d->zombie = false;
}

/* ---- changes ---- */

/* What a destination must fulfil whatever the request. */
static bool
forwardable(const struct lb_service *svc, const struct lb_dest_conf *conf)
{
	return lb_fwd_supported(svc, conf->af, conf->fwd) &&
	       (conf->max_conn == 0 || conf->max_conn >= nworkers);
}

static int
dest_new(struct lb_service *svc, const struct lb_dest_conf *conf, struct lb_dest **out)
{
	struct lb_intern_key key = {
	    .ip = conf->ip, .port_be = conf->port_be, .af = conf->af, .proto = svc->key.proto};
	struct lb_dest *d = calloc(1, sizeof(*d));
	struct lb_intern_entry *rs;
	int err;

	if (!d)
		return EDPVS_NOMEM;
	err = lb_dest_id_take(&d->id);
	if (err) {
		free(d);
		return err;
	}
	rs = lb_intern_get(&rs_ids, &key);
	if (!rs) {
		lb_dest_id_give(d->id);
		free(d);
		return EDPVS_NOMEM;
	}
	d->rs_id = rs->id;
	d->rs = rs;
	d->svc = svc;
	d->ip = conf->ip;
	d->port_be = conf->port_be;
	d->af = conf->af;
	lb_rates_start(d, clock_now_ms());
	*out = d;
	return EDPVS_OK;
}

/* Gives back all that a destination has; no worker knows it. */
static void
dest_free(void *arg)
{
	struct lb_dest *d = arg;

	lb_dest_id_give(d->id);
	if (--d->rs->refs == 0)
		lb_intern_remove(&rs_ids, d->rs);
	free(d->zero);
	free(d);
}

static int
dest_revive(struct lb_service *svc, struct lb_dest *d, const struct lb_dest_conf *conf)
{
	struct lb_dest before = *d;
	int err;

	zombie_remove(&svc->zombies, d);
	conf_apply(d, conf);
	link_head(svc, d);
	err = lb_dests_publish(svc, NULL, svc->attrs->flags);
	if (err) {
		unlink_listed(svc, d);
		d->fwd = before.fwd;
		d->weight = before.weight;
		d->max_conn = before.max_conn;
		d->min_conn = before.min_conn;
		d->flags = before.flags;
		zombie_add(&svc->zombies, d);
		return err;
	}
	flags_publish(d);
	return EDPVS_OK;
}

int
lb_dest_add(struct lb_service *svc, const struct lb_dest_conf *conf)
{
	struct lb_dest *d;
	int err;

	if (lb_dest_find(svc, conf->af, &conf->ip, conf->port_be))
		return EDPVS_EXIST;
	if (conf->weight > WEIGHT_MAX || conf->min_conn > conf->max_conn || !forwardable(svc, conf))
		return EDPVS_NOTSUPP;
	d = find_in(&svc->zombies, conf->af, &conf->ip, conf->port_be);
	if (d)
		return dest_revive(svc, d, conf);
	err = dest_new(svc, conf, &d);
	if (err)
		return err;
	conf_apply(d, conf);
	flags_publish(d);
	link_head(svc, d);
	err = lb_dests_publish(svc, NULL, svc->attrs->flags);
	if (err) {
		unlink_listed(svc, d);
		lb_rates_stop(d);
		dest_free(d);
	}
	return err;
}

int
lb_dest_edit(struct lb_dest *d, const struct lb_dest_conf *conf)
{
	struct lb_dest before = *d;
	int err;

	if (conf->weight > WEIGHT_MAX || conf->min_conn > conf->max_conn)
		return EDPVS_INVAL;
	if (!forwardable(d->svc, conf))
		return EDPVS_NOTSUPP;
	conf_apply(d, conf);
	err = lb_dests_publish(d->svc, NULL, d->svc->attrs->flags);
	if (err) {
		*d = before;
		return err;
	}
	flags_publish(d);
	return EDPVS_OK;
}

int
lb_dest_del(struct lb_dest *d)
{
	struct lb_service *svc = d->svc;
	struct lb_dest *behind = TAILQ_NEXT(d, next);
	int err;

	unlink_listed(svc, d);
	err = lb_dests_publish(svc, NULL, svc->attrs->flags);
	if (err) {
		if (behind)
			TAILQ_INSERT_BEFORE(behind, d, next);
		else
			TAILQ_INSERT_TAIL(&svc->dest_list, d, next);
		svc->ndests++;
		return err;
	}
	zombie_add(&svc->zombies, d);
	return EDPVS_OK;
}

void
lb_dests_orphan(struct lb_service *svc)
{
	struct lb_dest *d;

	while ((d = TAILQ_FIRST(&svc->zombies))) {
		TAILQ_REMOVE(&svc->zombies, d, next);
		TAILQ_INSERT_TAIL(&orphans, d, next);
		d->svc = NULL;
	}
	while ((d = TAILQ_FIRST(&svc->dest_list))) {
		unlink_listed(svc, d);
		d->svc = NULL;
		zombie_add(&orphans, d);
	}
}

/* ---- the end of zombies ---- */

static void
zombie_bury(struct lb_dest *d)
{
	struct lb_service *svc = d->svc;

	for (unsigned i = 0; svc && i < nworkers; i++)
		lb_dest_totals_add(d, (int)i, &svc->gone[i]);
	zombie_remove(svc ? &svc->zombies : &orphans, d);
	lb_rates_stop(d);
	rcu_retire(dest_free, d);
}

/* Of a destination that gets no new ones. The sum of active and inactive would not do: a connection that
 * moves from one to the other while they are read may be in neither. */
static bool
has_connections(const struct lb_dest *d)
{
	uint64_t open = 0;

	for (unsigned i = 0; i < nworkers; i++) {
		const volatile struct lb_counters *c = lb_counters(i, d->id);

		open += c->conns - c->closed + c->persistent;
	}
	return open != 0;
}

void
lb_dests_reap(void)
{
	unsigned looks = ndying < LB_TICK_BUDGET ? ndying : LB_TICK_BUDGET;

	while (looks-- > 0) {
		struct lb_dest *d = TAILQ_FIRST(&dying);

		TAILQ_REMOVE(&dying, d, dying);
		TAILQ_INSERT_TAIL(&dying, d, dying);
		if (d->pending == 0 && !has_connections(d))
			zombie_bury(d);
	}
}

void
lb_dests_fini(void)
{
	struct lb_dest *d;

	rcu_drain();
	while ((d = TAILQ_FIRST(&orphans)))
		zombie_bury(d);
	rcu_drain();
	lb_intern_fini(&rs_ids);
}

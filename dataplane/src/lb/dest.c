/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real servers of services. A change is made in the list; the set for workers is built from the list when the
 * transaction is committed.
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

enum { DEST_F_AVAILABLE = 1, DEST_F_INHIBITED = 4, WEIGHT_MAX = 65535, RS_IDS_MAX = LB_RS_IDS_END - 1 };

static struct lb_intern rs_ids;
static struct lb_dest_list orphans = TAILQ_HEAD_INITIALIZER(orphans); /* zombies of deleted services */
static TAILQ_HEAD(, lb_dest) dying = TAILQ_HEAD_INITIALIZER(dying);   /* all zombies */
static unsigned ndying;

void
lb_dests_init(void)
{
	lb_intern_init(&rs_ids, RS_IDS_MAX);
}

bool lb_any_port_servers;

bool
lb_fwd_supported(const struct lb_service *svc, uint8_t dest_af, uint8_t fwd)
{
	bool transport = svc->key.proto == PKT_PROTO_TCP || svc->key.proto == PKT_PROTO_UDP ||
			 svc->key.proto == PKT_PROTO_SCTP;

	/* Match services are for SNAT, and nothing else is. */
	if (svc->kind == LB_SERVICE_MATCH)
		return fwd == LB_FWD_SNAT && dest_af == svc->key.af &&
		       (transport ||
			svc->key.proto == (dest_af == INET_AF_V6 ? PKT_PROTO_ICMPV6 : PKT_PROTO_ICMP));
	if (!transport)
		return false;
	switch (fwd) {
	case LB_FWD_FNAT:
	case LB_FWD_TUNNEL: /* IPv6 goes through IPv4 as well, not the other way round */
		return dest_af == svc->key.af || (svc->key.af == INET_AF_V6 && dest_af == INET_AF_V4);
	case LB_FWD_NAT:
	case LB_FWD_DR:
		return dest_af == svc->key.af;
	default:
		return false;
	}
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
	lb_dest_flags_set(d->id, d->flags | (d->weight == 0 ? LB_DEST_WEIGHT0 : 0) |
				     (lb_check_applies(d->svc) ? LB_DEST_CHECKED : 0));
	lb_dest_thresholds_set(d->id, d->max_conn, d->min_conn);
}

void
lb_dests_flags_publish(const struct lb_service *svc)
{
	const struct lb_dest *d;

	TAILQ_FOREACH (d, &svc->dest_list, next)
		flags_publish(d);
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

/* Puts d back in front of where it was, at the end for NULL. */
static void
put_back(struct lb_dest_list *list, struct lb_dest *behind, struct lb_dest *d)
{
	if (behind)
		TAILQ_INSERT_BEFORE(behind, d, next);
	else
		TAILQ_INSERT_TAIL(list, d, next);
}

/* d is in no list. */
static void
zombie_add(struct lb_dest_list *list, struct lb_dest *d)
{
	TAILQ_INSERT_TAIL(list, d, next);
	TAILQ_INSERT_TAIL(&dying, d, dying);
	ndying++;
	d->flags &= ~(uint32_t)DEST_F_AVAILABLE;
	d->zombie = true;
	d->doomed = true;
}

static void
zombie_remove(struct lb_dest_list *list, struct lb_dest *d)
{
	TAILQ_REMOVE(list, d, next);
	TAILQ_REMOVE(&dying, d, dying);
	ndying--;
	d->zombie = false;
	d->doomed = false;
}

static void
workers_forgot(void *arg)
{
	((struct lb_dest *)arg)->pending--;
}

static void
doom(struct lb_dest *d)
{
	d->doomed = false;
	flags_publish(d);
	d->pending++;
	rcu_retire(workers_forgot, d);
}

void
lb_dests_doom(struct lb_service *svc)
{
	struct lb_dest *d;

	/* They were added last. */
	TAILQ_FOREACH_REVERSE(d, &svc->zombies, lb_dest_list, next)
	{
		if (!d->doomed)
			break;
		doom(d);
	}
}

/* ---- configuration ---- */

/* What a request may change. */
struct setting {
	uint8_t fwd;
	int32_t weight;
	uint32_t max_conn, min_conn, flags;
	struct lb_check check;
};

struct note {
	struct lb_dest *d; /* NULL: the change was not made */
	struct lb_dest *behind, *behind_dying;
	struct setting before;
};

static struct setting
setting_of(const struct lb_dest *d)
{
	return (struct setting){.fwd = d->fwd,
				.weight = d->weight,
				.max_conn = d->max_conn,
				.min_conn = d->min_conn,
				.flags = d->flags,
				.check = d->check};
}

static void
setting_restore(struct lb_dest *d, const struct setting *s)
{
	d->fwd = s->fwd;
	d->weight = s->weight;
	d->max_conn = s->max_conn;
	d->min_conn = s->min_conn;
	d->flags = s->flags;
	d->check = s->check;
}

static void
conf_apply(struct lb_dest *d, const struct lb_dest_conf *conf)
{
	if (!lb_check_stands(d, conf))
		lb_check_start(d);
	d->fwd = conf->fwd;
	d->weight = (int32_t)conf->weight;
	d->max_conn = conf->max_conn;
	d->min_conn = conf->min_conn;
	d->flags = DEST_F_AVAILABLE | (conf->inhibited ? DEST_F_INHIBITED : 0);
}

/* What a destination must fulfil whatever the request. */
static bool
forwardable(const struct lb_service *svc, const struct lb_dest_conf *conf)
{
	return lb_fwd_supported(svc, conf->af, conf->fwd) &&
	       (conf->max_conn == 0 || conf->max_conn >= nworkers);
}

/* ---- adding ---- */

static struct lb_key
server_key(const struct lb_intern_entry *rs)
{
	return (struct lb_key){.vip = rs->key.ip,
			       .vport_be = rs->key.port_be,
			       .af = rs->key.af,
			       .proto = rs->key.proto,
			       .zero = rs->key.proto ? 0 : LB_NAT_ANY_PROTO};
}

/* Workers are to know a server whose replies pass here, from before its first connection until after its
 * last. */
static int
server_mark(struct lb_intern_entry *rs, uint8_t fwd)
{
	struct lb_key key = server_key(rs);
	int err;

	if (fwd != LB_FWD_NAT || rs->is_nat)
		return EDPVS_OK;
	err = lb_nat_server_add(&key);
	rs->is_nat = err == EDPVS_OK;
	return err;
}

static void
server_unmark(struct lb_intern_entry *rs)
{
	struct lb_key key = server_key(rs);

	if (rs->is_nat)
		lb_nat_server_del(&key);
	rs->is_nat = false;
}

void
lb_dest_owners(const struct lb_dest *d, uint64_t owners)
{
	struct lb_key key = server_key(d->rs);

	lb_nat_server_owners(&key, owners);
}

/* Gives back all that a destination has; no worker knows it. */
static void
dest_free(void *arg)
{
	struct lb_dest *d = arg;

	lb_dest_id_give(d->id);
	if (--d->rs->refs == 0) {
		server_unmark(d->rs);
		lb_intern_remove(&rs_ids, d->rs);
	}
	if (d->lip)
		lb_lip_release(d->lip);
	free(d->zero);
	free(d);
}

static int
dest_new(struct lb_service *svc, const struct lb_dest_conf *conf, struct lb_dest **out)
{
	/* A mark says nothing about the protocol. */
	struct lb_intern_key key = {.ip = conf->ip,
				    .port_be = conf->port_be,
				    .af = conf->af,
				    .proto = svc->kind == LB_SERVICE_FWMARK ? 0 : svc->key.proto};
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
	err = server_mark(rs, conf->fwd);
	if (!err && conf->fwd == LB_FWD_SNAT) {
		d->lip = lb_lip_hold(conf->af, &conf->ip);
		err = d->lip ? EDPVS_OK : EDPVS_RESOURCE;
	}
	if (err) {
		dest_free(d);
		return err;
	}
	if (conf->port_be == 0 || svc->kind != LB_SERVICE_ADDRESS)
		__atomic_store_n(&lb_any_port_servers, true, __ATOMIC_RELAXED);
	d->svc = svc;
	d->ip = conf->ip;
	d->port_be = conf->port_be;
	d->af = conf->af;
	lb_rates_start(d, clock_now_ms());
	*out = d;
	return EDPVS_OK;
}

static void
create_undo(void *note)
{
	const struct note *n = note;

	if (!n->d)
		return;
	unlink_listed(n->d->svc, n->d);
	lb_rates_stop(n->d);
	dest_free(n->d);
}

static int
dest_create(struct lb_service *svc, const struct lb_dest_conf *conf)
{
	static const struct txn_change change = {.undo = create_undo};
	struct note *n = txn_note(&change, sizeof(*n));
	int err = n ? dest_new(svc, conf, &n->d) : EDPVS_NOMEM;

	if (err)
		return err;
	conf_apply(n->d, conf);
	link_head(svc, n->d);
	return EDPVS_OK;
}

static void
revive_undo(void *note)
{
	const struct note *n = note;
	struct lb_dest *d = n->d;

	unlink_listed(d->svc, d);
	put_back(&d->svc->zombies, n->behind, d);
	if (n->behind_dying)
		TAILQ_INSERT_BEFORE(n->behind_dying, d, dying);
	else
		TAILQ_INSERT_TAIL(&dying, d, dying);
	ndying++;
	setting_restore(d, &n->before);
	d->zombie = true; /* if doomed, undoing its deletion comes next */
}

static int
dest_revive(struct lb_service *svc, struct lb_dest *d, const struct lb_dest_conf *conf)
{
	static const struct txn_change change = {.undo = revive_undo};
	int err = server_mark(d->rs, conf->fwd);
	struct note *n = err ? NULL : txn_note(&change, sizeof(*n));

	if (!n)
		return err ? err : EDPVS_NOMEM;
	*n = (struct note){.d = d,
			   .behind = TAILQ_NEXT(d, next),
			   .behind_dying = TAILQ_NEXT(d, dying),
			   .before = setting_of(d)};
	zombie_remove(&svc->zombies, d);
	conf_apply(d, conf);
	link_head(svc, d);
	return EDPVS_OK;
}

static int
dest_add(struct lb_service *svc, const struct lb_dest_conf *conf)
{
	struct lb_dest *d;

	if (lb_dest_find(svc, conf->af, &conf->ip, conf->port_be))
		return EDPVS_EXIST;
	if (conf->weight > WEIGHT_MAX || conf->min_conn > conf->max_conn || !forwardable(svc, conf))
		return EDPVS_NOTSUPP;
	lb_touch(svc, LB_DIRTY_DESTS);
	d = find_in(&svc->zombies, conf->af, &conf->ip, conf->port_be);
	return d ? dest_revive(svc, d, conf) : dest_create(svc, conf);
}

int
lb_dest_add(struct lb_service *svc, const struct lb_dest_conf *conf)
{
	bool mine = txn_enter();

	return txn_leave(mine, dest_add(svc, conf));
}

/* ---- editing and deleting ---- */

static void
edit_undo(void *note)
{
	const struct note *n = note;

	setting_restore(n->d, &n->before);
}

static int
dest_edit(struct lb_dest *d, const struct lb_dest_conf *conf)
{
	static const struct txn_change change = {.undo = edit_undo};
	struct note *n;
	int err;

	if (conf->weight > WEIGHT_MAX || conf->min_conn > conf->max_conn)
		return EDPVS_INVAL;
	if (!forwardable(d->svc, conf))
		return EDPVS_NOTSUPP;
	err = server_mark(d->rs, conf->fwd);
	if (err)
		return err;
	n = txn_note(&change, sizeof(*n));
	if (!n)
		return EDPVS_NOMEM;
	*n = (struct note){.d = d, .before = setting_of(d)};
	conf_apply(d, conf);
	lb_touch(d->svc, LB_DIRTY_DESTS);
	return EDPVS_OK;
}

int
lb_dest_edit(struct lb_dest *d, const struct lb_dest_conf *conf)
{
	bool mine = txn_enter();

	return txn_leave(mine, dest_edit(d, conf));
}

int
lb_dest_check_set(struct lb_dest *d, int32_t weight, bool inhibited, const struct lb_check *after)
{
	static const struct txn_change change = {.undo = edit_undo};
	struct note *n = txn_note(&change, sizeof(*n));

	if (!n)
		return EDPVS_NOMEM;
	*n = (struct note){.d = d, .before = setting_of(d)};
	d->weight = weight;
	d->flags = DEST_F_AVAILABLE | (inhibited ? DEST_F_INHIBITED : 0);
	d->check = *after;
	lb_touch(d->svc, LB_DIRTY_DESTS);
	return EDPVS_OK;
}

static void
delete_undo(void *note)
{
	const struct note *n = note;
	struct lb_dest *d = n->d;

	zombie_remove(&d->svc->zombies, d);
	setting_restore(d, &n->before);
	put_back(&d->svc->dest_list, n->behind, d);
	d->svc->ndests++;
}

static int
dest_del(struct lb_dest *d)
{
	static const struct txn_change change = {.undo = delete_undo};
	struct note *n = txn_note(&change, sizeof(*n));

	if (!n)
		return EDPVS_NOMEM;
	*n = (struct note){.d = d, .behind = TAILQ_NEXT(d, next), .before = setting_of(d)};
	unlink_listed(d->svc, d);
	zombie_add(&d->svc->zombies, d);
	lb_touch(d->svc, LB_DIRTY_DESTS);
	return EDPVS_OK;
}

int
lb_dest_del(struct lb_dest *d)
{
	bool mine = txn_enter();

	return txn_leave(mine, dest_del(d));
}

/* ---- the end of zombies ---- */

void
lb_dests_orphan(struct lb_service *svc)
{
	struct lb_dest *d;

	while ((d = TAILQ_FIRST(&svc->dest_list))) {
		unlink_listed(svc, d);
		zombie_add(&svc->zombies, d);
	}
	lb_dests_doom(svc);
	while ((d = TAILQ_FIRST(&svc->zombies))) {
		TAILQ_REMOVE(&svc->zombies, d, next);
		TAILQ_INSERT_TAIL(&orphans, d, next);
		d->svc = NULL;
	}
}

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
	lb_owners_forget(TAILQ_EMPTY(&orphans));
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

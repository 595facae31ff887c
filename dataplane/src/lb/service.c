/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual services: lists in the order of their making, an index by name, and changes.
 *
 * A service that a transaction deletes leaves the list, but stays in the index until the end: added again
 * under the same name it is the same object, so that workers never miss it and its counters go on.
 */
#include "acl.h"
#include "lb_control.h"

#include <stdlib.h>
#include <string.h>
#include <rte_jhash.h>

#include "core/errors.h"
#include "core/rcu.h"
#include "net/net.h"

enum { INDEX_BUCKETS = 16384 };

static struct lb_service_list lists[LB_SERVICE_KINDS];
static struct lb_service *buckets[INDEX_BUCKETS];
static unsigned count;	     /* of listed services */
static uint64_t last_serial; /* of the process: a cursor of a listing never means another service */

int
lb_services_init(void)
{
	for (int i = 0; i < LB_SERVICE_KINDS; i++)
		TAILQ_INIT(&lists[i]);
	count = 0;
	return lb_keys_init();
}

void
lb_services_fini(void)
{
	lb_keys_fini();
}

/* ---- index ---- */

static uint32_t
name_hash(uint8_t kind, const struct lb_key *key, uint32_t fwmark, const uint8_t *match)
{
	if (kind == LB_SERVICE_ADDRESS)
		return rte_jhash(key, sizeof(*key), 0);
	if (kind == LB_SERVICE_FWMARK)
		return rte_jhash_2words(fwmark, key->af, 0);
	return rte_jhash(match, LB_MATCH_LEN, key->af);
}

static struct lb_service **
bucket_of(const struct lb_service *svc)
{
	return &buckets[name_hash(svc->kind, &svc->key, svc->fwmark, svc->match) % INDEX_BUCKETS];
}

static void
index_add(struct lb_service *svc)
{
	struct lb_service **at = bucket_of(svc);

	svc->chain = *at;
	*at = svc;
}

static void
index_remove(struct lb_service *svc)
{
	struct lb_service **at = bucket_of(svc);

	while (*at != svc)
		at = &(*at)->chain;
	*at = svc->chain;
}

static bool
same_name(const struct lb_service *svc, const struct lb_service_id *id)
{
	if (svc->kind != id->kind || svc->key.af != id->key.af)
		return false;
	if (id->kind == LB_SERVICE_ADDRESS)
		return memcmp(&svc->key, &id->key, sizeof(id->key)) == 0;
	if (id->kind == LB_SERVICE_FWMARK)
		return svc->fwmark == id->fwmark;
	return svc->key.proto == id->key.proto && memcmp(svc->match, id->match, sizeof(id->match)) == 0;
}

static struct lb_service *
bucket_first(const struct lb_service_id *id)
{
	return buckets[name_hash((uint8_t)id->kind, &id->key, id->fwmark, id->match) % INDEX_BUCKETS];
}

struct lb_service *
lb_service_find(const struct lb_service_id *id)
{
	struct lb_service *svc = bucket_first(id);

	while (svc && (svc->deleted || !same_name(svc, id)))
		svc = svc->chain;
	return svc;
}

/* One that the open transaction deleted. Its servers are of its protocol, so that must be the same too. */
static struct lb_service *
find_deleted(const struct lb_service_id *id)
{
	struct lb_service *svc = bucket_first(id);

	while (svc && !(svc->deleted && same_name(svc, id) && svc->key.proto == id->key.proto))
		svc = svc->chain;
	return svc;
}

/* ---- lists ---- */

unsigned
lb_services_count(void)
{
	return count;
}

struct lb_service *
lb_service_next(const struct lb_service *svc)
{
	struct lb_service *next = svc ? TAILQ_NEXT(svc, next) : NULL;

	for (int kind = svc ? svc->kind + 1 : 0; !next && kind < LB_SERVICE_KINDS; kind++)
		next = TAILQ_FIRST(&lists[kind]);
	return next;
}

struct lb_service *
lb_service_after(enum lb_service_kind kind, uint64_t serial)
{
	struct lb_service *svc;

	TAILQ_FOREACH (svc, &lists[kind], next)
		if (svc->serial > serial)
			return svc;
	for (int behind = (int)kind + 1; behind < LB_SERVICE_KINDS; behind++)
		if (!TAILQ_EMPTY(&lists[behind]))
			return TAILQ_FIRST(&lists[behind]);
	return NULL;
}

static void
list_tail(struct lb_service *svc)
{
	svc->serial = ++last_serial;
	TAILQ_INSERT_TAIL(&lists[svc->kind], svc, next);
	svc->deleted = false;
	count++;
}

static void
unlist(struct lb_service *svc)
{
	TAILQ_REMOVE(&lists[svc->kind], svc, next);
	svc->deleted = true;
	count--;
}

/* ---- configuration ---- */

struct conf_note {
	struct lb_service *svc;
	struct lb_service_conf before;
	const struct lb_sched *sched;
};

static struct lb_service_conf
conf_of(const struct lb_service *svc)
{
	struct lb_service_conf conf = {.attrs = svc->conf, .bps = svc->bps};

	memcpy(conf.sched_name, svc->sched_name, sizeof(conf.sched_name));
	memcpy(conf.check_config, svc->check_config, sizeof(conf.check_config));
	return conf;
}

static void
conf_store(struct lb_service *svc, const struct lb_service_conf *conf, const struct lb_sched *sched)
{
	memcpy(svc->sched_name, conf->sched_name, sizeof(svc->sched_name));
	memcpy(svc->check_config, conf->check_config, sizeof(svc->check_config));
	svc->bps = conf->bps;
	svc->conf = conf->attrs;
	svc->sched = sched;
}

static void
conf_undo(void *note)
{
	const struct conf_note *n = note;

	conf_store(n->svc, &n->before, n->sched);
}

static int
conf_change(struct lb_service *svc, const struct lb_service_conf *conf, const struct lb_sched *sched)
{
	static const struct txn_change change = {.undo = conf_undo};
	struct conf_note *n = txn_note(&change, sizeof(*n));
	/* A set is built anew only when the scheduler sees a difference, because workers then start from the
	 * beginning. */
	bool rebuild = sched != svc->sched || (sched->build && conf->attrs.flags != svc->conf.flags);

	if (!n)
		return EDPVS_NOMEM;
	*n = (struct conf_note){.svc = svc, .before = conf_of(svc), .sched = svc->sched};
	conf_store(svc, conf, sched);
	lb_touch(svc, LB_DIRTY_ATTRS | (rebuild ? LB_DIRTY_DESTS : 0));
	return lb_check_changed(svc);
}

/* ---- adding ---- */

static void
service_free(void *arg)
{
	struct lb_service *svc = arg;

	lb_dest_set_free(svc->dests);
	free(svc->laddrs);
	free(svc->attrs);
	free(svc->state);
	free(svc->gone);
	free(svc);
}

static struct lb_service *
service_new(const struct lb_service_id *id)
{
	struct lb_service *svc = calloc(1, sizeof(*svc));
	size_t state_bytes = nworkers * sizeof(*svc->state);

	if (!svc)
		return NULL;
	TAILQ_INIT(&svc->dest_list);
	TAILQ_INIT(&svc->zombies);
	TAILQ_INIT(&svc->laddr_list);
	svc->kind = (uint8_t)id->kind;
	svc->key = id->key;
	svc->fwmark = id->fwmark;
	memcpy(svc->match, id->match, sizeof(svc->match));
	svc->known = svc->kind == LB_SERVICE_MATCH;
	svc->gone = calloc(nworkers, sizeof(*svc->gone));
	svc->state = aligned_alloc(RTE_CACHE_LINE_SIZE, state_bytes);
	if (!svc->gone || !svc->state) {
		service_free(svc);
		return NULL;
	}
	memset(svc->state, 0, state_bytes);
	return svc;
}

struct service_note {
	struct lb_service *svc; /* NULL: the change was not made */
	struct lb_service *behind;
	uint64_t serial; /* before */
};

static void
create_undo(void *note)
{
	const struct service_note *n = note;

	if (!n->svc)
		return;
	unlist(n->svc);
	index_remove(n->svc);
	service_free(n->svc);
}

static int
service_create(const struct lb_service_id *id, const struct lb_service_conf *conf,
	       const struct lb_sched *sched)
{
	static const struct txn_change change = {.undo = create_undo};
	struct service_note *n = txn_note(&change, sizeof(*n));

	if (!n)
		return EDPVS_NOMEM;
	n->svc = service_new(id);
	if (!n->svc)
		return EDPVS_NOMEM;
	conf_store(n->svc, conf, sched);
	index_add(n->svc);
	list_tail(n->svc);
	lb_touch(n->svc, LB_DIRTY_ALL);
	return EDPVS_OK;
}

static void
revive_undo(void *note)
{
	const struct service_note *n = note;

	unlist(n->svc);
	n->svc->serial = n->serial;
}

/* The same service as if it were new, except for its counters; its servers wait to be added again. */
static int
service_revive(struct lb_service *svc, const struct lb_service_conf *conf, const struct lb_sched *sched)
{
	static const struct txn_change change = {.undo = revive_undo};
	struct service_note *n = txn_note(&change, sizeof(*n));
	struct lb_dest *d;
	int err = EDPVS_OK;

	if (!n)
		return EDPVS_NOMEM;
	*n = (struct service_note){.svc = svc, .serial = svc->serial};
	list_tail(svc);
	while (!err && (d = TAILQ_FIRST(&svc->dest_list)))
		err = lb_dest_del(d);
	if (!err)
		err = lb_laddrs_flush(svc);
	return err ? err : conf_change(svc, conf, sched);
}

/* Every worker must get a share of a limit. */
static bool
limit_fits(const struct lb_service_conf *conf)
{
	return conf->attrs.conn_limit == 0 || conf->attrs.conn_limit >= nworkers;
}

static int
service_add(const struct lb_service_id *id, const struct lb_service_conf *conf)
{
	const struct lb_sched *sched = lb_sched_find(conf->sched_name);
	struct lb_service *svc;

	if (lb_service_find(id))
		return EDPVS_EXIST;
	if (!sched)
		return EDPVS_NOTEXIST;
	if (!limit_fits(conf))
		return EDPVS_NOTSUPP;
	if (count == LB_SERVICES_MAX)
		return EDPVS_RESOURCE;
	svc = find_deleted(id);
	return svc ? service_revive(svc, conf, sched) : service_create(id, conf, sched);
}

int
lb_service_add(const struct lb_service_id *id, const struct lb_service_conf *conf)
{
	bool mine = txn_enter();

	return txn_leave(mine, service_add(id, conf));
}

int
lb_service_edit(struct lb_service *svc, const struct lb_service_conf *conf)
{
	const struct lb_sched *sched = lb_sched_find(conf->sched_name);
	bool mine = txn_enter();

	if (!sched)
		return txn_leave(mine, EDPVS_NOTEXIST);
	return txn_leave(mine, limit_fits(conf) ? conf_change(svc, conf, sched) : EDPVS_NOTSUPP);
}

/* ---- deleting ---- */

static void
delete_undo(void *note)
{
	const struct service_note *n = note;

	n->svc->deleted = false;
	count++;
	if (n->behind)
		TAILQ_INSERT_BEFORE(n->behind, n->svc, next);
	else
		TAILQ_INSERT_TAIL(&lists[n->svc->kind], n->svc, next);
}

static int
service_del(struct lb_service *svc)
{
	static const struct txn_change change = {.undo = delete_undo};
	struct service_note *n = txn_note(&change, sizeof(*n));

	if (!n)
		return EDPVS_NOMEM;
	*n = (struct service_note){.svc = svc, .behind = TAILQ_NEXT(svc, next)};
	unlist(svc);
	lb_touch(svc, 0);
	return svc->kind == LB_SERVICE_ADDRESS ? lb_acls_drop(&svc->key) : EDPVS_OK;
}

int
lb_service_del(struct lb_service *svc)
{
	bool mine = txn_enter();

	return txn_leave(mine, service_del(svc));
}

int
lb_services_flush(void)
{
	bool mine = txn_enter();
	struct lb_service *svc;
	int err = EDPVS_OK;

	while (!err && (svc = lb_service_next(NULL)))
		err = service_del(svc);
	return txn_leave(mine, err);
}

void
lb_service_end(struct lb_service *svc)
{
	struct lb_key key = lb_key_of(svc);

	lb_owners_leave(svc);
	if (svc->kind != LB_SERVICE_MATCH && svc->known)
		lb_key_remove(&key);
	/* Connections that go on pass unlimited. */
	if (svc->attrs && lb_limits(svc->attrs->limit_proportion))
		net_generation_advance();
	lb_check_forget(svc);
	index_remove(svc);
	lb_dests_orphan(svc);
	lb_laddrs_drop(svc);
	rcu_retire(service_free, svc);
}

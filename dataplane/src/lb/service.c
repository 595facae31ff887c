/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual services: the key table that workers read, and the lists of the control lcore.
 *
 * Address services are in a lock-free rte_hash; a second one counts services per (family, protocol, address).
 * A key that was deleted keeps its place in the hash until all workers have passed a quiescent point, because
 * one may be comparing it.
 */
#include "lb_control.h"

#include <stdlib.h>
#include <string.h>
#include <rte_hash.h>
#include <rte_lcore.h>

#include "core/errors.h"
#include "core/log.h"
#include "core/rcu.h"

enum {
	HASH_ENTRIES = 2 * (LB_SERVICES_MAX + 1)
}; /* half full at most, and room for keys not yet given back */

static struct rte_hash *keys, *vips;
static struct lb_service_list lists[LB_SERVICE_KINDS];
static unsigned count;

static struct rte_hash *
hash_new(const char *name)
{
	struct rte_hash_parameters p = {.name = name,
					.entries = HASH_ENTRIES,
					.key_len = sizeof(struct lb_key),
					.socket_id = (int)rte_socket_id(),
					.extra_flag = RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF};

	return rte_hash_create(&p);
}

int
lb_services_init(void)
{
	for (int i = 0; i < LB_SERVICE_KINDS; i++)
		TAILQ_INIT(&lists[i]);
	count = 0;
	keys = hash_new("lb_services");
	vips = hash_new("lb_vips");
	if (!keys || !vips) {
		log_err("lb", "no memory for the table of virtual services: give the EAL more memory (-m)");
		lb_services_fini();
		return EDPVS_NOMEM;
	}
	return EDPVS_OK;
}

void
lb_services_fini(void)
{
	rte_hash_free(keys);
	rte_hash_free(vips);
	keys = vips = NULL;
}

/* ---- what workers ask ---- */

struct lb_service *
lb_service_lookup(const struct lb_key *key)
{
	void *svc;

	return rte_hash_lookup_data(keys, key, &svc) >= 0 ? svc : NULL;
}

static struct lb_key
vip_key(uint8_t af, uint8_t proto, const union inet_ip *vip)
{
	return (struct lb_key){.vip = *vip, .af = af, .proto = proto};
}

bool
lb_vip_exists(uint8_t af, uint8_t proto, const union inet_ip *vip)
{
	struct lb_key key = vip_key(af, proto, vip);

	return rte_hash_lookup(vips, &key) >= 0;
}

/* ---- hashes ---- */

static void
keys_release(void *pos)
{
	rte_hash_free_key_with_position(keys, (int32_t)(intptr_t)pos);
}

static void
vips_release(void *pos)
{
	rte_hash_free_key_with_position(vips, (int32_t)(intptr_t)pos);
}

static void
hash_del(struct rte_hash *hash, const struct lb_key *key, void (*release)(void *pos))
{
	int32_t pos = rte_hash_del_key(hash, key);

	if (pos >= 0)
		rcu_retire(release, (void *)(intptr_t)pos);
}

/* The data of a VIP is the number of its services. */
static int
vip_get(const struct lb_key *svc)
{
	struct lb_key key = vip_key(svc->af, svc->proto, &svc->vip);
	void *n = NULL;

	if (rte_hash_lookup_data(vips, &key, &n) < 0)
		n = NULL;
	return rte_hash_add_key_data(vips, &key, (void *)((uintptr_t)n + 1));
}

static void
vip_put(const struct lb_key *svc)
{
	struct lb_key key = vip_key(svc->af, svc->proto, &svc->vip);
	void *n = NULL;

	if (rte_hash_lookup_data(vips, &key, &n) < 0)
		return;
	if ((uintptr_t)n > 1)
		rte_hash_add_key_data(vips, &key, (void *)((uintptr_t)n - 1));
	else
		hash_del(vips, &key, vips_release);
}

static int
keys_add(struct lb_service *svc)
{
	if (svc->kind != LB_SERVICE_ADDRESS)
		return EDPVS_OK;
	if (vip_get(&svc->key))
		return EDPVS_RESOURCE;
	if (rte_hash_add_key_data(keys, &svc->key, svc)) {
		vip_put(&svc->key);
		return EDPVS_RESOURCE;
	}
	return EDPVS_OK;
}

/* ---- lists ---- */

static bool
same_name(const struct lb_service *svc, const struct lb_service_id *id)
{
	if (svc->key.af != id->key.af)
		return false;
	if (id->kind == LB_SERVICE_FWMARK)
		return svc->fwmark == id->fwmark;
	return svc->key.proto == id->key.proto && memcmp(svc->match, id->match, sizeof(id->match)) == 0;
}

struct lb_service *
lb_service_find(const struct lb_service_id *id)
{
	struct lb_service *svc;

	if (id->kind == LB_SERVICE_ADDRESS)
		return lb_service_lookup(&id->key);
	TAILQ_FOREACH (svc, &lists[id->kind], next)
		if (same_name(svc, id))
			return svc;
	return NULL;
}

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

/* ---- changes ---- */

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

static struct lb_attrs *
attrs_new(const struct lb_service_conf *conf)
{
	struct lb_attrs *attrs = malloc(sizeof(*attrs));

	if (attrs)
		*attrs = conf->attrs;
	return attrs;
}

static void
conf_store(struct lb_service *svc, const struct lb_service_conf *conf)
{
	memcpy(svc->sched_name, conf->sched_name, sizeof(svc->sched_name));
	memcpy(svc->check_config, conf->check_config, sizeof(svc->check_config));
	svc->bps = conf->bps;
}

static struct lb_service *
service_new(const struct lb_service_id *id, const struct lb_service_conf *conf, const struct lb_sched *sched)
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
	conf_store(svc, conf);
	svc->attrs = attrs_new(conf);
	svc->gone = calloc(nworkers, sizeof(*svc->gone));
	svc->state = aligned_alloc(RTE_CACHE_LINE_SIZE, state_bytes);
	if (!svc->attrs || !svc->gone || !svc->state || lb_laddrs_publish(svc) ||
	    lb_dests_publish(svc, sched, conf->attrs.flags)) {
		service_free(svc);
		return NULL;
	}
	memset(svc->state, 0, state_bytes);
	return svc;
}

int
lb_service_add(const struct lb_service_id *id, const struct lb_service_conf *conf)
{
	const struct lb_sched *sched = lb_sched_find(conf->sched_name);
	struct lb_service *svc;
	int err;

	if (lb_service_find(id))
		return EDPVS_EXIST;
	if (!sched)
		return EDPVS_NOTEXIST;
	if (count == LB_SERVICES_MAX)
		return EDPVS_RESOURCE;
	svc = service_new(id, conf, sched);
	if (!svc)
		return EDPVS_NOMEM;
	err = keys_add(svc);
	if (err) {
		service_free(svc);
		return err;
	}
	TAILQ_INSERT_TAIL(&lists[svc->kind], svc, next);
	count++;
	return EDPVS_OK;
}

int
lb_service_edit(struct lb_service *svc, const struct lb_service_conf *conf)
{
	const struct lb_sched *sched = lb_sched_find(conf->sched_name);
	struct lb_attrs *attrs, *old = svc->attrs;
	/* A set is built anew only when the scheduler sees a difference, because workers then start from the
	 * beginning. */
	bool rebuild =
	    sched && (sched != svc->dests->sched || (sched->build && conf->attrs.flags != old->flags));
	int err;

	if (!sched)
		return EDPVS_NOTEXIST;
	attrs = attrs_new(conf);
	if (!attrs)
		return EDPVS_NOMEM;
	err = rebuild ? lb_dests_publish(svc, sched, conf->attrs.flags) : EDPVS_OK;
	if (err) {
		free(attrs);
		return err;
	}
	conf_store(svc, conf);
	rcu_publish(svc->attrs, attrs);
	rcu_retire(free, old);
	return EDPVS_OK;
}

void
lb_service_del(struct lb_service *svc)
{
	if (svc->kind == LB_SERVICE_ADDRESS) {
		hash_del(keys, &svc->key, keys_release);
		vip_put(&svc->key);
	}
	TAILQ_REMOVE(&lists[svc->kind], svc, next);
	count--;
	lb_dests_orphan(svc);
	lb_laddrs_drop(svc);
	rcu_retire(service_free, svc);
}

void
lb_services_flush(void)
{
	struct lb_service *svc;

	while ((svc = lb_service_next(NULL)))
		lb_service_del(svc);
}

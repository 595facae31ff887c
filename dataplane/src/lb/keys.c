/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key table that workers read: address services in a lock-free rte_hash, and a second one that counts
 * services per (family, protocol, address).
 *
 * A place is reserved by entering the key with no service, or a count of zero, which workers take for nothing
 * found; giving it its data afterwards cannot fail. A key that was deleted keeps its place until all workers
 * have passed a quiescent point, because one may be comparing it.
 */
#include "lb_control.h"

#include <rte_branch_prediction.h>
#include <rte_hash.h>
#include <rte_lcore.h>

#include "core/errors.h"
#include "core/log.h"
#include "core/rcu.h"

/* Half full at most, and room for keys not yet given back. */
enum { HASH_ENTRIES = 2 * (LB_SERVICES_MAX + 1) };

static struct rte_hash *keys, *vips;
/* Services of port 0, which are for all ports of their address that have no service of their own. */
static uint32_t any_port;

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
lb_keys_init(void)
{
	keys = hash_new("lb_services");
	vips = hash_new("lb_vips");
	if (!keys || !vips) {
		log_err("lb", "no memory for the table of virtual services: give the EAL more memory (-m)");
		lb_keys_fini();
		return EDPVS_NOMEM;
	}
	return EDPVS_OK;
}

void
lb_keys_fini(void)
{
	rte_hash_free(keys);
	rte_hash_free(vips);
	keys = vips = NULL;
	any_port = 0;
}

/* ---- what workers ask ---- */

struct lb_service *
lb_service_lookup(const struct lb_key *key)
{
	struct lb_key any;
	void *svc;

	if (likely(rte_hash_lookup_data(keys, key, &svc) >= 0 && svc))
		return svc;
	if (likely(__atomic_load_n(&any_port, __ATOMIC_RELAXED) == 0))
		return NULL;
	any = *key;
	any.vport_be = 0;
	return rte_hash_lookup_data(keys, &any, &svc) >= 0 ? svc : NULL;
}

/* Services of a mark lie in the same table: no packet has protocol 0. Their port is not 0, which would be
 * any. */
static struct lb_key
fwmark_key(uint8_t af, uint32_t mark)
{
	return (struct lb_key){.vip = {.w = {mark}}, .vport_be = UINT16_MAX, .af = af};
}

struct lb_service *
lb_fwmark_lookup(uint8_t af, uint32_t mark)
{
	struct lb_key key = fwmark_key(af, mark);

	return lb_service_lookup(&key);
}

struct lb_key
lb_key_of(const struct lb_service *svc)
{
	return svc->kind == LB_SERVICE_FWMARK ? fwmark_key(svc->key.af, svc->fwmark) : svc->key;
}

static struct lb_key
vip_key(uint8_t af, uint8_t proto, const union inet_ip *vip)
{
	return (struct lb_key){.vip = *vip, .af = af, .proto = proto};
}

/* The data of a VIP is the number of its services. */
static uintptr_t
vip_count(const struct lb_key *vip)
{
	void *n;

	return rte_hash_lookup_data(vips, vip, &n) >= 0 ? (uintptr_t)n : 0;
}

bool
lb_vip_exists(uint8_t af, uint8_t proto, const union inet_ip *vip)
{
	struct lb_key key = vip_key(af, proto, vip);

	return vip_count(&key) > 0;
}

/* ---- changes ---- */

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

int
lb_key_reserve(const struct lb_key *key)
{
	struct lb_key vip = vip_key(key->af, key->proto, &key->vip);

	if (rte_hash_lookup(vips, &vip) < 0 && rte_hash_add_key_data(vips, &vip, NULL))
		return EDPVS_RESOURCE;
	if (rte_hash_add_key_data(keys, key, NULL)) {
		lb_key_release(key);
		return EDPVS_RESOURCE;
	}
	return EDPVS_OK;
}

void
lb_key_release(const struct lb_key *key)
{
	struct lb_key vip = vip_key(key->af, key->proto, &key->vip);

	hash_del(keys, key, keys_release);
	if (vip_count(&vip) == 0)
		hash_del(vips, &vip, vips_release);
}

void
lb_key_publish(struct lb_service *svc)
{
	struct lb_key key = lb_key_of(svc), vip = vip_key(key.af, key.proto, &key.vip);

	rte_hash_add_key_data(vips, &vip, (void *)(vip_count(&vip) + 1));
	if (key.vport_be == 0)
		__atomic_store_n(&any_port, any_port + 1, __ATOMIC_RELAXED);
	rte_hash_add_key_data(keys, &key, svc);
}

void
lb_key_remove(const struct lb_key *key)
{
	struct lb_key vip = vip_key(key->af, key->proto, &key->vip);
	uintptr_t n = vip_count(&vip);

	hash_del(keys, key, keys_release);
	if (key->vport_be == 0)
		__atomic_store_n(&any_port, any_port - 1, __ATOMIC_RELAXED);
	if (n > 1)
		rte_hash_add_key_data(vips, &vip, (void *)(n - 1));
	else
		hash_del(vips, &vip, vips_release);
}

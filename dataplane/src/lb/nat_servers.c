/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real servers that answer clients through us (NAT): their replies are for an address of somebody else, so
 * they are known by where they come from. With several workers that tells which one has the connection: the
 * data of a server are the rules of all services that it serves (owner.h).
 *
 * The table is made with the first such server and lives as long as the daemon.
 */
#include "lb_control.h"
#include "owner.h"

#include <rte_branch_prediction.h>
#include <rte_hash.h>
#include <rte_lcore.h>

#include "core/errors.h"
#include "core/rcu.h"

enum { SERVERS_MAX = 1 << 17 }; /* servers and their addresses */

_Static_assert(sizeof(uintptr_t) == sizeof(uint64_t), "rules are kept in place of a pointer");

static struct rte_hash *servers;
/* Servers of port 0, which answer from any port. */
static uint32_t any_port;
static bool any_proto; /* there was a server of a service of a mark, which may answer in any protocol */

/* The rules of a key; 0: it is not there. */
static uint64_t
rules_of(const struct rte_hash *hash, const struct lb_key *key)
{
	void *data;

	return rte_hash_lookup_data(hash, key, &data) >= 0 ? (uintptr_t)data : 0;
}

static uint64_t
rules_any_port(const struct rte_hash *hash, const struct lb_key *key)
{
	uint64_t owners = rules_of(hash, key);

	if (__atomic_load_n(&any_port, __ATOMIC_RELAXED)) {
		struct lb_key any = *key;

		/* What the port answers may belong to either. */
		any.vport_be = 0;
		owners = lb_owners_join(rules_of(hash, &any), owners);
	}
	return owners;
}

bool
lb_nat_server(const struct lb_key *key, uint64_t *owners)
{
	struct rte_hash *hash = rcu_read(servers);

	if (!hash)
		return false;
	*owners = rules_any_port(hash, key);
	if (unlikely(__atomic_load_n(&any_proto, __ATOMIC_RELAXED))) {
		struct lb_key any = *key;

		any.proto = 0;
		any.zero = LB_NAT_ANY_PROTO;
		*owners = lb_owners_join(rules_any_port(hash, &any), *owners);
	}
	return *owners != 0;
}

static void
release(void *pos)
{
	rte_hash_free_key_with_position(servers, (int32_t)(intptr_t)pos);
}

static void
key_remove(const struct lb_key *key)
{
	int32_t pos = rte_hash_del_key(servers, key);

	if (pos >= 0)
		rcu_retire(release, (void *)(intptr_t)pos);
}

/* Addresses are entries of their own, without port and protocol; their data counts the servers there. */
static struct lb_key
address_key(int af, const union inet_ip *ip)
{
	return (struct lb_key){.vip = *ip, .af = (uint8_t)af};
}

bool
lb_nat_server_addr(int af, const union inet_ip *ip)
{
	struct lb_key key = address_key(af, ip);
	uint64_t servers_there;

	return lb_nat_server(&key, &servers_there);
}

/* Changes the number of servers at the address of a server by one. */
static int
address_count(const struct lb_key *server, int by)
{
	struct lb_key key = address_key(server->af, &server->vip);
	void *data = NULL;
	intptr_t n;

	if (rte_hash_lookup_data(servers, &key, &data) < 0)
		data = NULL;
	n = (intptr_t)data + by;
	if (n > 0)
		return rte_hash_add_key_data(servers, &key, (void *)n) < 0 ? EDPVS_RESOURCE : EDPVS_OK;
	key_remove(&key);
	return EDPVS_OK;
}

int
lb_nat_server_add(const struct lb_key *key)
{
	if (!servers) {
		struct rte_hash_parameters p = {.name = "lb_nat_servers",
						.entries = SERVERS_MAX,
						.key_len = sizeof(*key),
						.socket_id = (int)rte_socket_id(),
						.extra_flag = RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF};
		struct rte_hash *hash = rte_hash_create(&p);

		if (!hash)
			return EDPVS_NOMEM;
		rcu_publish(servers, hash);
	}
	lb_owners_distinguish();
	if (key->zero == LB_NAT_ANY_PROTO)
		__atomic_store_n(&any_proto, true, __ATOMIC_RELAXED);
	if (rte_hash_lookup(servers, key) >= 0)
		return EDPVS_OK;
	if (rte_hash_add_key_data(servers, key, (void *)(uintptr_t)LB_OWNER_HASH))
		return EDPVS_RESOURCE;
	if (address_count(key, 1)) {
		key_remove(key);
		return EDPVS_RESOURCE;
	}
	if (key->vport_be == 0)
		__atomic_store_n(&any_port, any_port + 1, __ATOMIC_RELAXED);
	return EDPVS_OK;
}

void
lb_nat_server_owners(const struct lb_key *key, uint64_t owners)
{
	uint64_t before = rules_of(servers, key), after = lb_owners_join(before, owners);

	/* A key that is there only gets new data, for which there is always room. */
	if (before && after != before)
		rte_hash_add_key_data(servers, key, (void *)(uintptr_t)after);
}

void
lb_nat_server_del(const struct lb_key *key)
{
	if (!servers || rte_hash_lookup(servers, key) < 0)
		return;
	if (key->vport_be == 0)
		__atomic_store_n(&any_port, any_port - 1, __ATOMIC_RELAXED);
	key_remove(key);
	address_count(key, -1);
}

void
lb_nat_servers_fini(void)
{
	rte_hash_free(servers);
	servers = NULL;
	any_port = 0;
}

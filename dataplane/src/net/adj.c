/* SPDX-License-Identifier: Apache-2.0 */
#include "adj.h"

#include <stdlib.h>
#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_hash.h>
#include <rte_jhash.h>
#include <rte_malloc.h>
#include <rte_random.h>

#include "core/errors.h"
#include "core/log.h"

struct adj_key {
	union inet_ip ip;
	uint16_t port;
	uint16_t af;
	uint32_t zero;
};

/* What only the control lcore needs. */
struct adj_cold {
	uint64_t written_tsc;
	int32_t hash_pos;
};

struct adj *net_adjs;
uint32_t net_adj_count;
volatile uint32_t net_generation;
volatile bool net_routes_narrow;

static struct rte_hash *hash;
static struct adj_cold *cold;
static uint32_t *free_ring; /* first in first out */
static uint32_t free_head, free_count;

static struct adj_key
key_of(int af, const union inet_ip *ip, uint16_t port)
{
	return (struct adj_key){.ip = *ip, .port = port, .af = (uint16_t)af};
}

int
adj_init(void)
{
	struct rte_hash_parameters params = {
	    .name = "neighbours",
	    .entries = ADJ_MAX_DEFAULT,
	    .key_len = sizeof(struct adj_key),
	    .hash_func = rte_jhash,
	    .hash_func_init_val = (uint32_t)rte_rand(), /* nobody can aim at one bucket */
	    .socket_id = SOCKET_ID_ANY,
	    .extra_flag = RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF,
	};

	net_adj_count = ADJ_MAX_DEFAULT;
	net_adjs = rte_zmalloc("net_adjs", sizeof(*net_adjs) * net_adj_count, RTE_CACHE_LINE_SIZE);
	cold = calloc(net_adj_count, sizeof(*cold));
	free_ring = calloc(net_adj_count, sizeof(*free_ring));
	hash = rte_hash_create(&params);
	if (!net_adjs || !cold || !free_ring || !hash) {
		log_err("net",
			"no memory for the neighbour table (%s): it needs 12 MiB, give the EAL more (-m or "
			"hugepages)",
			rte_strerror(rte_errno));
		adj_fini();
		return EDPVS_NOMEM;
	}
	free_head = free_count = 0;
	for (uint32_t i = 1; i < net_adj_count; i++)
		free_ring[free_count++] = i;
	return EDPVS_OK;
}

void
adj_fini(void)
{
	rte_hash_free(hash);
	hash = NULL;
	rte_free(net_adjs);
	net_adjs = NULL;
	free(cold);
	cold = NULL;
	free(free_ring);
	free_ring = NULL;
	net_adj_count = 0;
}

uint32_t
adj_new(int af, const union inet_ip *ip, uint16_t port)
{
	struct adj_key key = key_of(af, ip, port);
	uint32_t index;
	struct adj *a;

	if (free_count == 0)
		return ADJ_NONE;
	index = free_ring[free_head];
	a = &net_adjs[index];
	memset(a, 0, sizeof(*a));
	a->port = port;
	a->af = (uint8_t)af;
	a->ip = *ip;
	cold[index].written_tsc = 0;
	if (rte_hash_add_key_data(hash, &key, (void *)(uintptr_t)index))
		return ADJ_NONE;
	cold[index].hash_pos = rte_hash_lookup(hash, &key);
	free_head = (free_head + 1) % net_adj_count;
	free_count--;
	return index;
}

static void
adj_free(void *arg)
{
	uint32_t index = (uint32_t)(uintptr_t)arg;

	if (!hash)
		return; /* freed after adj_fini() */
	rte_hash_free_key_with_position(hash, cold[index].hash_pos);
	free_ring[(free_head + free_count++) % net_adj_count] = index;
}

void
adj_delete(uint32_t adj)
{
	struct adj *a = &net_adjs[adj];
	struct adj_key key = key_of(a->af, &a->ip, a->port);

	adj_unresolve(adj);
	rte_hash_del_key(hash, &key);
	rcu_retire(adj_free, (void *)(uintptr_t)adj);
}

uint32_t
adj_find(int af, const union inet_ip *ip, uint16_t port)
{
	struct adj_key key = key_of(af, ip, port);
	void *data = NULL;

	return rte_hash_lookup_data(hash, &key, &data) < 0 ? (uint32_t)ADJ_NONE : (uint32_t)(uintptr_t)data;
}

bool
adj_resolve(uint32_t adj, const struct rte_ether_addr *mac)
{
	struct adj *a = &net_adjs[adj];
	uint64_t now = rte_rdtsc();
	uint32_t next = (a->cur + 1) & 1;
	uint16_t type = rte_cpu_to_be_16(a->af == INET_AF_V6 ? RTE_ETHER_TYPE_IPV6 : RTE_ETHER_TYPE_IPV4);

	/* Real time, not the daemon's clock: this is about workers in the middle of a copy. */
	if (now - cold[adj].written_tsc < rte_get_tsc_hz() / 1000)
		return false;
	memcpy(a->hdr[next], mac->addr_bytes, 6);
	memcpy(a->hdr[next] + 6, ports[a->port]->mac.addr_bytes, 6);
	memcpy(a->hdr[next] + 12, &type, 2);
	__atomic_store_n(&a->cur, next, __ATOMIC_RELEASE);
	cold[adj].written_tsc = now;
	if (!a->valid) {
		__atomic_store_n(&a->valid, 1, __ATOMIC_RELEASE);
		net_generation++;
	}
	return true;
}

void
adj_unresolve(uint32_t adj)
{
	if (!net_adjs[adj].valid)
		return;
	__atomic_store_n(&net_adjs[adj].valid, 0, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* whoever sees the new generation sees the invalid entry */
	net_generation++;
}

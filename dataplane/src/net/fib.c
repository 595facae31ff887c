/* SPDX-License-Identifier: Apache-2.0 */
#include "fib.h"

#include <errno.h>
#include <rte_byteorder.h>
#include <rte_errno.h>
#include <rte_fib.h>
#include <rte_fib6.h>
#include <rte_malloc.h>

#include "core/conf.h"
#include "core/errors.h"
#include "core/log.h"

enum {
	TBL8_V4 = 4096, /* second-level blocks: prefixes longer than /24, 512 bytes each */
	TBL8_V6_MIN = 4096,
	TBL8_V6_MAX = 32766, /* what 15-bit entries can name */
};

static struct rte_fib *fib4;
static struct rte_fib6 *fib6;
static struct fib_hop *hops;
static uint32_t default_v4, default_v6; /* published next hop of 0.0.0.0/0 and ::/0 */

/* Free indices, first in first out, so that an index rests as long as possible before it is used again. */
static uint16_t free_ring[FIB_HOPS_MAX];
static uint32_t free_head, free_count;

static int
tables_create(void)
{
	struct rte_fib_conf c4 = {.type = RTE_FIB_DIR24_8,
				  .default_nh = FIB_NONE,
				  .max_routes = FIB_HOPS_MAX,
				  .dir24_8 = {.nh_sz = RTE_FIB_DIR24_8_2B, .num_tbl8 = TBL8_V4}};
	struct rte_fib6_conf c6 = {.type = RTE_FIB6_TRIE,
				   .default_nh = FIB_NONE,
				   .max_routes = FIB_HOPS_MAX,
				   .trie = {.nh_sz = RTE_FIB6_TRIE_2B, .num_tbl8 = TBL8_V6_MIN}};

	if (conf.ipv6.lpm6_num_tbl8s > TBL8_V6_MIN)
		c6.trie.num_tbl8 = (uint32_t)RTE_MIN(conf.ipv6.lpm6_num_tbl8s, (int)TBL8_V6_MAX);
	fib4 = rte_fib_create("net4", SOCKET_ID_ANY, &c4);
	fib6 = rte_fib6_create("net6", SOCKET_ID_ANY, &c6);
	hops = rte_zmalloc("fib_hops", sizeof(*hops) * FIB_HOPS_MAX, RTE_CACHE_LINE_SIZE);
	return fib4 && fib6 && hops ? EDPVS_OK : EDPVS_NOMEM;
}

int
fib_init(void)
{
	if (tables_create()) {
		log_err("net",
			"no memory for the route tables (%s): they need 70 MiB, give the EAL more (-m or "
			"hugepages)",
			rte_strerror(rte_errno));
		fib_fini();
		return EDPVS_NOMEM;
	}
	free_head = free_count = 0;
	for (uint32_t i = 1; i < FIB_HOPS_MAX; i++)
		free_ring[free_count++] = (uint16_t)i;
	default_v4 = default_v6 = FIB_NONE;
	return EDPVS_OK;
}

void
fib_fini(void)
{
	rte_fib_free(fib4);
	rte_fib6_free(fib6);
	rte_free(hops);
	fib4 = NULL;
	fib6 = NULL;
	hops = NULL;
}

uint32_t
fib_hop_new(const struct fib_hop *hop)
{
	uint32_t index;

	if (free_count == 0)
		return FIB_NONE;
	index = free_ring[free_head];
	free_head = (free_head + 1) % FIB_HOPS_MAX;
	free_count--;
	hops[index] = *hop;
	return index;
}

static void
hop_free(void *arg)
{
	free_ring[(free_head + free_count++) % FIB_HOPS_MAX] = (uint16_t)(uintptr_t)arg;
}

void
fib_hop_release(uint32_t index)
{
	if (index != FIB_NONE)
		rcu_retire(hop_free, (void *)(uintptr_t)index);
}

static int
set_v4(const union inet_ip *prefix, unsigned plen, uint32_t hop)
{
	uint32_t ip = rte_be_to_cpu_32(prefix->v4);

	return hop ? rte_fib_add(fib4, ip, (uint8_t)plen, hop) : rte_fib_delete(fib4, ip, (uint8_t)plen);
}

static int
set_v6(const union inet_ip *prefix, unsigned plen, uint32_t hop)
{
	return hop ? rte_fib6_add(fib6, (const void *)prefix->b, (uint8_t)plen, hop)
		   : rte_fib6_delete(fib6, (const void *)prefix->b, (uint8_t)plen);
}

int
fib_set(int af, const union inet_ip *prefix, unsigned plen, uint32_t hop)
{
	int rc = 0;

	if (plen == 0)
		__atomic_store_n(af == INET_AF_V6 ? &default_v6 : &default_v4, hop, __ATOMIC_RELEASE);
	else
		rc = af == INET_AF_V6 ? set_v6(prefix, plen, hop) : set_v4(prefix, plen, hop);
	if (rc == 0)
		return EDPVS_OK;
	return rc == -ENOSPC || rc == -ENOMEM ? EDPVS_NOMEM : EDPVS_DPDKAPIFAIL;
}

const struct fib_hop *
fib_lookup(int af, const union inet_ip *dst)
{
	uint64_t hop = FIB_NONE;

	if (af == INET_AF_V6) {
		union inet_ip ip = *dst;

		rte_fib6_lookup_bulk(fib6, (void *)&ip, &hop, 1);
		if (hop == FIB_NONE)
			hop = __atomic_load_n(&default_v6, __ATOMIC_ACQUIRE);
	} else {
		uint32_t ip = rte_be_to_cpu_32(dst->v4);

		rte_fib_lookup_bulk(fib4, &ip, &hop, 1);
		if (hop == FIB_NONE)
			hop = __atomic_load_n(&default_v4, __ATOMIC_ACQUIRE);
	}
	return hop == FIB_NONE ? NULL : &hops[hop];
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that show the memory of the DPDK environment: segments, zones, rings, pools (7401 to 7404). */
#include "port_setup.h"

#include <stdio.h>
#include <string.h>
#include <rte_eal_memconfig.h>
#include <rte_malloc.h>
#include <rte_memory.h>
#include <rte_mempool.h>
#include <rte_memzone.h>
#include <rte_ring.h>
#include <rte_tailq.h>

#include "abi/ealmem.h"

enum { SEGMENTS_MAX = 512 /* of one reply, as old tools have it */ };

/* A list on its way into a reply. The first failure ends it. */
struct listing {
	struct ctrl_reply *reply;
	int rc;
	uint32_t n;
	uint64_t free_len[RTE_MAX_NUMA_NODES]; /* of the heap of each NUMA node, bytes */
};

static void
add(struct listing *l, const void *row, size_t size)
{
	if (l->rc)
		return;
	l->rc = reply_copy(l->reply, row, size);
	l->n += l->rc == EDPVS_OK;
}

static void
copy_name(char out[32], const char *name)
{
	snprintf(out, 32, "%s", name);
}

/* A reply begins with the number of its rows, in 32 bits at offset 0 of a head of this size. */
static int
begin(struct listing *l, struct ctrl_reply *reply, size_t head)
{
	memset(l, 0, sizeof(*l));
	l->reply = reply;
	return ctrl_reply_add(reply, head) ? EDPVS_OK : EDPVS_NOMEM;
}

static int
end(struct listing *l)
{
	if (!l->rc)
		memcpy(ctrl_reply_at(l->reply, 0), &l->n, sizeof(l->n));
	return l->rc;
}

/* ---- segments ---- */

static int
add_range(const struct rte_memseg_list *msl, const struct rte_memseg *ms, size_t len, void *arg)
{
	struct listing *l = arg;
	struct eal_mem_seg_ret_s row = {
	    .iova = ms->iova,
	    .virt_addr = ms->addr_64,
	    .len = len,
	    .hugepage_sz = ms->hugepage_sz,
	    .socket_id = ms->socket_id,
	    .nchannel = ms->nchannel,
	    .nrank = ms->nrank,
	};

	if (ms->socket_id >= 0 && ms->socket_id < RTE_MAX_NUMA_NODES)
		row.free_seg_len = l->free_len[ms->socket_id];
	if (l->n < SEGMENTS_MAX)
		add(l, &row, sizeof(row));
	return l->rc;
}

static int
add_segment(const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	return add_range(msl, ms, ms->len, arg);
}

static int
count_segment(const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	++*(unsigned *)arg;
	return 0;
}

/* Thousands of pages would say nothing: those that follow each other are one row then. */
static int
on_segments(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct listing l;
	unsigned pages = 0;

	if (begin(&l, reply, sizeof(struct eal_all_mem_seg_ret_s)))
		return EDPVS_NOMEM;
	for (int s = 0; s < RTE_MAX_NUMA_NODES; s++) {
		struct rte_malloc_socket_stats heap;

		if (rte_malloc_get_socket_stats(s, &heap) == 0)
			l.free_len[s] = heap.heap_freesz_bytes;
	}
	rte_memseg_walk(count_segment, &pages);
	if (pages > SEGMENTS_MAX)
		rte_memseg_contig_walk(add_range, &l);
	else
		rte_memseg_walk(add_segment, &l);
	return end(&l);
}

/* ---- zones ---- */

static void
add_zone(const struct rte_memzone *mz, void *arg)
{
	struct eal_mem_zone_ret_s row = {
	    .iova = mz->iova,
	    .virt_addr = mz->addr_64,
	    .len = mz->len,
	    .hugepage_sz = mz->hugepage_sz,
	    .socket_id = mz->socket_id,
	};

	copy_name(row.name, mz->name);
	add(arg, &row, sizeof(row));
}

static int
on_zones(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct listing l;

	if (begin(&l, reply, sizeof(struct eal_all_mem_zone_ret_s)))
		return EDPVS_NOMEM;
	rte_memzone_walk(add_zone, &l);
	return end(&l);
}

/* ---- rings ---- */

static void
add_ring(struct listing *l, const struct rte_ring *r)
{
	struct eal_mem_ring_ret_s row = {
	    .flags = r->flags,
	    .size = rte_ring_get_size(r),
	    .cons_tail = r->cons.tail,
	    .cons_head = r->cons.head,
	    .prod_tail = r->prod.tail,
	    .prod_head = r->prod.head,
	    .used = rte_ring_count(r),
	    .avail = rte_ring_free_count(r),
	};

	copy_name(row.name, r->name);
	add(l, &row, sizeof(row));
}

static int
on_rings(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct rte_tailq_head *head = rte_eal_tailq_lookup("RTE_RING");
	struct rte_tailq_entry *e;
	struct listing l;

	if (begin(&l, reply, sizeof(struct eal_all_mem_ring_ret_s)))
		return EDPVS_NOMEM;
	if (head) {
		rte_mcfg_tailq_read_lock();
		TAILQ_FOREACH (e, &head->tailq_head, next)
			add_ring(&l, e->data);
		rte_mcfg_tailq_read_unlock();
	}
	return end(&l);
}

/* ---- pools ---- */

static void
add_pool(struct rte_mempool *mp, void *arg)
{
	struct eal_mem_pool_ret_s row = {
	    .flags = mp->flags,
	    .size = mp->size,
	    .count = rte_mempool_avail_count(mp),
	    .elt_size = mp->elt_size,
	    .header_size = mp->header_size,
	    .trailer_size = mp->trailer_size,
	    .private_data_size = mp->private_data_size,
	};

	copy_name(row.name, mp->name);
	add(arg, &row, sizeof(row));
}

static int
on_pools(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct listing l;

	if (begin(&l, reply, sizeof(struct eal_all_mem_pool_ret_s)))
		return EDPVS_NOMEM;
	rte_mempool_walk(add_pool, &l);
	return end(&l);
}

void
ealmem_ctrl_register(void)
{
	ctrl_register(SOCKOPT_GET_EAL_MEM_SEG, on_segments);
	ctrl_register(SOCKOPT_GET_EAL_MEM_ZONE, on_zones);
	ctrl_register(SOCKOPT_GET_EAL_MEM_RING, on_rings);
	ctrl_register(SOCKOPT_GET_EAL_MEM_POOL, on_pools);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of the DPDK environment (ids 7401 to 7404). */
#ifndef ABI_EALMEM_H
#define ABI_EALMEM_H

#include "base.h"

/* A memory segment. */
struct eal_mem_seg_ret_s {
	uint64_t iova;
	uint64_t virt_addr;
	uint64_t len;
	uint64_t hugepage_sz; /* bytes */
	int32_t socket_id;
	uint32_t nchannel;
	uint32_t nrank;
	uint8_t pad0[4];
	uint64_t free_seg_len;
};
ABI_SIZE(struct eal_mem_seg_ret_s, 56);
ABI_OFFSET(struct eal_mem_seg_ret_s, free_seg_len, 48);

/* Head of the reply of id 7401; `seg_num` x eal_mem_seg_ret_s follow at offset 8. */
struct eal_all_mem_seg_ret_s {
	uint32_t seg_num;
	uint8_t pad0[4];
};
ABI_SIZE(struct eal_all_mem_seg_ret_s, 8);

/* A memory zone. */
struct eal_mem_zone_ret_s {
	char name[32];
	uint64_t iova;
	uint64_t virt_addr;
	uint64_t len;
	uint64_t hugepage_sz; /* bytes */
	int32_t socket_id;
	uint8_t pad0[4];
};
ABI_SIZE(struct eal_mem_zone_ret_s, 72);
ABI_OFFSET(struct eal_mem_zone_ret_s, socket_id, 64);

/* Head of the reply of id 7402; `zone_num` x eal_mem_zone_ret_s follow at offset 8. */
struct eal_all_mem_zone_ret_s {
	uint32_t zone_num;
	uint8_t pad0[4];
};
ABI_SIZE(struct eal_all_mem_zone_ret_s, 8);

/* A memory pool; sizes in bytes. */
struct eal_mem_pool_ret_s {
	char name[32];
	uint32_t flags;
	uint32_t size;	/* elements */
	uint32_t count; /* free elements */
	uint32_t elt_size;
	uint32_t header_size;
	uint32_t trailer_size;
	uint32_t private_data_size;
};
ABI_SIZE(struct eal_mem_pool_ret_s, 60);
ABI_OFFSET(struct eal_mem_pool_ret_s, private_data_size, 56);

/* Head of the reply of id 7404; `mempool_num` x eal_mem_pool_ret_s follow at offset 4. */
struct eal_all_mem_pool_ret_s {
	uint32_t mempool_num;
};
ABI_SIZE(struct eal_all_mem_pool_ret_s, 4);

/* A ring. */
struct eal_mem_ring_ret_s {
	char name[32];
	int32_t flags;
	uint32_t size;
	uint32_t cons_tail;
	uint32_t cons_head;
	uint32_t prod_tail;
	uint32_t prod_head;
	uint32_t used;
	uint32_t avail;
};
ABI_SIZE(struct eal_mem_ring_ret_s, 64);
ABI_OFFSET(struct eal_mem_ring_ret_s, avail, 60);

/* Head of the reply of id 7403; `ring_num` x eal_mem_ring_ret_s follow at offset 4. */
struct eal_all_mem_ring_ret_s {
	uint32_t ring_num;
};
ABI_SIZE(struct eal_all_mem_ring_ret_s, 4);

#endif

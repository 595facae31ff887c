/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sizes that the configuration leaves to the machine, and the packet pools made with them.
 */
#ifndef MAIN_SIZING_H
#define MAIN_SIZING_H

#include <rte_mempool.h>

/* What the machine offers and what is asked of it; bytes. */
struct sizing_input {
	uint64_t eal_memory;	/* what the EAL can still hand out, per NUMA node that is used */
	uint64_t system_memory; /* available ordinary memory */
	unsigned lcores;
	unsigned descriptors;  /* receive and transmit descriptors of all ports and queues together */
	unsigned buffer_bytes; /* one packet buffer with everything around it */
};

/* Packet buffers per NUMA node and connections in all, both 2^n-1. Pure. */
unsigned sizing_packet_buffers(const struct sizing_input *in);
unsigned sizing_connections(const struct sizing_input *in);

/* Fills in what the configuration leaves open and logs what was chosen. After the EAL is up, before the
 * pools. */
void sizing_apply(unsigned lcores);

/*
 * One pool per NUMA node that has lcores; nodes without point to another node's pool, so that every entry up
 * to RTE_MAX_NUMA_NODES can be used. 0 or a negative EDPVS code, logged.
 */
int pools_create(struct rte_mempool **pool_by_socket);

#endif

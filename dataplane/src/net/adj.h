/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The adjacency table and the hash from (address, port) to an adjacency. The control lcore writes; workers
 * look up.
 */
#ifndef NET_ADJ_H
#define NET_ADJ_H

#include "net/net.h"

int adj_init(void);
void adj_fini(void);

/* A new adjacency, not valid yet, that look-ups find from now on. ADJ_NONE when the table is full. */
uint32_t adj_new(int af, const union inet_ip *ip, uint16_t port);
/* Takes an adjacency out of the hash; the index is free again when no worker can use it any more. */
void adj_delete(uint32_t adj);
/* The adjacency of a neighbour, or ADJ_NONE. Any thread. */
uint32_t adj_find(int af, const union inet_ip *ip, uint16_t port);
/* Writes the header for a neighbour's MAC and makes the adjacency valid. False: the header was changed less
 * than a millisecond ago (a worker may be reading the other one): try again later. */
bool adj_resolve(uint32_t adj, const struct rte_ether_addr *mac);
void adj_unresolve(uint32_t adj);

static inline bool
adj_is_valid(uint32_t adj)
{
	return __atomic_load_n(&net_adjs[adj].valid, __ATOMIC_ACQUIRE) != 0;
}

#endif

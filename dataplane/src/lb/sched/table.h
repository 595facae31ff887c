/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table that maps hash values to destinations, made by the control lcore when a set is published; what the
 * hashing schedulers share.
 */
#ifndef LB_SCHED_TABLE_H
#define LB_SCHED_TABLE_H

#include "sched.h"

enum { SCHED_SLOT_NONE = UINT32_MAX };

struct sched_table {
	uint32_t flags;	 /* of the service, IP_VS_SVC_F_* */
	uint32_t size;	 /* slots */
	uint32_t slot[]; /* index in the set; SCHED_SLOT_NONE */
};

/* An address as 32 bits in host order: IPv4 as it is, IPv6 the exclusive or of its words. */
uint32_t sched_fold(uint8_t af, const union inet_ip *ip);

/* A table of size slots, all SCHED_SLOT_NONE; NULL: no memory. */
struct sched_table *sched_table_new(uint32_t size, uint32_t flags);

/* Fits sched->free. */
void sched_table_free(struct lb_dest_set *set);

/*
 * Fills a new table (a power of two of slots, at least 256 and four for each destination): destinations in
 * turn, each as often in a row as its share of all weights says, at least once unless its weight is 0; equal
 * shares when by_weight is false. 0 or EDPVS_NOMEM.
 */
int sched_table_fill(struct lb_dest_set *set, uint32_t service_flags, bool by_weight);

#endif

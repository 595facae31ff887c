/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules by which flows belong to workers. A list of up to eight fits into a number, the newest rule in the
 * low byte. Services keep the rules that they had, because connections stay with the worker that they were
 * opened on.
 */
#ifndef LB_OWNER_H
#define LB_OWNER_H

#include <stdint.h>
#include <rte_byteorder.h>

#include "base/inet.h"

enum {
	LB_OWNERS_MAX = sizeof(uint64_t),
	LB_OWNER_RULE_BITS = 8,
	/* The rules. */
	LB_OWNER_BASE =
	    1, /* as the device spreads flows, or by address and port of the client if it does not */
	LB_OWNER_HASH = 2,    /* by address and port of the client */
	LB_OWNER_NETWORK = 3, /* plus n: by the first n bits of the client's address, 0 to 128 */
};

/* The list with the rule as its newest; the oldest one goes when there is no room. */
static inline uint64_t
lb_owners_add(uint64_t list, uint8_t rule)
{
	uint64_t out = rule;
	unsigned at = LB_OWNER_RULE_BITS;

	for (; list && at < 64; list >>= LB_OWNER_RULE_BITS) {
		if ((uint8_t)list == rule)
			continue;
		out |= (uint64_t)(uint8_t)list << at;
		at += LB_OWNER_RULE_BITS;
	}
	return out;
}

/* The list, with the rules of another one as the newest. */
static inline uint64_t
lb_owners_join(uint64_t list, uint64_t newer)
{
	for (unsigned at = 64; at > 0;) {
		at -= LB_OWNER_RULE_BITS;
		if ((uint8_t)(newer >> at))
			list = lb_owners_add(list, (uint8_t)(newer >> at));
	}
	return list;
}

/* The rule of a persistent service: all clients that its mask (as in lb_attrs) takes for one have one worker.
 * A mask with holes counts up to its first hole. */
static inline uint8_t
lb_owner_network(uint8_t af, uint32_t netmask)
{
	uint32_t holes = ~rte_be_to_cpu_32(netmask);

	if (af == INET_AF_V6)
		return (uint8_t)(LB_OWNER_NETWORK + (netmask < 128 ? netmask : 128));
	return (uint8_t)(LB_OWNER_NETWORK + (holes ? __builtin_clz(holes) : 32));
}

#endif

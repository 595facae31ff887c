/* SPDX-License-Identifier: Apache-2.0 */
/* Variants that only the REST agent uses (ids 5 to 7, 22 to 27, 36 to 46). */
#ifndef ABI_AGENT_H
#define ABI_AGENT_H

#include "common.h"

/*
 * Head of ids 24 to 27: dp_vs_dest_table with wider cid and index. `num_dests` x dp_vs_dest_compat follow at
 * offset 148.
 */
struct dp_vs_dest_front {
	uint32_t af;
	uint16_t proto;
	abi_be16_t port;
	uint32_t fwmark;
	union inet_addr addr;
	uint32_t num_dests;
	struct dp_vs_match match;
	uint32_t cid;
	uint32_t index;
};
ABI_SIZE(struct dp_vs_dest_front, 148);
ABI_OFFSET(struct dp_vs_dest_front, addr, 12);
ABI_OFFSET(struct dp_vs_dest_front, match, 32);
ABI_OFFSET(struct dp_vs_dest_front, index, 144);

/* A local address, list element of ids 5 to 7. */
struct dp_vs_laddr_detail {
	uint32_t af;
	uint32_t conns;
	uint64_t nport_conflict;
	union inet_addr addr;
	char ifname[ABI_IFNAMSIZ];
};
ABI_SIZE(struct dp_vs_laddr_detail, 48);
ABI_OFFSET(struct dp_vs_laddr_detail, addr, 16);
ABI_OFFSET(struct dp_vs_laddr_detail, ifname, 32);

/* Head of ids 5 to 7; `count` x dp_vs_laddr_detail follow at offset 152. */
struct dp_vs_laddr_front {
	uint32_t af;
	uint32_t port; /* 16 bits in network order, in the low half */
	uint32_t proto;
	uint32_t fwmark;
	uint32_t cid;
	uint32_t count;
	union inet_addr addr;
	struct dp_vs_match match;
	uint8_t pad0[4];
};
ABI_SIZE(struct dp_vs_laddr_front, 152);
ABI_OFFSET(struct dp_vs_laddr_front, addr, 24);
ABI_OFFSET(struct dp_vs_laddr_front, match, 40);

/* List element of id 43. */
struct inet_addr_stats_detail {
	union inet_addr addr;
	uint32_t sa_used;
	uint32_t sa_free;
	uint32_t sa_miss;
};
ABI_SIZE(struct inet_addr_stats_detail, 28);
ABI_OFFSET(struct inet_addr_stats_detail, sa_miss, 24);

/*
 * Head of the reply of ids 42 and 43; `count` x inet_addr_entry or inet_addr_stats_detail follow at offset 4.
 */
struct inet_addr_front {
	int32_t count;
};
ABI_SIZE(struct inet_addr_front, 4);

#endif

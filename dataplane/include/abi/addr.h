/* SPDX-License-Identifier: Apache-2.0 */
/* Interface addresses and joined multicast groups (ids 47 to 52). */
#ifndef ABI_ADDR_H
#define ABI_ADDR_H

#include "common.h"

/* inet_addr_param.ifa_ops; set requests are told apart by message id, not by this. */
#define INET_ADDR_GET	1
#define INET_ADDR_ADD	2
#define INET_ADDR_DEL	3
#define INET_ADDR_MOD	4
#define INET_ADDR_FLUSH 5
#define INET_ADDR_SYNC	6

/* inet_addr_param.ifa_ops_flags. */
#define IFA_F_OPS_VERBOSE 0x1
#define IFA_F_OPS_STATS	  0x2

/* inet_addr_entry.flags. */
#define IFA_F_SAPOOL	0x10000
#define IFA_F_LINKLOCAL 0x20000

/* inet_addr_entry.scope. */
#define IFA_SCOPE_GLOBAL 0
#define IFA_SCOPE_SITE	 1
#define IFA_SCOPE_LINK	 2
#define IFA_SCOPE_HOST	 3
#define IFA_SCOPE_NONE	 255

/* An address of a device. */
struct inet_addr_entry {
	int32_t af;
	uint32_t valid_lft;    /* seconds; 0: for ever */
	uint32_t prefered_lft; /* seconds; 0: for ever */
	uint32_t flags;	       /* IFA_F_* */
	char ifname[ABI_IFNAMSIZ];
	union inet_addr bcast; /* broadcast address */
	union inet_addr addr;
	uint8_t plen;  /* bits */
	uint8_t scope; /* IFA_SCOPE_* */
	uint8_t cid;   /* lcore id, reply only */
	uint8_t nop;   /* 0 */
} ABI_PACKED;
ABI_SIZE(struct inet_addr_entry, 68);
ABI_OFFSET(struct inet_addr_entry, bcast, 32);
ABI_OFFSET(struct inet_addr_entry, addr, 48);
ABI_OFFSET(struct inet_addr_entry, nop, 67);

/* Use of the local-port pool of an address. */
struct inet_addr_stats {
	uint32_t sa_used; /* tuples in use */
	uint32_t sa_free; /* tuples left */
	uint32_t sa_miss; /* requests for a tuple that failed */
} ABI_PACKED;
ABI_SIZE(struct inet_addr_stats, 12);
ABI_OFFSET(struct inet_addr_stats, sa_miss, 8);

/* Request of ids 47 to 51. */
struct inet_addr_param {
	int32_t ifa_ops;	/* INET_ADDR_*; must be GET for id 51 */
	uint32_t ifa_ops_flags; /* IFA_F_OPS_* */
	struct inet_addr_entry ifa_entry;
} ABI_PACKED;
ABI_SIZE(struct inet_addr_param, 76);
ABI_OFFSET(struct inet_addr_param, ifa_entry, 8);

/* List element of id 51. */
struct inet_addr_data {
	struct inet_addr_entry ifa_entry;
	struct inet_addr_stats ifa_stats; /* zero unless asked for */
} ABI_PACKED;
ABI_SIZE(struct inet_addr_data, 80);
ABI_OFFSET(struct inet_addr_data, ifa_stats, 68);

/* Head of the reply of id 51; `naddr` x inet_addr_data follow at offset 12. */
struct inet_addr_data_array {
	int32_t ops;	    /* INET_ADDR_GET */
	uint32_t ops_flags; /* echo of the request's */
	int32_t naddr;
} ABI_PACKED;
ABI_SIZE(struct inet_addr_data_array, 12);
ABI_OFFSET(struct inet_addr_data_array, naddr, 8);

/* A multicast group that a device joined. */
struct inet_maddr_entry {
	char ifname[ABI_IFNAMSIZ];
	union inet_addr maddr;
	int32_t af;
	uint32_t flags;
	uint32_t refcnt;
} ABI_PACKED;
ABI_SIZE(struct inet_maddr_entry, 44);
ABI_OFFSET(struct inet_maddr_entry, maddr, 16);
ABI_OFFSET(struct inet_maddr_entry, refcnt, 40);

/* Head of the reply of id 52; `nmaddr` x inet_maddr_entry follow at offset 4. */
struct inet_maddr_array {
	int32_t nmaddr;
} ABI_PACKED;
ABI_SIZE(struct inet_maddr_array, 4);

#endif

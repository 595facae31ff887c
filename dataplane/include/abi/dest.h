/* SPDX-License-Identifier: Apache-2.0 */
/* Real servers of a service (ids 13 to 15 and 21). */
#ifndef ABI_DEST_H
#define ABI_DEST_H

#include "common.h"
#include "service.h"

/* dp_vs_dest_compat.fwdmode; also the low three bits of conn_flags. */
#define DPVS_FWD_MASQ	     0
#define DPVS_FWD_LOCALNODE   1
#define DPVS_FWD_MODE_TUNNEL 2
#define DPVS_FWD_MODE_DR     3
#define DPVS_FWD_MODE_BYPASS 4
#define DPVS_FWD_MODE_FNAT   5
#define DPVS_FWD_MODE_SNAT   6
#define DPVS_FWD_MODE_NAT    0

/* dp_vs_dest_compat.flags. */
#define DPVS_DEST_F_AVAILABLE 0x1
#define DPVS_DEST_F_OVERLOAD  0x2
#define DPVS_DEST_F_INHIBITED 0x4

/* A real server: second part of the body of ids 13 to 15, list element of 21 and 24. */
struct dp_vs_dest_compat {
	int32_t af; /* AF_INET or AF_INET6; may differ from the service's */
	abi_be16_t port;
	uint16_t proto;	 /* 0 in replies of id 21 */
	uint32_t weight; /* 0: no new connections */
	union inet_addr addr;
	uint16_t conn_flags;	  /* IP_VS_CONN_F_* */
	uint16_t flags;		  /* DPVS_DEST_F_* */
	int32_t fwdmode;	  /* DPVS_FWD_* */
	uint32_t max_conn;	  /* upper threshold of connections; 0: none */
	uint32_t min_conn;	  /* lower threshold */
	uint32_t actconns;	  /* active connections */
	uint32_t inactconns;	  /* inactive connections */
	uint32_t persistconns;	  /* templates */
	struct dp_vs_stats stats; /* reply only */
};
ABI_SIZE(struct dp_vs_dest_compat, 120);
ABI_OFFSET(struct dp_vs_dest_compat, addr, 12);
ABI_OFFSET(struct dp_vs_dest_compat, stats, 56);

/*
 * Request and head of the reply of id 21. `num_dests` x dp_vs_dest_compat follow at offset 144. The request
 * names the service and the number of real servers known from it.
 */
struct dp_vs_dest_table {
	int32_t af;
	uint16_t proto;
	abi_be16_t port;
	uint32_t fwmark;
	union inet_addr addr;
	uint32_t num_dests;
	struct dp_vs_match match;
	uint8_t cid;   /* lcore id, reply only */
	uint8_t index; /* lcore index; 0: master */
	uint8_t pad0[2];
};
ABI_SIZE(struct dp_vs_dest_table, 144);
ABI_OFFSET(struct dp_vs_dest_table, addr, 12);
ABI_OFFSET(struct dp_vs_dest_table, match, 32);
ABI_OFFSET(struct dp_vs_dest_table, index, 141);

/* Body of ids 13 to 15: the service by its key, then the real server. */
struct dp_vs_service_dest {
	struct dp_vs_service_compat svc;
	struct dp_vs_dest_compat dest;
};
ABI_SIZE(struct dp_vs_service_dest, 384);
ABI_OFFSET(struct dp_vs_service_dest, dest, 264);

#endif

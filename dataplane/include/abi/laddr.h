/* SPDX-License-Identifier: Apache-2.0 */
/* Local addresses of a FullNAT service (ids 0 to 3). */
#ifndef ABI_LADDR_H
#define ABI_LADDR_H

#include "common.h"

/* One local address of a service, reply of id 3. */
struct dp_vs_laddr_entry {
	int32_t af;
	union inet_addr addr;
	uint8_t pad0[4];
	uint64_t nport_conflict; /* connections for which it had no port; other daemons: 0 */
	uint32_t nconns;	 /* connections that use it */
	uint8_t pad1[4];
};
ABI_SIZE(struct dp_vs_laddr_entry, 40);
ABI_OFFSET(struct dp_vs_laddr_entry, addr, 4);
ABI_OFFSET(struct dp_vs_laddr_entry, nconns, 32);

/*
 * Body of ids 0 to 3 and head of the reply of 3; `nladdrs` x dp_vs_laddr_entry then follow at offset 184. The
 * first part names the service, the second the local address.
 */
struct dp_vs_laddr_conf {
	int32_t af_s; /* family of the service */
	uint8_t proto;
	uint8_t pad0[3];
	union inet_addr vaddr;
	abi_be16_t vport;
	uint8_t pad1[2];
	uint32_t fwmark;
	struct dp_vs_match match;
	uint8_t cid;   /* lcore id, reply only */
	uint8_t index; /* lcore index; 0: master */
	uint8_t pad2[2];
	int32_t af_l; /* family of the local address */
	union inet_addr laddr;
	char ifname[ABI_IFNAMSIZ]; /* device that owns the local address */
	int32_t nladdrs;	   /* reply only */
};
ABI_SIZE(struct dp_vs_laddr_conf, 184);
ABI_OFFSET(struct dp_vs_laddr_conf, vaddr, 8);
ABI_OFFSET(struct dp_vs_laddr_conf, match, 32);
ABI_OFFSET(struct dp_vs_laddr_conf, laddr, 148);
ABI_OFFSET(struct dp_vs_laddr_conf, nladdrs, 180);

#endif

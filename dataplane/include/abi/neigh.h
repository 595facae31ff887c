/* SPDX-License-Identifier: Apache-2.0 */
/* Neighbours: ARP and Neighbour Discovery entries (ids 70 to 72). */
#ifndef ABI_NEIGH_H
#define ABI_NEIGH_H

#include "common.h"

/* dp_vs_neigh_conf.state. */
#define DPVS_NUD_S_NONE	     0
#define DPVS_NUD_S_SEND	     1
#define DPVS_NUD_S_REACHABLE 2
#define DPVS_NUD_S_PROBE     3
#define DPVS_NUD_S_DELAY     4

/* dp_vs_neigh_conf.flag. */
#define NEIGHBOUR_HASHED 0x1
#define NEIGHBOUR_STATIC 0x2

/* A neighbour: request of ids 70 to 72, list element of 72. */
struct dp_vs_neigh_conf {
	int32_t af;
	uint32_t state; /* DPVS_NUD_S_* */
	union inet_addr ip_addr;
	struct abi_ether_addr eth_addr;
	uint32_t que_num; /* packets that wait for the address */
	char ifname[ABI_IFNAMSIZ];
	uint8_t flag; /* NEIGHBOUR_* */
	uint8_t cid;  /* lcore id, reply only */
} ABI_PACKED;
ABI_SIZE(struct dp_vs_neigh_conf, 52);
ABI_OFFSET(struct dp_vs_neigh_conf, ip_addr, 8);
ABI_OFFSET(struct dp_vs_neigh_conf, eth_addr, 24);
ABI_OFFSET(struct dp_vs_neigh_conf, cid, 51);

/* Head of the reply of id 72; `neigh_nums` x dp_vs_neigh_conf follow at offset 4. */
struct dp_vs_neigh_conf_array {
	int32_t neigh_nums;
} ABI_PACKED;
ABI_SIZE(struct dp_vs_neigh_conf_array, 4);

#endif

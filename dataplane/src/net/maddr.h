/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Multicast groups that ports have joined, which the multicast MAC filter follows. Control lcore
 * only.
 */
#ifndef NET_MADDR_H
#define NET_MADDR_H

#include <sys/queue.h>

#include "net/net.h"

struct maddr {
	TAILQ_ENTRY(maddr) next;
	struct port *port;
	union inet_ip ip; /* IPv6 group */
	uint32_t users;	  /* addresses that need it */
	struct rte_ether_addr mac;
};

TAILQ_HEAD(maddr_list, maddr);
extern struct maddr_list maddrs;

/* The groups of an IPv6 address: solicited-node, and with the port's first address all-nodes and all-routers.
 */
void maddr_join_for(struct port *p, const union inet_ip *ip);
void maddr_leave_for(struct port *p, const union inet_ip *ip);

/* 33:33 and the last four bytes (RFC 2464). */
struct rte_ether_addr maddr_mac(const union inet_ip *group);
/* ff02::1:ffXX:XXXX (RFC 4291). */
union inet_ip maddr_solicited_node(const union inet_ip *ip);
void maddr_fini(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What of IP goes to the kernel's interface, and what of that first. Worker. */
#ifndef NET_TO_KERNEL_H
#define NET_TO_KERNEL_H

#include "net/net.h"

enum { PROTO_IGMP = 2, PROTO_OSPF = 89, PROTO_PIM = 103, PROTO_VRRP = 112 };

/* An IP packet, m's data starts at its Ethernet header, for the interface of the port that it came to;
 * without one it is dropped for the given reason. Ownership passes. */
void net_to_kernel(struct worker *w, struct rte_mbuf *m, const struct pkt *p, enum drop_reason why);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "to_kernel.h"

#include "port/kernel.h"

/* Ports of routing protocols, either end: BGP (RFC 4271), LDP (RFC 5036), BFD (RFC 5881, 5883), RIP, RIPng.
 */
static bool
is_routing_port(uint8_t proto, uint16_t port)
{
	if (proto == PKT_PROTO_TCP)
		return port == 179 || port == 646;
	return port == 520 || port == 521 || port == 646 || port == 3784 || port == 3785 || port == 4784;
}

static enum kernel_class
class_of(const struct pkt *p)
{
	switch (p->proto) {
	case PROTO_IGMP:
	case PROTO_OSPF:
	case PROTO_PIM:
	case PROTO_VRRP:
		return KERNEL_ROUTING;
	case PKT_PROTO_TCP:
	case PKT_PROTO_UDP:
		if (p->flags & (PKT_F_FRAGMENT | PKT_F_L4_BAD))
			return KERNEL_BULK;
		return is_routing_port(p->proto, rte_be_to_cpu_16(p->sport)) ||
			       is_routing_port(p->proto, rte_be_to_cpu_16(p->dport))
			   ? KERNEL_ROUTING
			   : KERNEL_BULK;
	default:
		return KERNEL_BULK;
	}
}

void
net_to_kernel(struct worker *w, struct rte_mbuf *m, const struct pkt *p, enum drop_reason why)
{
	kernel_give(w, p->port, m, class_of(p), why);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "input.h"

#include "arp.h"
#include "lldp.h"
#include "packet/lldp.h"
#include "port/kernel.h"

void
net_input(struct worker *w, struct rte_mbuf *m, struct pkt *p)
{
	if (unlikely(p->cast == PKT_OTHERHOST)) {
		worker_drop(w, m, DROP_OTHER_HOST);
		return;
	}
	/* A tag that the device left in the frame, or took out of it. */
	if (unlikely(m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED ||
		     p->l3 - rte_pktmbuf_mtod(m, uint8_t *) != PKT_ETH_LEN)) {
		worker_drop(w, m, DROP_VLAN_UNKNOWN);
		return;
	}
	switch ((enum pkt_kind)p->kind) {
	case PKT_ARP:
		arp_input(w, m, p);
		break;
	case PKT_IP4:
		ip4_input(w, m, p);
		break;
	case PKT_IP6:
		ip6_input(w, m, p);
		break;
	case PKT_OTHER:
		if (p->ether_type == LLDP_ETHER_TYPE) {
			lldp_input(w, m, p);
			break;
		}
		/* fall through */
	default:
		kernel_give(w, p->port, m, KERNEL_ROUTING, DROP_NO_HANDLER);
		break;
	}
}

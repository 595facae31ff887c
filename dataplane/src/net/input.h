/* SPDX-License-Identifier: Apache-2.0 */
/* Steps of net_input(); worker. Each takes ownership of m, whose data starts at the Ethernet header. */
#ifndef NET_INPUT_H
#define NET_INPUT_H

#include "net/net.h"

void ip4_input(struct worker *w, struct rte_mbuf *m, struct pkt *p);
void ip6_input(struct worker *w, struct rte_mbuf *m, struct pkt *p);

/* Takes away everything in front of the IP header and the padding behind the packet. */
static inline void
input_strip(struct rte_mbuf *m, const struct pkt *p)
{
	rte_pktmbuf_adj(m, (uint16_t)(p->l3 - rte_pktmbuf_mtod(m, uint8_t *)));
	if (m->pkt_len > p->ip_len)
		rte_pktmbuf_trim(m, (uint16_t)(m->pkt_len - p->ip_len));
}

#endif

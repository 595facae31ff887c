/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way out of a translated packet: an adjacency index that the connection caches per direction, valid
 * while net_generation stands still. It replaces route lookup, neighbour lookup and header building for every
 * packet but the first. In a header, so that the ordinary case becomes part of the forwarding function.
 */
#ifndef LB_SEND_H
#define LB_SEND_H

#include "lb_worker.h"

#include "net/net.h"

/* What connections remember is right while this stands still. To be read before looking anything up. */
static inline uint16_t
lb_generation(void)
{
	return (uint16_t)__atomic_load_n(&net_generation, __ATOMIC_ACQUIRE);
}

/* Before a packet of a connection is looked at, and before one is made. */
static inline void
lb_conn_refresh(struct worker *w, uint32_t idx)
{
	if (unlikely(w->lb->t.hot[idx].net_gen != lb_generation()))
		lb_conn_renew(w, idx);
}

/* What needs a route, a neighbour or a look at the MTU. forward.c */
void lb_conn_send_slow(struct worker *w, struct rte_mbuf *m, uint32_t idx, unsigned dir, uint32_t ip_len);

/* Sends an IP packet of a connection that was refreshed towards the side of dir; data of m starts at the
 * Ethernet header, ip_len is the length of the IP packet. Uses the adjacency that the connection caches. */
static __rte_always_inline void
lb_conn_send(struct worker *w, struct rte_mbuf *m, uint32_t idx, unsigned dir, uint32_t ip_len)
{
	const struct conn_hot *c = &w->lb->t.hot[idx];
	uint32_t adj;
	struct adj *a;

	adj = dir == CONN_DIR_IN ? c->adj_in : c->adj_out;
	a = &net_adjs[adj];
	if (unlikely(ip_len > w->lb->mtu_safe || adj == ADJ_NONE || !a->valid)) {
		lb_conn_send_slow(w, m, idx, dir, ip_len);
		return;
	}
	memcpy(rte_pktmbuf_mtod(m, void *), a->hdr[__atomic_load_n(&a->cur, __ATOMIC_ACQUIRE) & 1],
	       PKT_ETH_LEN);
	if (unlikely(a->used_s != w->now_s))
		a->used_s = w->now_s;
	if (a->af == INET_AF_V6) {
		w->ip6.out_packets++;
		w->ip6.out_octets += ip_len;
	}
	port_tx(w, a->port, m);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IP in IP: the packet goes to the real server inside another one (RFC 2003 for IPv4 in IPv4, RFC 2473 for
 * IPv6 in IPv6, RFC 4213 for IPv6 in IPv4). The server unpacks it, has the virtual address too and answers
 * the client itself.
 *
 * The outer source belongs to the route, so it is looked up together with the adjacency and kept where other
 * modes keep the local address.
 */
#include "translate.h"

#include "packet/ip4.h"
#include "packet/tunnel.h"

enum { IP4_DF = 0x40 };

bool
lb_tunnel_source(struct conn_table *t, uint32_t idx, const union inet_ip *src)
{
	struct conn_hot *c = &t->hot[idx];

	if (inet_ip_is_any(src))
		return false;
	if (conn_rs_af(c) == INET_AF_V6)
		t->v6[idx].laddr = *src;
	else
		c->laddr = src->v4;
	return true;
}

/* TOS and TTL are those of the packet inside; of IPv4 inside the DF bit, too. IPv6 inside is never fragmented
 * on its way. */
static void
outer_ip4(struct worker *w, uint8_t *out, const struct pkt *p, const struct conn_hot *c)
{
	bool v6 = p->kind == PKT_IP6;
	struct ip4_header h = {.tos = v6 ? 0 : p->l3[1],
			       .ttl = v6 ? p->l3[7] : p->l3[8],
			       .proto = v6 ? PROTO_IPV6 : PROTO_IPIP,
			       .df = v6 || p->l3[6] & IP4_DF,
			       .len = (uint16_t)(p->ip_len + PKT_IP4_MIN),
			       .saddr = c->laddr,
			       .daddr = c->raddr};

	if (!h.df)
		h.id = (uint16_t)lb_frag_id(w->lb);
	ip4_header_write(out, &h);
}

static void
outer_ip6(uint8_t *out, const struct pkt *p, const struct conn_v6 *a)
{
	uint16_t len = rte_cpu_to_be_16(p->ip_len);

	memcpy(out, p->l3, 4); /* version, traffic class and flow label */
	memcpy(out + 4, &len, 2);
	out[6] = PROTO_IPV6;
	out[7] = p->l3[7];
	memcpy(out + 8, &a->laddr, 16);
	memcpy(out + 24, &a->raddr, 16);
}

void
lb_xmit_tunnel(struct worker *w, struct rte_mbuf *m, struct pkt *p, uint32_t idx, unsigned dir)
{
	struct conn_hot *c = &w->lb->t.hot[idx];
	bool v6 = conn_rs_af(c) == INET_AF_V6;
	unsigned grown = v6 ? PKT_IP6_LEN : PKT_IP4_MIN;

	(void)dir;
	if (unlikely(c->adj_in == ADJ_NONE) && lb_conn_mtu(w, idx, CONN_DIR_IN) == 0) {
		worker_drop(w, m, DROP_LB_NO_ROUTE);
		return;
	}
	if (rte_pktmbuf_headroom(m) < grown || p->ip_len + grown > UINT16_MAX) {
		worker_drop(w, m, DROP_LB_NO_ROOM);
		return;
	}
	if (v6)
		outer_ip6(p->l3 - grown, p, &w->lb->t.v6[idx]);
	else
		outer_ip4(w, p->l3 - grown, p, c);
	lb_frame_moved(m, p->l3, p->l3 - grown);
	lb_conn_send(w, m, idx, CONN_DIR_IN, p->ip_len + grown);
}

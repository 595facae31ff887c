/* SPDX-License-Identifier: Apache-2.0 */
/* FullNAT between IPv6 clients and IPv4 servers. */
#include "fnat.h"

#include <rte_ip.h>

#include "packet/nat64.h"

static void
to_server(struct worker *w, struct rte_mbuf *m, struct pkt *p, uint32_t idx)
{
	struct conn_hot *c = &w->lb->t.hot[idx];
	const uint8_t *l3 = p->l3;
	bool toa = false;
	uint64_t changes;
	uint32_t ip_len;

	/* Extension headers have no counterpart. */
	if (p->l3_len != PKT_IP6_LEN) {
		worker_drop(w, m, DROP_LB_NAT64);
		return;
	}
	changes = lb_fnat_edit(c, p, CONN_DIR_IN, &toa);
	nat64_to_ip4(p, c->laddr, c->raddr, c->lport, c->rport, changes);
	lb_frame_moved(m, l3, p->l3);
	if (c->proto == PKT_PROTO_SCTP)
		lb_sctp_seal(p);
	ip_len = p->ip_len;
	if (toa || c->uoa_left)
		ip_len = lb_fnat_tell_client(w, m, p, idx, toa);
	lb_conn_send(w, m, idx, CONN_DIR_IN, ip_len);
}

static void
to_client(struct worker *w, struct rte_mbuf *m, struct pkt *p, uint32_t idx)
{
	const struct conn_v6 *a = &w->lb->t.v6[idx];
	struct conn_hot *c = &w->lb->t.hot[idx];
	const uint8_t *l3 = p->l3;
	bool toa = false;
	uint64_t changes;

	if (rte_pktmbuf_headroom(m) < NAT64_DIFFERENCE) {
		worker_drop(w, m, DROP_LB_NO_ROOM);
		return;
	}
	changes = lb_fnat_edit(c, p, CONN_DIR_OUT, &toa);
	if (!nat64_to_ip6(p, &a->vaddr, &a->caddr, c->vport, c->cport, changes)) {
		uint16_t csum;

		lb_frame_moved(m, l3, p->l3);
		csum = rte_ipv6_udptcp_cksum_mbuf(m, (const struct rte_ipv6_hdr *)p->l3,
						  (uint16_t)(p->l4 - rte_pktmbuf_mtod(m, uint8_t *)));
		memcpy(p->l4 + 6, &csum, 2);
	} else {
		lb_frame_moved(m, l3, p->l3);
		if (c->proto == PKT_PROTO_SCTP)
			lb_sctp_seal(p);
	}
	lb_conn_send(w, m, idx, CONN_DIR_OUT, p->ip_len);
}

void
lb_xmit_nat64(struct worker *w, struct rte_mbuf *m, struct pkt *p, uint32_t idx, unsigned dir)
{
	if (dir == CONN_DIR_IN)
		to_server(w, m, p, idx);
	else
		to_client(w, m, p, idx);
}

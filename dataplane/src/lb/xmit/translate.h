/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the forwarding modes that translate share: addresses and ports, what is remembered of the server's
 * TCP, and buffers that grow or shrink at their front.
 */
#ifndef LB_XMIT_TRANSLATE_H
#define LB_XMIT_TRANSLATE_H

#include "../proto/sctp.h"
#include "../send.h"

#include "packet/rewrite.h"
#include "packet/tcp.h"

/* The IP header moved from old_l3 to l3: the frame starts 14 bytes in front of it. */
static inline void
lb_frame_moved(struct rte_mbuf *m, const uint8_t *old_l3, const uint8_t *l3)
{
	int growth = (int)(old_l3 - l3);

	m->data_off = (uint16_t)(m->data_off - growth);
	m->data_len = (uint16_t)(m->data_len + growth);
	m->pkt_len = (uint32_t)((int64_t)m->pkt_len + growth);
}

/* Remembers where the server stands, for the resets that end a connection which times out. */
static inline void
lb_tcp_note_server(struct conn_hot *c, const struct pkt *p)
{
	uint8_t flags = p->tcp_flags;
	uint32_t end, ack;

	if (unlikely(flags & TCP_RST))
		return;
	end = tcp_seq(p->l4) + (uint32_t)(p->ip_len - p->l3_len) - tcp_header_len(p->l4) +
	      !!(flags & TCP_SYN) + !!(flags & TCP_FIN);
	ack = tcp_ack(p->l4);
	if (!(c->flags & CONN_F_RS_SEQ) || !tcp_seq_after(c->rs_ack, ack)) {
		c->rs_seq_end = end;
		c->rs_ack = ack;
		c->flags |= CONN_F_RS_SEQ;
	}
}

static __rte_always_inline void
translate_headers(const struct conn_table *t, uint32_t idx, struct pkt *p, unsigned dir, uint64_t changes)
{
	const struct conn_hot *c = &t->hot[idx];

	if (unlikely(c->flags & CONN_F_V6)) {
		const struct conn_v6 *a = &t->v6[idx];

		if (dir == CONN_DIR_IN)
			rewrite6(p->l3, p->l4, c->proto, &a->laddr, &a->raddr, c->lport, c->rport, changes);
		else
			rewrite6(p->l3, p->l4, c->proto, &a->vaddr, &a->caddr, c->vport, c->cport, changes);
		return;
	}
	if (dir == CONN_DIR_IN)
		rewrite4(p->l3, p->l4, c->proto, c->laddr, c->raddr, c->lport, c->rport, changes);
	else
		rewrite4(p->l3, p->l4, c->proto, c->vaddr, c->caddr, c->vport, c->cport, changes);
}

/* Within a family: the packet as the side of dir knows it. changes: of the transport header, see
 * packet/rewrite.h. */
static inline void
lb_translate(const struct conn_table *t, uint32_t idx, struct pkt *p, unsigned dir, uint64_t changes)
{
	translate_headers(t, idx, p, dir, changes);
	if (unlikely(t->hot[idx].proto == PKT_PROTO_SCTP))
		lb_sctp_seal(p);
}

#endif

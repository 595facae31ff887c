/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of FullNAT that do not depend on the families of both sides.
 */
#ifndef LB_XMIT_FNAT_H
#define LB_XMIT_FNAT_H

#include "translate.h"

#include "packet/toa.h"

/*
 * Edits the transport header for the side of dir, addresses and ports excepted; returns the changes of its
 * checksum. Sets *toa when the segment is to carry the client's address.
 */
uint64_t lb_fnat_edit(struct conn_hot *c, struct pkt *p, unsigned dir, bool *toa);

/* Adds the client's address to a translated packet (toa: in a TCP option, else with UOA) and moves m's front
 * along. Returns the new length of the IP packet. */
uint32_t lb_fnat_tell_client(struct worker *w, struct rte_mbuf *m, struct pkt *p, uint32_t idx, bool toa);

/* Changes of an inbound segment beside addresses and ports. */
static inline uint64_t
tcp_inbound(struct conn_hot *c, uint8_t *l4, uint8_t flags)
{
	uint64_t changes = 0;

	if (unlikely(!tcp_options_plain(l4))) {
		/* Nobody but us may claim to know the client. */
		changes = tcp_blank_option(l4, TCP_OPT_TOA);
		/* Clients behind one local address have unrelated clocks, which the server's PAWS check would
		 * take for one. */
		if ((flags & (TCP_SYN | TCP_ACK)) == TCP_SYN)
			changes += tcp_blank_option(l4, TCP_OPT_TIMESTAMP);
	}
	return changes + tcp_seq_add(l4, c->seq_delta);
}

static inline uint64_t
tcp_outbound(struct conn_hot *c, const struct pkt *p, uint8_t *l4, bool client_v6)
{
	uint8_t flags = p->tcp_flags;
	uint64_t changes = 0;

	lb_tcp_note_server(c, p);
	if (unlikely((flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK))) {
		changes = tcp_mss_reduce(l4, client_v6 ? TOA_LEN_V6 : TOA_LEN_V4);
		c->first_data = tcp_seq(l4) + 1;
		c->flags |= CONN_F_FIRST_DATA;
	}
	if (flags & TCP_ACK)
		changes += tcp_ack_add(l4, -c->seq_delta);
	if (unlikely(!tcp_options_plain(l4)))
		changes += tcp_sack_add(l4, -c->seq_delta);
	return changes;
}

/* TOA is due on every segment until the client acknowledges data of the server: a lost first segment must not
 * lose the address. */
static inline bool
toa_due(struct conn_hot *c, const struct pkt *p)
{
	uint32_t ack;

	if (likely(!(c->flags & CONN_F_TOA)) || !(c->flags & CONN_F_FIRST_DATA) ||
	    (p->tcp_flags & (TCP_SYN | TCP_RST)) || !(p->tcp_flags & TCP_ACK))
		return false;
	ack = tcp_ack(p->l4);
	if (tcp_seq_after(ack, c->first_data))
		c->flags &= (uint16_t)~CONN_F_TOA;
	return ack == c->first_data;
}

static inline uint64_t
fnat_edit(struct conn_hot *c, struct pkt *p, unsigned dir, bool *toa)
{
	if (c->proto != PKT_PROTO_TCP)
		return 0;
	if (dir == CONN_DIR_OUT)
		return tcp_outbound(c, p, p->l4, c->flags & CONN_F_V6);
	*toa = toa_due(c, p);
	return tcp_inbound(c, p->l4, p->tcp_flags);
}

/* lb_xmit_fnat(), as part of the caller. */
static __rte_always_inline void
lb_fnat_send(struct worker *w, struct rte_mbuf *m, struct pkt *p, uint32_t idx, unsigned dir)
{
	struct conn_table *t = &w->lb->t;
	struct conn_hot *c = &t->hot[idx];
	uint32_t ip_len = p->ip_len;
	bool toa = false;
	uint64_t changes = fnat_edit(c, p, dir, &toa);

	lb_translate(t, idx, p, dir, changes);
	if (unlikely(toa || (c->uoa_left && dir == CONN_DIR_IN)))
		ip_len = lb_fnat_tell_client(w, m, p, idx, toa);
	lb_conn_send(w, m, idx, dir, ip_len);
}

#endif

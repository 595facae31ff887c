/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FullNAT: towards the real server the packet comes from the local address, towards the client from the
 * virtual service. TCP sequence numbers towards the server are ours; the client's address travels in an
 * option (packet/toa.h, packet/uoa.h).
 */
#include "fnat.h"

#include "core/conf.h"
#include "packet/toa.h"
#include "packet/uoa.h"

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
edit(struct conn_hot *c, struct pkt *p, unsigned dir, bool *toa)
{
	if (c->proto != PKT_PROTO_TCP)
		return 0;
	if (dir == CONN_DIR_OUT)
		return tcp_outbound(c, p, p->l4, c->flags & CONN_F_V6);
	*toa = toa_due(c, p);
	return tcp_inbound(c, p->l4, p->tcp_flags);
}

static uint16_t
room_in_front(const struct rte_mbuf *m)
{
	return rte_pktmbuf_headroom(m);
}

static uint32_t
add_toa(struct worker *w, struct rte_mbuf *m, const struct pkt *p, uint32_t idx, const struct conn_addrs *a)
{
	struct conn_hot *c = &w->lb->t.hot[idx];
	struct toa_segment seg = {.l3 = p->l3,
				  .l4 = p->l4,
				  .ip_len = p->ip_len,
				  .headroom = room_in_front(m),
				  .mtu = lb_conn_mtu(w, idx, CONN_DIR_IN)};

	if (toa_insert(&seg, conn_af(c), &a->caddr, c->cport))
		lb_frame_moved(m, p->l3, seg.l3);
	return seg.ip_len;
}

static void
send_standalone(struct worker *w, const struct uoa_packet *u, uint32_t idx, const struct conn_addrs *a)
{
	const struct conn_hot *c = &w->lb->t.hot[idx];
	struct rte_mbuf *m = rte_pktmbuf_alloc(w->pool);
	unsigned len;

	if (!m) {
		worker_drops_add(w, DROP_NO_MBUF, 1);
		return;
	}
	len = uoa_standalone(u, conn_af(c), &a->caddr, c->cport,
			     rte_pktmbuf_mtod_offset(m, uint8_t *, PKT_ETH_LEN));
	m->data_len = (uint16_t)(len + PKT_ETH_LEN);
	m->pkt_len = m->data_len;
	lb_conn_send(w, m, idx, CONN_DIR_IN, len);
}

static uint32_t
add_uoa(struct worker *w, struct rte_mbuf *m, const struct pkt *p, uint32_t idx, const struct conn_addrs *a)
{
	struct conn_hot *c = &w->lb->t.hot[idx];
	struct uoa_packet u = {.l3 = p->l3,
			       .l4 = p->l4,
			       .ip_len = p->ip_len,
			       .headroom = room_in_front(m),
			       .mtu = lb_conn_mtu(w, idx, CONN_DIR_IN)};
	bool done;

	c->uoa_left--;
	if (conf.ipvs.uoa_ipo) {
		/* The IPv4 option has no form for IPv6 clients. */
		if (conn_af(c) == INET_AF_V6)
			return u.ip_len;
		done = uoa_insert_ipo(&u, &a->caddr, c->cport);
	} else {
		done = uoa_insert_opp(&u, conn_af(c), &a->caddr, c->cport);
	}
	if (done)
		lb_frame_moved(m, p->l3, u.l3);
	else
		send_standalone(w, &u, idx, a);
	return u.ip_len;
}

uint64_t
lb_fnat_edit(struct conn_hot *c, struct pkt *p, unsigned dir, bool *toa)
{
	return edit(c, p, dir, toa);
}

uint32_t
lb_fnat_tell_client(struct worker *w, struct rte_mbuf *m, struct pkt *p, uint32_t idx, bool toa)
{
	struct conn_addrs a;

	conn_addrs_get(&w->lb->t, idx, &a);
	return toa ? add_toa(w, m, p, idx, &a) : add_uoa(w, m, p, idx, &a);
}

void
lb_xmit_fnat(struct worker *w, struct rte_mbuf *m, struct pkt *p, uint32_t idx, unsigned dir)
{
	struct conn_table *t = &w->lb->t;
	struct conn_hot *c = &t->hot[idx];
	uint32_t ip_len = p->ip_len;
	bool toa = false;
	uint64_t changes = edit(c, p, dir, &toa);

	lb_translate(t, idx, p, dir, changes);
	if (unlikely(toa || (c->uoa_left && dir == CONN_DIR_IN)))
		ip_len = lb_fnat_tell_client(w, m, p, idx, toa);
	lb_conn_send(w, m, idx, dir, ip_len);
}

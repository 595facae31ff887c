/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An established connection that timed out is reset on both sides, so that neither goes on sending into the
 * void. The resets are made as the other side would have sent them and take the ordinary way through
 * translation.
 */
#include "../send.h"

#include "packet/tcp.h"
#include "packet/tcp_packet.h"
#include "tcp_reset.h"

enum { RESET_TTL = 64 };

/* Writes an IP packet with a bare RST; returns its length. Ports in network order, seq in host order. */
static unsigned
reset_write(uint8_t *l3, int af, const union inet_ip *s, const union inet_ip *d, uint16_t sport,
	    uint16_t dport, uint32_t seq)
{
	tcp_packet_header(l3 + tcp_packet_l3_len(af), sport, dport, seq, 0, TCP_RST, 0);
	return tcp_packet_finish(l3, af, s, d, PKT_TCP_MIN, 0, RESET_TTL);
}

/* One reset, as the translated packet that leaves towards the side of dir. */
static void
reset_send(struct worker *w, uint32_t idx, unsigned dir)
{
	const struct conn_hot *c = &w->lb->t.hot[idx];
	struct rte_mbuf *m = rte_pktmbuf_alloc(w->pool);
	struct conn_addrs a;
	uint8_t *l3;
	unsigned len;

	if (!m) {
		worker_drops_add(w, DROP_NO_MBUF, 1);
		return;
	}
	conn_addrs_get(&w->lb->t, idx, &a);
	l3 = rte_pktmbuf_mtod_offset(m, uint8_t *, PKT_ETH_LEN);
	if (dir == CONN_DIR_IN)
		len = reset_write(l3, conn_rs_af(c), &a.laddr, &a.raddr, c->lport, c->rport, c->rs_ack);
	else
		len = reset_write(l3, conn_af(c), &a.vaddr, &a.caddr, c->vport, c->cport, c->rs_seq_end);
	m->data_len = (uint16_t)(len + PKT_ETH_LEN);
	m->pkt_len = m->data_len;
	lb_conn_send(w, m, idx, dir, len);
}

void
tcp_reset_both(struct worker *w, uint32_t idx)
{
	/* Without a segment of the server there is no sequence number that either side would believe. */
	if (!(w->lb->t.hot[idx].flags & CONN_F_RS_SEQ))
		return;
	lb_conn_refresh(w, idx);
	reset_send(w, idx, CONN_DIR_IN);
	reset_send(w, idx, CONN_DIR_OUT);
}

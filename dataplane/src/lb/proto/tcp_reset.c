/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An established connection that timed out is reset on both sides, so that neither goes on sending into the
 * void. The resets are made as the other side would have sent them and take the ordinary way through
 * translation.
 */
#include "../send.h"

#include "base/checksum.h"
#include "packet/tcp.h"
#include "tcp_reset.h"

enum { IP4_DF = 0x40, RESET_TTL = 64 };

/* Writes an IP packet with a bare RST; returns its length. Ports in network order, seq in host order. */
static unsigned
reset_write(uint8_t *l3, int af, const union inet_ip *s, const union inet_ip *d, uint16_t sport,
	    uint16_t dport, uint32_t seq)
{
	unsigned l3_len = af == INET_AF_V6 ? PKT_IP6_LEN : PKT_IP4_MIN, len = l3_len + PKT_TCP_MIN;
	uint8_t *l4 = l3 + l3_len;
	uint32_t seq_be = rte_cpu_to_be_32(seq);
	uint16_t csum;

	memset(l3, 0, len);
	memcpy(l4, &sport, 2);
	memcpy(l4 + 2, &dport, 2);
	memcpy(l4 + 4, &seq_be, 4);
	l4[12] = PKT_TCP_MIN / 4 << 4;
	l4[13] = TCP_RST;
	if (af == INET_AF_V6) {
		l3[0] = 0x60;
		l3[5] = PKT_TCP_MIN;
		l3[6] = PKT_PROTO_TCP;
		l3[7] = RESET_TTL;
		memcpy(l3 + 8, s, 16);
		memcpy(l3 + 24, d, 16);
		csum = csum_l4_v6(l3 + 8, l3 + 24, PKT_PROTO_TCP, l4, PKT_TCP_MIN);
	} else {
		l3[0] = 0x45;
		l3[3] = (uint8_t)len;
		l3[6] = IP4_DF;
		l3[8] = RESET_TTL;
		l3[9] = PKT_PROTO_TCP;
		memcpy(l3 + 12, s, 4);
		memcpy(l3 + 16, d, 4);
		csum = csum_of(l3, PKT_IP4_MIN);
		memcpy(l3 + 10, &csum, 2);
		csum = csum_l4_v4(l3 + 12, l3 + 16, PKT_PROTO_TCP, l4, PKT_TCP_MIN);
	}
	memcpy(l4 + 16, &csum, 2);
	return len;
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

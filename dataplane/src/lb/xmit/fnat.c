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
	return fnat_edit(c, p, dir, toa);
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
	lb_fnat_send(w, m, p, idx, dir);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets are edited as the client knows them, before they are translated: to the forwarding modes, the
 * header is something that the client sent.
 */
#include "proxy.h"

#include "packet/proxy.h"
#include "packet/proxy_edit.h"
#include "packet/rewrite.h"
#include "packet/tcp.h"
#include "xmit/translate.h"

enum { IP4_DF = 0x40 };

bool
lb_proxy_start(struct conn_table *t, uint32_t idx, const struct pkt *p, uint8_t conf)
{
	const struct conn_hot *c = &t->hot[idx];
	unsigned version = conf & PROXY_VERSION_MASK;

	if (c->fwd != LB_FWD_FNAT && c->fwd != LB_FWD_NAT64)
		return false;
	/* Version 1 has no form for datagrams. */
	if (c->proto == PKT_PROTO_TCP ? version == 0 : version != PROXY_V2)
		return false;
	conn_more(t, idx)->proxy = conf;
	return lb_proxy_again(t, idx,
			      c->proto == PKT_PROTO_TCP ? tcp_seq(p->l4) + !!(p->tcp_flags & TCP_SYN) : 0);
}

bool
lb_proxy_again(struct conn_table *t, uint32_t idx, uint32_t first)
{
	struct conn_more *more = &t->more[idx];

	if (!(t->hot[idx].flags & CONN_F_MORE) || !more->proxy)
		return false;
	more->proxy_done = false;
	more->proxy_stream = (struct proxy_stream){.first = first};
	conn_tasks_set(t, idx, MORE_T_PROXY);
	return true;
}

void
lb_proxy_closing(struct conn_table *t, uint32_t idx)
{
	if (t->hot[idx].flags & CONN_F_MORE && t->more[idx].proxy)
		conn_tasks_set(t, idx, MORE_T_PROXY);
}

static void
finish(struct conn_table *t, uint32_t idx)
{
	t->more[idx].proxy_done = true;
	conn_tasks_clear(t, idx, MORE_T_PROXY);
}

static struct proxy_packet
packet_of(const struct rte_mbuf *m, const struct pkt *p)
{
	return (struct proxy_packet){.l3 = p->l3,
				     .l4 = p->l4,
				     .contig = p->avail,
				     .ip_len = p->ip_len,
				     .headroom = rte_pktmbuf_headroom(m),
				     .proto = p->proto};
}

static bool
replace(struct rte_mbuf *m, struct pkt *p, unsigned remove, const uint8_t *header, unsigned len)
{
	struct proxy_packet e = packet_of(m, p);

	if (!proxy_replace(&e, remove, header, len))
		return false;
	lb_frame_moved(m, p->l3, e.l3);
	p->l3 = e.l3;
	p->l4 = e.l4;
	p->avail = e.contig;
	p->ip_len = e.ip_len;
	return true;
}

/* Longest packet of the client that the way to the server carries. */
static unsigned
longest(struct worker *w, uint32_t idx)
{
	int mtu = lb_conn_mtu(w, idx, CONN_DIR_IN);

	return mtu ? (unsigned)(mtu - lb_xmit_growth(&w->lb->t.hot[idx], CONN_DIR_IN)) : UINT16_MAX;
}

static unsigned
header_write(const struct conn_table *t, uint32_t idx, uint8_t *out)
{
	const struct conn_hot *c = &t->hot[idx];
	struct proxy_addrs addrs = {.af = conn_af(c), .sport_be = c->cport, .dport_be = c->vport};
	struct conn_addrs a;

	conn_addrs_get(t, idx, &a);
	addrs.src = a.caddr;
	addrs.dst = a.vaddr;
	return proxy_write(out, t->more[idx].proxy & PROXY_VERSION_MASK, c->proto == PKT_PROTO_UDP, &addrs);
}

/*
 * A header that the client sent: its length, to be replaced by ours, which says what the sender of one
 * without addresses leaves open. 0: there is none. *stands: it is good as it is.
 */
static unsigned
old_header(const struct conn_more *more, const struct rte_mbuf *m, const struct pkt *p, bool *stands)
{
	struct proxy_packet e = packet_of(m, p);
	struct proxy_header h;

	*stands = false;
	if (!proxy_parse(e.l4 + proxy_l4_len(&e), proxy_payload_contig(&e), &h) ||
	    (p->proto == PKT_PROTO_UDP && h.version != PROXY_V2))
		return 0;
	*stands =
	    more->proxy & PROXY_INSECURE && h.version == (more->proxy & PROXY_VERSION_MASK) && h.has_addrs;
	return h.len;
}

/* The header as a packet of its own. */
static enum drop_reason
send_alone(struct worker *w, const struct rte_mbuf *m, const struct pkt *p, uint32_t idx,
	   const uint8_t *header, unsigned len)
{
	struct proxy_packet e = packet_of(m, p);
	struct rte_mbuf *alone = rte_pktmbuf_alloc(w->pool);
	struct pkt q = *p;
	unsigned ip_len;

	if (!alone)
		return DROP_NO_MBUF;
	q.buf = alone;
	q.l3 = rte_pktmbuf_mtod_offset(alone, uint8_t *, PKT_ETH_LEN);
	q.l4 = q.l3 + p->l3_len;
	ip_len = proxy_alone(&e, header, len, q.l3, rte_pktmbuf_tailroom(alone) - PKT_ETH_LEN);
	if (ip_len == 0) {
		rte_pktmbuf_free(alone);
		return DROP_LB_NO_ROOM;
	}
	q.ip_len = (uint16_t)ip_len;
	q.avail = ip_len;
	if (p->proto == PKT_PROTO_TCP)
		q.tcp_flags = q.l4[13];
	alone->data_len = (uint16_t)(PKT_ETH_LEN + ip_len);
	alone->pkt_len = alone->data_len;
	if (w->lb->t.hot[idx].fwd == LB_FWD_FNAT)
		lb_xmit_fnat(w, alone, &q, idx, CONN_DIR_IN);
	else
		lb_xmit_nat64(w, alone, &q, idx, CONN_DIR_IN);
	return DROP_NONE;
}

/* Puts the header in front of the payload, or sends it ahead: then *ahead is its length, else 0. */
static enum drop_reason
header_put(struct worker *w, struct rte_mbuf *m, struct pkt *p, uint32_t idx, unsigned remove,
	   unsigned *ahead)
{
	uint8_t header[PROXY_MAX];
	unsigned len = header_write(&w->lb->t, idx, header);
	enum drop_reason why;

	*ahead = 0;
	if (p->ip_len + len - remove <= longest(w, idx) && replace(m, p, remove, header, len))
		return DROP_NONE;
	why = send_alone(w, m, p, idx, header, len);
	if (why)
		return why;
	*ahead = len;
	return remove == 0 || replace(m, p, remove, NULL, 0) ? DROP_NONE : DROP_LB_NO_ROOM;
}

/* The first data: whether a header is due, and what of the client's it replaces. False: the client's own
 * stands. */
static bool
header_decide(struct worker *w, const struct rte_mbuf *m, const struct pkt *p, uint32_t idx,
	      struct proxy_step *step)
{
	struct conn_more *more = &w->lb->t.more[idx];
	uint8_t header[PROXY_MAX];
	bool stands;

	step->remove = old_header(more, m, p, &stands);
	if (stands)
		return false;
	more->proxy_stream.removed = (uint16_t)step->remove;
	more->proxy_stream.added = (uint16_t)header_write(&w->lb->t, idx, header);
	return true;
}

static enum drop_reason
tcp_step(struct worker *w, struct rte_mbuf *m, struct pkt *p, uint32_t idx)
{
	struct conn_table *t = &w->lb->t;
	struct conn_more *more = &t->more[idx];
	struct proxy_packet e = packet_of(m, p);
	struct proxy_step step = proxy_stream_inbound(&more->proxy_stream, p->l4, proxy_payload(&e));
	enum drop_reason why;
	unsigned ahead;

	if (step.refuse)
		return DROP_PROXY_ORDER;
	if (step.header && more->proxy_stream.added == 0 && !header_decide(w, m, p, idx, &step)) {
		finish(t, idx);
		return DROP_NONE;
	}
	if (step.header) {
		why = header_put(w, m, p, idx, step.remove, &ahead);
		if (why)
			return why;
		step.seq_add = ahead;
	} else if (step.remove && !replace(m, p, step.remove, NULL, 0)) {
		return DROP_LB_NO_ROOM;
	}
	if (step.seq_add)
		rewrite_tcp_csum(p->l4, tcp_seq_add(p->l4, step.seq_add));
	return DROP_NONE;
}

static enum drop_reason
tcp_inbound(struct worker *w, struct rte_mbuf *m, struct pkt *p, uint32_t idx)
{
	const struct conn_more *more = &w->lb->t.more[idx];
	struct proxy_packet e = packet_of(m, p);

	if (p->tcp_flags & TCP_SYN) {
		/* Data of a SYN would come before the header. Without the option nobody sends any. */
		rewrite_tcp_csum(p->l4, tcp_blank_option(p->l4, TCP_OPT_FAST_OPEN));
		return proxy_payload(&e) == 0 || replace(m, p, proxy_payload(&e), NULL, 0) ? DROP_NONE
											   : DROP_LB_NO_ROOM;
	}
	return more->proxy_done ? DROP_NONE : tcp_step(w, m, p, idx);
}

/* Nothing acknowledges to the client what it never sent. */
static void
tcp_outbound(struct worker *w, struct pkt *p, uint32_t idx)
{
	struct conn_table *t = &w->lb->t;
	struct conn_hot *c = &t->hot[idx];
	struct conn_more *more = &t->more[idx];
	const struct proxy_stream *s = &more->proxy_stream;

	if (more->proxy_done || !(p->tcp_flags & TCP_ACK))
		return;
	if (proxy_stream_done(s, tcp_ack(p->l4) - c->seq_delta)) {
		c->seq_delta += (uint32_t)s->added - s->removed;
		finish(t, idx);
		return;
	}
	rewrite_tcp_csum(p->l4, proxy_stream_outbound(s, c->seq_delta, p->l4));
}

/* Once, with the first datagram: nobody would tell whether it arrived. */
static enum drop_reason
udp_inbound(struct worker *w, struct rte_mbuf *m, struct pkt *p, uint32_t idx)
{
	struct conn_table *t = &w->lb->t;
	bool stands;
	unsigned remove = old_header(&t->more[idx], m, p, &stands), ahead;

	finish(t, idx);
	return stands ? DROP_NONE : header_put(w, m, p, idx, remove, &ahead);
}

/* Its sender will hear that the packet itself is too long for the way. */
static bool
refused_anyway(struct worker *w, const struct pkt *p, uint32_t idx)
{
	return p->ip_len > longest(w, idx) && (p->kind == PKT_IP6 || p->l3[6] & IP4_DF);
}

bool
lb_proxy_packet(struct worker *w, struct rte_mbuf *m, struct pkt *p, uint32_t idx, unsigned dir)
{
	enum drop_reason why;

	if (dir == CONN_DIR_OUT) {
		if (p->proto == PKT_PROTO_TCP)
			tcp_outbound(w, p, idx);
		return false;
	}
	if (refused_anyway(w, p, idx))
		return false;
	why = p->proto == PKT_PROTO_TCP ? tcp_inbound(w, m, p, idx) : udp_inbound(w, m, p, idx);
	if (why == DROP_NONE)
		return false;
	worker_drop(w, m, why);
	return true;
}

uint32_t
lb_proxy_error(const struct conn_table *t, uint32_t idx, struct icmp_error *e)
{
	enum { LEAST_MTU4 = 576, LEAST_MTU6 = 1280 };
	const struct conn_hot *c = &t->hot[idx];
	const struct proxy_stream *s = &t->more[idx].proxy_stream;
	uint32_t theirs = tcp_seq(e->l4) - c->seq_delta;
	bool v6 = e->af == INET_AF_V6;

	if (!conn_task(t, idx, MORE_T_PROXY) || t->more[idx].proxy_done || c->proto != PKT_PROTO_TCP)
		return 0;
	if ((v6 ? e->type == ICMP6_TOO_BIG : e->type == ICMP4_UNREACHABLE && e->code == ICMP4_FRAG_NEEDED) &&
	    e->info >= (v6 ? LEAST_MTU6 : LEAST_MTU4) + (uint32_t)s->added)
		e->info -= s->added;
	return proxy_stream_ack(s, theirs) - theirs;
}

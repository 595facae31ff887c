/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections of the SYN proxy. While the real server has not answered, conn_more.saved is a list: the SYN
 * for the server, as the client would have sent it, and the packets of the client. Packets are edited before
 * translation: to the forwarding modes, everything is as if the client had spoken with the server from the
 * start.
 */
#include "synproxy.h"

#include "check.h"
#include "core/conf.h"
#include "core/mbuf.h"
#include "packet/tcp.h"
#include "packet/tcp_packet.h"
#include "xmit/translate.h"

enum { SYN_TTL = 64, SYN_TOS = 0x1e, FULL_WINDOW = 0xffff };

/* ---- what waits ---- */

static void
keep(struct conn_more *more, struct rte_mbuf *m)
{
	struct rte_mbuf *last = more->saved;

	mbuf_meta(m)->next = NULL;
	if (!last) {
		more->saved = m;
		return;
	}
	while (mbuf_meta(last)->next)
		last = mbuf_meta(last)->next;
	mbuf_meta(last)->next = m;
}

void
lb_synproxy_forget(struct conn_more *more)
{
	struct rte_mbuf *m = more->saved;

	while (m) {
		struct rte_mbuf *next = mbuf_meta(m)->next;

		rte_pktmbuf_free(m);
		m = next;
	}
	more->saved = NULL;
	more->syn_saved = 0;
}

/* A frame of ours, or one that was looked at before, as a packet again. */
static bool
parse_again(struct rte_mbuf *m, uint16_t port, struct pkt *p)
{
	*p = (struct pkt){.buf = m, .port = port, .flags = PKT_F_CSUM_OK};
	return pkt_parse(p, rte_pktmbuf_mtod(m, uint8_t *), m->data_len, m->pkt_len) == DROP_NONE;
}

/* An empty frame with room for headers; the Ethernet header is any, except for its type. */
static struct rte_mbuf *
frame_new(struct worker *w, int af, uint8_t **l3)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(w->pool);
	uint8_t *eth;

	if (!m) {
		worker_drops_add(w, DROP_NO_MBUF, 1);
		return NULL;
	}
	eth = rte_pktmbuf_mtod(m, uint8_t *);
	memset(eth, 0, PKT_ETH_LEN);
	eth[12] = af == INET_AF_V6 ? 0x86 : 0x08;
	eth[13] = af == INET_AF_V6 ? 0xdd : 0x00;
	*l3 = eth + PKT_ETH_LEN;
	return m;
}

static void
frame_end(struct rte_mbuf *m, unsigned ip_len)
{
	m->data_len = (uint16_t)(PKT_ETH_LEN + ip_len);
	m->pkt_len = m->data_len;
}

/* ---- asking the real server ---- */

static void
syn_send(struct worker *w, uint32_t idx)
{
	struct conn_table *t = &w->lb->t;
	struct lb_counters *n = lb_counters(w->index, t->hot[idx].dest);
	struct rte_mbuf *m = rte_pktmbuf_copy(t->more[idx].saved, w->pool, 0, UINT32_MAX);
	struct pkt p;

	if (!m || !parse_again(m, 0, &p)) {
		rte_pktmbuf_free(m);
		worker_drops_add(w, DROP_NO_MBUF, 1);
		return;
	}
	lb_conn_refresh(w, idx);
	n->in_packets++;
	n->in_bytes += p.ip_len;
	if (t->hot[idx].fwd == LB_FWD_FNAT)
		lb_xmit_fnat(w, m, &p, idx, CONN_DIR_IN);
	else
		lb_xmit_other(w, m, &p, idx, CONN_DIR_IN);
}

static uint8_t
tos_of(const struct pkt *p)
{
	return p->kind == PKT_IP6 ? (uint8_t)(p->l3[0] << 4 | p->l3[1] >> 4) : p->l3[1];
}

static struct rte_mbuf *
syn_make(struct worker *w, const struct pkt *p, uint32_t idx, const struct synproxy_options *o)
{
	const struct conn_hot *c = &w->lb->t.hot[idx];
	int af = conn_af(c);
	struct conn_addrs a;
	unsigned len;
	uint8_t *l3;
	struct rte_mbuf *m = frame_new(w, af, &l3);

	if (!m)
		return NULL;
	conn_addrs_get(&w->lb->t, idx, &a);
	len = synproxy_rs_syn(l3 + tcp_packet_l3_len(af), c->cport, c->vport, tcp_seq(p->l4) - 1, o,
			      (uint32_t)w->now_ms);
	frame_end(m, tcp_packet_finish(l3, af, &a.caddr, &a.vaddr, len, tos_of(p) & SYN_TOS, SYN_TTL));
	return m;
}

void
lb_synproxy_begin(struct worker *w, struct pkt *p, uint32_t idx, const struct synproxy_options *o)
{
	struct conn_table *t = &w->lb->t;
	struct conn_more *more = conn_more(t, idx);
	struct rte_mbuf *syn = syn_make(w, p, idx, o);

	if (!syn) {
		rte_pktmbuf_free(p->buf);
		lb_conn_close(w, idx);
		return;
	}
	conn_tasks_set(t, idx, MORE_T_SYNPROXY);
	more->syn_ack_delta = tcp_ack(p->l4) - 1;
	more->storm_seq = tcp_seq(p->l4);
	more->storm_ack = 0;
	more->storm_count = 0;
	more->rs_wscale = o->wscale == SYNPROXY_NO_WSCALE ? SYNPROXY_NO_WSCALE : 0;
	more->our_wscale = o->wscale == SYNPROXY_NO_WSCALE ? 0 : (uint8_t)conf.ipvs.synproxy.wscale;
	more->syn_retries = (uint8_t)conf.ipvs.synproxy.rs_syn_max_retry;
	keep(more, syn);
	keep(more, p->buf);
	more->syn_saved = 1;
	lb_conn_set_state(w, idx, TCP_S_SYN_SENT);
	syn_send(w, idx);
}

bool
lb_synproxy_expired(struct worker *w, uint32_t idx)
{
	struct conn_more *more = &w->lb->t.more[idx];

	if (!more->saved || more->syn_retries == 0)
		return false;
	more->syn_retries--;
	lb_conn_set_state(w, idx, TCP_S_SYN_SENT);
	syn_send(w, idx);
	return true;
}

/* ---- the real server answers ---- */

/* Makes a segment and sends it as if it had come from the side opposite to dir. Ports, numbers and window as
 * that side has them. */
static void
segment_send(struct worker *w, uint32_t idx, unsigned dir, uint32_t seq, uint32_t ack, uint16_t window)
{
	const struct conn_hot *c = &w->lb->t.hot[idx];
	int af = conn_side_af(c, !dir);
	struct conn_addrs a;
	struct rte_mbuf *m;
	struct pkt p;
	uint8_t *l3;

	m = frame_new(w, af, &l3);
	if (!m)
		return;
	conn_addrs_get(&w->lb->t, idx, &a);
	if (dir == CONN_DIR_IN)
		tcp_packet_header(l3 + tcp_packet_l3_len(af), c->cport, c->vport, seq, ack, TCP_ACK, window);
	else
		tcp_packet_header(l3 + tcp_packet_l3_len(af), c->rport, c->lport, seq, ack, TCP_ACK, window);
	frame_end(m, tcp_packet_finish(l3, af, dir == CONN_DIR_IN ? &a.caddr : &a.raddr,
				       dir == CONN_DIR_IN ? &a.vaddr : &a.laddr, PKT_TCP_MIN, 0, SYN_TTL));
	if (parse_again(m, 0, &p))
		lb_forward(w, m, &p, idx << 1 | dir);
	else
		rte_pktmbuf_free(m);
}

/* What waited goes its way. */
static void
saved_forward(struct worker *w, uint32_t idx, uint16_t port)
{
	struct conn_table *t = &w->lb->t;
	struct conn_more *more = &t->more[idx];
	struct rte_mbuf *syn = more->saved, *m = mbuf_meta(syn)->next;
	uint32_t life = t->cold[idx].seq;

	more->saved = NULL;
	more->syn_saved = 0;
	rte_pktmbuf_free(syn);
	while (m) {
		struct rte_mbuf *next = mbuf_meta(m)->next;
		struct pkt p;

		/* A packet may end its connection. */
		if (t->cold[idx].seq == life && parse_again(m, port, &p))
			lb_forward(w, m, &p, idx << 1 | CONN_DIR_IN);
		else
			rte_pktmbuf_free(m);
		m = next;
	}
}

static void
server_accepts(struct worker *w, struct pkt *p, uint32_t idx)
{
	struct conn_table *t = &w->lb->t;
	struct conn_hot *c = &t->hot[idx];
	struct conn_more *more = &t->more[idx];
	struct lb_counters *n = lb_counters(w->index, c->dest);
	uint32_t rs_seq = tcp_seq(p->l4), rs_ack = tcp_ack(p->l4);
	uint16_t window = (uint16_t)(p->l4[14] << 8 | p->l4[15]);
	bool update = conf.ipvs.synproxy.close_client_window && !conf.ipvs.synproxy.defer_rs_syn &&
		      more->syn_saved == 1;
	uint8_t wscale = synproxy_wscale(p->l4);
	uint32_t life = t->cold[idx].seq;

	more->syn_ack_delta -= rs_seq;
	more->storm_seq = 0;
	if (more->rs_wscale == SYNPROXY_NO_WSCALE)
		wscale = 0;
	more->rs_wscale = wscale == SYNPROXY_NO_WSCALE ? 0 : wscale;
	if (c->flags & CONN_F_DELTA) {
		c->first_data = rs_seq + 1;
		c->flags |= CONN_F_FIRST_DATA;
	}
	n->out_packets++;
	n->out_bytes += p->ip_len;
	tcp_seq_add(p->l4, more->syn_ack_delta);
	lb_tcp_note_server(c, p);
	lb_check_up(w, c->dest);
	lb_conn_set_state(w, idx, TCP_S_ESTABLISHED);
	lb_conn_set_active(w, idx, true);
	saved_forward(w, idx, p->port);
	if (update && t->cold[idx].seq == life)
		segment_send(w, idx, CONN_DIR_OUT, rs_seq + 1, rs_ack, window >> more->rs_wscale);
	rte_pktmbuf_free(p->buf);
}

/* The client has shaken hands with somebody: for it the reset must be the next in sequence. */
static void
server_refuses(struct worker *w, struct pkt *p, uint32_t idx)
{
	struct conn_more *more = &w->lb->t.more[idx];

	more->syn_ack_delta -= tcp_seq(p->l4) - 1;
	lb_synproxy_forget(more);
	lb_check_down(w, w->lb->t.hot[idx].dest);
	lb_conn_set_state(w, idx, TCP_S_CLOSE);
	rewrite_tcp_csum(p->l4, tcp_seq_add(p->l4, more->syn_ack_delta));
}

static bool
drop(struct worker *w, struct rte_mbuf *m, enum drop_reason why)
{
	worker_drop(w, m, why);
	return true;
}

/* A packet while the real server has not answered. */
static bool
waiting(struct worker *w, struct rte_mbuf *m, struct pkt *p, uint32_t idx, unsigned dir)
{
	const struct conn_hot *c = &w->lb->t.hot[idx];
	struct conn_more *more = &w->lb->t.more[idx];

	if (dir == CONN_DIR_IN) {
		if (!(p->tcp_flags & TCP_ACK) || more->syn_saved > conf.ipvs.synproxy.max_ack_saved)
			return drop(w, m, DROP_SYNPROXY_WAITING);
		keep(more, m);
		more->syn_saved++;
		return true;
	}
	/* What answers our SYN acknowledges it. */
	if (!(p->tcp_flags & TCP_ACK) || tcp_ack(p->l4) != more->storm_seq + c->seq_delta)
		return drop(w, m, DROP_SYNPROXY_WAITING);
	if (p->tcp_flags & TCP_RST) {
		server_refuses(w, p, idx);
		return false;
	}
	if (!(p->tcp_flags & TCP_SYN))
		return drop(w, m, DROP_SYNPROXY_WAITING);
	server_accepts(w, p, idx);
	return true;
}

/* ---- afterwards ---- */

/* States in which a client may use its port again. */
static bool
reusable(uint8_t state)
{
	switch (state) {
	case TCP_S_CLOSE:
		return conf.ipvs.synproxy.reuse_close;
	case TCP_S_TIME_WAIT:
		return conf.ipvs.synproxy.reuse_time_wait;
	case TCP_S_FIN_WAIT:
		return conf.ipvs.synproxy.reuse_fin_wait;
	case TCP_S_CLOSE_WAIT:
		return conf.ipvs.synproxy.reuse_close_wait;
	case TCP_S_LAST_ACK:
		return conf.ipvs.synproxy.reuse_last_ack;
	default:
		return false;
	}
}

/* The client has shaken hands anew: the same real server gets a new SYN. */
static void
restart(struct worker *w, struct pkt *p, uint32_t idx, const struct synproxy_options *o)
{
	struct conn_hot *c = &w->lb->t.hot[idx];
	struct lb_attrs attrs = {.proxy_protocol = w->lb->t.more[idx].proxy};

	c->flags &= (uint16_t) ~(CONN_F_RS_SEQ | CONN_F_FIRST_DATA);
	lb_conn_set_active(w, idx, false);
	lb_proto_tcp.open(w, idx, p, &attrs);
	lb_synproxy_begin(w, p, idx, o);
}

static bool
inbound(struct worker *w, struct pkt *p, uint32_t idx)
{
	const struct conn_hot *c = &w->lb->t.hot[idx];
	const struct conn_more *more = &w->lb->t.more[idx];
	uint8_t flags = p->tcp_flags & (TCP_SYN | TCP_ACK | TCP_FIN | TCP_RST);
	struct synproxy_options o;
	uint64_t changes;

	if (unlikely(reusable(c->state))) {
		if (flags == TCP_SYN) {
			lb_synproxy_answer(w, p);
			return true;
		}
		if (flags == TCP_ACK && lb_synproxy_cookie_good(w, p, &o)) {
			restart(w, p, idx, &o);
			return true;
		}
	}
	if (!(p->tcp_flags & TCP_ACK))
		return false;
	changes = tcp_ack_add(p->l4, -more->syn_ack_delta);
	changes += tcp_sack_add(p->l4, -more->syn_ack_delta);
	rewrite_tcp_csum(p->l4, changes);
	return false;
}

/* The same bare acknowledgement again and again: both ends think that the other one is wrong. */
static bool
is_storm(struct conn_more *more, const struct pkt *p)
{
	uint32_t seq = tcp_seq(p->l4), ack = tcp_ack(p->l4);
	bool bare = (p->tcp_flags & (TCP_SYN | TCP_ACK | TCP_FIN | TCP_RST)) == TCP_ACK &&
		    p->ip_len == p->l3_len + tcp_header_len(p->l4);

	if (!bare || seq != more->storm_seq || ack != more->storm_ack) {
		more->storm_seq = seq;
		more->storm_ack = ack;
		more->storm_count = bare;
		return false;
	}
	return more->storm_count++ >= (uint32_t)conf.ipvs.synproxy.ack_storm_thresh;
}

static bool
outbound(struct worker *w, struct rte_mbuf *m, struct pkt *p, uint32_t idx)
{
	const struct conn_hot *c = &w->lb->t.hot[idx];
	struct conn_more *more = &w->lb->t.more[idx];
	uint64_t changes;

	if (unlikely((p->tcp_flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK))) {
		/* The server did not get our acknowledgement; the client would not know what this is about.
		 */
		uint32_t seq = tcp_ack(p->l4) - c->seq_delta, ack = tcp_seq(p->l4) + 1 + more->syn_ack_delta;

		rte_pktmbuf_free(m);
		segment_send(w, idx, CONN_DIR_IN, seq, ack, FULL_WINDOW);
		return true;
	}
	if (is_storm(more, p))
		return drop(w, m, DROP_SYNPROXY_ACK_STORM);
	changes = tcp_seq_add(p->l4, more->syn_ack_delta);
	if (more->rs_wscale != more->our_wscale)
		changes += synproxy_window(p->l4, more->rs_wscale, more->our_wscale);
	rewrite_tcp_csum(p->l4, changes);
	return false;
}

bool
lb_synproxy_packet(struct worker *w, struct rte_mbuf *m, struct pkt *p, uint32_t idx, unsigned dir)
{
	if (unlikely(w->lb->t.more[idx].saved))
		return waiting(w, m, p, idx, dir);
	return dir == CONN_DIR_IN ? inbound(w, p, idx) : outbound(w, m, p, idx);
}

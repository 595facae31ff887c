/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCP: only a pure SYN opens a connection; the state table is packet/tcp.h's.
 */
#include "../check.h"
#include "../proxy.h"

#include "core/conf.h"
#include "packet/tcp.h"
#include "tcp_reset.h"

static enum drop_reason
tcp_admit(const struct pkt *p)
{
	return (p->tcp_flags & (TCP_SYN | TCP_ACK | TCP_FIN | TCP_RST)) == TCP_SYN ? DROP_NONE
										   : DROP_TCP_NOT_SYN;
}

static enum drop_reason
tcp_no_service(const struct pkt *p, const struct lb_key *key)
{
	(void)p;
	if (conf.ipvs.defence_tcp_drop && lb_vip_exists(key->af, PKT_PROTO_TCP, &key->vip))
		return DROP_DEFENCE_TCP;
	return DROP_NONE;
}

/*
 * Sets the sequence space towards the real server for a SYN, and that the server is to learn the client's
 * address. Real servers see many clients behind one address: the sequence space is ours, so that it is never
 * used backwards.
 */
static void
sequence_start(struct conn_table *t, uint32_t idx, const struct pkt *p, uint8_t proxy_protocol)
{
	struct conn_hot *c = &t->hot[idx];
	struct conn_addrs a;

	conn_addrs_get(t, idx, &a);
	c->seq_delta = tcp_fnat_isn(conn_rs_af(c), &a.laddr, c->lport, &a.raddr, c->rport) - tcp_seq(p->l4);
	c->flags &= (uint16_t) ~(CONN_F_FIRST_DATA | CONN_F_RS_SEQ | CONN_F_TOA);
	c->flags |= CONN_F_DELTA | (lb_proxy_start(t, idx, p, proxy_protocol) ? 0 : CONN_F_TOA);
}

static void
tcp_open(struct worker *w, uint32_t idx, const struct pkt *p, const struct lb_attrs *attrs)
{
	uint8_t fwd = w->lb->t.hot[idx].fwd;

	if (fwd == LB_FWD_FNAT || fwd == LB_FWD_NAT64)
		sequence_start(&w->lb->t, idx, p, attrs->proxy_protocol);
}

/* A client that uses its port again meets the rest of its old connection. A repeated SYN of the handshake is
 * not that. */
static bool
is_reopened(const struct conn_hot *c, const struct pkt *p, unsigned dir)
{
	return dir == CONN_DIR_IN && (p->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN &&
	       c->state >= TCP_S_FIN_WAIT;
}

/*
 * The server opens a connection that is open already: it has forgotten the old one, after a restart. It does
 * not know the client either.
 */
static bool
server_renewed(const struct conn_table *t, uint32_t idx, const struct pkt *p, unsigned dir)
{
	const struct conn_hot *c = &t->hot[idx];

	return dir == CONN_DIR_OUT && (p->tcp_flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK) &&
	       c->flags & CONN_F_DELTA && c->flags & CONN_F_FIRST_DATA &&
	       tcp_seq(p->l4) + 1 != c->first_data && !(c->flags & CONN_F_MORE && t->more[idx].syn_ack_delta);
}

static enum tcp_dir
direction(const struct conn_hot *c, unsigned dir)
{
	if (c->flags & CONN_F_ONE_WAY)
		return TCP_DIR_IN_ONLY;
	return dir == CONN_DIR_OUT ? TCP_DIR_OUT : TCP_DIR_IN;
}

static bool
is_opening(uint8_t state)
{
	return state == TCP_S_SYN_RECV || state == TCP_S_SYN_SENT;
}

/* How the handshake ended, for the passive check: accepted, or reset by the server. */
static void
check_report(struct worker *w, const struct conn_hot *c, uint8_t next, unsigned dir)
{
	if (next == TCP_S_ESTABLISHED)
		lb_check_up(w, c->dest);
	else if (next == TCP_S_CLOSE && dir == CONN_DIR_OUT)
		lb_check_down(w, c->dest);
}

static void
tcp_track(struct worker *w, uint32_t idx, const struct pkt *p, unsigned dir)
{
	struct conn_hot *c = &w->lb->t.hot[idx];
	uint8_t next;

	/* Nearly every packet: an ACK of an established connection. */
	if (likely(c->state == TCP_S_ESTABLISHED &&
		   (p->tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK)) == TCP_ACK))
		return;
	if (is_reopened(c, p, dir) && c->flags & CONN_F_DELTA)
		sequence_start(&w->lb->t, idx, p, c->flags & CONN_F_MORE ? w->lb->t.more[idx].proxy : 0);
	if (server_renewed(&w->lb->t, idx, p, dir) &&
	    !lb_proxy_again(&w->lb->t, idx, tcp_ack(p->l4) - c->seq_delta))
		c->flags |= CONN_F_TOA;
	next = tcp_next_state(direction(c, dir), c->state, p->tcp_flags);
	if (next == c->state)
		return;
	if (next >= TCP_S_FIN_WAIT)
		lb_proxy_closing(&w->lb->t, idx);
	if (is_opening(c->state))
		check_report(w, c, next, dir);
	lb_conn_set_state(w, idx, next);
	lb_conn_set_active(w, idx, next == TCP_S_ESTABLISHED);
}

static uint32_t
tcp_timeout(uint8_t state)
{
	return (uint32_t)conf.ipvs.tcp_timeout_s[state < CONF_TCP_STATES ? state : 0];
}

static bool
tcp_service_timeout_applies(uint8_t state)
{
	return state == TCP_S_ESTABLISHED;
}

static bool
tcp_half_open(uint8_t state)
{
	return state == TCP_S_NONE || state == TCP_S_SYN_SENT || state == TCP_S_SYN_RECV ||
	       state == TCP_S_TIME_WAIT || state == TCP_S_CLOSE;
}

static void
tcp_expired(struct worker *w, uint32_t idx)
{
	const struct conn_hot *c = &w->lb->t.hot[idx];

	if (c->state == TCP_S_ESTABLISHED)
		tcp_reset_both(w, idx);
	/* A client that never answers the server's SYN-ACK says nothing about the server. */
	else if (is_opening(c->state) && !(c->flags & CONN_F_RS_SEQ))
		lb_check_down(w, c->dest);
}

const struct lb_proto lb_proto_tcp = {
    .number = PKT_PROTO_TCP,
    .admit = tcp_admit,
    .no_service = tcp_no_service,
    .open = tcp_open,
    .track = tcp_track,
    .expired = tcp_expired,
    .timeout = tcp_timeout,
    .service_timeout_applies = tcp_service_timeout_applies,
    .half_open = tcp_half_open,
};

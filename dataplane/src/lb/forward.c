/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A packet of a known connection: state, counters, translation by forwarding mode, and the rare cases of the
 * way out (send.h).
 */
#include "proto/udp.h"
#include "send.h"
#include "xmit/fnat.h"

#include "core/conf.h"
#include "core/mbuf.h"
#include "packet/icmp_error.h"
#include "packet/rewrite.h"

enum { IP4_DF = 0x40 };

/* Where packets towards a side go. */
static void
side_target(const struct conn_table *t, uint32_t idx, unsigned dir, union inet_ip *dst)
{
	struct conn_addrs a;

	conn_addrs_get(t, idx, &a);
	*dst = dir == CONN_DIR_IN ? a.raddr : a.caddr;
}

static enum drop_reason
path_find(struct worker *w, uint32_t idx, unsigned dir, struct net_path *path)
{
	struct lb_worker *lb = w->lb;
	struct conn_hot *c = &lb->t.hot[idx];
	struct conn_cold *cold = &lb->t.cold[idx];
	union inet_ip dst;
	enum drop_reason why;

	side_target(&lb->t, idx, dir, &dst);
	why = net_path_lookup(conn_side_af(c, dir), &dst, path);
	if (why)
		return why;
	if (c->fwd == LB_FWD_TUNNEL && dir == CONN_DIR_IN && !lb_tunnel_source(&lb->t, idx, &path->src))
		return DROP_LB_NO_ROUTE;
	if (path->mtu < lb->mtu_safe) {
		lb->mtu_safe = path->mtu;
		lb->plain_len = lb->plain_len < path->mtu ? lb->plain_len : path->mtu;
	}
	if (dir == CONN_DIR_IN) {
		c->adj_in = path->adj;
		cold->mtu_in = path->mtu;
	} else {
		c->adj_out = path->adj;
		cold->mtu_out = path->mtu;
	}
	return DROP_NONE;
}

uint16_t
lb_conn_mtu(struct worker *w, uint32_t idx, unsigned dir)
{
	const struct conn_hot *c = &w->lb->t.hot[idx];
	struct net_path path;

	if ((dir == CONN_DIR_IN ? c->adj_in : c->adj_out) != ADJ_NONE)
		return dir == CONN_DIR_IN ? w->lb->t.cold[idx].mtu_in : w->lb->t.cold[idx].mtu_out;
	return path_find(w, idx, dir, &path) == DROP_NONE ? path.mtu : 0;
}

__rte_noinline void
lb_conn_ways(struct worker *w, uint32_t idx)
{
	lb_conn_mtu(w, idx, CONN_DIR_IN);
	lb_conn_mtu(w, idx, CONN_DIR_OUT);
}

/* Longer than the path allows: IPv4 without DF is fragmented, and what came in fragments. */
static void
send_too_big(struct worker *w, struct rte_mbuf *m, uint32_t idx, unsigned dir)
{
	uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, PKT_ETH_LEN);
	int af = ip[0] >> 4 == 6 ? INET_AF_V6 : INET_AF_V4;
	struct net_path path;

	if (!mbuf_is_reassembled(m) && (af == INET_AF_V6 || ip[6] & IP4_DF)) {
		worker_drop(w, m, DROP_LB_TOO_BIG);
	} else if (path_find(w, idx, dir, &path)) {
		worker_drop(w, m, DROP_LB_NO_ROUTE);
	} else {
		if (af == INET_AF_V4)
			rewrite_ip4_fragmentable(ip, (uint16_t)lb_frag_id(w->lb));
		else
			mbuf_meta(m)->frag_id = lb_frag_id(w->lb);
		rte_pktmbuf_adj(m, PKT_ETH_LEN);
		net_output_path(w, &path, af, m);
	}
}

/* No adjacency cached, or its neighbour is not resolved: ask, then send or let the control lcore resolve. */
static void
send_unresolved(struct worker *w, struct rte_mbuf *m, uint32_t idx, unsigned dir, uint32_t ip_len)
{
	struct net_path path;
	enum drop_reason why = path_find(w, idx, dir, &path);

	if (why) {
		worker_drop(w, m, DROP_LB_NO_ROUTE);
		return;
	}
	/* The first packet on a way that is narrower than all before. */
	if (ip_len > path.mtu) {
		send_too_big(w, m, idx, dir);
		return;
	}
	rte_pktmbuf_adj(m, PKT_ETH_LEN);
	net_path_tx(w, &path, conn_side_af(&w->lb->t.hot[idx], dir), m);
}

void
lb_conn_send_slow(struct worker *w, struct rte_mbuf *m, uint32_t idx, unsigned dir, uint32_t ip_len)
{
	uint16_t mtu = ip_len > w->lb->mtu_safe ? lb_conn_mtu(w, idx, dir) : 0;
	const struct conn_hot *c = &w->lb->t.hot[idx];
	uint32_t adj;

	if (mtu && ip_len > mtu) {
		send_too_big(w, m, idx, dir);
		return;
	}
	adj = dir == CONN_DIR_IN ? c->adj_in : c->adj_out;
	if (adj == ADJ_NONE || !net_adjs[adj].valid) {
		send_unresolved(w, m, idx, dir, ip_len);
		return;
	}
	rte_pktmbuf_adj(m, PKT_ETH_LEN);
	net_adj_tx(w, adj, m);
}

/*
 * Traffic proves that a neighbour is alive: what the real server sends confirms the way to it, a client's ACK
 * the way to the client (a client's UDP proves nothing). Written at most once a second.
 */
static inline void
confirm(struct worker *w, const struct conn_hot *c, const struct pkt *p, unsigned dir)
{
	uint32_t adj = dir == CONN_DIR_OUT ? c->adj_in : c->adj_out;

	if (dir == CONN_DIR_IN && !(p->tcp_flags & TCP_ACK))
		return;
	if (adj != ADJ_NONE && unlikely(net_adjs[adj].confirmed_s != w->now_s))
		net_adjs[adj].confirmed_s = w->now_s;
}

/* A packet at the end of its life: its sender is told (RFC 792, RFC 4443 3.3). */
static bool
refuse_expired(struct worker *w, struct rte_mbuf *m, const struct pkt *p)
{
	bool v6 = p->kind == PKT_IP6;

	if ((v6 ? p->l3[7] : p->l3[8]) > 1)
		return false;
	net_icmp_error(w, m, p, v6 ? ICMP6_TIME_EXCEEDED : ICMP4_TIME_EXCEEDED, 0, 0);
	worker_drop(w, m, v6 ? DROP_IP6_HOP_LIMIT : DROP_IP4_TTL);
	return true;
}

/* Longer than the way it has to go, and not to be fragmented: its sender is told (RFC 1191, RFC 8201). Before
 * any translation, because the error quotes the packet as the sender knows it. */
static bool
refuse_too_big(struct worker *w, struct rte_mbuf *m, const struct pkt *p, uint32_t idx, unsigned dir,
	       int growth)
{
	int mtu = lb_conn_mtu(w, idx, dir);

	if (mtu == 0 || mbuf_is_reassembled(m))
		return false;
	mtu -= growth;
	if (p->ip_len <= mtu || (p->kind == PKT_IP4 && !(p->l3[6] & IP4_DF)))
		return false;
	if (p->kind == PKT_IP4)
		net_icmp_error(w, m, p, ICMP4_UNREACHABLE, ICMP4_FRAG_NEEDED, (uint32_t)mtu);
	else
		net_icmp_error(w, m, p, ICMP6_TOO_BIG, 0, (uint32_t)mtu);
	worker_drop(w, m, DROP_LB_TOO_BIG);
	return true;
}

/* Before translation: what the length of a packet asks for, and xmit_ttl. Direct routing changes no packet.
 * True: m is gone. */
static __rte_noinline bool
refuse(struct worker *w, struct rte_mbuf *m, const struct pkt *p, uint32_t idx, unsigned dir, int growth)
{
	bool ages = conf.ipvs.xmit_ttl && w->lb->t.hot[idx].fwd != LB_FWD_DR;

	if (ages && refuse_expired(w, m, p))
		return true;
	if (p->ip_len + growth > w->lb->mtu_safe && refuse_too_big(w, m, p, idx, dir, growth))
		return true;
	if (ages)
		rewrite_ttl_lower(p->l3);
	return false;
}

void
lb_forward(struct worker *w, struct rte_mbuf *m, struct pkt *p, uint32_t ref)
{
	uint32_t idx = ref >> 1;
	unsigned dir = ref & 1;
	struct conn_hot *c = &w->lb->t.hot[idx];
	struct lb_counters *n = lb_counters(w->index, c->dest);
	uint16_t ip_len = p->ip_len; /* as it came: p may be edited */
	int growth;

	lb_conn_refresh(w, idx);
	if (unlikely(c->flags & CONN_F_SPECIAL) && lb_special(w, m, p, idx, dir))
		return;
	c->last_seen = conn_tick(w->now_ms);
	if (c->proto == PKT_PROTO_TCP)
		lb_proto_tcp.track(w, idx, p, dir);
	else if (likely(c->proto == PKT_PROTO_UDP))
		lb_udp_track(w, idx, dir);
	else
		lb_proto_find(c->proto)->track(w, idx, p, dir);
	if (dir == CONN_DIR_IN) {
		n->in_packets++;
		n->in_bytes += ip_len;
	} else {
		n->out_packets++;
		n->out_bytes += ip_len;
	}
	confirm(w, c, p, dir);
	if (likely(c->fwd == LB_FWD_FNAT)) {
		if (likely(p->ip_len <= w->lb->plain_len) || !refuse(w, m, p, idx, dir, 0))
			lb_fnat_send(w, m, p, idx, dir);
		return;
	}
	growth = lb_xmit_growth(c, dir);
	if (likely(p->ip_len + growth <= w->lb->plain_len) || !refuse(w, m, p, idx, dir, growth))
		lb_xmit_other(w, m, p, idx, dir);
}

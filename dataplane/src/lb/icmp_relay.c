/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ICMP errors about packets of connections. A router or a host that could not deliver a packet which we sent
 * quotes it; the error goes on to whom the packet came from, as an error about the packet that this one
 * knows.
 *
 * The quote turned round is the tuple of a packet that would come back, so the flow table knows it: towards
 * the client when the quoted packet was on its way to the real server, and the other way round.
 */
#include "flow.h"
#include "proxy.h"
#include "send.h"

#include "packet/icmp_error.h"

enum { FAKE_LEN = PKT_IP6_LEN + 4, LEARN_MIN_V4 = 576, LEARN_MIN_V6 = 1280 };

/* A packet with the tuple of the quote, turned round if it is not one of the client itself; bytes: FAKE_LEN.
 */
static struct pkt
tuple_packet(const struct icmp_error *e, bool turned, const struct pkt *p, uint8_t *bytes)
{
	bool v6 = e->af == INET_AF_V6;
	struct pkt q = {.l3 = bytes,
			.port = p->port,
			.kind = v6 ? PKT_IP6 : PKT_IP4,
			.proto = e->proto,
			.flags = PKT_F_L4,
			.sport = turned ? e->dport : e->sport,
			.dport = turned ? e->sport : e->dport};
	unsigned len = inet_len(e->af), at = v6 ? 8 : 12;

	memcpy(bytes + at, turned ? &e->daddr : &e->saddr, len);
	memcpy(bytes + at + len, turned ? &e->saddr : &e->daddr, len);
	q.hash = lb_flow_hash(&q);
	return q;
}

/* The error as the side of dir gets it. False: there is nothing like it in that family. */
static bool
error_for_side(const struct conn_table *t, uint32_t idx, unsigned dir, struct icmp_error *e)
{
	const struct conn_hot *c = &t->hot[idx];
	struct conn_addrs a;

	if (conn_side_af(c, dir) != e->af && !icmp_error_translate(e))
		return false;
	conn_addrs_get(t, idx, &a);
	if (dir == CONN_DIR_OUT) {
		e->saddr = a.caddr;
		e->daddr = a.vaddr;
		e->sport = c->cport;
		e->dport = c->vport;
	} else {
		e->saddr = a.raddr;
		e->daddr = a.laddr;
		e->sport = c->rport;
		e->dport = c->lport;
	}
	return true;
}

/*
 * The path to the server is narrower than our port. The client will send what fits it, but where we add the
 * client's address to a packet it would not fit any more. Kept until the network changes; what no real path
 * has is not believed.
 */
static void
learn_mtu(struct conn_table *t, uint32_t idx, unsigned dir, const struct icmp_error *e)
{
	uint32_t mtu = icmp_error_mtu(e), least = e->af == INET_AF_V6 ? LEARN_MIN_V6 : LEARN_MIN_V4;
	uint8_t fwd = t->hot[idx].fwd;

	if (dir == CONN_DIR_OUT && (fwd == LB_FWD_FNAT || fwd == LB_FWD_NAT64) && mtu >= least &&
	    mtu < t->cold[idx].mtu_in)
		t->cold[idx].mtu_in = (uint16_t)mtu;
}

/* Writes the error into a packet of its own and sends it towards the side of dir, from the address that this
 * side knows; with SNAT hosts inside see who complains (p), as behind any router. */
static void
relay(struct worker *w, const struct pkt *p, uint32_t idx, unsigned dir, struct icmp_error *e)
{
	struct conn_table *t = &w->lb->t;
	struct conn_hot *c = &t->hot[idx];
	union inet_ip from;
	struct rte_mbuf *m;
	uint32_t delta = 0;
	unsigned len;

	learn_mtu(t, idx, dir, e);
	if (!error_for_side(t, idx, dir, e)) {
		worker_drops_add(w, DROP_ICMP_NOT_HANDLED, 1);
		return;
	}
	if (dir == CONN_DIR_OUT && c->flags & CONN_F_DELTA)
		delta = lb_proxy_error(t, idx, e) - c->seq_delta;
	else if (dir == CONN_DIR_IN && conn_task(t, idx, MORE_T_SYNPROXY))
		delta = -t->more[idx].syn_ack_delta;
	m = rte_pktmbuf_alloc(w->pool);
	if (!m) {
		worker_drops_add(w, DROP_NO_MBUF, 1);
		return;
	}
	if (c->fwd == LB_FWD_SNAT && dir == CONN_DIR_IN)
		from = inet_ip_make(e->af, p->l3 + (p->kind == PKT_IP6 ? 8 : 12));
	else
		from = e->daddr;
	len =
	    icmp_error_write(rte_pktmbuf_mtod_offset(m, uint8_t *, PKT_ETH_LEN), e, &from, &e->saddr, delta);
	m->data_len = (uint16_t)(len + PKT_ETH_LEN);
	m->pkt_len = m->data_len;
	lb_conn_send(w, m, idx, dir, len);
}

bool
lb_icmp_error(struct worker *w, struct rte_mbuf *m, struct pkt *p)
{
	struct icmp_error e;
	uint8_t bytes[FAKE_LEN];
	bool tunnelled = false;
	struct lb_counters *n;
	enum drop_reason why;
	struct pkt q;
	unsigned dir;
	uint32_t ref;

	switch (icmp_error_parse(p, &e)) {
	case ICMP_ERROR_MALFORMED:
		/* The stack judges what is for itself. */
		return false;
	case ICMP_ERROR_NONE:
		if (!icmp_error_parse_tunnel(p, &e))
			return false;
		tunnelled = true;
		break;
	case ICMP_ERROR_FOUND:
		break;
	}
	q = tuple_packet(&e, !tunnelled, p, bytes);
	ref = lb_flow_find(&w->lb->t, &q);
	if (ref == CONN_NONE) {
		q.flags |= p->flags & PKT_F_HANDED;
		return lb_flow_pass_on(w, m, &q);
	}
	/* Towards the client when it is about a tunnel to its server. The packet that would come back goes
	 * the way of the error. */
	dir = tunnelled ? CONN_DIR_OUT : ref & 1;
	lb_conn_refresh(w, ref >> 1);
	why = lb_error_refused(&w->lb->t, ref >> 1, p, dir);
	if (why) {
		worker_drop(w, m, why);
		return true;
	}
	n = lb_counters(w->index, w->lb->t.hot[ref >> 1].dest);
	n->in_packets++;
	n->in_bytes += p->ip_len;
	if (dir == CONN_DIR_IN && w->lb->t.hot[ref >> 1].flags & CONN_F_ONE_WAY) {
		/* About a reply that did not pass here: the server gets it as it gets everything else. */
		lb_xmit_other(w, m, p, ref >> 1, CONN_DIR_IN);
		return true;
	}
	relay(w, p, ref >> 1, dir, &e);
	rte_pktmbuf_free(m);
	return true;
}

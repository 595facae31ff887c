/* SPDX-License-Identifier: Apache-2.0 */
/* Packets into tunnels and out of them. Worker. */
#include "tunnel.h"

#include <rte_ip.h>

#include "core/errors.h"
#include "core/mbuf.h"
#include "icmp.h"
#include "packet/ip4.h"
#include "to_kernel.h"

enum { ICMP4_PORT_UNREACHABLE_CODE = 3 };

/* ---- out of tunnels ---- */

/* Addresses that agree count more than a device that agrees; a tunnel for any is the last to be asked. */
static const struct tunnel_row *
find(const struct tunnel_rows *rows, const struct tunnel_row *seen)
{
	const struct tunnel_row *best = NULL;
	unsigned best_score = 0;

	for (unsigned i = 0; i < rows->n; i++) {
		const struct tunnel_row *r = &rows->row[i];
		const struct port *p = rcu_read(ports[r->port]);
		unsigned score;

		if (r->kind != seen->kind || r->keyed != seen->keyed || r->key != seen->key ||
		    (r->local && r->local != seen->local) || (r->remote && r->remote != seen->remote) ||
		    (r->link != PORT_NONE && r->link != seen->link) || !p || !p->started)
			continue;
		score = 1u + (r->link != PORT_NONE) + (r->local ? 2 : 0) + (r->remote ? 4 : 0);
		if (score > best_score) {
			best = r;
			best_score = score;
		}
	}
	return best;
}

/* The number that is due, or a later one. Workers take packets of one host from one queue, or nearly so: the
 * order that this looks after is that of the wire. */
static bool
is_in_sequence(struct tunnel *t, uint32_t seq)
{
	if ((int32_t)(seq - __atomic_load_n(&t->next_in, __ATOMIC_RELAXED)) < 0)
		return false;
	__atomic_store_n(&t->next_in, seq + 1, __ATOMIC_RELAXED);
	return true;
}

static enum drop_reason
gre_check(struct tunnel *t, const struct tunnel_spec *s, const struct gre *g, struct rte_mbuf *m,
	  const struct pkt *p)
{
	uint16_t sum;

	if ((s->i_flags ^ g->flags) & (GRE_F_CSUM | GRE_F_SEQ))
		return DROP_TUNNEL_FLAGS;
	if (g->flags & GRE_F_CSUM &&
	    (rte_raw_cksum_mbuf(m, (uint32_t)(p->l4 - rte_pktmbuf_mtod(m, uint8_t *)),
				(uint32_t)p->ip_len - p->l3_len, &sum) ||
	     sum != 0xffff))
		return DROP_TUNNEL_CHECKSUM;
	if (g->flags & GRE_F_SEQ && !is_in_sequence(t, g->seq))
		return DROP_TUNNEL_SEQUENCE;
	return DROP_NONE;
}

/* The packet inside, `header` bytes behind the outer IP header, becomes a frame of its own. */
static enum drop_reason
unwrap(struct rte_mbuf *m, const struct pkt *p, uint16_t type, unsigned header)
{
	uint8_t *inner = p->l4 + header, *eth = inner - PKT_ETH_LEN;
	uint16_t be = rte_cpu_to_be_16(type);
	struct tunnel_inner seen;

	if (p->avail < p->l3_len + header ||
	    !tunnel_inner_read(inner, p->avail - p->l3_len - header, type, &seen))
		return DROP_TUNNEL_PAYLOAD;
	if (!tunnel_ecn_decap(inner, seen.v6, p->l3[1]))
		return DROP_TUNNEL_ECN;
	rte_pktmbuf_adj(m, (uint16_t)(eth - rte_pktmbuf_mtod(m, uint8_t *)));
	memset(eth, 0, 2 * PKT_MAC_LEN);
	memcpy(eth + 2 * PKT_MAC_LEN, &be, sizeof(be));
	/* What was said of the outer packet. */
	m->ol_flags &= ~(RTE_MBUF_F_RX_IP_CKSUM_MASK | mbuf_reassembled);
	return DROP_NONE;
}

/* How many tunnels deep the packet inside is. */
static unsigned
depth_of(struct rte_mbuf *m, const struct pkt *p)
{
	const struct port *from = rcu_read(ports[p->port]);

	return from && from->ops == &tunnel_ops ? mbuf_meta(m)->depth + 1u : 1u;
}

static void
receive_again(struct worker *w, struct rte_mbuf *m, const struct port *port, unsigned depth)
{
	struct port_counters *n = &port->counters[w->index];

	if (w->nagain == RTE_DIM(w->again)) {
		worker_drop(w, m, DROP_TUNNEL_NESTED);
		return;
	}
	n->in_packets++;
	n->in_bytes += m->pkt_len - PKT_ETH_LEN;
	mbuf_meta(m)->port = port->id;
	mbuf_meta(m)->depth = (uint8_t)depth;
	w->again[w->nagain++] = m;
}

static enum drop_reason
input(struct worker *w, struct rte_mbuf *m, const struct pkt *p, const struct tunnel_rows *rows)
{
	const uint8_t *ip = p->l3;
	struct tunnel_row seen = {.link = p->port};
	uint16_t type = p->proto == PROTO_IPV6 ? RTE_ETHER_TYPE_IPV6 : RTE_ETHER_TYPE_IPV4;
	struct gre gre = {.flags = 0};
	unsigned depth = depth_of(m, p), header = 0;
	const struct tunnel_conf *c;
	const struct tunnel_row *row;
	const struct port *port;
	enum drop_reason why;

	memcpy(&seen.remote, ip + 12, 4);
	memcpy(&seen.local, ip + 16, 4);
	if (p->proto == PROTO_GRE) {
		if (!gre_read(p->l4, p->avail - p->l3_len, &gre))
			return DROP_TUNNEL_GRE;
		seen.kind = TUNNEL_GRE;
		seen.keyed = gre.flags & GRE_F_KEY;
		seen.key = gre.key;
		header = gre_len(gre.flags);
		type = gre.type;
	}
	row = find(rows, &seen);
	port = row ? rcu_read(ports[row->port]) : NULL;
	if (!port || port->ops != &tunnel_ops) {
		if (p->proto == PROTO_GRE)
			net_icmp_error(w, m, p, ICMP4_UNREACHABLE, ICMP4_PORT_UNREACHABLE_CODE, 0);
		return DROP_TUNNEL_UNKNOWN;
	}
	if (depth > TUNNEL_DEPTH_MAX)
		return DROP_TUNNEL_NESTED;
	c = rcu_read(((struct tunnel *)port->kind_data)->conf);
	why = p->proto == PROTO_GRE ? gre_check(port->kind_data, &c->s, &gre, m, p) : DROP_NONE;
	if (!why)
		why = unwrap(m, p, type, header);
	if (!why)
		receive_again(w, m, port, depth);
	return why;
}

void
tunnel_input(struct worker *w, struct rte_mbuf *m, const struct pkt *p)
{
	const struct tunnel_rows *rows = rcu_read(tunnel_rows);
	enum drop_reason why;

	/* The kernel may have tunnels. */
	if (!rows) {
		net_to_kernel(w, m, p, DROP_NO_HANDLER);
		return;
	}
	why = input(w, m, p, rows);
	if (why)
		worker_drop(w, m, why);
}

/* ---- into tunnels ---- */

/* The way to the remote host, asked for anew when a route or a neighbour has changed. */
static const struct net_path *
way_out(struct worker *w, struct tunnel_conf *c)
{
	union inet_ip remote = {.v4 = c->s.remote};
	struct tunnel_way *way = &c->way[w->index];
	uint32_t now = net_generation;

	if (unlikely(!way->known || way->generation != now || way->path.adj == ADJ_NONE)) {
		way->known = net_path_lookup(INET_AF_V4, &remote, &way->path) == DROP_NONE &&
			     (!c->s.link || way->path.port == c->s.link->id);
		way->generation = now;
	}
	return way->known ? &way->path : NULL;
}

/* Numbers must be unlike whichever worker sends: the one place where workers write to the same line, and only
 * for tunnels that number their packets. */
static uint32_t
next_seq(struct tunnel *t)
{
	return __atomic_fetch_add(&t->next_out, 1, __ATOMIC_RELAXED);
}

static bool
gre_prepend(struct rte_mbuf *m, struct tunnel *t, const struct tunnel_spec *s, bool v6)
{
	struct gre h = {
	    .flags = s->o_flags, .type = v6 ? RTE_ETHER_TYPE_IPV6 : RTE_ETHER_TYPE_IPV4, .key = s->o_key};
	uint8_t *gre = (uint8_t *)rte_pktmbuf_prepend(m, (uint16_t)gre_len(s->o_flags));
	uint16_t sum;

	if (!gre)
		return false;
	if (s->o_flags & GRE_F_SEQ)
		h.seq = next_seq(t);
	gre_write(gre, &h);
	if (s->o_flags & GRE_F_CSUM) {
		if (rte_raw_cksum_mbuf(m, 0, m->pkt_len, &sum))
			return false;
		sum = (uint16_t)~sum;
		memcpy(gre + GRE_MIN, &sum, sizeof(sum));
	}
	return true;
}

static enum drop_reason
wrap(struct worker *w, struct rte_mbuf *m, const struct port *p, struct tunnel_conf *c,
     const struct net_path *path)
{
	const struct tunnel_spec *s = &c->s;
	const uint8_t *eth = rte_pktmbuf_mtod(m, const uint8_t *);
	struct tunnel_inner inner;
	struct ip4_header h = {.proto = PROTO_GRE, .daddr = s->remote};
	uint8_t *ip;

	if (m->data_len < PKT_ETH_LEN || !tunnel_inner_read(eth + PKT_ETH_LEN, m->data_len - PKT_ETH_LEN,
							    (uint16_t)(eth[12] << 8 | eth[13]), &inner))
		return DROP_TUNNEL_PAYLOAD;
	h.saddr = s->local ? s->local : path->src.v4;
	if (h.saddr == 0)
		return DROP_TUNNEL_NO_SOURCE;
	rte_pktmbuf_adj(m, PKT_ETH_LEN);
	if (s->kind == TUNNEL_IPIP)
		h.proto = inner.v6 ? PROTO_IPV6 : PROTO_IPIP;
	else if (!gre_prepend(m, p->kind_data, s, inner.v6))
		return DROP_TUNNEL_NO_ROOM;
	ip = (uint8_t *)rte_pktmbuf_prepend(m, PKT_IP4_MIN);
	if (!ip || m->pkt_len > UINT16_MAX)
		return DROP_TUNNEL_NO_ROOM;
	h.tos = tunnel_outer_tos(inner.tos, s->tos, s->tos & 1);
	h.ttl = s->ttl ? s->ttl : inner.ttl;
	h.df = s->df || inner.df;
	h.id = h.df ? 0 : (uint16_t)w->net->tunnel_id++;
	h.len = (uint16_t)m->pkt_len;
	ip4_header_write(ip, &h);
	return DROP_NONE;
}

/* A frame for the neighbour behind the tunnel. */
static void
tunnel_tx(struct worker *w, struct port *p, struct rte_mbuf *m)
{
	struct tunnel_conf *c = rcu_read(((struct tunnel *)p->kind_data)->conf);
	struct port_counters *n = &p->counters[w->index];
	uint32_t bytes = m->pkt_len - PKT_ETH_LEN;
	const struct net_path *path = c->s.remote ? way_out(w, c) : NULL;
	enum drop_reason why = DROP_TUNNEL_NO_ROUTE;

	/* A way that leads back, at once or by other tunnels. */
	if (path && (path->port == p->id || w->net->tunnel_depth == TUNNEL_DEPTH_MAX))
		why = DROP_TUNNEL_LOOP;
	else if (path)
		why = wrap(w, m, p, c, path);
	if (why) {
		n->out_dropped++;
		worker_drop(w, m, why);
		return;
	}
	n->out_packets++;
	n->out_bytes += bytes;
	w->net->tunnel_depth++;
	net_output_path(w, path, INET_AF_V4, m);
	w->net->tunnel_depth--;
}

/* ---- the device, control lcore ---- */

static int
set_link(struct port *p, bool up)
{
	p->started = up;
	return EDPVS_OK;
}

/* A tunnel without a device has none of a device's properties. */
static void
get_link(const struct port *p, struct rte_eth_link *link)
{
	const struct port *below = tunnel_spec(p)->link;

	memset(link, 0, sizeof(*link));
	if (below)
		below->ops->get_link(below, link);
	if (!p->started)
		link->link_status = RTE_ETH_LINK_DOWN;
}

const struct port_ops tunnel_ops = {
    .tx = tunnel_tx,
    .set_link = set_link,
    .get_link = get_link,
    .get_stats = port_counters_read,
};

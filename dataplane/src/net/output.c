/* SPDX-License-Identifier: Apache-2.0 */
#include "output.h"

#include <rte_ip.h>

#include "adj.h"
#include "core/clock.h"
#include "core/mbuf.h"
#include "fib.h"
#include "fragment.h"
#include "icmp.h"
#include "neigh.h"

/* ---- decision ---- */

enum drop_reason
net_path_lookup(int af, const union inet_ip *dst, struct net_path *path)
{
	const struct fib_hop *hop = fib_lookup(af, dst);

	if (unlikely(!hop))
		return af == INET_AF_V6 ? DROP_IP6_NO_ROUTE : DROP_IP4_NO_ROUTE;
	path->port = hop->port;
	path->mtu = hop->mtu ? hop->mtu : port_mtu(hop->port);
	path->nexthop = hop->has_gateway ? hop->gateway : *dst;
	path->src = hop->src;
	path->to_kernel = hop->to_kernel;
	path->adj = adj_find(af, &path->nexthop, hop->port);
	if (path->adj != ADJ_NONE && !adj_is_valid(path->adj))
		path->adj = ADJ_NONE;
	return DROP_NONE;
}

static union inet_ip
destination(int af, const struct rte_mbuf *m)
{
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);

	return inet_ip_make(af, ip + (af == INET_AF_V6 ? 24 : 16));
}

/* ---- worker ---- */

void
net_path_tx(struct worker *w, const struct net_path *path, int af, struct rte_mbuf *m)
{
	struct mbuf_meta *meta;

	if (likely(path->adj != ADJ_NONE && adj_is_valid(path->adj))) {
		net_adj_tx(w, path->adj, m);
		return;
	}
	meta = mbuf_meta(m);
	meta->nexthop = path->nexthop;
	meta->port = path->port;
	meta->af = (uint8_t)af;
	meta->kind = PUNT_UNRESOLVED;
	worker_punt(w, m);
}

void
net_output_path(struct worker *w, const struct net_path *path, int af, struct rte_mbuf *m)
{
	if (likely(m->pkt_len <= path->mtu)) {
		net_path_tx(w, path, af, m);
		return;
	}
	if (af == INET_AF_V6 && !mbuf_is_reassembled(m)) {
		worker_drop(w, m, DROP_IP6_TOO_BIG);
	} else if (af == INET_AF_V4 && rte_pktmbuf_mtod(m, struct rte_ipv4_hdr *)->fragment_offset &
					   rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG)) {
		worker_drop(w, m, DROP_IP4_TOO_BIG);
	} else {
		net_fragment_tx(w, path, af, m);
	}
}

void
net_output(struct worker *w, int af, struct rte_mbuf *m)
{
	union inet_ip dst = destination(af, m);
	struct net_path path;
	enum drop_reason why;

	if (unlikely(inet_ip_is_multicast(af, &dst))) {
		worker_drop(w, m, af == INET_AF_V6 ? DROP_IP6_MULTICAST : DROP_IP4_MULTICAST);
		return;
	}
	why = net_path_lookup(af, &dst, &path);
	if (unlikely(why)) {
		worker_drop(w, m, why);
		return;
	}
	net_output_path(w, &path, af, m);
}

void
net_output_answer(struct worker *w, uint16_t port, int af, struct rte_mbuf *m)
{
	union inet_ip dst = destination(af, m);
	struct net_path path = {.port = port, .mtu = port_mtu(port), .nexthop = dst};

	if (af != INET_AF_V6 || !inet_ip_is_linklocal(af, &dst)) {
		net_output(w, af, m);
		return;
	}
	path.adj = adj_find(af, &dst, port);
	net_output_path(w, &path, af, m);
}

/* ---- control lcore ---- */

static struct rte_mempool *
control_pool(void)
{
	return nworkers ? workers[0]->pool : NULL;
}

struct rte_mbuf *
control_frame(const struct port *p, uint16_t len, uint8_t **frame)
{
	struct rte_mempool *pool = control_pool();
	struct rte_mbuf *m = pool ? rte_pktmbuf_alloc(pool) : NULL;

	if (!m) {
		control_drops[DROP_NO_MBUF]++;
		return NULL;
	}
	*frame = (uint8_t *)rte_pktmbuf_append(m, len);
	memset(*frame, 0, len);
	mbuf_meta(m)->port = p->id;
	return m;
}

void
control_adj_tx(uint32_t adj, struct rte_mbuf *m)
{
	struct adj *a = &net_adjs[adj];
	uint8_t *eth = (uint8_t *)rte_pktmbuf_prepend(m, PKT_ETH_LEN);

	if (!eth) {
		control_drops[DROP_BAD_OFFSET]++;
		rte_pktmbuf_free(m);
		return;
	}
	if (a->af == INET_AF_V6) {
		control_ip6.out_packets++;
		control_ip6.out_octets += m->pkt_len - PKT_ETH_LEN;
	}
	memcpy(eth, a->hdr[a->cur & 1], PKT_ETH_LEN);
	a->used_s = (uint32_t)(clock_now_ms() / 1000);
	mbuf_meta(m)->port = a->port;
	control_send(m);
}

void
control_output(int af, struct rte_mbuf *m)
{
	union inet_ip dst = destination(af, m);
	struct net_path path;
	enum drop_reason why = net_path_lookup(af, &dst, &path);

	if (!why && m->pkt_len > path.mtu)
		why = af == INET_AF_V6 ? DROP_IP6_TOO_BIG : DROP_IP4_TOO_BIG;
	if (why) {
		control_drops[why]++;
		rte_pktmbuf_free(m);
		return;
	}
	if (ports[path.port]->layer3 && path.adj != ADJ_NONE)
		control_adj_tx(path.adj, m);
	else
		neigh_send(af, &path.nexthop, path.port, m);
}

void
control_unreachable(int af, struct rte_mbuf *m)
{
	struct rte_mempool *pool = control_pool();
	struct rte_mbuf *error = pool ? icmp_host_unreachable(pool, af, m) : NULL;

	if (error)
		control_output(af, error);
}

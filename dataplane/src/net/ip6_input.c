/* SPDX-License-Identifier: Apache-2.0 */
/* IPv6 packets that the balancer left: to us, to others, to nobody. */
#include <rte_ip.h>

#include "core/conf.h"
#include "core/mbuf.h"
#include "icmp.h"
#include "input.h"
#include "nd.h"
#include "output.h"
#include "port/kernel.h"
#include "to_kernel.h"

static bool
is_loopback(const union inet_ip *ip)
{
	return (ip->q[0] | ip->w[2]) == 0 && ip->w[3] == rte_cpu_to_be_32(1);
}

/* RFC 4291 2.5.3, 2.7; spec of multicast scopes: 0 is reserved and 1 never leaves a node. */
static bool
has_bad_address(const union inet_ip *src, const union inet_ip *dst)
{
	if (inet_ip_is_multicast(INET_AF_V6, src) || is_loopback(src) || is_loopback(dst) ||
	    inet_ip_is_any(dst))
		return true;
	return dst->b[0] == 0xff && (dst->b[1] & 0xf) <= 1;
}

static bool
is_nd(const struct pkt *p)
{
	return p->proto == PKT_PROTO_ICMPV6 && !(p->flags & PKT_F_FRAGMENT) && p->ip_len > p->l3_len &&
	       p->avail > p->l3_len && nd_is_type(*p->l4);
}

static void
deliver(struct worker *w, struct rte_mbuf *m, const struct pkt *p)
{
	w->ip6.delivered++;
	if (p->flags & PKT_F_FRAGMENT) {
		net_to_kernel(w, m, p, DROP_IP6_FRAGMENT);
		return;
	}
	switch (p->proto) {
	case PKT_PROTO_ICMPV6:
		icmp6_local(w, m, p);
		break;
	case PKT_PROTO_TCP:
	case PKT_PROTO_UDP:
	case PKT_PROTO_SCTP:
		if (p->flags & PKT_F_L4_BAD)
			worker_drop(w, m, DROP_L4_TRUNCATED);
		else
			net_to_kernel(w, m, p, DROP_LOCAL_NO_SERVICE);
		break;
	default:
		w->ip6.unknown_proto += !kernel_has(p->port);
		net_to_kernel(w, m, p, DROP_NO_HANDLER);
		break;
	}
}

static void
forward(struct worker *w, struct rte_mbuf *m, const struct pkt *p, const union inet_ip *src,
	const union inet_ip *dst)
{
	struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)p->l3;
	struct net_path path;
	bool has_route = net_path_lookup(INET_AF_V6, dst, &path) == DROP_NONE;

	/* Link-local addresses that are not ours may be those of the kernel's interface. */
	if (kernel_has(p->port) && (!has_route || path.to_kernel || inet_ip_is_linklocal(INET_AF_V6, dst))) {
		net_to_kernel(w, m, p, DROP_IP6_NO_ROUTE);
		return;
	}
	if (!conf.ipv6.forwarding) {
		worker_drop(w, m, DROP_IP6_FORWARD_OFF);
		return;
	}
	/* Link-local packets stay on their link; a node without address asks nobody for a way (RFC
	 * 4291 2.5.2, 2.5.6). */
	if (inet_ip_is_any(src) || inet_ip_is_linklocal(INET_AF_V6, dst)) {
		worker_drop(w, m, DROP_IP6_ADDRESS);
		return;
	}
	if (inet_ip_is_linklocal(INET_AF_V6, src)) {
		net_icmp_error(w, m, p, ICMP6_UNREACHABLE, ICMP6_BEYOND_SCOPE_CODE, 0);
		worker_drop(w, m, DROP_IP6_ADDRESS);
		return;
	}
	if (ip->hop_limits <= 1) {
		net_icmp_error(w, m, p, ICMP6_TIME_EXCEEDED, 0, 0);
		worker_drop(w, m, DROP_IP6_HOP_LIMIT);
		return;
	}
	if (!has_route) {
		w->ip6.in_no_route++;
		net_icmp_error(w, m, p, ICMP6_UNREACHABLE, ICMP6_NO_ROUTE_CODE, 0);
		worker_drop(w, m, DROP_IP6_NO_ROUTE);
		return;
	}
	/* A datagram that we put together came in fragments, and goes on in fragments. */
	if (p->ip_len > path.mtu && !mbuf_is_reassembled(m)) {
		net_icmp_error(w, m, p, ICMP6_TOO_BIG, 0, path.mtu);
		worker_drop(w, m, DROP_IP6_TOO_BIG);
		return;
	}
	ip->hop_limits--;
	w->ip6.forwarded++;
	input_strip(m, p);
	net_output_path(w, &path, INET_AF_V6, m);
}

void
ip6_input(struct worker *w, struct rte_mbuf *m, struct pkt *p)
{
	const struct rte_ipv6_hdr *ip = (const struct rte_ipv6_hdr *)p->l3;
	union inet_ip src, dst;

	if (conf.ipv6.disable) {
		worker_drop(w, m, DROP_IP6_DISABLED);
		return;
	}
	src = inet_ip_make(INET_AF_V6, &ip->src_addr);
	dst = inet_ip_make(INET_AF_V6, &ip->dst_addr);
	if (has_bad_address(&src, &dst) || (dst.b[0] != 0xff && p->cast != PKT_HOST)) {
		worker_drop(w, m, DROP_IP6_ADDRESS);
		return;
	}
	if (is_nd(p)) {
		w->ip6.delivered++;
		nd_input(w, m, p);
		return;
	}
	if (dst.b[0] == 0xff) {
		net_to_kernel(w, m, p, DROP_IP6_MULTICAST);
		return;
	}
	if (net_local_lookup(INET_AF_V6, &dst) != NET_NOT_LOCAL)
		deliver(w, m, p);
	else
		forward(w, m, p, &src, &dst);
}

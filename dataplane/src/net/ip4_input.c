/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 packets that the balancer left: to us, to others, to nobody. */
#include <rte_ip.h>

#include "core/conf.h"
#include "icmp.h"
#include "input.h"
#include "output.h"
#include "port/kernel.h"
#include "to_kernel.h"
#include "tunnel.h"

/* Addresses that no packet on a wire may carry (RFC 1122 3.2.1.3). */
static bool
is_bad_source(uint32_t src)
{
	return src >> 24 == 0 || src >> 24 == 127 || src >> 28 >= 0xe;
}

static void
deliver(struct worker *w, struct rte_mbuf *m, const struct pkt *p)
{
	if (p->flags & PKT_F_FRAGMENT) {
		net_to_kernel(w, m, p, DROP_IP4_FRAGMENT);
		return;
	}
	switch (p->proto) {
	case PKT_PROTO_ICMP:
		icmp4_local(w, m, p);
		break;
	case PKT_PROTO_TCP:
	case PKT_PROTO_UDP:
	case PKT_PROTO_SCTP:
		if (p->flags & PKT_F_L4_BAD)
			worker_drop(w, m, DROP_L4_TRUNCATED);
		else
			net_to_kernel(w, m, p, DROP_LOCAL_NO_SERVICE);
		break;
	case PROTO_IPIP:
	case PROTO_IPV6:
	case PROTO_GRE:
		tunnel_input(w, m, p);
		break;
	default:
		net_to_kernel(w, m, p, DROP_NO_HANDLER);
		break;
	}
}

static void
lower_ttl(struct rte_ipv4_hdr *ip)
{
	/* RFC 1624: the word that holds the TTL in its high byte shrinks by 0x0100. */
	uint32_t sum = (uint32_t)rte_be_to_cpu_16(ip->hdr_checksum) + 0x100;

	ip->time_to_live--;
	ip->hdr_checksum = rte_cpu_to_be_16((uint16_t)(sum + (sum >> 16)));
}

static void
forward(struct worker *w, struct rte_mbuf *m, const struct pkt *p, const union inet_ip *dst)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)p->l3;
	struct net_path path;
	bool has_route = net_path_lookup(INET_AF_V4, dst, &path) == DROP_NONE;

	if (kernel_has(p->port) && (!has_route || path.to_kernel)) {
		net_to_kernel(w, m, p, DROP_IP4_NO_ROUTE);
		return;
	}
	if (!conf.ipv4.forwarding) {
		worker_drop(w, m, DROP_IP4_FORWARD_OFF);
		return;
	}
	if (ip->time_to_live <= 1) {
		net_icmp_error(w, m, p, ICMP4_TIME_EXCEEDED, 0, 0);
		worker_drop(w, m, DROP_IP4_TTL);
		return;
	}
	if (!has_route) {
		net_icmp_error(w, m, p, ICMP4_UNREACHABLE, ICMP4_NET_UNREACHABLE_CODE, 0);
		worker_drop(w, m, DROP_IP4_NO_ROUTE);
		return;
	}
	if (p->ip_len > path.mtu && ip->fragment_offset & rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG)) {
		net_icmp_error(w, m, p, ICMP4_UNREACHABLE, ICMP4_FRAG_NEEDED_CODE, path.mtu);
		worker_drop(w, m, DROP_IP4_TOO_BIG);
		return;
	}
	lower_ttl(ip);
	input_strip(m, p);
	net_output_path(w, &path, INET_AF_V4, m);
}

void
ip4_input(struct worker *w, struct rte_mbuf *m, struct pkt *p)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)p->l3;
	uint32_t host_dst = rte_be_to_cpu_32(ip->dst_addr);
	union inet_ip dst = {.v4 = ip->dst_addr};

	if (is_bad_source(rte_be_to_cpu_32(ip->src_addr)) || host_dst >> 24 == 0 || host_dst >> 24 == 127) {
		worker_drop(w, m, DROP_IP4_ADDRESS);
		return;
	}
	/* Routers speak OSPF among each other; nobody here does. */
	if (p->proto == PROTO_OSPF && kernel_has(p->port)) {
		net_to_kernel(w, m, p, DROP_NO_HANDLER);
		return;
	}
	if (p->cast != PKT_HOST || host_dst >> 28 >= 0xe) {
		net_to_kernel(w, m, p, DROP_IP4_MULTICAST);
		return;
	}
	if (net_local_lookup(INET_AF_V4, &dst) != NET_NOT_LOCAL)
		deliver(w, m, p);
	else
		forward(w, m, p, &dst);
}

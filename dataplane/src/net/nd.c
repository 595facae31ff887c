/* SPDX-License-Identifier: Apache-2.0 */
#include "nd.h"

#include <rte_ip.h>

#include "addr.h"
#include "core/mbuf.h"
#include "local.h"
#include "maddr.h"
#include "neigh.h"
#include "output.h"
#include "port/kernel.h"

enum { ND_NS = 135, ND_NA = 136, ND_OPT_SOURCE = 1, ND_OPT_TARGET = 2, ND_HOP_LIMIT = 255 };

enum { NA_SOLICITED = 0x40, NA_OVERRIDE = 0x20 };

/* Both messages: ICMPv6 header, flags, target, options. */
struct nd_msg {
	uint8_t type, code;
	uint16_t checksum;
	uint8_t flags; /* advertisements only */
	uint8_t reserved[3];
	uint8_t target[16];
} __attribute__((packed));

enum { ND_LEN = sizeof(struct nd_msg), ND_OPT_LEN = 8 };

static const union inet_ip all_nodes = {.b = {0xff, 0x02, [15] = 1}};

/* ---- worker ---- */

void
nd_input(struct worker *w, struct rte_mbuf *m, const struct pkt *p)
{
	const struct rte_ipv6_hdr *ip = (const struct rte_ipv6_hdr *)p->l3;
	const struct nd_msg *msg = (const struct nd_msg *)p->l4;
	union inet_ip target;
	bool known;

	/* A router lowers the hop limit: 255 proves that the sender is on the link. */
	if (ip->hop_limits != ND_HOP_LIMIT || msg->code != 0) {
		worker_drop(w, m, DROP_ND_MALFORMED);
		return;
	}
	if (msg->type != ND_NS && msg->type != ND_NA) {
		/* We are neither host nor router in the sense of RFC 4861; the kernel may be. */
		kernel_give(w, p->port, m, KERNEL_ROUTING, DROP_ND_NOT_OURS);
		return;
	}
	if (p->ip_len < p->l3_len + ND_LEN || p->avail < p->ip_len) {
		worker_drop(w, m, DROP_ND_MALFORMED);
		return;
	}
	target = inet_ip_make(INET_AF_V6, msg->target);
	known = msg->type == ND_NA && adj_find(INET_AF_V6, &target, p->port) != ADJ_NONE;
	if (!known && !(local_ports(INET_AF_V6, &target) >> p->port & 1)) {
		kernel_give(w, p->port, m, KERNEL_ROUTING, DROP_ND_NOT_OURS);
		return;
	}
	mbuf_meta(m)->kind = PUNT_ND;
	mbuf_meta(m)->port = p->port;
	worker_punt(w, m);
}

/* ---- messages of ours ---- */

struct nd_out {
	uint8_t type, flags;
	union inet_ip src, dst, target;
	struct rte_ether_addr dst_mac;
	bool option; /* link-layer address option with our MAC */
};

static void
send_msg(const struct port *p, const struct nd_out *o)
{
	uint16_t len = (uint16_t)(ND_LEN + (o->option ? ND_OPT_LEN : 0));
	uint8_t *frame;
	struct rte_mbuf *m =
	    p->layer3 ? NULL : control_frame(p, (uint16_t)(PKT_ETH_LEN + PKT_IP6_LEN + len), &frame);
	struct rte_ether_hdr *eth;
	struct rte_ipv6_hdr *ip;
	struct nd_msg *msg;

	if (!m)
		return;
	eth = (struct rte_ether_hdr *)frame;
	ip = (struct rte_ipv6_hdr *)(frame + PKT_ETH_LEN);
	msg = (struct nd_msg *)(frame + PKT_ETH_LEN + PKT_IP6_LEN);
	eth->dst_addr = o->dst_mac;
	eth->src_addr = p->mac;
	eth->ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV6);
	ip->vtc_flow = rte_cpu_to_be_32(6u << 28);
	ip->payload_len = rte_cpu_to_be_16(len);
	ip->proto = PKT_PROTO_ICMPV6;
	ip->hop_limits = ND_HOP_LIMIT;
	memcpy(&ip->src_addr, o->src.b, 16);
	memcpy(&ip->dst_addr, o->dst.b, 16);
	msg->type = o->type;
	msg->flags = o->flags;
	memcpy(msg->target, o->target.b, 16);
	if (o->option) {
		uint8_t *opt = (uint8_t *)(msg + 1);

		opt[0] = o->type == ND_NS ? ND_OPT_SOURCE : ND_OPT_TARGET;
		opt[1] = 1;
		memcpy(opt + 2, p->mac.addr_bytes, 6);
	}
	msg->checksum = rte_ipv6_udptcp_cksum(ip, msg);
	control_ip6.out_packets++;
	control_ip6.out_octets += (uint64_t)PKT_IP6_LEN + len;
	if (o->dst.b[0] == 0xff) {
		control_ip6.out_mcast_packets++;
		control_ip6.out_mcast_octets += (uint64_t)PKT_IP6_LEN + len;
	}
	control_send(m);
}

void
nd_solicit(const struct port *p, const union inet_ip *target)
{
	const struct net_addr *src = addr_source(p, INET_AF_V6, target);
	struct nd_out o = {.type = ND_NS, .target = *target, .dst = maddr_solicited_node(target)};

	if (!src)
		return;
	o.src = src->spec.ip;
	o.dst_mac = maddr_mac(&o.dst);
	/* An optimistic address must not enter the caches of others (RFC 4429). */
	o.option = !(src->flags & ADDR_F_TENTATIVE);
	send_msg(p, &o);
}

void
nd_dad(const struct port *p, const union inet_ip *ip)
{
	struct nd_out o = {.type = ND_NS, .target = *ip, .dst = maddr_solicited_node(ip)};

	o.dst_mac = maddr_mac(&o.dst);
	send_msg(p, &o);
}

void
nd_announce(const struct port *p, const union inet_ip *ip, bool override)
{
	struct nd_out o = {.type = ND_NA,
			   .flags = override ? NA_OVERRIDE : 0,
			   .src = *ip,
			   .dst = all_nodes,
			   .target = *ip,
			   .dst_mac = maddr_mac(&all_nodes),
			   .option = true};

	send_msg(p, &o);
}

/* ---- messages of others ---- */

struct nd_in {
	struct port *port;
	struct rte_ether_addr from; /* Ethernet source */
	union inet_ip src, dst, target;
	uint8_t type;
	bool has_mac;
	struct rte_ether_addr mac; /* of the option that goes with the type */
};

/* Walks the options. False when one is malformed (RFC 4861 section 4.6: length 0 discards the packet). */
static bool
parse_options(const uint8_t *opt, uint32_t len, uint8_t wanted, struct nd_in *in)
{
	while (len > 0) {
		uint32_t size = len >= 2 ? opt[1] * 8u : 0;

		if (size == 0 || size > len)
			return false;
		if (opt[0] == wanted) {
			memcpy(in->mac.addr_bytes, opt + 2, 6);
			in->has_mac = rte_is_valid_assigned_ether_addr(&in->mac);
		}
		opt += size;
		len -= size;
	}
	return true;
}

/* All that RFC 4861 sections 7.1.1 and 7.1.2 demand. */
static bool
parse(struct rte_mbuf *m, struct nd_in *in)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	const struct rte_ipv6_hdr *ip = (const struct rte_ipv6_hdr *)(frame + PKT_ETH_LEN);
	const struct nd_msg *msg = (const struct nd_msg *)(ip + 1);
	uint32_t len;

	memset(in, 0, sizeof(*in));
	if (m->data_len < PKT_ETH_LEN + PKT_IP6_LEN + ND_LEN)
		return false;
	len = rte_be_to_cpu_16(ip->payload_len);
	/* Extension headers have no business in front of neighbour discovery. */
	if (ip->proto != PKT_PROTO_ICMPV6 || ip->hop_limits != ND_HOP_LIMIT || len < ND_LEN ||
	    len + PKT_ETH_LEN + PKT_IP6_LEN > m->data_len)
		return false;
	if (rte_ipv6_udptcp_cksum_verify(ip, msg) != 0)
		return false;
	memcpy(in->from.addr_bytes, frame + 6, 6);
	in->src = inet_ip_make(INET_AF_V6, &ip->src_addr);
	in->dst = inet_ip_make(INET_AF_V6, &ip->dst_addr);
	in->target = inet_ip_make(INET_AF_V6, msg->target);
	in->type = msg->type;
	if (msg->code != 0 || inet_ip_is_multicast(INET_AF_V6, &in->target) ||
	    inet_ip_is_multicast(INET_AF_V6, &in->src))
		return false;
	if (!parse_options((const uint8_t *)(msg + 1), len - ND_LEN,
			   in->type == ND_NS ? ND_OPT_SOURCE : ND_OPT_TARGET, in))
		return false;
	if (in->type == ND_NS && inet_ip_is_any(&in->src)) {
		union inet_ip group = maddr_solicited_node(&in->target);

		return inet_ip_equal(&in->dst, &group) && !in->has_mac;
	}
	if (in->type == ND_NA && msg->flags & NA_SOLICITED && inet_ip_is_multicast(INET_AF_V6, &in->dst))
		return false;
	return in->type == ND_NS || in->type == ND_NA;
}

/* Our own detection, looped back by the network, must not defeat us. */
static bool
is_looped(const struct nd_in *in)
{
	return rte_is_same_ether_addr(&in->from, &in->port->mac);
}

static void
solicited(const struct nd_in *in)
{
	const struct net_addr *a = addr_find(in->port, INET_AF_V6, &in->target);
	bool dad = inet_ip_is_any(&in->src);
	struct nd_out o = {
	    .type = ND_NA, .src = in->target, .dst = in->src, .target = in->target, .option = true};

	if (dad && a && a->flags & ADDR_F_TENTATIVE) {
		addr_conflict(in->port, &in->target);
		return;
	}
	if (in->has_mac && !local_ports(INET_AF_V6, &in->src))
		neigh_heard(INET_AF_V6, &in->src, in->port->id, &in->mac, NEIGH_CREATE);
	o.flags = a && a->flags & ADDR_F_TENTATIVE ? 0 : NA_OVERRIDE;
	if (dad) {
		o.dst = all_nodes;
		o.dst_mac = maddr_mac(&all_nodes);
	} else {
		o.flags |= NA_SOLICITED;
		o.dst_mac = in->from;
	}
	send_msg(in->port, &o);
}

static void
advertised(const struct nd_in *in)
{
	if (local_ports(INET_AF_V6, &in->target))
		addr_conflict(in->port, &in->target);
	else if (in->has_mac)
		neigh_heard(INET_AF_V6, &in->target, in->port->id, &in->mac, NEIGH_UPDATE);
}

void
nd_control(struct rte_mbuf *m)
{
	uint16_t port = mbuf_meta(m)->port;
	struct nd_in in;

	if (port >= PORTS_MAX || !ports[port] || !parse(m, &in)) {
		control_drops[DROP_ND_MALFORMED]++;
		rte_pktmbuf_free(m);
		return;
	}
	in.port = ports[port];
	if (is_looped(&in)) {
		rte_pktmbuf_free(m);
		return;
	}
	if (in.type == ND_NS)
		solicited(&in);
	else
		advertised(&in);
	kernel_give_control(port, m, DROP_NONE);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "arp.h"

#include <rte_arp.h>

#include "addr.h"
#include "core/mbuf.h"
#include "local.h"
#include "neigh.h"
#include "output.h"
#include "port/kernel.h"

enum {
	ARP_LEN = sizeof(struct rte_arp_hdr),
	FRAME_MIN = 60, /* without the frame check sequence */
};

static const struct rte_ether_addr broadcast = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

static bool
is_well_formed(const struct rte_arp_hdr *arp)
{
	uint32_t sip = rte_be_to_cpu_32(arp->arp_data.arp_sip);

	if (arp->arp_hardware != rte_cpu_to_be_16(RTE_ARP_HRD_ETHER) ||
	    arp->arp_protocol != rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4) || arp->arp_hlen != 6 ||
	    arp->arp_plen != 4)
		return false;
	/* A sender is a unicast address, or nothing yet (RFC 5227 probe). */
	if (!rte_is_valid_assigned_ether_addr(&arp->arp_data.arp_sha))
		return false;
	return sip >> 28 < 0xe && sip >> 24 != 127;
}

static union inet_ip
ip_of(uint32_t be)
{
	return (union inet_ip){.v4 = be};
}

/* ---- worker ---- */

/* Turns a request into its answer, in the frame that it came in. */
static void
reply_in_place(struct worker *w, struct rte_mbuf *m, struct rte_arp_hdr *arp, uint16_t port)
{
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	const struct rte_ether_addr *mac = &ports[port]->mac;
	uint32_t asked = arp->arp_data.arp_tip;

	arp->arp_opcode = rte_cpu_to_be_16(RTE_ARP_OP_REPLY);
	arp->arp_data.arp_tha = arp->arp_data.arp_sha;
	arp->arp_data.arp_tip = arp->arp_data.arp_sip;
	arp->arp_data.arp_sha = *mac;
	arp->arp_data.arp_sip = asked;
	eth->dst_addr = arp->arp_data.arp_tha;
	eth->src_addr = *mac;
	port_tx(w, port, m);
}

void
arp_input(struct worker *w, struct rte_mbuf *m, const struct pkt *p)
{
	struct rte_arp_hdr *arp = (struct rte_arp_hdr *)p->l3;
	union inet_ip sender, target;
	uint64_t target_ports;

	if (p->avail < ARP_LEN || !is_well_formed(arp)) {
		worker_drop(w, m, DROP_ARP_MALFORMED);
		return;
	}
	sender = ip_of(arp->arp_data.arp_sip);
	target = ip_of(arp->arp_data.arp_tip);
	target_ports = local_ports(INET_AF_V4, &target);
	if (arp->arp_opcode == rte_cpu_to_be_16(RTE_ARP_OP_REQUEST) && target_ports >> p->port & 1 &&
	    !inet_ip_equal(&sender, &target)) {
		reply_in_place(w, m, arp, p->port);
		return;
	}
	/* Replies to us, and news about a neighbour that we know (gratuitous ARP). */
	if ((arp->arp_opcode == rte_cpu_to_be_16(RTE_ARP_OP_REPLY) && target_ports >> p->port & 1) ||
	    (inet_ip_equal(&sender, &target) && adj_find(INET_AF_V4, &sender, p->port) != ADJ_NONE)) {
		mbuf_meta(m)->kind = PUNT_ARP;
		mbuf_meta(m)->port = p->port;
		worker_punt(w, m);
		return;
	}
	/* Questions that the kernel may answer, and answers to those that it asked. */
	kernel_give(w, p->port, m, KERNEL_ROUTING, DROP_ARP_NOT_OURS);
}

/* ---- control lcore ---- */

void
arp_control(struct rte_mbuf *m)
{
	uint16_t port = mbuf_meta(m)->port;
	const struct rte_arp_hdr *arp = rte_pktmbuf_mtod_offset(m, const struct rte_arp_hdr *, PKT_ETH_LEN);
	union inet_ip sender, target;

	if (port >= PORTS_MAX || !ports[port] || m->data_len < PKT_ETH_LEN + ARP_LEN ||
	    !is_well_formed(arp)) {
		control_drops[DROP_ARP_MALFORMED]++;
		rte_pktmbuf_free(m);
		return;
	}
	sender = ip_of(arp->arp_data.arp_sip);
	target = ip_of(arp->arp_data.arp_tip);
	/* Nobody may claim one of our addresses. */
	if (inet_ip_is_any(&sender) || local_ports(INET_AF_V4, &sender)) {
		control_drops[DROP_ARP_NOT_OURS]++;
	} else {
		struct rte_ether_addr mac = arp->arp_data.arp_sha;
		bool to_us = local_ports(INET_AF_V4, &target) >> port & 1;

		neigh_heard(INET_AF_V4, &sender, port, &mac, to_us ? NEIGH_CREATE : NEIGH_UPDATE);
	}
	/* The kernel may have asked, too. */
	kernel_give_control(port, m, DROP_NONE);
}

/* Broadcasts a request; 60 bytes, the rest of the frame is zero. */
static void
send_request(const struct port *p, uint32_t sip, uint32_t tip)
{
	uint8_t *frame;
	struct rte_mbuf *m = p->layer3 ? NULL : control_frame(p, FRAME_MIN, &frame);
	struct rte_ether_hdr *eth;
	struct rte_arp_hdr *arp;

	if (!m)
		return;
	eth = (struct rte_ether_hdr *)frame;
	arp = (struct rte_arp_hdr *)(frame + PKT_ETH_LEN);
	eth->dst_addr = broadcast;
	eth->src_addr = p->mac;
	eth->ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_ARP);
	arp->arp_hardware = rte_cpu_to_be_16(RTE_ARP_HRD_ETHER);
	arp->arp_protocol = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
	arp->arp_hlen = 6;
	arp->arp_plen = 4;
	arp->arp_opcode = rte_cpu_to_be_16(RTE_ARP_OP_REQUEST);
	arp->arp_data.arp_sha = p->mac;
	arp->arp_data.arp_sip = sip;
	arp->arp_data.arp_tip = tip;
	control_send(m);
}

void
arp_request(const struct port *p, const union inet_ip *target)
{
	const struct net_addr *src = addr_source(p, INET_AF_V4, target);

	send_request(p, src ? src->spec.ip.v4 : 0, target->v4);
}

void
arp_announce(const struct port *p, const union inet_ip *ip)
{
	send_request(p, ip->v4, ip->v4);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of numbered flows. A frame is a template with the numbers of its flow written into it: addresses,
 * ports, checksums, and the flow's number in the last four bytes: payload, which survives translation (so
 * even a SYN has some).
 *
 * Flow i comes from client address i mod 65536 and port 1024 + i / 65536, so flows differ in address first.
 */
#ifndef BENCH_FRAME_H
#define BENCH_FRAME_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/checksum.h"

enum { FRAME_ROOM = 96, FLOWS_MAX = 1 << 24 };

/* The network of the benchmark; scripts/bench/network.mjs has the same numbers. The low four bytes of IPv6
 * addresses are those of their IPv4 counterparts: clients 2001:2::/96, virtual service 2001:db8:1::/96, local
 * addresses and real servers fd00:2::/96. */
enum {
	NET_CLIENT = 0xc6120000, /* 198.18.0.0/16 */
	NET_VIP = 0xc0000201,	 /* 192.0.2.1 */
	NET_REMOTE = 0x0a000201, /* 10.0.2.1, the first real server: SNAT's clients address it themselves */
};
enum { PORT_UDP = 5000, PORT_TCP = 80, PORT_CLIENT = 1024 };

/* In the order of a TCP connection's life. */
enum frame_kind {
	FRAME_UDP_IN,
	FRAME_UDP_OUT,
	FRAME_SYN_IN,
	FRAME_SYNACK_OUT,
	FRAME_ACK_IN, /* a client's first acknowledgement and data: the balancer adds TOA */
	FRAME_DATA_OUT,
	FRAME_DATA_IN, /* data; acknowledges what the server sent */
	FRAME_FIN_IN,
	FRAME_FIN_OUT,
	FRAME_LAST_ACK_IN,
	FRAME_KINDS,
};

/* Out: from a real server to a local address, received on port 1. In: from a client, received on port 0. */
static inline bool
frame_is_out(enum frame_kind kind)
{
	return kind == FRAME_UDP_OUT || kind == FRAME_SYNACK_OUT || kind == FRAME_DATA_OUT ||
	       kind == FRAME_FIN_OUT;
}

/* Whose addresses the frames have. */
struct frame_net {
	int client_af, server_af; /* 4 or 6; NAT64: 6 and 4 */
	bool direct;  /* replies are addressed to the client itself (NAT), not to a local address */
	bool transit; /* clients address NET_REMOTE, not the virtual service (SNAT) */
};

/* Offsets count from the Ethernet header; addresses are the low four bytes of an address of either family. */
struct frame {
	uint8_t bytes[FRAME_ROOM]; /* the flow's numbers are zero */
	uint16_t len;
	uint16_t service; /* port of the service, network order */
	uint8_t saddr, daddr, ports, csum;
	uint8_t ip_csum;		  /* 0: IPv6 */
	uint16_t csum_seed, ip_csum_seed; /* checksums without the flow's numbers */
};

/* Where the balancer sent a flow, as seen in its translated packets; network order, low four bytes of
 * addresses. lport 0: not known yet. */
struct flow_back {
	uint32_t laddr, raddr;
	uint16_t lport;
};

/* Fills a template. dst and src are MAC addresses. */
void frame_init(struct frame *f, enum frame_kind kind, const struct frame_net *net, const uint8_t *dst,
		const uint8_t *src);

/* Reads where a translated client frame of len bytes went. The flow's number, UINT32_MAX when it is none. */
uint32_t frame_learn(const uint8_t *bytes, uint32_t len, struct flow_back *back);

/* Writes the frame to `to`, which has FRAME_ROOM bytes. Addresses and ports (source, destination) in network
 * order. */
static inline void
frame_write(uint8_t *to, const struct frame *f, uint32_t saddr, uint32_t daddr, uint16_t sport,
	    uint16_t dport, uint32_t id)
{
	uint64_t addrs = (uint64_t)saddr + daddr;
	uint32_t ports = (uint32_t)dport << 16 | sport;
	uint16_t csum;

	memcpy(to, f->bytes, 64);
	if (f->len > 64)
		memcpy(to + 64, f->bytes + 64, FRAME_ROOM - 64);
	memcpy(to + f->saddr, &saddr, 4);
	memcpy(to + f->daddr, &daddr, 4);
	memcpy(to + f->ports, &ports, 4);
	memcpy(to + f->len - 4, &id, 4);
	csum = csum_apply(f->csum_seed, addrs + ports + id);
	memcpy(to + f->csum, &csum, 2);
	if (f->ip_csum) {
		csum = csum_apply(f->ip_csum_seed, addrs);
		memcpy(to + f->ip_csum, &csum, 2);
	}
}

#endif

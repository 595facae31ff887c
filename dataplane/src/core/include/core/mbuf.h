/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What travels with a packet buffer between lcores: the private area of every mbuf of our pools.
 */
#ifndef CORE_MBUF_H
#define CORE_MBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <rte_mbuf.h>

#include "base/inet.h"
#include "packet/fragment.h"

/* Why a worker passes a packet to the control lcore. */
enum punt_kind {
	PUNT_ARP = 1,	 /* a frame with an ARP packet; data starts at the Ethernet header */
	PUNT_ND,	 /* a frame with an ICMPv6 neighbour discovery message (types 133…137), likewise */
	PUNT_UNRESOLVED, /* an IP packet, data starts at the IP header, waiting for the MAC of meta.nexthop on
			    meta.port */
	PUNT_LLDP, /* a frame of link layer discovery; port is the device that heard it */
};

struct mbuf_meta {
	union inet_ip nexthop; /* PUNT_UNRESOLVED: the neighbour to resolve */
	uint16_t port;	/* PUNT_*: receiving port, or PUNT_UNRESOLVED: output port; from control lcore: output
			   port */
	uint8_t kind;	/* enum punt_kind */
	uint8_t af;	/* family of nexthop */
	uint8_t worker; /* index of the worker that punted */
	/* Between workers: where the frame was received, and how many were asked for its flow since. */
	uint8_t arrival, visited;
	uint8_t depth;	  /* of a packet received on a tunnel: how many tunnels it came through */
	uint32_t frag_id; /* of mbuf_reassembled: identification of its fragments */
	uint8_t pad2[4];
	struct frag_part part; /* of a fragment that waits for others of its datagram */
	struct rte_mbuf *next; /* of a packet that waits for a real server: the one that came after it */
	uint8_t pad3[8];
};
_Static_assert(sizeof(struct mbuf_meta) == 64, "one cache line of private area");

/*
 * Flag of m->ol_flags: a datagram that arrived in fragments. It may be cut again, whatever its sender says of
 * other packets. 0 while fragments are not put together, so that the flag is never found.
 */
extern uint64_t mbuf_reassembled;

static inline bool
mbuf_is_reassembled(const struct rte_mbuf *m)
{
	return m->ol_flags & mbuf_reassembled;
}

static inline struct mbuf_meta *
mbuf_meta(struct rte_mbuf *m)
{
	return (struct mbuf_meta *)rte_mbuf_to_priv(m);
}

static inline struct rte_mbuf *
mbuf_of_part(struct frag_part *part)
{
	return (struct rte_mbuf *)((uint8_t *)part - offsetof(struct mbuf_meta, part) -
				   sizeof(struct rte_mbuf));
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network stack around the balancer: addresses, routes, neighbours, ARP, ND, ICMP, IPv4/IPv6 output.
 *
 * Division of work. The control lcore owns every table and runs every state machine (neighbour states, DAD, lifetimes).
 * Workers look up and forward: routes in DPDK's fib, neighbours in a lock-free rte_hash, ready-made Ethernet headers in the
 * adjacency table. A worker that cannot finish a packet (no MAC yet, ARP, ND) punts it to the control lcore.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/inet.h"
#include "core/rcu.h"
#include "core/worker.h"
#include "packet/pkt.h"
#include "port/port.h"

/* ---- adjacency: the ready-made way out -------------------------------------------------------------------------------- */

enum { ADJ_NONE = 0, ADJ_MAX_DEFAULT = 65536 };

/*
 * One neighbour as workers see it, one cache line. The control lcore writes the header that is not current and then flips
 * `cur`, at most once a millisecond per entry, so a reader copies either the old or the new header, never a mixture.
 * Entry 0 is never valid.
 */
struct adj {
	uint8_t hdr[2][16];  /* 14 bytes Ethernet header: destination, source, EtherType; 2 unused */
	uint32_t cur;        /* which header */
	uint16_t port;       /* output port id */
	uint8_t valid;       /* 1: MAC known, send; 0: punt as PUNT_UNRESOLVED */
	uint8_t af;
	union inet_ip ip;    /* the neighbour's address */
	volatile uint32_t used_s; /* last use, seconds of the clock (now_ms / 1000); written by workers without order */
	volatile uint32_t confirmed_s; /* last proof of two-way reachability, likewise */
} __rte_cache_aligned;

extern struct adj *net_adjs;       /* array of net_adj_count entries */
extern uint32_t net_adj_count;

/*
 * Changes of routes, addresses or neighbours that can alter a cached decision increment this. A connection caches the low 16
 * bits with its adjacencies and asks again when they differ. Read it before the look-up, never after. ADJ_NONE is not a
 * decision to be cached: a neighbour that becomes known need not change this number.
 */
extern volatile uint32_t net_generation;

/* True when some route has, or had, an MTU of its own, there is a tunnel, or a device has another MTU than at the start:
 * ways may be narrower than they were. */
extern volatile bool net_routes_narrow;

/* Control lcore, after a change is published: whoever remembers a decision asks again. */
static inline void
net_generation_advance(void)
{
	__atomic_store_n(&net_generation, net_generation + 1, __ATOMIC_RELEASE);
}

/* ---- output decision ---------------------------------------------------------------------------------------------------- */

struct net_path {
	uint32_t adj;          /* index of a valid entry of net_adjs, or ADJ_NONE: neighbour not resolved */
	uint16_t port;         /* output port */
	uint16_t mtu;          /* of the route or the port, bytes of IP packet */
	bool to_kernel;        /* a packet from outside goes to the kernel (scope kni_host) */
	union inet_ip nexthop; /* gateway or the destination itself */
	union inet_ip src;     /* preferred source of the route; any-address when it has none */
};

/* Tells the neighbour's state machine that it is alive: the peer answered to what we sent. */
static inline void
net_adj_confirm(struct worker *w, uint32_t adj_idx)
{
	/* The line is shared by all workers: written once a second at most. */
	if (unlikely(net_adjs[adj_idx].confirmed_s != w->now_s))
		net_adjs[adj_idx].confirmed_s = w->now_s;
}

/* Route and neighbour of a destination. DROP_NONE, DROP_IP4_NO_ROUTE or DROP_IP6_NO_ROUTE. Any worker or the control lcore. */
enum drop_reason net_path_lookup(int af, const union inet_ip *dst, struct net_path *path);

/*
 * Sends an IP packet whose data starts at the IP header. Puts the Ethernet header in front (the caller guarantees headroom)
 * and queues it on the port, or punts it when the neighbour is not resolved. Ownership passes. No MTU check: see net_output().
 */
static inline void
net_adj_tx(struct worker *w, uint32_t adj_idx, struct rte_mbuf *m)
{
	struct adj *a = &net_adjs[adj_idx];
	uint8_t *eth = (uint8_t *)rte_pktmbuf_prepend(m, PKT_ETH_LEN);

	if (unlikely(a->used_s != w->now_s))
		a->used_s = w->now_s;

	if (a->af == INET_AF_V6) {
		w->ip6.out_packets++;
		w->ip6.out_octets += m->pkt_len - PKT_ETH_LEN;
	}
	memcpy(eth, a->hdr[__atomic_load_n(&a->cur, __ATOMIC_ACQUIRE) & 1], PKT_ETH_LEN);
	port_tx(w, a->port, m);
}

/* Sends by an already known path: adjacency when valid, else punts as unresolved. */
void net_path_tx(struct worker *w, const struct net_path *path, int af, struct rte_mbuf *m);

/*
 * Full output of a packet that starts at its IP header: route, MTU (IPv4 without DF and what came in fragments is fragmented,
 * otherwise dropped with *_TOO_BIG; the caller sends ICMP errors), neighbour. Ownership passes.
 */
void net_output(struct worker *w, int af, struct rte_mbuf *m);

/* The same when the path is known already. */
void net_output_path(struct worker *w, const struct net_path *path, int af, struct rte_mbuf *m);

/* ---- input ---------------------------------------------------------------------------------------------------------------- */

/* What an address is to us. */
enum net_local { NET_NOT_LOCAL = 0, NET_LOCAL = 1, NET_LOCAL_LIP = 2 /* has the sapool flag */ };

/* Looks up dst among our addresses (any port). Workers. Costs a few tens of cycles; answer from a lock-free hash. */
enum net_local net_local_lookup(int af, const union inet_ip *dst);

/*
 * Everything that the balancer did not take: ARP, ND, ICMP to us, forwarding, drops. p was parsed from m, m's data starts at
 * the Ethernet header. Ownership passes.
 */
void net_input(struct worker *w, struct rte_mbuf *m, struct pkt *p);

/* ---- ICMP errors ------------------------------------------------------------------------------------------------------------ */

/*
 * Sends an ICMP or ICMPv6 error about packet p (type, code; info = MTU or 0), obeying RFC 1812 4.3.2.7 and RFC 4443 2.4 and the rate
 * limit; does nothing when it must not. The original stays the caller's.
 */
void net_icmp_error(struct worker *w, const struct rte_mbuf *m, const struct pkt *p, uint8_t type, uint8_t code, uint32_t info);

/* ---- control side ----------------------------------------------------------------------------------------------------------- */

int net_init(void);   /* after workers_init() and ports_init(); 0 or a negative EDPVS code, logged */
void net_fini(void);
void net_ctrl_register(void); /* messages 16, 28-35, 47-52 and 70-72 */

/* Control loop: one punted packet; timers (call about every 10 ms of the clock, cheap when nothing is due). */
void net_control_packet(struct rte_mbuf *m);
void net_control_tick(uint64_t now_ms);

/* Addresses for the balancer. add: plen 32/128, flags as in the control ABI (IFA_F_SAPOOL). 0 or EDPVS code. */
int net_addr_add(struct port *p, int af, const union inet_ip *ip, unsigned plen, uint32_t flags);
int net_addr_del(struct port *p, int af, const union inet_ip *ip, unsigned plen);
/* The port that owns a local address, or NULL. */
struct port *net_addr_port(int af, const union inet_ip *ip);

/* Set by the lb layer: sapool usage of a local address for address listings. NULL: no figures. */
struct net_sapool_usage {
	uint64_t used, free, miss;
};
extern void (*net_sapool_usage_hook)(int af, const union inet_ip *ip, int worker /* -1 all */, struct net_sapool_usage *out);

#endif

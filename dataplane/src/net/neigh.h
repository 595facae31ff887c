/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Neighbours: the state machine behind the adjacency table. Control lcore only.
 *
 * A neighbour is born when a packet needs its MAC, when it answers or solicits us, or by command (static).
 * Workers never wait for it: they hand packets over and are told by adj.valid. Whether a neighbour is in use,
 * and whether it proved to be alive, the state machine reads from adj.used_s and adj.confirmed_s.
 */
#ifndef NET_NEIGH_H
#define NET_NEIGH_H

#include <sys/queue.h>

#include "adj.h"
#include "timer.h"

/* Numbers of the control ABI. */
enum neigh_state { NEIGH_NONE, NEIGH_SEND, NEIGH_REACHABLE, NEIGH_PROBE, NEIGH_DELAY, NEIGH_STATES };

/* How a neighbour's MAC came to our knowledge. */
enum neigh_learn {
	NEIGH_UPDATE, /* it spoke to everybody: changes a known neighbour only */
	NEIGH_CREATE, /* it spoke to us: makes it known as well */
};

enum {
	NEIGH_WAITING_MAX = 1024, /* unresolved neighbours at one time; the oldest gives way */
	NEIGH_UNASKED_MAX = 4096, /* neighbours that we know only because they spoke first */
};

struct neigh {
	TAILQ_ENTRY(neigh) all;	    /* order of creation */
	TAILQ_ENTRY(neigh) waiting; /* unresolved ones, oldest first */
	struct net_timer timer;
	uint32_t adj;  /* address, family and port are there */
	uint8_t state; /* enum neigh_state */
	bool is_static;
	bool unasked;	   /* counted against NEIGH_UNASKED_MAX */
	bool stale_header; /* mac is not yet in the adjacency */
	struct rte_ether_addr mac;
	uint64_t entered_ms;	 /* start of the present state's time */
	uint64_t deadline_ms;	 /* end of the present state's time */
	struct rte_mbuf **queue; /* packets that wait, oldest first; data starts at the IP header */
	uint32_t queued, queue_room;
};

TAILQ_HEAD(neigh_list, neigh);
extern struct neigh_list neighs;

int neigh_init(void);
void neigh_fini(void);

struct neigh *neigh_find(int af, const union inet_ip *ip, uint16_t port);

/* Sends an IP packet (data at its header) to a neighbour: at once when resolved, else queues it. Ownership
 * passes. */
void neigh_send(int af, const union inet_ip *ip, uint16_t port, struct rte_mbuf *m);

/* A neighbour told its MAC; the caller has checked the packet's form. Creates entries only for addresses that
 * routes place on the port's link. */
void neigh_heard(int af, const union inet_ip *ip, uint16_t port, const struct rte_ether_addr *mac,
		 enum neigh_learn how);

/* Commands. add replaces the MAC and makes the entry static. 0 or an EDPVS code. */
int neigh_add_static(int af, const union inet_ip *ip, uint16_t port, const struct rte_ether_addr *mac);
void neigh_del(int af, const union inet_ip *ip, uint16_t port);
/* All of a port, static ones too. */
void neigh_flush(uint16_t port);

/* Repeats the requests of a port that have no answer yet: our address there has become fit to ask. */
void neigh_ask_again(uint16_t port);

/* Once a tick: writes headers that had to wait. */
void neigh_tick(void);
/* The port has another MAC. */
void neigh_rewrite_headers(uint16_t port);

#endif

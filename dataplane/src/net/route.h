/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routes: the control lcore's list, from which the forwarding table (fib.h) is kept. A route is identified by
 * prefix, length and port. Of several with the same prefix the one with the lowest metric, then the oldest,
 * is in force; the others wait.
 */
#ifndef NET_ROUTE_H
#define NET_ROUTE_H

#include <sys/queue.h>

#include "addr.h"
#include "net/net.h"

/* Flags of the control ABI. */
enum { ROUTE_F_FORWARD = 0x400, ROUTE_F_LOCALIN = 0x800, ROUTE_F_DEFAULT = 0x1000, ROUTE_F_KNI = 0x2000 };

struct route_spec {
	struct port *port;
	int af;
	union inet_ip dst; /* host bits are kept for listings */
	unsigned plen;
	union inet_ip gateway; /* any-address: on the link */
	union inet_ip src;     /* any-address: chosen by us */
	union inet_ip prefsrc;
	uint32_t mtu; /* bytes; 0: the port's */
	uint32_t metric;
	uint32_t flags; /* ROUTE_F_LOCALIN counts, the others are shown */
};

struct route {
	TAILQ_ENTRY(route) next;
	struct route_spec spec;
	union inet_ip prefix;  /* dst without host bits */
	union inet_ip hop_src; /* source in the forwarding table */
	uint32_t hop;	       /* FIB_NONE for LOCALIN routes */
	bool connected;	       /* made for an address; goes with it */
	bool in_fib;
};

TAILQ_HEAD(route_list, route);
extern struct route_list routes; /* both families, order of creation */

/* 0, EDPVS_INVAL, EDPVS_EXIST, EDPVS_NOMEM, EDPVS_RESOURCE. */
int route_add(const struct route_spec *spec);
/* Gives an existing route another gateway, source, MTU and metric. 0, EDPVS_NOTEXIST, EDPVS_INVAL … */
int route_change(const struct route_spec *spec);
/* 0 or EDPVS_NOTEXIST. */
int route_del(const struct port *p, int af, const union inet_ip *dst, unsigned plen);
/* All routes of the port and family that are not host routes of its addresses. */
void route_flush(const struct port *p, int af);
void route_fini(void);

/* Ports (bit = id) that have a LOCALIN route for the address. */
uint64_t route_local_ports(int af, const union inet_ip *ip);

/* A port has a new address, or lost one: connected routes and sources follow. 0 or an EDPVS code. */
int route_addr_added(const struct net_addr *a);
void route_addr_removed(const struct net_addr *a);

/* The port over which an address is reached without gateway, NULL when there is none. */
struct port *route_connected_port(int af, const union inet_ip *ip);

#endif

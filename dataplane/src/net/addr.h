/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses of ports: list, lifetimes, duplicate address detection, and what an address brings with it
 * (membership in the local set, a connected route, multicast groups, announcements). Control lcore only.
 */
#ifndef NET_ADDR_H
#define NET_ADDR_H

#include <sys/queue.h>

#include "net/net.h"
#include "timer.h"

/* net_addr.flags: values of the control ABI, the low ones those of Linux. */
enum {
	ADDR_F_OPTIMISTIC = 0x04,
	ADDR_F_DADFAILED = 0x08,
	ADDR_F_TENTATIVE = 0x40,
	ADDR_F_PERMANENT = 0x80,
	ADDR_F_SAPOOL = 0x10000,
	ADDR_F_LINKLOCAL = 0x20000,
};

enum { ADDR_SCOPE_GLOBAL = 0, ADDR_SCOPE_LINK = 2, ADDR_SCOPE_HOST = 3 };

/* What a command may say about an address. */
struct addr_spec {
	struct port *port;
	int af;
	union inet_ip ip;
	union inet_ip bcast; /* shown, not used */
	unsigned plen;
	uint32_t flags;	     /* only ADDR_F_SAPOOL and ADDR_F_LINKLOCAL count */
	uint32_t valid_s;    /* 0: for ever */
	uint32_t prefered_s; /* 0: for ever; shown, not used */
	uint8_t scope;
};

struct net_addr {
	TAILQ_ENTRY(net_addr) next;
	struct addr_spec spec;
	uint32_t flags;
	uint64_t expires_ms; /* 0: never */
	struct net_timer expiry;
	struct net_timer dad; /* IPv6: end of duplicate address detection */
	bool has_local;	      /* counted in the local set */
};

TAILQ_HEAD(addr_list, net_addr);
extern struct addr_list net_addrs; /* order of creation */

/* 0, EDPVS_INVAL (prefix length or address that a port cannot have), EDPVS_EXIST, EDPVS_NOMEM … */
int addr_add(const struct addr_spec *spec);
/* Changes lifetimes, scope and broadcast. 0 or EDPVS_NOTEXIST. */
int addr_set(const struct addr_spec *spec);
int addr_del(const struct port *p, int af, const union inet_ip *ip, unsigned plen);
/* Addresses of the family, or of both (af 0: then automatic link-local addresses stay). */
void addr_flush(const struct port *p, int af);
void addr_fini(void);

/* The steps of which transactions are made (addr_txn.c). */

/* False for a prefix length or an address that a port cannot have. */
bool addr_spec_is_valid(const struct addr_spec *spec);
struct net_addr *addr_find_exact(const struct port *p, int af, const union inet_ip *ip, unsigned plen);
/* A new address, last in the list, with its routes, as far as nobody on the link notices. NULL with *err:
 * NOMEM, RESOURCE … */
struct net_addr *addr_create(const struct addr_spec *spec, int *err);
/* Tells the link of a created address; IPv6 addresses are tentative from here on. */
void addr_appear(struct net_addr *a);
/* Makes an address what it would be if it had been created by spec now; it keeps its place for workers. */
void addr_renew(struct net_addr *a, const struct addr_spec *spec);
/* Takes it away and frees it. */
void addr_remove(struct net_addr *a);

/* Add, set and delete as parts of the open transaction, with the codes that they would return on their own.
 * What the list looks like then, and workers and the link know, follows with the commit. */
int addr_txn_add(const struct addr_spec *spec);
int addr_txn_set(const struct addr_spec *spec);
int addr_txn_del(const struct port *p, int af, const union inet_ip *ip, unsigned plen);
void addr_txn_init(void);

/* An address of the port, whatever its prefix length; NULL when there is none. */
struct net_addr *addr_find(const struct port *p, int af, const union inet_ip *ip);

/* The address of the port to use as source towards dst: one of dst's net, else the first of fitting scope,
 * else the first of any. NULL when the port has none of the family. Tentative addresses are taken only when
 * nothing else is there. */
const struct net_addr *addr_source(const struct port *p, int af, const union inet_ip *dst);

/* Another node on the link has the address: duplicate address detection fails if it still runs. */
void addr_conflict(const struct port *p, const union inet_ip *ip);

/* A LOCALIN route for the address came or went: tells workers. 0 or EDPVS_NOMEM. */
int addr_local_changed(int af, const union inet_ip *ip);

/* Creates the port's IPv6 link-local address as ipv6_defs/addr_gen_mode says (linklocal.c). */
void linklocal_create(struct port *p);

/* Seconds that are left of the valid lifetime, rounded up; 0: for ever. */
uint32_t addr_valid_left_s(const struct net_addr *a);

#endif

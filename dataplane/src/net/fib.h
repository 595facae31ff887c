/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The forwarding table: longest-prefix match from destination to next hop. The control lcore writes, every
 * worker reads without locks.
 *
 * IPv4 is rte_fib (DIR24_8), IPv6 rte_fib6 (TRIE), both with 2-byte next hops: 32 MiB each plus small second
 * levels, half of what rte_lpm and rte_lpm6 take. They allow 32767 next hops. A default route is kept beside
 * them, because it would fill all 2^24 entries. Neither library knows RCU: while a second-level block is
 * freed and used again, one look-up may see another route's next hop; it is a live one, and the change of
 * net_generation makes the caller ask again.
 */
#ifndef NET_FIB_H
#define NET_FIB_H

#include "net/net.h"

enum { FIB_NONE = 0, FIB_HOPS_MAX = 16384 };

/* Where a route leads; immutable while published. */
struct fib_hop {
	union inet_ip gateway; /* any-address: the destination is on the link */
	union inet_ip src;     /* preferred source, or the any-address */
	uint16_t port;
	uint16_t mtu; /* bytes; 0: the port's */
	uint8_t has_gateway, to_kernel;
};

int fib_init(void);
void fib_fini(void);

/* A new next hop with these contents. Its index, or FIB_NONE when the table is full. */
uint32_t fib_hop_new(const struct fib_hop *hop);
/* Gives the index back when no worker can use it any more. */
void fib_hop_release(uint32_t index);

/* Points a prefix to a next hop, in place of what was there; FIB_NONE removes it. prefix is masked. 0 or an
 * EDPVS code. */
int fib_set(int af, const union inet_ip *prefix, unsigned plen, uint32_t hop);

/* The next hop of a destination, NULL without route. Valid until the worker's next quiescent point. */
const struct fib_hop *fib_lookup(int af, const union inet_ip *dst);

#endif

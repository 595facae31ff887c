/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of addresses, ports and what else packets have, by name: `dpip ipset`. Deny and allow lists refer to
 * them.
 *
 * The control lcore makes and changes them; workers look them up without locks. A set is one hash table
 * whatever its type: its members are keys of one layout, in which each type uses the parts that it is made
 * of. Of types with networks a look-up probes once for each combination of prefix lengths that occurs,
 * longest first.
 */
#ifndef IPSET_IPSET_H
#define IPSET_IPSET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/inet.h"

struct ipset;

/* What a look-up compares: the ends of a packet. */
struct ipset_ends {
	union inet_ip saddr, daddr;
	uint16_t sport_be, dport_be; /* network order; 0 for protocols without ports */
	uint16_t iface;	     /* receiving port id + 1; 0: not known, no member with a device matches */
	uint8_t af;	     /* enum inet_family */
	uint8_t proto;	     /* IP protocol */
	const uint8_t *smac; /* 6 bytes, source of the frame; NULL: not known, no member with a MAC matches */
};

/* ---- workers ---- */

/*
 * True when the set holds what the packet has: by its source, or by its destination (dst). Types with two
 * addresses always compare both. A set of the other family, and a protocol without ports where the type has
 * ports (ICMP has port 0), never match.
 */
bool ipset_match(const struct ipset *set, const struct ipset_ends *e, bool dst);

enum { IPSET_VECTOR = 32 };

/* The same for n packets at once, at most IPSET_VECTOR, whose cache misses overlap: what a look-up costs in a
 * set of a million is waiting for memory. Bit i: the set holds what e[i] has. */
uint32_t ipset_match_vector(const struct ipset *set, const struct ipset_ends *e, unsigned n, bool dst);

/* ---- control lcore ---- */

/* By name; NULL: there is none. */
struct ipset *ipset_find(const char *name);
const char *ipset_name(const struct ipset *set);
/* True for the types whose destination part lists of clients look at: two addresses of which one is a
 * network, or ip,port,ip. */
bool ipset_lists_match_dst(const struct ipset *set);
/* While somebody refers to a set it cannot be destroyed, and its changes make connections look anew
 * (net_generation). */
void ipset_ref(struct ipset *set);
void ipset_unref(struct ipset *set);

/* Workers too: members have devices or MAC addresses. */
bool ipset_needs_frame(const struct ipset *set);

void ipset_fini(void);
void ipset_ctrl_register(void); /* messages 103 to 105 */

#endif

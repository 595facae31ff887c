/* SPDX-License-Identifier: Apache-2.0 */
/* Types of sets: which parts their members have. One row each in types.c. */
#ifndef IPSET_TYPES_H
#define IPSET_TYPES_H

#include <stdbool.h>

enum ipset_addr_part {
	IPSET_NO_ADDR,
	IPSET_IP, /* a single address */
	IPSET_NET /* a network; the longest that contains an address counts */
};

struct ipset_type {
	const char *name;
	enum ipset_addr_part first, second;
	bool bitmap; /* has a range; IPv4 or ports only */
	bool port, port2;
	bool mac, iface;
	/* Of types with two addresses: the first is the destination, the second the source. */
	bool swapped;
	/* Lists of clients compare the destination's port. */
	bool lists_match_dst;
};

/* NULL: no such type. */
const struct ipset_type *ipset_type_find(const char *name);

static inline bool
ipset_type_has_nets(const struct ipset_type *t)
{
	return t->first == IPSET_NET || t->second == IPSET_NET;
}

#endif

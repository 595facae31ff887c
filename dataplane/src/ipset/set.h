/* SPDX-License-Identifier: Apache-2.0 */
/* A set, private to this layer: its type, its members, and the combinations of prefix lengths that occur in
 * them. */
#ifndef IPSET_SET_H
#define IPSET_SET_H

#include <sys/queue.h>

#include "ipset/ipset.h"
#include "table.h"
#include "types.h"

enum { IPSET_NAME = 32, IPSET_HASHSIZE = 1024, IPSET_MAXELEM = 65535 };

/* Prefix lengths of both addresses, longest first. */
struct ipset_plens {
	uint32_t n;
	struct ipset_plen {
		union inet_ip mask, mask2; /* bits of the addresses that count */
		uint8_t first, second;
		uint32_t members; /* control lcore */
	} plen[];
};

struct ipset {
	TAILQ_ENTRY(ipset) next; /* by name */
	char name[IPSET_NAME];
	const struct ipset_type *type;
	uint8_t af;
	struct ipset_table table;
	struct ipset_plens *plens;   /* published */
	volatile uint32_t any_proto; /* members for any protocol: only then are they looked for */
	uint32_t references;
	uint32_t hashsize; /* as it was created */
	/* Of bitmaps, as they were created: host order, inclusive. */
	uint32_t ip_min, ip_max;
	uint16_t port_min, port_max;
	uint8_t range_plen;
};

TAILQ_HEAD(ipset_list, ipset);
extern struct ipset_list ipsets;

struct ipset_conf {
	const char *name;
	const struct ipset_type *type;
	uint8_t af;
	uint32_t hashsize, maxelem; /* 0: the defaults */
	bool comment;
	uint32_t ip_min, ip_max; /* bitmaps */
	uint16_t port_min, port_max;
	uint8_t range_plen;
};

/* EXIST, NOMEM, INVAL (an empty or too large range). */
int ipset_create(const struct ipset_conf *conf);
/* BUSY: somebody refers to it. */
int ipset_destroy(struct ipset *set);
void ipset_flush(struct ipset *set);

/* Members one by one; the key is as the type wants it. add, of one that exists: EXIST, or with replace its
 * attributes are taken over. NOMEM: the set is full. */
int ipset_add(struct ipset *set, const struct ipset_elem *m, const char *comment, bool replace);
int ipset_del(struct ipset *set, const struct ipset_key *key);

/* The member that decides about a packet with these parts: that of the longest prefixes. NULL: none. key:
 * whole addresses. */
const struct ipset_elem *ipset_decide(const struct ipset *set, const struct ipset_key *key);

#endif

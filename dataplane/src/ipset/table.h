/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members of a set: an array, and a hash table of places in it. One writer, any number of readers without
 * locks.
 *
 * A bucket is a cache line of ten tags and places; one that is full spills into the next and counts what it
 * spilled, so that readers know whether to go on. The table doubles when it is half full: a new one is
 * published and the old one retired. A member that was removed keeps its place until no reader can look at it
 * any more.
 */
#ifndef IPSET_TABLE_H
#define IPSET_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/inet.h"

enum { IPSET_COMMENT = 32, IPSET_MEMBERS_MAX = 1 << 24 };

/* What a set looks for; parts that a type does not have are 0. Hashed and compared as memory. */
struct ipset_key {
	union inet_ip addr, addr2;   /* bits behind the prefix are 0 */
	uint16_t port, port2, iface; /* ports in host order; iface: port id + 1 */
	uint8_t proto;		     /* 0: any */
	uint8_t plen, plen2;	     /* prefix lengths */
	uint8_t zero[7];
};
_Static_assert(sizeof(struct ipset_key) == 48, "keys have no padding");

struct ipset_elem {
	struct ipset_key key;
	uint8_t mac[6]; /* all zero: any */
	bool nomatch;	/* excludes what it contains */
	bool live;	/* control lcore: is a member */
	uint32_t next;	/* of a list of places without member */
	uint32_t zero;
};
_Static_assert(sizeof(struct ipset_elem) == 64, "a member is a cache line");

struct ipset_table {
	struct ipset_buckets *buckets;	 /* published */
	struct ipset_elem *members;	 /* place 0: ipset_table_nobody() */
	char (*comments)[IPSET_COMMENT]; /* likewise; NULL: members have none */
	uint32_t max, n;
	uint32_t fresh;	  /* places from here on were never used */
	uint32_t free;	  /* list of places that can be used */
	uint32_t removed; /* list of those that were removed since the last one was retired */
	uint32_t waiting; /* list of those that readers may still look at */
};

/* Room for max members, a table for about `expected` of them to begin with. False: no memory. */
bool ipset_table_init(struct ipset_table *t, uint32_t max, uint32_t expected, bool comments);
/* Before a table is retired as a whole. */
void ipset_table_close(struct ipset_table *t);
void ipset_table_fini(struct ipset_table *t);

/* Readers and the writer. NULL: no such member. */
const struct ipset_elem *ipset_table_find(const struct ipset_table *t, const struct ipset_key *key);

/* A look-up that is one of several. */
struct ipset_probe {
	struct ipset_key key;
	uint32_t hash, hits, spilled;	/* private to the look-up */
	const struct ipset_elem *found; /* ipset_table_nobody(): no such member */
};

/* Stands for no member where a branch would be guessed wrong half of the time: equal to no key, and nomatch.
 */
static inline const struct ipset_elem *
ipset_table_nobody(const struct ipset_table *t)
{
	return t->members;
}

/* Readers: n look-ups at once, whose cache misses overlap. A handful to some dozens. */
void ipset_table_find_vector(const struct ipset_table *t, struct ipset_probe *probe, unsigned n);

/* Adds a member that is not there yet. NULL: full, or no memory. */
struct ipset_elem *ipset_table_add(struct ipset_table *t, const struct ipset_elem *m);
/* m: from find or add. */
void ipset_table_del(struct ipset_table *t, const struct ipset_elem *m);
/* Members in no order: NULL starts and ends. */
const struct ipset_elem *ipset_table_next(const struct ipset_table *t, const struct ipset_elem *m);
/* Bytes of a member's comment; NULL: members have none. */
char *ipset_table_comment(const struct ipset_table *t, const struct ipset_elem *m);
/* Bytes in use. */
size_t ipset_table_bytes(const struct ipset_table *t);

#endif

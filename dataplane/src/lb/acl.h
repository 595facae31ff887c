/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deny and allow lists of clients, per (family, protocol, address, port) of a service; private to the lb
 * layer.
 *
 * A client on the deny list is refused; when there is an allow list, so is every client that is not on it.
 * Entries are addresses, networks, and the names of ipsets, which are compared with all that the packet has.
 * Workers look when a connection opens, and again for a connection that goes on after lists have changed: a
 * change advances net_generation, so that connections look up anew what they remember.
 *
 * Workers see a list as a set of prefixes: one table of open addressing that holds all lengths, and the
 * lengths that occur. A look-up probes once for each of these. The control lcore adds and takes away single
 * entries in place, because an entry is whole before it is marked as used, and a place is never used twice; a
 * set that is full, becomes empty or ceases to be empty is replaced as a whole.
 */
#ifndef LB_ACL_H
#define LB_ACL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "core/rcu.h"
#include "ipset/ipset.h"
#include "lb/service.h"

enum { LB_ACL_DENY, LB_ACL_ALLOW, LB_ACL_LISTS };

/* ---- sets of prefixes (acl_set.c) ---- */

struct lb_acl_set;

/* An empty set with room for n entries of a family and half as many again, the ones that were removed
 * included. NULL: no memory. Freed with free(). */
struct lb_acl_set *lb_acl_set_new(uint8_t af, uint32_t n);
/* How many entries can be added yet. */
uint32_t lb_acl_set_room(const struct lb_acl_set *set);
/* Adds an entry, for which there is room; bits of ip behind plen are 0. Returns its place. */
uint32_t lb_acl_set_add(struct lb_acl_set *set, const union inet_ip *ip, uint8_t plen);
void lb_acl_set_remove(struct lb_acl_set *set, uint32_t place);
/* Worker: true when an entry contains the address. */
bool lb_acl_set_has(const struct lb_acl_set *set, const union inet_ip *ip);

/* ---- the lists of a service (acl.c) ---- */

struct lb_acl_entry {
	TAILQ_ENTRY(lb_acl_entry) next;	    /* of its list, oldest first */
	TAILQ_ENTRY(lb_acl_entry) touching; /* changed by the transaction that is open */
	struct lb_acl_entry *chain;	    /* in the index by subject */
	struct lb_acl *acl;
	struct ipset *set; /* the entry is this ipset; NULL: it is ip/plen */
	union inet_ip ip;
	uint32_t place; /* in the published set; UINT32_MAX: not in it */
	uint8_t list;	/* LB_ACL_DENY, LB_ACL_ALLOW */
	uint8_t plen;
	bool listed;
	bool touched;
};

TAILQ_HEAD(lb_acl_entries, lb_acl_entry);

/* Published: the ipsets of a list. */
struct lb_acl_ipsets {
	uint32_t n;
	const struct ipset *set[];
};

struct lb_acl_list {
	struct lb_acl_entries entries, touched;
	uint32_t n;			    /* entries */
	uint32_t nipsets;		    /* of these, ipsets */
	struct lb_acl_set *built;	    /* empty, about to be filled and published */
	struct lb_acl_ipsets *built_ipsets; /* likewise */
};

struct lb_acl {
	/* Published; NULL: the list has none. */
	struct lb_acl_set *set[LB_ACL_LISTS];
	struct lb_acl_ipsets *ipsets[LB_ACL_LISTS];
	struct lb_key key;
	TAILQ_ENTRY(lb_acl) next;     /* oldest first */
	TAILQ_ENTRY(lb_acl) touching; /* changed by the transaction that is open */
	struct lb_acl *chain;	      /* in the index by key */
	bool touched;
	struct lb_acl_list list[LB_ACL_LISTS];
};

/* Worker: has the service lists? */
static inline bool
lb_acl_present(struct lb_service *svc)
{
	return unlikely(rcu_read(svc->acl) != NULL);
}

/* Worker: true when the lists look at more of a packet than its addresses and ports: device or MAC address.
 * acl_check.c */
bool lb_acl_needs_frame(struct lb_service *svc);

/* Worker: may the client use the service? DROP_NONE, or why not. The ends are those of a packet of the
 * client. acl_check.c */
enum drop_reason lb_acl_check(struct lb_service *svc, const struct ipset_ends *e);

/* The same for n packets, at most IPSET_VECTOR, of services with these lists: why[i]. acl_check.c */
void lb_acl_check_vector(struct lb_acl *acl, const struct ipset_ends *e, unsigned n, enum drop_reason *why);

/* What lists compare of a packet. acl_ask.c */
struct ipset_ends lb_acl_ends(const struct pkt *p);

/* Lists that have ipsets: only then is it worth while to ask in advance. */
extern uint32_t lb_acl_with_ipsets;

/*
 * Worker: asks the lists about all packets p[flow[k]] that have no connection (p->conn is CONN_NONE) at once.
 * Those whose services have lists get PKT_F_LISTED and p->listed. acl_ask.c
 */
void lb_acl_ask(struct pkt *p, uint16_t *flow, unsigned nflow);

/* ---- control lcore ---- */

/* All entries of all lists together; a listing of them fits into a reply. */
enum { LB_ACL_ENTRIES_MAX = 2 << 20 };

void lb_acls_init(void);
void lb_acls_fini(void);

/* The lists of a key; NULL: there are none. */
struct lb_acl *lb_acl_find(const struct lb_key *key);
/* All lists, oldest key first; NULL starts and ends. */
struct lb_acl *lb_acl_next(const struct lb_acl *acl);

/*
 * Changes, as parts of transactions or on their own. ip is of the key's family, plen at most its bits; bits
 * behind plen do not count. The service need not exist.
 */
/* Also 0 when the entry exists. RESOURCE: too many entries; NOMEM. */
int lb_acl_add(const struct lb_key *key, unsigned list, const union inet_ip *ip, uint8_t plen);
/* The same for an ipset. */
int lb_acl_add_ipset(const struct lb_key *key, unsigned list, struct ipset *set);
int lb_acl_del_ipset(const struct lb_key *key, unsigned list, struct ipset *set);
/* NOTEXIST; NOMEM. */
int lb_acl_del(const struct lb_key *key, unsigned list, const union inet_ip *ip, uint8_t plen);
/* NOMEM. */
int lb_acl_flush(const struct lb_key *key, unsigned list);
/* Both lists, as the service is going. NOMEM. */
int lb_acls_drop(const struct lb_key *key);

/* Parts of the end of a transaction (txn.c): build; publish, before services are; forget what is empty, after
 * services have ended; or drop what was built. */
int lb_acls_prepare(void);
void lb_acls_publish(void);
void lb_acls_end(void);
void lb_acls_abandon(void);
/* Gives a service that workers are about to find the lists of its key. */
void lb_acl_attach(struct lb_service *svc);
/* ---- where they are found (acl_index.c) ---- */

/* The lists of a key, those too that the open transaction has emptied. */
struct lb_acl *lb_acl_index_key(const struct lb_key *key);
void lb_acl_index(struct lb_acl *acl);
void lb_acl_unindex(struct lb_acl *acl);
/* Bits of ip behind plen are 0. */
struct lb_acl_entry *lb_acl_index_entry(const struct lb_acl *acl, unsigned list, const union inet_ip *ip,
					uint8_t plen);
/* Makes room for one more entry, so that entering it cannot fail. An index that could not grow works on,
 * slower; false when there is none at all. */
bool lb_acl_index_reserve(void);
void lb_acl_entry_index(struct lb_acl_entry *e);
void lb_acl_entry_unindex(struct lb_acl_entry *e);
uint32_t lb_acl_entries_count(void);
void lb_acl_index_fini(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What a request (struct ipset_param) means for a set of some type: one member, or all members of ranges. */
#ifndef IPSET_REQUEST_H
#define IPSET_REQUEST_H

#include "abi/ipset.h"
#include "set.h"

/* Members that one request can name. */
enum { IPSET_REQUEST_MAX = 1 << 20 };

/* Values base, base + 1, … */
struct ipset_span {
	union inet_ip ip; /* addresses; more than one: IPv4 */
	uint8_t plen;
	uint16_t port; /* ports */
	uint32_t n;
};

struct ipset_request {
	struct ipset_elem member; /* what all have in common */
	struct ipset_span first, port, second, port2;
	uint32_t n; /* members in all */
};

/* INVAL: not of this type or family, a range that is none, or too many members; NOTEXIST: no such device. */
int ipset_request_read(const struct ipset *set, const struct ipset_param *p, struct ipset_request *r);
/* Member i of r->n. */
struct ipset_elem ipset_request_member(const struct ipset *set, const struct ipset_request *r, uint32_t i);
/* A packet with these parts, for a test: prefixes and ends of ranges do not count. */
int ipset_request_test(const struct ipset *set, const struct ipset_param *p, struct ipset_elem *m);

#endif

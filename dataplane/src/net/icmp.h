/* SPDX-License-Identifier: Apache-2.0 */
/* ICMP (RFC 792, RFC 1812) and ICMPv6 (RFC 4443): echo replies and errors. */
#ifndef NET_ICMP_H
#define NET_ICMP_H

#include "net/net.h"

enum {
	ICMP4_ECHO_REPLY = 0,
	ICMP4_UNREACHABLE = 3,
	ICMP4_ECHO = 8,
	ICMP4_TIME_EXCEEDED = 11,
	ICMP4_NET_UNREACHABLE_CODE = 0,
	ICMP4_HOST_UNREACHABLE_CODE = 1,
	ICMP4_FRAG_NEEDED_CODE = 4,
	ICMP6_UNREACHABLE = 1,
	ICMP6_TOO_BIG = 2,
	ICMP6_TIME_EXCEEDED = 3,
	ICMP6_ECHO = 128,
	ICMP6_ECHO_REPLY = 129,
	ICMP6_NO_ROUTE_CODE = 0,
	ICMP6_BEYOND_SCOPE_CODE = 2,
	ICMP6_ADDRESS_CODE = 3,
};

/* Errors that one sender (a worker, the control lcore) may send in a second. */
enum { ICMP_ERRORS_PER_S = 1000 };

struct icmp_limit {
	uint64_t last_ms;
	uint32_t tokens_milli; /* thousandths of a message */
	bool started;
};

/* What the net layer keeps per worker. */
struct net_worker {
	struct icmp_limit icmp;
	uint32_t tunnel_id;    /* IP identification of the next packet into a tunnel */
	unsigned tunnel_depth; /* tunnels that a packet is on its way into */
};

/* Takes one token. False: the limit is reached. */
bool icmp_limit_take(struct icmp_limit *l, uint64_t now_ms);

/* Worker: a whole ICMP or ICMPv6 message to one of our addresses. Ownership passes. */
void icmp4_local(struct worker *w, struct rte_mbuf *m, const struct pkt *p);
void icmp6_local(struct worker *w, struct rte_mbuf *m, const struct pkt *p);

/* Control lcore: the error "address unreachable" about packet m (data at its IP header), ready for output;
 * NULL when none may be sent. */
struct rte_mbuf *icmp_host_unreachable(struct rte_mempool *pool, int af, const struct rte_mbuf *m);

#endif

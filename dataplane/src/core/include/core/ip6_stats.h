/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters of IPv6 that are no drops (those are in packet/drop.h). One of these for each worker and one for
 * the control lcore, written by it alone. The counters of RFC 4293 are made of both (net/ip6_stats_ctrl.c).
 */
#ifndef CORE_IP6_STATS_H
#define CORE_IP6_STATS_H

#include <stdint.h>

struct ip6_counters {
	uint64_t in_ecn[4];    /* packets received, by the ECN bits of their class: not, ECT(1), ECT(0), CE */
	uint64_t in_malformed; /* others, which the parser refused */
	uint64_t in_octets;
	uint64_t out_packets, out_octets;
	uint64_t in_mcast_packets, in_mcast_octets; /* of in_ecn, in_octets */
	uint64_t out_mcast_packets, out_mcast_octets;
	uint64_t delivered; /* to our own addresses and groups, and to the kernel */
	uint64_t forwarded; /* sent on as a router does; of out_packets */
	uint64_t in_no_route, unknown_proto, csum_errors;
	uint64_t reasm_asked, reasm_done, reasm_failed, reasm_timeouts;
	uint64_t frag_done, frag_failed, frag_made; /* packets that were cut, could not be, pieces */
};

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* IPv6 counters (id 93). */
#ifndef ABI_STATS6_H
#define ABI_STATS6_H

#include "common.h"

/* Counters of the IP layer (RFC 4293 names). */
struct inet_stats {
	uint64_t inpkts;
	uint64_t inoctets;
	uint64_t indelivers;
	uint64_t outforwdatagrams;
	uint64_t outpkts;
	uint64_t outoctets;
	uint64_t inhdrerrors;
	uint64_t intoobigerrors;
	uint64_t innoroutes;
	uint64_t inaddrerrors;
	uint64_t inunknownprotos;
	uint64_t intruncatedpkts;
	uint64_t indiscards;
	uint64_t outdiscards;
	uint64_t outnoroutes;
	uint64_t reasmtimeout;
	uint64_t reasmreqds;
	uint64_t reasmoks;
	uint64_t reasmfails;
	uint64_t fragoks;
	uint64_t fragfails;
	uint64_t fragcreates;
	uint64_t inmcastpkts;
	uint64_t outmcastpkts;
	uint64_t inbcastpkts;
	uint64_t outbcastpkts;
	uint64_t inmcastoctets;
	uint64_t outmcastoctets;
	uint64_t inbcastoctets;
	uint64_t outbcastoctets;
	uint64_t csumerrors;
	uint64_t noectpkts;
	uint64_t ect1pkts;
	uint64_t ect0pkts;
	uint64_t cepkts;
};
ABI_SIZE(struct inet_stats, 280);
ABI_OFFSET(struct inet_stats, cepkts, 272);

/* Reply of id 93: the sum, then one slot for each lcore id. */
struct ip6_stats_param {
	struct inet_stats stats;
	struct inet_stats stats_cpus[DPVS_MAX_LCORE];
} ABI_PACKED;
ABI_SIZE(struct ip6_stats_param, 18200);
ABI_OFFSET(struct ip6_stats_param, stats_cpus, 280);

#endif

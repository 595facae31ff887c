/* SPDX-License-Identifier: Apache-2.0 */
/* Message 93: the IPv6 counters of RFC 4293, summed and by lcore. */
#include "abi/stats6.h"

#include <rte_lcore.h>

#include "core/errors.h"
#include "core/worker.h"
#include "ctrl/ctrl.h"
#include "net_ctrl.h"

/* One lcore. */
struct source {
	const struct ip6_counters *c;
	const struct worker *w; /* NULL: the control lcore */
};

static uint64_t
dropped(const struct source *s, enum drop_reason why)
{
	return s->w ? worker_drops(s->w, why) : control_drops[why];
}

static struct inet_stats
stats_of(const struct source *s)
{
	const struct ip6_counters *c = s->c;
	uint64_t no_route = dropped(s, DROP_IP6_NO_ROUTE);

	return (struct inet_stats){
	    .inpkts = c->in_ecn[0] + c->in_ecn[1] + c->in_ecn[2] + c->in_ecn[3] + c->in_malformed,
	    .inoctets = c->in_octets,
	    .indelivers = c->delivered,
	    .outforwdatagrams = c->forwarded,
	    .outpkts = c->out_packets - c->forwarded,
	    .outoctets = c->out_octets,
	    .inhdrerrors = dropped(s, DROP_IP6_HEADER) + dropped(s, DROP_IP6_HOP_LIMIT),
	    .intoobigerrors = dropped(s, DROP_IP6_TOO_BIG),
	    .innoroutes = c->in_no_route,
	    .inaddrerrors = dropped(s, DROP_IP6_ADDRESS) + dropped(s, DROP_IP6_FORWARD_OFF),
	    .inunknownprotos = c->unknown_proto,
	    .intruncatedpkts = dropped(s, DROP_IP6_TRUNCATED),
	    .indiscards = dropped(s, DROP_IP6_DISABLED) + dropped(s, DROP_IP6_FRAGMENT),
	    .outnoroutes = no_route > c->in_no_route ? no_route - c->in_no_route : 0,
	    .reasmtimeout = c->reasm_timeouts,
	    .reasmreqds = c->reasm_asked,
	    .reasmoks = c->reasm_done,
	    .reasmfails = c->reasm_failed,
	    .fragoks = c->frag_done,
	    .fragfails = c->frag_failed,
	    .fragcreates = c->frag_made,
	    .inmcastpkts = c->in_mcast_packets,
	    .outmcastpkts = c->out_mcast_packets,
	    .inmcastoctets = c->in_mcast_octets,
	    .outmcastoctets = c->out_mcast_octets,
	    /* IPv6 has neither broadcasts nor a checksum of its header: these are ICMPv6's. */
	    .csumerrors = c->csum_errors,
	    .noectpkts = c->in_ecn[0],
	    .ect1pkts = c->in_ecn[1],
	    .ect0pkts = c->in_ecn[2],
	    .cepkts = c->in_ecn[3],
	};
}

/* All members are counters of eight bytes. */
static void
stats_add(struct inet_stats *sum, const struct inet_stats *one)
{
	uint64_t *to = (uint64_t *)sum;
	const uint64_t *from = (const uint64_t *)one;

	for (unsigned i = 0; i < sizeof(*sum) / sizeof(*to); i++)
		to[i] += from[i];
}

static void
put(struct ip6_stats_param *out, struct inet_stats *sum, unsigned lcore, const struct source *s)
{
	struct inet_stats one = stats_of(s);

	stats_add(sum, &one);
	if (lcore < DPVS_MAX_LCORE)
		memcpy(&out->stats_cpus[lcore], &one, sizeof(one));
}

static int
on_stats(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct ip6_stats_param *out = ctrl_reply_add(reply, sizeof(*out));
	struct inet_stats sum = {0};

	(void)req;
	if (!out)
		return EDPVS_NOMEM;
	memset(out, 0, sizeof(*out));
	put(out, &sum, rte_get_main_lcore(), &(struct source){.c = &control_ip6});
	for (unsigned i = 0; i < nworkers; i++)
		put(out, &sum, workers[i]->lcore_id, &(struct source){&workers[i]->ip6, workers[i]});
	memcpy(&out->stats, &sum, sizeof(sum));
	return EDPVS_OK;
}

void
ip6_stats_ctrl_register(void)
{
	ctrl_register(SOCKOPT_IP6_STATS, on_stats);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices bring replies to the worker that has their connection, where they can: flow rules for the ports of
 * local addresses. Without them, and until they are there, a packet is handed over (owner.c), so nothing
 * depends on them.
 *
 * Ports are dealt by `port % workers`, which devices can compare only when the number of workers is a power
 * of two.
 */
#include "lb_control.h"

#include <stdlib.h>
#include <rte_common.h>

#include "core/conf.h"
#include "core/log.h"
#include "net/net.h"
#include "packet/pkt.h"
#include "port/flow.h"

struct lb_reply_rules {
	uint16_t port; /* they are for */
	unsigned n;
	struct port_flow *flow[]; /* [n], by worker and protocol; NULL: refused */
};

static bool
is_wanted(void)
{
	static bool said;

	if (nworkers < 2 || !conf.sapool_flow_enable)
		return false;
	if (rte_is_power_of_2(nworkers))
		return true;
	if (!said)
		log_notice(
		    "lb",
		    "flow rules need a number of workers that is a power of two, and there are %u: replies "
		    "are handed over in software",
		    nworkers);
	said = true;
	return false;
}

void
lb_reply_rules_drop(struct lb_intern_entry *lip)
{
	struct lb_reply_rules *r = lip->rules;

	if (!r)
		return;
	for (unsigned i = 0; i < r->n; i++)
		port_flow_del(r->flow[i]);
	free(r);
	lip->rules = NULL;
}

static void
add(struct lb_intern_entry *lip, const struct port *p)
{
	static const uint8_t protos[] = {PKT_PROTO_TCP, PKT_PROTO_UDP};
	unsigned n = nworkers * RTE_DIM(protos), taken = 0;
	struct lb_reply_rules *r = calloc(1, sizeof(*r) + n * sizeof(r->flow[0]));

	if (!r)
		return;
	r->port = p->id;
	for (unsigned w = 0; w < nworkers; w++) {
		for (unsigned i = 0; i < RTE_DIM(protos); i++) {
			struct port_flow_key key = {.ip = lip->key.ip,
						    .af = lip->key.af,
						    .proto = protos[i],
						    .value = (uint16_t)w,
						    .mask = (uint16_t)(nworkers - 1)};

			r->flow[r->n] = port_flow_add(p, &key, w);
			taken += r->flow[r->n] != NULL;
			r->n++;
		}
	}
	lip->rules = r;
	if (taken)
		log_info("lb", "%u of %u flow rules for a local address on %s", taken, n, p->name);
}

static void
settle(struct lb_intern_entry *lip)
{
	const struct port *p = net_addr_port(lip->key.af, &lip->key.ip);

	if (lip->rules && (!p || lip->rules->port != p->id))
		lb_reply_rules_drop(lip);
	if (p && !lip->rules)
		add(lip, p);
}

void
lb_reply_rules_tick(struct lb_intern *lips, bool changed)
{
	static uint32_t seen;
	uint32_t now = net_generation;

	if ((!changed && now == seen) || !is_wanted())
		return;
	seen = now;
	for (uint32_t i = 0; i < lips->nbuckets; i++)
		for (struct lb_intern_entry *e = lips->buckets[i]; e; e = e->chain)
			settle(e);
}

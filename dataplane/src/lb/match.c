/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Match services: what they are for, as rules that workers try in the order in which the services were made.
 *
 * The list of rules is built anew when a transaction has changed which services there are.
 */
#include "lb_control.h"

#include <stdlib.h>
#include <rte_byteorder.h>

#include "abi/common.h"
#include "core/errors.h"
#include "core/log.h"
#include "core/rcu.h"
#include "port/port.h"

struct lb_match_list *lb_matches;

static struct lb_match_list *built;
static uint64_t newest; /* serial of the newest service that was published */
static bool echo_balanced;

bool
lb_echo_balanced(void)
{
	return __atomic_load_n(&echo_balanced, __ATOMIC_RELAXED);
}

/* An upper bound of zero means: any. */
static void
range_make(struct flow_range *r, const struct inet_addr_range *in, int af)
{
	*r = (struct flow_range){.min = inet_ip_make(af, in->min_addr.in6),
				 .max = inet_ip_make(af, in->max_addr.in6),
				 .port_min = rte_be_to_cpu_16(in->min_port),
				 .port_max = rte_be_to_cpu_16(in->max_port)};
	r->any_addr = inet_ip_is_any(&r->max);
	r->any_port = r->port_max == 0;
}

uint16_t
lb_rule_device(const char *name)
{
	const struct port *port = name[0] ? port_by_name(name) : NULL;

	if (port)
		return port->id;
	return name[0] ? FLOW_RULE_NO_DEVICE : FLOW_RULE_ANY_DEVICE;
}

static void
rule_make(struct flow_rule *r, const struct lb_service *svc)
{
	struct dp_vs_match m;

	memcpy(&m, svc->match, sizeof(m));
	*r = (struct flow_rule){.af = svc->key.af,
				.proto = svc->key.proto,
				.iif = lb_rule_device(m.iifname),
				.oif = lb_rule_device(m.oifname)};
	range_make(&r->src, &m.srange, svc->key.af);
	range_make(&r->dst, &m.drange, svc->key.af);
}

static bool
is_icmp(const struct lb_service *svc)
{
	return svc->key.proto == PKT_PROTO_ICMP || svc->key.proto == PKT_PROTO_ICMPV6;
}

/* Devices may be made later. */
static void
warn_without_device(const struct lb_service *svc)
{
	struct dp_vs_match m;

	memcpy(&m, svc->match, sizeof(m));
	for (unsigned i = 0; i < 2; i++) {
		const char *name = i == 0 ? m.iifname : m.oifname;

		if (name[0] && !port_by_name(name))
			log_warning("lb", "match service: there is no device %s, so nothing matches %s=%s",
				    name, i == 0 ? "iif" : "oif", name);
	}
}

int
lb_matches_prepare(void)
{
	uint32_t n = 0;
	struct lb_service *svc;

	for (svc = lb_service_after(LB_SERVICE_MATCH, 0); svc; svc = lb_service_next(svc))
		n++;
	built = malloc(sizeof(*built) + n * sizeof(built->m[0]));
	if (!built)
		return EDPVS_NOMEM;
	built->n = 0;
	for (svc = lb_service_after(LB_SERVICE_MATCH, 0); svc; svc = lb_service_next(svc)) {
		rule_make(&built->m[built->n].rule, svc);
		built->m[built->n++].svc = svc;
	}
	return EDPVS_OK;
}

void
lb_matches_publish(void)
{
	struct lb_match_list *old = lb_matches, *next = built;

	if (!next)
		return;
	built = NULL;
	for (uint32_t i = 0; i < next->n; i++) {
		const struct lb_service *svc = next->m[i].svc;

		if (is_icmp(svc))
			__atomic_store_n(&echo_balanced, true, __ATOMIC_RELAXED);
		if (svc->serial <= newest)
			continue;
		newest = svc->serial;
		warn_without_device(svc);
	}
	if (next->n == 0) {
		free(next);
		next = NULL;
	}
	rcu_publish(lb_matches, next);
	if (old)
		rcu_retire(free, old);
}

void
lb_matches_abandon(void)
{
	free(built);
	built = NULL;
}

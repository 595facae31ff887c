/* SPDX-License-Identifier: Apache-2.0 */
/* The service that a packet without connection is for. */
#include "open.h"

#include <rte_branch_prediction.h>

#include "core/rcu.h"
#include "net/net.h"

static __rte_noinline struct lb_service *
find_marked(const struct lb_mark_list *marks, const struct pkt *p)
{
	struct flow f = flow_of(p);

	for (uint32_t i = 0; i < marks->n; i++)
		if (flow_rule_matches(&marks->m[i].rule, &f))
			return lb_fwmark_lookup(f.af, marks->m[i].mark);
	return NULL;
}

static __rte_noinline bool
may_be_marked(const struct lb_mark_list *marks, const struct flow *f)
{
	for (uint32_t i = 0; i < marks->n; i++)
		if (flow_rule_matches_fragment(&marks->m[i].rule, f) &&
		    lb_fwmark_lookup(f->af, marks->m[i].mark))
			return true;
	return false;
}

/* Match services are for what passes through, on its way to somebody whom a router would send it to. */
static bool
passes_through(const struct flow *f, uint16_t *oif)
{
	union inet_ip dst = inet_ip_make(f->af, f->daddr), src = inet_ip_make(f->af, f->saddr);
	struct net_path path;

	if (inet_ip_is_multicast(f->af, &dst) || inet_ip_is_any(&dst) || inet_ip_is_any(&src) ||
	    (f->af == INET_AF_V4 && dst.v4 == UINT32_MAX) || inet_ip_is_linklocal(f->af, &dst) ||
	    inet_ip_is_linklocal(f->af, &src))
		return false;
	if (net_local_lookup(f->af, &dst) != NET_NOT_LOCAL || net_path_lookup(f->af, &dst, &path))
		return false;
	*oif = path.port;
	return true;
}

static __rte_noinline struct lb_service *
find_match(const struct lb_match_list *list, const struct pkt *p)
{
	struct flow f = flow_of(p);
	bool asked = false;
	uint16_t oif;

	for (uint32_t i = 0; i < list->n; i++) {
		const struct flow_rule *r = &list->m[i].rule;

		if (!flow_rule_matches(r, &f))
			continue;
		if (!asked && !passes_through(&f, &oif))
			return NULL;
		asked = true;
		if (r->oif == FLOW_RULE_ANY_DEVICE || r->oif == oif)
			return list->m[i].svc;
	}
	return NULL;
}

static __rte_noinline bool
may_match(const struct lb_match_list *list, const struct flow *f)
{
	bool asked = false;
	uint16_t oif;

	for (uint32_t i = 0; i < list->n; i++) {
		const struct flow_rule *r = &list->m[i].rule;

		if (!flow_rule_matches_fragment(r, f))
			continue;
		if (!asked && !passes_through(f, &oif))
			return false;
		asked = true;
		if (r->oif == FLOW_RULE_ANY_DEVICE || r->oif == oif)
			return true;
	}
	return false;
}

bool
lb_service_may_want(const struct pkt *fragment)
{
	const struct lb_mark_list *marks = rcu_read(lb_marks);
	const struct lb_match_list *matches = rcu_read(lb_matches);
	struct flow f = flow_of(fragment);

	return (marks && may_be_marked(marks, &f)) || (matches && may_match(matches, &f));
}

struct lb_service *
lb_service_of(const struct pkt *p, const struct lb_key *dst)
{
	const struct lb_mark_list *marks = rcu_read(lb_marks);
	const struct lb_match_list *matches = rcu_read(lb_matches);
	struct lb_service *svc = unlikely(marks != NULL) ? find_marked(marks, p) : NULL;

	if (!svc)
		svc = lb_service_lookup(dst);
	if (!svc && unlikely(matches != NULL))
		svc = find_match(matches, p);
	return svc;
}

enum drop_reason
lb_select(struct worker *w, struct lb_opening *o)
{
	o->svc = lb_service_of(o->p, &o->key);
	if (!o->svc)
		return o->proto->no_service(o->p, &o->key);
	o->attrs = rcu_read(o->svc->attrs);
	o->dests = rcu_read(o->svc->dests);
	return DROP_NONE;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Marks in place of those of a packet filter: rules, in the order in which they were added, say which packets
 * are for a service of a mark. Workers look when a packet has no connection, and only if there is a rule.
 */
#include "marks.h"

#include <stdlib.h>

#include "core/errors.h"
#include "core/rcu.h"
#include "lb_control.h"
#include "port/port.h"

struct lb_mark_list *lb_marks;

static struct lb_mark_rule rules[LB_MARKS_MAX];
static uint32_t nrules;

const struct lb_mark_rule *
lb_marks_all(uint32_t *n)
{
	*n = nrules;
	return rules;
}

static bool
has_ports(const struct lb_mark_rule *rule)
{
	return rule->src.port_max || rule->dst.port_max;
}

static bool
is_valid_end(const struct lb_mark_end *e, uint8_t af)
{
	union inet_ip network;

	if (e->plen > inet_bits(af) || e->port_min > e->port_max)
		return false;
	network = inet_ip_mask(af, &e->ip, e->plen);
	return inet_ip_equal(&network, &e->ip);
}

static bool
is_valid(const struct lb_mark_rule *rule)
{
	if ((rule->af != INET_AF_V4 && rule->af != INET_AF_V6) || rule->mark == 0)
		return false;
	if (has_ports(rule) && rule->proto != PKT_PROTO_TCP && rule->proto != PKT_PROTO_UDP &&
	    rule->proto != PKT_PROTO_SCTP && rule->proto != 0)
		return false;
	return is_valid_end(&rule->src, rule->af) && is_valid_end(&rule->dst, rule->af);
}

static bool
same_end(const struct lb_mark_end *a, const struct lb_mark_end *b)
{
	return inet_ip_equal(&a->ip, &b->ip) && a->plen == b->plen && a->port_min == b->port_min &&
	       a->port_max == b->port_max;
}

static uint32_t
find(const struct lb_mark_rule *rule)
{
	uint32_t i = 0;

	while (i < nrules && !(rules[i].af == rule->af && rules[i].proto == rule->proto &&
			       same_end(&rules[i].src, &rule->src) && same_end(&rules[i].dst, &rule->dst) &&
			       strcmp(rules[i].iifname, rule->iifname) == 0))
		i++;
	return i;
}

static void
range_make(struct flow_range *r, const struct lb_mark_end *e, uint8_t af)
{
	flow_range_prefix(r, af, &e->ip, e->plen);
	r->port_min = e->port_min;
	r->port_max = e->port_max;
	r->any_port = e->port_max == 0;
}

static struct lb_mark
worker_rule(const struct lb_mark_rule *rule)
{
	struct lb_mark m = {.mark = rule->mark,
			    .rule = {.iif = lb_rule_device(rule->iifname),
				     .oif = FLOW_RULE_ANY_DEVICE,
				     .af = rule->af,
				     .proto = rule->proto}};

	range_make(&m.rule.src, &rule->src, rule->af);
	range_make(&m.rule.dst, &rule->dst, rule->af);
	return m;
}

/* What workers are to read if there were `more` rules, one of them, or less: without the one at `without`. */
static int
list_build(const struct lb_mark_rule *more, uint32_t without, struct lb_mark_list **out)
{
	struct lb_mark_list *list = malloc(sizeof(*list) + (nrules + 1) * sizeof(list->m[0]));

	if (!list)
		return EDPVS_NOMEM;
	list->n = 0;
	for (uint32_t i = 0; i < nrules; i++)
		if (i != without)
			list->m[list->n++] = worker_rule(&rules[i]);
	if (more)
		list->m[list->n++] = worker_rule(more);
	*out = list;
	return EDPVS_OK;
}

static void
list_publish(struct lb_mark_list *list)
{
	struct lb_mark_list *old = lb_marks;

	if (list && list->n == 0) {
		free(list);
		list = NULL;
	}
	/* Connections stay where they are, whatever marks their packets have from now on. */
	lb_owners_moved();
	rcu_publish(lb_marks, list);
	if (old)
		rcu_retire(free, old);
}

int
lb_marks_renew(void)
{
	struct lb_mark_list *list;

	if (nrules == 0)
		return EDPVS_OK;
	if (list_build(NULL, nrules, &list))
		return EDPVS_NOMEM;
	list_publish(list);
	return EDPVS_OK;
}

int
lb_mark_add(const struct lb_mark_rule *rule)
{
	struct lb_mark_list *list;
	int err;

	if (!is_valid(rule))
		return EDPVS_INVAL;
	if (rule->iifname[0] && !port_by_name(rule->iifname))
		return EDPVS_NOTEXIST;
	if (find(rule) < nrules)
		return EDPVS_EXIST;
	if (nrules == LB_MARKS_MAX)
		return EDPVS_RESOURCE;
	err = list_build(rule, UINT32_MAX, &list);
	if (err)
		return err;
	rules[nrules++] = *rule;
	list_publish(list);
	return EDPVS_OK;
}

int
lb_mark_del(const struct lb_mark_rule *rule)
{
	uint32_t at = find(rule);
	struct lb_mark_list *list;
	int err;

	if (at == nrules || (rule->mark && rules[at].mark != rule->mark))
		return EDPVS_NOTEXIST;
	err = list_build(NULL, at, &list);
	if (err)
		return err;
	nrules--;
	memmove(&rules[at], &rules[at + 1], (nrules - at) * sizeof(rules[0]));
	list_publish(list);
	return EDPVS_OK;
}

int
lb_marks_flush(void)
{
	nrules = 0;
	list_publish(NULL);
	return EDPVS_OK;
}

void
lb_marks_fini(void)
{
	free(lb_marks);
	lb_marks = NULL;
	nrules = 0;
}

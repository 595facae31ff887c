/* SPDX-License-Identifier: Apache-2.0 */
/* From schedulers and classifiers to the trees that workers read. */
#include <stdlib.h>
#include <rte_byteorder.h>

#include "tc.h"

enum { EGRESS, INGRESS };

static unsigned
count(const struct tc_dev *d, bool ingress, unsigned *nrules)
{
	const struct tc_sched *s;
	unsigned n = 0;

	*nrules = 0;
	TAILQ_FOREACH (s, &d->scheds, next) {
		if (s->ingress != ingress)
			continue;
		n++;
		*nrules += s->nclasses;
	}
	return n;
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

static uint16_t
device(const char *name)
{
	const struct port *p = name[0] ? port_by_name(name) : NULL;

	if (p)
		return p->id;
	return name[0] ? FLOW_RULE_NO_DEVICE : FLOW_RULE_ANY_DEVICE;
}

static void
match_make(struct tc_rule *r, const struct tc_cls_match_copt *in)
{
	struct dp_vs_match m = in->match;
	uint8_t af = m.af == AF_INET6 ? INET_AF_V6 : INET_AF_V4;

	r->any_family = m.af == AF_UNSPEC;
	r->match = (struct flow_rule){
	    .iif = device(m.iifname), .oif = device(m.oifname), .af = af, .proto = in->proto};
	range_make(&r->match.src, &m.srange, af);
	range_make(&r->match.dst, &m.drange, af);
}

/* False: what it leads to is not there (any more), so it does not count. */
static bool
rule_make(struct tc_rule *r, const struct port *p, const struct tc_class *c, bool ingress)
{
	struct tc_cls_result result = c->set ? c->spec.copt.set.result : c->spec.copt.match.result;
	const struct tc_sched *to = result.drop ? NULL : tc_sched_find(p, result.sch_id);

	if (!result.drop && (!to || to->ingress != ingress))
		return false;
	*r = (struct tc_rule){.ether_type = rte_be_to_cpu_16(c->spec.pkt_type),
			      .target = to ? to->node : TC_TARGET_DROP,
			      .set = c->set};
	if (c->set)
		r->dst = c->spec.copt.set.dst_match;
	else
		match_make(r, &c->spec.copt.match);
	return true;
}

static void
rules_fill(struct tc_tree *t, const struct port *p, const struct tc_sched *s, struct tc_rule **next)
{
	struct tc_node *node = &t->node[s->node];
	const struct tc_class *c;

	node->rule = *next;
	TAILQ_FOREACH (c, &s->classes, next) {
		if (!rule_make(*next, p, c, s->ingress))
			continue;
		(*next)++;
		node->nrules++;
	}
}

static void
nodes_fill(struct tc_tree *t, const struct tc_dev *d)
{
	struct tc_sched *s;

	TAILQ_FOREACH (s, &d->scheds, next) {
		if (s->ingress != t->ingress)
			continue;
		s->node = (int16_t)t->nnodes++;
		t->node[s->node] = (struct tc_node){.kind = s->kind,
						    .params = s->params,
						    .queue = s->queue,
						    .parent = s->parent ? s->parent->node : TC_NO_NODE};
	}
}

/* *out NULL: there are no schedulers. */
static int
tree_make(struct port *p, bool ingress, struct tc_tree **out)
{
	struct tc_dev *d = tc_devs[p->id];
	unsigned nrules, nnodes = count(d, ingress, &nrules);
	const struct tc_sched *s;
	struct tc_rule *next;
	struct tc_tree *t;

	*out = NULL;
	if (nnodes == 0)
		return EDPVS_OK;
	t = calloc(1, sizeof(*t) + nnodes * sizeof(t->node[0]) + nrules * sizeof(t->rule[0]));
	if (!t)
		return EDPVS_NOMEM;
	t->port = p;
	t->ingress = ingress;
	t->node = (struct tc_node *)(t + 1);
	t->rule = (struct tc_rule *)(t->node + nnodes);
	nodes_fill(t, d);
	next = t->rule;
	TAILQ_FOREACH (s, &d->scheds, next)
		if (s->ingress == ingress)
			rules_fill(t, p, s, &next);
	*out = t;
	return EDPVS_OK;
}

/* With fresh in place of the trees of one device. NULL with *err 0: none at all. */
static struct tc_trees *
trees_make(unsigned id, struct tc_tree *const fresh[2], int *err)
{
	struct tc_trees *all = calloc(1, sizeof(*all) + 2 * PORTS_MAX * sizeof(all->tree[0]));

	*err = all ? EDPVS_OK : EDPVS_NOMEM;
	if (!all)
		return NULL;
	for (unsigned i = 0; i < PORTS_MAX; i++) {
		struct tc_tree *const *tree = i == id ? fresh : tc_devs[i] ? tc_devs[i]->tree : NULL;

		for (unsigned k = 0; tree && k < 2; k++)
			if (tree[k])
				all->tree[all->n++] = tree[k];
	}
	if (all->n > 0)
		return all;
	free(all);
	return NULL;
}

static void
publish(struct port *p, struct tc_tree *const fresh[2], struct tc_trees *all)
{
	struct tc_dev *d = tc_devs[p->id];
	struct tc_tree *old[] = {d->tree[EGRESS], d->tree[INGRESS]};
	struct tc_trees *old_all = tc_trees;

	rcu_publish(p->egress, p->tc_egress ? fresh[EGRESS] : NULL);
	rcu_publish(p->ingress, p->tc_ingress ? fresh[INGRESS] : NULL);
	port_egress_changed(p);
	rcu_publish(tc_trees, all);
	for (unsigned i = 0; i < 2; i++) {
		d->tree[i] = fresh[i];
		if (old[i])
			rcu_retire(free, old[i]);
	}
	if (old_all)
		rcu_retire(free, old_all);
}

int
tc_build(struct port *p)
{
	struct tc_tree *fresh[2] = {NULL, NULL};
	struct tc_trees *all = NULL;
	int err = tree_make(p, false, &fresh[EGRESS]);

	if (!err)
		err = tree_make(p, true, &fresh[INGRESS]);
	if (!err)
		all = trees_make(p->id, fresh, &err);
	if (err) {
		free(fresh[EGRESS]);
		free(fresh[INGRESS]);
		return err;
	}
	publish(p, fresh, all);
	return EDPVS_OK;
}

void
tc_unbuild(struct port *p)
{
	struct tc_tree *const none[2] = {NULL, NULL};
	int err;
	struct tc_trees *all = trees_make(p->id, none, &err);

	/* Without memory: what waits for other devices stays where it is until the next change. */
	publish(p, none, err ? NULL : all);
}

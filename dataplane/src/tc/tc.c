/* SPDX-License-Identifier: Apache-2.0 */
#include "tc.h"

#include <stdlib.h>
#include <string.h>
#include <rte_malloc.h>

#include "core/mbuf.h"

enum { AUTO_MAJOR = 0x8001, MAJOR_END = 0xfff0 };

struct tc_dev *tc_devs[PORTS_MAX];

/* ---- schedulers ---- */

struct tc_sched *
tc_sched_find(const struct port *p, uint32_t handle)
{
	const struct tc_dev *d = tc_devs[p->id];
	struct tc_sched *s;

	if (d)
		TAILQ_FOREACH (s, &d->scheds, next)
			if (s->handle == handle)
				return s;
	return NULL;
}

static struct tc_dev *
dev_of(const struct port *p)
{
	struct tc_dev **d = &tc_devs[p->id];

	if (!*d) {
		*d = calloc(1, sizeof(**d));
		if (*d)
			TAILQ_INIT(&(*d)->scheds);
	}
	return *d;
}

/* Control lcore, when no worker knows the queue any more. */
static void
queue_free(struct tc_queue *q)
{
	for (unsigned i = 0; q && i < nworkers * TC_BANDS; i++) {
		struct rte_mbuf *m = q[i / TC_BANDS].band[i % TC_BANDS].head, *next;

		for (; m; m = next) {
			next = mbuf_meta(m)->next;
			rte_pktmbuf_free(m);
			control_drops[DROP_TC_GONE]++;
		}
	}
	rte_free(q);
}

/* Workers see the set no more, or soon: it waits for them itself when it is destroyed. */
static void
class_free(struct tc_class *c)
{
	if (c->set)
		ipset_unref(c->set);
	free(c);
}

static void
sched_free(void *arg)
{
	struct tc_sched *s = arg;

	queue_free(s->queue);
	free(s);
}

/* Is not in a tree any more. */
static void
sched_retire(struct tc_sched *s)
{
	struct tc_class *c;

	while ((c = TAILQ_FIRST(&s->classes))) {
		TAILQ_REMOVE(&s->classes, c, next);
		class_free(c);
	}
	rcu_retire(sched_free, s);
}

static struct tc_sched *
sched_new(void)
{
	struct tc_sched *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	TAILQ_INIT(&s->classes);
	s->queue = rte_zmalloc("tc_queue", nworkers * sizeof(*s->queue), RTE_CACHE_LINE_SIZE);
	if (!s->queue) {
		free(s);
		return NULL;
	}
	for (unsigned i = 0; i < nworkers; i++)
		s->queue[i].share = TC_SHARE_ALL / nworkers;
	return s;
}

/* 0: all are in use. */
static uint32_t
free_handle(const struct port *p)
{
	for (uint32_t major = AUTO_MAJOR; major < MAJOR_END; major++)
		if (!tc_sched_find(p, major << 16))
			return major << 16;
	return 0;
}

static bool
is_root(uint32_t handle)
{
	return handle == TC_H_ROOT || handle == TC_H_INGRESS;
}

/* What can be said against a new scheduler before anything is made. */
static int
place_check(const struct port *p, uint32_t handle, uint32_t where)
{
	const struct tc_dev *d = tc_devs[p->id];

	if (is_root(handle))
		return tc_sched_find(p, handle) || where ? EDPVS_INVAL : EDPVS_OK;
	if (!tc_sched_find(p, where))
		return EDPVS_NOTEXIST;
	if (handle && tc_sched_find(p, handle))
		return EDPVS_EXIST;
	return d->nscheds < TC_SCHEDS_MAX ? EDPVS_OK : EDPVS_RESOURCE;
}

static void
sched_remove(struct tc_dev *d, struct tc_sched *s)
{
	TAILQ_REMOVE(&d->scheds, s, next);
	d->nscheds--;
}

int
tc_sched_add(struct port *p, uint32_t handle, uint32_t where, const struct tc_kind *kind,
	     const union tc_qsch_qopt *opt)
{
	struct tc_params params = {0};
	int err = place_check(p, handle, where);
	struct tc_dev *d;
	struct tc_sched *s;

	if (!err)
		err = kind->read(opt, p->mtu, &params);
	if (err)
		return err;
	d = dev_of(p);
	s = d ? sched_new() : NULL;
	if (!s)
		return EDPVS_NOMEM;
	s->handle = handle ? handle : free_handle(p);
	s->parent = is_root(handle) ? NULL : tc_sched_find(p, where);
	s->ingress = s->parent ? s->parent->ingress : handle == TC_H_INGRESS;
	s->kind = kind;
	s->params = params;
	TAILQ_INSERT_TAIL(&d->scheds, s, next);
	d->nscheds++;
	err = tc_build(p);
	if (err) {
		sched_remove(d, s);
		sched_free(s);
	}
	return err;
}

int
tc_sched_change(struct port *p, struct tc_sched *s, const struct tc_kind *kind, const union tc_qsch_qopt *opt)
{
	struct tc_params params = {0}, old_params = s->params;
	const struct tc_kind *old_kind = s->kind;
	int err;

	if (!kind)
		kind = s->kind;
	err = kind->read(opt, p->mtu, &params);
	if (err)
		return err;
	s->kind = kind;
	s->params = params;
	err = tc_build(p);
	if (err) {
		s->kind = old_kind;
		s->params = old_params;
	}
	return err;
}

static bool
is_below(const struct tc_sched *s, const struct tc_sched *top)
{
	while (s && s != top)
		s = s->parent;
	return s != NULL;
}

int
tc_sched_del(struct port *p, struct tc_sched *top)
{
	struct tc_dev *d = tc_devs[p->id];
	struct tc_scheds gone = TAILQ_HEAD_INITIALIZER(gone), kept = TAILQ_HEAD_INITIALIZER(kept);
	unsigned nscheds = d->nscheds;
	struct tc_sched *s;
	int err;

	while ((s = TAILQ_FIRST(&d->scheds))) {
		sched_remove(d, s);
		if (is_below(s, top))
			TAILQ_INSERT_TAIL(&gone, s, next);
		else
			TAILQ_INSERT_TAIL(&kept, s, next);
	}
	TAILQ_CONCAT(&d->scheds, &kept, next);
	TAILQ_FOREACH (s, &d->scheds, next)
		d->nscheds++;
	err = tc_build(p);
	if (err) {
		/* Parents are still before their children. */
		TAILQ_CONCAT(&d->scheds, &gone, next);
		d->nscheds = nscheds;
		return err;
	}
	while ((s = TAILQ_FIRST(&gone))) {
		TAILQ_REMOVE(&gone, s, next);
		sched_retire(s);
	}
	return EDPVS_OK;
}

/* ---- classifiers ---- */

struct tc_class *
tc_class_find(const struct tc_sched *s, uint32_t handle)
{
	struct tc_class *c;

	TAILQ_FOREACH (c, &s->classes, next)
		if (c->handle == handle)
			return c;
	return NULL;
}

static bool
is_text(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

static int
match_check(const struct tc_cls_param *spec)
{
	struct dp_vs_match m = spec->copt.match.match;
	uint16_t type = rte_be_to_cpu_16(spec->pkt_type);

	if (!is_text(m.iifname, sizeof(m.iifname)) || !is_text(m.oifname, sizeof(m.oifname)))
		return EDPVS_INVAL;
	if (m.af != AF_UNSPEC && m.af != AF_INET && m.af != AF_INET6)
		return EDPVS_INVAL;
	/* A family that such packets never have: nothing would match. */
	if ((m.af == AF_INET6 && type == RTE_ETHER_TYPE_IPV4) ||
	    (m.af == AF_INET && type == RTE_ETHER_TYPE_IPV6))
		return EDPVS_INVAL;
	return rte_be_to_cpu_16(m.srange.min_port) > rte_be_to_cpu_16(m.srange.max_port) ||
		       rte_be_to_cpu_16(m.drange.min_port) > rte_be_to_cpu_16(m.drange.max_port)
		   ? EDPVS_INVAL
		   : EDPVS_OK;
}

/* *set: the set of an ipset classifier; NULL for the others. */
static int
class_check(const struct tc_cls_param *spec, struct ipset **set)
{
	uint16_t type = rte_be_to_cpu_16(spec->pkt_type);

	*set = NULL;
	if (type != RTE_ETHER_TYPE_IPV4 && type != RTE_ETHER_TYPE_IPV6 && type != RTE_ETHER_TYPE_VLAN)
		return EDPVS_INVAL;
	if (strncmp(spec->kind, "match", TCNAMESIZ) == 0)
		return match_check(spec);
	if (strncmp(spec->kind, "ipset", TCNAMESIZ) != 0)
		return EDPVS_NOTSUPP;
	if (!is_text(spec->copt.set.setname, sizeof(spec->copt.set.setname)))
		return EDPVS_INVAL;
	*set = ipset_find(spec->copt.set.setname);
	return *set ? EDPVS_OK : EDPVS_NOTEXIST;
}

static void
class_insert(struct tc_sched *s, struct tc_class *c)
{
	struct tc_class *after;

	TAILQ_FOREACH (after, &s->classes, next)
		if (after->spec.priority < c->spec.priority)
			break;
	if (after)
		TAILQ_INSERT_BEFORE(after, c, next);
	else
		TAILQ_INSERT_TAIL(&s->classes, c, next);
	s->nclasses++;
}

static void
class_remove(struct tc_sched *s, struct tc_class *c)
{
	TAILQ_REMOVE(&s->classes, c, next);
	s->nclasses--;
}

static uint32_t
free_class_handle(const struct tc_sched *s)
{
	uint32_t handle = (uint32_t)AUTO_MAJOR << 16 | 1;

	while (tc_class_find(s, handle))
		handle++;
	return handle;
}

int
tc_class_add(struct port *p, struct tc_sched *s, const struct tc_cls_param *spec)
{
	struct ipset *set;
	int err = class_check(spec, &set);
	struct tc_class *c;

	if (err)
		return err;
	if (spec->handle && tc_class_find(s, spec->handle))
		return EDPVS_EXIST;
	if (s->nclasses >= TC_CLASSES_MAX)
		return EDPVS_RESOURCE;
	c = calloc(1, sizeof(*c));
	if (!c)
		return EDPVS_NOMEM;
	c->handle = spec->handle ? spec->handle : free_class_handle(s);
	c->spec = *spec;
	c->set = set;
	if (set)
		ipset_ref(set);
	class_insert(s, c);
	err = tc_build(p);
	if (err) {
		class_remove(s, c);
		class_free(c);
	}
	return err;
}

int
tc_class_del(struct port *p, struct tc_sched *s, struct tc_class *c)
{
	int err;

	class_remove(s, c);
	err = tc_build(p);
	if (err)
		class_insert(s, c);
	else
		class_free(c);
	return err;
}

int
tc_class_change(struct port *p, struct tc_sched *s, struct tc_class *c, const struct tc_cls_param *spec)
{
	struct tc_class old = *c;
	int err = class_check(spec, &c->set);

	if (err) {
		c->set = old.set;
		return err;
	}
	class_remove(s, c);
	c->spec = *spec;
	class_insert(s, c);
	err = tc_build(p);
	if (err) {
		class_remove(s, c);
		c->spec = old.spec;
		c->set = old.set;
		class_insert(s, c);
		return err;
	}
	if (c->set)
		ipset_ref(c->set);
	if (old.set)
		ipset_unref(old.set);
	return EDPVS_OK;
}

/* ---- devices ---- */

/* Rules name devices that come and go. */
static void
rebuild_all(void)
{
	for (unsigned i = 0; i < ports_end; i++)
		if (ports[i] && tc_devs[i])
			(void)tc_build(ports[i]); /* no memory: as before */
}

static void
dev_drop(struct port *p)
{
	struct tc_dev *d = tc_devs[p->id];
	struct tc_sched *s;

	if (!d)
		return;
	tc_unbuild(p);
	while ((s = TAILQ_FIRST(&d->scheds))) {
		sched_remove(d, s);
		sched_retire(s);
	}
	tc_devs[p->id] = NULL;
	free(d);
}

static void
on_port(struct port *p, enum port_event event)
{
	switch (event) {
	case PORT_MADE:
	case PORT_GONE:
		rebuild_all();
		break;
	case PORT_GOING:
		dev_drop(p);
		break;
	case PORT_TC:
		if (tc_devs[p->id])
			(void)tc_build(p);
		break;
	default:
		break;
	}
}

static void
egress(struct worker *w, struct port *p, struct rte_mbuf *m)
{
	const struct tc_tree *t = rcu_read(p->egress);

	if (t)
		tc_enqueue(w, t, m);
	else
		port_tx_now(w, p, m);
}

int
tc_init(void)
{
	port_on_egress(egress);
	port_watch(on_port);
	return EDPVS_OK;
}

void
tc_fini(void)
{
	for (unsigned i = 0; i < ports_end; i++)
		if (ports[i])
			dev_drop(ports[i]);
	rcu_drain();
}

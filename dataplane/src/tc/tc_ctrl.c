/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about traffic control: 84 to 88. */
#include <string.h>

#include "ctrl/ctrl.h"
#include "tc.h"

/* A request: the device and what is to be done to it. */
struct order {
	struct tc_conf c;
	struct port *p;
	struct tc_sched *s; /* the one that is named, or that the classifier is of; NULL: there is none */
};

/* INVAL; NOTEXIST: no such device. */
static int
order_read(const struct ctrl_request *req, struct order *o)
{
	memcpy(&o->c, req->body, sizeof(o->c));
	if (!memchr(o->c.ifname, '\0', sizeof(o->c.ifname)) ||
	    (o->c.obj != TC_OBJ_QSCH && o->c.obj != TC_OBJ_CLS))
		return EDPVS_INVAL;
	o->p = port_by_name(o->c.ifname);
	if (!o->p)
		return EDPVS_NOTEXIST;
	o->s = tc_sched_find(o->p, o->c.obj == TC_OBJ_QSCH ? o->c.param.qsch.handle : o->c.param.cls.sch_id);
	return EDPVS_OK;
}

/* ---- schedulers ---- */

static int
sched_add(struct order *o)
{
	const struct tc_qsch_param *q = &o->c.param.qsch;
	const struct tc_kind *kind = tc_kind_find(q->kind);
	union tc_qsch_qopt opt = q->qopt;

	return kind ? tc_sched_add(o->p, q->handle, q->where, kind, &opt) : EDPVS_NOTSUPP;
}

static int
sched_del(struct order *o)
{
	return o->s ? tc_sched_del(o->p, o->s) : EDPVS_NOTEXIST;
}

/* Its place in the tree stays. */
static bool
elsewhere(const struct order *o)
{
	uint32_t where = o->c.param.qsch.where;

	return where && (!o->s->parent || o->s->parent->handle != where);
}

static int
sched_change(struct order *o)
{
	const struct tc_qsch_param *q = &o->c.param.qsch;
	union tc_qsch_qopt opt = q->qopt;

	if (!o->s)
		return EDPVS_NOTEXIST;
	if (elsewhere(o) || (q->kind[0] && tc_kind_find(q->kind) != o->s->kind))
		return EDPVS_INVAL;
	return o->s->kind->fixed ? EDPVS_NOTSUPP : tc_sched_change(o->p, o->s, NULL, &opt);
}

static int
sched_replace(struct order *o)
{
	const struct tc_kind *kind = tc_kind_find(o->c.param.qsch.kind);
	union tc_qsch_qopt opt = o->c.param.qsch.qopt;

	if (!o->s)
		return sched_add(o);
	if (!kind)
		return EDPVS_NOTSUPP;
	return elsewhere(o) ? EDPVS_INVAL : tc_sched_change(o->p, o->s, kind, &opt);
}

/* ---- classifiers ---- */

static struct tc_class *
class_of(const struct order *o)
{
	return tc_class_find(o->s, o->c.param.cls.handle);
}

static int
class_add(struct order *o)
{
	struct tc_cls_param spec = o->c.param.cls;

	return o->s ? tc_class_add(o->p, o->s, &spec) : EDPVS_NOTEXIST;
}

static int
class_del(struct order *o)
{
	struct tc_class *c = o->s ? class_of(o) : NULL;

	return c ? tc_class_del(o->p, o->s, c) : EDPVS_NOTEXIST;
}

static int
class_change(struct order *o)
{
	struct tc_class *c = o->s ? class_of(o) : NULL;
	struct tc_cls_param spec = o->c.param.cls;

	return c ? tc_class_change(o->p, o->s, c, &spec) : EDPVS_NOTEXIST;
}

static int
class_replace(struct order *o)
{
	return o->s && class_of(o) ? class_change(o) : class_add(o);
}

/* ---- */

static int
on_set(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	static int (*const what[][2])(struct order *) = {
	    {sched_add, class_add},
	    {sched_del, class_del},
	    {sched_change, class_change},
	    {sched_replace, class_replace},
	};
	struct order o;
	int err = order_read(req, &o);

	return err ? err : what[req->id - SOCKOPT_TC_ADD][o.c.obj == TC_OBJ_CLS](&o);
}

/* ---- lists ---- */

static void
stats_add(struct tc_qsch_param *out, const struct tc_queue *q)
{
	out->qstats.qlen += q->waiting;
	out->qstats.backlog += (uint32_t)q->waiting_bytes;
	out->qstats.drops += q->drops;
	out->qstats.overlimits += q->overlimits;
	out->bstats.bytes += q->sent_bytes;
	out->bstats.packets += (uint32_t)q->sent;
}

/* worker -1: the control lcore, which has the sum of all workers' counters, or with verbose none of its own.
 */
static int
sched_write(struct ctrl_reply *reply, const struct tc_sched *s, uint32_t flags, int worker)
{
	union tc_param *at = ctrl_reply_add(reply, sizeof(*at));
	struct tc_qsch_param out = {.handle = s->handle,
				    .where = s->parent ? s->parent->handle : 0,
				    .cls_cnt = (int32_t)s->nclasses,
				    .flags = s->ingress ? QSCH_F_INGRESS : 0};
	union tc_qsch_qopt opt = {0};

	if (!at)
		return EDPVS_NOMEM;
	out.cid = (uint8_t)(worker < 0 ? rte_get_main_lcore() : workers[worker]->lcore_id);
	memcpy(out.kind, s->kind->name, strlen(s->kind->name));
	s->kind->write(&s->params, &opt);
	out.qopt = opt;
	for (int i = 0; flags & TC_F_OPS_STATS && i < (int)nworkers; i++)
		if (i == worker || !(flags & TC_F_OPS_VERBOSE))
			stats_add(&out, &s->queue[i]);
	memcpy(&at->qsch, &out, sizeof(out));
	return EDPVS_OK;
}

static int
class_write(struct ctrl_reply *reply, const struct tc_sched *s, const struct tc_class *c, int worker)
{
	union tc_param *at = ctrl_reply_add(reply, sizeof(*at));
	struct tc_cls_param out = c->spec;

	if (!at)
		return EDPVS_NOMEM;
	out.cid = (uint8_t)(worker < 0 ? rte_get_main_lcore() : workers[worker]->lcore_id);
	out.sch_id = s->handle;
	out.handle = c->handle;
	memcpy(&at->cls, &out, sizeof(out));
	return EDPVS_OK;
}

static int
group_write(struct ctrl_reply *reply, const struct order *o, int worker)
{
	uint32_t handle = o->c.obj == TC_OBJ_QSCH ? o->c.param.qsch.handle : o->c.param.cls.handle;
	const struct tc_class *c;
	const struct tc_sched *s;
	int err = EDPVS_OK;

	if (o->c.obj == TC_OBJ_CLS) {
		TAILQ_FOREACH (c, &o->s->classes, next)
			if (!err && (!handle || c->handle == handle))
				err = class_write(reply, o->s, c, worker);
		return err;
	}
	if (tc_devs[o->p->id])
		TAILQ_FOREACH (s, &tc_devs[o->p->id]->scheds, next)
			if (!err && (!handle || s->handle == handle))
				err = sched_write(reply, s, o->c.op_flags, worker);
	return err;
}

static bool
is_there(const struct order *o)
{
	if (o->c.obj == TC_OBJ_QSCH)
		return o->s || !o->c.param.qsch.handle;
	return o->s && (!o->c.param.cls.handle || class_of(o));
}

static int
on_show(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct order o;
	int err = order_read(req, &o);

	if (err)
		return err == EDPVS_NOTEXIST ? EDPVS_NODEV : err;
	if (!is_there(&o))
		return EDPVS_NOTEXIST;
	err = group_write(reply, &o, -1);
	for (unsigned i = 0; i < nworkers && o.c.op_flags & TC_F_OPS_VERBOSE && !err; i++)
		err = group_write(reply, &o, (int)i);
	return err;
}

void
tc_ctrl_register(void)
{
	ctrl_register(SOCKOPT_TC_ADD, on_set);
	ctrl_register(SOCKOPT_TC_DEL, on_set);
	ctrl_register(SOCKOPT_TC_CHANGE, on_set);
	ctrl_register(SOCKOPT_TC_REPLACE, on_set);
	ctrl_register(SOCKOPT_TC_SHOW, on_show);
}

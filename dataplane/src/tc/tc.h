/* SPDX-License-Identifier: Apache-2.0 */
/* Schedulers and classifiers as users make them; the control lcore's side. Private to this layer. */
#ifndef TC_TC_CONTROL_H
#define TC_TC_CONTROL_H

#include <sys/queue.h>

#include "tree.h"

/* Of a device, and of one scheduler. */
enum { TC_SCHEDS_MAX = 256, TC_CLASSES_MAX = 256 };

struct tc_class {
	TAILQ_ENTRY(tc_class) next; /* higher priority first, then older */
	uint32_t handle;
	struct tc_cls_param spec; /* as given; texts end */
	struct ipset *set;	  /* NULL: match */
};

struct tc_sched {
	TAILQ_ENTRY(tc_sched) next; /* of the device, older first: parents before children */
	uint32_t handle;
	struct tc_sched *parent; /* NULL: a root */
	bool ingress;
	const struct tc_kind *kind;
	struct tc_params params;
	struct tc_queue *queue; /* [nworkers] */
	TAILQ_HEAD(, tc_class) classes;
	uint32_t nclasses;
	int16_t node; /* in the tree that is being built */
};

TAILQ_HEAD(tc_scheds, tc_sched);

struct tc_dev {
	struct tc_scheds scheds;
	unsigned nscheds;
	struct tc_tree *tree[2]; /* published; egress, ingress */
};

extern struct tc_dev *tc_devs[PORTS_MAX]; /* NULL: no scheduler was ever made */

/* NULL: there is none. */
struct tc_sched *tc_sched_find(const struct port *p, uint32_t handle);

/*
 * where: of a root 0, else the handle of the parent. handle: TC_H_ROOT, TC_H_INGRESS, another one, or 0 for
 * one that is not in use. NOTEXIST (no such parent), INVAL (values; a second root), EXIST, RESOURCE, NOMEM.
 */
int tc_sched_add(struct port *p, uint32_t handle, uint32_t where, const struct tc_kind *kind,
		 const union tc_qsch_qopt *opt);
/* With another kind (kind not NULL) it keeps what waits in it. INVAL. */
int tc_sched_change(struct port *p, struct tc_sched *s, const struct tc_kind *kind,
		    const union tc_qsch_qopt *opt);
/* With all that is below. */
int tc_sched_del(struct port *p, struct tc_sched *s);

/* NULL: there is none. */
struct tc_class *tc_class_find(const struct tc_sched *s, uint32_t handle);
/* handle 0: one that is not in use. INVAL, NOTEXIST (no such set), EXIST, RESOURCE, NOMEM. */
int tc_class_add(struct port *p, struct tc_sched *s, const struct tc_cls_param *spec);
int tc_class_change(struct port *p, struct tc_sched *s, struct tc_class *c, const struct tc_cls_param *spec);
int tc_class_del(struct port *p, struct tc_sched *s, struct tc_class *c);

/* Shares of n workers, of which each wants so many bytes; most (> 0): bytes that may leave meanwhile. Uses
 * want up. deal.c */
void tc_deal(uint64_t *want, unsigned n, uint64_t most, uint32_t *share);

/* Makes the trees of a device anew, as schedulers, switches and names of devices are now. NOMEM: nothing has
 * changed for workers. build.c */
int tc_build(struct port *p);
/* The device's trees go. */
void tc_unbuild(struct port *p);

#endif

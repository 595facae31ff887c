/* SPDX-License-Identifier: Apache-2.0 */
/* The schedulers of one direction of a device as workers see them: made anew with every change, with the
 * queues that were there. Private to this layer. */
#ifndef TC_TREE_H
#define TC_TREE_H

#include "ipset/ipset.h"
#include "kind.h"
#include "packet/flow_rule.h"
#include "tc/tc.h"

enum { TC_NO_NODE = -1, TC_TARGET_DROP = -2, TC_RECLASSIFY_MAX = 8 };

/* A classifier. */
struct tc_rule {
	uint16_t ether_type; /* 0x8100: frames with a tag; else what is in the frame, behind a tag if there is
				one */
	int16_t target;	     /* a node, or TC_TARGET_DROP */
	bool any_family;     /* match.af does not count */
	bool dst;	     /* of an ipset: asks about the destination */
	const struct ipset *set; /* NULL: match */
	struct flow_rule match;	 /* iif and oif: devices that the tree is to be of */
};

struct tc_node {
	const struct tc_kind *kind;
	struct tc_params params;
	struct tc_queue *queue; /* [nworkers] */
	int16_t parent;		/* TC_NO_NODE: the root */
	uint16_t nrules;
	const struct tc_rule *rule; /* in the order in which they are tried */
};

struct tc_tree {
	struct port *port;
	bool ingress;
	uint16_t nnodes;
	struct tc_node *node; /* [0] is the root; parents come first */
	struct tc_rule *rule;
};

/* Of all devices. */
struct tc_trees {
	unsigned n;
	struct tc_tree *tree[];
};

/* The node that a frame waits in, TC_TARGET_DROP. *tos: its type of service. classify.c */
int tc_classify(const struct tc_tree *t, struct rte_mbuf *m, uint8_t *tos);

/* Worker: the frame waits, or is dropped. */
void tc_enqueue(struct worker *w, const struct tc_tree *t, struct rte_mbuf *m);
/* Worker: the next frame that may leave; NULL: none. */
struct rte_mbuf *tc_dequeue(struct worker *w, const struct tc_tree *t, uint64_t now_us);
/* Worker: does any wait? */
bool tc_tree_waits(const struct worker *w, const struct tc_tree *t);

#endif

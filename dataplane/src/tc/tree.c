/* SPDX-License-Identifier: Apache-2.0 */
/* Traffic control as workers do it. */
#include "tree.h"

#include "core/clock.h"
#include "core/mbuf.h"

struct tc_trees *tc_trees;

/* Frames of a worker that wait, in all schedulers; counted anew every turn. */
static struct held {
	uint32_t frames;
} __rte_cache_aligned held[WORKERS_MAX];

/* Of the buffers that the workers have between them, at most a quarter waits here. */
static uint32_t
most_held(const struct worker *w)
{
	return w->pool->size / 4 / nworkers;
}

static void
line_add(struct tc_line *l, struct rte_mbuf *m)
{
	mbuf_meta(m)->next = NULL;
	if (l->head)
		mbuf_meta(l->tail)->next = m;
	else
		l->head = m;
	l->tail = m;
}

void
tc_enqueue(struct worker *w, const struct tc_tree *t, struct rte_mbuf *m)
{
	uint8_t tos;
	int at = tc_classify(t, m, &tos);
	uint32_t len = m->pkt_len;
	const struct tc_node *node;
	enum drop_reason why;
	struct tc_queue *q;

	if (at == TC_TARGET_DROP) {
		worker_drop(w, m, DROP_TC_CLASS);
		return;
	}
	node = &t->node[at];
	q = &node->queue[w->index];
	for (int i = at; i != TC_NO_NODE; i = t->node[i].parent)
		t->node[i].queue[w->index].offered += len;
	why = held[w->index].frames < most_held(w) ? node->kind->admit(&node->params, q, len) : DROP_TC_LIMIT;
	if (why) {
		q->drops++;
		worker_drop(w, m, why);
		return;
	}
	line_add(&q->band[node->kind->band ? node->kind->band(tos) : 0], m);
	q->waiting++;
	q->waiting_bytes += len;
	held[w->index].frames++;
}

/* A kind that the scheduler had before may have used other bands. */
static struct tc_line *
front(struct tc_queue *q)
{
	for (unsigned i = 0; i < TC_BANDS; i++)
		if (q->band[i].head)
			return &q->band[i];
	return NULL;
}

/* All that are above have to agree, too. */
static bool
ready(const struct tc_tree *t, int at, unsigned worker, uint32_t len, uint64_t now_us)
{
	for (int i = at; i != TC_NO_NODE; i = t->node[i].parent) {
		const struct tc_node *n = &t->node[i];

		if (n->kind->ready && !n->kind->ready(&n->params, &n->queue[worker], len, now_us))
			return false;
	}
	return true;
}

static struct rte_mbuf *
take(const struct tc_tree *t, int at, unsigned worker, uint64_t now_us)
{
	struct tc_queue *q = &t->node[at].queue[worker];
	struct tc_line *l = front(q);
	struct rte_mbuf *m;
	uint32_t len;

	if (!l)
		return NULL;
	m = l->head;
	len = m->pkt_len;
	if (!ready(t, at, worker, len, now_us)) {
		q->overlimits += !q->held;
		q->held = true;
		return NULL;
	}
	for (int i = at; i != TC_NO_NODE; i = t->node[i].parent)
		if (t->node[i].kind->spend)
			t->node[i].kind->spend(&t->node[i].params, &t->node[i].queue[worker], len);
	l->head = mbuf_meta(m)->next;
	q->held = false;
	q->waiting--;
	q->waiting_bytes -= len;
	q->sent++;
	q->sent_bytes += len;
	return m;
}

struct rte_mbuf *
tc_dequeue(struct worker *w, const struct tc_tree *t, uint64_t now_us)
{
	uint32_t first = t->node[0].queue[w->index].turn++;

	for (unsigned i = 0; i < t->nnodes; i++) {
		struct rte_mbuf *m = take(t, (int)((first + i) % t->nnodes), w->index, now_us);

		if (m)
			return m;
	}
	return NULL;
}

static uint32_t
tree_waiting(const struct worker *w, const struct tc_tree *t)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < t->nnodes; i++)
		n += t->node[i].queue[w->index].waiting;
	return n;
}

bool
tc_tree_waits(const struct worker *w, const struct tc_tree *t)
{
	return tree_waiting(w, t) > 0;
}

unsigned
tc_ingress(struct worker *w, struct port *p, struct rte_mbuf **m, unsigned n)
{
	const struct tc_tree *t = rcu_read(p->ingress);
	unsigned left = 0;

	for (unsigned i = 0; i < n; i++) {
		if (!t) {
			m[left++] = m[i];
			continue;
		}
		mbuf_meta(m[i])->port = p->id;
		tc_enqueue(w, t, m[i]);
	}
	return left;
}

bool
tc_receive(struct worker *w, unsigned *step, struct rte_mbuf **m, unsigned *n)
{
	enum { VECTORS = TC_QUOTA / WORKER_BURST };
	const struct tc_trees *all = rcu_read(tc_trees);
	const struct tc_tree *t;
	uint64_t now_us;

	*n = 0;
	if (!all || *step >= all->n * VECTORS)
		return false;
	t = all->tree[(*step)++ / VECTORS];
	if (!t->ingress || !tc_tree_waits(w, t))
		return true;
	now_us = clock_now_us();
	while (*n < WORKER_BURST && (m[*n] = tc_dequeue(w, t, now_us)))
		++*n;
	return true;
}

static void
send_some(struct worker *w, const struct tc_tree *t, uint64_t now_us)
{
	for (unsigned n = 0; n < TC_QUOTA; n++) {
		struct rte_mbuf *m = tc_dequeue(w, t, now_us);

		if (!m)
			break;
		port_tx_now(w, t->port, m);
	}
}

bool
tc_send(struct worker *w)
{
	const struct tc_trees *all = rcu_read(tc_trees);
	uint64_t now_us = clock_now_us();
	uint32_t waiting = 0;

	for (unsigned i = 0; all && i < all->n; i++) {
		if (!all->tree[i]->ingress && tc_tree_waits(w, all->tree[i]))
			send_some(w, all->tree[i], now_us);
		waiting += tree_waiting(w, all->tree[i]);
	}
	held[w->index].frames = waiting;
	return waiting > 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of connections: expiry by the wheel, and what a state change does to timeouts and counters.
 */
#include "fragments.h"
#include "lb_worker.h"

#include "core/conf.h"

#include <rte_branch_prediction.h>

void
lb_conn_set_active(struct worker *w, uint32_t idx, bool active)
{
	struct conn_hot *c = &w->lb->t.hot[idx];
	struct lb_counters *n = lb_counters(w->index, c->dest);

	if (active == !!(c->flags & CONN_F_ACTIVE))
		return;
	c->flags ^= CONN_F_ACTIVE;
	if (active) {
		n->active++;
		n->inactive--;
	} else {
		n->active--;
		n->inactive++;
	}
}

void
lb_conn_set_state(struct worker *w, uint32_t idx, uint8_t state)
{
	struct conn_hot *c = &w->lb->t.hot[idx];
	const struct lb_proto *proto = lb_proto_find(c->proto);
	uint32_t own = w->lb->t.cold[idx].svc_timeout;

	c->state = state;
	conn_set_timeout(&w->lb->t, idx,
			 own && proto->service_timeout_applies(state) ? own : proto->timeout(state),
			 w->now_ms);
}

void
lb_conn_close(struct worker *w, uint32_t idx)
{
	struct lb_worker *lb = w->lb;
	struct conn_hot *c = &lb->t.hot[idx];
	struct lb_counters *n = lb_counters(w->index, c->dest);

	lport_free(&lb->ports, lb->t.cold[idx].port_space, conn_dealt_port(c));
	if (c->flags & CONN_F_ACTIVE)
		n->active--;
	else
		n->inactive--;
	n->closed++;
	if (unlikely(c->flags & CONN_F_MORE))
		lb_more_close(w, idx);
	if (unlikely(n->overloaded) && n->active + n->inactive < lb_dest_resume_level(c->dest, w->index))
		n->overloaded = 0;
	if (unlikely(c->flags & CONN_F_ONE_PACKET)) {
		conn_abandon(&lb->t, idx);
		return;
	}
	conn_remove(&lb->t, idx);
	lb->changes++;
}

void
lb_conn_expire(void *arg, uint32_t idx)
{
	struct worker *w = arg;

	if (unlikely(w->lb->t.hot[idx].flags & CONN_F_MORE) && lb_more_expired(w, idx))
		return;
	lb_proto_find(w->lb->t.hot[idx].proto)->expired(w, idx);
	lb_conn_close(w, idx);
}

/* Tells the admission of new flows how the turn went: whether more may wait in a queue than was taken. */
static void
note_load(struct worker *w)
{
	struct lb_admission *a = &w->lb->admission;
	uint64_t packets = w->stats.rx_packets + w->stats.handed_in;
	bool full = w->stats.bursts_full != a->full || w->stats.handed_in - a->handed_in >= WORKER_BURST;

	a->full = w->stats.bursts_full;
	a->handed_in = w->stats.handed_in;
	if (unlikely(!conf.ipvs.flood_admission)) {
		a->on = false;
		a->streak = 0;
	} else if (full || a->on || a->streak) {
		lb_admission_turn(a, full, packets, w->now_ms);
	}
}

static unsigned
wheel_budget(const struct lb_admission *a)
{
	if (likely(!a->on))
		return WHEEL_BUDGET;
	return a->streak ? WHEEL_BUDGET_LATE : WHEEL_BUDGET_BUSY;
}

void
lb_worker_tick(struct worker *w)
{
	note_load(w);
	w->lb->plain_len = conf.ipvs.xmit_ttl ? 0 : w->lb->mtu_safe;
	conn_expire(&w->lb->t, w->now_ms, wheel_budget(&w->lb->admission), lb_conn_expire, w);
	if (unlikely(w->lb->fragments))
		lb_fragments_tick(w);
	w->shown->conns = w->lb->t.count - w->lb->t.templates;
}

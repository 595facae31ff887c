/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections that need more than the ordinary: a flag of CONN_F_SPECIAL brings their packets here first. A
 * new such thing: a flag or a task, and a line in lb_special().
 */
#include "acl.h"
#include "send.h"

/* What the lists of the connection's service say about its client now. */
static enum drop_reason
lists_check(const struct conn_table *t, uint32_t idx)
{
	const struct conn_hot *c = &t->hot[idx];
	struct lb_key key = {.vport_be = c->vport, .af = conn_af(c), .proto = c->proto};
	struct lb_service *svc;
	struct conn_addrs a;

	conn_addrs_get(t, idx, &a);
	key.vip = a.vaddr;
	svc = lb_service_lookup(&key);
	return svc ? lb_acl_check(svc, &a.caddr) : DROP_NONE;
}

__rte_noinline void
lb_conn_renew(struct worker *w, uint32_t idx)
{
	struct conn_hot *c = &w->lb->t.hot[idx];

	c->net_gen = lb_generation();
	c->adj_in = ADJ_NONE;
	c->adj_out = ADJ_NONE;
	c->flags &= (uint16_t)~CONN_F_DENIED;
	if (lists_check(&w->lb->t, idx) != DROP_NONE)
		c->flags |= CONN_F_DENIED;
}

static bool
quiescent(const struct conn_hot *c)
{
	uint32_t flags = lb_dest_flags(c->dest);

	return (flags & LB_DEST_WEIGHT0) || !(flags & 1);
}

/* A packet of a connection that is not what it was: its client was refused meanwhile, or its server is
 * quiesced. Servers may still answer a refused client, whose connection ends for want of packets. */
static bool
refuse(struct worker *w, struct rte_mbuf *m, uint32_t idx, unsigned dir)
{
	const struct conn_hot *c = &w->lb->t.hot[idx];
	enum drop_reason why = DROP_NONE;

	if ((c->flags & CONN_F_DENIED) && dir == CONN_DIR_IN)
		why = lists_check(&w->lb->t, idx);
	if (why) {
		worker_drop(w, m, why);
		return true;
	}
	if (!(c->flags & CONN_F_EXPIRE_Q) || !quiescent(c))
		return false;
	worker_drop(w, m, DROP_QUIESCENT);
	lb_conn_expire(w, idx);
	return true;
}

bool
lb_special(struct worker *w, struct rte_mbuf *m, struct pkt *p, uint32_t idx, unsigned dir)
{
	const struct conn_hot *c = &w->lb->t.hot[idx];

	if ((c->flags & (CONN_F_EXPIRE_Q | CONN_F_DENIED)) && refuse(w, m, idx, dir))
		return true;
	if (c->flags & CONN_F_ACCOUNT)
		conn_account_add(&w->lb->t, idx, dir, p->ip_len);
	return false;
}

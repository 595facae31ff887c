/* SPDX-License-Identifier: Apache-2.0 */
/* Opens a connection: its tuples as the forwarding mode wants them, for FullNAT with a local address and
 * port. */
#include "open.h"

#include "core/conf.h"
#include "core/rcu.h"
#include "net/net.h"

enum { LIP_TRIES = 16, SVC_F_ONE_PACKET = 4, SVC_F_EXPIRE_QUIESCENT = 0x10 };

/*
 * Local addresses in turn. A scheduler that goes round as well would always pair the same address with the
 * same server when both lists have the same length, so one pick in twenty skips an address.
 */
static const struct lb_laddr_view *
laddr_next(struct lb_worker *lb, const struct lb_laddr_set *set, struct lb_sched_state *st, bool first,
	   bool goes_round)
{
	if (first && goes_round && lb_random(lb) % 20 == 0)
		st->laddr_pos++;
	return &set->l[st->laddr_pos++ % set->n];
}

static enum drop_reason
local_port_take(struct worker *w, const struct lb_opening *o, struct conn_addrs *a, struct conn_hot *c,
		struct conn_cold *cold)
{
	struct lb_worker *lb = w->lb;
	const struct lb_dest_view *d = o->dest;
	const struct lb_laddr_set *set = rcu_read(o->svc->laddrs);
	struct lb_sched_state *st = &o->svc->state[w->index];
	bool goes_round = o->dests->sched->name[0] == 'r' || o->dests->sched->name[0] == 'w';
	enum drop_reason why = DROP_NO_LADDR;

	for (uint32_t i = 0; i < set->n && i < LIP_TRIES; i++) {
		const struct lb_laddr_view *l = laddr_next(lb, set, st, i == 0, goes_round);

		/* Answers find the worker of a port only at addresses that are marked as local addresses. */
		if (l->af != d->af || net_local_lookup(l->af, &l->ip) != NET_LOCAL_LIP)
			continue;
		c->lport = lport_alloc(&lb->ports, l->lip_id, d->rs_id, &cold->port_space);
		if (c->lport) {
			a->laddr = l->ip;
			return DROP_NONE;
		}
		why = DROP_NO_LPORT;
	}
	return why;
}

/* The next connection between the same local address and server gets the next port if that is free: its
 * replies' bucket, which is nowhere near, will be there by then. */
static void
prefetch_next_port(const struct lb_worker *lb, uint32_t idx)
{
	uint32_t port = rte_be_to_cpu_16(lb->t.hot[idx].lport) + lb->ports.step;
	uint32_t hash = conn_hash_out(&lb->t, idx, rte_cpu_to_be_16((uint16_t)port));

	__builtin_prefetch(&lb->t.buckets[hash & lb->t.bucket_mask], 1);
}

/* What the forwarding mode wants of a connection: its second tuple. c has the client's side already. */
static enum drop_reason
mode_open(struct worker *w, const struct lb_opening *o, uint32_t idx, struct conn_addrs *a)
{
	struct lb_worker *lb = w->lb;
	const struct lb_dest_view *d = o->dest;
	struct conn_hot *c = &lb->t.hot[idx];
	struct conn_cold *cold = &lb->t.cold[idx];

	c->fwd = d->fwd;
	/* Without a port of its own a server has the one that the packet asks for. */
	c->rport = d->port_be ? d->port_be : c->vport;
	if (d->fwd == LB_FWD_SNAT)
		return lb_snat_open(w, o, idx, a);
	if (d->fwd == LB_FWD_FNAT) {
		if (d->af != conn_af(c))
			c->fwd = LB_FWD_NAT64;
		return local_port_take(w, o, a, c, cold);
	}
	/* The server sees the client itself. */
	cold->port_space = UINT32_MAX;
	a->laddr = a->caddr;
	c->lport = c->cport;
	if (d->fwd == LB_FWD_DR || d->fwd == LB_FWD_TUNNEL) {
		c->flags |= CONN_F_ONE_WAY;
		c->rport = c->vport;
	}
	return DROP_NONE;
}

/* Takes other local ports until replies belong to no other connection. False: none was found. */
static __rte_noinline bool
tell_apart(struct worker *w, const struct lb_opening *o, uint32_t idx, struct conn_addrs *a)
{
	enum { TRIES = 16 };
	struct conn_table *t = &w->lb->t;
	struct conn_hot *c = &t->hot[idx];
	struct conn_cold *cold = &t->cold[idx];

	for (unsigned i = 0; i < TRIES; i++) {
		uint32_t space = cold->port_space;
		uint16_t port = c->lport;
		enum drop_reason why;

		if (space == UINT32_MAX || conn_out_user(t, idx) == CONN_NONE)
			return true;
		/* Ports are taken in a row: the next ones are likely to be in use as well. */
		lport_skip(&w->lb->ports, space, (uint32_t)(lb_random(w->lb) >> 32));
		why = local_port_take(w, o, a, c, cold);
		if (why) {
			c->lport = port;
			cold->port_space = space;
			return false;
		}
		lport_free(&w->lb->ports, space, port);
		conn_addrs_set(t, idx, a);
	}
	return false;
}

/* NAT: a client at two virtual addresses may look like one to a server of both. What is not in use yet, or
 * not any more, gives way. */
static bool
give_way(struct worker *w, uint32_t idx)
{
	uint32_t ref = conn_out_user(&w->lb->t, idx);
	const struct conn_hot *c = &w->lb->t.hot[ref >> 1];
	const struct lb_proto *proto;

	if (likely(ref == CONN_NONE))
		return true;
	proto = lb_proto_find(c->proto);
	if (!proto->half_open || !proto->half_open(c->state))
		return false;
	lb_conn_close(w, ref >> 1);
	return true;
}

/* Sees to it that replies belong to no other connection. */
static enum drop_reason
replies_claim(struct worker *w, const struct lb_opening *o, uint32_t idx, struct conn_addrs *a)
{
	const struct conn_hot *c = &w->lb->t.hot[idx];

	if (c->fwd == LB_FWD_NAT)
		return give_way(w, idx) ? DROP_NONE : DROP_TUPLE_IN_USE;
	if (c->fwd != LB_FWD_FNAT && c->fwd != LB_FWD_NAT64)
		return DROP_NONE;
	if (likely(!__atomic_load_n(&lb_any_port_servers, __ATOMIC_RELAXED)))
		return DROP_NONE;
	return tell_apart(w, o, idx, a) ? DROP_NONE : DROP_NO_LPORT;
}

/* Enters the connection into the table; hash and dir are those of the packet. One that lives as long as its
 * packet needs no place there: nothing will be looked for. */
static bool
enter(struct worker *w, uint32_t idx, uint32_t hash, unsigned dir)
{
	struct lb_worker *lb = w->lb;
	struct conn_table *t = &lb->t;
	struct conn_hot *c = &t->hot[idx];

	if (unlikely(c->flags & CONN_F_ONE_PACKET))
		return true;
	if (t->account) {
		conn_account_start(t, idx, w->now_ms);
		c->flags |= CONN_F_ACCOUNT;
	}
	if (dir == CONN_DIR_IN ? !conn_commit(t, idx, hash, conn_hash(t, idx, CONN_DIR_OUT))
			       : !conn_commit(t, idx, conn_hash(t, idx, CONN_DIR_IN), hash))
		return false;
	if (t->cold[idx].port_space != UINT32_MAX && dir == CONN_DIR_IN)
		prefetch_next_port(lb, idx);
	conn_set_timeout(t, idx, (uint32_t)conf.ipvs.conn_init_timeout_s, w->now_ms);
	lb->changes++;
	return true;
}

enum drop_reason
lb_open(struct worker *w, const struct lb_opening *o, uint32_t *ref)
{
	struct lb_worker *lb = w->lb;
	struct conn_table *t = &lb->t;
	const struct pkt *p = o->p;
	const struct lb_dest_view *d = o->dest;
	struct lb_counters *n = lb_counters(w->index, d->id);
	bool v6 = o->key.af == INET_AF_V6;
	struct conn_addrs a = {.caddr = o->ends.saddr, .vaddr = o->key.vip, .raddr = d->ip};
	uint32_t idx = conn_alloc(t);
	struct conn_hot *c;
	struct conn_cold *cold;
	enum drop_reason why;
	unsigned dir;

	if (unlikely(idx == CONN_NONE)) {
		idx = lb_conn_reclaim(w);
		if (idx == CONN_NONE)
			return DROP_CONN_TABLE_FULL;
	}
	c = &t->hot[idx];
	cold = &t->cold[idx];
	conn_prefetch_next(t, v6);
	c->cport = p->sport;
	c->vport = p->dport;
	c->flags = (uint16_t)((v6 ? CONN_F_V6 : 0) | (d->af == INET_AF_V6 ? CONN_F_RS_V6 : 0));
	why = mode_open(w, o, idx, &a);
	if (why) {
		conn_abandon(t, idx);
		return why;
	}
	c->proto = p->proto;
	c->dest = d->id;
	dir = c->fwd == LB_FWD_SNAT ? CONN_DIR_OUT : CONN_DIR_IN;
	if (o->attrs->flags & SVC_F_ONE_PACKET && p->proto == PKT_PROTO_UDP && dir == CONN_DIR_IN)
		c->flags |= CONN_F_ONE_PACKET;
	else if (o->attrs->flags & SVC_F_EXPIRE_QUIESCENT)
		c->flags |= CONN_F_EXPIRE_Q;
	cold->svc_timeout = o->attrs->conn_timeout;
	if (unlikely(lb_limits(o->attrs->limit_proportion)))
		lb_conn_limit(t, idx, o->attrs->limit_proportion);
	if (unlikely(o->svc->kind == LB_SERVICE_FWMARK))
		conn_more(t, idx)->by_mark = true;
	conn_addrs_set(t, idx, &a);
	why = replies_claim(w, o, idx, &a);
	if (unlikely(why)) {
		lport_free(&lb->ports, cold->port_space, conn_dealt_port(c));
		conn_abandon(t, idx);
		return why;
	}
	o->proto->open(w, idx, p, o->attrs);
	if (!enter(w, idx, p->hash, dir)) {
		lport_free(&lb->ports, cold->port_space, conn_dealt_port(c));
		conn_abandon(t, idx);
		return DROP_CONN_TABLE_FULL;
	}
	n->conns++;
	n->inactive++;
	*ref = idx << 1 | dir;
	return DROP_NONE;
}

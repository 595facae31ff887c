/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The slow path: a packet that belongs to no connection finds its service, its real server and, for FullNAT,
 * a local address and port.
 */
#include "acl.h"
#include "send.h"

#include "base/hash.h"
#include "core/conf.h"
#include "core/rcu.h"
#include "net/net.h"
#include "packet/quic.h"

enum { LIP_TRIES = 16, SVC_F_EXPIRE_QUIESCENT = 0x10 };

static uint64_t
cheap_random(struct lb_worker *lb)
{
	/* xorshift64*: spreads choices, hides nothing. */
	lb->rand ^= lb->rand >> 12;
	lb->rand ^= lb->rand << 25;
	lb->rand ^= lb->rand >> 27;
	return lb->rand * 2685821657736338717ull;
}

/*
 * Local addresses in turn. A scheduler that goes round as well would always pair the same address with the
 * same server when both lists have the same length, so one pick in twenty skips an address.
 */
static const struct lb_laddr_view *
laddr_next(struct lb_worker *lb, const struct lb_laddr_set *set, struct lb_sched_state *st, bool first,
	   bool goes_round)
{
	if (first && goes_round && cheap_random(lb) % 20 == 0)
		st->laddr_pos++;
	return &set->l[st->laddr_pos++ % set->n];
}

static enum drop_reason
local_port_take(struct lb_worker *lb, const struct lb_service *svc, const struct lb_dest_set *dests,
		const struct lb_dest_view *d, struct lb_sched_state *st, struct conn_addrs *a,
		struct conn_hot *c, struct conn_cold *cold)
{
	const struct lb_laddr_set *set = rcu_read(((struct lb_service *)(uintptr_t)svc)->laddrs);
	bool goes_round = dests->sched->name[0] == 'r' || dests->sched->name[0] == 'w';
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

static void
addrs_store(struct conn_table *t, uint32_t idx, const struct conn_addrs *a)
{
	struct conn_hot *c = &t->hot[idx];

	if (c->flags & (CONN_F_V6 | CONN_F_RS_V6))
		t->v6[idx] = (struct conn_v6){a->caddr, a->vaddr, a->laddr, a->raddr};
	if (!(c->flags & CONN_F_V6)) {
		c->caddr = a->caddr.v4;
		c->vaddr = a->vaddr.v4;
	}
	if (!(c->flags & CONN_F_RS_V6)) {
		c->laddr = a->laddr.v4;
		c->raddr = a->raddr.v4;
	}
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
mode_open(struct worker *w, const struct lb_service *svc, const struct lb_dest_set *dests,
	  const struct lb_dest_view *d, uint32_t idx, struct conn_addrs *a)
{
	struct lb_worker *lb = w->lb;
	struct conn_hot *c = &lb->t.hot[idx];
	struct conn_cold *cold = &lb->t.cold[idx];

	c->fwd = d->fwd;
	c->rport = d->port_be;
	if (d->fwd == LB_FWD_FNAT) {
		if (d->af != conn_af(c))
			c->fwd = LB_FWD_NAT64;
		return local_port_take(lb, svc, dests, d, &svc->state[w->index], a, c, cold);
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

/* Opens the connection for a chosen destination. */
static enum drop_reason
conn_open(struct worker *w, struct pkt *p, const struct lb_key *key, struct lb_service *svc,
	  const struct lb_dest_set *dests, const struct lb_dest_view *d, uint32_t *ref)
{
	struct lb_worker *lb = w->lb;
	struct conn_table *t = &lb->t;
	const struct lb_attrs *attrs = rcu_read(svc->attrs);
	const struct lb_proto *proto = lb_proto_find(p->proto);
	struct lb_counters *n = lb_counters(w->index, d->id);
	bool v6 = key->af == INET_AF_V6;
	struct conn_addrs a = {.vaddr = key->vip, .raddr = d->ip};
	uint32_t idx = conn_alloc(t);
	struct conn_hot *c = &t->hot[idx];
	struct conn_cold *cold = &t->cold[idx];
	enum drop_reason why;

	if (idx == CONN_NONE)
		return DROP_CONN_TABLE_FULL;
	conn_prefetch_next(t, v6);
	a.caddr = inet_ip_make(key->af, p->l3 + (v6 ? 8 : 12));
	c->cport = p->sport;
	c->vport = p->dport;
	c->flags = (uint16_t)((v6 ? CONN_F_V6 : 0) | (d->af == INET_AF_V6 ? CONN_F_RS_V6 : 0));
	why = mode_open(w, svc, dests, d, idx, &a);
	if (why) {
		conn_abandon(t, idx);
		return why;
	}
	c->proto = p->proto;
	c->dest = d->id;
	if (attrs->flags & SVC_F_EXPIRE_QUIESCENT)
		c->flags |= CONN_F_EXPIRE_Q;
	cold->svc_timeout = attrs->conn_timeout;
	addrs_store(t, idx, &a);
	proto->open(w, idx, p, attrs);
	if (t->account) {
		conn_account_start(t, idx, w->now_ms);
		c->flags |= CONN_F_ACCOUNT;
	}
	if (!conn_commit(t, idx, p->hash, conn_hash(t, idx, CONN_DIR_OUT))) {
		lport_free(&lb->ports, cold->port_space, c->lport);
		conn_abandon(t, idx);
		return DROP_CONN_TABLE_FULL;
	}
	if (cold->port_space != UINT32_MAX)
		prefetch_next_port(lb, idx);
	conn_set_timeout(t, idx, (uint32_t)conf.ipvs.conn_init_timeout_s, w->now_ms);
	lb->changes++;
	n->conns++;
	n->inactive++;
	*ref = idx << 1 | CONN_DIR_IN;
	return DROP_NONE;
}

/* The upper threshold of a destination, this worker's share. Cleared when one of its connections ends. */
static bool
overloaded(struct worker *w, const struct lb_dest_view *d)
{
	struct lb_counters *n = lb_counters(w->index, d->id);
	uint32_t share = lb_dest_share(d, w->index);

	if (share == 0 || n->active + n->inactive < share)
		return false;
	n->overloaded = 1;
	return true;
}

/* Bytes of it in one piece. */
static unsigned
udp_payload(const struct pkt *p)
{
	return p->avail - p->l3_len - PKT_UDP_LEN;
}

uint32_t
lb_schedule(struct worker *w, struct pkt *p, enum drop_reason *why)
{
	bool v6 = p->kind == PKT_IP6;
	struct lb_key key = {.vport_be = p->dport, .af = v6 ? INET_AF_V6 : INET_AF_V4, .proto = p->proto};
	struct lb_sched_key sk = {.af = key.af, .sport_be = p->sport};
	const struct lb_proto *proto = lb_proto_find(p->proto);
	uint16_t gen = lb_generation();
	const struct lb_dest_set *dests;
	struct lb_service *svc;
	uint32_t ref = CONN_NONE;
	int choice;

	*why = DROP_NONE;
	if (!proto)
		return CONN_NONE;
	key.vip = inet_ip_make(key.af, p->l3 + (v6 ? 24 : 16));
	svc = lb_service_lookup(&key);
	if (!svc) {
		*why = proto->no_service(p, &key);
		return CONN_NONE;
	}
	sk.saddr = inet_ip_make(key.af, p->l3 + (v6 ? 8 : 12));
	*why = lb_acl_check(svc, &sk.saddr);
	if (!*why)
		*why = proto->admit(p);
	if (*why)
		return CONN_NONE;
	sk.daddr = key.vip;
	if (p->proto == PKT_PROTO_UDP)
		sk.has_cid = quic_google_cid(p->l4 + PKT_UDP_LEN, udp_payload(p), &sk.cid);
	dests = rcu_read(svc->dests);
	choice = dests->n ? dests->sched->pick(dests, &svc->state[w->index], &sk, w->index) : -1;
	if (choice < 0)
		*why = DROP_NO_DEST;
	else if (overloaded(w, &dests->d[choice]))
		*why = DROP_DEST_OVERLOAD;
	else
		*why = conn_open(w, p, &key, svc, dests, &dests->d[choice], &ref);
	if (ref != CONN_NONE)
		w->lb->t.hot[ref >> 1].net_gen = gen;
	return ref;
}

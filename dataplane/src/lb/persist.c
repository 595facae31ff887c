/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Persistence: a client, or a network of clients, stays with the server that its first connection got.
 *
 * What is remembered is a template, an entry of the worker's own flow table: the client's network as the
 * client, port 0, and a protocol that no packet has. It holds no local port and carries nothing. All
 * connections of a network to a service open on one worker (owner.c), so that the worker's own table knows
 * them all.
 *
 * A connection that follows a template has its index (conn_more.tmpl), and the template counts who follows
 * it. A template goes only when nobody does. When its server cannot serve any more, it gets another server
 * and stays where it is, so that an index of a template is good for as long as any connection has it.
 */
#include "open.h"

#include <rte_branch_prediction.h>

#include "core/conf.h"

enum { DEST_F_INHIBITED = 4, SVC_F_EXPIRE_QUIESCENT = 0x10 };

/* What a template is found by. */
struct tmpl_key {
	struct conn_addrs a; /* caddr and vaddr */
	uint64_t service;    /* tells services without an address of their own apart; 0 for others */
	uint32_t hash;
	uint16_t vport_be;
	uint8_t af, proto;
};

static union inet_ip
network_of(const struct lb_attrs *attrs, uint8_t af, const union inet_ip *client)
{
	if (af == INET_AF_V6)
		return inet_ip_mask(af, client, attrs->netmask < 128 ? attrs->netmask : 128);
	return (union inet_ip){.w = {client->v4 & attrs->netmask}};
}

/* Services of an address are one for each (protocol, address, port). Those of a mark have the mark in place
 * of the address, match rules have nothing; both are told from everything else by a number. */
static struct tmpl_key
key_make(const struct lb_opening *o)
{
	const struct lb_service *svc = o->svc;
	struct tmpl_key k = {.vport_be = svc->key.vport_be,
			     .af = o->key.af,
			     .proto = conn_template_proto(svc->key.proto),
			     .a = {.caddr = network_of(o->attrs, o->key.af, &o->ends.saddr)}};

	if (svc->kind == LB_SERVICE_ADDRESS) {
		k.a.vaddr = svc->key.vip;
	} else if (svc->kind == LB_SERVICE_FWMARK) {
		k.a.vaddr.w[k.af == INET_AF_V6 ? 3 : 0] = rte_cpu_to_be_32(svc->fwmark);
		k.service = (uint64_t)LB_SERVICE_FWMARK << 56;
	} else {
		k.service = (uint64_t)svc->kind << 56 | __atomic_load_n(&svc->serial, __ATOMIC_RELAXED);
	}
	k.hash = conn_hash_tuple(k.af, &k.a.caddr, &k.a.vaddr, 0, k.vport_be, k.proto);
	return k;
}

static bool
is_template_of(const struct conn_table *t, uint32_t idx, const struct tmpl_key *k)
{
	const struct conn_hot *c = &t->hot[idx];
	struct conn_addrs a;

	if (!(c->flags & CONN_F_TEMPLATE) || c->proto != k->proto || c->vport != k->vport_be ||
	    conn_af(c) != k->af || t->more[idx].service != k->service)
		return false;
	conn_addrs_get(t, idx, &a);
	return inet_ip_equal(&a.caddr, &k->a.caddr) && inet_ip_equal(&a.vaddr, &k->a.vaddr);
}

static uint32_t
template_find(const struct conn_table *t, const struct tmpl_key *k)
{
	const struct conn_bucket *b = &t->buckets[k->hash & t->bucket_mask];

	for (;;) {
		for (unsigned i = 0; i < CONN_BUCKET_SLOTS; i++)
			if (b->tag[i] == conn_tag(k->hash) && is_template_of(t, b->ref[i] >> 1, k))
				return b->ref[i] >> 1;
		if (!b->next)
			return CONN_NONE;
		b = &t->overflow[b->next];
	}
}

/* The server of a template, as the service has it now; NULL: it has it no more. */
static const struct lb_dest_view *
server_of(struct conn_table *t, uint32_t tmpl, const struct lb_dest_set *set)
{
	struct conn_more *more = &t->more[tmpl];
	uint32_t id = t->hot[tmpl].dest;

	if (likely(more->set_pos < set->n && set->d[more->set_pos].id == id))
		return &set->d[more->set_pos];
	for (uint32_t i = 0; i < set->n; i++) {
		if (set->d[i].id != id)
			continue;
		more->set_pos = i;
		return &set->d[i];
	}
	return NULL;
}

/* May a new connection follow a template to the server? A service with expire-quiescent would end the
 * connection at once, and the client would never get another server. */
static bool
serves(const struct lb_dest_view *d, const struct lb_attrs *attrs)
{
	if (!(d->flags & 1) || (d->flags & DEST_F_INHIBITED))
		return false;
	return d->weight > 0 ||
	       !(conf.ipvs.expire_quiescent_template || (attrs->flags & SVC_F_EXPIRE_QUIESCENT));
}

__rte_noinline void
lb_persist_choose(struct worker *w, struct lb_opening *o)
{
	struct conn_table *t = &w->lb->t;
	struct tmpl_key k = key_make(o);
	const struct lb_dest_view *d;

	o->tmpl = template_find(t, &k);
	if (o->tmpl == CONN_NONE)
		return;
	d = server_of(t, o->tmpl, o->dests);
	if (d && serves(d, o->attrs))
		o->dest = d;
}

/* Writes the server into a template; a reader sees all of it or skips it. */
static void
server_set(struct worker *w, const struct lb_opening *o, uint32_t tmpl, struct conn_addrs *a)
{
	struct conn_table *t = &w->lb->t;
	const struct lb_dest_view *d = o->dest;
	struct conn_hot *c = &t->hot[tmpl];

	a->raddr = d->ip;
	a->laddr = d->af == conn_af(c) ? a->caddr : (union inet_ip){.q = {0, 0}};
	c->flags = (uint16_t)((c->flags & ~CONN_F_RS_V6) | (d->af == INET_AF_V6 ? CONN_F_RS_V6 : 0));
	c->fwd = d->fwd;
	c->rport = d->port_be;
	c->dest = d->id;
	t->more[tmpl].set_pos = (uint32_t)(d - o->dests->d);
	conn_addrs_set(t, tmpl, a);
	lb_counters(w->index, d->id)->persistent++;
}

static void
server_change(struct worker *w, const struct lb_opening *o)
{
	struct conn_table *t = &w->lb->t;
	struct conn_cold *cold = &t->cold[o->tmpl];
	struct conn_addrs a;

	lb_counters(w->index, t->hot[o->tmpl].dest)->persistent--;
	conn_addrs_get(t, o->tmpl, &a);
	cold->seq |= 1;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	server_set(w, o, o->tmpl, &a);
	__atomic_store_n(&cold->seq, cold->seq + 1, __ATOMIC_RELEASE);
}

static uint32_t
template_new(struct worker *w, const struct lb_opening *o)
{
	struct conn_table *t = &w->lb->t;
	struct tmpl_key k = key_make(o);
	uint32_t tmpl = conn_alloc(t);
	struct conn_hot *c;

	if (tmpl == CONN_NONE)
		tmpl = lb_conn_reclaim(w);
	if (tmpl == CONN_NONE)
		return CONN_NONE;
	c = &t->hot[tmpl];
	c->flags = (uint16_t)(CONN_F_TEMPLATE | CONN_F_ONE_WAY | (k.af == INET_AF_V6 ? CONN_F_V6 : 0));
	c->proto = k.proto;
	c->vport = k.vport_be;
	conn_more(t, tmpl)->service = k.service;
	server_set(w, o, tmpl, &k.a);
	if (t->account)
		conn_account_start(t, tmpl, w->now_ms);
	if (!conn_commit(t, tmpl, k.hash, 0)) {
		lb_counters(w->index, c->dest)->persistent--;
		conn_abandon(t, tmpl);
		return CONN_NONE;
	}
	t->templates++;
	return tmpl;
}

void
lb_template_close(struct worker *w, uint32_t tmpl)
{
	struct conn_table *t = &w->lb->t;

	lb_counters(w->index, t->hot[tmpl].dest)->persistent--;
	t->templates--;
	conn_remove(t, tmpl);
	w->lb->changes++;
}

/* The template's life starts anew. It is never 0 s: the wheel would look at it for ever. */
static void
restart(struct worker *w, uint32_t tmpl, const struct lb_attrs *attrs)
{
	conn_set_timeout(&w->lb->t, tmpl, attrs->persist_timeout ? attrs->persist_timeout : 1, w->now_ms);
}

__rte_noinline enum drop_reason
lb_persist_open(struct worker *w, struct lb_opening *o, uint32_t *ref)
{
	struct conn_table *t = &w->lb->t;
	bool made = o->tmpl == CONN_NONE;
	enum drop_reason why;

	if (made)
		o->tmpl = template_new(w, o);
	else if (t->hot[o->tmpl].dest != o->dest->id)
		server_change(w, o);
	/* A client that would get another server the next time is not served: it was promised the same. */
	if (o->tmpl == CONN_NONE)
		return DROP_CONN_TABLE_FULL;
	why = lb_open(w, o, ref);
	if (why) {
		if (made)
			lb_template_close(w, o->tmpl);
		return why;
	}
	restart(w, o->tmpl, o->attrs);
	if (!(t->hot[*ref >> 1].flags & CONN_F_ONE_PACKET)) {
		conn_more(t, *ref >> 1)->tmpl = o->tmpl;
		t->more[o->tmpl].controlled++;
	}
	return DROP_NONE;
}

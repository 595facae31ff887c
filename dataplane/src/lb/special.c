/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections that need more than the ordinary: a flag of CONN_F_SPECIAL brings their packets here first. A
 * new such thing: a flag or a task, and a line in lb_special().
 */
#include "acl.h"
#include "proto/sctp.h"
#include "proxy.h"
#include "send.h"
#include "synproxy.h"

#include "core/rcu.h"

/* True when the service of a connection has no address of its own. Such services have no lists. */
static bool
is_by_rule(const struct conn_table *t, uint32_t idx)
{
	const struct conn_hot *c = &t->hot[idx];

	return c->fwd == LB_FWD_SNAT || (c->flags & CONN_F_MORE && t->more[idx].by_mark);
}

/* The service that a packet of the client would find now; NULL when it was deleted, or is found by more than
 * its address. */
static struct lb_service *
conn_service(const struct conn_table *t, uint32_t idx, const struct conn_addrs *a)
{
	const struct conn_hot *c = &t->hot[idx];
	struct lb_key key = {.vip = a->vaddr, .vport_be = c->vport, .af = conn_af(c), .proto = c->proto};

	return is_by_rule(t, idx) ? NULL : lb_service_lookup(&key);
}

static struct ipset_ends
conn_ends(const struct conn_hot *c, const struct conn_addrs *a)
{
	return (struct ipset_ends){.saddr = a->caddr,
				   .daddr = a->vaddr,
				   .sport_be = c->cport,
				   .dport_be = c->vport,
				   .af = conn_af(c),
				   .proto = c->proto};
}

/* What the lists of the connection's service say about a packet of its client now. */
static enum drop_reason
lists_check(const struct conn_table *t, uint32_t idx, const struct pkt *p)
{
	struct lb_service *svc;
	struct conn_addrs a;
	struct ipset_ends e;

	conn_addrs_get(t, idx, &a);
	svc = conn_service(t, idx, &a);
	if (!svc)
		return DROP_NONE;
	e = conn_ends(&t->hot[idx], &a);
	e.iface = (uint16_t)(p->port + 1);
	e.smac = p->l3 - PKT_ETH_LEN + PKT_MAC_LEN;
	return lb_acl_check(svc, &e);
}

/* Whether packets of the client must be looked at one by one. */
static bool
lists_may_refuse(struct lb_service *svc, const struct conn_hot *c, const struct conn_addrs *a)
{
	struct ipset_ends e;

	if (!lb_acl_present(svc))
		return false;
	e = conn_ends(c, a);
	return lb_acl_needs_frame(svc) || lb_acl_check(svc, &e) != DROP_NONE;
}

void
lb_conn_limit(struct conn_table *t, uint32_t idx, uint32_t limit_proportion)
{
	if (!lb_limits(limit_proportion)) {
		conn_tasks_clear(t, idx, MORE_T_LIMIT);
		return;
	}
	conn_tasks_set(t, idx, MORE_T_LIMIT);
	t->more[idx].limit = (uint8_t)limit_proportion;
}

__rte_noinline void
lb_conn_renew(struct worker *w, uint32_t idx)
{
	struct conn_table *t = &w->lb->t;
	struct conn_hot *c = &t->hot[idx];
	struct lb_service *svc;
	struct conn_addrs a;

	c->net_gen = lb_generation();
	c->adj_in = ADJ_NONE;
	c->adj_out = ADJ_NONE;
	c->flags &= (uint16_t)~CONN_F_DENIED;
	conn_addrs_get(t, idx, &a);
	svc = conn_service(t, idx, &a);
	if (svc && lists_may_refuse(svc, c, &a))
		c->flags |= CONN_F_DENIED;
	/* What a service of a mark or a match lets pass is what it was when the connection opened. */
	if (!is_by_rule(t, idx))
		lb_conn_limit(t, idx, svc ? rcu_read(svc->attrs)->limit_proportion : 0);
	if (unlikely(net_routes_narrow))
		lb_conn_ways(w, idx);
}

/* Of a hundred packets 99 - limit go, as DPVS has it. */
static bool
limit_drops(struct lb_worker *lb, uint32_t limit)
{
	return (lb_random(lb) >> 32) * 100 >> 32 < 99 - limit;
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
refuse(struct worker *w, struct rte_mbuf *m, const struct pkt *p, uint32_t idx, unsigned dir)
{
	const struct conn_hot *c = &w->lb->t.hot[idx];
	enum drop_reason why = DROP_NONE;

	if ((c->flags & CONN_F_DENIED) && dir == CONN_DIR_IN)
		why = lists_check(&w->lb->t, idx, p);
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

/* Of an error that comes from a server's side there is no frame of the client to look at: where lists need
 * one, its packets will be judged, not what comes for it. */
enum drop_reason
lb_error_refused(const struct conn_table *t, uint32_t idx, const struct pkt *p, unsigned dir)
{
	struct lb_service *svc;
	struct conn_addrs a;

	if (likely(!(t->hot[idx].flags & CONN_F_DENIED)))
		return DROP_NONE;
	if (dir == CONN_DIR_OUT) {
		conn_addrs_get(t, idx, &a);
		svc = conn_service(t, idx, &a);
		if (!svc || lb_acl_needs_frame(svc))
			return DROP_NONE;
	}
	return lists_check(t, idx, p);
}

bool
lb_special(struct worker *w, struct rte_mbuf *m, struct pkt *p, uint32_t idx, unsigned dir)
{
	const struct conn_hot *c = &w->lb->t.hot[idx];

	if (conn_task(&w->lb->t, idx, MORE_T_SCTP)) {
		enum drop_reason why = lb_sctp_check(p);

		if (why) {
			worker_drop(w, m, why);
			return true;
		}
	}
	if ((c->flags & (CONN_F_EXPIRE_Q | CONN_F_DENIED)) && refuse(w, m, p, idx, dir))
		return true;
	if (conn_task(&w->lb->t, idx, MORE_T_LIMIT) && limit_drops(w->lb, w->lb->t.more[idx].limit)) {
		worker_drop(w, m, DROP_LIMIT_PROPORTION);
		return true;
	}
	if (c->flags & CONN_F_ACCOUNT)
		conn_account_add(&w->lb->t, idx, dir, p->ip_len);
	/* These edit the packet. */
	if (conn_task(&w->lb->t, idx, MORE_T_SYNPROXY) && lb_synproxy_packet(w, m, p, idx, dir))
		return true;
	return conn_task(&w->lb->t, idx, MORE_T_PROXY) && lb_proxy_packet(w, m, p, idx, dir);
}

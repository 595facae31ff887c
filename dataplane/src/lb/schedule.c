/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The slow path: a packet that belongs to no connection finds its service (select.c) and its real server, and
 * opens a connection (open.c).
 */
#include "acl.h"
#include "open.h"
#include "send.h"
#include "synproxy.h"

#include "net/net.h"
#include "packet/quic.h"

enum { SVC_F_PERSISTENT = 1 };

/*
 * The thresholds of a destination, this worker's shares. At the upper one it is overloaded, until fewer
 * connections than the lower one are left.
 */
static bool
overloaded(struct worker *w, const struct lb_dest_view *d)
{
	struct lb_counters *n = lb_counters(w->index, d->id);
	uint32_t share = lb_dest_share(d, w->index);

	if (share == 0)
		return false;
	if (lb_overloaded(n, share, d->min_conn, w->index))
		return true;
	n->overloaded = n->active + n->inactive >= share ? share : 0;
	return n->overloaded != 0;
}

/* The service has as many connections as it may, this worker's share; those to servers that were deleted do
 * not count. */
static __rte_noinline bool
at_limit(const struct worker *w, const struct lb_opening *o)
{
	uint64_t share = lb_threshold_share(o->attrs->conn_limit, w->index), open = 0;

	for (uint32_t i = 0; i < o->dests->n; i++) {
		const struct lb_counters *n = lb_counters(w->index, o->dests->d[i].id);

		open += n->active + n->inactive;
	}
	return open >= share;
}

/* Bytes of it in one piece. */
static unsigned
udp_payload(const struct pkt *p)
{
	return p->avail - p->l3_len - PKT_UDP_LEN;
}

static enum drop_reason
choose(struct worker *w, struct lb_opening *o)
{
	const struct pkt *p = o->p;
	int choice = -1;

	if (unlikely(o->attrs->flags & SVC_F_PERSISTENT)) {
		lb_persist_choose(w, o);
		if (o->dest)
			return overloaded(w, o->dest) ? DROP_DEST_OVERLOAD : DROP_NONE;
	}
	o->dest = lb_quic_dest(o);
	if (o->dest && !overloaded(w, o->dest))
		return DROP_NONE;
	if (p->proto == PKT_PROTO_UDP)
		o->ends.has_cid = quic_google_cid(p->l4 + PKT_UDP_LEN, udp_payload(p), &o->ends.cid);
	if (o->dests->n)
		choice = o->dests->sched->pick(o->dests, &o->svc->state[w->index], &o->ends, w->index);
	if (choice < 0)
		return DROP_NO_DEST;
	o->dest = &o->dests->d[choice];
	if (unlikely(o->by_cookie && (o->dest->fwd == LB_FWD_DR || o->dest->fwd == LB_FWD_TUNNEL)))
		return DROP_LB_FORWARD_MODE;
	return overloaded(w, o->dest) ? DROP_DEST_OVERLOAD : DROP_NONE;
}

/* May a new flow come in? If not, its like are refused at once from now on. A service that is found by more
 * than the destination says nothing about others. */
static enum drop_reason
admit(struct worker *w, const struct lb_opening *o)
{
	struct lb_admission *a = &w->lb->admission;

	if (likely(lb_admit(a)))
		return DROP_NONE;
	if (o->svc->kind == LB_SERVICE_ADDRESS)
		lb_admission_learn(a, o->key.vip.b, o->key.af == INET_AF_V6 ? 16 : 4, o->p->dport,
				   o->p->proto);
	return DROP_ADMISSION;
}

static void
start(struct lb_opening *o, struct pkt *p)
{
	bool v6 = p->kind == PKT_IP6;
	uint8_t af = v6 ? INET_AF_V6 : INET_AF_V4;

	*o = (struct lb_opening){.p = p,
				 .proto = lb_proto_find(p->proto),
				 .key = {.vport_be = p->dport, .af = af, .proto = p->proto},
				 .ends = {.af = af, .sport_be = p->sport}};
	o->key.vip = inet_ip_make(af, p->l3 + (v6 ? 24 : 16));
	o->ends.saddr = inet_ip_make(af, p->l3 + (v6 ? 8 : 12));
	o->ends.daddr = o->key.vip;
}

static __rte_noinline enum drop_reason
lists_check(const struct lb_opening *o)
{
	struct ipset_ends e;

	if (o->p->flags & PKT_F_LISTED)
		return o->p->listed;
	e = lb_acl_ends(o->p);
	return lb_acl_check(o->svc, &e);
}

/* Finds a server that takes the flow, and opens the connection *ref. */
static enum drop_reason
serve(struct worker *w, struct lb_opening *o, uint32_t *ref)
{
	enum drop_reason why;

	if (unlikely(o->attrs->conn_limit) && at_limit(w, o))
		return DROP_SERVICE_LIMIT;
	why = choose(w, o);
	if (why)
		return why;
	return unlikely(o->attrs->flags & SVC_F_PERSISTENT) ? lb_persist_open(w, o, ref) : lb_open(w, o, ref);
}

uint32_t
lb_schedule(struct worker *w, struct pkt *p, enum drop_reason *why)
{
	uint16_t gen = lb_generation();
	uint32_t ref = CONN_NONE;
	struct lb_opening o;

	*why = DROP_NONE;
	start(&o, p);
	if (!o.proto)
		return CONN_NONE;
	*why = lb_select(w, &o);
	if (*why || !o.svc)
		return CONN_NONE;
	if (lb_acl_present(o.svc))
		*why = lists_check(&o);
	if (!*why && p->proto == PKT_PROTO_TCP && lb_synproxy_first(w, &o, why))
		return LB_TAKEN;
	if (!*why && !o.by_cookie)
		*why = o.proto->admit(p);
	if (!*why)
		*why = admit(w, &o);
	if (*why)
		return CONN_NONE;
	*why = serve(w, &o, &ref);
	/* The client of the SYN proxy believes that it is connected. */
	if (*why)
		return unlikely(o.by_cookie) && lb_synproxy_reset(w, p, *why) ? LB_TAKEN : CONN_NONE;
	w->lb->t.hot[ref >> 1].net_gen = gen;
	if (unlikely(o.by_cookie)) {
		lb_synproxy_begin(w, p, ref >> 1, &o.syn);
		return LB_TAKEN;
	}
	return ref;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which worker has, or is to open, the connection of a packet that no connection knows where it arrived.
 *
 * Most flows stay where the device put them, or are spread by a hash when the device cannot. Replies to a
 * local address go where the port was taken. Flows to NAT servers, whose replies show the client and nothing
 * of us, are spread by that client's address and port. Those to persistent services are spread by the
 * client's network, so that one worker sees all that has to go to one server.
 *
 * A service that was changed, or a NAT server of several services, has more than one rule. Such a packet
 * visits the workers that may have its connection, one after the other, and is scheduled on the last.
 */
#include "owner.h"

#include "flow.h"

#include "base/hash.h"
#include "core/conf.h"
#include "core/mbuf.h"
#include "core/rcu.h"
#include "net/net.h"
#include "port/port.h"

/* The end of a packet that is the client's, and what to know of the service. */
struct client {
	union inet_ip ip;
	uint16_t port;
	uint8_t af, proto;
	bool by_hash;	  /* its flow is where a hash says, not where it arrived */
	unsigned arrival; /* worker */
};

/* mbuf_meta.visited: this worker is the last. */
enum { VISITED_ALL = UINT8_MAX };

/* Workers to visit, in this order, none of them twice. */
struct visits {
	unsigned n;
	uint16_t to[3 * LB_OWNERS_MAX + 1 + WORKERS_MAX];
};

/* The worker of a client, by its address and port: requests and, with NAT, replies have them. */
static unsigned
client_owner(const union inet_ip *ip, uint16_t port, uint8_t proto)
{
	uint32_t h = hash_flow6(ip->b, ip->b, port, 0, proto);

	/* Mixed once more: the worker must not be a function of the bits that choose the bucket. */
	return (h * 2654435769u >> 16) % nworkers;
}

static unsigned
rule_owner(const struct client *c, uint8_t rule)
{
	union inet_ip network;

	if (rule == LB_OWNER_BASE && !c->by_hash)
		return c->arrival;
	if (rule < LB_OWNER_NETWORK)
		return client_owner(&c->ip, c->port, c->proto);
	network = inet_ip_mask(c->af, &c->ip, rule - LB_OWNER_NETWORK);
	return client_owner(&network, 0, 0);
}

/* Puts a worker in front of the others, unless it is visited anyway. */
static void
visit_first(struct visits *v, unsigned worker)
{
	for (unsigned i = 0; i < v->n; i++)
		if (v->to[i] == worker)
			return;
	memmove(&v->to[1], &v->to[0], v->n * sizeof(v->to[0]));
	v->to[0] = (uint16_t)worker;
	v->n++;
}

/* Segments of TCP are rarely fragments, so these are to seek where the device put the whole ones. */
static void
visit_everybody(struct visits *v)
{
	for (unsigned i = 0; i < nworkers; i++)
		visit_first(v, i);
}

/* The newest rule's worker is the last to visit. */
static void
visit_all(struct visits *v, const struct client *c, uint64_t rules)
{
	for (; rules; rules >>= LB_OWNER_RULE_BITS)
		visit_first(v, rule_owner(c, (uint8_t)rules));
}

/* Devices that spread whole packets do not spread fragments likewise: with reassembly, all but TCP, which has
 * none, is spread here. */
static bool
spread_by_hash(const struct pkt *p)
{
	return port_steering(p->port) == STEER_SOFTWARE ||
	       (conf.ipvs.reassemble && p->proto != PKT_PROTO_TCP);
}

static struct client
client_make(const struct pkt *p, unsigned arrival, bool is_source)
{
	uint8_t af = p->kind == PKT_IP6 ? INET_AF_V6 : INET_AF_V4;
	unsigned at = af == INET_AF_V6 ? 8 : 12;

	return (struct client){.ip = inet_ip_make(af, p->l3 + at + (is_source ? 0 : inet_len(af))),
			       .port = is_source ? p->sport : p->dport,
			       .af = af,
			       .proto = p->proto,
			       .by_hash = !is_source || spread_by_hash(p),
			       .arrival = arrival};
}

static void
visit_as_request(struct visits *v, const struct pkt *p, unsigned arrival, struct lb_service *svc)
{
	struct client c = client_make(p, arrival, true);
	uint64_t rules = LB_OWNER_BASE;

	if (svc) {
		rules = rcu_read(svc->attrs)->owners;
		c.by_hash |= rcu_read(svc->dests)->nat;
	}
	visit_all(v, &c, rules);
	visit_all(v, &c, lb_owners_gone());
}

/* The service is for this very address and port. */
static bool
is_exact(const struct lb_service *svc, const struct lb_key *dst)
{
	return svc->kind == LB_SERVICE_ADDRESS && svc->key.vport_be == dst->vport_be;
}

static void
visits_make(struct visits *v, const struct pkt *p, unsigned arrival)
{
	struct client to = client_make(p, arrival, false), from = client_make(p, arrival, true);
	struct lb_key dst = {.vip = to.ip, .vport_be = to.port, .af = to.af, .proto = to.proto};
	struct lb_key src = {.vip = from.ip, .vport_be = from.port, .af = from.af, .proto = from.proto};
	enum net_local what = net_local_lookup(to.af, &to.ip);
	bool local = what == NET_LOCAL;
	uint64_t rules;
	/* A server may be behind NAT for one service and behind a local address for another. */
	bool reply = what == NET_NOT_LOCAL && lb_nat_server(&src, &rules);
	struct lb_service *svc = NULL;

	if (!local || lb_owners_differ())
		svc = lb_service_of(p, &dst);
	if (local || svc)
		visit_as_request(v, p, arrival, svc);
	else if (!reply)
		visit_all(v, &from, lb_owners_gone());
	if (reply)
		visit_all(v, &to, rules);
	/* A local address may have any port of its own beside services that take any port. */
	else if (!local && (!svc || (what == NET_LOCAL_LIP && !is_exact(svc, &dst))))
		visit_first(v, rte_be_to_cpu_16(p->dport) % nworkers);
}

bool
lb_flow_pass_on(struct worker *w, struct rte_mbuf *m, const struct pkt *p)
{
	bool handed = p->flags & PKT_F_HANDED;
	struct mbuf_meta *meta = mbuf_meta(m);
	unsigned next = handed ? meta->visited : 0;
	struct visits v = {.n = 0};

	if (nworkers == 1 || next == VISITED_ALL)
		return false;
	visits_make(&v, p, handed ? meta->arrival : w->index);
	if (unlikely(mbuf_is_reassembled(m)) && !spread_by_hash(p))
		visit_everybody(&v);
	/* This worker has been asked; it is not the last. */
	if (next + 1 < v.n && v.to[next] == w->index)
		next++;
	if (next >= v.n || v.to[next] == w->index)
		return false;
	if (!handed)
		meta->arrival = (uint8_t)w->index;
	meta->port = p->port;
	meta->visited = (uint8_t)(next + 1 < v.n ? next + 1 : VISITED_ALL);
	worker_handover(w, m, v.to[next]);
	return true;
}

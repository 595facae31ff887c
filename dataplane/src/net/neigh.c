/* SPDX-License-Identifier: Apache-2.0 */
#include "neigh.h"

#include <stdlib.h>
#include <rte_random.h>

#include "addr.h"
#include "arp.h"
#include "core/conf.h"
#include "core/errors.h"
#include "core/log.h"
#include "core/mbuf.h"
#include "fib.h"
#include "nd.h"
#include "output.h"

enum neigh_event { EV_SEND, EV_HEARD, EV_CONFIRM, EV_TIMER, EVENTS };
enum { DELETE = NEIGH_STATES };

enum {
	JITTER_MS = 200,
	WATCH_MS = 500, /* how often a doubtful neighbour's use and confirmation are looked at */
	QUEUE_START = 8,
};

/* Time to stay in a state, ms; REACHABLE is configured. */
static const uint32_t stay_ms[NEIGH_STATES] = {[NEIGH_NONE] = 2000,
					       [NEIGH_SEND] = 3000,
					       [NEIGH_REACHABLE] = 0,
					       [NEIGH_PROBE] = 30000,
					       [NEIGH_DELAY] = 3000};

/* SEND: a packet needs the neighbour. HEARD: it told its MAC. CONFIRM: traffic came back. TIMER: the time is
 * over. */
static const uint8_t next_state[NEIGH_STATES][EVENTS] = {
    /*                   SEND             HEARD            CONFIRM          TIMER */
    [NEIGH_NONE] = {NEIGH_SEND, NEIGH_REACHABLE, NEIGH_NONE, DELETE},
    [NEIGH_SEND] = {NEIGH_SEND, NEIGH_REACHABLE, NEIGH_SEND, NEIGH_NONE},
    [NEIGH_REACHABLE] = {NEIGH_REACHABLE, NEIGH_REACHABLE, NEIGH_REACHABLE, NEIGH_PROBE},
    [NEIGH_PROBE] = {NEIGH_DELAY, NEIGH_REACHABLE, NEIGH_REACHABLE, NEIGH_NONE},
    [NEIGH_DELAY] = {NEIGH_DELAY, NEIGH_REACHABLE, NEIGH_REACHABLE, NEIGH_NONE},
};

struct neigh_list neighs = TAILQ_HEAD_INITIALIZER(neighs);

static struct neigh_list waiting = TAILQ_HEAD_INITIALIZER(waiting);
static uint32_t nwaiting, nunasked, nstale;
static uint32_t queued_total, queued_max; /* over all neighbours: they must not take the whole packet pool */
static struct neigh **by_adj;

int
neigh_init(void)
{
	int rc = adj_init();

	if (rc)
		return rc;
	by_adj = calloc(net_adj_count, sizeof(struct neigh *));
	if (!by_adj) {
		log_err("net", "no memory for %u neighbours", net_adj_count);
		return EDPVS_NOMEM;
	}
	queued_max = nworkers && workers[0]->pool ? workers[0]->pool->size / 8 : 1024;
	return EDPVS_OK;
}

static bool
is_resolved(const struct neigh *n)
{
	return n->state >= NEIGH_REACHABLE;
}

/* ---- the queue ---- */

static void
queue_drop(struct neigh *n)
{
	control_drops[DROP_NEIGH_FAILED] += n->queued;
	rte_pktmbuf_free_bulk(n->queue, n->queued);
	queued_total -= n->queued;
	n->queued = 0;
}

static void
queue_flush(struct neigh *n)
{
	uint32_t count = n->queued;

	n->queued = 0;
	queued_total -= count;
	for (uint32_t i = 0; i < count; i++)
		control_adj_tx(n->adj, n->queue[i]);
	free(n->queue);
	n->queue = NULL;
	n->queue_room = 0;
}

static void
queue_add(struct neigh *n, struct rte_mbuf *m)
{
	/* A queue may be as long as all the room that is left: however many neighbours do not answer, the
	 * next one finds room. */
	uint32_t limit = RTE_MIN((uint32_t)conf.unres_queue_length, queued_max - queued_total);

	if (n->queued >= limit) {
		control_drops[DROP_NEIGH_QUEUE_FULL]++;
		rte_pktmbuf_free(m);
		return;
	}
	if (n->queued == n->queue_room) {
		uint32_t room = n->queue_room ? n->queue_room * 2 : QUEUE_START;
		struct rte_mbuf **queue = realloc(n->queue, room * sizeof(struct rte_mbuf *));

		if (!queue) {
			control_drops[DROP_NEIGH_QUEUE_FULL]++;
			rte_pktmbuf_free(m);
			return;
		}
		n->queue = queue;
		n->queue_room = room;
	}
	n->queue[n->queued++] = m;
	queued_total++;
}

/* ---- entries ---- */

static void
waiting_remove(struct neigh *n)
{
	TAILQ_REMOVE(&waiting, n, waiting);
	nwaiting--;
}

static void
neigh_free(struct neigh *n)
{
	net_timer_cancel(&n->timer);
	TAILQ_REMOVE(&neighs, n, all);
	if (!is_resolved(n))
		waiting_remove(n);
	nunasked -= n->unasked;
	nstale -= n->stale_header;
	by_adj[n->adj] = NULL;
	queue_drop(n);
	adj_delete(n->adj);
	free(n->queue);
	free(n);
}

/* The senders of what waited learn it once the neighbour is gone from all tables: an error may have to go to
 * the very same address and then makes a neighbour of its own. */
static void
neigh_fail(struct neigh *n)
{
	int af = net_adjs[n->adj].af;
	struct rte_mbuf **queue = n->queue;
	uint32_t count = n->queued;

	n->queue = NULL;
	n->queued = 0;
	queued_total -= count;
	neigh_free(n);
	for (uint32_t i = 0; i < count; i++) {
		control_unreachable(af, queue[i]);
		control_drops[DROP_NEIGH_FAILED]++;
		rte_pktmbuf_free(queue[i]);
	}
	free(queue);
}

static void timer_fired(struct net_timer *t);

static struct neigh *
neigh_new(int af, const union inet_ip *ip, uint16_t port)
{
	struct neigh *n;

	if (nwaiting >= NEIGH_WAITING_MAX)
		neigh_free(TAILQ_FIRST(&waiting));
	n = calloc(1, sizeof(*n));
	if (!n)
		return NULL;
	n->adj = adj_new(af, ip, port);
	if (n->adj == ADJ_NONE) {
		free(n);
		return NULL;
	}
	by_adj[n->adj] = n;
	n->timer.fn = timer_fired;
	n->state = NEIGH_NONE;
	TAILQ_INSERT_TAIL(&neighs, n, all);
	TAILQ_INSERT_TAIL(&waiting, n, waiting);
	nwaiting++;
	return n;
}

struct neigh *
neigh_find(int af, const union inet_ip *ip, uint16_t port)
{
	uint32_t adj = adj_find(af, ip, port);

	return adj == ADJ_NONE ? NULL : by_adj[adj];
}

static void
write_header(struct neigh *n)
{
	bool done = adj_resolve(n->adj, &n->mac);

	nstale -= n->stale_header;
	n->stale_header = !done;
	nstale += n->stale_header;
}

static void
request(struct neigh *n)
{
	const struct adj *a = &net_adjs[n->adj];

	if (a->af == INET_AF_V6)
		nd_solicit(ports[a->port], &a->ip);
	else
		arp_request(ports[a->port], &a->ip);
}

/* ---- states ---- */

static void
arm(struct neigh *n)
{
	uint64_t at = n->deadline_ms;

	/* Workers do not report: a doubtful neighbour is watched. */
	if (n->state == NEIGH_PROBE || n->state == NEIGH_DELAY)
		at = RTE_MIN(at, net_now_ms() + WATCH_MS);
	net_timer_arm(&n->timer, at);
}

static void
stay_from(struct neigh *n, uint64_t start_ms)
{
	uint32_t stay =
	    n->state == NEIGH_REACHABLE ? (uint32_t)conf.neigh_timeout_s * 1000u : stay_ms[n->state];

	n->entered_ms = start_ms;
	n->deadline_ms = start_ms + stay + rte_rand_max(JITTER_MS + 1);
	arm(n);
}

static void
enter(struct neigh *n, enum neigh_state state)
{
	bool was = is_resolved(n);

	n->state = (uint8_t)state;
	if (was && !is_resolved(n)) {
		adj_unresolve(n->adj);
		TAILQ_INSERT_TAIL(&waiting, n, waiting);
		nwaiting++;
	} else if (!was && is_resolved(n)) {
		waiting_remove(n);
	}
	stay_from(n, net_now_ms());
}

static void
event(struct neigh *n, enum neigh_event ev)
{
	uint8_t next = next_state[n->state][ev];
	uint64_t now = net_now_ms();

	if (next == DELETE) {
		neigh_fail(n);
		return;
	}
	if (next != n->state) {
		enter(n, next);
		if (next == NEIGH_SEND || next == NEIGH_DELAY)
			request(n);
		return;
	}
	/* Use alone does not prolong the time of a neighbour that does not answer. */
	if (ev != EV_SEND && now - n->entered_ms >= (n->deadline_ms - n->entered_ms) / 2)
		stay_from(n, now);
}

/* What workers wrote since the state was entered, as events. True when the state has changed. */
static bool
look_at_traffic(struct neigh *n)
{
	const struct adj *a = &net_adjs[n->adj];
	uint64_t confirmed_ms = (uint64_t)a->confirmed_s * 1000;

	if (confirmed_ms > n->entered_ms) {
		if (n->state != NEIGH_REACHABLE)
			enter(n, NEIGH_REACHABLE);
		stay_from(n, RTE_MIN(confirmed_ms, net_now_ms()));
		return true;
	}
	if (n->state == NEIGH_PROBE && a->used_s != 0 && a->used_s >= n->entered_ms / 1000) {
		event(n, EV_SEND);
		return true;
	}
	return false;
}

static void
timer_fired(struct net_timer *t)
{
	struct neigh *n = (struct neigh *)((char *)t - offsetof(struct neigh, timer));

	if (is_resolved(n) && look_at_traffic(n))
		return;
	if (net_now_ms() >= n->deadline_ms)
		event(n, EV_TIMER);
	else
		arm(n);
}

/* ---- what happens to a neighbour ---- */

void
neigh_send(int af, const union inet_ip *ip, uint16_t port, struct rte_mbuf *m)
{
	struct neigh *n = neigh_find(af, ip, port);

	if (!n)
		n = neigh_new(af, ip, port);
	if (!n) {
		control_drops[DROP_NEIGH_TABLE_FULL]++;
		rte_pktmbuf_free(m);
		return;
	}
	if (n->unasked) {
		n->unasked = false;
		nunasked--;
	}
	if (!n->is_static)
		event(n, EV_SEND);
	if (adj_is_valid(n->adj))
		control_adj_tx(n->adj, m);
	else
		queue_add(n, m);
}

/* A neighbour that speaks first must be where routes expect it: this bounds what one host can make us
 * remember. */
static bool
is_on_link(int af, const union inet_ip *ip, uint16_t port)
{
	const struct fib_hop *hop;

	if (af == INET_AF_V6 && inet_ip_is_linklocal(af, ip))
		return true;
	hop = fib_lookup(af, ip);
	return hop && !hop->has_gateway && hop->port == port;
}

void
neigh_heard(int af, const union inet_ip *ip, uint16_t port, const struct rte_ether_addr *mac,
	    enum neigh_learn how)
{
	struct neigh *n = neigh_find(af, ip, port);

	if (!n && how == NEIGH_CREATE && is_on_link(af, ip, port)) {
		if (nunasked < NEIGH_UNASKED_MAX)
			n = neigh_new(af, ip, port);
		if (!n) {
			control_drops[DROP_NEIGH_TABLE_FULL]++;
			return;
		}
		n->unasked = true;
		nunasked++;
	}
	if (!n || n->is_static)
		return;
	event(n, EV_HEARD);
	if (!adj_is_valid(n->adj) || !rte_is_same_ether_addr(&n->mac, mac)) {
		n->mac = *mac;
		write_header(n);
	}
	if (adj_is_valid(n->adj))
		queue_flush(n);
}

int
neigh_add_static(int af, const union inet_ip *ip, uint16_t port, const struct rte_ether_addr *mac)
{
	struct neigh *n = neigh_find(af, ip, port);

	if (!n)
		n = neigh_new(af, ip, port);
	if (!n)
		return EDPVS_RESOURCE;
	nunasked -= n->unasked;
	n->unasked = false;
	if (n->state != NEIGH_REACHABLE)
		enter(n, NEIGH_REACHABLE);
	net_timer_cancel(&n->timer);
	n->is_static = true;
	n->mac = *mac;
	write_header(n);
	if (adj_is_valid(n->adj))
		queue_flush(n);
	return EDPVS_OK;
}

void
neigh_del(int af, const union inet_ip *ip, uint16_t port)
{
	struct neigh *n = neigh_find(af, ip, port);

	if (n)
		neigh_free(n);
}

void
neigh_flush(uint16_t port)
{
	struct neigh *n, *next;

	for (n = TAILQ_FIRST(&neighs); n; n = next) {
		next = TAILQ_NEXT(n, all);
		if (net_adjs[n->adj].port == port)
			neigh_free(n);
	}
}

void
neigh_ask_again(uint16_t port)
{
	struct neigh *n;

	TAILQ_FOREACH (n, &waiting, waiting)
		if (n->state == NEIGH_SEND && net_adjs[n->adj].port == port)
			request(n);
}

void
neigh_tick(void)
{
	struct neigh *n;

	if (nstale == 0)
		return;
	TAILQ_FOREACH (n, &neighs, all) {
		if (!n->stale_header)
			continue;
		write_header(n);
		if (adj_is_valid(n->adj))
			queue_flush(n);
	}
}

void
neigh_rewrite_headers(uint16_t port)
{
	struct neigh *n;

	TAILQ_FOREACH (n, &neighs, all) {
		if (net_adjs[n->adj].port == port && is_resolved(n))
			write_header(n);
	}
}

void
neigh_fini(void)
{
	struct neigh *n;

	while ((n = TAILQ_FIRST(&neighs)))
		neigh_free(n);
	rcu_drain();
	free(by_adj);
	by_adj = NULL;
	adj_fini();
}

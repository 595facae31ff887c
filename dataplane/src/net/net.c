/* SPDX-License-Identifier: Apache-2.0 */
#include "net/net.h"

#include <rte_malloc.h>

#include "addr.h"
#include "arp.h"
#include "core/conf.h"
#include "core/errors.h"
#include "core/log.h"
#include "core/mbuf.h"
#include "fib.h"
#include "icmp.h"
#include "lldp.h"
#include "local.h"
#include "maddr.h"
#include "nd.h"
#include "neigh.h"
#include "net_ctrl.h"
#include "route.h"
#include "tunnel.h"

/* Tells neighbours and switches where the addresses of the port are. */
static void
announce(struct port *p)
{
	struct net_addr *a;

	TAILQ_FOREACH (a, &net_addrs, next) {
		if (a->spec.port != p)
			continue;
		if (a->spec.af == INET_AF_V4)
			arp_announce(p, &a->spec.ip);
		else
			nd_announce(p, &a->spec.ip, !(a->flags & ADDR_F_TENTATIVE));
	}
}

/* Those of the VLANs of the port, too. */
static void
announce_all(struct port *p)
{
	announce(p);
	for (unsigned i = nports; i < ports_end; i++)
		if (ports[i] && ports[i]->parent == p && !ports[i]->layer3)
			announce_all(ports[i]);
}

/* A port with a new MAC: headers are rewritten, and the neighbours are told. */
static void
mac_changed(struct port *p)
{
	neigh_rewrite_headers(p->id);
	announce(p);
}

static int
workers_prepare(void)
{
	for (unsigned i = 0; i < nworkers; i++) {
		workers[i]->net = rte_zmalloc_socket("net_worker", sizeof(struct net_worker),
						     RTE_CACHE_LINE_SIZE, workers[i]->socket_id);
		if (!workers[i]->net) {
			log_err("net", "no memory for worker %u: give the EAL more (-m or hugepages)", i);
			return EDPVS_NOMEM;
		}
	}
	return EDPVS_OK;
}

/* What the port has goes before it does. */
static void
port_going(struct port *p)
{
	for (int af = 0; af < 2; af++) {
		addr_flush(p, af ? INET_AF_V6 : INET_AF_V4);
		route_flush(p, af ? INET_AF_V6 : INET_AF_V4);
	}
	neigh_flush(p->id);
	if (p->layer3)
		tunnel_neighbour_del(p);
	net_generation_advance();
}

static void
port_made(struct port *p)
{
	if (p->layer3 && tunnel_neighbour_add(p))
		log_err("net", "%s: the neighbour table is full: packets do not find their way into it",
			p->name);
	linklocal_create(p);
}

static void
port_event(struct port *p, enum port_event event)
{
	/* Ways are as wide as their ports, and tunnels narrower than what carries them. */
	if (event == PORT_MTU || (event == PORT_MADE && p->layer3))
		net_routes_narrow = true;
	if (event == PORT_MTU)
		net_generation_advance();
	if (event == PORT_MADE)
		port_made(p);
	else if (event == PORT_GOING || event == PORT_JOINING)
		port_going(p);
	else if (event == PORT_MAC)
		mac_changed(p);
	else if (event == PORT_LINK_UP)
		announce_all(p);
}

int
net_init(void)
{
	int rc = fib_init();

	if (!rc)
		rc = neigh_init();
	if (!rc)
		rc = workers_prepare();
	if (rc)
		return rc;
	port_watch(port_event);
	for (unsigned i = 0; i < PORTS_MAX; i++) {
		if (ports[i] && !ports[i]->bond)
			linklocal_create(ports[i]);
	}
	return EDPVS_OK;
}

void
net_fini(void)
{
	if (!net_adjs)
		return;
	addr_fini();
	route_fini();
	neigh_fini();
	maddr_fini();
	local_fini();
	lldp_fini();
	tunnels_fini();
	fib_fini();
	for (unsigned i = 0; i < nworkers; i++) {
		rte_free(workers[i]->net);
		workers[i]->net = NULL;
	}
}

void
net_ctrl_register(void)
{
	addr_ctrl_register();
	route_ctrl_register();
	neigh_ctrl_register();
	tunnel_ctrl_register();
	ip6_stats_ctrl_register();
	lldp_ctrl_register();
}

static void
unresolved(struct rte_mbuf *m)
{
	const struct mbuf_meta *meta = mbuf_meta(m);
	union inet_ip nexthop = meta->nexthop;

	if (meta->port >= PORTS_MAX || !ports[meta->port] || inet_len(meta->af) == 0) {
		control_drops[DROP_BAD_OFFSET]++;
		rte_pktmbuf_free(m);
		return;
	}
	neigh_send(meta->af, &nexthop, meta->port, m);
}

void
net_control_packet(struct rte_mbuf *m)
{
	switch ((enum punt_kind)mbuf_meta(m)->kind) {
	case PUNT_ARP:
		arp_control(m);
		break;
	case PUNT_ND:
		nd_control(m);
		break;
	case PUNT_UNRESOLVED:
		unresolved(m);
		break;
	case PUNT_LLDP:
		lldp_control(m);
		break;
	default:
		control_drops[DROP_NO_HANDLER]++;
		rte_pktmbuf_free(m);
		break;
	}
}

void
net_control_tick(uint64_t now_ms)
{
	net_timers_run(now_ms);
	neigh_tick();
	tunnels_tick();
	lldp_tick(now_ms);
}

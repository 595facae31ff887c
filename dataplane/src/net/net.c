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
#include "local.h"
#include "maddr.h"
#include "nd.h"
#include "neigh.h"
#include "net_ctrl.h"
#include "route.h"

/* MACs of ports as the headers in the adjacency table have them. */
static struct rte_ether_addr known_mac[PORTS_MAX];

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
	for (unsigned i = 0; i < PORTS_MAX; i++) {
		if (!ports[i])
			continue;
		known_mac[i] = ports[i]->mac;
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
	case PUNT_LOCAL:
	default:
		control_drops[DROP_NO_HANDLER]++;
		rte_pktmbuf_free(m);
		break;
	}
}

/* A port with a new MAC: headers are rewritten, and the neighbours are told. */
static void
watch_macs(void)
{
	struct net_addr *a;

	for (unsigned i = 0; i < PORTS_MAX; i++) {
		if (!ports[i] || rte_is_same_ether_addr(&known_mac[i], &ports[i]->mac))
			continue;
		known_mac[i] = ports[i]->mac;
		neigh_rewrite_headers((uint16_t)i);
		TAILQ_FOREACH (a, &net_addrs, next) {
			if (a->spec.port != ports[i])
				continue;
			if (a->spec.af == INET_AF_V4)
				arp_announce(ports[i], &a->spec.ip);
			else
				nd_announce(ports[i], &a->spec.ip, !(a->flags & ADDR_F_TENTATIVE));
		}
	}
}

void
net_control_tick(uint64_t now_ms)
{
	watch_macs();
	net_timers_run(now_ms);
	neigh_tick();
	maddr_tick();
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Configured ports begin to run, and end. */
#include "port_setup.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <rte_errno.h>

#include "core/errors.h"
#include "core/log.h"
#include "port/bond.h"
#include "port/isolated.h"
#include "port/kernel_lcore.h"

enum { LINK_WAIT_MS = 1000, LINK_STEP_MS = 50 };

void
port_detach(const struct port *p)
{
	isolated_detach(p->id);
	kernel_lcore_detach(p->id);
	for (unsigned w = 0; w < nworkers; w++) {
		struct worker_port *wp = workers[w]->port;
		unsigned kept = 0;

		for (unsigned i = 0; i < wp->nrxq; i++) {
			if (wp->rxq[i].port != p->id)
				wp->rxq[kept++] = wp->rxq[i];
		}
		wp->nrxq = kept;
		wp->tx[p->id].usable = false;
		wp->tx[p->id].direct = false;
	}
}

static void
set_wanted(struct port *p, const char *what, int (*set)(struct port *, bool))
{
	int rc = set(p, true);

	if (rc == EDPVS_NOTSUPP)
		log_warning("port", "port %s: its driver has no %s", p->name, what);
	else if (rc)
		log_warning("port", "port %s: %s could not be switched on", p->name, what);
}

/* Spreads over the queues that workers poll; queues of kernel lcores stay out. */
static void
spread_rss(const struct port *p)
{
	struct rte_eth_rss_reta_entry64 reta[RTE_ETH_RSS_RETA_SIZE_512 / RTE_ETH_RETA_GROUP_SIZE];
	uint16_t polled[PORT_QUEUES_MAX];
	unsigned n = 0, size = p->info.reta_size;

	for (unsigned w = 0; w < nworkers; w++) {
		const struct queue_list *rx = &port_queues.at[w][p->id].rx;

		for (unsigned i = 0; i < rx->n && n < PORT_QUEUES_MAX; i++)
			polled[n++] = rx->id[i];
	}
	if (n == 0 || size == 0 || size > RTE_ETH_RSS_RETA_SIZE_512)
		return;
	memset(reta, 0, sizeof(reta));
	for (unsigned i = 0; i < size; i++) {
		reta[i / RTE_ETH_RETA_GROUP_SIZE].mask |= 1ull << (i % RTE_ETH_RETA_GROUP_SIZE);
		reta[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE] = polled[i % n];
	}
	rte_eth_dev_rss_reta_update(p->dpdk_id, reta, (uint16_t)size);
}

static void
start_port(struct port *p)
{
	const struct conf_port *c = port_conf(p);
	int rc = rte_eth_dev_start(p->dpdk_id);

	if (rc) {
		log_warning("port", "port %s does not start (%s): it is not used", p->name,
			    rte_strerror(-rc));
		port_detach(p);
		return;
	}
	p->started = true;
	if (bond_is(p))
		bond_started(p);
	if (c->promisc)
		set_wanted(p, "promiscuous mode", port_set_promisc);
	if (c->allmulticast)
		set_wanted(p, "all-multicast mode", port_set_allmulticast);
	if (p->nrxq > 1)
		spread_rss(p);
	if (p->nmcast)
		port_mcast_push(p);
}

static bool
link_is_up(const struct port *p)
{
	struct rte_eth_link link;

	memset(&link, 0, sizeof(link));
	return rte_eth_link_get_nowait(p->dpdk_id, &link) < 0 || link.link_status == RTE_ETH_LINK_UP;
}

static void
wait_for_links(void)
{
	for (unsigned ms = 0;; ms += LINK_STEP_MS) {
		bool all = true;

		for (unsigned i = 0; i < nports; i++)
			all &= !ports[i]->started || link_is_up(ports[i]);
		if (all)
			return;
		if (ms >= LINK_WAIT_MS)
			break;
		usleep(LINK_STEP_MS * 1000);
	}
	for (unsigned i = 0; i < nports; i++) {
		if (ports[i]->started && !link_is_up(ports[i]))
			log_warning("port", "port %s: link is down; going on without waiting for it",
				    ports[i]->name);
	}
}

static void
say_queues(void)
{
	for (unsigned w = 0; w < nworkers; w++) {
		char line[512];
		int n = 0;

		for (unsigned i = 0; i < nports && n < (int)sizeof(line) - 64; i++) {
			const struct queue_list *rx = &port_queues.at[w][i].rx;
			const struct worker_txbuf *t = &workers[w]->port->tx[i];

			if (ports[i]->bond)
				continue;
			n += snprintf(line + n, sizeof(line) - (size_t)n, "%s%s:", n ? ", " : "",
				      ports[i]->name);
			for (unsigned q = 0; q < rx->n && n < (int)sizeof(line) - 64; q++)
				n += snprintf(line + n, sizeof(line) - (size_t)n,
					      rx->isolated[q] ? " rx%u by lcore %u" : " rx%u", rx->id[q],
					      rx->isolated[q] - 1u);
			if (t->relay)
				n += snprintf(line + n, sizeof(line) - (size_t)n, " tx by worker %d",
					      port_queues.at[w][i].relay);
			else
				n += snprintf(line + n, sizeof(line) - (size_t)n, " tx%u", t->queue);
			for (unsigned q = 0; q < t->nspare && n < (int)sizeof(line) - 64; q++)
				n += snprintf(line + n, sizeof(line) - (size_t)n, " tx%u", t->spare[q]);
		}
		log_notice("port", "worker %u (lcore %u): %s", w, workers[w]->lcore_id, line);
	}
	if (kernel_lcore)
		log_notice("port", "lcore %u serves the interfaces in the kernel: %u rx queues",
			   kernel_lcore->lcore_id, kernel_lcore->nrxq);
}

int
ports_start(void)
{
	for (unsigned i = 0; i < nports; i++)
		if (!ports[i]->bond)
			start_port(ports[i]);
	for (unsigned i = 0; i < nports; i++)
		if (ports[i]->bond)
			ports[i]->started = ports[i]->bond->started;
	wait_for_links();
	for (unsigned i = 0; i < nports; i++) {
		const struct port *p = ports[i];

		if (p->bond) {
			log_notice("port", "port %s: %s, " RTE_ETHER_ADDR_PRT_FMT ", member of %s", p->name,
				   p->info.driver_name, RTE_ETHER_ADDR_BYTES(&p->mac), p->bond->name);
			continue;
		}
		log_notice("port",
			   "port %s: %s, " RTE_ETHER_ADDR_PRT_FMT ", mtu %u, %u rx and %u tx queues, %s",
			   p->name, p->info.driver_name, RTE_ETHER_ADDR_BYTES(&p->mac), p->mtu, p->nrxq,
			   p->ntxq, port_steering_text(p));
	}
	say_queues();
	return EDPVS_OK;
}

void
ports_stop(void)
{
	/* Bondings first, which stop their members. */
	for (unsigned i = nports; i-- > 0;) {
		int rc = ports[i]->started ? rte_eth_dev_stop(ports[i]->dpdk_id) : 0;

		if (rc)
			log_warning("port", "port %s does not stop: %s", ports[i]->name, rte_strerror(-rc));
		ports[i]->started = false;
	}
}

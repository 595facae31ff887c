/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links that come and go. Not every driver tells by an interrupt, so the control lcore asks five times a
 * second; a link that is up again is told to the layers above, which announce their addresses: a switch may
 * have forgotten them, or be another one.
 */
#include "port/link_watch.h"

#include "core/log.h"
#include "port/port.h"

enum { EVERY_MS = 200 };

static uint64_t due_ms;

static void
say(const struct port *p, const struct rte_eth_link *link)
{
	if (link->link_status != RTE_ETH_LINK_UP) {
		log_warning("port", "%s: link is down", p->name);
		return;
	}
	if (link->link_speed == RTE_ETH_SPEED_NUM_NONE || link->link_speed == RTE_ETH_SPEED_NUM_UNKNOWN)
		log_notice("port", "%s: link is up", p->name);
	else
		log_notice("port", "%s: link is up, %u Mbit/s %s-duplex", p->name, link->link_speed,
			   link->link_duplex == RTE_ETH_LINK_FULL_DUPLEX ? "full" : "half");
}

static void
look(struct port *p)
{
	struct rte_eth_link link;
	bool up;

	p->ops->get_link(p, &link);
	up = link.link_status == RTE_ETH_LINK_UP;
	if (p->link_seen && up != p->link_up)
		say(p, &link);
	/* Another member may carry the frames of a bonding now, behind another port of the switch. */
	if (p->link_seen && up != p->link_up && (up || p->bond))
		port_tell(p->bond ? p->bond : p, PORT_LINK_UP);
	p->link_up = up;
	p->link_seen = true;
}

void
link_watch_tick(uint64_t now_ms)
{
	if (now_ms < due_ms)
		return;
	due_ms = now_ms + EVERY_MS;
	for (unsigned i = 0; i < nports; i++)
		if (ports[i]->started)
			look(ports[i]);
}

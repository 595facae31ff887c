/* SPDX-License-Identifier: Apache-2.0 */
#include "maddr.h"

#include <stdlib.h>

#include "core/log.h"

struct maddr_list maddrs = TAILQ_HEAD_INITIALIZER(maddrs);

static const union inet_ip all_nodes = {.b = {0xff, 0x02, [15] = 1}};
static const union inet_ip all_routers = {.b = {0xff, 0x02, [15] = 2}};

struct rte_ether_addr
maddr_mac(const union inet_ip *group)
{
	return (struct rte_ether_addr){{0x33, 0x33, group->b[12], group->b[13], group->b[14], group->b[15]}};
}

union inet_ip
maddr_solicited_node(const union inet_ip *ip)
{
	union inet_ip group = {.b = {0xff, 0x02, [11] = 1, [12] = 0xff}};

	memcpy(&group.b[13], &ip->b[13], 3);
	return group;
}

static struct maddr *
find(const struct port *p, const union inet_ip *group)
{
	struct maddr *m;

	TAILQ_FOREACH (m, &maddrs, next) {
		if (m->port == p && inet_ip_equal(&m->ip, group))
			return m;
	}
	return NULL;
}

static void
join(struct port *p, const union inet_ip *group)
{
	struct maddr *m = find(p, group);

	if (m) {
		m->users++;
		return;
	}
	m = calloc(1, sizeof(*m));
	if (!m) {
		log_err("net", "no memory for a multicast group of %s", p->name);
		return;
	}
	m->port = p;
	m->ip = *group;
	m->users = 1;
	m->mac = maddr_mac(group);
	TAILQ_INSERT_TAIL(&maddrs, m, next);
	if (port_mcast_add(p, &m->mac))
		log_warning(
		    "net",
		    "%s: the driver did not take a multicast address: IPv6 neighbours may not find us; "
		    "switch promiscuous mode on (dpip link set %s promisc on)",
		    p->name, p->name);
}

static void
leave(struct port *p, const union inet_ip *group)
{
	struct maddr *m = find(p, group);

	if (!m || --m->users > 0)
		return;
	TAILQ_REMOVE(&maddrs, m, next);
	port_mcast_del(p, &m->mac);
	free(m);
}

void
maddr_join_for(struct port *p, const union inet_ip *ip)
{
	union inet_ip group = maddr_solicited_node(ip);

	join(p, &group);
	join(p, &all_nodes);
	join(p, &all_routers);
}

void
maddr_leave_for(struct port *p, const union inet_ip *ip)
{
	union inet_ip group = maddr_solicited_node(ip);

	leave(p, &group);
	leave(p, &all_nodes);
	leave(p, &all_routers);
}

void
maddr_fini(void)
{
	struct maddr *m;

	while ((m = TAILQ_FIRST(&maddrs))) {
		TAILQ_REMOVE(&maddrs, m, next);
		free(m);
	}
}

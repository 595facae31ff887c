/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of a running port, and its multicast filter. Control lcore. */
#include "port_setup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/errors.h"
#include "core/log.h"
#include "port/bond.h"

static int
result(const struct port *p, const char *what, int rc)
{
	if (rc == 0)
		return EDPVS_OK;
	if (rc == -ENOTSUP)
		return EDPVS_NOTSUPP;
	log_warning("port", "port %s: %s: %s", p->name, what, strerror(-rc));
	return EDPVS_DPDKAPIFAIL;
}

static int
device_set_promisc(struct port *p, bool on)
{
	int rc = on ? rte_eth_promiscuous_enable(p->dpdk_id) : rte_eth_promiscuous_disable(p->dpdk_id);

	if (rc == 0)
		p->promisc = on;
	return result(p, "promiscuous mode", rc);
}

static int
device_set_allmulticast(struct port *p, bool on)
{
	int rc = on ? rte_eth_allmulticast_enable(p->dpdk_id) : rte_eth_allmulticast_disable(p->dpdk_id);

	if (rc == 0)
		p->allmulticast = on;
	return result(p, "all-multicast mode", rc);
}

static int
device_set_link(struct port *p, bool up)
{
	return result(p, up ? "link up" : "link down",
		      up ? rte_eth_dev_set_link_up(p->dpdk_id) : rte_eth_dev_set_link_down(p->dpdk_id));
}

static int
device_set_mac(struct port *p, const struct rte_ether_addr *mac)
{
	struct rte_ether_addr copy = *mac;

	return result(p, "MAC address", rte_eth_dev_default_mac_addr_set(p->dpdk_id, &copy));
}

static void
device_get_link(const struct port *p, struct rte_eth_link *link)
{
	memset(link, 0, sizeof(*link));
	/* A driver that cannot tell leaves zeros: down. */
	if (p->started)
		(void)rte_eth_link_get_nowait(p->dpdk_id, link);
}

static int
device_get_stats(const struct port *p, struct rte_eth_stats *s)
{
	int rc = rte_eth_stats_get(p->dpdk_id, s);

	if (rc == -ENOTSUP)
		return EDPVS_NOTSUPP;
	return rc ? EDPVS_DPDKAPIFAIL : EDPVS_OK;
}

static int
device_mcast(struct port *p, const struct rte_ether_addr *mac, bool add)
{
	return port_mcast_push(p);
}

const struct port_ops port_device_ops = {
    .set_promisc = device_set_promisc,
    .set_allmulticast = device_set_allmulticast,
    .set_link = device_set_link,
    .set_mac = device_set_mac,
    .mcast_push = device_mcast,
    .get_link = device_get_link,
    .get_stats = device_get_stats,
};

int
port_set_promisc(struct port *p, bool on)
{
	return p->ops->set_promisc ? p->ops->set_promisc(p, on) : EDPVS_NOTSUPP;
}

int
port_set_tc_egress(struct port *p, bool on)
{
	p->tc_egress = on;
	port_tell(p, PORT_TC);
	return EDPVS_OK;
}

int
port_set_tc_ingress(struct port *p, bool on)
{
	if (on && p->layer3)
		return EDPVS_NOTSUPP;
	p->tc_ingress = on;
	port_tell(p, PORT_TC);
	return EDPVS_OK;
}

int
port_set_allmulticast(struct port *p, bool on)
{
	return p->ops->set_allmulticast ? p->ops->set_allmulticast(p, on) : EDPVS_NOTSUPP;
}

int
port_set_link(struct port *p, bool up)
{
	return p->ops->set_link ? p->ops->set_link(p, up) : EDPVS_NOTSUPP;
}

int
port_set_lldp(struct port *p, bool on)
{
	if (p->ops != &port_device_ops || bond_is(p))
		return EDPVS_NOTSUPP;
	if (on && !conf.global.lldp)
		return EDPVS_DISABLED;
	p->lldp = on;
	return EDPVS_OK;
}

/* VLANs have the address of their device unless they were given one of their own. */
static void
mac_changed(struct port *p, const struct rte_ether_addr *old)
{
	port_tell(p, PORT_MAC);
	for (unsigned i = nports; i < ports_end; i++)
		if (ports[i] && ports[i]->parent == p && rte_is_same_ether_addr(&ports[i]->mac, old)) {
			ports[i]->mac = p->mac;
			mac_changed(ports[i], old);
		}
}

int
port_set_mac(struct port *p, const struct rte_ether_addr *mac)
{
	struct rte_ether_addr old = p->mac;
	int rc;

	if (!rte_is_valid_assigned_ether_addr(mac))
		return EDPVS_INVAL;
	if (!p->ops->set_mac)
		return EDPVS_NOTSUPP;
	rc = p->ops->set_mac(p, mac);
	if (rc == EDPVS_OK) {
		p->mac = *mac;
		mac_changed(p, &old);
	}
	return rc;
}

int
port_mcast_push(struct port *p)
{
	struct rte_ether_addr *list;
	int rc;

	if (!p->started)
		return EDPVS_OK; /* ports_start() comes */
	list = calloc(p->nmcast ? p->nmcast : 1, sizeof(*list));
	if (!list)
		return EDPVS_NOMEM;
	for (unsigned i = 0; i < p->nmcast; i++)
		list[i] = p->mcast[i].mac;
	rc = rte_eth_dev_set_mc_addr_list(p->dpdk_id, list, p->nmcast);
	free(list);
	if (rc != -ENOTSUP && rc != -ENOSPC)
		return result(p, "multicast filter", rc);
	if (p->allmulticast || p->promisc)
		return EDPVS_OK;
	rc = device_set_allmulticast(p, true);
	/* Drivers of virtual devices without this call pass every frame. */
	return rc == EDPVS_NOTSUPP ? EDPVS_OK : rc;
}

static struct port_mcast *
mcast_find(struct port *p, const struct rte_ether_addr *mac)
{
	for (unsigned i = 0; i < p->nmcast; i++) {
		if (rte_is_same_ether_addr(&p->mcast[i].mac, mac))
			return &p->mcast[i];
	}
	return NULL;
}

int
port_mcast_add(struct port *p, const struct rte_ether_addr *mac)
{
	struct port_mcast *m = mcast_find(p, mac), *grown;

	if (!rte_is_multicast_ether_addr(mac))
		return EDPVS_INVAL;
	if (m) {
		m->users++;
		return EDPVS_OK;
	}
	grown = realloc(p->mcast, (p->nmcast + 1) * sizeof(*grown));
	if (!grown)
		return EDPVS_NOMEM;
	p->mcast = grown;
	p->mcast[p->nmcast++] = (struct port_mcast){.mac = *mac, .users = 1};
	return p->ops->mcast_push ? p->ops->mcast_push(p, mac, true) : EDPVS_OK;
}

int
port_mcast_del(struct port *p, const struct rte_ether_addr *mac)
{
	struct port_mcast *m = mcast_find(p, mac);
	struct rte_ether_addr gone = *mac;

	if (!m)
		return EDPVS_NOTEXIST;
	if (--m->users)
		return EDPVS_OK;
	*m = p->mcast[--p->nmcast];
	return p->ops->mcast_push ? p->ops->mcast_push(p, &gone, false) : EDPVS_OK;
}

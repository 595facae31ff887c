/* SPDX-License-Identifier: Apache-2.0 */
#include "port/vlan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rte_byteorder.h>
#include <rte_ether.h>

#include "core/errors.h"
#include "core/rcu.h"
#include "port/kernel.h"
#include "port_setup.h"

enum { ID_MASK = 0xfff };

/* ---- data path ---- */

static struct port *
lookup(uint16_t parent, uint16_t id)
{
	const struct port *p = rcu_read(ports[parent]);
	struct port **vlans = p ? rcu_read(p->vlans) : NULL;

	return vlans ? rcu_read(vlans[id]) : NULL;
}

/* The addresses of the frame move over the tag. */
static uint16_t
untag(struct rte_mbuf *m)
{
	uint8_t *eth = rte_pktmbuf_mtod(m, uint8_t *);
	uint16_t tci = (uint16_t)(eth[14] << 8 | eth[15]);

	memmove(eth + VLAN_TAG_LEN, eth, 2 * RTE_ETHER_ADDR_LEN);
	rte_pktmbuf_adj(m, VLAN_TAG_LEN);
	return tci & ID_MASK;
}

static bool
is_tagged(const struct rte_mbuf *m)
{
	const uint8_t *eth = rte_pktmbuf_mtod(m, const uint8_t *);

	return eth[12] == 0x81 && eth[13] == 0x00;
}

uint16_t
vlan_receive(struct worker *w, struct rte_mbuf *m, uint16_t port, enum drop_reason *why)
{
	struct port *vlan;
	uint32_t len = m->pkt_len - VLAN_TAG_LEN;
	uint16_t id;

	*why = DROP_ETH_TRUNCATED;
	if (m->data_len < RTE_ETHER_HDR_LEN + VLAN_TAG_LEN)
		return PORT_NONE;
	id = untag(m);
	*why = DROP_VLAN_UNKNOWN;
	/* A tag of 0 is a priority only, and one is enough: frames of nothing but tags end here. */
	if (id == 0)
		return is_tagged(m) ? PORT_NONE : port;
	vlan = lookup(port, id);
	if (!vlan)
		return PORT_NONE;
	*why = DROP_PORT_DOWN;
	if (!vlan->started)
		return PORT_NONE;
	vlan->counters[w->index].in_packets++;
	vlan->counters[w->index].in_bytes += len;
	if (unlikely(vlan->copies_to_kernel))
		kernel_copy(w, vlan, &m, 1);
	return vlan->id;
}

static void
vlan_tx(struct worker *w, struct port *p, struct rte_mbuf *m)
{
	struct port_counters *n = &p->counters[w->index];
	uint32_t len = m->pkt_len;

	m->vlan_tci = p->vlan_id;
	if (unlikely(rte_vlan_insert(&m))) {
		n->out_dropped++;
		worker_drop(w, m, DROP_VLAN_NO_ROOM);
		return;
	}
	n->out_packets++;
	n->out_bytes += len;
	port_tx(w, p->parent->id, m);
}

/* ---- control ---- */

static int
vlan_set_link(struct port *p, bool up)
{
	p->started = up;
	return EDPVS_OK;
}

static struct port *
device_below(struct port *p)
{
	while (p->parent)
		p = p->parent;
	return p;
}

/* An address of its own is one more in the filter of the device below. */
static void
mac_forget(struct port *p)
{
	struct port *device = device_below(p);
	struct rte_ether_addr mac = p->mac;

	if (!rte_is_same_ether_addr(&mac, &device->mac))
		(void)rte_eth_dev_mac_addr_remove(device->dpdk_id, &mac); /* not there: all frames pass */
}

static int
vlan_set_mac(struct port *p, const struct rte_ether_addr *mac)
{
	struct port *device = device_below(p);
	struct rte_ether_addr wanted = *mac;
	int rc = EDPVS_OK;

	/* A device without such a filter must take every frame. */
	if (!rte_is_same_ether_addr(mac, &device->mac) &&
	    rte_eth_dev_mac_addr_add(device->dpdk_id, &wanted, 0) && !device->promisc)
		rc = port_set_promisc(device, true);
	if (rc == EDPVS_OK)
		mac_forget(p);
	return rc;
}

static int
vlan_mcast(struct port *p, const struct rte_ether_addr *mac, bool add)
{
	return add ? port_mcast_add(p->parent, mac) : port_mcast_del(p->parent, mac);
}

static void
vlan_get_link(const struct port *p, struct rte_eth_link *link)
{
	p->parent->ops->get_link(p->parent, link);
	if (!p->started)
		link->link_status = RTE_ETH_LINK_DOWN;
}

static const struct port_ops vlan_ops = {
    .tx = vlan_tx,
    .set_link = vlan_set_link,
    .set_mac = vlan_set_mac,
    .mcast_push = vlan_mcast,
    .get_link = vlan_get_link,
    .get_stats = port_counters_read,
};

struct port *
vlan_find(const struct port *parent, uint16_t id)
{
	return parent->vlans && id < VLAN_IDS ? parent->vlans[id] : NULL;
}

int
vlan_add(struct port *parent, const char *name, uint16_t id)
{
	char made[PORT_NAME_MAX + 8];
	struct port *p;
	int err;

	if (id == 0 || id > VLAN_ID_MAX || parent->layer3 || parent->bond)
		return EDPVS_INVAL;
	snprintf(made, sizeof(made), "%s.%u", parent->name, id);
	if (!name || !name[0])
		name = made;
	if (strlen(name) >= ABI_IFNAMSIZ)
		return EDPVS_INVAL;
	if (vlan_find(parent, id))
		return EDPVS_EXIST;
	if (!parent->vlans) {
		struct port **vlans = calloc(VLAN_IDS, sizeof(struct port *));

		if (!vlans)
			return EDPVS_NOMEM;
		rcu_publish(parent->vlans, vlans);
	}
	p = port_make(name, &vlan_ops, parent, &err);
	if (!p)
		return err;
	p->vlan_id = id;
	parent->nabove++;
	rcu_publish(parent->vlans[id], p);
	port_publish(p);
	return EDPVS_OK;
}

int
vlan_del(struct port *p)
{
	if (p->nabove)
		return EDPVS_BUSY;
	rcu_publish(p->parent->vlans[p->vlan_id], (struct port *)NULL);
	p->parent->nabove--;
	mac_forget(p);
	port_remove(p);
	return EDPVS_OK;
}

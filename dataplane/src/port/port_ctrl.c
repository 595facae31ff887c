/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that change ports (54 and 55), and the registration of all messages of this layer. */
#include "port_setup.h"

#include <ctype.h>
#include <string.h>

#include "abi/link.h"
#include "core/errors.h"
#include "ctrl/ctrl.h"
#include "port/kernel.h"
#include "talkers.h"

/* A pair of switch bits and what they do. */
static const struct {
	uint16_t on, off;
	int (*set)(struct port *p, bool on);
} switches[] = {
    {NETIF_NIC_SET_F_PROMISC_ON, NETIF_NIC_SET_F_PROMISC_OFF, port_set_promisc},
    {NETIF_NIC_SET_F_ALLMULTICAST_ON, NETIF_NIC_SET_F_ALLMULTICAST_OFF, port_set_allmulticast},
    {NETIF_NIC_SET_F_LINK_STATUS_UP, NETIF_NIC_SET_F_LINK_STATUS_DOWN, port_set_link},
    {NETIF_NIC_SET_F_FORWARD2KNI_ON, NETIF_NIC_SET_F_FORWARD2KNI_OFF, kernel_set_copies},
    {NETIF_NIC_SET_F_TC_EGRESS_ON, NETIF_NIC_SET_F_TC_EGRESS_OFF, port_set_tc_egress},
    {NETIF_NIC_SET_F_TC_INGRESS_ON, NETIF_NIC_SET_F_TC_INGRESS_OFF, port_set_tc_ingress},
    {NETIF_NIC_SET_F_LLDP_ON, NETIF_NIC_SET_F_LLDP_OFF, port_set_lldp},
};

enum { NSWITCHES = sizeof(switches) / sizeof(switches[0]) };

/* aa:bb:cc:dd:ee:ff, any case; nothing before or behind. */
static bool
parse_mac(const char *text, struct rte_ether_addr *mac)
{
	for (unsigned i = 0; i < RTE_ETHER_ADDR_LEN; i++, text += 3) {
		unsigned v = 0;

		for (unsigned k = 0; k < 2; k++) {
			int c = tolower((unsigned char)text[k]);

			if (!isxdigit(c))
				return false;
			v = v << 4 | (unsigned)(isdigit(c) ? c - '0' : c - 'a' + 10);
		}
		if (text[2] != (i == RTE_ETHER_ADDR_LEN - 1 ? '\0' : ':'))
			return false;
		mac->addr_bytes[i] = (uint8_t)v;
	}
	return true;
}

/* Everything that can be refused without touching the device, so that a bad request changes nothing. */
static int
check_set(const struct netif_nic_set *set, struct rte_ether_addr *mac)
{
	for (unsigned i = 0; i < NSWITCHES; i++) {
		if ((set->flags & switches[i].on) && (set->flags & switches[i].off))
			return EDPVS_INVAL;
	}
	if (set->macaddr[0] && (!parse_mac(set->macaddr, mac) || !rte_is_valid_assigned_ether_addr(mac)))
		return EDPVS_INVAL;
	return EDPVS_OK;
}

static int
on_set_port(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct netif_nic_set set;
	struct rte_ether_addr mac;
	struct port *p;
	int rc;

	memcpy(&set, req->body, sizeof(set));
	set.pname[sizeof(set.pname) - 1] = '\0';
	set.macaddr[sizeof(set.macaddr) - 1] = '\0';
	p = port_by_name(set.pname);
	if (!p)
		return EDPVS_INVAL;
	rc = check_set(&set, &mac);
	for (unsigned i = 0; i < NSWITCHES && !rc; i++) {
		if (set.flags & (switches[i].on | switches[i].off))
			rc = switches[i].set(p, set.flags & switches[i].on);
	}
	if (!rc && set.macaddr[0])
		rc = port_set_mac(p, &mac);
	return rc;
}

static int
on_set_max(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	return EDPVS_INVAL;
}

void
port_ctrl_register(void)
{
	ctrl_register(SOCKOPT_NETIF_SET_PORT, on_set_port);
	ctrl_register(SOCKOPT_NETIF_SET_MAX, on_set_max);
	port_info_register();
	lcore_ctrl_register();
	load_ctrl_register();
	drop_ctrl_register();
	bond_ctrl_register();
	vlan_ctrl_register();
	ealmem_ctrl_register();
	mtu_ctrl_register();
	talkers_ctrl_register();
	kernel_flow_register();
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about bonding devices: 55 and 65. */
#include "port_setup.h"

#include <stdio.h>
#include <strings.h>

#include "port/bond.h"

/* By number of the driver. */
static const char *const policies[] = {"LAYER2", "LAYER23", "LAYER34"};

/* The port that a name field in a request names; NULL when it does not end or there is none. */
static struct port *
named(const char *field, size_t size)
{
	return memchr(field, '\0', size) ? port_by_name(field) : NULL;
}

static int
set_slave(struct port *bond, const struct netif_bond_set *set)
{
	struct port *p = named(set->param.slave, sizeof(set->param.slave));

	if (!p)
		return EDPVS_NODEV;
	return set->act == ACT_DEL ? bond_del(bond, p) : bond_add(bond, p);
}

static int
set_primary(struct port *bond, const struct netif_bond_set *set)
{
	const struct port *p = named(set->param.primary, sizeof(set->param.primary));

	return p ? bond_set_primary(bond, p) : EDPVS_NODEV;
}

static int
set_policy(struct port *bond, const struct netif_bond_set *set)
{
	if (!memchr(set->param.xmit_policy, '\0', sizeof(set->param.xmit_policy)))
		return EDPVS_INVAL;
	for (unsigned i = 0; i < RTE_DIM(policies); i++)
		if (!strcasecmp(set->param.xmit_policy, policies[i]))
			return bond_set_policy(bond, (uint8_t)i);
	return EDPVS_INVAL;
}

static int
on_set(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct netif_bond_set set;
	struct port *bond;

	(void)reply;
	memcpy(&set, req->body, sizeof(set));
	bond = named(set.name, sizeof(set.name));
	if (!bond || !bond_is(bond))
		return EDPVS_INVAL;
	if (set.opt == OPT_SLAVE && (set.act == ACT_ADD || set.act == ACT_DEL))
		return set_slave(bond, &set);
	if (set.act != ACT_SET)
		return EDPVS_INVAL;
	switch (set.opt) {
	case OPT_MODE:
		return bond_set_mode(bond, set.param.mode);
	case OPT_PRIMARY:
		return set_primary(bond, &set);
	case OPT_XMIT_POLICY:
		return set_policy(bond, &set);
	case OPT_LINK_MONITOR_INTERVAL:
		return bond_set_monitor(bond, set.param.link_monitor_interval);
	case OPT_LINK_DOWN_PROP:
		return bond_set_down_delay(bond, set.param.link_down_prop);
	case OPT_LINK_UP_PROP:
		return bond_set_up_delay(bond, set.param.link_up_prop);
	default:
		return EDPVS_INVAL;
	}
}

static int
on_status(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	const struct port *bond = port_of_request(req);
	struct netif_bond_status_get *out;
	struct bond_status now;
	int rc;

	if (!bond)
		return EDPVS_NOTEXIST;
	rc = bond_read(bond, &now);
	if (rc)
		return rc;
	out = ctrl_reply_add(reply, sizeof(*out));
	if (!out)
		return EDPVS_NOMEM;
	memset(out, 0, sizeof(*out));
	out->mode = now.mode;
	out->slave_nb = (int32_t)now.nmembers;
	out->active_nb = (int32_t)now.nactive;
	for (unsigned i = 0; i < now.nmembers; i++) {
		struct bond_slave_node *node = &out->slaves[i];

		snprintf(node->name, sizeof(node->name), "%s", now.member[i].port->name);
		port_mac_text(&now.member[i].port->mac, true, node->macaddr, sizeof(node->macaddr));
		node->is_active = now.member[i].active;
		node->is_primary = now.member[i].primary;
	}
	port_mac_text(&bond->mac, true, out->macaddr, sizeof(out->macaddr));
	snprintf(out->xmit_policy, sizeof(out->xmit_policy), "%s",
		 policies[now.xmit_policy % RTE_DIM(policies)]);
	out->link_monitor_interval = (int32_t)now.monitor_ms;
	out->link_down_prop_delay = (int32_t)now.down_delay_ms;
	out->link_up_prop_delay = (int32_t)now.up_delay_ms;
	return EDPVS_OK;
}

void
bond_ctrl_register(void)
{
	ctrl_register(SOCKOPT_NETIF_SET_BOND, on_set);
	ctrl_register(SOCKOPT_NETIF_GET_BOND_STATUS, on_status);
}

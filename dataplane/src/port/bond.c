/* SPDX-License-Identifier: Apache-2.0 */
#include "port/bond.h"
#include "port/isolated.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rte_eth_bond.h>
#include <rte_eth_bond_8023ad.h>

#include "core/log.h"
#include "port_setup.h"

#define DRIVER "net_bonding"

/* Declared by DPDK, but not every build of it exports them. */
#pragma weak rte_eth_bond_link_down_prop_delay_set
#pragma weak rte_eth_bond_link_up_prop_delay_set

/* The driver tells none of these times: the last that were set. kind_data of the port. */
struct bond_times {
	uint32_t monitor_ms, down_delay_ms, up_delay_ms;
};

enum { MONITOR_MS = 10 /* the driver's own choice */ };

bool
bond_is(const struct port *p)
{
	return p->ops == &port_device_ops && p->info.driver_name && strcmp(p->info.driver_name, DRIVER) == 0;
}

static struct port *
device_of(uint16_t dpdk_id)
{
	for (unsigned i = 0; i < nports; i++)
		if (ports[i]->dpdk_id == dpdk_id)
			return ports[i];
	return NULL;
}

/* ---- start-up ---- */

/* bond0 and team0 are both number 0: DPDK's names have nothing but it. */
static bool
number_of(const char *name, unsigned long *number)
{
	const char *digits = name + strcspn(name, "0123456789");
	char *end;

	*number = strtoul(digits, &end, 10);
	return digits != name && *digits && !*end && *number <= UINT16_MAX;
}

static struct port *
member_named(const struct conf_port *block, const char *name)
{
	struct port *p = port_by_name(name);

	if (!p || bond_is(p))
		log_err("port", "bonding %s: its slave %s is none of the %u devices", block->name, name,
			nports);
	else if (p->bond)
		log_err("port", "bonding %s: its slave %s belongs to %s already", block->name, name,
			p->bond->name);
	else
		return p;
	return NULL;
}

static int
members_add(const struct conf_port *block, uint16_t id, struct port **primary)
{
	*primary = NULL;
	for (int i = 0; i < block->nslaves; i++) {
		struct port *p = member_named(block, block->slave[i]);

		if (!p)
			return EDPVS_INVAL;
		if (rte_eth_bond_slave_add(id, p->dpdk_id)) {
			log_err("port", "bonding %s: the driver does not take %s (%s) as a slave",
				block->name, p->name, p->info.driver_name);
			return EDPVS_DPDKAPIFAIL;
		}
		if (block->primary[0] ? !strcmp(block->primary, p->name) : i == 0)
			*primary = p;
	}
	if (*primary)
		return EDPVS_OK;
	log_err("port", "bonding %s: %s", block->name,
		block->nslaves ? "its primary is none of its slaves" : "it has no slave");
	return EDPVS_INVAL;
}

/* options NAME=VALUE;… */
static bool
wants_dedicated_queues(const struct conf_port *block)
{
	return !strstr(block->bond_options, "dedicated_queues=off");
}

static void
lacp_set_up(const struct conf_port *block, uint16_t id)
{
	if (wants_dedicated_queues(block) && rte_eth_bond_8023ad_dedicated_queues_enable(id))
		log_notice("port",
			   "bonding %s: its slaves cannot steer LACP to a queue of its own; LACP shares the "
			   "others (options dedicated_queues=off asks for none)",
			   block->name);
}

int
bond_create(const struct conf_port *block, uint16_t *dpdk_id, struct port **primary)
{
	char name[32];
	unsigned long number;
	int id, rc;

	if (!number_of(block->name, &number)) {
		log_err("port", "bonding %s: its name must be letters and a number, such as bond0",
			block->name);
		return EDPVS_INVAL;
	}
	snprintf(name, sizeof(name), DRIVER "%lu", number);
	id = rte_eth_bond_create(name, (uint8_t)block->bond_mode, (uint8_t)block->bond_numa_node);
	if (id < 0) {
		log_err("port", "bonding %s: DPDK does not make %s in mode %d: is there another %lu?",
			block->name, name, block->bond_mode, number);
		return EDPVS_DPDKAPIFAIL;
	}
	*dpdk_id = (uint16_t)id;
	rc = members_add(block, *dpdk_id, primary);
	if (rc)
		return rc;
	if (rte_eth_bond_primary_set(*dpdk_id, (*primary)->dpdk_id) ||
	    rte_eth_bond_mac_address_set(*dpdk_id, &(*primary)->mac))
		log_warning("port", "bonding %s: the driver keeps the MAC address of another slave than %s",
			    block->name, (*primary)->name);
	if (block->bond_mode == BOND_MODE_LACP)
		lacp_set_up(block, *dpdk_id);
	return EDPVS_OK;
}

void
bond_claim(struct port *bond)
{
	uint16_t id[RTE_MAX_ETHPORTS];
	int n = rte_eth_bond_slaves_get(bond->dpdk_id, id, RTE_MAX_ETHPORTS);

	for (int i = 0; i < n; i++) {
		struct port *p = device_of(id[i]);

		if (!p)
			continue;
		p->bond = bond;
		bond->nmembers++;
	}
	bond->lacp = rte_eth_bond_mode_get(bond->dpdk_id) == BONDING_MODE_8023AD;
	bond->kind_data = calloc(1, sizeof(struct bond_times));
	if (bond->kind_data)
		((struct bond_times *)bond->kind_data)->monitor_ms = MONITOR_MS;
}

void
bond_started(struct port *bond)
{
	/* What members receive in vain is dropped here all the same (OTHER_HOST). */
	if (port_set_allmulticast(bond, true) && port_set_promisc(bond, true))
		log_warning(
		    "port",
		    "bonding %s: its slaves have neither all-multicast nor promiscuous mode: in mode 4 "
		    "broadcasts such as ARP do not arrive",
		    bond->name);
}

void
bond_destroy(struct port *bond)
{
	char name[RTE_ETH_NAME_MAX_LEN];

	if (rte_eth_dev_get_name_by_port(bond->dpdk_id, name) == 0)
		(void)rte_eth_bond_free(name);
}

/* ---- as it is ---- */

int
bond_read(const struct port *bond, struct bond_status *out)
{
	uint16_t members[RTE_MAX_ETHPORTS], active[RTE_MAX_ETHPORTS];
	const struct bond_times *times = bond->kind_data;
	int n, nactive;

	memset(out, 0, sizeof(*out));
	if (!bond_is(bond))
		return EDPVS_INVAL;
	n = rte_eth_bond_slaves_get(bond->dpdk_id, members, RTE_MAX_ETHPORTS);
	nactive = rte_eth_bond_active_slaves_get(bond->dpdk_id, active, RTE_MAX_ETHPORTS);
	out->mode = (uint8_t)rte_eth_bond_mode_get(bond->dpdk_id);
	out->xmit_policy = (uint8_t)rte_eth_bond_xmit_policy_get(bond->dpdk_id);
	if (times) {
		out->monitor_ms = times->monitor_ms;
		out->down_delay_ms = times->down_delay_ms;
		out->up_delay_ms = times->up_delay_ms;
	}
	for (int i = 0; i < n && out->nmembers < BOND_MEMBERS_MAX; i++) {
		const struct port *p = device_of(members[i]);
		unsigned m = out->nmembers;

		if (!p)
			continue;
		out->member[m].port = p;
		out->member[m].primary = rte_eth_bond_primary_get(bond->dpdk_id) == members[i];
		for (int k = 0; k < nactive; k++)
			out->member[m].active |= active[k] == members[i];
		out->nactive += out->member[m].active;
		out->nmembers++;
	}
	return EDPVS_OK;
}

/* ---- changes ---- */

static int
done(const struct port *bond, const char *what, int rc)
{
	if (rc == 0)
		return EDPVS_OK;
	log_warning("port", "bonding %s: %s: the driver refuses it (%d)", bond->name, what, rc);
	return EDPVS_DPDKAPIFAIL;
}

int
bond_set_mode(struct port *bond, int mode)
{
	int rc, started;

	if (!bond_is(bond) || mode < 0 || mode > BOND_MODE_MAX)
		return EDPVS_INVAL;
	if (mode == rte_eth_bond_mode_get(bond->dpdk_id))
		return EDPVS_OK;
	if (!lcores_pause())
		return EDPVS_MSG_DROP;
	rte_eth_dev_stop(bond->dpdk_id);
	rc = rte_eth_bond_mode_set(bond->dpdk_id, (uint8_t)mode);
	started = rte_eth_dev_start(bond->dpdk_id);
	bond->lacp = rte_eth_bond_mode_get(bond->dpdk_id) == BONDING_MODE_8023AD;
	lcores_resume();
	return done(bond, "mode", rc ? rc : started);
}

int
bond_add(struct port *bond, struct port *device)
{
	int rc;

	if (!bond_is(bond) || device->ops != &port_device_ops || bond_is(device))
		return EDPVS_INVAL;
	if (device->bond || device->nabove)
		return EDPVS_BUSY;
	port_tell(device, PORT_JOINING);
	if (!lcores_pause())
		return EDPVS_MSG_DROP;
	port_detach(device);
	if (device->started)
		rte_eth_dev_stop(device->dpdk_id);
	rc = rte_eth_bond_slave_add(bond->dpdk_id, device->dpdk_id);
	device->started = rc == 0;
	if (rc == 0) {
		device->bond = bond;
		bond->nmembers++;
	}
	lcores_resume();
	return done(bond, "another slave", rc);
}

int
bond_del(struct port *bond, struct port *member)
{
	int rc;

	if (!bond_is(bond))
		return EDPVS_INVAL;
	if (member->bond != bond)
		return EDPVS_NOTEXIST;
	if (!lcores_pause())
		return EDPVS_MSG_DROP;
	rc = rte_eth_bond_slave_remove(bond->dpdk_id, member->dpdk_id);
	if (rc == 0) {
		rte_eth_dev_stop(member->dpdk_id);
		member->started = false;
		member->bond = NULL;
		bond->nmembers--;
	}
	lcores_resume();
	return done(bond, "one slave less", rc);
}

int
bond_set_primary(struct port *bond, const struct port *member)
{
	if (!bond_is(bond))
		return EDPVS_INVAL;
	if (member->bond != bond)
		return EDPVS_NOTEXIST;
	return done(bond, "primary", rte_eth_bond_primary_set(bond->dpdk_id, member->dpdk_id));
}

int
bond_set_policy(struct port *bond, uint8_t policy)
{
	if (!bond_is(bond) || policy > BALANCE_XMIT_POLICY_LAYER34)
		return EDPVS_INVAL;
	return done(bond, "xmit policy", rte_eth_bond_xmit_policy_set(bond->dpdk_id, policy));
}

int
bond_set_monitor(struct port *bond, int ms)
{
	struct bond_times *t = bond->kind_data;
	int rc;

	if (!bond_is(bond) || ms <= 0)
		return EDPVS_INVAL;
	rc = rte_eth_bond_link_monitoring_set(bond->dpdk_id, (uint32_t)ms);
	if (rc == 0 && t)
		t->monitor_ms = (uint32_t)ms;
	return done(bond, "monitor interval", rc);
}

/* set may be absent. */
static int
set_delay(struct port *bond, const char *what, int (*set)(uint16_t id, uint32_t ms), int ms, size_t kept)
{
	int rc;

	if (!bond_is(bond) || ms < 0)
		return EDPVS_INVAL;
	if (!set)
		return EDPVS_NOTSUPP;
	rc = set(bond->dpdk_id, (uint32_t)ms);
	if (rc == 0 && bond->kind_data)
		memcpy((char *)bond->kind_data + kept, &ms, sizeof(ms));
	return done(bond, what, rc);
}

int
bond_set_down_delay(struct port *bond, int ms)
{
	return set_delay(bond, "delay of link down", rte_eth_bond_link_down_prop_delay_set, ms,
			 offsetof(struct bond_times, down_delay_ms));
}

int
bond_set_up_delay(struct port *bond, int ms)
{
	return set_delay(bond, "delay of link up", rte_eth_bond_link_up_prop_delay_set, ms,
			 offsetof(struct bond_times, up_delay_ms));
}

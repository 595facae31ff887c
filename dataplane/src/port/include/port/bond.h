/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bonding devices: several devices that act as one, by DPDK's bonding driver, in all of its modes: 0
 * round-robin, 1 active-backup, 2 balance-xor, 3 broadcast, 4 802.3ad (LACP), 5 balance-tlb, 6 balance-alb. A
 * bonding is a device like others; its members are not used by themselves any more.
 */
#ifndef PORT_BOND_H
#define PORT_BOND_H

#include "port/port.h"

struct conf_port;

enum { BOND_MODE_LACP = 4, BOND_MODE_MAX = 6, BOND_MEMBERS_MAX = 32 };

/* What a bonding is and does now. Times in milliseconds. */
struct bond_status {
	uint8_t mode;
	uint8_t xmit_policy; /* BALANCE_XMIT_POLICY_* of rte_eth_bond.h */
	unsigned nmembers, nactive;
	struct {
		const struct port *port;
		bool active, primary;
	} member[BOND_MEMBERS_MAX];
	uint32_t monitor_ms, down_delay_ms, up_delay_ms;
};

bool bond_is(const struct port *p);

/* All below: control lcore; 0 or a negative EDPVS code. */

/* Start-up, before queues are configured. Makes DPDK's device over the members that a block names, and takes
 * them. *dpdk_id is its id, *primary the member that gives MAC and queue settings. Errors are logged. */
int bond_create(const struct conf_port *block, uint16_t *dpdk_id, struct port **primary);
/* Start-up: the members of a bonding belong to its port from now on. */
void bond_claim(struct port *bond);
/* The bonding has started: it must let broadcasts pass, which LACP's way of receiving takes for multicast. */
void bond_started(struct port *bond);
/* Shutdown; the device is stopped and its members are free. */
void bond_destroy(struct port *bond);

/* Each EDPVS_INVAL for a port that is no bonding. */
int bond_read(const struct port *bond, struct bond_status *out);
/* The bonding stops for the change. EDPVS_MSG_DROP: a worker does not come to rest. */
int bond_set_mode(struct port *bond, int mode);
/* A device that is a port of its own becomes a member: it loses its addresses, routes and queues.
 * EDPVS_BUSY: there are devices on it, or it is a member already. */
int bond_add(struct port *bond, struct port *device);
/* The device is used again as a port of its own after a restart. */
int bond_del(struct port *bond, struct port *member);
int bond_set_primary(struct port *bond, const struct port *member);
int bond_set_policy(struct port *bond, uint8_t policy);
int bond_set_monitor(struct port *bond, int ms);
int bond_set_down_delay(struct port *bond, int ms);
int bond_set_up_delay(struct port *bond, int ms);

#endif

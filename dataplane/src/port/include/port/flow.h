/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flow rules of devices (rte_flow): frames of a kind go to a receive queue of our choice. A device without
 * them changes nothing but who has to hand packets over to another worker. Control lcore.
 */
#ifndef PORT_FLOW_H
#define PORT_FLOW_H

#include <rte_flow.h>

#include "base/inet.h"
#include "port/port.h"

/* TCP or UDP of one address to the local ports with (port & mask) == value, or all IP packets to the address.
 */
struct port_flow_key {
	union inet_ip ip;     /* destination */
	uint8_t af;	      /* INET_AF_* */
	uint8_t proto;	      /* PKT_PROTO_TCP, PKT_PROTO_UDP, or 0: whatever */
	uint16_t value, mask; /* host byte order */
};

struct port_flow; /* a rule in a device */

/* What a device can do with rules; tests put their own in the place of DPDK's. */
struct port_flow_api {
	int (*validate)(uint16_t dpdk_id, const struct rte_flow_attr *attr,
			const struct rte_flow_item pattern[], const struct rte_flow_action actions[],
			struct rte_flow_error *error);
	struct rte_flow *(*create)(uint16_t dpdk_id, const struct rte_flow_attr *attr,
				   const struct rte_flow_item pattern[],
				   const struct rte_flow_action actions[], struct rte_flow_error *error);
	int (*destroy)(uint16_t dpdk_id, struct rte_flow *flow, struct rte_flow_error *error);
};
extern const struct port_flow_api *port_flow_api;

/*
 * Brings what matches, as received on the port (a device, or a VLAN of one), to a queue that the worker of
 * this index polls (RXQ_KERNEL: the kernel lcore). NULL: the device takes no rules, or not this one, which is logged once for each device,
 * or the worker polls none of its queues.
 */
struct port_flow *port_flow_add(const struct port *p, const struct port_flow_key *key, unsigned worker);
/* Takes the rule out of the device. NULL: nothing. */
void port_flow_del(struct port_flow *flow);

#endif

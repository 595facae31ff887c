/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the port layer share. */
#ifndef PORT_PORT_SETUP_H
#define PORT_PORT_SETUP_H

#include <string.h>

#include "abi/link.h"
#include "core/conf.h"
#include "core/errors.h"
#include "ctrl/ctrl.h"
#include "port/port.h"
#include "queue_map.h"

/* Who serves which queue; set by ports_init(). */
extern struct queue_map port_queues;

/* One multicast address in a port's filter. */
struct port_mcast {
	struct rte_ether_addr mac;
	uint32_t users;
};

/* Block of a port in the configuration (or the default one); never NULL. */
const struct conf_port *port_conf(const struct port *p);

/* Configures the device and its queues as the queue map says. 0 or an EDPVS code, logged. */
int port_configure(struct port *p, struct rte_mempool *pool, bool one_pool);

/* Of DPDK's devices. */
extern const struct port_ops port_device_ops;
/* Frees what command has made; workers must have ended. */
void ports_forget(void);

/* Chooses the steering of a configured port. */
void port_choose_steering(struct port *p);
const char *port_steering_text(const struct port *p);

/* Writes all multicast addresses of the port to the device. */
int port_mcast_push(struct port *p);

/* Fills the counters of single queues; s are the basic statistics of the port. */
void port_queue_stats(const struct port *p, const struct rte_eth_stats *s, struct netif_nic_stats_get *out);

/* Of the ports that are DPDK's devices, those that are no bondings. */
extern unsigned ndevices;

/* The port does not run (any more): no worker polls it or sends to it. Workers are not there yet, or pause. */
void port_detach(const struct port *p);

/* The port whose name is the request's body, up to 31 bytes and NUL terminated unless the body ends first. */
struct port *port_of_request(const struct ctrl_request *req);
/* aa:bb:cc:dd:ee:ff, or in upper case. */
void port_mac_text(const struct rte_ether_addr *mac, bool upper, char *out, size_t size);

/* Appends n bytes to a reply. 0 or EDPVS_NOMEM. */
static inline int
reply_copy(struct ctrl_reply *reply, const void *bytes, size_t n)
{
	void *at = ctrl_reply_add(reply, n);

	if (!at)
		return EDPVS_NOMEM;
	memcpy(at, bytes, n);
	return EDPVS_OK;
}

/* Control messages, one file each. */
/* Flows of addresses to the kernel: messages 99 to 102. */
void kernel_flow_register(void);
void kernel_flow_fini(void);
void port_info_register(void);
void lcore_ctrl_register(void);
void load_ctrl_register(void);
void drop_ctrl_register(void);
void vlan_ctrl_register(void);
void bond_ctrl_register(void);
void ealmem_ctrl_register(void);
void mtu_ctrl_register(void);

#endif

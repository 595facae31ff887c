/* SPDX-License-Identifier: Apache-2.0 */
/* Network interfaces of the kernel by their names, whatever made them. 0 or a negative errno. Control lcore. */
#ifndef PORT_KERNEL_NETDEV_H
#define PORT_KERNEL_NETDEV_H

#include <stdint.h>
#include <rte_ether.h>

int kernel_netdev_set_mac(const char *name, const struct rte_ether_addr *mac);
int kernel_netdev_set_mtu(const char *name, uint16_t mtu);

/* Multicast link addresses that the kernel wants to receive on it, at most max. Their number. */
unsigned kernel_netdev_mcast(const char *name, struct rte_ether_addr *out, unsigned max);

#endif

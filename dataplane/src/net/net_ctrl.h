/* SPDX-License-Identifier: Apache-2.0 */
/* Registration of this layer's control messages, one function per family. */
#ifndef NET_CTRL_H
#define NET_CTRL_H

#include <string.h>

#include "port/port.h"

void addr_ctrl_register(void);	 /* 47 to 52 */
void route_ctrl_register(void);	 /* 28 to 35 */
void neigh_ctrl_register(void);	 /* 16, 70 to 72 */
void ip6_stats_ctrl_register(void); /* 93 */
void lldp_ctrl_register(void); /* 69 */
void tunnel_ctrl_register(void); /* 94 to 98 */

/* The port that a 16-byte name field on the wire names; NULL when there is none. */
static inline struct port *
ctrl_port(const char ifname[16])
{
	char name[17] = "";

	memcpy(name, ifname, 16);
	return port_by_name(name);
}

/* Fills such a field. */
static inline void
ctrl_put_name(char ifname[16], const struct port *p)
{
	memset(ifname, 0, 16);
	memcpy(ifname, p->name, strnlen(p->name, 15));
}

#endif

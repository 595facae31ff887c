/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Link layer discovery (IEEE 802.1AB): what each device tells its neighbour, and what the neighbour told.
 * Active on a device when global_defs/lldp is on and the device's own switch is. Control lcore, but for
 * lldp_input().
 */
#ifndef NET_LLDP_H
#define NET_LLDP_H

#include "net/net.h"

/* Worker: a frame of EtherType 0x88cc; data at its Ethernet header. Ownership passes. */
void lldp_input(struct worker *w, struct rte_mbuf *m, const struct pkt *p);
/* The same on the control lcore. Ownership passes. */
void lldp_control(struct rte_mbuf *m);

/* Announces what is due, forgets neighbours whose time is over, follows the switches. */
void lldp_tick(uint64_t now_ms);
void lldp_fini(void);

/* Texts of at most size bytes, NUL included. 0, or EDPVS_NOTEXIST: nothing was heard, or nothing is told. */
int lldp_local_text(const struct port *p, char *out, size_t size);
int lldp_neighbour_text(const struct port *p, char *out, size_t size);

#endif

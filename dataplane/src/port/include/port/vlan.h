/* SPDX-License-Identifier: Apache-2.0 */
/*
 * VLAN devices, IEEE 802.1Q: ports that send and receive the frames with one tag of another port. They have
 * the MAC and MTU of that port, counters of their own, and can be parents of further VLANs themselves.
 */
#ifndef PORT_VLAN_H
#define PORT_VLAN_H

#include "port/port.h"

enum { VLAN_ID_MAX = 4094, VLAN_IDS = 4096, VLAN_TAG_LEN = 4 };

/* Control lcore. Makes a device of a parent; name NULL or empty: PARENT.ID. 0, EDPVS_INVAL (id, or a name
 * that is too long), EDPVS_EXIST (the id on the parent, or the name), EDPVS_NOMEM, EDPVS_RESOURCE. */
int vlan_add(struct port *parent, const char *name, uint16_t id);
/* Takes it away with its addresses, routes and neighbours. 0 or EDPVS_BUSY: it is a parent itself. */
int vlan_del(struct port *p);
/* The device of an id of a parent; NULL: none. */
struct port *vlan_find(const struct port *parent, uint16_t id);
static inline bool
vlan_is(const struct port *p)
{
	return p->vlan_id != 0;
}

/*
 * Data path: takes the outer tag from a frame (EtherType 0x8100 is at its place) that was received on a port.
 * Returns the id of the port that the rest of the frame is received on: a VLAN, or the same port for tag 0,
 * which has a priority only. PORT_NONE with *why: to be dropped.
 */
uint16_t vlan_receive(struct worker *w, struct rte_mbuf *m, uint16_t port, enum drop_reason *why);

#endif

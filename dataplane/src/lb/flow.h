/* SPDX-License-Identifier: Apache-2.0 */
/* Flow lookups for packets that do not come in a vector (input.c). */
#ifndef LB_FLOW_H
#define LB_FLOW_H

#include "lb_worker.h"

/* Of a packet's addresses (at p->l3), ports and protocol. */
uint32_t lb_flow_hash(const struct pkt *p);
/* The connection and direction of a packet whose p->hash is set; CONN_NONE when there is none. */
uint32_t lb_flow_find(const struct conn_table *t, const struct pkt *p);
/* The index of the worker that has the connection of a packet which no connection here knows, or is to open
 * it. */
unsigned lb_flow_owner(const struct worker *w, const struct pkt *p);

/* Relays an ICMP error about a packet of a connection (icmp_relay.c). True: it was one, and m is taken. */
bool lb_icmp_error(struct worker *w, struct rte_mbuf *m, struct pkt *p);

#endif

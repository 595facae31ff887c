/* SPDX-License-Identifier: Apache-2.0 */
/* Flow lookups for packets that do not come in a vector (input.c). */
#ifndef LB_FLOW_H
#define LB_FLOW_H

#include "lb_worker.h"

/* Of a packet's addresses (at p->l3), ports and protocol. */
uint32_t lb_flow_hash(const struct pkt *p);
/* The connection and direction of a packet whose p->hash is set; CONN_NONE when there is none. */
uint32_t lb_flow_find(const struct conn_table *t, const struct pkt *p);
/* A packet that no connection here knows: passes it on to the next worker that may have its connection, or
 * that is to open it, and true. False: it is for this one to open, or to refuse. p->port and PKT_F_HANDED are
 * those of m. */
bool lb_flow_pass_on(struct worker *w, struct rte_mbuf *m, const struct pkt *p);

/* A packet that no connection here knows: passes it on, opens a connection for it, or drops it. False: none
 * of our business. p->hash is set. */
bool lb_flow_miss(struct worker *w, struct rte_mbuf *m, struct pkt *p);

/* An ICMP message. True: it was an echo of a connection, or opened one, and m is taken (echo.c). */
bool lb_echo(struct worker *w, struct rte_mbuf *m, const struct pkt *p);

/* Relays an ICMP error about a packet of a connection (icmp_relay.c). True: it was one, and m is taken. */
bool lb_icmp_error(struct worker *w, struct rte_mbuf *m, struct pkt *p);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PROXY headers for real servers behind FullNAT and NAT64. Connections have the task MORE_T_PROXY until the
 * server has the header (TCP: has acknowledged it), and while they close, because a SYN may open them anew.
 */
#ifndef LB_PROXY_H
#define LB_PROXY_H

#include "lb_worker.h"

#include "packet/icmp_error.h"

enum { PROXY_VERSION_MASK = 0xf, PROXY_INSECURE = 0x10 };

/* A connection opens, or opens anew: its server is to get a header if the service has one for the protocol.
 * conf: lb_attrs.proxy_protocol. True: it is. */
bool lb_proxy_start(struct conn_table *t, uint32_t idx, const struct pkt *p, uint8_t conf);

/* The server of a TCP connection has begun anew, with what the client counts as `first` for its first data.
 * True: it gets a header again. */
bool lb_proxy_again(struct conn_table *t, uint32_t idx, uint32_t first);

/* A TCP connection begins to close. */
void lb_proxy_closing(struct conn_table *t, uint32_t idx);

/* A packet of a connection with the task, before translation. True: m was dropped. */
bool lb_proxy_packet(struct worker *w, struct rte_mbuf *m, struct pkt *p, uint32_t idx, unsigned dir);

/*
 * An error about a packet to the server is to go to the client: what to add to the sequence number that it
 * quotes, beside the shift of the connection. An MTU is lowered by the header that will not fit otherwise.
 */
uint32_t lb_proxy_error(const struct conn_table *t, uint32_t idx, struct icmp_error *e);

#endif

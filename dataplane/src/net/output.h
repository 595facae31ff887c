/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ways out: of a worker (with net_path_tx() and net_output() of net/net.h) and of the control lcore, which
 * has no transmit queue of its own and gives whole frames to workers.
 */
#ifndef NET_OUTPUT_H
#define NET_OUTPUT_H

#include "net/net.h"

/* Worker: net_output() of an answer to what came in on a port; an IPv6 link-local destination is on that
 * port's link, whatever the routes say. */
void net_output_answer(struct worker *w, uint16_t port, int af, struct rte_mbuf *m);

/* Control lcore: an empty zeroed frame of len bytes for a port; *frame is its first byte. NULL (counted)
 * without buffer. */
struct rte_mbuf *control_frame(const struct port *p, uint16_t len, uint8_t **frame);

/* Control lcore: an IP packet (data at its header) to a valid adjacency, or to its destination. Ownership
 * passes. */
void control_adj_tx(uint32_t adj, struct rte_mbuf *m);
void control_output(int af, struct rte_mbuf *m);

/* Control lcore: the packet (data at its IP header) cannot be delivered: tells its sender, if that is
 * allowed. Ownership stays. */
void control_unreachable(int af, struct rte_mbuf *m);

#endif

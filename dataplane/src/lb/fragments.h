/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fragments of what may belong to a connection, put together in front of the flow lookup
 * (ipvs_defs/fragment_mode reassemble): packets to addresses of ours, from real servers that answer through
 * us, and those that a match service or a mark may be for. What is only routed goes on as it is.
 *
 * A worker holds a bounded number of datagrams and buffers for a bounded time. When it is full, the oldest
 * datagram goes: fragments of honest senders follow each other closely, so a flood of first fragments takes
 * the place of its own. All fragments of a datagram meet on one worker, by their key; the whole datagram then
 * goes to the owner of its flow like any other packet.
 */
#ifndef LB_FRAGMENTS_H
#define LB_FRAGMENTS_H

#include "lb_worker.h"

struct lb_fragments;

/* Registers the mark of mbufs; before any worker starts. 0 or EDPVS_NOMEM. */
int lb_fragments_init(void);
/* A table of one worker, which holds at most that many datagrams and buffers. NULL without memory. */
struct lb_fragments *lb_fragments_new(uint32_t datagrams, uint32_t buffers, uint32_t ttl_ms);
/* Frees the table and what it holds. NULL is allowed. */
void lb_fragments_free(struct lb_fragments *f);

/*
 * A packet with PKT_F_FRAGMENT. True: *m is taken, or dropped, as are those that may belong to a connection
 * while fragments are not put together. False: go on with *m and *p, which are what they were, or the whole
 * datagram.
 */
bool lb_fragment_input(struct worker *w, struct rte_mbuf **m, struct pkt *p);

/* Gives up datagrams whose time is over. Once a turn, when there is a table. */
void lb_fragments_tick(struct worker *w);

#endif

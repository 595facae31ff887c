/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SYN proxy: clients shake hands with us before a real server hears of them (packet/synproxy.h has the
 * bytes).
 *
 * A SYN for a service with the flag is answered, and nothing remembered. The ACK that brings the cookie back
 * opens a connection, is kept, and the real server gets a SYN. When that answers, what was kept goes on its
 * way, and sequence numbers are shifted from then on, because the client knows ours. FullNAT, NAT64 and NAT;
 * services that have servers with direct routing or tunnels are not proxied.
 */
#ifndef LB_SYNPROXY_H
#define LB_SYNPROXY_H

#include "open.h"

/* Draws the secret of the cookies; all workers have one. */
void lb_synproxy_init(void);

/*
 * A TCP packet without connection, for a service whose lists let its client pass. True: it is taken (a SYN
 * was answered, a stray segment reset). Else *why is why it is to be dropped, or DROP_NONE; o->by_cookie: the
 * handshake is complete. synproxy.c
 */
bool lb_synproxy_first(struct worker *w, struct lb_opening *o, enum drop_reason *why);
/*
 * A segment of no connection is dropped, and its sender told, so that it gives up at once (RFC 9293
 * 3.10.7.1). True: p is taken. False: no more resets for now, or none for such a packet; it is to be dropped.
 * synproxy.c
 */
bool lb_synproxy_reset(struct worker *w, struct pkt *p, enum drop_reason why);
/* Turns a SYN into the answer and sends it. Takes the packet. synproxy.c */
void lb_synproxy_answer(struct worker *w, struct pkt *p);
/* True when p brings back a cookie of ours; *o is what was agreed. synproxy.c */
bool lb_synproxy_cookie_good(const struct worker *w, const struct pkt *p, struct synproxy_options *o);

/* The connection was opened for the ACK p, which is taken: asks the real server. synproxy_conn.c */
void lb_synproxy_begin(struct worker *w, struct pkt *p, uint32_t idx, const struct synproxy_options *o);
/* A packet of such a connection. True: it is taken. synproxy_conn.c */
bool lb_synproxy_packet(struct worker *w, struct rte_mbuf *m, struct pkt *p, uint32_t idx, unsigned dir);
/* True when the connection lives on: the real server is asked again. synproxy_conn.c */
bool lb_synproxy_expired(struct worker *w, uint32_t idx);
/* Frees what waits for the real server. */
void lb_synproxy_forget(struct conn_more *more);

#endif

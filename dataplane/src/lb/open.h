/* SPDX-License-Identifier: Apache-2.0 */
/* A connection that is about to open: what the steps of the slow path (schedule.c) find out one after the
 * other. */
#ifndef LB_OPEN_H
#define LB_OPEN_H

#include "lb_worker.h"

#include "packet/synproxy.h"

struct lb_opening {
	struct pkt *p;
	struct lb_key key;	  /* what the packet is for: its destination */
	struct lb_sched_key ends; /* both ends of the packet, for schedulers */
	const struct lb_proto *proto;
	struct lb_service *svc; /* from lb_select() on */
	const struct lb_attrs *attrs;
	const struct lb_dest_set *dests;
	const struct lb_dest_view *dest; /* the server that was chosen */
	bool by_cookie; /* the packet completes a handshake with the SYN proxy, which agreed on these */
	struct synproxy_options syn;
	uint32_t tmpl; /* the template of a persistent service, or CONN_NONE */
};

/*
 * The service of the packet: sets svc, attrs and dests. DROP_NONE with svc NULL: none of our business.
 * select.c
 */
enum drop_reason lb_select(struct worker *w, struct lb_opening *o);

/* The server that the connection id of a packet to a QUIC service names; NULL when it names none that serves.
 * quic_dest.c */
const struct lb_dest_view *lb_quic_dest(const struct lb_opening *o);

/* Opens the connection for the chosen server and sets *ref (index << 1 | direction of the packet). DROP_NONE,
 * or why not. open.c */
enum drop_reason lb_open(struct worker *w, const struct lb_opening *o, uint32_t *ref);

/* The tuples of an SNAT connection, with a public port. snat.c */
enum drop_reason lb_snat_open(struct worker *w, const struct lb_opening *o, uint32_t idx,
			      struct conn_addrs *a);

/* Of persistent services (persist.c). Sets tmpl to the template of the client's network, and dest to its
 * server unless that does not serve any more. */
void lb_persist_choose(struct worker *w, struct lb_opening *o);
/* lb_open() with a template, which is made, or gets the chosen server, first. */
enum drop_reason lb_persist_open(struct worker *w, struct lb_opening *o, uint32_t *ref);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAT of one end: towards the real server only the destination changes, towards the client only the source.
 * The second tuple of a connection has the client itself as its local address, so both translations are those
 * of FullNAT.
 */
#include "translate.h"

void
lb_xmit_nat(struct worker *w, struct rte_mbuf *m, struct pkt *p, uint32_t idx, unsigned dir)
{
	struct conn_hot *c = &w->lb->t.hot[idx];

	if (c->proto == PKT_PROTO_TCP && dir == CONN_DIR_OUT)
		lb_tcp_note_server(c, p);
	lb_translate(&w->lb->t, idx, p, dir, 0);
	lb_conn_send(w, m, idx, dir, p->ip_len);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SNAT: what comes from inside gets the public address as its source, what comes back the host inside as its
 * destination. The ends of a connection are turned (snat.c), so both translations are those of NAT. The
 * identifier of an echo is translated like a port.
 */
#include "translate.h"

#include "packet/echo.h"

static void
translate_echo(const struct conn_table *t, uint32_t idx, struct pkt *p, unsigned dir)
{
	const struct conn_hot *c = &t->hot[idx];
	struct conn_addrs a;

	conn_addrs_get(t, idx, &a);
	if (dir == CONN_DIR_IN)
		echo_rewrite(p, &a.laddr, &a.raddr, c->rport);
	else
		echo_rewrite(p, &a.vaddr, &a.caddr, c->vport);
}

void
lb_xmit_snat(struct worker *w, struct rte_mbuf *m, struct pkt *p, uint32_t idx, unsigned dir)
{
	struct conn_hot *c = &w->lb->t.hot[idx];

	/* The first SYN acknowledges nothing. */
	if (c->proto == PKT_PROTO_TCP && dir == CONN_DIR_OUT && p->tcp_flags & TCP_ACK)
		lb_tcp_note_server(c, p);
	if (c->proto == PKT_PROTO_ICMP || c->proto == PKT_PROTO_ICMPV6)
		translate_echo(&w->lb->t, idx, p, dir);
	else
		lb_translate(&w->lb->t, idx, p, dir, 0);
	lb_conn_send(w, m, idx, dir, p->ip_len);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Direct routing: the packet goes to the real server's MAC as it is; the server has the virtual address too
 * and answers the client itself.
 */
#include "../send.h"

void
lb_xmit_dr(struct worker *w, struct rte_mbuf *m, struct pkt *p, uint32_t idx, unsigned dir)
{
	(void)dir;
	lb_conn_send(w, m, idx, CONN_DIR_IN, p->ip_len);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The forwarding modes. A new one: a file beside this one, and its cases here. */
#include "../lb_worker.h"

#include "packet/nat64.h"

void
lb_xmit_other(struct worker *w, struct rte_mbuf *m, struct pkt *p, uint32_t idx, unsigned dir)
{
	switch (w->lb->t.hot[idx].fwd) {
	case LB_FWD_NAT:
		lb_xmit_nat(w, m, p, idx, dir);
		return;
	case LB_FWD_SNAT:
		lb_xmit_snat(w, m, p, idx, dir);
		return;
	case LB_FWD_NAT64:
		lb_xmit_nat64(w, m, p, idx, dir);
		return;
	case LB_FWD_DR:
		lb_xmit_dr(w, m, p, idx, dir);
		return;
	case LB_FWD_TUNNEL:
		lb_xmit_tunnel(w, m, p, idx, dir);
		return;
	default:
		worker_drop(w, m, DROP_LB_FORWARD_MODE);
	}
}

int
lb_xmit_growth(const struct conn_hot *c, unsigned dir)
{
	if (c->fwd == LB_FWD_TUNNEL)
		return conn_rs_af(c) == INET_AF_V6 ? PKT_IP6_LEN : PKT_IP4_MIN;
	if (c->fwd == LB_FWD_NAT64)
		return dir == CONN_DIR_IN ? -NAT64_DIFFERENCE : NAT64_DIFFERENCE;
	return 0;
}

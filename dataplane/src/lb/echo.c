/* SPDX-License-Identifier: Apache-2.0 */
/* Echo requests and replies of connections, which have identifiers in place of ports (packet/echo.h). */
#include "flow.h"

#include "packet/echo.h"

bool
lb_echo(struct worker *w, struct rte_mbuf *m, const struct pkt *p)
{
	struct pkt q = *p;
	uint32_t ref;

	if (!lb_echo_balanced() || !echo_parse(&q))
		return false;
	q.hash = lb_flow_hash(&q);
	ref = lb_flow_find(&w->lb->t, &q);
	if (ref == CONN_NONE)
		return lb_flow_miss(w, m, &q);
	lb_forward(w, m, &q, ref);
	return true;
}

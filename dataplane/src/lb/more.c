/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a connection's conn_more when the connection times out or ends. */
#include "synproxy.h"

bool
lb_more_expired(struct worker *w, uint32_t idx)
{
	if (conn_task(&w->lb->t, idx, MORE_T_SYNPROXY))
		return lb_synproxy_expired(w, idx);
	/* A template is good for as long as connections follow it. */
	if (!(w->lb->t.hot[idx].flags & CONN_F_TEMPLATE))
		return false;
	if (w->lb->t.more[idx].controlled == 0) {
		lb_template_close(w, idx);
		return true;
	}
	w->lb->t.hot[idx].last_seen = conn_tick(w->now_ms);
	return true;
}

void
lb_more_close(struct worker *w, uint32_t idx)
{
	uint32_t tmpl = w->lb->t.more[idx].tmpl;

	lb_synproxy_forget(&w->lb->t.more[idx]);
	if (tmpl != CONN_NONE)
		w->lb->t.more[tmpl].controlled--;
}

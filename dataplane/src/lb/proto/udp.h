/* SPDX-License-Identifier: Apache-2.0 */
/* States of UDP connections (numbers of the control ABI), and the part of them that every packet needs. */
#ifndef LB_PROTO_UDP_H
#define LB_PROTO_UDP_H

#include <rte_branch_prediction.h>

#include "../lb_worker.h"

enum udp_state { UDP_NONE, UDP_ONEWAY, UDP_NORMAL, UDP_LAST, UDP_STATES };

/* A packet of a connection that is not UDP_NORMAL. */
void lb_udp_turn(struct worker *w, uint32_t idx, unsigned dir);

/* lb_proto_udp.track, as part of the caller: most packets change nothing. */
static inline void
lb_udp_track(struct worker *w, uint32_t idx, unsigned dir)
{
	if (unlikely(w->lb->t.hot[idx].state != UDP_NORMAL))
		lb_udp_turn(w, idx, dir);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* For packets that do not come in a vector. */
#include "lookup.h"

#include "flow.h"

uint32_t
lb_flow_hash(const struct pkt *p)
{
	return lookup_hash(p);
}

uint32_t
lb_flow_find(const struct conn_table *t, const struct pkt *p)
{
	return lookup_flow(t, p);
}

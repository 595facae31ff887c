/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A QUIC client that changes its address comes as a packet without connection. Its connection id, which its
 * server gave out, says where it belongs (packet/quic.h).
 */
#include "open.h"

#include "packet/quic.h"

enum { SVC_F_PERSISTENT = 1, SVC_F_QUIC = 0x800, DEST_F_AVAILABLE = 1, DEST_F_INHIBITED = 4 };

/* A quiesced server keeps the connections that it has, and this is one. */
static bool
serves(const struct lb_dest_view *d)
{
	return (d->flags & (DEST_F_AVAILABLE | DEST_F_INHIBITED)) == DEST_F_AVAILABLE;
}

const struct lb_dest_view *
lb_quic_dest(const struct lb_opening *o)
{
	const struct pkt *p = o->p;
	struct quic_server s;

	if ((o->attrs->flags & (SVC_F_QUIC | SVC_F_PERSISTENT)) != SVC_F_QUIC || p->proto != PKT_PROTO_UDP)
		return NULL;
	if (!quic_server_parse(p->l4 + PKT_UDP_LEN, p->avail - p->l3_len - PKT_UDP_LEN, &s))
		return NULL;
	for (uint32_t i = 0; i < o->dests->n; i++) {
		const struct lb_dest_view *d = &o->dests->d[i];

		/* A server without a port of its own has the packet's. */
		if (serves(d) && quic_server_is(&s, d->af, &d->ip, d->port_be ? d->port_be : p->dport))
			return d;
	}
	return NULL;
}

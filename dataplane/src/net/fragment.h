/* SPDX-License-Identifier: Apache-2.0 */
/* Packets that are longer than their path allows. */
#ifndef NET_FRAGMENT_H
#define NET_FRAGMENT_H

#include "net/net.h"

/*
 * Sends a packet, which starts at its IP header and may have several segments, in fragments that the path
 * allows. Each is a buffer of its own, because devices that free quickly want no shared ones. IPv6: the
 * identification is mbuf_meta(m)->frag_id. Ownership passes. Worker.
 */
void net_fragment_tx(struct worker *w, const struct net_path *path, int af, struct rte_mbuf *m);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "fragment.h"

#include "core/mbuf.h"
#include "packet/fragment.h"

/* One fragment: len bytes of the packet's payload from offset on. NULL: no buffer. */
static struct rte_mbuf *
cut(struct worker *w, const struct rte_mbuf *m, unsigned header, uint16_t offset, uint16_t len, bool more,
    uint32_t id)
{
	struct rte_mbuf *out = rte_pktmbuf_alloc(w->pool);
	const uint8_t *payload;
	uint8_t *at;

	if (!out)
		return NULL;
	at = rte_pktmbuf_mtod(out, uint8_t *);
	at += frag_header(rte_pktmbuf_mtod(m, const uint8_t *), header, offset, len, more, id, at);
	payload = rte_pktmbuf_read(m, header + offset, len, at);
	if (payload != at)
		memcpy(at, payload, len);
	out->data_len = (uint16_t)(at + len - rte_pktmbuf_mtod(out, uint8_t *));
	out->pkt_len = out->data_len;
	return out;
}

void
net_fragment_tx(struct worker *w, const struct net_path *path, int af, struct rte_mbuf *m)
{
	unsigned header = frag_unfragmentable(rte_pktmbuf_mtod(m, const uint8_t *), m->data_len);
	unsigned whole = header + (af == INET_AF_V6 ? FRAG_HEADER6 : 0u);
	uint32_t id = af == INET_AF_V6 ? mbuf_meta(m)->frag_id : 0;
	uint32_t total = m->pkt_len - header;
	uint16_t step;

	/* No room for 8 bytes of payload, or for the fragment in a buffer. */
	if (header == 0 || path->mtu < whole + 8 ||
	    path->mtu > rte_pktmbuf_data_room_size(w->pool) - RTE_PKTMBUF_HEADROOM) {
		w->ip6.frag_failed += af == INET_AF_V6;
		worker_drop(w, m, af == INET_AF_V6 ? DROP_IP6_TOO_BIG : DROP_IP4_FRAG_FAILED);
		return;
	}
	step = (uint16_t)((path->mtu - whole) & ~7u);
	for (uint32_t at = 0; at < total; at += step) {
		uint16_t len = (uint16_t)RTE_MIN(total - at, (uint32_t)step);
		struct rte_mbuf *out = cut(w, m, header, (uint16_t)at, len, at + len < total, id);

		/* The receiver has no use for the others. */
		if (!out) {
			worker_drops_add(w, DROP_NO_MBUF, 1);
			w->ip6.frag_failed += af == INET_AF_V6;
			break;
		}
		w->ip6.frag_made += af == INET_AF_V6;
		w->ip6.frag_done += af == INET_AF_V6 && at + len == total;
		net_path_tx(w, path, af, out);
	}
	rte_pktmbuf_free(m);
}

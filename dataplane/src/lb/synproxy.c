/* SPDX-License-Identifier: Apache-2.0 */
/* The SYN proxy without connections: SYNs are answered with a cookie, cookies that come back are looked at,
 * other segments reset. */
#include "synproxy.h"

#include <sys/random.h>

#include "base/hash.h"
#include "core/conf.h"
#include "packet/tcp.h"
#include "packet/tcp_packet.h"
#include "port/port.h"

enum {
	SVC_F_SYNPROXY = 8,
	MS_PER_MINUTE = 60000,
	RESET_TTL = 63,
	RESET_WINDOW_MS = 100,
	RESETS_PER_WINDOW = 100, /* for each worker */
};

static struct siphash_key cookie_key;

void
lb_synproxy_init(void)
{
	/* Without a source of randomness the secret of the hash tables is the best there is. */
	if (getrandom(&cookie_key, sizeof(cookie_key), 0) != (ssize_t)sizeof(cookie_key))
		memcpy(&cookie_key, hash_secret, sizeof(cookie_key));
}

static struct synproxy_tuple
tuple_of(const struct pkt *p)
{
	bool v6 = p->kind == PKT_IP6;
	int af = v6 ? INET_AF_V6 : INET_AF_V4;

	return (struct synproxy_tuple){.af = af,
				       .saddr = inet_ip_make(af, p->l3 + (v6 ? 8 : 12)),
				       .daddr = inet_ip_make(af, p->l3 + (v6 ? 24 : 16)),
				       .sport = p->sport,
				       .dport = p->dport};
}

static uint32_t
minute(const struct worker *w)
{
	return (uint32_t)(w->now_ms / MS_PER_MINUTE);
}

static struct synproxy_conf
answer_conf(void)
{
	return (struct synproxy_conf){.mss = (uint16_t)conf.ipvs.synproxy.mss,
				      .wscale = (uint8_t)conf.ipvs.synproxy.wscale,
				      .sack = conf.ipvs.synproxy.sack,
				      .timestamp = conf.ipvs.synproxy.timestamp,
				      .zero_window = conf.ipvs.synproxy.close_client_window &&
						     !conf.ipvs.synproxy.defer_rs_syn};
}

/* Sends the packet, whose TCP header of l4_len bytes is ready, back where it came from. */
static void
send_back(struct worker *w, struct pkt *p, const struct synproxy_tuple *t, unsigned l4_len, uint8_t ttl)
{
	uint8_t *eth = p->l3 - PKT_ETH_LEN, mac[PKT_MAC_LEN];
	struct rte_mbuf *m = p->buf;
	unsigned len = tcp_packet_finish(p->l3, t->af, &t->daddr, &t->saddr, l4_len, 0, ttl);

	memcpy(mac, eth, PKT_MAC_LEN);
	memcpy(eth, eth + PKT_MAC_LEN, PKT_MAC_LEN);
	memcpy(eth + PKT_MAC_LEN, mac, PKT_MAC_LEN);
	if (m->next) {
		rte_pktmbuf_free(m->next);
		m->next = NULL;
		m->nb_segs = 1;
	}
	m->data_len = (uint16_t)(PKT_ETH_LEN + len);
	m->pkt_len = m->data_len;
	port_tx(w, p->port, m);
}

void
lb_synproxy_answer(struct worker *w, struct pkt *p)
{
	struct synproxy_conf c = answer_conf();
	struct synproxy_tuple t = tuple_of(p);
	struct synproxy_options o = synproxy_options(p->l4, &c);
	uint32_t cookie = synproxy_cookie(&cookie_key, &t, tcp_seq(p->l4), minute(w), &o);

	if (unlikely(p->flags & PKT_F_OPTIONS)) {
		worker_drop(w, p->buf, DROP_SYNPROXY_OPTIONS);
		return;
	}
	synproxy_answer(p->l4, &c, cookie, (uint32_t)w->now_ms);
	send_back(w, p, &t, tcp_header_len(p->l4), (uint8_t)conf.ipvs.synproxy.ttl);
}

bool
lb_synproxy_cookie_good(const struct worker *w, const struct pkt *p, struct synproxy_options *o)
{
	struct synproxy_tuple t = tuple_of(p);

	return synproxy_check(&cookie_key, &t, tcp_seq(p->l4) - 1, tcp_ack(p->l4), minute(w), o);
}

static unsigned
payload(const struct pkt *p)
{
	return (unsigned)p->ip_len - p->l3_len - tcp_header_len(p->l4);
}

static bool
reset_allowed(struct worker *w)
{
	struct lb_worker *lb = w->lb;
	uint64_t window = w->now_ms / RESET_WINDOW_MS;

	if (lb->resets.window != window) {
		lb->resets.window = window;
		lb->resets.sent = 0;
	}
	return lb->resets.sent++ < RESETS_PER_WINDOW;
}

bool
lb_synproxy_reset(struct worker *w, struct pkt *p, enum drop_reason why)
{
	struct synproxy_tuple t = tuple_of(p);
	uint32_t seq = tcp_ack(p->l4), ack = tcp_seq(p->l4) + payload(p);

	if (p->flags & PKT_F_OPTIONS || !reset_allowed(w))
		return false;
	worker_drops_add(w, why, 1);
	tcp_packet_header(p->l4, t.dport, t.sport, seq, ack, TCP_RST | TCP_ACK, 0);
	send_back(w, p, &t, PKT_TCP_MIN, RESET_TTL);
	return true;
}

/* Hosts inside need no defence against the world that they ask. */
static bool
is_snat(const struct lb_opening *o)
{
	return o->svc->kind == LB_SERVICE_MATCH;
}

bool
lb_synproxy_first(struct worker *w, struct lb_opening *o, enum drop_reason *why)
{
	struct pkt *p = o->p;
	uint8_t flags = p->tcp_flags & (TCP_SYN | TCP_ACK | TCP_FIN | TCP_RST);

	if (flags == TCP_SYN) {
		if (likely(!(o->attrs->flags & SVC_F_SYNPROXY)) || o->dests->one_way || is_snat(o))
			return false;
		if (o->dests->sum_weight == 0) {
			*why = DROP_NO_DEST;
			return false;
		}
		lb_synproxy_answer(w, p);
		return true;
	}
	if (flags != TCP_ACK)
		return false;
	/* Without the flag as well: it may have been taken away meanwhile. */
	o->by_cookie = !is_snat(o) && lb_synproxy_cookie_good(w, p, &o->syn);
	if (!o->by_cookie)
		return lb_synproxy_reset(w, p, DROP_TCP_NOT_SYN);
	if (conf.ipvs.synproxy.defer_rs_syn && payload(p) == 0)
		*why = DROP_SYNPROXY_DEFERRED;
	return false;
}

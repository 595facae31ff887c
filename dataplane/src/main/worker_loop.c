/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of a packet through a worker, from receive to transmit. Each step is a function of the layer that
 * knows it:
 *
 *   port_rx -> pkt_parse -> lb_input --(not ours)--> net_input
 *                              |                        |
 *                              +--> rewrite, adjacency -+--> port_tx ... port_flush
 *                              +--> worker_handover (flow of another worker)
 *                              +--> worker.again (was in a tunnel: once more from pkt_parse on)
 *                              +--> worker_punt (control lcore: ARP, ND, unresolved neighbours)
 */
#include "main.h"

#include <pthread.h>
#include <string.h>
#include <rte_cycles.h>
#include <rte_ether.h>
#include <rte_prefetch.h>

#include "core/clock.h"
#include "core/conf.h"
#include "core/mbuf.h"
#include "core/rcu.h"
#include "core/worker.h"
#include "idle.h"
#include "lb/lb.h"
#include "net/net.h"
#include "packet/pkt.h"
#include "port/kernel.h"
#include "port/port.h"
#include "port/talkers.h"
#include "port/vlan.h"
#include "tc/tc.h"

enum { PREFETCH_AHEAD = 4 };

/* Six bytes at once: two loads of whole words each, no detour through memory. */
static inline uint64_t
mac_bits(const uint8_t *mac)
{
	uint32_t low;
	uint16_t high;

	memcpy(&low, mac, sizeof(low));
	memcpy(&high, mac + sizeof(low), sizeof(high));
	return low | (uint64_t)high << 32;
}

static uint8_t
frame_cast(const uint8_t *eth, const struct port *port)
{
	uint64_t dst = mac_bits(eth);

	if (likely(dst == mac_bits(port->mac.addr_bytes)))
		return PKT_HOST;
	if (dst == 0xffffffffffffull)
		return PKT_BROADCAST;
	return eth[0] & 1 ? PKT_MULTICAST : PKT_OTHERHOST;
}

/* A frame in several buffers: those behind its end go. */
static void
trim_chain(struct rte_mbuf *m, uint32_t len)
{
	struct rte_mbuf *last = m;
	uint32_t left = len;

	m->nb_segs = 1;
	for (; left > last->data_len; last = last->next) {
		left -= last->data_len;
		m->nb_segs++;
	}
	last->data_len = (uint16_t)left;
	rte_pktmbuf_free(last->next);
	last->next = NULL;
	m->pkt_len = len;
}

/* Ethernet pads short frames; what is behind the IP packet is not part of it and must not be forwarded. */
static inline void
trim_padding(struct rte_mbuf *m, const struct pkt *p)
{
	uint32_t len = (uint32_t)p->ip_len + PKT_ETH_LEN;

	if (likely(m->pkt_len == len))
		return;
	if (likely(m->nb_segs == 1)) {
		m->data_len = (uint16_t)len;
		m->pkt_len = len;
	} else {
		trim_chain(m, len);
	}
}

/* A packet that came from a device or out of a tunnel; what another worker hands over was counted there. */
static inline void
count_ip6(struct ip6_counters *c, const struct pkt *p)
{
	c->in_ecn[p->l3[1] >> 4 & 3]++;
	c->in_octets += p->ip_len;
	if (unlikely(p->l3[24] == 0xff)) {
		c->in_mcast_packets++;
		c->in_mcast_octets += p->ip_len;
	}
}

static void tagged_input(struct worker *w, struct rte_mbuf **m, unsigned n);
static void inner_input(struct worker *w);

/* Unicast frames for us go to the balancer first; the rest of the world's frames go to the network stack at
 * once. */
static void
frames_input(struct worker *w, struct rte_mbuf **m, unsigned n, uint16_t port_id, uint8_t flags)
{
	struct pkt p[WORKER_BURST];
	struct rte_mbuf *mine[WORKER_BURST];
	struct rte_mbuf *tagged[WORKER_BURST];
	uint16_t rest[WORKER_BURST];
	const struct port *from = port_id == PORT_NONE ? NULL : ports[port_id];
	unsigned ours = 0, nrest, ntagged = 0;

	for (unsigned i = 0; i < n && i < PREFETCH_AHEAD; i++)
		rte_prefetch0(rte_pktmbuf_mtod(m[i], void *));
	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *b = m[i];
		uint8_t *eth = rte_pktmbuf_mtod(b, uint8_t *);
		struct pkt *q = &p[ours];
		enum drop_reason why;

		if (i + PREFETCH_AHEAD < n)
			rte_prefetch0(rte_pktmbuf_mtod(m[i + PREFETCH_AHEAD], void *));
		q->buf = b;
		if (unlikely(port_id == PORT_NONE)) {
			from = rcu_read(ports[mbuf_meta(b)->port]);
			if (!from) { /* a device that went while the frame was on its way */
				worker_drop(w, b, DROP_PORT_DOWN);
				continue;
			}
		}
		q->port = from->id;
		q->flags = flags;
		if ((b->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_GOOD)
			q->flags |= PKT_F_CSUM_OK;
		why = pkt_parse(q, eth, b->data_len, b->pkt_len);
		if (unlikely(why)) {
			w->ip6.in_malformed +=
			    why == DROP_IP6_TRUNCATED || why == DROP_IP6_HEADER || why == DROP_IP6_ADDRESS;
			worker_drop(w, b, why);
			continue;
		}
		if (likely(q->kind == PKT_IP4 || q->kind == PKT_IP6))
			trim_padding(b, q);
		if (unlikely(q->kind == PKT_OTHER && q->ether_type == RTE_ETHER_TYPE_VLAN)) {
			mbuf_meta(b)->port = q->port;
			tagged[ntagged++] = b;
			continue;
		}
		q->cast = frame_cast(eth, from);
		if (q->kind == PKT_IP6 && !(flags & PKT_F_HANDED))
			count_ip6(&w->ip6, q);
		if (likely((q->kind == PKT_IP4 || q->kind == PKT_IP6) && q->cast == PKT_HOST)) {
			mine[ours++] = b;
			continue;
		}
		net_input(w, b, q);
	}
	nrest = lb_input(w, mine, p, ours, rest);
	for (unsigned i = 0; i < nrest; i++)
		net_input(w, mine[rest[i]], &p[rest[i]]);
	if (unlikely(ntagged))
		tagged_input(w, tagged, ntagged);
	if (unlikely(w->nagain))
		inner_input(w);
}

/* What tunnels gave out, as if it were received now. They bound how often that happens to one packet. */
static __rte_noinline void
inner_input(struct worker *w)
{
	struct rte_mbuf *m[WORKER_BURST];
	unsigned n = w->nagain;

	memcpy(m, w->again, n * sizeof(m[0]));
	w->nagain = 0;
	frames_input(w, m, n, PORT_NONE, 0);
}

/* Frames with a tag, meta.port says where they were received: what is behind the tag is received on the VLAN.
 */
static __rte_noinline void
tagged_input(struct worker *w, struct rte_mbuf **m, unsigned n)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++) {
		enum drop_reason why;
		uint16_t port = vlan_receive(w, m[i], mbuf_meta(m[i])->port, &why);

		if (port == PORT_NONE) {
			worker_drop(w, m[i], why);
			continue;
		}
		mbuf_meta(m[i])->port = port;
		m[kept] = m[i];
		if (likely(rcu_read(ports[port]->ingress) == NULL) || tc_ingress(w, ports[port], &m[kept], 1))
			kept++;
	}
	frames_input(w, m, kept, PORT_NONE, 0);
}

static unsigned
receive(struct worker *w)
{
	struct rte_mbuf *m[WORKER_BURST];
	unsigned total = 0;

	for (unsigned i = 0; i < w->port->nrxq; i++) {
		const struct worker_rxq *q = &w->port->rxq[i];
		unsigned n = port_rx(q, m);

		worker_count_burst(&w->stats, n);
		if (n == 0)
			continue;
		for (unsigned k = 0; k < n; k++)
			w->stats.rx_bytes += m[k]->pkt_len;
		w->stats.rx_packets += n;
		talkers_see(w, q->port, m, n, TALKERS_IN);
		if (unlikely(ports[q->port]->copies_to_kernel))
			kernel_copy(w, ports[q->port], m, n);
		total += n;
		if (unlikely(rcu_read(ports[q->port]->ingress) != NULL))
			n = tc_ingress(w, ports[q->port], m, n);
		frames_input(w, m, n, q->port, 0);
	}
	return total;
}

/* Frames that other workers received and we own, and frames that the control lcore and the kernel lcore want
 * to be sent. */
static unsigned
take_over(struct worker *w)
{
	struct rte_mbuf *m[WORKER_BURST];
	unsigned total, n;

	n = rte_ring_sc_dequeue_burst(w->from_control, (void **)m, WORKER_BURST, NULL);
	for (unsigned i = 0; i < n; i++)
		port_tx(w, mbuf_meta(m[i])->port, m[i]);
	total = n;
	n = w->from_kernel ? rte_ring_sc_dequeue_burst(w->from_kernel, (void **)m, WORKER_BURST, NULL) : 0;
	for (unsigned i = 0; i < n; i++)
		port_tx(w, mbuf_meta(m[i])->port, m[i]);
	total += n;
	for (unsigned from = 0; from < nworkers; from++) {
		if (from == w->index)
			continue;
		n = rte_ring_sc_dequeue_burst(w->handover[from], (void **)m, WORKER_BURST, NULL);
		if (n == 0)
			continue;
		w->stats.handed_in += n;
		frames_input(w, m, n, PORT_NONE, PKT_F_HANDED);
		total += n;
	}
	return total;
}

/* Frames that waited in schedulers come in or go out. Returns how many came in; *waits: others still wait. */
static __rte_noinline unsigned
scheduled(struct worker *w, bool *waits)
{
	struct rte_mbuf *m[WORKER_BURST];
	unsigned n, step = 0, total = 0;

	while (tc_receive(w, &step, m, &n)) {
		if (n == 0)
			continue;
		frames_input(w, m, n, PORT_NONE, 0);
		total += n;
	}
	worker_handover_flush(w);
	*waits = tc_send(w);
	return total;
}

void
worker_loop(struct worker *w)
{
	enum idle_mode mode = idle_mode_of(conf.global.idle_mode);
	uint64_t began = rte_rdtsc();
	unsigned idle = 0;

	pthread_getcpuclockid(pthread_self(), &w->cpu_clock);
	rcu_online(w->index);
	while (!w->stop) {
		bool waits = false;
		unsigned done;
		uint64_t now;

		if (unlikely(w->pause))
			worker_rest(w);
		worker_clock(w, clock_now_ms());
		done = receive(w);
		done += take_over(w);
		worker_handover_flush(w);
		lb_worker_tick(w);
		if (tc_present())
			done += scheduled(w, &waits);
		port_flush(w);
		rcu_quiescent(w->index);
		w->shown->loops++;
		w->worked += done != 0;
		__atomic_store_n(&w->turns, w->turns + 1, __ATOMIC_RELEASE);

		now = rte_rdtsc();
		w->stats.total_cycles += now - began;
		if (done || waits)
			w->stats.busy_cycles += now - began;
		began = now;

		idle = done || waits ? 0 : idle + 1;
		if (idle >= IDLE_TURNS && mode != IDLE_SPIN) {
			idle_rest(mode);
			/* Time asleep is neither busy nor a turn's cost. */
			now = rte_rdtsc();
			w->stats.total_cycles += now - began;
			began = now;
		}
	}
	rcu_offline(w->index);
}

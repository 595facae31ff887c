/* SPDX-License-Identifier: Apache-2.0 */
/* Transmission, data path. */
#include "port/port.h"

#include "core/rcu.h"
#include "port/kernel.h"
#include "port/talkers.h"
#include "port_setup.h"

static void
give_up(struct worker *w, struct rte_mbuf **m, unsigned n)
{
	w->stats.tx_dropped += n;
	worker_drops_add(w, DROP_TX_FULL, n);
	rte_pktmbuf_free_bulk(m, n);
}

/* To the worker that owns a queue of the port. Counted as sent by the one that sends. */
static void
relay(struct worker *w, struct worker_txbuf *t)
{
	unsigned n = t->n, done;
	uint16_t port = (uint16_t)(t - w->port->tx);

	for (unsigned i = 0; i < n; i++)
		t->m[i]->port = port;
	done = rte_ring_sp_enqueue_burst(t->relay, (void **)t->m, n, NULL);
	if (unlikely(done < n))
		give_up(w, t->m + done, n - done);
	t->n = 0;
}

/* What one member has to say by itself (LLDP), by the queue that the bonding gave this worker: nobody else
 * uses it. */
static void
member_tx(struct worker *w, const struct port *p, struct rte_mbuf *m)
{
	const struct worker_txbuf *t = &w->port->tx[p->bond->id];

	if (!t->usable || t->relay || rte_eth_tx_burst(p->dpdk_id, t->queue, &m, 1) != 1)
		give_up(w, &m, 1);
}

static void (*egress)(struct worker *w, struct port *p, struct rte_mbuf *m);

void
port_on_egress(void (*fn)(struct worker *w, struct port *p, struct rte_mbuf *m))
{
	egress = fn;
}

void
port_egress_changed(struct port *p)
{
	for (unsigned i = 0; i < nworkers; i++) {
		struct worker_txbuf *t = &workers[i]->port->tx[p->id];

		t->direct = t->usable && !p->egress;
	}
}

void
port_tx_other(struct worker *w, uint16_t port, struct rte_mbuf *m)
{
	struct port *p = port < PORTS_MAX ? rcu_read(ports[port]) : NULL;

	if (!p)
		worker_drop(w, m, DROP_PORT_DOWN);
	else if (rcu_read(p->egress))
		egress(w, p, m);
	else
		port_tx_now(w, p, m);
}

void
port_tx_now(struct worker *w, struct port *p, struct rte_mbuf *m)
{
	struct worker_txbuf *t = &w->port->tx[p->id];

	if (t->usable) {
		t->m[t->n++] = m;
		if (t->n >= WORKER_BURST)
			port_flush_one(w, t);
	} else if (p->bond && p->started)
		member_tx(w, p, m);
	else if (!p->ops->tx || !p->started)
		worker_drop(w, m, DROP_PORT_DOWN);
	else {
		if (unlikely(p->copies_to_kernel))
			kernel_copy(w, p, &m, 1);
		p->ops->tx(w, p, m);
	}
}

/* Offers frames to the other queues of the worker. Returns how many were taken. */
static __rte_noinline unsigned
send_spare(const struct worker_txbuf *t, struct rte_mbuf *const *m, unsigned n)
{
	unsigned sent = 0;

	for (unsigned i = 0; i < t->nspare && sent < n; i++)
		sent += rte_eth_tx_burst(t->dpdk_id, t->spare[i], (struct rte_mbuf **)m + sent,
					 (uint16_t)(n - sent));
	return sent;
}

void
port_flush_one(struct worker *w, struct worker_txbuf *t)
{
	unsigned n = t->n, sent = 0, now;
	uint64_t bytes = 0;

	if (t->relay) {
		relay(w, t);
		return;
	}
	if (unlikely(ports[t - w->port->tx]->copies_to_kernel))
		kernel_copy(w, ports[t - w->port->tx], t->m, n);
	talkers_see(w, (uint16_t)(t - w->port->tx), t->m, n, TALKERS_OUT);
	for (unsigned i = 0; i < n; i++)
		bytes += t->m[i]->pkt_len;
	do { /* some drivers take only part of a burst although there is room for more */
		now = rte_eth_tx_burst(t->dpdk_id, t->queue, t->m + sent, (uint16_t)(n - sent));
		sent += now;
	} while (unlikely(sent < n) && now > 0);
	if (unlikely(sent < n) && t->nspare)
		sent += send_spare(t, t->m + sent, n - sent);
	if (unlikely(sent < n)) {
		for (unsigned i = sent; i < n; i++)
			bytes -= t->m[i]->pkt_len;
		give_up(w, t->m + sent, n - sent);
	}
	w->stats.tx_packets += sent;
	w->stats.tx_bytes += bytes;
	t->n = 0;
}

static void
take_relayed(struct worker *w, struct rte_ring *r)
{
	enum { BURSTS = 4 }; /* per turn: another worker must not keep us from our own packets */
	struct rte_mbuf *m[WORKER_BURST];
	unsigned n = WORKER_BURST;

	for (unsigned b = 0; b < BURSTS && n == WORKER_BURST; b++) {
		n = rte_ring_sc_dequeue_burst(r, (void **)m, WORKER_BURST, NULL);
		for (unsigned i = 0; i < n; i++)
			port_tx_now(w, ports[m[i]->port], m[i]); /* schedulers were asked there */
	}
}

/* LACP frames leave with bursts of the worker, empty ones too: ten times a second is the least that the
 * driver asks for. */
static __rte_noinline void
lacp_turn(struct worker *w)
{
	enum { EVERY_MS = 50 };
	struct worker_port *wp = w->port;

	wp->lacp_due_ms = w->now_ms + EVERY_MS;
	for (unsigned p = ndevices; p < nports; p++) {
		const struct worker_txbuf *t = &wp->tx[p];

		if (ports[p]->lacp && t->usable && !t->relay)
			(void)rte_eth_tx_burst(t->dpdk_id, t->queue, NULL, 0);
	}
}

void
port_flush(struct worker *w)
{
	struct worker_port *wp = w->port;

	for (unsigned i = 0; i < wp->nrelays; i++)
		take_relayed(w, wp->relay_in[i]);
	for (unsigned p = 0; p < nports; p++) {
		if (wp->tx[p].n)
			port_flush_one(w, &wp->tx[p]);
	}
	if (unlikely(w->now_ms >= wp->lacp_due_ms))
		lacp_turn(w);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "port/testmode.h"

#include <stdio.h>
#include <string.h>
#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_pause.h>
#include <rte_ring.h>

#include "abi/testmode.h"
#include "core/clock.h"
#include "core/errors.h"
#include "core/log.h"
#include "core/worker.h"
#include "ctrl/ctrl.h"
#include "port/isolated.h"
#include "port/kernel_lcore.h"
#include "port/port.h"
#include "testmode_flow.h"
#include "testmode_kernel.h"

enum { TEST_PORTS_MAX = 16, RX_RING = 2048, TX_RING = 8192, TURNS_MIN = 3, TICKS_MIN = 2 };

struct test_port {
	struct rte_ring *rx[PORT_QUEUES_MAX];
	struct rte_ring *tx; /* one for all queues, so that frames stay in the order of sending */
};

static struct test_port test_ports[TEST_PORTS_MAX];
static unsigned ntest_ports, nqueues;
static bool spreads_flows;

/* ---- clock ---- */

static int
on_clock(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct ds_test_time time = {0};
	struct ds_test_clock clock;
	void *out;

	memcpy(&clock, req->body, sizeof(clock));
	if (clock.op > DS_TEST_CLOCK_WARP || (clock.op == DS_TEST_CLOCK_WARP && !clock_is_stopped()))
		return EDPVS_INVAL;
	if (clock.op == DS_TEST_CLOCK_STOP && !clock_is_stopped())
		clock_stop();
	if (clock.op == DS_TEST_CLOCK_WARP)
		clock_warp(clock.ms);
	out = ctrl_reply_add(reply, sizeof(time));
	if (!out)
		return EDPVS_NOMEM;
	time.now_ms = clock_now_ms();
	time.stopped = clock_is_stopped();
	memcpy(out, &time, sizeof(time));
	return EDPVS_OK;
}

/* ---- frames in ---- */

static struct rte_mbuf *
frame_build(struct rte_mempool *pool, const uint8_t *bytes, uint32_t len, uint32_t first)
{
	struct rte_mbuf *head = NULL;
	uint32_t done = 0;

	do {
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
		uint32_t n;

		if (!m) {
			rte_pktmbuf_free(head);
			return NULL;
		}
		n = rte_pktmbuf_tailroom(m);
		if (!head && first && first < n)
			n = first;
		if (n > len - done)
			n = len - done;
		memcpy(rte_pktmbuf_mtod(m, uint8_t *), bytes + done, n);
		m->data_len = (uint16_t)n;
		m->pkt_len = n;
		done += n;
		if (!head) {
			head = m;
		} else if (rte_pktmbuf_chain(head, m)) {
			rte_pktmbuf_free(m);
			rte_pktmbuf_free(head);
			return NULL;
		}
	} while (done < len);
	return head;
}

static int
frame_inject(const struct ds_test_frame_in *in, const uint8_t *bytes)
{
	struct port *port = ports[in->port];
	struct rte_mbuf *m;
	uint16_t queue;
	uint8_t owner;

	if (!port || !port->started || in->queue >= nqueues || in->len == 0 || in->len > UINT16_MAX)
		return EDPVS_INVAL;
	queue = testmode_flow_queue(port->dpdk_id, in->queue, bytes, in->len);
	owner = port->rxq_worker[queue];
	m = frame_build(workers[owner == RXQ_KERNEL ? 0 : owner]->pool, bytes, in->len, in->first);
	if (!m)
		return EDPVS_NOMEM;
	m->port = port->dpdk_id;
	if (in->flags & DS_TEST_FRAME_CSUM_GOOD)
		m->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD;
	if (in->flags & DS_TEST_FRAME_CSUM_BAD)
		m->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_BAD;
	if (rte_ring_enqueue(test_ports[in->port].rx[queue], m)) {
		rte_pktmbuf_free(m);
		return EDPVS_NOROOM;
	}
	return EDPVS_OK;
}

/* The port is a kernel interface's, by the id of its port. */
static int
kernel_inject(const struct ds_test_frame_in *in, const uint8_t *bytes)
{
	struct rte_mbuf *m;

	if (in->len == 0 || in->len > UINT16_MAX)
		return EDPVS_INVAL;
	m = frame_build(workers[0]->pool, bytes, in->len, in->first);
	if (!m)
		return EDPVS_NOMEM;
	if (testmode_kernel_inject(in->port & ~DS_TEST_KERNEL, m))
		return EDPVS_OK;
	rte_pktmbuf_free(m);
	return EDPVS_NOTEXIST;
}

static int
inject_all(const uint8_t *at, size_t left)
{
	while (left > 0) {
		struct ds_test_frame_in in;
		int rc;

		if (left < sizeof(in))
			return EDPVS_INVAL;
		memcpy(&in, at, sizeof(in));
		at += sizeof(in);
		left -= sizeof(in);
		if ((in.port >= ntest_ports && !(in.port & DS_TEST_KERNEL)) || in.len > left)
			return EDPVS_INVAL;
		rc = in.port & DS_TEST_KERNEL ? kernel_inject(&in, at) : frame_inject(&in, at);
		if (rc)
			return rc;
		at += in.len;
		left -= in.len;
	}
	return EDPVS_OK;
}

static int
on_inject(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	return inject_all(req->body, req->len);
}

/* ---- frames out ---- */

static int
frame_report(struct ctrl_reply *reply, uint16_t port, const struct rte_mbuf *m)
{
	struct ds_test_frame_out out = {.len = m->pkt_len, .port = port};
	uint8_t *at = ctrl_reply_add(reply, sizeof(out) + m->pkt_len);

	if (!at)
		return EDPVS_NOMEM;
	memcpy(at, &out, sizeof(out));
	at += sizeof(out);
	for (; m; m = m->next) {
		memcpy(at, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len);
		at += m->data_len;
	}
	return EDPVS_OK;
}

static int
collect_all(struct ctrl_reply *reply, uint16_t port)
{
	void *m;

	if (port & DS_TEST_KERNEL) {
		while ((m = testmode_kernel_collect(port & ~DS_TEST_KERNEL))) {
			int rc = frame_report(reply, port, m);

			rte_pktmbuf_free(m);
			if (rc)
				return rc;
		}
		return EDPVS_OK;
	}
	if (port >= ntest_ports)
		return EDPVS_INVAL;
	while (rte_ring_dequeue(test_ports[port].tx, &m) == 0) {
		int rc = frame_report(reply, port, m);

		rte_pktmbuf_free(m);
		if (rc)
			return rc;
	}
	return EDPVS_OK;
}

static int
on_collect(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct ds_test_collect collect;

	memcpy(&collect, req->body, sizeof(collect));
	return collect_all(reply, collect.port);
}

/* The control lcore does nothing else meanwhile. */
static int
on_busy(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	enum { MOST_MS = 5000 };
	const uint8_t *body = req->body;
	struct ds_test_busy busy;
	int rc;

	memcpy(&busy, body, sizeof(busy));
	if (busy.ms > MOST_MS)
		return EDPVS_INVAL;
	rc = inject_all(body + sizeof(busy), req->len - sizeof(busy));
	if (rc)
		return rc;
	rte_delay_us_block(busy.ms * 1000);
	return collect_all(reply, busy.port);
}

/* ---- waiting until nothing moves ---- */

/* What a lcore had done: completed turns, and how many of them had packets. */
struct lcore_mark {
	uint64_t turns, worked;
};

static struct {
	bool set;
	struct lcore_mark worker[WORKERS_MAX], isolated[WORKERS_MAX], kernel;
	uint64_t control, ticks;
} mark;

static bool
packets_waiting(void)
{
	for (unsigned p = 0; p < ntest_ports; p++)
		for (unsigned q = 0; q < nqueues; q++)
			if (!rte_ring_empty(test_ports[p].rx[q]))
				return true;
	for (unsigned i = 0; i < nisolated; i++)
		for (unsigned k = 0; k < isolated[i]->nq; k++)
			if (!rte_ring_empty(isolated[i]->q[k].ring))
				return true;
	for (unsigned i = 0; i < nworkers; i++) {
		const struct worker *w = workers[i];

		if (w->pause)
			continue;
		if (!rte_ring_empty(w->to_control) || !rte_ring_empty(w->from_control) ||
		    (w->from_kernel && !rte_ring_empty(w->from_kernel)))
			return true;
		for (unsigned from = 0; from < nworkers; from++)
			if (w->handover[from] && !rte_ring_empty(w->handover[from]))
				return true;
	}
	return testmode_kernel_waits() || (kernel_lcore && !rte_ring_empty(kernel_lcore->from_control));
}

/* The order of the two reads matters: turns include the packets that `worked` tells of. */
static struct lcore_mark
lcore_mark(const uint64_t *turns, const uint64_t *worked)
{
	struct lcore_mark m = {.turns = __atomic_load_n(turns, __ATOMIC_ACQUIRE)};

	m.worked = __atomic_load_n(worked, __ATOMIC_RELAXED);
	return m;
}

static void
mark_now(void)
{
	for (unsigned i = 0; i < nworkers; i++)
		mark.worker[i] = lcore_mark(&workers[i]->turns, &workers[i]->worked);
	for (unsigned i = 0; i < nisolated; i++)
		mark.isolated[i] = lcore_mark(&isolated[i]->turns, &isolated[i]->worked);
	if (kernel_lcore)
		mark.kernel = lcore_mark(&kernel_lcore->turns, &kernel_lcore->worked);
	mark.control = control_turns;
	mark.ticks = control_ticks;
	mark.set = true;
}

enum since_mark {
	SINCE_MARK_TURNING, /* somebody may still have in hand what it took before the mark */
	SINCE_MARK_WORKED,  /* somebody had packets */
	SINCE_MARK_IDLE,
};

static enum since_mark
lcore_since(struct lcore_mark now, const struct lcore_mark *then, uint32_t turns)
{
	if (now.worked != then->worked)
		return SINCE_MARK_WORKED;
	return now.turns - then->turns < turns ? SINCE_MARK_TURNING : SINCE_MARK_IDLE;
}

static enum since_mark
since_mark(uint32_t turns, bool timers)
{
	bool turning =
	    control_turns - mark.control < turns || (timers && control_ticks - mark.ticks < TICKS_MIN);
	enum since_mark s;

	if (kernel_lcore) {
		s = lcore_since(lcore_mark(&kernel_lcore->turns, &kernel_lcore->worked), &mark.kernel, turns);
		if (s == SINCE_MARK_WORKED)
			return s;
		turning |= s == SINCE_MARK_TURNING;
	}
	for (unsigned i = 0; i < nisolated; i++) {
		s = lcore_since(lcore_mark(&isolated[i]->turns, &isolated[i]->worked), &mark.isolated[i],
				turns);
		if (s == SINCE_MARK_WORKED)
			return s;
		turning |= s == SINCE_MARK_TURNING;
	}
	for (unsigned i = 0; i < nworkers; i++) {
		if (workers[i]->pause)
			continue;
		s = lcore_since(lcore_mark(&workers[i]->turns, &workers[i]->worked), &mark.worker[i], turns);
		if (s == SINCE_MARK_WORKED)
			return s;
		turning |= s == SINCE_MARK_TURNING;
	}
	return turning ? SINCE_MARK_TURNING : SINCE_MARK_IDLE;
}

/*
 * Empty rings are not enough: a packet may be in the hands of a lcore or of a timer, and go from one to the
 * next while we look. So: mark where all are, see the rings empty, and then wait until all have made some
 * turns since the mark, none of them with packets. A packet that anybody had in hand at the mark, or took
 * from a ring before we saw it empty, would have been in one of these turns.
 */
static bool
is_busy(const struct ds_test_settle *settle)
{
	uint32_t turns = settle->turns < TURNS_MIN ? TURNS_MIN : settle->turns;

	if (!mark.set)
		mark_now();
	if (!packets_waiting()) {
		switch (since_mark(turns, settle->flags & DS_TEST_SETTLE_F_TIMERS)) {
		case SINCE_MARK_TURNING:
			return true;
		case SINCE_MARK_WORKED:
			break;
		case SINCE_MARK_IDLE:
			mark.set = false;
			return false;
		}
	}
	mark.set = false;
	return true;
}

static int
on_settle(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct ds_test_settled settled = {0};
	struct ds_test_settle settle;
	void *out = ctrl_reply_add(reply, sizeof(settled));

	if (!out)
		return EDPVS_NOMEM;
	memcpy(&settle, req->body, sizeof(settle));
	settled.busy = is_busy(&settle);
	memcpy(out, &settled, sizeof(settled));
	return EDPVS_OK;
}

/* ---- workers that are stuck ---- */

static int
on_hold(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct ds_test_hold hold;

	memcpy(&hold, req->body, sizeof(hold));
	if (hold.worker >= nworkers || hold.hold > 1)
		return EDPVS_INVAL;
	workers[hold.worker]->pause = hold.hold;
	while (workers[hold.worker]->rests != hold.hold)
		rte_pause();
	return EDPVS_OK;
}

/* ---- start ---- */

static struct rte_ring *
ring_new(unsigned port, const char *what, unsigned queue, unsigned size, unsigned flags)
{
	char name[RTE_RING_NAMESIZE];
	struct rte_ring *r;

	snprintf(name, sizeof(name), "test%u_%s%u", port, what, queue);
	r = rte_ring_create(name, size, SOCKET_ID_ANY, flags);
	if (!r)
		log_err("test", "cannot create ring %s: %s", name, rte_strerror(rte_errno));
	return r;
}

/* Stable addresses 02:00:00:00:00:01, 02 … for cases that compare frames byte by byte. */
static int
mac_set(uint16_t dpdk_id, unsigned port)
{
	struct rte_ether_addr mac = {.addr_bytes = {2, 0, 0, 0, 0, (uint8_t)(port + 1)}};
	int rc = rte_eth_dev_mac_addr_add(dpdk_id, &mac, 0);

	if (rc)
		log_err("test", "cannot set the MAC address of test%u: %s", port, rte_strerror(-rc));
	return rc ? EDPVS_DPDKAPIFAIL : EDPVS_OK;
}

static int
port_new(unsigned index)
{
	struct test_port *t = &test_ports[index];
	struct rte_ring *tx[PORT_QUEUES_MAX];
	char name[PORT_NAME_MAX];
	int id;

	t->tx = ring_new(index, "tx", 0, TX_RING, 0);
	if (!t->tx)
		return EDPVS_NOMEM;
	for (unsigned q = 0; q < nqueues; q++) {
		t->rx[q] = ring_new(index, "rx", q, RX_RING, RING_F_SP_ENQ | RING_F_SC_DEQ);
		if (!t->rx[q])
			return EDPVS_NOMEM;
		tx[q] = t->tx;
	}
	snprintf(name, sizeof(name), "test%u", index);
	id = rte_eth_from_rings(name, t->rx, nqueues, tx, nqueues, 0);
	if (id < 0) {
		log_err("test", "cannot make port %s: %s", name, rte_strerror(rte_errno));
		return EDPVS_DPDKAPIFAIL;
	}
	return mac_set((uint16_t)id, index);
}

bool
testmode_is_on(void)
{
	return ntest_ports > 0;
}

bool
testmode_spreads_flows(void)
{
	return spreads_flows;
}

int
testmode_init(unsigned nports_wanted, unsigned nqueues_wanted, bool rss, bool flows)
{
	if (nports_wanted == 0 || nports_wanted > TEST_PORTS_MAX || nqueues_wanted == 0 ||
	    nqueues_wanted > PORT_QUEUES_MAX) {
		log_err("test", "--test-ports %u,%u: 1 to %d ports with 1 to %d queues are possible",
			nports_wanted, nqueues_wanted, TEST_PORTS_MAX, PORT_QUEUES_MAX);
		return EDPVS_INVAL;
	}
	nqueues = nqueues_wanted;
	spreads_flows = rss || flows;
	if (flows)
		testmode_flow_init();
	testmode_kernel_init();
	for (ntest_ports = 0; ntest_ports < nports_wanted; ntest_ports++) {
		int rc = port_new(ntest_ports);

		if (rc)
			return rc;
	}
	ctrl_register_extra(DS_TEST_CLOCK, "DS_TEST_CLOCK", ABI_DIRECTION_SET, ABI_RULE_EXACT,
			    sizeof(struct ds_test_clock), on_clock);
	ctrl_register_extra(DS_TEST_INJECT, "DS_TEST_INJECT", ABI_DIRECTION_SET, ABI_RULE_MIN,
			    sizeof(struct ds_test_frame_in), on_inject);
	ctrl_register_extra(DS_TEST_COLLECT, "DS_TEST_COLLECT", ABI_DIRECTION_GET, ABI_RULE_EXACT,
			    sizeof(struct ds_test_collect), on_collect);
	ctrl_register_extra(DS_TEST_SETTLE, "DS_TEST_SETTLE", ABI_DIRECTION_GET, ABI_RULE_EXACT,
			    sizeof(struct ds_test_settle), on_settle);
	ctrl_register_extra(DS_TEST_HOLD, "DS_TEST_HOLD", ABI_DIRECTION_SET, ABI_RULE_EXACT,
			    sizeof(struct ds_test_hold), on_hold);
	ctrl_register_extra(DS_TEST_BUSY, "DS_TEST_BUSY", ABI_DIRECTION_GET, ABI_RULE_MIN,
			    sizeof(struct ds_test_busy), on_busy);
	log_notice("test", "test mode: %u ports with %u queues each, driven through the control socket",
		   ntest_ports, nqueues);
	return EDPVS_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about lcores: 53 and 57 to 59. */
#include "port_setup.h"

#include <stdio.h>
#include <string.h>
#include <rte_lcore.h>

#include "abi/link.h"
#include "core/errors.h"
#include "ctrl/ctrl.h"
#include "port/isolated.h"
#include "port/kernel_lcore.h"

/* What an lcore is: all NULL for the control lcore. */
struct lcore {
	uint8_t id;
	const struct worker *worker;
	const struct isolated *isolated;
	const struct kernel_lcore *kernel;
};

/* The lcore that a request names. False when it has no part. */
static bool
lcore_of(const struct ctrl_request *req, struct lcore *l)
{
	*l = (struct lcore){0};
	memcpy(&l->id, req->body, 1);
	if (l->id == rte_get_main_lcore())
		return true;
	for (unsigned i = 0; i < nworkers; i++) {
		if (workers[i]->lcore_id == l->id)
			l->worker = workers[i];
	}
	for (unsigned i = 0; i < nisolated; i++) {
		if (isolated[i]->lcore_id == l->id)
			l->isolated = isolated[i];
	}
	if (kernel_lcore && kernel_lcore->lcore_id == l->id)
		l->kernel = kernel_lcore;
	return l->worker || l->isolated || l->kernel;
}

static int
on_set_lcore(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct lcore l;

	return lcore_of(req, &l) ? EDPVS_OK : EDPVS_INVAL;
}

static int
on_mask(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct netif_lcore_mask_get mask = {
	    .master_lcore_id = (uint8_t)rte_get_main_lcore(),
	    .slave_lcore_num = (uint8_t)nworkers,
	    .isol_rx_lcore_num = (uint8_t)nisolated,
	    .kni_lcore_id = kernel_lcore ? (uint8_t)kernel_lcore->lcore_id : 0,
	};

	for (unsigned i = 0; i < nworkers; i++)
		mask.slave_lcore_mask |= 1ull << workers[i]->lcore_id;
	for (unsigned i = 0; i < nisolated; i++)
		mask.isol_rx_lcore_mask |= 1ull << isolated[i]->lcore_id;
	return reply_copy(reply, &mask, sizeof(mask));
}

/* "port:rx0       port:tx0       " for every queue pair; a missing half is "--". */
static int
queue_text(const struct lcore *l, char *out, size_t size)
{
	int n = 0;

	for (unsigned p = 0; p < nports; p++) {
		const struct queue_list *rx =
		    l->kernel ? &port_queues.kernel[p].rx : &port_queues.at[l->worker->index][p].rx;
		const struct queue_list *tx =
		    l->kernel ? &port_queues.kernel[p].tx : &port_queues.at[l->worker->index][p].tx;

		for (unsigned i = 0; i < RTE_MAX(rx->n, tx->n) && n < (int)size; i++) {
			char r[48] = "--", t[48] = "--";

			if (i < rx->n)
				snprintf(r, sizeof(r), "%s:rx%u", ports[p]->name, rx->id[i]);
			if (i < tx->n)
				snprintf(t, sizeof(t), "%s:tx%u", ports[p]->name, tx->id[i]);
			n += snprintf(out + n, size - (size_t)n, "%-16s%-16s", r, t);
		}
	}
	return RTE_MIN(n, (int)size - 1);
}

/* "port:rx0(used/free)      " for every queue. */
static int
isolated_text(const struct isolated *is, char *out, size_t size)
{
	int n = 0;

	for (unsigned i = 0; i < is->nq && n < (int)size; i++) {
		const struct isolated_queue *q = &is->q[i];
		char cell[80];

		snprintf(cell, sizeof(cell), "%s:rx%u(%u/%u)", ports[q->port]->name, q->queue,
			 rte_ring_count(q->ring), rte_ring_free_count(q->ring));
		n += snprintf(out + n, size - (size_t)n, "%-32s", cell);
	}
	return RTE_MIN(n, (int)size - 1);
}

static int
on_basic(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	enum { TEXT_MAX = 96 * PORT_QUEUES_MAX * PORTS_MAX };
	static char text[TEXT_MAX];
	struct netif_lcore_basic_get basic = {0};
	struct lcore l;
	int rc;

	if (!lcore_of(req, &l))
		return EDPVS_INVAL;
	basic.lcore_id = l.id;
	basic.socket_id = (uint8_t)rte_lcore_to_socket_id(l.id);
	if (l.worker || l.isolated || l.kernel) {
		int n = l.isolated ? isolated_text(l.isolated, text, sizeof(text))
				   : queue_text(&l, text, sizeof(text));

		basic.queue_data_len = n ? (uint32_t)n + 1 : 0;
	}
	rc = reply_copy(reply, &basic, sizeof(basic));
	if (!rc && basic.queue_data_len)
		rc = reply_copy(reply, text, basic.queue_data_len);
	return rc;
}

static int
on_stats(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct netif_lcore_stats_get out = {0};
	const struct worker_stats *s;
	struct lcore l;

	if (!lcore_of(req, &l))
		return EDPVS_INVAL;
	out.lcore_id = l.id;
	if (!l.worker && !l.isolated && !l.kernel) {
		out.lcore_loop = control_turns;
		return reply_copy(reply, &out, sizeof(out));
	}
	s = l.worker ? &l.worker->stats : l.isolated ? &l.isolated->stats : &l.kernel->stats;
	out.lcore_loop = l.worker ? l.worker->shown->loops : l.isolated ? l.isolated->turns : l.kernel->turns;
	out.pktburst = s->bursts;
	out.zpktburst = s->bursts_zero;
	out.fpktburst = s->bursts_full;
	/* Empty bursts count as "up to half full", as they always did in this message. */
	out.z2hpktburst = s->bursts_z2h + s->bursts_zero;
	out.h2fpktburst = s->bursts_h2f;
	out.ipackets = s->rx_packets;
	out.ibytes = s->rx_bytes;
	out.opackets = s->tx_packets;
	out.obytes = s->tx_bytes;
	out.dropped = s->tx_dropped;
	return reply_copy(reply, &out, sizeof(out));
}

void
lcore_ctrl_register(void)
{
	ctrl_register(SOCKOPT_NETIF_SET_LCORE, on_set_lcore);
	ctrl_register(SOCKOPT_NETIF_GET_LCORE_MASK, on_mask);
	ctrl_register(SOCKOPT_NETIF_GET_LCORE_BASIC, on_basic);
	ctrl_register(SOCKOPT_NETIF_GET_LCORE_STATS, on_stats);
}

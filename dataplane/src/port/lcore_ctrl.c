/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about lcores: 53 and 57 to 59. */
#include "port_setup.h"

#include <stdio.h>
#include <string.h>
#include <rte_lcore.h>

#include "abi/link.h"
#include "core/errors.h"
#include "ctrl/ctrl.h"

/* The lcore that a request names: a worker, NULL for the control lcore. False for all others. */
static bool
lcore_of(const struct ctrl_request *req, uint8_t *id, const struct worker **w)
{
	*w = NULL;
	memcpy(id, req->body, 1);
	if (*id == rte_get_main_lcore())
		return true;
	for (unsigned i = 0; i < nworkers; i++) {
		if (workers[i]->lcore_id == *id)
			*w = workers[i];
	}
	return *w != NULL;
}

static int
on_set_lcore(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	const struct worker *w;
	uint8_t id;

	return lcore_of(req, &id, &w) ? EDPVS_OK : EDPVS_INVAL;
}

static int
on_mask(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct netif_lcore_mask_get mask = {
	    .master_lcore_id = (uint8_t)rte_get_main_lcore(),
	    .slave_lcore_num = (uint8_t)nworkers,
	};

	for (unsigned i = 0; i < nworkers; i++)
		mask.slave_lcore_mask |= 1ull << workers[i]->lcore_id;
	return reply_copy(reply, &mask, sizeof(mask));
}

/* "port:rx0       port:tx0       " for every queue pair; a missing half is "--". */
static int
queue_text(const struct worker *w, char *out, size_t size)
{
	int n = 0;

	for (unsigned p = 0; p < nports; p++) {
		const struct queue_list *rx = &port_queues.at[w->index][p].rx;
		const struct queue_list *tx = &port_queues.at[w->index][p].tx;

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

static int
on_basic(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	enum { TEXT_MAX = 96 * PORT_QUEUES_MAX * PORTS_MAX };
	static char text[TEXT_MAX];
	struct netif_lcore_basic_get basic = {0};
	const struct worker *w;
	int rc;

	if (!lcore_of(req, &basic.lcore_id, &w))
		return EDPVS_INVAL;
	basic.socket_id = (uint8_t)rte_lcore_to_socket_id(basic.lcore_id);
	if (w) {
		int n = queue_text(w, text, sizeof(text));

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
	const struct worker *w;

	if (!lcore_of(req, &out.lcore_id, &w))
		return EDPVS_INVAL;
	if (!w) {
		out.lcore_loop = control_turns;
		return reply_copy(reply, &out, sizeof(out));
	}
	out.lcore_loop = w->shown->loops;
	out.pktburst = w->stats.bursts;
	out.zpktburst = w->stats.bursts_zero;
	out.fpktburst = w->stats.bursts_full;
	/* Empty bursts count as "up to half full", as they always did in this message. */
	out.z2hpktburst = w->stats.bursts_z2h + w->stats.bursts_zero;
	out.h2fpktburst = w->stats.bursts_h2f;
	out.ipackets = w->stats.rx_packets;
	out.ibytes = w->stats.rx_bytes;
	out.opackets = w->stats.tx_packets;
	out.obytes = w->stats.tx_bytes;
	out.dropped = w->stats.tx_dropped;
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

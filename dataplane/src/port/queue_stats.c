/* SPDX-License-Identifier: Apache-2.0 */
/* Counters of single queues. DPDK moved them from the basic statistics to the named ones in 25.11. */
#include "port_setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <rte_version.h>

#if RTE_VERSION >= RTE_VERSION_NUM(25, 11, 0, 0)

static uint64_t
named(const struct port *p, const char *dir, unsigned queue, const char *what)
{
	char name[RTE_ETH_XSTATS_NAME_SIZE];
	uint64_t id, value;

	snprintf(name, sizeof(name), "%s_q%u_%s", dir, queue, what);
	if (rte_eth_xstats_get_id_by_name(p->dpdk_id, name, &id) ||
	    rte_eth_xstats_get_by_id(p->dpdk_id, &id, &value, 1) != 1)
		return 0;
	return value;
}

void
port_queue_stats(const struct port *p, const struct rte_eth_stats *s, struct netif_nic_stats_get *out)
{
	for (unsigned q = 0; q < p->nrxq && q < ABI_QUEUE_STAT_CNTRS; q++) {
		out->q_ipackets[q] = named(p, "rx", q, "packets");
		out->q_ibytes[q] = named(p, "rx", q, "bytes");
		out->q_errors[q] = named(p, "rx", q, "errors");
	}
	for (unsigned q = 0; q < p->ntxq && q < ABI_QUEUE_STAT_CNTRS; q++) {
		out->q_opackets[q] = named(p, "tx", q, "packets");
		out->q_obytes[q] = named(p, "tx", q, "bytes");
	}
}

#else

void
port_queue_stats(const struct port *p, const struct rte_eth_stats *s, struct netif_nic_stats_get *out)
{
	for (unsigned q = 0; q < ABI_QUEUE_STAT_CNTRS && q < RTE_ETHDEV_QUEUE_STAT_CNTRS; q++) {
		out->q_ipackets[q] = s->q_ipackets[q];
		out->q_opackets[q] = s->q_opackets[q];
		out->q_ibytes[q] = s->q_ibytes[q];
		out->q_obytes[q] = s->q_obytes[q];
		out->q_errors[q] = s->q_errors[q];
	}
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that describe ports: 60 to 66. */
#include "port_setup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_mempool.h>

#include "abi/link.h"
#include "core/errors.h"
#include "ctrl/ctrl.h"

/* The port whose name, up to 31 bytes and NUL terminated unless the body ends first, is the request's body.
 */
struct port *
port_of_request(const struct ctrl_request *req)
{
	char name[PORT_NAME_MAX] = "";

	memcpy(name, req->body, RTE_MIN(req->len, sizeof(name) - 1));
	return port_by_name(name);
}

void
port_mac_text(const struct rte_ether_addr *mac, bool upper, char *out, size_t size)
{
	const uint8_t *b = mac->addr_bytes;

	snprintf(out, size, upper ? "%02X:%02X:%02X:%02X:%02X:%02X" : "%02x:%02x:%02x:%02x:%02x:%02x", b[0],
		 b[1], b[2], b[3], b[4], b[5]);
}

static unsigned
ports_count(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < ports_end; i++)
		n += ports[i] != NULL;
	return n;
}

static int
on_list(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct netif_nic_list_get list = {
	    .nic_num = (uint16_t)ports_count(),
	    .phy_pid_end = (uint16_t)ndevices,
	    /* At the end of the numbers when there is none. */
	    .bond_pid_base = ndevices < nports ? (uint16_t)ndevices : UINT16_MAX,
	    .bond_pid_end = ndevices < nports ? (uint16_t)nports : UINT16_MAX,
	};
	int rc = reply_copy(reply, &list, sizeof(list));

	for (unsigned i = 0; i < ports_end && !rc; i++) {
		struct port_id_name entry;

		if (!ports[i])
			continue;
		memset(&entry, 0, sizeof(entry));
		entry.id = ports[i]->id;
		memcpy(entry.name, ports[i]->name, strnlen(ports[i]->name, sizeof(entry.name) - 1));
		rc = reply_copy(reply, &entry, sizeof(entry));
	}
	return rc;
}

static uint16_t
port_flags(const struct port *p)
{
	uint16_t flags = 0;

	if (p->tc_egress)
		flags |= NETIF_NIC_F_TC_EGRESS;
	if (p->tc_ingress)
		flags |= NETIF_NIC_F_TC_INGRESS;
	if (p->ops->tx)
		return flags;
	if (p->lldp && conf.global.lldp)
		flags |= NETIF_NIC_F_LLDP;
	if (rte_eth_promiscuous_get(p->dpdk_id) == 1)
		flags |= NETIF_NIC_F_PROMISC;
	if (rte_eth_allmulticast_get(p->dpdk_id) == 1)
		flags |= NETIF_NIC_F_ALLMULTICAST;
	if (p->copies_to_kernel)
		flags |= NETIF_NIC_F_FWD2KNI;
	if (p->rx_ip_csum)
		flags |= NETIF_NIC_F_OL_RX_IP_CSUM;
	if (p->tx_fast_free)
		flags |= NETIF_NIC_F_OL_TX_FAST_FREE;
	return flags;
}

static int
on_basic(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	const struct port *p = port_of_request(req);
	struct netif_nic_basic_get out;
	struct rte_eth_link link;

	if (!p)
		return EDPVS_NOTEXIST;
	memset(&out, 0, sizeof(out));
	p->ops->get_link(p, &link);
	snprintf(out.name, sizeof(out.name), "%s", p->name);
	port_mac_text(&p->mac, true, out.addr, sizeof(out.addr));
	snprintf(out.link_status, sizeof(out.link_status), "%s", link.link_status ? "UP" : "DOWN");
	snprintf(out.link_duplex, sizeof(out.link_duplex), "%s",
		 link.link_duplex == RTE_ETH_LINK_FULL_DUPLEX ? "full-duplex" : "half-duplex");
	snprintf(out.link_autoneg, sizeof(out.link_autoneg), "%s",
		 link.link_autoneg ? "auto-nego" : "fixed-nego");
	out.link_speed = link.link_speed == RTE_ETH_SPEED_NUM_UNKNOWN ? 0 : link.link_speed;
	out.nrxq = (uint8_t)p->nrxq;
	out.ntxq = (uint8_t)p->ntxq;
	out.socket_id = (uint8_t)p->socket_id;
	out.port_id = p->id;
	out.mtu = p->mtu;
	out.flags = port_flags(p);
	return reply_copy(reply, &out, sizeof(out));
}

static const struct rte_mempool *
port_pool(const struct port *p)
{
	struct rte_eth_rxq_info rxq;

	memset(&rxq, 0, sizeof(rxq));
	if (p->nrxq && rte_eth_rx_queue_info_get(p->dpdk_id, 0, &rxq) == 0 && rxq.mp)
		return rxq.mp;
	return nworkers ? workers[0]->pool : NULL;
}

static int
on_stats(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	const struct port *p = port_of_request(req);
	const struct rte_mempool *pool;
	struct netif_nic_stats_get out;
	struct rte_eth_stats s;
	int rc;

	if (!p)
		return EDPVS_NOTEXIST;
	memset(&out, 0, sizeof(out));
	memset(&s, 0, sizeof(s));
	rc = p->ops->get_stats(p, &s);
	if (rc)
		return rc;
	pool = port_pool(p);
	if (pool) {
		out.mbuf_avail = rte_mempool_avail_count(pool);
		out.mbuf_inuse = rte_mempool_in_use_count(pool);
	}
	out.ipackets = s.ipackets;
	out.opackets = s.opackets;
	out.ibytes = s.ibytes;
	out.obytes = s.obytes;
	out.imissed = s.imissed;
	out.ierrors = s.ierrors;
	out.oerrors = s.oerrors;
	out.rx_nombuf = s.rx_nombuf;
	if (!p->ops->tx)
		port_queue_stats(p, &s, &out);
	out.port_id = p->id;
	return reply_copy(reply, &out, sizeof(out));
}

static int
reply_xstats(struct ctrl_reply *reply, const struct port *p, const struct rte_eth_xstat *values,
	     const struct rte_eth_xstat_name *names, unsigned n)
{
	struct netif_nic_xstats_get head = {.pid = p->id, .nentries = (uint16_t)n};
	int rc = reply_copy(reply, &head, sizeof(head));

	for (unsigned i = 0; i < n && !rc; i++) {
		struct netif_nic_xstats_entry entry;

		memset(&entry, 0, sizeof(entry));
		entry.id = values[i].id;
		entry.val = values[i].value;
		memcpy(entry.name, names[i].name, strnlen(names[i].name, sizeof(entry.name) - 1));
		rc = reply_copy(reply, &entry, sizeof(entry));
	}
	return rc;
}

static int
on_xstats(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	const struct port *p = port_of_request(req);
	struct rte_eth_xstat_name *names;
	struct rte_eth_xstat *values;
	int n, rc = EDPVS_NOMEM;

	if (!p)
		return EDPVS_NOTEXIST;
	n = p->ops->tx ? 0 : rte_eth_xstats_get(p->dpdk_id, NULL, 0);
	if (n <= 0 || n > UINT16_MAX)
		return EDPVS_OK; /* an empty body: there are none */
	names = calloc((size_t)n, sizeof(*names));
	values = calloc((size_t)n, sizeof(*values));
	if (names && values) {
		int got = rte_eth_xstats_get(p->dpdk_id, values, (unsigned)n);
		int named = rte_eth_xstats_get_names(p->dpdk_id, names, (unsigned)n);

		rc = got == n && named == n ? reply_xstats(reply, p, values, names, (unsigned)n)
					    : EDPVS_DPDKAPIFAIL;
	}
	free(names);
	free(values);
	return rc;
}

static void
describe_bus(const struct port *p, char *out, size_t size)
{
	const struct rte_device *device = p->info.device;
	const char *bus = device ? rte_bus_name(rte_dev_bus(device)) : "";

	/* A PCI address says which NIC it is; the name of a virtual device is our own invention. */
	snprintf(out, size, "%s", device && !strcmp(bus, "pci") ? rte_dev_name(device) : bus);
}

static void
fill_dev_info(const struct port *p, struct netif_nic_dev_get *out)
{
	const struct rte_eth_dev_info *i = &p->info;

	describe_bus(p, out->pci_addr, sizeof(out->pci_addr));
	snprintf(out->driver_name, sizeof(out->driver_name), "%s", i->driver_name);
	out->if_index = i->if_index;
	out->min_rx_bufsize = i->min_rx_bufsize;
	out->max_rx_pktlen = i->max_rx_pktlen;
	out->max_rx_queues = i->max_rx_queues;
	out->max_tx_queues = i->max_tx_queues;
	out->max_mac_addrs = i->max_mac_addrs;
	out->max_hash_mac_addrs = i->max_hash_mac_addrs;
	out->max_vfs = i->max_vfs;
	out->max_vmdq_pools = i->max_vmdq_pools;
	out->rx_offload_capa = (uint32_t)i->rx_offload_capa;
	out->tx_offload_capa = (uint32_t)i->tx_offload_capa;
	out->reta_size = i->reta_size;
	out->hash_key_size = i->hash_key_size;
	out->flow_type_rss_offloads = i->flow_type_rss_offloads;
	out->vmdq_queue_base = i->vmdq_queue_base;
	out->vmdq_queue_num = i->vmdq_queue_num;
	out->vmdq_pool_base = i->vmdq_pool_base;
	out->rx_desc_lim_nb_max = i->rx_desc_lim.nb_max;
	out->rx_desc_lim_nb_min = i->rx_desc_lim.nb_min;
	out->rx_desc_lim_nb_align = i->rx_desc_lim.nb_align;
	out->tx_desc_lim_nb_max = i->tx_desc_lim.nb_max;
	out->tx_desc_lim_nb_min = i->tx_desc_lim.nb_min;
	out->tx_desc_lim_nb_align = i->tx_desc_lim.nb_align;
	out->speed_capa = i->speed_capa;
}

/* The worker that has a queue; -1: nobody. */
static int
owner_lcore(const struct port *p, unsigned queue, bool rx)
{
	for (unsigned w = 0; w < nworkers; w++) {
		const struct queue_list *list =
		    rx ? &port_queues.at[w][p->id].rx : &port_queues.at[w][p->id].tx;

		for (unsigned i = 0; i < list->n; i++) {
			if (list->id[i] == queue)
				return workers[w]->lcore_id;
		}
	}
	return -1;
}

static void
half(char *names, char *cpus, size_t size, const char *dir, unsigned queue, int lcore)
{
	const char *dash = names[0] ? "-" : "";
	size_t n = strlen(names), c = strlen(cpus);

	snprintf(names + n, size - n, "%s%s%u", dash, dir, queue);
	if (lcore < 0)
		snprintf(cpus + c, size - c, "%snone", dash);
	else
		snprintf(cpus + c, size - c, "%scpu%d", dash, lcore);
}

static char *
queue_lines(const struct port *p, size_t *len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, len);

	if (!f)
		return NULL;
	for (unsigned q = 0; !p->ops->tx && q < RTE_MAX(p->nrxq, p->ntxq); q++) {
		char names[32] = "", cpus[32] = "";

		if (q < p->nrxq)
			half(names, cpus, sizeof(names), "rx", q, owner_lcore(p, q, true));
		if (q < p->ntxq)
			half(names, cpus, sizeof(names), "tx", q, owner_lcore(p, q, false));
		fprintf(f, "    %-12s%-25s\n", names, cpus);
	}
	return fclose(f) ? NULL : text;
}

static char *
mcast_lines(const struct port *p, size_t *len)
{
	char *text = NULL, mac[32];
	FILE *f = open_memstream(&text, len);

	if (!f)
		return NULL;
	for (unsigned i = 0; i < p->nmcast; i++) {
		port_mac_text(&p->mcast[i].mac, false, mac, sizeof(mac));
		fprintf(f, "        link %s refcnt %u, synced 0\n", mac, p->mcast[i].users);
	}
	return fclose(f) ? NULL : text;
}

static int
on_ext(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	const struct port *p = port_of_request(req);
	struct netif_nic_ext_get out;
	size_t qlen = 0, mlen = 0;
	char *queues, *mcast;
	int rc = EDPVS_NOMEM;

	if (!p)
		return EDPVS_NOTEXIST;
	queues = queue_lines(p, &qlen);
	mcast = mcast_lines(p, &mlen);
	if (queues && mcast) {
		memset(&out, 0, sizeof(out));
		out.port_id = p->id;
		fill_dev_info(p, &out.dev_info);
		/* Both texts end with a NUL that their lengths do not count. */
		out.cfg_queues.data_len = qlen;
		out.mc_list.data_offset = qlen + 1;
		out.mc_list.data_len = mlen;
		out.mc_list.naddr = (int32_t)p->nmcast;
		out.datalen = qlen + 1 + mlen + 1;
		rc = reply_copy(reply, &out, sizeof(out));
		if (!rc)
			rc = reply_copy(reply, queues, qlen + 1);
		if (!rc)
			rc = reply_copy(reply, mcast, mlen + 1);
	}
	free(queues);
	free(mcast);
	return rc;
}

static int
on_maddr(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	const struct port *p = port_of_request(req);
	struct netif_hw_addr_array head;
	int rc;

	if (!p)
		return EDPVS_NOTEXIST;
	head.count = (int32_t)p->nmcast;
	rc = reply_copy(reply, &head, sizeof(head));
	for (unsigned i = 0; i < p->nmcast && !rc; i++) {
		struct netif_hw_addr_entry entry;

		memset(&entry, 0, sizeof(entry));
		port_mac_text(&p->mcast[i].mac, false, entry.addr, sizeof(entry.addr));
		entry.refcnt = p->mcast[i].users;
		rc = reply_copy(reply, &entry, sizeof(entry));
	}
	return rc;
}

void
port_info_register(void)
{
	ctrl_register(SOCKOPT_NETIF_GET_PORT_LIST, on_list);
	ctrl_register(SOCKOPT_NETIF_GET_PORT_BASIC, on_basic);
	ctrl_register(SOCKOPT_NETIF_GET_PORT_STATS, on_stats);
	ctrl_register(SOCKOPT_NETIF_GET_PORT_XSTATS, on_xstats);
	ctrl_register(SOCKOPT_NETIF_GET_PORT_EXT_INFO, on_ext);
	ctrl_register(SOCKOPT_NETIF_GET_MADDR, on_maddr);
}

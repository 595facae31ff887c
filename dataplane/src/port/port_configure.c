/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration of one device by what it can do. Only the queues are necessary; everything else is used when
 * the driver offers it and done without when it does not.
 */
#include "port_setup.h"

#include <errno.h>
#include <string.h>
#include <rte_errno.h>

#include "core/errors.h"
#include "core/log.h"
#include "port/bond.h"
#include "port/testmode.h"

static uint64_t
rss_functions(const char *words)
{
	static const struct {
		const char *word;
		uint64_t functions;
	} table[] = {
	    {"all", RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP},
	    {"ip", RTE_ETH_RSS_IP},
	    {"tcp", RTE_ETH_RSS_TCP},
	    {"udp", RTE_ETH_RSS_UDP},
	    {"sctp", RTE_ETH_RSS_SCTP},
	    {"ether", RTE_ETH_RSS_L2_PAYLOAD},
	    {"port", RTE_ETH_RSS_PORT},
	    {"tunnel", RTE_ETH_RSS_TUNNEL},
	};
	uint64_t set = 0;

	while (*words) {
		size_t len = strcspn(words, "|");

		for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
			if (strlen(table[i].word) == len && !memcmp(table[i].word, words, len))
				set |= table[i].functions;
		}
		words += len + (words[len] == '|');
	}
	return set;
}

static struct rte_eth_conf
wanted(const struct port *p, bool one_pool)
{
	const struct conf_port *c = port_conf(p);
	struct rte_eth_conf dev;
	uint64_t hash = rss_functions(c->rss) & p->info.flow_type_rss_offloads;

	memset(&dev, 0, sizeof(dev));
	if (p->nrxq > 1 && hash) {
		dev.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		dev.rx_adv_conf.rss_conf.rss_hf = hash;
	}
	if (c->mtu > RTE_ETHER_MTU && p->info.max_mtu >= c->mtu)
		dev.rxmode.mtu = (uint32_t)c->mtu;
	dev.rxmode.offloads = p->info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_IPV4_CKSUM;
	dev.txmode.offloads = p->info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	if (c->mbuf_fast_free && one_pool)
		dev.txmode.offloads |= p->info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
	return dev;
}

static int
configure(struct port *p, struct rte_eth_conf *dev)
{
	int rc = rte_eth_dev_configure(p->dpdk_id, p->nrxq, p->ntxq, dev);

	if (rc == 0)
		return 0;
	/* Drivers exist that offer a function and then refuse it; forwarding needs none of them. */
	memset(dev, 0, sizeof(*dev));
	return rte_eth_dev_configure(p->dpdk_id, p->nrxq, p->ntxq, dev);
}

static int
set_up_queues(struct port *p, const struct rte_eth_conf *dev, struct rte_mempool *pool)
{
	const struct conf_port *c = port_conf(p);
	uint16_t nrxd = (uint16_t)c->rx_desc, ntxd = (uint16_t)c->tx_desc;
	int rc = rte_eth_dev_adjust_nb_rx_tx_desc(p->dpdk_id, &nrxd, &ntxd);

	if (rc == 0 && (nrxd != c->rx_desc || ntxd != c->tx_desc))
		log_notice("port", "port %s: %u rx and %u tx descriptors, as the device demands", p->name,
			   nrxd, ntxd);
	for (uint16_t q = 0; q < p->nrxq; q++) {
		struct rte_eth_rxconf rx = p->info.default_rxconf;

		rx.offloads = dev->rxmode.offloads;
		rc = rte_eth_rx_queue_setup(p->dpdk_id, q, nrxd, (unsigned)p->socket_id, &rx, pool);
		if (rc) {
			log_err("port", "port %s: rx queue %u with %u descriptors is refused: %s", p->name, q,
				nrxd, rte_strerror(-rc));
			return EDPVS_DPDKAPIFAIL;
		}
	}
	for (uint16_t q = 0; q < p->ntxq; q++) {
		struct rte_eth_txconf tx = p->info.default_txconf;

		tx.offloads = dev->txmode.offloads;
		rc = rte_eth_tx_queue_setup(p->dpdk_id, q, ntxd, (unsigned)p->socket_id, &tx);
		if (rc) {
			log_err("port", "port %s: tx queue %u with %u descriptors is refused: %s", p->name, q,
				ntxd, rte_strerror(-rc));
			return EDPVS_DPDKAPIFAIL;
		}
	}
	return EDPVS_OK;
}

static void
set_mtu(struct port *p)
{
	uint16_t mtu = (uint16_t)port_conf(p)->mtu, is = RTE_ETHER_MTU;

	rte_eth_dev_get_mtu(p->dpdk_id, &is);
	p->mtu = mtu;
	if (mtu == is)
		return;
	int rc = rte_eth_dev_set_mtu(p->dpdk_id, mtu);

	if (rc == 0)
		return;
	if (mtu > is) {
		log_warning("port", "port %s: mtu %u is refused (%s), it stays %u", p->name, mtu,
			    rte_strerror(-rc), is);
		p->mtu = is;
	}
	/* A smaller value holds for what we send, whatever the device thinks. */
}

int
port_configure(struct port *p, struct rte_mempool *pool, bool one_pool)
{
	struct rte_eth_conf dev = wanted(p, one_pool);
	int rc = configure(p, &dev);

	if (rc) {
		log_err("port", "port %s: the device refuses %u rx and %u tx queues: %s", p->name, p->nrxq,
			p->ntxq, rte_strerror(-rc));
		return EDPVS_DPDKAPIFAIL;
	}
	p->rx_ip_csum = dev.rxmode.offloads & RTE_ETH_RX_OFFLOAD_IPV4_CKSUM;
	p->tx_fast_free = dev.txmode.offloads & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
	set_mtu(p);
	return set_up_queues(p, &dev, pool);
}

/*
 * Drivers whose receive queues are filled by a stable flow hash although they report no RSS functions.
 * net_af_packet is not one of them: it asks the kernel to roll over to another queue when one is full, so
 * under load the packets of one flow arrive at several queues.
 */
static bool
hashes_anyway(const struct port *p)
{
	/* A flow has the same queue at whatever member it arrives. */
	if (bond_is(p)) {
		bool all = true;

		for (unsigned i = 0; i < ndevices; i++)
			all &= ports[i]->bond != p || hashes_anyway(ports[i]);
		return all;
	}
	return !strcmp(p->info.driver_name, "net_af_xdp") || !strcmp(p->info.driver_name, "net_tap") ||
	       (!strcmp(p->info.driver_name, "net_ring") && testmode_spreads_flows());
}

void
port_choose_steering(struct port *p)
{
	bool every_worker = true, hashes;

	for (unsigned w = 0; w < nworkers; w++)
		every_worker &= port_queues.at[w][p->id].rx.n > 0;
	hashes = (rss_functions(port_conf(p)->rss) & p->info.flow_type_rss_offloads) || hashes_anyway(p);
	p->steering = nworkers == 1 ? STEER_SINGLE : every_worker && hashes ? STEER_RSS : STEER_SOFTWARE;
}

const char *
port_steering_text(const struct port *p)
{
	static const char *const text[] = {
	    [STEER_SINGLE] = "one worker",
	    [STEER_RSS] = "flows spread by the device",
	    [STEER_SOFTWARE] = "flows spread in software",
	};

	return text[p->steering];
}

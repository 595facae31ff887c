/* SPDX-License-Identifier: Apache-2.0 */
#include "port/flow.h"

#include <stdlib.h>
#include <string.h>
#include <rte_byteorder.h>
#include <rte_errno.h>

#include "core/log.h"
#include "packet/pkt.h"
#include "port_setup.h"

enum { FLOW_PRIORITY = 1 };

struct port_flow {
	uint16_t dpdk_id;
	struct rte_flow *rule;
};

static const struct port_flow_api dpdk_api = {
    .validate = rte_flow_validate, .create = rte_flow_create, .destroy = rte_flow_destroy};
const struct port_flow_api *port_flow_api = &dpdk_api;

/* Devices that have refused a rule, by DPDK's id; said once. */
static bool refused[RTE_MAX_ETHPORTS];

/* Specifications and masks of one rule, and the items that point to them. */
struct pattern {
	struct rte_flow_item items[6];
	unsigned n;
	struct rte_flow_item_vlan vlan, vlan_mask;
	struct rte_flow_item_ipv4 ip4, ip4_mask;
	struct rte_flow_item_ipv6 ip6, ip6_mask;
	struct rte_flow_item_tcp tcp, tcp_mask;
	struct rte_flow_item_udp udp, udp_mask;
	struct rte_flow_item_fuzzy fuzzy;
};

static void
item(struct pattern *t, enum rte_flow_item_type type, const void *spec, const void *mask)
{
	t->items[t->n++] = (struct rte_flow_item){.type = type, .spec = spec, .mask = mask};
}

static void
build(struct pattern *t, const struct port *p, const struct port_flow_key *key)
{
	uint16_t value = rte_cpu_to_be_16(key->value), mask = rte_cpu_to_be_16(key->mask);

	memset(t, 0, sizeof(*t));
	item(t, RTE_FLOW_ITEM_TYPE_ETH, NULL, NULL);
	if (p->vlan_id) {
		t->vlan.tci = rte_cpu_to_be_16(p->vlan_id);
		t->vlan_mask.tci = RTE_BE16(0x0fff);
		item(t, RTE_FLOW_ITEM_TYPE_VLAN, &t->vlan, &t->vlan_mask);
	}
	if (key->af == INET_AF_V4) {
		memcpy(&t->ip4.hdr.dst_addr, key->ip.b, 4);
		memset(&t->ip4_mask.hdr.dst_addr, 0xff, 4);
		item(t, RTE_FLOW_ITEM_TYPE_IPV4, &t->ip4, &t->ip4_mask);
	} else {
		memcpy(t->ip6.hdr.dst_addr, key->ip.b, 16);
		memset(t->ip6_mask.hdr.dst_addr, 0xff, 16);
		item(t, RTE_FLOW_ITEM_TYPE_IPV6, &t->ip6, &t->ip6_mask);
	}
	if (key->proto == 0) {
		/* The address is all that counts. */
	} else if (key->proto == PKT_PROTO_TCP) {
		t->tcp.hdr.dst_port = value;
		t->tcp_mask.hdr.dst_port = mask;
		item(t, RTE_FLOW_ITEM_TYPE_TCP, &t->tcp, &t->tcp_mask);
	} else {
		t->udp.hdr.dst_port = value;
		t->udp_mask.hdr.dst_port = mask;
		item(t, RTE_FLOW_ITEM_TYPE_UDP, &t->udp, &t->udp_mask);
	}
	/* Devices that compare signatures want to be told that the rule may match more. */
	if (strcmp(conf.netif.fdir_mode, "signature") == 0) {
		t->fuzzy.thresh = UINT32_MAX;
		item(t, RTE_FLOW_ITEM_TYPE_FUZZY, &t->fuzzy, NULL);
	}
	item(t, RTE_FLOW_ITEM_TYPE_END, NULL, NULL);
}

static void
say_refused(const struct port *device, const struct rte_flow_error *error)
{
	if (refused[device->dpdk_id])
		return;
	refused[device->dpdk_id] = true;
	log_notice("port",
		   "%s does not take flow rules (%s): packets of other workers are handed over in "
		   "software; sa_pool/flow_enable off asks for none",
		   device->name, error->message ? error->message : rte_strerror(rte_errno));
}

static bool
queue_of(const struct port *device, unsigned worker, uint16_t *queue)
{
	for (uint16_t q = 0; q < device->nrxq; q++) {
		if (device->rxq_worker[q] != worker)
			continue;
		*queue = q;
		return true;
	}
	return false;
}

struct port_flow *
port_flow_add(const struct port *p, const struct port_flow_key *key, unsigned worker)
{
	/* Ports of local addresses come first: those rules say more. */
	const struct rte_flow_attr attr = {.ingress = 1,
					   .priority = key->proto ? FLOW_PRIORITY : FLOW_PRIORITY + 1};
	const struct port *device = p->vlan_id ? p->parent : p;
	struct rte_flow_action_queue queue = {0};
	const struct rte_flow_action actions[] = {{.type = RTE_FLOW_ACTION_TYPE_QUEUE, .conf = &queue},
						  {.type = RTE_FLOW_ACTION_TYPE_END}};
	struct rte_flow_error error = {0};
	struct port_flow *flow;
	struct pattern t;

	/* Rules see one tag, and devices that are no hardware have none of their own. */
	if (device->ops != &port_device_ops || !queue_of(device, worker, &queue.index))
		return NULL;
	build(&t, p, key);
	flow = calloc(1, sizeof(*flow));
	if (!flow)
		return NULL;
	flow->dpdk_id = device->dpdk_id;
	if (port_flow_api->validate(device->dpdk_id, &attr, t.items, actions, &error) == 0)
		flow->rule = port_flow_api->create(device->dpdk_id, &attr, t.items, actions, &error);
	if (flow->rule)
		return flow;
	say_refused(device, &error);
	free(flow);
	return NULL;
}

void
port_flow_del(struct port_flow *flow)
{
	struct rte_flow_error error = {0};

	if (!flow)
		return;
	if (port_flow_api->destroy(flow->dpdk_id, flow->rule, &error))
		log_warning("port", "a flow rule stays in device %u: %s", flow->dpdk_id,
			    error.message ? error.message : rte_strerror(rte_errno));
	free(flow);
}

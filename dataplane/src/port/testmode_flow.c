/* SPDX-License-Identifier: Apache-2.0 */
/* Flow rules of test ports: kept in a list, obeyed by injected frames, and listed for tests. */
#include "testmode_flow.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <rte_byteorder.h>
#include <rte_ether.h>

#include "abi/testmode.h"
#include "core/errors.h"
#include "packet/pkt.h"
#include "port/flow.h"

struct rte_flow {
	TAILQ_ENTRY(rte_flow) next;
	struct ds_test_flow as;
};

static TAILQ_HEAD(, rte_flow) rules = TAILQ_HEAD_INITIALIZER(rules);

/* Reads a pattern of exactly the form that flow.c makes; -1: another. */
static int
read_pattern(const struct rte_flow_item *item, struct ds_test_flow *out)
{
	const struct rte_flow_item_udp *spec, *mask; /* TCP has the ports at the same place */

	if (item++->type != RTE_FLOW_ITEM_TYPE_ETH)
		return -1;
	if (item->type == RTE_FLOW_ITEM_TYPE_VLAN) {
		out->vlan = rte_be_to_cpu_16(((const struct rte_flow_item_vlan *)item->spec)->tci);
		item++;
	}
	if (item->type == RTE_FLOW_ITEM_TYPE_IPV4) {
		out->af = INET_AF_V4;
		memcpy(out->addr, &((const struct rte_flow_item_ipv4 *)item->spec)->hdr.dst_addr, 4);
	} else if (item->type == RTE_FLOW_ITEM_TYPE_IPV6) {
		out->af = INET_AF_V6;
		memcpy(out->addr, ((const struct rte_flow_item_ipv6 *)item->spec)->hdr.dst_addr, 16);
	} else {
		return -1;
	}
	item++;
	if (item->type == RTE_FLOW_ITEM_TYPE_END)
		return 0;
	if (item->type != RTE_FLOW_ITEM_TYPE_TCP && item->type != RTE_FLOW_ITEM_TYPE_UDP)
		return -1;
	out->proto = item->type == RTE_FLOW_ITEM_TYPE_TCP ? PKT_PROTO_TCP : PKT_PROTO_UDP;
	spec = item->spec;
	mask = item->mask;
	out->value = rte_be_to_cpu_16(spec->hdr.dst_port);
	out->mask = rte_be_to_cpu_16(mask->hdr.dst_port);
	item++;
	out->fuzzy = item->type == RTE_FLOW_ITEM_TYPE_FUZZY;
	return item[out->fuzzy].type == RTE_FLOW_ITEM_TYPE_END ? 0 : -1;
}

static int
validate(uint16_t dpdk_id, const struct rte_flow_attr *attr, const struct rte_flow_item pattern[],
	 const struct rte_flow_action actions[], struct rte_flow_error *error)
{
	struct ds_test_flow as = {0};

	(void)dpdk_id;
	error->message = "not a rule that test ports understand";
	if (!attr->ingress || actions[0].type != RTE_FLOW_ACTION_TYPE_QUEUE ||
	    actions[1].type != RTE_FLOW_ACTION_TYPE_END)
		return -1;
	return read_pattern(pattern, &as);
}

static struct rte_flow *
create(uint16_t dpdk_id, const struct rte_flow_attr *attr, const struct rte_flow_item pattern[],
       const struct rte_flow_action actions[], struct rte_flow_error *error)
{
	struct rte_flow *r = calloc(1, sizeof(*r));

	(void)error;
	if (!r || read_pattern(pattern, &r->as)) {
		free(r);
		return NULL;
	}
	r->as.port = dpdk_id;
	r->as.queue = ((const struct rte_flow_action_queue *)actions[0].conf)->index;
	r->as.priority = attr->priority;
	TAILQ_INSERT_TAIL(&rules, r, next);
	return r;
}

static int
destroy(uint16_t dpdk_id, struct rte_flow *r, struct rte_flow_error *error)
{
	(void)dpdk_id;
	(void)error;
	TAILQ_REMOVE(&rules, r, next);
	free(r);
	return 0;
}

/* The parts of a frame that rules compare. False: none does. */
static bool
read_frame(const uint8_t *f, size_t len, struct ds_test_flow *out)
{
	size_t at = RTE_ETHER_HDR_LEN;
	size_t l4;

	if (len < at + 4)
		return false;
	if (f[12] == 0x81 && f[13] == 0x00) {
		out->vlan = (uint16_t)((f[14] << 8 | f[15]) & 0xfff);
		at += 4;
	}
	if (len > at + 24 && f[at - 2] == 0x08 && f[at - 1] == 0x00 && f[at] == 0x45) {
		out->af = INET_AF_V4;
		out->proto = f[at + 9];
		memcpy(out->addr, f + at + 16, 4);
		l4 = at + 20;
	} else if (len > at + 44 && f[at - 2] == 0x86 && f[at - 1] == 0xdd) {
		out->af = INET_AF_V6;
		out->proto = f[at + 6];
		memcpy(out->addr, f + at + 24, 16);
		l4 = at + 40;
	} else {
		return false;
	}
	if (out->proto == PKT_PROTO_TCP || out->proto == PKT_PROTO_UDP)
		out->value = (uint16_t)(f[l4 + 2] << 8 | f[l4 + 3]);
	return true;
}

uint16_t
testmode_flow_queue(uint16_t port, uint16_t queue, const uint8_t *frame, size_t len)
{
	struct ds_test_flow is = {0};
	const struct rte_flow *r;

	if (TAILQ_EMPTY(&rules) || !read_frame(frame, len, &is))
		return queue;
	TAILQ_FOREACH (r, &rules, next)
		if (r->as.port == port && r->as.vlan == is.vlan && r->as.af == is.af &&
		    memcmp(r->as.addr, is.addr, sizeof(is.addr)) == 0 &&
		    (r->as.proto == 0 || (r->as.proto == is.proto && (is.value & r->as.mask) == r->as.value)))
			return r->as.queue;
	return queue;
}

static int
on_flows(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	const struct rte_flow *r;

	(void)req;
	TAILQ_FOREACH (r, &rules, next) {
		void *at = ctrl_reply_add(reply, sizeof(r->as));

		if (!at)
			return EDPVS_NOMEM;
		memcpy(at, &r->as, sizeof(r->as));
	}
	return EDPVS_OK;
}

void
testmode_flow_init(void)
{
	static const struct port_flow_api api = {.validate = validate, .create = create, .destroy = destroy};

	port_flow_api = &api;
	ctrl_register_extra(DS_TEST_FLOWS, "DS_TEST_FLOWS", ABI_DIRECTION_GET, ABI_RULE_EXACT, 0, on_flows);
}

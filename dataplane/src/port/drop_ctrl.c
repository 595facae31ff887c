/* SPDX-License-Identifier: Apache-2.0 */
/* The list of drop counters: message DS_MSG_DROPS. */
#include "port_setup.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <rte_lcore.h>

#include "abi/ext.h"
#include "core/errors.h"
#include "ctrl/ctrl.h"
#include "port/isolated.h"
#include "port/kernel_lcore.h"

static int
add_record(struct ctrl_reply *reply, unsigned reason, uint32_t lcore, uint64_t packets)
{
	const struct drop_info *info = drop_info(reason);
	struct ds_tlv tlv = {.type = DS_TLV_DROP, .len = sizeof(struct ds_drop)};
	struct ds_drop drop;
	uint8_t *at = ctrl_reply_add(reply, DS_TLV_SIZE(sizeof(drop)));

	if (!at)
		return EDPVS_NOMEM;
	memset(&drop, 0, sizeof(drop));
	snprintf(drop.name, sizeof(drop.name), "%s", info->name);
	for (char *c = drop.name; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	snprintf(drop.layer, sizeof(drop.layer), "%s", info->layer);
	snprintf(drop.text, sizeof(drop.text), "%s", info->text);
	drop.packets = packets;
	drop.lcore = lcore;
	memcpy(at, &tlv, sizeof(tlv));
	memcpy(at + sizeof(tlv), &drop, sizeof(drop));
	return EDPVS_OK;
}

/* There is only one thing that isolated lcores drop for. */
static uint64_t
isolated_drops(const struct isolated *is, unsigned reason)
{
	return reason == DROP_ISOLATED_FULL ? is->stats.tx_dropped : 0;
}

static int
add_sum(struct ctrl_reply *reply, unsigned reason)
{
	uint64_t sum = control_drops[reason];

	if (kernel_lcore)
		sum += kernel_lcore->drops[reason];
	for (unsigned i = 0; i < nisolated; i++)
		sum += isolated_drops(isolated[i], reason);
	for (unsigned i = 0; i < nworkers; i++)
		sum += worker_drops(workers[i], reason);
	return add_record(reply, reason, DS_LCORE_ALL, sum);
}

static int
add_each(struct ctrl_reply *reply, unsigned reason)
{
	int rc = add_record(reply, reason, rte_get_main_lcore(), control_drops[reason]);

	for (unsigned i = 0; i < nworkers && !rc; i++)
		rc = add_record(reply, reason, workers[i]->lcore_id, worker_drops(workers[i], reason));
	for (unsigned i = 0; i < nisolated && !rc; i++)
		rc = add_record(reply, reason, isolated[i]->lcore_id, isolated_drops(isolated[i], reason));
	if (kernel_lcore && !rc)
		rc = add_record(reply, reason, kernel_lcore->lcore_id, kernel_lcore->drops[reason]);
	return rc;
}

static int
on_drops(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct ds_drops_request ask;
	int rc = EDPVS_OK;

	memcpy(&ask, req->body, sizeof(ask));
	if (ask.flags & ~(uint32_t)DS_DROPS_F_PER_LCORE)
		return EDPVS_INVAL;
	for (unsigned reason = 1; reason < DROP_REASONS && !rc; reason++)
		rc = ask.flags & DS_DROPS_F_PER_LCORE ? add_each(reply, reason) : add_sum(reply, reason);
	return rc;
}

void
drop_ctrl_register(void)
{
	ctrl_register(DS_MSG_DROPS, on_drops);
}

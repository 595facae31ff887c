/* SPDX-License-Identifier: Apache-2.0 */
/* What the control layer answers itself: who we are (HELLO) and the version text. */
#include "ctrl_internal.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <rte_lcore.h>

#include "abi/ext.h"
#include "core/segment.h"
#include "core/conf.h"
#include "core/worker.h"

enum { VERSION_TEXT_LEN = 64, IDS_MAX = 256 };

static uint8_t boot_id[16];

static bool
served(uint32_t id)
{
	const struct ctrl_message *msg = ctrl_message_find(id);

	return msg && msg->fn;
}

static int
add_info(struct ctrl_reply *reply)
{
	struct ds_hello_info info = {.struct_version = DS_HELLO_VERSION,
				     .max_request_body = CTRL_REQUEST_MAX,
				     .generation = ctrl_generation};
	void *at = ctrl_reply_record(reply, DS_TLV_HELLO_INFO, sizeof(info));

	if (!at)
		return EDPVS_NOMEM;
	if (served(DS_MSG_DROPS))
		info.features |= DS_FEATURE_DROPS;
	if (served(DPVS_SO_GET_SERVICES))
		info.features |= DS_FEATURE_RATES | DS_FEATURE_CONN_LIMIT;
	if (conf.ipvs.conn_accounting)
		info.features |= DS_FEATURE_ACCOUNTING;
	memcpy(info.boot_id, boot_id, sizeof(info.boot_id));
	snprintf(info.version, sizeof(info.version), "%s", DPVS_VERSION);
	memcpy(at, &info, sizeof(info));
	return EDPVS_OK;
}

static int
add_limits(struct ctrl_reply *reply)
{
	struct ds_limits limits = {.max_batch_bytes = CTRL_BATCH_MAX,
				   .max_batch_items = CTRL_BATCH_ITEMS_MAX,
				   .max_page_bytes = CTRL_PAGE_BYTES_MAX,
				   .max_page_conns = CTRL_PAGE_CONNS_MAX};
	void *at = ctrl_reply_record(reply, DS_TLV_LIMITS, sizeof(limits));

	if (!at)
		return EDPVS_NOMEM;
	memcpy(at, &limits, sizeof(limits));
	return EDPVS_OK;
}

static int
add_lcore(struct ctrl_reply *reply, unsigned id, uint8_t role, unsigned index)
{
	struct ds_lcore lcore = {.id = (uint8_t)id, .role = role, .index = (uint16_t)index};
	void *at = ctrl_reply_record(reply, DS_TLV_LCORE, sizeof(lcore));

	if (!at)
		return EDPVS_NOMEM;
	memcpy(at, &lcore, sizeof(lcore));
	return EDPVS_OK;
}

struct ids {
	uint32_t id[IDS_MAX];
	unsigned n;
};

static void
collect_id(const struct ctrl_message *msg, void *arg)
{
	struct ids *ids = arg;

	if (ids->n < IDS_MAX)
		ids->id[ids->n++] = msg->id;
}

static int
hello(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct ids ids = {.n = 0};
	void *at;
	int rc = add_info(reply);

	if (rc == EDPVS_OK)
		rc = add_limits(reply);
	if (rc == EDPVS_OK)
		rc = add_lcore(reply, rte_get_main_lcore(), DS_LCORE_ROLE_MASTER, 0);
	for (unsigned i = 0; i < nworkers && rc == EDPVS_OK; i++)
		rc = add_lcore(reply, workers[i]->lcore_id, DS_LCORE_ROLE_WORKER, i + 1);
	if (rc != EDPVS_OK)
		return rc;
	ctrl_message_each(collect_id, &ids);
	at = ctrl_reply_record(reply, DS_TLV_IDS, ids.n * sizeof(ids.id[0]));
	if (!at)
		return EDPVS_NOMEM;
	memcpy(at, ids.id, ids.n * sizeof(ids.id[0]));
	return EDPVS_OK;
}

static int
version(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	char *text = ctrl_reply_add(reply, VERSION_TEXT_LEN);

	if (!text)
		return EDPVS_NOMEM;
	snprintf(text, VERSION_TEXT_LEN, "dpvs:v%s", DPVS_VERSION);
	return EDPVS_OK;
}

void
ctrl_hello_register(void)
{
	/* Only has to differ from start to start; without a random source, zeroes are still a valid id. */
	if (getrandom(boot_id, sizeof(boot_id), GRND_NONBLOCK) < 0)
		memset(boot_id, 0, sizeof(boot_id));
	segment_boot_id(boot_id);
	ctrl_register(DS_MSG_HELLO, hello);
	ctrl_register(DPVS_SO_GET_VERSION, version);
}

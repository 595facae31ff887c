/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many set requests in one message (abi/batch.h). Items run through the checks and handlers that they would
 * meet on their own; an atomic batch is one transaction (core/txn.h) around all of them.
 */
#include "ctrl_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/batch.h"
#include "core/log.h"
#include "core/txn.h"

enum {
	FLAGS_ALL = DS_BATCH_F_ATOMIC | DS_BATCH_F_DRY_RUN | DS_BATCH_F_STOP | DS_BATCH_F_GENERATION |
		    DS_BATCH_F_TOKEN,
	TOKENS_KEPT = 16,
};

struct item {
	uint32_t id;
	const uint8_t *body;
	size_t len;
};

struct batch {
	struct ds_batch_request head;
	const uint8_t *items, *end;
	struct ctrl_peer peer;
	bool atomic, dry_run;
	struct ds_batch_result result;
	uint8_t *codes; /* in the reply; unaligned int32_t */
	uint32_t first_failed_id;
};

/* ---- parsing ---- */

/* Takes the item at *at and moves on. False when it is malformed. */
static bool
item_next(const uint8_t **at, const uint8_t *end, struct item *item)
{
	size_t left = (size_t)(end - *at);
	struct ds_batch_item head;
	struct ds_tlv tlv;

	if (left < sizeof(tlv) + sizeof(head))
		return false;
	memcpy(&tlv, *at, sizeof(tlv));
	memcpy(&head, *at + sizeof(tlv), sizeof(head));
	if (tlv.type != DS_TLV_ITEM || tlv.flags != 0 || tlv.len < sizeof(head) ||
	    DS_TLV_SIZE(tlv.len) > left || head.reserved != 0)
		return false;
	*item = (struct item){
	    .id = head.id, .body = *at + sizeof(tlv) + sizeof(head), .len = tlv.len - sizeof(head)};
	*at += DS_TLV_SIZE(tlv.len);
	return true;
}

/* Looks at every length, so that execution need not. */
static int
batch_read(const struct ctrl_request *req, struct batch *b)
{
	struct item item;
	const uint8_t *at;

	if (req->len < sizeof(b->head))
		return EDPVS_INVAL;
	memcpy(&b->head, req->body, sizeof(b->head));
	if (b->head.flags & ~(uint32_t)FLAGS_ALL || b->head.count > CTRL_BATCH_ITEMS_MAX)
		return EDPVS_INVAL;
	b->dry_run = b->head.flags & DS_BATCH_F_DRY_RUN;
	b->atomic = b->dry_run || b->head.flags & DS_BATCH_F_ATOMIC;
	b->peer = req->peer;
	b->items = (const uint8_t *)req->body + sizeof(b->head);
	b->end = (const uint8_t *)req->body + req->len;
	at = b->items;
	for (uint32_t i = 0; i < b->head.count; i++)
		if (!item_next(&at, b->end, &item))
			return EDPVS_INVAL;
	return at == b->end ? EDPVS_OK : EDPVS_INVAL;
}

/* ---- tokens ---- */

static struct remembered {
	uint8_t token[sizeof(((struct ds_batch_request *)0)->token)];
	uint8_t *reply; /* NULL: free */
	size_t len;
} remembered[TOKENS_KEPT];
static unsigned oldest;

static const struct remembered *
token_find(const struct batch *b)
{
	for (unsigned i = 0; i < TOKENS_KEPT; i++)
		if (remembered[i].reply &&
		    memcmp(remembered[i].token, b->head.token, sizeof(b->head.token)) == 0)
			return &remembered[i];
	return NULL;
}

/* Takes over the copy of the reply. */
static void
token_keep(const struct batch *b, uint8_t *copy, size_t len)
{
	struct remembered *r = &remembered[oldest];

	oldest = (oldest + 1) % TOKENS_KEPT;
	free(r->reply);
	memcpy(r->token, b->head.token, sizeof(r->token));
	r->reply = copy;
	r->len = len;
}

static int
reply_again(const struct batch *b, const struct remembered *r, struct ctrl_reply *reply)
{
	struct ds_batch_result result;
	uint8_t *at = ctrl_reply_add(reply, r->len);

	if (!at)
		return EDPVS_NOMEM;
	memcpy(at, r->reply, r->len);
	memcpy(&result, at + sizeof(struct ds_tlv), sizeof(result));
	result.repeated = 1;
	memcpy(at + sizeof(struct ds_tlv), &result, sizeof(result));
	log_info("ctrl", "batch of %u by pid %d, uid %u: known already, its reply is repeated", b->head.count,
		 (int)b->peer.pid, (unsigned)b->peer.uid);
	return EDPVS_OK;
}

/* ---- execution ---- */

static int
item_run(const struct batch *b, const struct item *item)
{
	struct ctrl_request req = {
	    .id = item->id, .type = SOCKOPT_SET, .body = item->body, .len = item->len, .peer = b->peer};
	const struct ctrl_message *msg = ctrl_message_find(item->id);
	struct ctrl_reply unwanted = {0};
	int rc;

	if (!msg || msg->batch || (b->atomic && !msg->part))
		return EDPVS_NOTSUPP;
	rc = ctrl_check(req.id, req.type, req.len);
	if (rc != EDPVS_OK)
		return rc;
	rc = ctrl_message_run(msg, &req, &unwanted);
	ctrl_reply_clear(&unwanted);
	return rc;
}

static void
items_run(struct batch *b)
{
	bool stops = b->atomic || b->head.flags & DS_BATCH_F_STOP;
	const uint8_t *at = b->items;
	struct item item;

	for (uint32_t i = 0; i < b->head.count && item_next(&at, b->end, &item); i++) {
		bool skipped = stops && b->result.failed > 0;
		int32_t code = skipped ? DS_BATCH_CODE_SKIPPED : item_run(b, &item);

		memcpy(b->codes + i * sizeof(code), &code, sizeof(code));
		b->result.applied += code == EDPVS_OK;
		if (code >= 0)
			continue;
		if (b->result.failed++ == 0) {
			b->result.first_failed = i;
			b->first_failed_id = item.id;
		}
	}
}

/* Nothing is executed unless all of it is going to be; so nothing may fail behind this. */
static int
execute(struct batch *b)
{
	int err = EDPVS_OK;

	if (!b->atomic) {
		items_run(b);
		b->result.committed = 1;
		return EDPVS_OK;
	}
	txn_begin();
	items_run(b);
	if (b->result.failed) {
		txn_abort();
		b->result.applied = 0;
	} else if (b->dry_run) {
		err = txn_rehearse();
	} else {
		err = txn_commit();
		b->result.committed = err == EDPVS_OK;
	}
	return err;
}

static void
log_outcome(const struct batch *b)
{
	const struct ctrl_message *msg = ctrl_message_find(b->first_failed_id);
	const struct ds_batch_result *r = &b->result;
	char first[96] = "";
	int32_t code;

	if (r->failed) {
		memcpy(&code, b->codes + r->first_failed * sizeof(code), sizeof(code));
		snprintf(first, sizeof(first), " (first: item %u, %s: %s)", r->first_failed,
			 msg ? msg->name : "unknown message", ctrl_error_text(code));
	}
	log_info("ctrl", "%sbatch of %u by pid %d, uid %u: %u applied, %u failed%s",
		 b->dry_run  ? "dry run of a "
		 : b->atomic ? "atomic "
			     : "",
		 b->head.count, (int)b->peer.pid, (unsigned)b->peer.uid, r->applied, r->failed, first);
}

/* Room for the whole reply, so that its writing cannot fail after something was executed. */
static uint8_t *
reply_room(struct batch *b, struct ctrl_reply *reply)
{
	uint8_t *result = ctrl_reply_record(reply, DS_TLV_BATCH_RESULT, sizeof(b->result));

	if (!result)
		return NULL;
	b->codes = ctrl_reply_record(reply, DS_TLV_BATCH_CODES, b->head.count * sizeof(int32_t));
	return b->codes ? ctrl_reply_at(reply, sizeof(struct ds_tlv)) : NULL;
}

static int
batch_set(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct batch b = {.result = {.first_failed = DS_BATCH_NONE}};
	const struct remembered *known = NULL;
	uint64_t generation = ctrl_generation;
	uint8_t *copy = NULL, *result;
	int err = batch_read(req, &b);

	if (err)
		return err;
	if (b.head.flags & DS_BATCH_F_TOKEN)
		known = token_find(&b);
	if (known)
		return reply_again(&b, known, reply);
	if (b.head.flags & DS_BATCH_F_GENERATION && b.head.generation != generation)
		return EDPVS_BUSY;
	result = reply_room(&b, reply);
	if (!result)
		return EDPVS_NOMEM;
	if (b.head.flags & DS_BATCH_F_TOKEN && !b.dry_run) {
		copy = malloc(ctrl_reply_len(reply));
		if (!copy)
			return EDPVS_NOMEM;
	}
	err = execute(&b);
	if (err) {
		free(copy);
		return err;
	}
	ctrl_generation = generation + (b.result.committed && b.result.applied > 0);
	b.result.generation = ctrl_generation;
	memcpy(result, &b.result, sizeof(b.result));
	if (copy) {
		memcpy(copy, ctrl_reply_at(reply, 0), ctrl_reply_len(reply));
		token_keep(&b, copy, ctrl_reply_len(reply));
	}
	log_outcome(&b);
	return EDPVS_OK;
}

void
ctrl_batch_register(void)
{
	ctrl_register_batch(DS_MSG_BATCH, batch_set);
}

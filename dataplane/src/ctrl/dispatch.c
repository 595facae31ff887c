/* SPDX-License-Identifier: Apache-2.0 */
#include "ctrl_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/log.h"
#include "core/txn.h"

enum {
	EXTRA_MAX = 16,
	/* Bodies may be longer than the rule demands: old senders pad, new ones append. */
	SLACK = 64 << 10,
};

#define LIMIT_EXACT(size) (size)
#define LIMIT_MIN(size)	  ((size) + SLACK)
#define LIMIT_ANY(size)	  ((size) + SLACK)
/* The agent sends lists. */
#define FACTOR_AGENT(rule_limit)       CTRL_REQUEST_MAX
#define FACTOR_DEFAULT(rule_limit)     (rule_limit)
#define FACTOR_PLACEHOLDER(rule_limit) (rule_limit)
#define FACTOR_EXTENSION(rule_limit)   (rule_limit)

#define ROW(name, id, direction, availability, rule, size, request, reply, element)                          \
	{id,                                                                                                 \
	 #name,                                                                                              \
	 ABI_DIRECTION_##direction,                                                                          \
	 ABI_RULE_##rule,                                                                                    \
	 size,                                                                                               \
	 FACTOR_##availability(LIMIT_##rule(size)),                                                          \
	 NULL,                                                                                               \
	 NULL,                                                                                               \
	 false},
static struct ctrl_message table[] = {ABI_MESSAGES(ROW)};
#undef ROW

static struct ctrl_message extra[EXTRA_MAX];
static unsigned nextra;

uint64_t ctrl_generation;

static struct ctrl_message *
find(uint32_t id)
{
	/* Ids 0 to 108 are the first rows, in order; the rest is short. */
	if (id < sizeof(table) / sizeof(table[0]) && table[id].id == id)
		return &table[id];
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].id == id)
			return &table[i];
	for (unsigned i = 0; i < nextra; i++)
		if (extra[i].id == id)
			return &extra[i];
	return NULL;
}

static bool
is_extra(const struct ctrl_message *msg)
{
	return msg >= extra && msg < extra + EXTRA_MAX;
}

const struct ctrl_message *
ctrl_message_find(uint32_t id)
{
	return find(id);
}

void
ctrl_message_each(void (*fn)(const struct ctrl_message *msg, void *arg), void *arg)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].fn)
			fn(&table[i], arg);
	for (unsigned i = 0; i < nextra; i++)
		fn(&extra[i], arg);
}

/* A wrong registration is a mistake in this program; it ends it at start-up, where it is found at once. */
static void __attribute__((noreturn)) die(uint32_t id, const char *why)
{
	fprintf(stderr, "dpvs: cannot register control message %u: %s\n", id, why);
	abort();
}

static struct ctrl_message *
take(uint32_t id, ctrl_handler fn)
{
	struct ctrl_message *msg = find(id);

	if (!msg)
		die(id, "it is not in abi/messages.h");
	if (msg->fn)
		die(id, "it has a handler already");
	msg->fn = fn;
	return msg;
}

void
ctrl_register(uint32_t id, ctrl_handler fn)
{
	take(id, fn);
}

void
ctrl_register_pair(uint32_t id, ctrl_handler fn, ctrl_handler in_batch)
{
	struct ctrl_message *msg = take(id, fn);

	if (msg->direction != ABI_DIRECTION_SET)
		die(id, "only what is set can be a part of a transaction");
	msg->part = in_batch;
}

void
ctrl_register_txn(uint32_t id, ctrl_handler fn)
{
	ctrl_register_pair(id, fn, fn);
}

void
ctrl_register_batch(uint32_t id, ctrl_handler fn)
{
	struct ctrl_message *msg = take(id, fn);

	msg->batch = true;
	msg->max = CTRL_BATCH_MAX;
}

void
ctrl_register_extra(uint32_t id, const char *name, int direction, int rule, size_t size, ctrl_handler fn)
{
	if (find(id))
		die(id, "the id is taken");
	if (nextra == EXTRA_MAX)
		die(id, "too many extra messages");
	extra[nextra++] = (struct ctrl_message){.id = id,
						.name = name,
						.direction = (uint8_t)direction,
						.rule = (uint8_t)rule,
						.size = size,
						.max = CTRL_REQUEST_MAX,
						.fn = fn};
}

int
ctrl_check(uint32_t id, int32_t type, uint64_t len)
{
	const struct ctrl_message *msg = find(id);

	if (!msg || !msg->fn)
		return EDPVS_NOTSUPP;
	if (type != SOCKOPT_GET && type != SOCKOPT_SET)
		return EDPVS_NOTSUPP;
	if (msg->direction != ABI_DIRECTION_BOTH && (int32_t)msg->direction != type)
		return EDPVS_NOTSUPP;
	if (len > msg->max)
		return EDPVS_INVAL;
	if (msg->rule == ABI_RULE_EXACT && len != msg->size)
		return EDPVS_INVAL;
	if (msg->rule == ABI_RULE_MIN && len < msg->size)
		return EDPVS_INVAL;
	return EDPVS_OK;
}

int
ctrl_message_run(const struct ctrl_message *msg, const struct ctrl_request *req, struct ctrl_reply *reply)
{
	bool mine;

	if (txn_is_open())
		return msg->part ? msg->part(req, reply) : EDPVS_NOTSUPP;
	/* Where it is all the same, a single request is a transaction of its own. */
	mine = msg->part == msg->fn && txn_enter();
	return txn_leave(mine, msg->fn(req, reply));
}

int
ctrl_dispatch(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	const struct ctrl_message *msg = find(req->id);
	uint64_t generation = ctrl_generation;
	int rc = ctrl_check(req->id, req->type, req->len);

	if (rc == EDPVS_OK)
		rc = ctrl_message_run(msg, req, reply);
	if (rc != EDPVS_OK)
		ctrl_reply_clear(reply);
	/* Test messages come by the thousand and change nothing of the configuration. */
	if (req->type != SOCKOPT_SET || !msg || is_extra(msg) || (msg->batch && rc == EDPVS_OK))
		return rc;
	if (rc == EDPVS_OK && ctrl_generation == generation)
		ctrl_generation++;
	log_info("ctrl", "%s by pid %d, uid %u: %s", msg->name, (int)req->peer.pid, (unsigned)req->peer.uid,
		 ctrl_error_text(rc));
	return rc;
}

const char *
ctrl_error_text(int code)
{
	switch (code) {
#define TEXT(symbol, number, text)                                                                           \
	case number:                                                                                         \
		return text;
		ABI_ERRORS(TEXT)
#undef TEXT
	default:
		return ABI_ERROR_UNKNOWN;
	}
}

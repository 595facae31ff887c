/* SPDX-License-Identifier: Apache-2.0 */
/* Batches: every flag, every way to be malformed, and what is remembered. */
#include "test_stubs.h"

#include <stdlib.h>
#include <string.h>

#include "abi/batch.h"
#include "core/txn.h"

/* ---- a small module that can take part: a list of bytes, and its published copy ---- */

enum {
	LIST_MAX = 64,
	ID_APPEND = DPVS_SO_SET_ADDDEST,   /* body[0] is appended; 0xff exists already */
	ID_SINGLE = SOCKOPT_SET_NEIGH_ADD, /* the same outside of transactions */
	ID_GET = DPVS_SO_GET_SERVICE,
	VALUE_EXISTS = 0xff,
	VALUE_UNPUBLISHABLE = 0xee, /* preparing fails */
	VALUE_NO_ROOM = 0xdd,	    /* attempting fails */
};

static struct list {
	uint8_t value[LIST_MAX];
	unsigned n;
} list, published;
static unsigned nprepared, nattempted;

static void
append_undo(void *note)
{
	list.n--;
}

static int
append(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	static const struct txn_change change = {.undo = append_undo};
	const uint8_t *body = req->body;

	if (body[0] == VALUE_EXISTS)
		return EDPVS_EXIST;
	if (!ctrl_reply_add(reply, 3) || !txn_note(&change, 0))
		return EDPVS_NOMEM;
	list.value[list.n++] = body[0];
	return EDPVS_OK;
}

static int
append_single(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	assert_false(txn_is_open());
	published.value[published.n++] = *(const uint8_t *)req->body;
	return EDPVS_OK;
}

static int
ask(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	return EDPVS_OK;
}

static int
prepare(void)
{
	nprepared++;
	return memchr(list.value, VALUE_UNPUBLISHABLE, list.n) ? EDPVS_NOMEM : EDPVS_OK;
}

static int
attempt(void)
{
	nattempted++;
	return memchr(list.value, VALUE_NO_ROOM, list.n) ? EDPVS_RESOURCE : EDPVS_OK;
}

static void
publish(void)
{
	published = list;
}

static void
abandon(void)
{
}

/* ---- batches in the making ---- */

static uint8_t *batch;
static size_t batch_len;
static struct ctrl_reply *reply;
static struct ds_batch_result result;

static void
add_bytes(const void *data, size_t n)
{
	batch = realloc(batch, batch_len + n);
	memset(batch + batch_len, 0, n);
	if (data)
		memcpy(batch + batch_len, data, n);
	batch_len += n;
}

static struct ds_batch_request *
head(void)
{
	return (struct ds_batch_request *)batch;
}

static void
start(uint32_t flags)
{
	struct ds_batch_request h = {.flags = flags};

	batch_len = 0;
	add_bytes(&h, sizeof(h));
}

static void
item(uint32_t id, uint8_t value, size_t len)
{
	struct ds_tlv tlv = {.type = DS_TLV_ITEM, .len = (uint32_t)(sizeof(struct ds_batch_item) + len)};
	struct ds_batch_item it = {.id = id};
	size_t at = batch_len;

	add_bytes(NULL, DS_TLV_SIZE(tlv.len));
	memcpy(batch + at, &tlv, sizeof(tlv));
	memcpy(batch + at + sizeof(tlv), &it, sizeof(it));
	if (len)
		batch[at + sizeof(tlv) + sizeof(it)] = value;
	head()->count++;
}

static void
value(uint8_t v)
{
	item(ID_APPEND, v, 384);
}

/* The body is copied to its exact length and an odd address, so that sanitizers see overreads and casts. */
static int
send_batch(void)
{
	uint8_t *copy = malloc(batch_len + 1);
	struct ctrl_request req = {.id = DS_MSG_BATCH,
				   .type = SOCKOPT_SET,
				   .body = copy + 1,
				   .len = batch_len,
				   .peer = {.pid = 77, .uid = 5}};
	int rc;

	memcpy(copy + 1, batch, batch_len);
	ctrl_reply_free(reply);
	reply = ctrl_reply_new();
	rc = ctrl_dispatch(&req, reply);
	free(copy);
	assert_false(txn_is_open());
	if (rc) {
		assert_int_equal(ctrl_reply_len(reply), 0);
		return rc;
	}
	memcpy(&result, ctrl_reply_at(reply, sizeof(struct ds_tlv)), sizeof(result));
	assert_int_equal(result.generation, ctrl_generation);
	assert_int_equal(result.reserved, 0);
	return rc;
}

static int32_t
code(uint32_t i)
{
	int32_t c;

	memcpy(&c, ctrl_reply_at(reply, DS_TLV_SIZE(sizeof(result)) + sizeof(struct ds_tlv) + i * sizeof(c)),
	       sizeof(c));
	return c;
}

#define assert_result(a, f, first, yes)                                                                      \
	do {                                                                                                 \
		assert_int_equal(result.applied, a);                                                         \
		assert_int_equal(result.failed, f);                                                          \
		assert_int_equal(result.first_failed, first);                                                \
		assert_int_equal(result.committed, yes);                                                     \
	} while (0)

static int
setup(void **state)
{
	list.n = published.n = 0;
	nprepared = nattempted = 0;
	reply = ctrl_reply_new();
	return 0;
}

static int
teardown(void **state)
{
	ctrl_reply_free(reply);
	free(batch);
	batch = NULL;
	return 0;
}

/* ---- cases ---- */

static void
as_many_as_go(void **state)
{
	uint64_t before = ctrl_generation;
	struct ds_tlv tlv;

	start(0);
	value(1);
	value(VALUE_EXISTS);
	value(3);
	item(ID_SINGLE, 4, 52);
	item(ID_APPEND, 5, 383); /* too short */
	item(ID_GET, 0, 264);
	item(4660, 0, 0);
	item(SOCKOPT_SET_CONN, 0, 0); /* without handler */
	item(DS_MSG_BATCH, 0, 32);
	assert_int_equal(send_batch(), EDPVS_OK);
	memcpy(&tlv, ctrl_reply_at(reply, 0), sizeof(tlv));
	assert_int_equal(tlv.type, DS_TLV_BATCH_RESULT);
	assert_int_equal(tlv.len, sizeof(result));
	memcpy(&tlv, ctrl_reply_at(reply, DS_TLV_SIZE(sizeof(result))), sizeof(tlv));
	assert_int_equal(tlv.type, DS_TLV_BATCH_CODES);
	assert_int_equal(tlv.len, 9 * 4);
	assert_int_equal(ctrl_reply_len(reply), DS_TLV_SIZE(sizeof(result)) + DS_TLV_SIZE(9 * 4));
	assert_result(3, 6, 1, 1);
	assert_int_equal(code(0), EDPVS_OK);
	assert_int_equal(code(1), EDPVS_EXIST);
	assert_int_equal(code(2), EDPVS_OK);
	assert_int_equal(code(3), EDPVS_OK);
	assert_int_equal(code(4), EDPVS_INVAL);
	for (uint32_t i = 5; i < 9; i++)
		assert_int_equal(code(i), EDPVS_NOTSUPP);
	assert_int_equal(list.n, 2);
	/* The third was committed, then the single one came. */
	assert_int_equal(published.n, 3);
	assert_int_equal(published.value[2], 4);
	assert_int_equal(ctrl_generation, before + 1);
	assert_string_equal(test_log, "batch of 9 by pid 77, uid 5: 3 applied, 6 failed (first: item 1, "
				      "DPVS_SO_SET_ADDDEST: already exist)");
}

static void
stop_at_the_first_failure(void **state)
{
	start(DS_BATCH_F_STOP);
	value(1);
	value(VALUE_EXISTS);
	value(3);
	item(4660, 0, 0);
	assert_int_equal(send_batch(), EDPVS_OK);
	assert_result(1, 1, 1, 1);
	assert_int_equal(code(2), DS_BATCH_CODE_SKIPPED);
	assert_int_equal(code(3), DS_BATCH_CODE_SKIPPED);
	assert_int_equal(published.n, 1);
}

static void
all_or_nothing(void **state)
{
	uint64_t before = ctrl_generation;

	start(DS_BATCH_F_ATOMIC);
	value(1);
	value(2);
	assert_int_equal(send_batch(), EDPVS_OK);
	assert_result(2, 0, DS_BATCH_NONE, 1);
	assert_int_equal(nprepared, 1);
	assert_int_equal(published.n, 2);
	assert_int_equal(ctrl_generation, before + 1);
	assert_string_equal(test_log, "atomic batch of 2 by pid 77, uid 5: 2 applied, 0 failed");
	start(DS_BATCH_F_ATOMIC);
	value(3);
	value(VALUE_EXISTS);
	value(4);
	assert_int_equal(send_batch(), EDPVS_OK);
	assert_result(0, 1, 1, 0);
	assert_int_equal(code(0), EDPVS_OK);
	assert_int_equal(code(1), EDPVS_EXIST);
	assert_int_equal(code(2), DS_BATCH_CODE_SKIPPED);
	assert_int_equal(list.n, 2);
	assert_int_equal(published.n, 2);
	assert_int_equal(ctrl_generation, before + 1);
	/* What is no part of transactions is refused, in its place. */
	start(DS_BATCH_F_ATOMIC);
	value(3);
	item(ID_SINGLE, 1, 52);
	assert_int_equal(send_batch(), EDPVS_OK);
	assert_result(0, 1, 1, 0);
	assert_int_equal(code(1), EDPVS_NOTSUPP);
	assert_int_equal(published.n, 2);
}

static void
what_cannot_be_prepared_is_undone(void **state)
{
	uint64_t before = ctrl_generation;

	start(DS_BATCH_F_ATOMIC | DS_BATCH_F_TOKEN);
	value(1);
	value(VALUE_UNPUBLISHABLE);
	assert_int_equal(send_batch(), EDPVS_NOMEM);
	assert_int_equal(list.n, 0);
	assert_int_equal(published.n, 0);
	assert_int_equal(ctrl_generation, before);
	assert_string_equal(test_log, "DS_MSG_BATCH by pid 77, uid 5: no memory");
	/* It was not executed, so it is not remembered. */
	assert_int_equal(send_batch(), EDPVS_NOMEM);
	assert_int_equal(nprepared, 2);
	assert_int_equal(nattempted, 0);
	start(DS_BATCH_F_ATOMIC);
	value(VALUE_NO_ROOM);
	assert_int_equal(send_batch(), EDPVS_RESOURCE);
	assert_int_equal(nattempted, 1);
	assert_int_equal(list.n, 0);
	assert_int_equal(published.n, 0);
	/* Workers might see an attempt, so a rehearsal does without. */
	head()->flags = DS_BATCH_F_DRY_RUN;
	assert_int_equal(send_batch(), EDPVS_OK);
	assert_int_equal(nattempted, 1);
}

static void
a_dry_run_says_what_would_be(void **state)
{
	uint64_t before = ctrl_generation;

	start(DS_BATCH_F_DRY_RUN | DS_BATCH_F_TOKEN);
	value(1);
	value(2);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(send_batch(), EDPVS_OK);
		assert_result(2, 0, DS_BATCH_NONE, 0);
		assert_int_equal(result.repeated, 0);
	}
	assert_string_equal(test_log, "dry run of a batch of 2 by pid 77, uid 5: 2 applied, 0 failed");
	value(VALUE_EXISTS);
	value(4);
	assert_int_equal(send_batch(), EDPVS_OK);
	assert_result(0, 1, 2, 0);
	assert_int_equal(code(3), DS_BATCH_CODE_SKIPPED);
	start(DS_BATCH_F_DRY_RUN);
	value(VALUE_UNPUBLISHABLE);
	assert_int_equal(send_batch(), EDPVS_NOMEM);
	assert_int_equal(list.n, 0);
	assert_int_equal(published.n, 0);
	assert_int_equal(ctrl_generation, before);
}

static void
only_for_the_expected_generation(void **state)
{
	start(DS_BATCH_F_GENERATION);
	value(1);
	head()->generation = ctrl_generation + 1;
	assert_int_equal(send_batch(), EDPVS_BUSY);
	assert_int_equal(list.n, 0);
	head()->generation = ctrl_generation;
	assert_int_equal(send_batch(), EDPVS_OK);
	assert_int_equal(list.n, 1);
	assert_int_equal(send_batch(), EDPVS_BUSY);
}

static void
set_token(uint8_t n)
{
	memset(head()->token, n, sizeof(head()->token));
}

static void
a_token_is_executed_once(void **state)
{
	uint64_t before;

	start(DS_BATCH_F_TOKEN | DS_BATCH_F_GENERATION);
	value(1);
	value(VALUE_EXISTS);
	set_token(100);
	head()->generation = ctrl_generation;
	assert_int_equal(send_batch(), EDPVS_OK);
	assert_int_equal(result.repeated, 0);
	before = ctrl_generation;
	/* The generation has moved, by this very batch. */
	assert_int_equal(send_batch(), EDPVS_OK);
	assert_result(1, 1, 1, 1);
	assert_int_equal(result.repeated, 1);
	assert_int_equal(code(1), EDPVS_EXIST);
	assert_int_equal(list.n, 1);
	assert_int_equal(ctrl_generation, before);
	assert_string_equal(test_log, "batch of 2 by pid 77, uid 5: known already, its reply is repeated");
	/* Fifteen more, and it is still known; then it is the oldest. */
	start(DS_BATCH_F_TOKEN);
	value(2);
	for (uint8_t i = 1; i <= 15; i++) {
		set_token(i);
		assert_int_equal(send_batch(), EDPVS_OK);
		assert_int_equal(result.repeated, 0);
	}
	list.n = 1;
	set_token(100);
	ctrl_generation = before; /* as the reply says */
	assert_int_equal(send_batch(), EDPVS_OK);
	assert_int_equal(result.repeated, 1);
	set_token(16);
	assert_int_equal(send_batch(), EDPVS_OK);
	set_token(100);
	assert_int_equal(send_batch(), EDPVS_OK);
	assert_int_equal(result.repeated, 0);
	assert_int_equal(list.n, 3);
}

static void
nothing_is_done_by_nothing(void **state)
{
	static const uint32_t flags[] = {0, DS_BATCH_F_ATOMIC, DS_BATCH_F_DRY_RUN};
	uint64_t before = ctrl_generation;

	for (unsigned i = 0; i < 3; i++) {
		start(flags[i]);
		assert_int_equal(send_batch(), EDPVS_OK);
		assert_result(0, 0, DS_BATCH_NONE, flags[i] != DS_BATCH_F_DRY_RUN);
	}
	assert_int_equal(ctrl_generation, before);
}

static void
expect_malformed(void)
{
	assert_int_equal(send_batch(), EDPVS_INVAL);
	assert_int_equal(list.n, 0);
	assert_int_equal(published.n, 0);
}

static void
malformed(void **state)
{
	struct ds_tlv *tlv;
	struct ds_batch_item *it;

	start(0);
	value(1);
	value(2);
	tlv = (struct ds_tlv *)(batch + batch_len - DS_TLV_SIZE(384 + 8));
	it = (struct ds_batch_item *)(tlv + 1);
#define WITH(place, wrong)                                                                                   \
	do {                                                                                                 \
		__typeof__(place) right = (place);                                                           \
		(place) = (wrong);                                                                           \
		expect_malformed();                                                                          \
		(place) = right;                                                                             \
	} while (0)
	WITH(head()->flags, 0x20);
	WITH(head()->flags, 0x80000000);
	WITH(head()->count, 1);
	WITH(head()->count, 3);
	WITH(head()->count, CTRL_BATCH_ITEMS_MAX + 1);
	WITH(head()->count, UINT32_MAX);
	WITH(tlv->type, DS_TLV_ITEM + 1);
	WITH(tlv->flags, 1);
	WITH(tlv->len, 0);
	WITH(tlv->len, 7);
	WITH(tlv->len, 384);
	WITH(tlv->len, 384 + 8 + 1);
	WITH(tlv->len, UINT32_MAX);
	WITH(tlv->len, UINT32_MAX - 7);
	WITH(it->reserved, 1);
	/* Cut off anywhere, or with something behind. */
	for (size_t all = batch_len; batch_len-- > 0;) {
		expect_malformed();
		if (batch_len == all - 40)
			batch_len = 80;
	}
	start(0);
	value(1);
	add_bytes(NULL, 8);
	expect_malformed();
	start(0);
	value(1);
	assert_int_equal(send_batch(), EDPVS_OK);
}

/* Sizes that only batches may have. */
static void
large(void **state)
{
	assert_int_equal(ctrl_check(DS_MSG_BATCH, SOCKOPT_SET, CTRL_BATCH_MAX), EDPVS_OK);
	assert_int_equal(ctrl_check(DS_MSG_BATCH, SOCKOPT_SET, (uint64_t)CTRL_BATCH_MAX + 1), EDPVS_INVAL);
	assert_int_equal(ctrl_check(DS_MSG_BATCH, SOCKOPT_GET, 32), EDPVS_NOTSUPP);
	start(0);
	head()->count = CTRL_BATCH_ITEMS_MAX;
	add_bytes(NULL, (size_t)CTRL_BATCH_ITEMS_MAX * 16);
	for (uint32_t i = 0; i < CTRL_BATCH_ITEMS_MAX; i++) {
		struct ds_tlv tlv = {.type = DS_TLV_ITEM, .len = 8};

		memcpy(batch + sizeof(struct ds_batch_request) + i * 16, &tlv, sizeof(tlv));
	}
	assert_int_equal(send_batch(), EDPVS_OK);
	assert_result(0, CTRL_BATCH_ITEMS_MAX, 0, 1);
	assert_int_equal(code(CTRL_BATCH_ITEMS_MAX - 1), EDPVS_NOTSUPP);
}

int
main(void)
{
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	static const struct txn_module module = {
	    .prepare = prepare, .attempt = attempt, .publish = publish, .abandon = abandon};
	const struct CMUnitTest tests[] = {
	    CASE(as_many_as_go),
	    CASE(stop_at_the_first_failure),
	    CASE(all_or_nothing),
	    CASE(what_cannot_be_prepared_is_undone),
	    CASE(a_dry_run_says_what_would_be),
	    CASE(only_for_the_expected_generation),
	    CASE(a_token_is_executed_once),
	    CASE(nothing_is_done_by_nothing),
	    CASE(malformed),
	    CASE(large),
	};

	txn_register(&module);
	ctrl_batch_register();
	ctrl_register_txn(ID_APPEND, append);
	ctrl_register(ID_SINGLE, append_single);
	ctrl_register(ID_GET, ask);
	return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}

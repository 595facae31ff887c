/* SPDX-License-Identifier: Apache-2.0 */
#include "test_stubs.h"

#include <string.h>

#include "abi/ext.h"

static int
dispatch(uint32_t id, int32_t type, const void *body, size_t len, struct ctrl_reply *reply)
{
	struct ctrl_request req = {
	    .id = id, .type = type, .body = body, .len = len, .peer = {.pid = 77, .uid = 5}};

	return ctrl_dispatch(&req, reply);
}

static void
checks_before_handlers(void **state)
{
	/* unknown, known without handler, wrong direction, wrong type */
	assert_int_equal(ctrl_check(4660, SOCKOPT_GET, 0), EDPVS_NOTSUPP);
	assert_int_equal(ctrl_check(SOCKOPT_SET_CONN, SOCKOPT_SET, 0), EDPVS_NOTSUPP);
	assert_int_equal(ctrl_check(DPVS_SO_GET_SERVICE, SOCKOPT_SET, 264), EDPVS_NOTSUPP);
	assert_int_equal(ctrl_check(DPVS_SO_GET_SERVICE, 7, 264), EDPVS_NOTSUPP);
	/* lengths: at least 264, and exactly 48 */
	assert_int_equal(ctrl_check(DPVS_SO_GET_SERVICE, SOCKOPT_GET, 263), EDPVS_INVAL);
	assert_int_equal(ctrl_check(DPVS_SO_GET_SERVICE, SOCKOPT_GET, 264), EDPVS_OK);
	assert_int_equal(ctrl_check(DPVS_SO_GET_SERVICE, SOCKOPT_GET, 300), EDPVS_OK);
	assert_int_equal(ctrl_check(DPVS_SO_GET_SERVICE, SOCKOPT_GET, CTRL_REQUEST_MAX), EDPVS_INVAL);
	assert_int_equal(ctrl_check(DPVS_SO_GET_SERVICE, SOCKOPT_GET, UINT64_MAX), EDPVS_INVAL);
	assert_int_equal(ctrl_check(SOCKOPT_GET_CONN_ALL, SOCKOPT_GET, 47), EDPVS_INVAL);
	assert_int_equal(ctrl_check(SOCKOPT_GET_CONN_ALL, SOCKOPT_GET, 49), EDPVS_INVAL);
	assert_int_equal(ctrl_check(SOCKOPT_GET_CONN_ALL, SOCKOPT_GET, 48), EDPVS_OK);
}

static void
every_row_is_found(void **state)
{
	static const uint32_t ids[] = {
#define ID(name, id, ...) id,
	    ABI_MESSAGES(ID)
#undef ID
	};

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		const struct ctrl_message *msg = ctrl_message_find(ids[i]);

		assert_non_null(msg);
		assert_int_equal(msg->id, ids[i]);
		assert_true(msg->max >= msg->size && msg->max <= CTRL_REQUEST_MAX);
	}
}

static void
a_failed_request_has_no_body(void **state)
{
	struct ctrl_reply *reply = ctrl_reply_new();
	uint8_t body[264] = {0};
	uint64_t before = ctrl_generation;

	assert_int_equal(dispatch(DPVS_SO_SET_DEL, SOCKOPT_SET, body, sizeof(body), reply), EDPVS_NOTEXIST);
	assert_int_equal(ctrl_reply_len(reply), 0);
	assert_int_equal(ctrl_generation, before);
	assert_string_equal(test_log, "DPVS_SO_SET_DEL by pid 77, uid 5: not exist");
	ctrl_reply_free(reply);
}

static void
a_set_that_succeeds_counts_a_generation(void **state)
{
	struct ctrl_reply *reply = ctrl_reply_new();
	uint8_t body[264] = {0};
	uint64_t before = ctrl_generation;

	assert_int_equal(dispatch(DPVS_SO_SET_ADD, SOCKOPT_SET, body, sizeof(body), reply), EDPVS_OK);
	assert_int_equal(ctrl_generation, before + 1);
	assert_string_equal(test_log, "DPVS_SO_SET_ADD by pid 77, uid 5: OK");
	assert_int_equal(dispatch(DPVS_SO_GET_SERVICE, SOCKOPT_GET, body, sizeof(body), reply), EDPVS_OK);
	assert_int_equal(ctrl_generation, before + 1);
	ctrl_reply_free(reply);
}

static void
replies_grow_up_to_the_limit(void **state)
{
	struct ctrl_reply *reply = ctrl_reply_new();
	uint8_t *at;

	assert_null(ctrl_reply_at(reply, 0));
	for (unsigned i = 0; i < 1000; i++) {
		at = ctrl_reply_add(reply, 104);
		assert_non_null(at);
		assert_int_equal(at[0], 0);
		memset(at, (int)i, 104);
	}
	assert_int_equal(ctrl_reply_len(reply), 104000);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(*(uint8_t *)ctrl_reply_at(reply, i * 104 + 103), i & 0xff);
	assert_null(ctrl_reply_add(reply, CTRL_REPLY_MAX - 103999));
	assert_null(ctrl_reply_add(reply, SIZE_MAX));
	assert_non_null(ctrl_reply_add(reply, 0));
	ctrl_reply_free(reply);
}

static void
hello_lists_what_is_served(void **state)
{
	struct ctrl_reply *reply = ctrl_reply_new();
	struct ds_hello_info info;
	struct ds_limits limits = {0};
	struct ds_tlv tlv;
	size_t off = 0;
	unsigned records = 0, ids = 0;
	int saw_echo = 0, saw_other = 0;

	assert_int_equal(dispatch(DS_MSG_HELLO, SOCKOPT_GET, "", 0, reply), EDPVS_OK);
	while (off < ctrl_reply_len(reply)) {
		memcpy(&tlv, ctrl_reply_at(reply, off), sizeof(tlv));
		if (tlv.type == DS_TLV_HELLO_INFO) {
			assert_int_equal(tlv.len, sizeof(info));
			memcpy(&info, ctrl_reply_at(reply, off + sizeof(tlv)), sizeof(info));
		}
		if (tlv.type == DS_TLV_LIMITS)
			memcpy(&limits, ctrl_reply_at(reply, off + sizeof(tlv)), sizeof(limits));
		for (size_t i = 0; tlv.type == DS_TLV_IDS && i < tlv.len; i += 4, ids++) {
			uint32_t id;

			memcpy(&id, ctrl_reply_at(reply, off + sizeof(tlv) + i), 4);
			saw_echo |= id == DPVS_SO_GET_SERVICE;
			saw_other |= id == SOCKOPT_TC_SHOW;
		}
		records++;
		off += DS_TLV_SIZE(tlv.len);
	}
	assert_int_equal(off, ctrl_reply_len(reply));
	assert_int_equal(records, 4);
	assert_int_equal(limits.max_batch_bytes, CTRL_BATCH_MAX);
	assert_int_equal(limits.max_page_conns, CTRL_PAGE_CONNS_MAX);
	assert_int_equal(ids, 6);
	assert_true(saw_echo);
	assert_false(saw_other);
	assert_int_equal(info.struct_version, DS_HELLO_VERSION);
	assert_int_equal(info.max_request_body, CTRL_REQUEST_MAX);
	assert_int_equal(info.generation, ctrl_generation);
	assert_int_equal(info.features, 0);
	ctrl_reply_free(reply);
}

static void
version_is_a_64_byte_text(void **state)
{
	struct ctrl_reply *reply = ctrl_reply_new();

	assert_int_equal(dispatch(DPVS_SO_GET_VERSION, SOCKOPT_GET, "", 0, reply), EDPVS_OK);
	assert_int_equal(ctrl_reply_len(reply), 64);
	assert_string_equal(ctrl_reply_at(reply, 0), "dpvs:v" DPVS_VERSION);
	ctrl_reply_free(reply);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(checks_before_handlers),
	    cmocka_unit_test(every_row_is_found),
	    cmocka_unit_test(a_failed_request_has_no_body),
	    cmocka_unit_test(a_set_that_succeeds_counts_a_generation),
	    cmocka_unit_test(replies_grow_up_to_the_limit),
	    cmocka_unit_test(hello_lists_what_is_served),
	    cmocka_unit_test(version_is_a_64_byte_text),
	};

	test_register();
	ctrl_hello_register();
	return cmocka_run_group_tests_name("dispatch", tests, NULL, NULL);
}

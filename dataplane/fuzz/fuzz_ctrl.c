/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target for the control socket: the input is what a client sends, in pieces.
 *
 * Input: first byte = size of the pieces (0: all at once); the rest goes through a socket pair into the state
 * machine of one client, the message checks and the dispatcher. Handlers read every byte of the body that
 * they are promised, so the sanitizers see a body that is shorter than its length says. What comes back must
 * be nothing or one well-formed reply. Sets of services, lists and neighbours can be parts of transactions;
 * what they note must be undone or done to the last.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../src/ctrl/ctrl_internal.h"
#include "abi/batch.h"
#include "core/conf.h"
#include "core/log.h"
#include "core/segment.h"
#include "core/txn.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

struct conf conf;

void
log_write(enum log_level level, const char *module, const char *fmt, ...)
{
}

/* Answers with the checksum of its body and as many bytes as the first byte says. */
static int
stub(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	const struct ctrl_message *msg = ctrl_message_find(req->id);
	const uint8_t *body = req->body;
	uint32_t sum = 0;
	void *at;

	assert(msg && req->len >= (msg->rule == ABI_RULE_ANY ? 0 : msg->size) && req->len <= msg->max);
	for (size_t i = 0; i < req->len; i++)
		sum = sum * 31 + body[i];
	if (req->len && body[0] == 0xff)
		return EDPVS_NOTEXIST;
	at = ctrl_reply_add(reply, sizeof(sum) + (req->len ? body[0] * 1000u : 0));
	if (!at)
		return EDPVS_NOMEM;
	memcpy(at, &sum, sizeof(sum));
	return EDPVS_OK;
}

static unsigned noted; /* changes of the open transaction */

static void
change_over(void *note)
{
	assert(*(const unsigned *)note >= 1 && noted > 0);
	noted--;
}

/* A stub whose change is noted before it may fail, with a note as long as the body says. */
static int
stub_txn(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	static const struct txn_change change = {.undo = change_over, .done = change_over};
	const uint8_t *body = req->body;
	unsigned *n = txn_note(&change, sizeof(*n) + (req->len ? body[req->len - 1] * 100u : 0));

	assert(txn_is_open() && n);
	*n = ++noted;
	return stub(req, reply);
}

static bool
can_be_undone(uint32_t id)
{
	return (id >= DPVS_SO_SET_FLUSH && id <= DPVS_SO_SET_DELDEST) || id == SOCKOPT_SET_NEIGH_ADD ||
	       (id >= SOCKOPT_SET_BLKLST_ADD && id <= SOCKOPT_SET_BLKLST_FLUSH) ||
	       (id >= SOCKOPT_SET_WHTLST_ADD && id <= SOCKOPT_SET_WHTLST_FLUSH) || id == DS_MSG_ACL;
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const uint32_t ids[] = {
#define ID(name, id, ...) id,
	    ABI_MESSAGES(ID)
#undef ID
	};

	if (segment_init(1, NULL))
		abort();
	ctrl_hello_register();
	ctrl_stats_register();
	ctrl_batch_register();
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		if (can_be_undone(ids[i]))
			ctrl_register_txn(ids[i], stub_txn);
		else if (!ctrl_message_find(ids[i])->fn && ids[i] != SOCKOPT_TC_SHOW)
			ctrl_register(ids[i], stub);
	return 0;
}

struct received {
	uint8_t bytes[512 << 10];
	size_t n;
};

static void
receive(int fd, struct received *r)
{
	ssize_t n;

	while ((n = recv(fd, r->bytes + r->n, sizeof(r->bytes) - r->n, MSG_DONTWAIT)) > 0)
		r->n += (size_t)n;
}

/* Codes add up to what the result says. */
static void
check_batch(const uint8_t *body, size_t len)
{
	struct ds_batch_result result;
	struct ds_tlv tlv;
	uint32_t good = 0, bad = 0;
	int32_t code;

	assert(len >= DS_TLV_SIZE(sizeof(result)) + sizeof(tlv));
	memcpy(&result, body + sizeof(tlv), sizeof(result));
	memcpy(&tlv, body + DS_TLV_SIZE(sizeof(result)), sizeof(tlv));
	assert(tlv.type == DS_TLV_BATCH_CODES && tlv.len % 4 == 0);
	assert(len == DS_TLV_SIZE(sizeof(result)) + DS_TLV_SIZE(tlv.len));
	body += DS_TLV_SIZE(sizeof(result)) + sizeof(tlv);
	for (uint32_t i = 0; i < tlv.len; i += 4) {
		memcpy(&code, body + i, sizeof(code));
		assert(code <= DS_BATCH_CODE_SKIPPED);
		assert(code >= 0 || bad++ || result.first_failed == i / 4);
		good += code == 0;
	}
	assert(result.failed == bad && (bad || result.first_failed == DS_BATCH_NONE));
	assert(result.applied == good || (result.applied == 0 && bad && !result.committed));
}

static void
check(const struct received *r)
{
	struct dpvs_sock_msg_reply head;

	if (r->n == 0)
		return;
	assert(r->n >= sizeof(head));
	memcpy(&head, r->bytes, sizeof(head));
	assert(head.version == DPVS_SOCK_VERSION);
	assert(head.errcode <= 0 && (head.errcode == 0 || head.len == 0));
	assert(memchr(head.errstr, 0, sizeof(head.errstr)));
	assert(r->n == sizeof(head) + head.len);
	if (head.id == DS_MSG_BATCH && head.errcode == 0)
		check_batch(r->bytes + sizeof(head), head.len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct received r;
	static struct ctrl_client client;
	struct ctrl_peer peer = {.pid = 1};
	size_t piece, at = 1;
	int sv[2];

	if (size < 1)
		return 0;
	piece = data[0] ? data[0] : size;
	r.n = 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sv))
		abort();
	ctrl_client_open(&client, sv[0], &peer, 0);
	while (at < size && client.state != CLIENT_FREE) {
		size_t n = size - at < piece ? size - at : piece;

		if (send(sv[1], data + at, n, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)n)
			break;
		at += n;
		ctrl_client_step(&client, 0);
		receive(sv[1], &r);
	}
	shutdown(sv[1], SHUT_WR);
	/* From here every step makes progress: 1 MiB at most to read, 128 KiB a step. */
	for (unsigned i = 0; i < 64 && client.state != CLIENT_FREE; i++) {
		ctrl_client_step(&client, 0);
		receive(sv[1], &r);
	}
	assert(client.state == CLIENT_FREE);
	assert(noted == 0 && !txn_is_open());
	check(&r);
	close(sv[1]);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <arpa/inet.h>

#include "base/checksum.h"
#include "packet/proxy_stream.h"
#include "packet/tcp.h"
#include "test_frames.h"

enum { FIRST = 0xfffffff0, ADDED = 28 };

static struct proxy_step
step_of(const struct proxy_stream *s, uint32_t seq, uint8_t flags, unsigned payload)
{
	uint8_t l4[20] = {0};

	test_put32(l4 + 4, seq);
	l4[12] = 0x50;
	l4[13] = flags;
	return proxy_stream_inbound(s, l4, payload);
}

/* One row: a segment and what becomes of it. */
struct row {
	const char *what;
	uint16_t added, removed;
	uint32_t at; /* sequence number less the first one */
	uint8_t flags;
	unsigned payload;
	struct proxy_step step;
};

static const struct row rows[] = {
    {"the handshake's ACK", 0, 0, 0, TCP_ACK, 0, {.seq_add = 0}},
    {"first data", 0, 0, 0, TCP_ACK, 10, {.header = true}},
    {"first data with FIN", 0, 0, 0, TCP_ACK | TCP_FIN, 10, {.header = true}},
    {"FIN without data", 0, 0, 0, TCP_ACK | TCP_FIN, 0, {.seq_add = 0}},
    {"an ACK behind it", 0, 0, 1, TCP_ACK, 0, {.seq_add = 0}},
    {"keep-alive", 0, 0, (uint32_t)-1, TCP_ACK, 1, {.seq_add = 0}},
    {"second data before the first", 0, 0, 10, TCP_ACK, 10, {.refuse = true}},
    {"FIN before the first data", 0, 0, 10, TCP_ACK | TCP_FIN, 0, {.refuse = true}},
    {"data that begins in front of the first", 0, 0, (uint32_t)-1, TCP_ACK, 2, {.refuse = true}},
    {"RST", 0, 0, 10, TCP_RST, 10, {.seq_add = 0}},
    {"data on a SYN", 0, 0, (uint32_t)-1, TCP_SYN, 10, {.remove = 10}},
    {"the first again", ADDED, 0, 0, TCP_ACK, 10, {.header = true}},
    {"an old ACK", ADDED, 0, 0, TCP_ACK, 0, {.seq_add = 0}},
    {"next data", ADDED, 0, 10, TCP_ACK, 10, {.seq_add = ADDED}},
    {"next ACK", ADDED, 0, 10, TCP_ACK, 0, {.seq_add = ADDED}},
    {"RST later", ADDED, 0, 10, TCP_RST | TCP_ACK, 0, {.seq_add = ADDED}},
    {"in front of the first, later", ADDED, 0, (uint32_t)-1, TCP_ACK, 2, {.refuse = true}},
    {"keep-alive, later", ADDED, 0, (uint32_t)-1, TCP_ACK, 1, {.seq_add = 0}},
    {"the first again, old header", ADDED, 40, 0, TCP_ACK, 50, {.header = true, .remove = 40}},
    {"shorter than the old header", ADDED, 40, 0, TCP_ACK, 30, {.header = true, .remove = 30}},
    {"inside the old header", ADDED, 40, 30, TCP_ACK, 30, {.remove = 10, .seq_add = (uint32_t)ADDED - 30}},
    {"wholly inside it", ADDED, 40, 30, TCP_ACK, 5, {.remove = 5, .seq_add = (uint32_t)ADDED - 30}},
    {"behind the old header", ADDED, 40, 40, TCP_ACK, 5, {.seq_add = (uint32_t)ADDED - 40}},
};

static void
test_inbound(void **state)
{
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		struct proxy_stream s = {.first = FIRST, .added = r->added, .removed = r->removed};
		struct proxy_step got = step_of(&s, FIRST + r->at, r->flags, r->payload);

		if (got.refuse != r->step.refuse || got.header != r->step.header ||
		    got.remove != r->step.remove || got.seq_add != r->step.seq_add)
			fail_msg("%s: refuse %d, header %d, remove %u, seq_add %d", r->what, got.refuse,
				 got.header, got.remove, (int)got.seq_add);
	}
}

static void
test_ack(void **state)
{
	struct proxy_stream s = {.first = FIRST};

	assert_int_equal(proxy_stream_ack(&s, FIRST + 5), FIRST + 5);
	assert_false(proxy_stream_done(&s, FIRST + 5));
	s.added = ADDED;
	s.removed = 40;
	assert_int_equal(proxy_stream_ack(&s, FIRST - 1), FIRST - 1);
	assert_int_equal(proxy_stream_ack(&s, FIRST), FIRST);
	assert_int_equal(proxy_stream_ack(&s, FIRST + 1), FIRST);
	assert_int_equal(proxy_stream_ack(&s, FIRST + ADDED - 1), FIRST);
	assert_int_equal(proxy_stream_ack(&s, FIRST + ADDED), FIRST + 40);
	assert_int_equal(proxy_stream_ack(&s, FIRST + ADDED + 7), FIRST + 47);
	assert_false(proxy_stream_done(&s, FIRST + ADDED - 1));
	assert_true(proxy_stream_done(&s, FIRST + ADDED));
}

static void
test_sack(void **state)
{
	const struct proxy_stream s = {.first = FIRST, .added = ADDED};
	const uint32_t delta = 1000, ack = FIRST + delta, left = ack + 100, right = ack + 200;
	uint8_t l4[32] = {0};
	uint16_t sum;
	uint64_t changes;

	l4[12] = 0x80;
	l4[13] = TCP_ACK;
	test_put32(l4 + 8, ack);
	memcpy(l4 + 20, "\1\1\5\12", 4);
	test_put32(l4 + 24, left);
	test_put32(l4 + 28, right);
	sum = (uint16_t)test_sum(0, l4, sizeof(l4));
	changes = proxy_stream_outbound(&s, delta, l4);
	assert_int_equal(tcp_ack(l4), ack);
	assert_int_equal(ntohl(*(uint32_t *)(l4 + 24)), left - ADDED);
	assert_int_equal(ntohl(*(uint32_t *)(l4 + 28)), right - ADDED);
	/* What it says about the checksum is so. */
	assert_int_equal(htons((uint16_t)test_sum(0, l4, sizeof(l4))), csum_fold(htons(sum) + changes));
}

/*
 * A client that sends 200 bytes in pieces of any size, again and again, over a net that loses and turns
 * round; a server that puts together what it gets. It must read our header and then the data behind the
 * client's own.
 */
enum { DATA = 200, SPACE = DATA + ADDED };

struct server {
	uint8_t stream[SPACE], have[SPACE];
	unsigned acked;
};

static void
server_takes(struct server *v, uint32_t at, const uint8_t *bytes, unsigned len)
{
	for (unsigned i = 0; i < len; i++) {
		int32_t pos = (int32_t)(at - FIRST) + (int32_t)i;

		/* What was acknowledged is not looked at again. */
		if (pos < (int32_t)v->acked)
			continue;
		assert_in_range(pos, 0, SPACE - 1);
		if (v->have[pos])
			assert_int_equal(v->stream[pos], bytes[i]);
		v->stream[pos] = bytes[i];
		v->have[pos] = 1;
	}
	while (v->acked < SPACE && v->have[v->acked])
		v->acked++;
}

static void
run(unsigned seed, unsigned removed)
{
	struct proxy_stream s = {.first = FIRST};
	uint8_t data[DATA], out[SPACE + DATA];
	struct server v = {.acked = 0};
	unsigned acked = 0, sent = 0, total = DATA - removed + ADDED;
	uint32_t folded = 0;
	bool done = false;

	srand(seed);
	for (unsigned i = 0; i < DATA; i++)
		data[i] = (uint8_t)(i + 1);
	for (unsigned turn = 0; turn < 100000 && acked < DATA; turn++) {
		/* The first segment has the old header as a whole. */
		unsigned from = sent == 0 ? 0 : acked + (unsigned)rand() % (sent + 20 - acked),
			 len = sent == 0 ? removed + 1 + (unsigned)rand() % 20 : 1 + (unsigned)rand() % 60,
			 n = 0;
		struct proxy_step step = {.seq_add = 0};
		uint32_t seq;

		if (from >= DATA)
			continue;
		len = from + len > DATA ? DATA - from : len;
		sent = from + len > sent ? from + len : sent;
		seq = FIRST + from;
		if (!done)
			step = step_of(&s, seq, TCP_ACK, len);
		if (step.refuse)
			continue;
		if (step.header && s.added == 0) {
			s.added = ADDED;
			s.removed = (uint16_t)removed;
			step.remove = removed;
		}
		if (step.header) {
			memset(out, 0xff, ADDED);
			n = ADDED;
		}
		memcpy(out + n, data + from + step.remove, len - step.remove);
		n += len - step.remove;
		if (rand() % 3)
			server_takes(&v, seq + step.seq_add + folded, out, n);
		if (rand() % 3)
			continue;
		/* The acknowledgement arrives. */
		if (!done && proxy_stream_done(&s, FIRST + v.acked)) {
			folded = (uint32_t)s.added - s.removed;
			done = true;
		}
		seq = done ? FIRST + v.acked - folded : proxy_stream_ack(&s, FIRST + v.acked);
		assert_true((int32_t)(seq - FIRST) <= (int32_t)sent);
		if ((int32_t)(seq - FIRST) > (int32_t)acked)
			acked = seq - FIRST;
	}
	assert_int_equal(acked, DATA);
	assert_int_equal(v.acked, total);
	for (unsigned i = 0; i < ADDED; i++)
		assert_int_equal(v.stream[i], 0xff);
	assert_memory_equal(v.stream + ADDED, data + removed, DATA - removed);
}

static void
test_lossy_net(void **state)
{
	static const unsigned removed[] = {0, 10, ADDED, 90};

	for (unsigned seed = 1; seed <= 500; seed++)
		for (unsigned i = 0; i < 4; i++)
			run(seed, removed[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_inbound),
	    cmocka_unit_test(test_ack),
	    cmocka_unit_test(test_sack),
	    cmocka_unit_test(test_lossy_net),
	};

	return cmocka_run_group_tests_name("proxy_stream", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A million connections, found by either of their tuples and by nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/hash.h"
#include "flow.h"

enum { N = 1000000, LOOKUPS = 4000000, FRAME = PKT_IP6_LEN };

static union inet_ip
numbered(bool v6, uint8_t first, uint32_t i)
{
	union inet_ip ip = {.q = {0, 0}};

	ip.b[0] = first;
	memcpy(v6 ? &ip.b[12] : &ip.b[1], &i, v6 ? 4 : 3);
	return ip;
}

/* Tuples that differ from their neighbours' in one part only: which part depends on the number. */
static struct conn_addrs
tuple(uint32_t i, uint16_t *ports)
{
	bool v6 = i & 1;
	uint32_t client = i >> 8;
	struct conn_addrs a = {.caddr = numbered(v6, 10, client),
			       .vaddr = numbered(v6, 20, i & 4),
			       .laddr = numbered(v6, 30, i & 8),
			       .raddr = numbered(v6, 40, i & 16)};

	ports[0] = (uint16_t)(1024 + (i & 0xff));
	ports[1] = 80;
	ports[2] = (uint16_t)i;
	ports[3] = (uint16_t)(8000 + (i >> 16));
	return a;
}

static uint32_t
add(struct conn_table *t, uint32_t i)
{
	uint16_t ports[4];
	struct conn_addrs a = tuple(i, ports);
	uint32_t idx = conn_alloc(t);
	struct conn_hot *c = &t->hot[idx];

	assert_int_not_equal(idx, CONN_NONE);
	c->proto = i & 2 ? PKT_PROTO_TCP : PKT_PROTO_UDP;
	c->flags = i & 1 ? CONN_F_V6 | CONN_F_RS_V6 : 0;
	c->cport = ports[0];
	c->vport = ports[1];
	c->lport = ports[2];
	c->rport = ports[3];
	c->caddr = a.caddr.v4;
	c->vaddr = a.vaddr.v4;
	c->laddr = a.laddr.v4;
	c->raddr = a.raddr.v4;
	if (i & 1)
		t->v6[idx] = (struct conn_v6){a.caddr, a.vaddr, a.laddr, a.raddr};
	assert_true(conn_commit(t, idx, conn_hash(t, idx, CONN_DIR_IN), conn_hash(t, idx, CONN_DIR_OUT)));
	return idx;
}

static uint32_t
find(const struct conn_table *t, uint32_t i, unsigned dir, uint8_t *l3)
{
	bool v6 = i & 1;
	unsigned at = v6 ? 8 : 12, len = v6 ? 16 : 4;
	uint16_t ports[4];
	struct conn_addrs a = tuple(i, ports);
	struct pkt p = {.l3 = l3,
			.kind = v6 ? PKT_IP6 : PKT_IP4,
			.proto = i & 2 ? PKT_PROTO_TCP : PKT_PROTO_UDP,
			.sport = dir == CONN_DIR_IN ? ports[0] : ports[3],
			.dport = dir == CONN_DIR_IN ? ports[1] : ports[2]};

	memcpy(l3 + at, dir == CONN_DIR_IN ? &a.caddr : &a.raddr, len);
	memcpy(l3 + at + len, dir == CONN_DIR_IN ? &a.vaddr : &a.laddr, len);
	p.hash = lb_flow_hash(&p);
	return lb_flow_find(t, &p);
}

/* DPL-078 */
static void
test_a_million(void **state)
{
	uint32_t *idx = malloc(N * sizeof(*idx));
	struct conn_table t;
	uint8_t l3[FRAME];
	uint64_t rand = 1;

	assert_non_null(idx);
	assert_int_equal(conn_table_init(&t, N, 0), 0);
	for (uint32_t i = 0; i < N; i++)
		idx[i] = add(&t, i);
	for (uint32_t n = 0; n < LOOKUPS; n++) {
		uint32_t i, want;
		unsigned dir;

		rand = rand * 6364136223846793005u + 1442695040888963407u;
		i = (uint32_t)(rand >> 33) % (N + N / 4);
		dir = rand >> 63;
		want = i < N ? idx[i] << 1 | dir : CONN_NONE;
		assert_int_equal(find(&t, i, dir, l3), want);
	}
	conn_table_fini(&t);
	free(idx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_million)};

	hash_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

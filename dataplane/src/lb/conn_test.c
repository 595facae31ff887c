/* SPDX-License-Identifier: Apache-2.0 */
/* The flow table alone: lookup by both tuples is proven with input.c in the packet cases; here insertion,
 * removal, expiry, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/hash.h"
#include "lb_worker.h"

static uint32_t
add(struct conn_table *t, uint32_t client, uint16_t port, uint32_t seconds, uint64_t now)
{
	uint32_t idx = conn_alloc(t);
	struct conn_hot *c;

	if (idx == CONN_NONE)
		return idx;
	c = &t->hot[idx];
	c->proto = PKT_PROTO_UDP;
	c->caddr = client;
	c->vaddr = 0x0100000a;
	c->laddr = 0x0200000a;
	c->raddr = 0x0300000a;
	c->cport = port;
	c->vport = 80;
	c->lport = (uint16_t)idx;
	c->rport = 8080;
	if (!conn_commit(t, idx, conn_hash(t, idx, CONN_DIR_IN), conn_hash(t, idx, CONN_DIR_OUT))) {
		conn_abandon(t, idx);
		return CONN_NONE;
	}
	conn_set_timeout(t, idx, seconds, now);
	return idx;
}

static bool
in_table(const struct conn_table *t, uint32_t idx, unsigned dir)
{
	uint32_t hash = conn_hash(t, idx, dir);
	const struct conn_bucket *b = &t->buckets[hash & t->bucket_mask];

	for (;;) {
		for (unsigned i = 0; i < CONN_BUCKET_SLOTS; i++)
			if (b->tag[i] == conn_tag(hash) && b->ref[i] == (idx << 1 | dir))
				return true;
		if (!b->next)
			return false;
		b = &t->overflow[b->next];
	}
}

/* Servers of port 0 share ports of a local address with servers of a port. */
static void
test_taken_replies(void **state)
{
	struct conn_table t;
	uint32_t a, b;

	assert_int_equal(conn_table_init(&t, 100, 0), 0);
	a = add(&t, 1, 1, 10, 0);
	b = conn_alloc(&t);
	t.hot[b] = t.hot[a];
	t.hot[b].caddr = 2;
	assert_int_equal(conn_out_user(&t, b), a << 1 | CONN_DIR_OUT);
	t.hot[b].lport++;
	assert_int_equal(conn_out_user(&t, b), CONN_NONE);
	t.hot[b] = t.hot[a];
	t.hot[b].proto = PKT_PROTO_TCP;
	assert_int_equal(conn_out_user(&t, b), CONN_NONE);
	t.hot[b] = t.hot[a];
	conn_remove(&t, a);
	assert_int_equal(conn_out_user(&t, b), CONN_NONE);
	conn_table_fini(&t);
}

static unsigned expired;

static void
on_expire(void *arg, uint32_t idx)
{
	conn_remove(arg, idx);
	expired++;
}

static void
run_until(struct conn_table *t, uint64_t from, uint64_t to, uint64_t step)
{
	for (uint64_t now = from; now <= to; now += step)
		for (unsigned i = 0; i < 64; i++)
			conn_expire(t, now, WHEEL_BUDGET, on_expire, t);
}

static void
test_fill_and_empty(void **state)
{
	enum { N = 100000 };
	struct conn_table t;

	(void)state;
	assert_int_equal(conn_table_init(&t, N, 0), 0);
	for (uint32_t i = 1; i <= N; i++)
		assert_int_not_equal(add(&t, i * 2654435761u, (uint16_t)i, 60, 0), CONN_NONE);
	assert_int_equal(t.count, N);
	assert_int_equal(conn_alloc(&t), CONN_NONE);
	for (uint32_t i = 1; i <= N; i++) {
		assert_true(in_table(&t, i, CONN_DIR_IN));
		assert_true(in_table(&t, i, CONN_DIR_OUT));
	}
	for (uint32_t i = 1; i <= N; i += 2)
		conn_remove(&t, i);
	assert_int_equal(t.count, N / 2);
	for (uint32_t i = 1; i <= N; i++)
		assert_int_equal(in_table(&t, i, CONN_DIR_IN), i % 2 == 0);
	for (uint32_t i = 0; i < N / 2; i++)
		assert_int_not_equal(add(&t, i, (uint16_t)(i >> 3), 60, 0), CONN_NONE);
	assert_int_equal(conn_alloc(&t), CONN_NONE);
	conn_table_fini(&t);
}

static void
test_bytes_per_connection(void **state)
{
	struct conn_table t;

	(void)state;
	assert_int_equal(conn_table_init(&t, (1u << 20) - 1, 0), 0);
	assert_in_range(t.bytes / t.capacity, 1, 200);
	conn_table_fini(&t);
}

static void
test_expiry(void **state)
{
	struct conn_table t;

	(void)state;
	expired = 0;
	assert_int_equal(conn_table_init(&t, 1000, 5000), 0);
	for (uint32_t i = 0; i < 100; i++)
		add(&t, i, 1, 10, 5000);
	/* Nothing before the timeout, everything one second of jitter after it. */
	run_until(&t, 5000, 14990, 100);
	assert_int_equal(expired, 0);
	run_until(&t, 15000, 16500, 100);
	assert_int_equal(expired, 100);
	assert_int_equal(t.count, 0);
	conn_table_fini(&t);
}

static void
test_traffic_postpones(void **state)
{
	struct conn_table t;
	uint32_t idx;

	(void)state;
	expired = 0;
	assert_int_equal(conn_table_init(&t, 1000, 0), 0);
	idx = add(&t, 1, 1, 10, 0);
	run_until(&t, 0, 9000, 100);
	t.hot[idx].last_seen = conn_tick(9000);
	run_until(&t, 9000, 18900, 100);
	assert_int_equal(expired, 0);
	run_until(&t, 19000, 20500, 100);
	assert_int_equal(expired, 1);
	conn_table_fini(&t);
}

static void
test_shorter_timeout_fires_early(void **state)
{
	struct conn_table t;
	uint32_t idx;

	(void)state;
	expired = 0;
	assert_int_equal(conn_table_init(&t, 1000, 0), 0);
	idx = add(&t, 1, 1, 900, 0);
	run_until(&t, 0, 1000, 100);
	conn_set_timeout(&t, idx, 3, 1000);
	run_until(&t, 1000, 3900, 100);
	assert_int_equal(expired, 0);
	run_until(&t, 4000, 5500, 100);
	assert_int_equal(expired, 1);
	conn_table_fini(&t);
}

static void
test_long_timeouts_go_round(void **state)
{
	struct conn_table t;

	(void)state;
	expired = 0;
	assert_int_equal(conn_table_init(&t, 1000, 0), 0);
	add(&t, 1, 1, 31535999, 0);
	add(&t, 2, 1, 4000, 0);
	run_until(&t, 0, 3999000, 1000);
	assert_int_equal(expired, 0);
	run_until(&t, 3999000, 4002000, 100);
	assert_int_equal(expired, 1);
	/* A clock that jumps (virtual clock of tests) still finds what is due. */
	run_until(&t, 31535990000ull, 31535990000ull, 1);
	assert_int_equal(expired, 1);
	run_until(&t, 31536001000ull, 31536003000ull, 100);
	assert_int_equal(expired, 2);
	conn_table_fini(&t);
}

/* Longer than last_seen can tell: a year, not a moment. */
static void
test_timeout_has_a_limit(void **state)
{
	static const uint32_t seconds[] = {34359739, UINT32_MAX};
	struct conn_table t;

	(void)state;
	assert_int_equal(conn_table_init(&t, 1000, 0), 0);
	for (unsigned i = 0; i < 2; i++) {
		uint32_t idx = add(&t, i, 1, seconds[i], 0);

		assert_int_equal((uint64_t)t.cold[idx].timeout << CONN_TICK_SHIFT, 365ull * 86400 * 1000);
	}
	conn_table_fini(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_taken_replies),	   cmocka_unit_test(test_fill_and_empty),
	    cmocka_unit_test(test_bytes_per_connection),   cmocka_unit_test(test_expiry),
	    cmocka_unit_test(test_traffic_postpones),	   cmocka_unit_test(test_shorter_timeout_fires_early),
	    cmocka_unit_test(test_long_timeouts_go_round), cmocka_unit_test(test_timeout_has_a_limit),
	};

	hash_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

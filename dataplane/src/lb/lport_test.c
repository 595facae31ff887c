/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lb_worker.h"

/* DPL-086 */
static void
test_every_port_once(void **state)
{
	(void)state;
	for (unsigned total = 1; total <= 3; total++) {
		uint8_t *seen = calloc(1, 65536);
		unsigned all = 0;

		for (unsigned worker = 0; worker < total; worker++) {
			struct lport_pool pool;
			uint32_t space;
			uint16_t port;

			assert_int_equal(lport_init(&pool, worker, total), 0);
			while ((port = rte_be_to_cpu_16(lport_alloc(&pool, 1, 7, &space)))) {
				assert_in_range(port, 1025, 65535);
				assert_int_equal(port % total, worker);
				assert_false(seen[port]);
				seen[port] = 1;
				all++;
			}
			assert_int_equal(pool.usage[1].miss, 1);
			assert_int_equal(pool.usage[1].used, pool.nports);
			lport_fini(&pool);
		}
		assert_int_equal(all, 64511);
		free(seen);
	}
}

static void
test_spaces_are_independent(void **state)
{
	struct lport_pool pool;
	uint32_t s1, s2, s3;

	(void)state;
	assert_int_equal(lport_init(&pool, 0, 1), 0);
	for (unsigned i = 0; i < 64511; i++)
		assert_int_not_equal(lport_alloc(&pool, 1, 1, &s1), 0);
	assert_int_equal(lport_alloc(&pool, 1, 1, &s1), 0);
	assert_int_not_equal(lport_alloc(&pool, 1, 2, &s2), 0);
	assert_int_not_equal(lport_alloc(&pool, 2, 1, &s3), 0);
	assert_int_not_equal(s2, s3);
	lport_fini(&pool);
}

/* DPL-086 */
static void
test_oldest_free_port_first(void **state)
{
	struct lport_pool pool;
	uint32_t space;
	uint16_t first, port;

	(void)state;
	assert_int_equal(lport_init(&pool, 0, 1), 0);
	first = lport_alloc(&pool, 1, 1, &space);
	lport_free(&pool, space, first);
	/* A freed port comes again only after all others. */
	for (unsigned i = 0; i < 64510; i++) {
		port = lport_alloc(&pool, 1, 1, &space);
		assert_int_not_equal(port, first);
		lport_free(&pool, space, port);
	}
	assert_int_equal(lport_alloc(&pool, 1, 1, &space), first);
	lport_fini(&pool);
}

static void
test_free_twice_is_harmless(void **state)
{
	struct lport_pool pool;
	uint32_t space;
	uint16_t port;

	(void)state;
	assert_int_equal(lport_init(&pool, 1, 2), 0);
	port = lport_alloc(&pool, 3, 4, &space);
	lport_free(&pool, space, port);
	lport_free(&pool, space, port);
	lport_free(&pool, UINT32_MAX, port);
	assert_int_equal(pool.usage[3].used, 0);
	lport_fini(&pool);
}

static void
test_idle_spaces_are_recycled(void **state)
{
	struct lport_pool pool;
	uint32_t space;

	(void)state;
	assert_int_equal(lport_init(&pool, 0, 64), 0);
	for (uint32_t rs = 0; rs < pool.nspaces * 3; rs++) {
		uint16_t port = lport_alloc(&pool, 1, rs, &space);

		assert_int_not_equal(port, 0);
		lport_free(&pool, space, port);
	}
	assert_int_equal(pool.usage[1].spaces, pool.nspaces);
	assert_int_equal(pool.usage[1].miss, 0);
	lport_fini(&pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_port_once),	     cmocka_unit_test(test_spaces_are_independent),
	    cmocka_unit_test(test_oldest_free_port_first),   cmocka_unit_test(test_free_twice_is_harmless),
	    cmocka_unit_test(test_idle_spaces_are_recycled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

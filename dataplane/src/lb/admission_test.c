/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "admission.h"

enum { VECTOR = 32, TURNS_PER_MS = 50 };

static struct lb_admission a;
static uint64_t now_ms, packets;

static int
setup(void **state)
{
	(void)state;
	memset(&a, 0, sizeof(a));
	now_ms = 1000;
	packets = 0;
	return 0;
}

/* A turn with some packets, of which some want to open a connection. Returns how many of those may. */
static unsigned
turn(unsigned n, unsigned misses)
{
	unsigned admitted = 0;

	for (unsigned i = 0; i < misses; i++)
		admitted += lb_admit(&a);
	packets += n;
	lb_admission_turn(&a, n == VECTOR, packets, now_ms);
	return admitted;
}

static unsigned
milliseconds(unsigned ms, unsigned n, unsigned misses)
{
	unsigned admitted = 0;

	for (; ms > 0; ms--) {
		for (unsigned i = 0; i < TURNS_PER_MS; i++)
			admitted += turn(n, misses);
		now_ms++;
	}
	return admitted;
}

static void
flood_begins(void)
{
	milliseconds(3, VECTOR, 29);
	assert_true(a.on);
}

static void
test_nothing_is_limited_while_queues_get_empty(void **state)
{
	(void)state;
	/* Vectors that are nearly full, for long, with as many new flows as one likes. */
	assert_int_equal(milliseconds(100, VECTOR - 1, 20), 100 * TURNS_PER_MS * 20);
	/* A burst that fills a queue of 2,000 packets. */
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(milliseconds(1, VECTOR, 20), TURNS_PER_MS * 20);
		turn(3, 0);
	}
	/* Many full vectors at one moment: the queue was long, and time does not pass. */
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(turn(VECTOR, 20), 20);
	assert_false(a.on);
}

static void
test_nothing_is_limited_without_connections(void **state)
{
	(void)state;
	assert_int_equal(milliseconds(100, VECTOR, VECTOR), 100 * TURNS_PER_MS * VECTOR);
	assert_false(a.on);
	/* One packet of a connection now and then does not count. */
	for (unsigned i = 0; i < 100; i++) {
		milliseconds(1, VECTOR, VECTOR);
		turn(VECTOR, VECTOR - 2);
	}
	assert_false(a.on);
}

static void
test_a_flood_gets_no_more_than_a_trickle_while_queues_are_full(void **state)
{
	(void)state;
	flood_begins();
	/* 29 of 32 packets are new flows. */
	assert_int_equal(milliseconds(10, VECTOR, 29), 10 * TURNS_PER_MS / ADMISSION_TRICKLE + 1);
	assert_true(a.on);
}

static void
test_new_flows_get_what_keeps_queues_empty(void **state)
{
	(void)state;
	flood_begins();
	/* The queue is emptied: a few are admitted, more from millisecond to millisecond. */
	turn(5, 0);
	assert_int_equal(turn(5, 29), a.budget);
	for (unsigned before = a.budget; before < 10; before++) {
		now_ms++;
		turn(5, 0);
		assert_int_equal(a.budget, before + 1);
		assert_int_equal(turn(5, 29), before + 1);
	}
	/* Until the queues fill: half as many, and none before they are empty. */
	for (unsigned i = 0; i < ADMISSION_PRESSED - 1; i++)
		assert_int_equal(turn(VECTOR, 29), 10);
	assert_int_equal(turn(VECTOR, 29), 10);
	assert_int_equal(a.budget, 5);
	turn(VECTOR, 0);
	assert_int_equal(turn(5, 29), 0);
	assert_int_equal(turn(5, 29), 5);
	/* One streak halves once, however long it is. */
	milliseconds(5, VECTOR, 0);
	assert_int_equal(a.budget, 2);
}

static void
test_all_is_admitted_again_after_a_while(void **state)
{
	(void)state;
	flood_begins();
	milliseconds(ADMISSION_BUDGET_MAX + 1, 5, 2);
	/* Ready for the next wave, but in nobody's way. */
	assert_true(a.on);
	assert_int_equal(milliseconds(1, 31, 31), TURNS_PER_MS * 31);
	milliseconds(ADMISSION_QUIET_MS, 5, 2);
	assert_false(a.on);
	assert_int_equal(milliseconds(1, VECTOR, VECTOR), TURNS_PER_MS * VECTOR);
}

static void
test_early_refusal(void **state)
{
	static const uint8_t vip4[4] = {192, 0, 2, 1}, vip6[16] = {0x20, 1, 0xd, 0xb8, [15] = 1};
	uint64_t misses;

	(void)state;
	flood_begins();
	assert_true(a.left <= 1);
	a.left = 0;
	assert_false(lb_admission_refuses(&a, vip4, 4, 80, 6));
	lb_admission_learn(&a, vip4, 4, 80, 6);
	lb_admission_learn(&a, vip6, 16, 443, 17);
	misses = a.misses;
	assert_true(lb_admission_refuses(&a, vip4, 4, 80, 6));
	assert_true(lb_admission_refuses(&a, vip6, 16, 443, 17));
	assert_int_equal(a.misses, misses + 2);
	assert_false(lb_admission_refuses(&a, vip4, 4, 81, 6));
	assert_false(lb_admission_refuses(&a, vip4, 4, 80, 17));
	assert_false(lb_admission_refuses(&a, vip6, 4, 443, 17));
	assert_false(lb_admission_refuses(&a, vip6, 16, 80, 6));
	a.left = 1; /* there is room */
	assert_false(lb_admission_refuses(&a, vip4, 4, 80, 6));
	/* Services come and go: what was learned holds for a millisecond. */
	now_ms++;
	turn(VECTOR, 0);
	a.left = 0;
	assert_false(lb_admission_refuses(&a, vip4, 4, 80, 6));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_nothing_is_limited_while_queues_get_empty, setup),
	    cmocka_unit_test_setup(test_nothing_is_limited_without_connections, setup),
	    cmocka_unit_test_setup(test_a_flood_gets_no_more_than_a_trickle_while_queues_are_full, setup),
	    cmocka_unit_test_setup(test_new_flows_get_what_keeps_queues_empty, setup),
	    cmocka_unit_test_setup(test_all_is_admitted_again_after_a_while, setup),
	    cmocka_unit_test_setup(test_early_refusal, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of rules by which flows belong to workers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants these before it. */
#include <cmocka.h>

#include "owner.h"

static void
test_add(void **state)
{
	uint64_t list = 0;

	for (uint8_t rule = 1; rule <= LB_OWNERS_MAX; rule++)
		list = lb_owners_add(list, rule);
	assert_int_equal(list, 0x0102030405060708);
	/* Known already, wherever: it becomes the newest. */
	assert_int_equal(lb_owners_add(list, 8), list);
	assert_int_equal(lb_owners_add(list, 1), 0x0203040506070801);
	assert_int_equal(lb_owners_add(list, 5), 0x0102030406070805);
	/* No room: the oldest goes. */
	assert_int_equal(lb_owners_add(list, 9), 0x0203040506070809);
	assert_int_equal(lb_owners_add(0x0201, 131), 0x020183);
}

static void
test_join(void **state)
{
	assert_int_equal(lb_owners_join(0, 0x0201), 0x0201);
	assert_int_equal(lb_owners_join(0x0201, 0), 0x0201);
	assert_int_equal(lb_owners_join(0x0301, 0x0402), 0x03010402);
	assert_int_equal(lb_owners_join(0x0201, 0x0402), 0x010402);
}

static void
test_network(void **state)
{
	static const struct {
		uint8_t af;
		uint32_t netmask, bits;
	} rows[] = {
	    {INET_AF_V4, 0xffffffff, 32}, {INET_AF_V4, 0xffffff00, 24}, {INET_AF_V4, 0xff00ffff, 8},
	    {INET_AF_V4, 0x00ffffff, 0},  {INET_AF_V4, 0, 0},		{INET_AF_V6, 128, 128},
	    {INET_AF_V6, 64, 64},	  {INET_AF_V6, 0, 0},		{INET_AF_V6, 0xffffffff, 128},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t mask =
		    rows[i].af == INET_AF_V4 ? rte_cpu_to_be_32(rows[i].netmask) : rows[i].netmask;

		assert_int_equal(lb_owner_network(rows[i].af, mask), LB_OWNER_NETWORK + rows[i].bits);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_add), cmocka_unit_test(test_join),
					   cmocka_unit_test(test_network)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

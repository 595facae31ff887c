/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "packet/lldp.h"

static const struct lldp_station station = {
    .mac = {0x02, 0, 0, 0, 0, 0x0a},
    .ifname = "dpdk0",
    .description = "a port",
    .system = "lb1",
    .system_description = "100 %",
    .ttl_s = 120,
    .naddresses = 2,
    .address = {{INET_AF_V4, {.b = {192, 0, 2, 1}}}, {INET_AF_V6, {.b = {0x20, 1, 0xd, 0xb8, [15] = 1}}}},
};

static const uint8_t bytes[] = {
    0x02, 7,  4,   0x02, 0,    0,    0,	  0,	0x0a,		     /* chassis: MAC */
    0x04, 6,  5,   'd',	 'p',  'd',  'k', '0',			     /* port: interface name */
    0x06, 2,  0,   120,						     /* time to live */
    0x08, 6,  'a', ' ',	 'p',  'o',  'r', 't',			     /* port description */
    0x0a, 3,  'l', 'b',	 '1',					     /* system name */
    0x0c, 5,  '1', '0',	 '0',  ' ',  '%',			     /* system description */
    0x0e, 4,  0,   0x80, 0,    0x80,				     /* capabilities: station */
    0x10, 12, 5,   1,	 192,  0,    2,	  1,	1,    0, 0, 0, 0, 0, /* management address */
    0x10, 24, 17,  2,	 0x20, 1,    0xd, 0xb8, 0,    0, 0, 0, 0, 0,
    0,	  0,  0,   0,	 0,    1,    1,	  0,	0,    0, 0, 0, 0, 0, /* end */
};

static void
what_a_station_tells(void **state)
{
	uint8_t out[LLDP_PDU_MAX];
	uint16_t ttl;

	(void)state;
	assert_int_equal(lldp_build(&station, out, sizeof(out)), sizeof(bytes));
	assert_memory_equal(out, bytes, sizeof(bytes));
	assert_true(lldp_check(bytes, sizeof(bytes), &ttl));
	assert_int_equal(ttl, 120);
	/* It all fits, or nothing is sent. */
	for (size_t size = 0; size < sizeof(bytes); size++)
		assert_int_equal(lldp_build(&station, out, size), 0);
}

static void
texts_that_are_too_long_are_cut(void **state)
{
	char text[600];
	uint8_t out[LLDP_PDU_MAX];
	struct lldp_station s = station;
	uint16_t ttl;
	size_t len;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	s.ifname = s.description = s.system = s.system_description = text;
	len = lldp_build(&s, out, sizeof(out));
	assert_true(len > 4 * 255 && lldp_check(out, len, &ttl));
}

static void
a_data_unit_as_text(void **state)
{
	char out[4096], cut[40];

	(void)state;
	lldp_text(bytes, sizeof(bytes), out, sizeof(out));
	assert_string_equal(out, "Chassis ID TLV (1)\n\tMAC: 02:00:00:00:00:0a\n"
				 "Port ID TLV (2)\n\tInterface Name: dpdk0\n"
				 "Time to Live TLV (3)\n\t120\n"
				 "Port Description TLV (4)\n\ta port\n"
				 "System Name TLV (5)\n\tlb1\n"
				 "System Description TLV (6)\n\t100 %%\n"
				 "System Capabilities TLV (7)\n\tSystem capabilities: Station Only\n"
				 "\tEnabled capabilities: Station Only\n"
				 "Management Address TLV (8)\n\tIPv4: 192.0.2.1\n"
				 "\tUnknown interface subtype(1): 0\n"
				 "Management Address TLV (8)\n\tIPv6: 2001:db8::1\n"
				 "\tUnknown interface subtype(1): 0\n"
				 "End of LLDPDU TLV\n");
	lldp_text(bytes, sizeof(bytes), cut, sizeof(cut));
	assert_int_equal(strlen(cut), sizeof(cut) - 1);
	assert_memory_equal(cut, out, sizeof(cut) - 1);
}

static void
other_identifiers_and_hostile_texts(void **state)
{
	static const struct {
		uint8_t pdu[32];
		size_t len;
		const char *text;
	} cases[] = {
	    {{0x02, 6, 5, 1, 10, 0, 0, 1}, 8, "Chassis ID TLV (1)\n\tIPv4: 10.0.0.1\n"},
	    {{0x02, 4, 7, 'a', 27, '%'}, 6, "Chassis ID TLV (1)\n\tLocal: a.%%\n"},
	    {{0x02, 3, 9, 'a', 'b'}, 5, "Chassis ID TLV (1)\n\tSubtype 9: ab\n"},
	    {{0x02, 0}, 2, "Chassis ID TLV (1)\n\tSubtype 0: \n"},
	    {{0x04, 7, 3, 1, 2, 3, 4, 5, 6}, 9, "Port ID TLV (2)\n\tMAC: 01:02:03:04:05:06\n"},
	    {{0x04, 3, 4, 1, 10}, 5, "Port ID TLV (2)\n\tNetwork address: ..\n"},
	    {{0x06, 1, 5}, 3, "Time to Live TLV (3)\n\t.\n"},
	    {{0x0e, 4, 0x80, 0x14, 0, 0x04},
	     6,
	     "System Capabilities TLV (7)\n\tSystem capabilities: Bridge, Router, Reserved 15\n"
	     "\tEnabled capabilities: Bridge\n"},
	    {{0x10, 3, 5, 1, 2}, 5, "Management Address TLV (8)\n\tmalformed\n"},
	    {{0x10, 9, 200, 1, 1, 1, 1, 1, 1, 1, 1}, 11, "Management Address TLV (8)\n\tmalformed\n"},
	    {{0x10, 9, 2, 6, 0xaa, 2, 0, 0, 1, 0, 0},
	     11,
	     "Management Address TLV (8)\n\tAddress family 6: aa\n\tInterface index(2): 256\n"},
	    {{0xfe, 5, 0, 0x80, 0xc2, 1, 7},
	     7,
	     "Organizationally Specific TLV (127)\n\tOUI: 00-80-c2, subtype 1: 07\n"},
	    {{0xfe, 2, 0, 0}, 4, "Organizationally Specific TLV (127)\n\tmalformed\n"},
	    {{0x14, 1, 'x'}, 3, "Reserved TLV (10)\n\tx\n"},
	    {{0x0a, 9, 'x'}, 3, ""}, /* longer than the frame */
	    {{0}, 1, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char out[512];

		lldp_text(cases[i].pdu, cases[i].len, out, sizeof(out));
		assert_string_equal(out, cases[i].text);
	}
}

static void
what_a_receiver_refuses(void **state)
{
	uint8_t pdu[sizeof(bytes) + 8];
	uint16_t ttl;

	(void)state;
	/* Cut anywhere but between the TLVs behind the third. */
	for (size_t len = 0; len < 22; len++)
		assert_int_equal(lldp_check(bytes, len, &ttl), len == 21);
	assert_true(lldp_check(bytes, sizeof(bytes) - 2, &ttl)); /* the end is not there */
	assert_false(lldp_check(bytes, sizeof(bytes) - 3, &ttl));
	/* Not in order. */
	memcpy(pdu, bytes, sizeof(bytes));
	pdu[0] = 0x04;
	assert_false(lldp_check(pdu, sizeof(bytes), &ttl));
	/* A second time to live. */
	memcpy(pdu, bytes, 21);
	memcpy(pdu + 21, bytes + 17, 4);
	assert_false(lldp_check(pdu, 25, &ttl));
	/* What is behind the end is padding. */
	memcpy(pdu, bytes, 21);
	memset(pdu + 21, 0, 8);
	pdu[24] = 0x02;
	assert_true(lldp_check(pdu, 29, &ttl));
	/* No chassis at all, an empty one. */
	memcpy(pdu, bytes, sizeof(bytes));
	pdu[1] = 1;
	assert_false(lldp_check(pdu, sizeof(bytes), &ttl));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_a_station_tells),    cmocka_unit_test(texts_that_are_too_long_are_cut),
	    cmocka_unit_test(a_data_unit_as_text),     cmocka_unit_test(other_identifiers_and_hostile_texts),
	    cmocka_unit_test(what_a_receiver_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

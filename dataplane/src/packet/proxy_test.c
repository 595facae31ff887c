/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <arpa/inet.h>

#include "packet/proxy.h"

static struct proxy_addrs
addrs(int af)
{
	struct proxy_addrs a = {.af = af, .sport_be = htons(56324), .dport_be = htons(443)};

	inet_pton(af, af == AF_INET6 ? "2001:db8::7" : "192.0.2.7", &a.src);
	inet_pton(af, af == AF_INET6 ? "fd00::80" : "198.51.100.80", &a.dst);
	return a;
}

static void
test_write(void **state)
{
	static const char v1[] = "PROXY TCP4 192.0.2.7 198.51.100.80 56324 443\r\n";
	static const char v1_6[] = "PROXY TCP6 2001:db8::7 fd00::80 56324 443\r\n";
	struct proxy_addrs a = addrs(AF_INET), b = addrs(AF_INET6);
	uint8_t out[PROXY_MAX];

	assert_int_equal(proxy_write(out, PROXY_V1, false, &a), sizeof(v1) - 1);
	assert_memory_equal(out, v1, sizeof(v1) - 1);
	assert_int_equal(proxy_write(out, PROXY_V1, false, &b), sizeof(v1_6) - 1);
	assert_memory_equal(out, v1_6, sizeof(v1_6) - 1);
	assert_int_equal(proxy_write(out, PROXY_V2, false, &a), 28);
	assert_memory_equal(out,
			    "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"
			    "\xc0\0\2\7\xc6\x33\x64\x50\xdc\4\1\xbb",
			    28);
	assert_int_equal(proxy_write(out, PROXY_V2, true, &b), 52);
	assert_memory_equal(out,
			    "\r\n\r\n\0\r\nQUIT\n\x21\x22\0\x24"
			    "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\7"
			    "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x80\xdc\4\1\xbb",
			    52);
}

static void
test_longest_line(void **state)
{
	struct proxy_addrs a = {.af = AF_INET6, .sport_be = 0xffff, .dport_be = 0xffff};
	uint8_t out[PROXY_MAX];
	struct proxy_header h;
	unsigned len;

	memset(&a.src, 0xff, 16);
	memset(&a.dst, 0xff, 16);
	len = proxy_write(out, PROXY_V1, false, &a);
	assert_in_range(len, 104, PROXY_V1_MAX);
	assert_true(proxy_parse(out, len, &h));
	assert_int_equal(h.len, len);
}

static void
expect(const char *data, unsigned len, int version, bool has_addrs, unsigned header)
{
	struct proxy_header h;
	uint8_t *exact = malloc(len ? len : 1); /* so that a sanitizer sees a byte too many */

	memcpy(exact, data, len);
	assert_int_equal(proxy_parse(exact, len, &h), version != 0);
	free(exact);
	if (!version)
		return;
	assert_int_equal(h.version, version);
	assert_int_equal(h.has_addrs, has_addrs);
	assert_int_equal(h.len, header);
}

static void
test_parse_v1(void **state)
{
#define LINE(text, version, addrs, len) expect(text, sizeof(text) - 1, version, addrs, len)
	LINE("PROXY TCP4 1.2.3.4 5.6.7.8 1 65535\r\nGET /", 1, true, 36);
	LINE("PROXY TCP6 ::1 fd00::2 0 80\r\n", 1, true, 29);
	LINE("PROXY UNKNOWN\r\n", 1, false, 15);
	LINE("PROXY UNKNOWN what ever\r\n", 1, false, 25);
	LINE("PROXY UNKNOWNX\r\n", 0, false, 0);
	LINE("PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n", 0, false, 0);
	LINE("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n", 0, false, 0);
	LINE("PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n", 0, false, 0);
	LINE("PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n", 0, false, 0);
	LINE("PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n", 0, false, 0);
	LINE("PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n", 0, false, 0);
	LINE("PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n", 0, false, 0);
	LINE("PROXY TCP4 1.2.3.4 ::1 1 2\r\n", 0, false, 0);
	LINE("PROXY TCP4 1.2.3.4  5.6.7.8 1 2\r\n", 0, false, 0);
	LINE("PROXY TCP4 \r\n", 0, false, 0);
	LINE("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\0\r\n", 0, false, 0);
	LINE("PROXY", 0, false, 0);
	LINE("", 0, false, 0);
}

static void
test_parse_v2(void **state)
{
	static const char sig[] = "\r\n\r\n\0\r\nQUIT\n";
	char data[600];

	memset(data, 'x', sizeof(data));
	memcpy(data, sig, 12);
#define V2(command, family, rest)                                                                            \
	(data[12] = (char)(command), data[13] = (char)(family), data[14] = (char)((rest) >> 8),              \
	 data[15] = (char)(rest))
	V2(0x21, 0x11, 12);
	expect(data, 28, 2, true, 28);
	expect(data, 27, 0, false, 0); /* cut */
	expect(data, 15, 0, false, 0);
	V2(0x21, 0x11, 12 + 7); /* with a TLV */
	expect(data, 600, 2, true, 35);
	V2(0x21, 0x21, 36);
	expect(data, 600, 2, true, 52);
	V2(0x21, 0x21, 35);
	expect(data, 600, 0, false, 0);
	V2(0x20, 0, 0); /* LOCAL */
	expect(data, 16, 2, false, 16);
	V2(0x20, 0x11, 0);
	expect(data, 16, 2, false, 16);
	V2(0x21, 0, 0); /* unspecified family */
	expect(data, 16, 2, false, 16);
	V2(0x21, 0x31, 216);
	expect(data, 600, 2, true, 232);
	V2(0x22, 0x11, 12);
	expect(data, 600, 0, false, 0);
	V2(0x31, 0x11, 12);
	expect(data, 600, 0, false, 0);
	V2(0x21, 0x41, 12);
	expect(data, 600, 0, false, 0);
	V2(0x21, 0x13, 12);
	expect(data, 600, 0, false, 0);
	V2(0x21, 0x11, 65535);
	expect(data, 600, 0, false, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_write),
	    cmocka_unit_test(test_longest_line),
	    cmocka_unit_test(test_parse_v1),
	    cmocka_unit_test(test_parse_v2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

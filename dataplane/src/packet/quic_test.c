/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <arpa/inet.h>

#include "packet/quic.h"

static bool
parse(const void *bytes, unsigned len, struct quic_server *out)
{
	uint8_t *exact = malloc(len ? len : 1);
	bool ok;

	memcpy(exact, bytes, len);
	ok = quic_server_parse(exact, len, out);
	free(exact);
	return ok;
}

static union inet_ip
ip(int af, const char *text)
{
	union inet_ip out = {{0}};

	assert_int_equal(inet_pton(af, text, &out), 1);
	return out;
}

static void
test_short_header(void **state)
{
	static const char packet[] = "\x40\xaa\x36\xfd\xe1\xf5\xd7\1\2\3\4rest";
	union inet_ip rs = ip(AF_INET, "192.168.111.222"), other = ip(AF_INET, "192.168.111.223"),
		      same_end = ip(AF_INET, "10.0.111.222");
	struct quic_server s;

	assert_true(parse(packet, sizeof(packet) - 1, &s));
	assert_int_equal(s.addr_len, 2);
	assert_true(quic_server_is(&s, AF_INET, &rs, htons(8029)));
	assert_true(quic_server_is(&s, AF_INET, &same_end, htons(8029)));
	assert_false(quic_server_is(&s, AF_INET, &rs, htons(8030)));
	assert_false(quic_server_is(&s, AF_INET, &other, htons(8029)));
	assert_true(parse(packet, 8, &s)); /* the id may be as short as that */
	assert_false(parse(packet, 7, &s));
	assert_false(parse("\0\xaa\x36\xfd\xe1\xf5\xd7\1\2\3", 10, &s)); /* fixed bit */
}

static void
test_long_header(void **state)
{
	static const char packet[] = "\xc0\0\0\0\1\x08\xaa\x36\xfd\xe1\xf5\xd7\1\2\0";
	char p[sizeof(packet)];
	union inet_ip rs = ip(AF_INET, "192.168.111.222");
	struct quic_server s;

	assert_true(parse(packet, sizeof(packet) - 1, &s));
	assert_true(quic_server_is(&s, AF_INET, &rs, htons(8029)));
	assert_false(parse(packet, 13, &s)); /* the id is cut */
	memcpy(p, packet, sizeof(p));
	p[4] = 2;
	assert_false(parse(p, sizeof(p), &s)); /* version */
	p[4] = 1;
	p[5] = 6;
	assert_false(parse(p, sizeof(p), &s)); /* id too short */
	p[5] = 21;
	assert_false(parse(p, sizeof(p), &s));
	p[5] = 0;
	assert_false(parse(p, sizeof(p), &s));
}

/* Eight bytes of an IPv6 address with a port need 12 bytes of id. */
static void
test_ipv6(void **state)
{
	uint8_t packet[1 + 20] = {0x40, 0x55};
	union inet_ip rs = ip(AF_INET6, "2001:db8::1122:3344:5566:7788"), v4 = ip(AF_INET, "85.102.119.136");
	static const uint8_t late[10] = {0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x01, 0xbb};
	struct quic_server s;

	packet[2] = 0xf0;
	for (int i = 0; i < 10; i++) {
		packet[2 + i] |= late[i] >> 4;
		packet[3 + i] = (uint8_t)(late[i] << 4);
	}
	assert_true(parse(packet, sizeof(packet), &s));
	assert_int_equal(s.addr_len, 8);
	assert_true(quic_server_is(&s, AF_INET6, &rs, htons(443)));
	assert_false(quic_server_is(&s, AF_INET, &v4, htons(443))); /* more bytes than the address has */
	assert_true(parse(packet, 1 + 12, &s));
	assert_false(parse(packet, 1 + 11, &s));
	/* Without port */
	packet[2] &= 0xef;
	assert_true(parse(packet, 1 + 10, &s));
	assert_true(quic_server_is(&s, AF_INET6, &rs, htons(1)));
}

static void
test_google(void **state)
{
	uint64_t cid, want;

	memcpy(&want, "\1\2\3\4\5\6\7\x08", 8);
	assert_true(quic_google_cid((const uint8_t *)"\x0c\1\2\3\4\5\6\7\x08", 9, &cid));
	assert_int_equal(cid, want);
	assert_false(quic_google_cid((const uint8_t *)"\x0c\1\2\3\4\5\6\7", 8, &cid));
	assert_false(quic_google_cid((const uint8_t *)"\x04\1\2\3\4\5\6\7\x08", 9, &cid));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_short_header),
	    cmocka_unit_test(test_long_header),
	    cmocka_unit_test(test_ipv6),
	    cmocka_unit_test(test_google),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

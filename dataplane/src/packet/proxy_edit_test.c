/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "packet/proxy_edit.h"
#include "packet/tcp.h"
#include "test_frames.h"

enum { HEADER_MAX = 107 };

static uint8_t header[HEADER_MAX];

static struct proxy_packet
build(struct test_frame *f, bool v6, uint8_t proto, unsigned payload)
{
	struct proxy_packet p = {.l3 = test_eth(f) + PKT_ETH_LEN, .headroom = TEST_ROOM, .proto = proto};

	if (proto == PKT_PROTO_TCP)
		test_tcp(f, v6, TCP_ACK | TCP_PSH, NULL, 0, payload);
	else
		test_udp(f, v6, payload);
	p.l4 = p.l3 + (v6 ? PKT_IP6_LEN : PKT_IP4_MIN);
	p.ip_len = (uint16_t)(f->len - PKT_ETH_LEN);
	p.contig = p.ip_len;
	return p;
}

/* Everything of the packet is as before but for len bytes in the place of `remove`. */
static void
check(const struct proxy_packet *p, const struct proxy_packet *was, const uint8_t *old_payload,
      unsigned remove, unsigned len)
{
	unsigned rest = proxy_payload(was) - remove, head = proxy_l4_len(p);

	assert_int_equal(p->ip_len, was->ip_len + len - remove);
	assert_int_equal(p->contig, p->ip_len);
	assert_int_equal(p->headroom, was->headroom - len + remove);
	assert_int_equal(proxy_payload(p), rest + len);
	assert_memory_equal(p->l4 + head, header, len);
	assert_memory_equal(p->l4 + head + len, old_payload + remove, rest);
	assert_true(test_checksums_ok(p->l3, p->l4, p->ip_len, p->proto));
	if (p->l3[0] >> 4 == 6)
		assert_int_equal(p->l3[4] << 8 | p->l3[5], p->ip_len - 40);
	else
		assert_int_equal(p->l3[2] << 8 | p->l3[3], p->ip_len);
	if (p->proto == PKT_PROTO_UDP)
		assert_int_equal(p->l4[4] << 8 | p->l4[5], 8 + rest + len);
}

static void
try_replace(bool v6, uint8_t proto, unsigned payload, unsigned remove, unsigned len)
{
	static struct test_frame f;
	struct proxy_packet p = build(&f, v6, proto, payload), was = p;
	uint8_t old[TEST_FRAME_MAX];

	memcpy(old, p.l4 + proxy_l4_len(&p), payload);
	if (remove > payload) {
		assert_false(proxy_replace(&p, remove, header, len));
		assert_memory_equal(&p, &was, sizeof(p));
		return;
	}
	assert_true(proxy_replace(&p, remove, header, len));
	/* Lengths are of the packet as it was, its bytes are not. */
	was.l3 = p.l3;
	was.l4 = p.l4;
	check(&p, &was, old, remove, len);
}

static void
test_replace(void **state)
{
	/* Odd and even lengths turn the bytes of the rest's sum, or do not. */
	static const unsigned payloads[] = {0, 1, 2, 99, 100, 1200}, sizes[] = {0, 1, 28, 45, 52, HEADER_MAX};

	for (int v6 = 0; v6 < 2; v6++)
		for (int udp = 0; udp < 2; udp++)
			for (unsigned i = 0; i < 6; i++)
				for (unsigned j = 0; j < 6; j++)
					for (unsigned k = 0; k < 6; k++)
						try_replace(v6, udp ? PKT_PROTO_UDP : PKT_PROTO_TCP,
							    payloads[i], sizes[j], sizes[k]);
}

static void
test_wrong_checksum_stays_wrong(void **state)
{
	static struct test_frame f;
	struct proxy_packet p = build(&f, false, PKT_PROTO_TCP, 50);

	p.l4[16] ^= 1;
	assert_true(proxy_replace(&p, 3, header, 28));
	assert_false(test_checksums_ok(p.l3, p.l4, p.ip_len, p.proto));
}

static void
test_udp_without_checksum(void **state)
{
	static struct test_frame f;
	struct proxy_packet p = build(&f, false, PKT_PROTO_UDP, 50);

	p.l4[6] = p.l4[7] = 0;
	assert_true(proxy_replace(&p, 0, header, 28));
	assert_int_equal(p.l4[6] | p.l4[7], 0);
}

static void
test_no_room(void **state)
{
	static struct test_frame f;
	struct proxy_packet p = build(&f, false, PKT_PROTO_TCP, 50), was;

	p.headroom = 27;
	was = p;
	assert_false(proxy_replace(&p, 0, header, 28));
	assert_memory_equal(&p, &was, sizeof(p));
	assert_true(proxy_replace(&p, 1, header, 28));

	/* Bytes to remove that lie in another buffer. */
	p = build(&f, false, PKT_PROTO_TCP, 50);
	p.contig -= 45;
	assert_int_equal(proxy_payload_contig(&p), 5);
	assert_false(proxy_replace(&p, 6, header, 28));
	assert_true(proxy_replace(&p, 5, header, 28));
}

static void
test_urgent(void **state)
{
	static struct test_frame f;
	struct proxy_packet p = build(&f, false, PKT_PROTO_TCP, 50);

	p.l4[13] |= TCP_URG;
	test_put16(p.l4 + 18, 10);
	test_finish(p.l3, p.l4, p.ip_len, p.proto);
	assert_true(proxy_replace(&p, 0, header, 28));
	assert_int_equal(p.l4[19], 38);
	assert_true(test_checksums_ok(p.l3, p.l4, p.ip_len, p.proto));
}

static void
test_alone(void **state)
{
	static struct test_frame f;
	uint8_t out[300];

	for (int v6 = 0; v6 < 2; v6++)
		for (int udp = 0; udp < 2; udp++) {
			struct proxy_packet p = build(&f, v6, udp ? PKT_PROTO_UDP : PKT_PROTO_TCP, 200);
			unsigned head = (unsigned)(p.l4 - p.l3) + proxy_l4_len(&p);

			if (!udp) {
				p.l4[13] |= TCP_FIN | TCP_URG;
				test_put16(p.l4 + 18, 7);
			}
			assert_int_equal(proxy_alone(&p, header, 45, out, sizeof(out)), head + 45);
			assert_memory_equal(out + head, header, 45);
			assert_true(test_checksums_ok(out, out + (p.l4 - p.l3), head + 45, p.proto));
			assert_memory_equal(out + (p.l4 - p.l3), p.l4, udp ? 4 : 12);
			if (!udp) {
				assert_int_equal(out[p.l4 - p.l3 + 13], TCP_ACK | TCP_PSH);
				assert_memory_equal(out + (p.l4 - p.l3) + 14, p.l4 + 14, 2);
				assert_int_equal(out[p.l4 - p.l3 + 19], 0);
			}
			assert_int_equal(proxy_alone(&p, header, 45, out, head + 44), 0);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_replace),
	    cmocka_unit_test(test_wrong_checksum_stays_wrong),
	    cmocka_unit_test(test_udp_without_checksum),
	    cmocka_unit_test(test_no_room),
	    cmocka_unit_test(test_urgent),
	    cmocka_unit_test(test_alone),
	};

	for (unsigned i = 0; i < sizeof(header); i++)
		header[i] = (uint8_t)(0xa0 + 7 * i);
	return cmocka_run_group_tests_name("proxy_edit", tests, NULL, NULL);
}

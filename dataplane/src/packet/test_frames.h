/* SPDX-License-Identifier: Apache-2.0 */
/* Frames for tests: built plainly, checksums computed by the slowest possible code, which shares nothing with
 * what it tests. */
#ifndef PACKET_TEST_FRAMES_H
#define PACKET_TEST_FRAMES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "packet/pkt.h"

enum { TEST_ROOM = 128, TEST_FRAME_MAX = 2048 };

/* A frame with writable room in front. */
struct test_frame {
	uint8_t bytes[TEST_ROOM + TEST_FRAME_MAX];
	unsigned len; /* of the frame, Ethernet header included */
};

static inline uint8_t *
test_eth(struct test_frame *f)
{
	return f->bytes + TEST_ROOM;
}

/* RFC 1071 byte by byte, big-endian. */
static inline uint32_t
test_sum(uint32_t sum, const uint8_t *p, unsigned len)
{
	for (unsigned i = 0; i < len; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static inline uint16_t
test_l4_sum(const uint8_t *l3, const uint8_t *l4, unsigned l4_len, uint8_t proto)
{
	bool v6 = l3[0] >> 4 == 6;
	uint8_t tail[4] = {0, proto, (uint8_t)(l4_len >> 8), (uint8_t)l4_len};
	uint32_t sum = test_sum(0, l3 + (v6 ? 8 : 12), v6 ? 32 : 8);

	return (uint16_t)test_sum(test_sum(sum, tail, 4), l4, l4_len);
}

/* True when the IPv4 header and the TCP or UDP checksum of the packet at l3 are right. */
static inline bool
test_checksums_ok(const uint8_t *l3, const uint8_t *l4, unsigned ip_len, uint8_t proto)
{
	unsigned l4_len = ip_len - (unsigned)(l4 - l3);

	if (l3[0] >> 4 == 4 && test_sum(0, l3, (l3[0] & 15u) * 4) != 0xffff)
		return false;
	if (proto == PKT_PROTO_UDP && l4[6] == 0 && l4[7] == 0)
		return l3[0] >> 4 == 4;
	return test_l4_sum(l3, l4, l4_len, proto) == 0xffff;
}

static inline void
test_put16(uint8_t *at, unsigned v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static inline void
test_put32(uint8_t *at, uint32_t v)
{
	test_put16(at, v >> 16);
	test_put16(at + 2, v & 0xffff);
}

static inline void
test_finish(uint8_t *l3, uint8_t *l4, unsigned ip_len, uint8_t proto)
{
	unsigned l4_len = ip_len - (unsigned)(l4 - l3);
	uint8_t *csum = l4 + (proto == PKT_PROTO_TCP ? 16 : 6);

	if (l3[0] >> 4 == 4) {
		test_put16(l3 + 10, 0);
		test_put16(l3 + 10, ~test_sum(0, l3, (l3[0] & 15u) * 4) & 0xffff);
	}
	test_put16(csum, 0);
	test_put16(csum, (uint16_t)~test_l4_sum(l3, l4, l4_len, proto));
	if (proto == PKT_PROTO_UDP && csum[0] == 0 && csum[1] == 0)
		test_put16(csum, 0xffff);
}

/* Ethernet and IP header in front of l4_len bytes of transport; returns where those start. */
static inline uint8_t *
test_ip(struct test_frame *f, bool v6, uint8_t proto, unsigned l4_len)
{
	uint8_t *eth = test_eth(f), *l3 = eth + PKT_ETH_LEN;
	unsigned l3_len = v6 ? PKT_IP6_LEN : PKT_IP4_MIN;

	memset(f->bytes, 0xee, sizeof(f->bytes));
	memset(l3, 0, l3_len);
	memcpy(eth, "\x02\0\0\0\0\1\x02\0\0\0\0\2", 12);
	test_put16(eth + 12, v6 ? 0x86dd : 0x0800);
	if (v6) {
		l3[0] = 0x60;
		test_put16(l3 + 4, l4_len);
		l3[6] = proto;
		l3[7] = 64;
		memcpy(l3 + 8, "\x20\x01\x0d\xb8\0\1\0\0\0\0\0\0\0\0\0\1", 16);
		memcpy(l3 + 24, "\x20\x01\x0d\xb8\0\2\0\0\0\0\0\0\0\0\0\2", 16);
	} else {
		l3[0] = 0x45;
		test_put16(l3 + 2, l3_len + l4_len);
		l3[8] = 64;
		l3[9] = proto;
		memcpy(l3 + 12, "\xc0\0\2\1\xc6\x33\x64\2", 8);
	}
	f->len = PKT_ETH_LEN + l3_len + l4_len;
	return l3 + l3_len;
}

/* A TCP segment with the given options (a multiple of 4 bytes) and payload bytes 0, 1, 2, … */
static inline void
test_tcp(struct test_frame *f, bool v6, uint8_t flags, const void *options, unsigned options_len,
	 unsigned payload)
{
	uint8_t *l4 = test_ip(f, v6, PKT_PROTO_TCP, 20 + options_len + payload);
	uint8_t *l3 = test_eth(f) + PKT_ETH_LEN;

	memset(l4, 0, 20);
	test_put16(l4, 40000);
	test_put16(l4 + 2, 80);
	test_put32(l4 + 4, 0xfffffff0);
	test_put32(l4 + 8, 0x01020304);
	l4[12] = (uint8_t)((20 + options_len) / 4 << 4);
	l4[13] = flags;
	test_put16(l4 + 14, 1000);
	if (options_len)
		memcpy(l4 + 20, options, options_len);
	for (unsigned i = 0; i < payload; i++)
		l4[20 + options_len + i] = (uint8_t)i;
	test_finish(l3, l4, f->len - PKT_ETH_LEN, PKT_PROTO_TCP);
}

static inline void
test_udp(struct test_frame *f, bool v6, unsigned payload)
{
	uint8_t *l4 = test_ip(f, v6, PKT_PROTO_UDP, 8 + payload);
	uint8_t *l3 = test_eth(f) + PKT_ETH_LEN;

	test_put16(l4, 40000);
	test_put16(l4 + 2, 53);
	test_put16(l4 + 4, 8 + payload);
	for (unsigned i = 0; i < payload; i++)
		l4[8 + i] = (uint8_t)i;
	test_finish(l3, l4, f->len - PKT_ETH_LEN, PKT_PROTO_UDP);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target for translation between families: a packet goes to the other family and back.
 *
 * Input: byte 0 = whether to repair checksums, byte 1 = bytes in one piece less than the frame has; the rest
 * is the frame. In the other family it must be a good packet with the new addresses and ports and, if its
 * checksums were right, right ones; back again it must have the bytes that it had, but for the IP header.
 */
#include <stdlib.h>
#include <string.h>

#include "../src/packet/test_frames.h"
#include "packet/nat64.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const union inet_ip s6 = {.w = {1, 2, 3, 4}}, d6 = {.w = {5, 6, 7, 8}};
enum { S4 = 0x01020304, D4 = 0x05060708, SPORT = 9, DPORT = 10 };

/* The packet as somebody who receives it sees it. */
static void
check_packet(const struct pkt *p, bool right, uint16_t sport, uint16_t dport)
{
	uint8_t *frame = malloc(PKT_ETH_LEN + p->avail);
	struct pkt again = {0};

	memset(frame, 0, PKT_ETH_LEN);
	test_put16(frame + 12, p->kind == PKT_IP6 ? 0x86dd : 0x0800);
	memcpy(frame + PKT_ETH_LEN, p->l3, p->avail);
	assert(pkt_parse(&again, frame, PKT_ETH_LEN + p->avail, PKT_ETH_LEN + p->ip_len) == DROP_NONE);
	assert(again.kind == p->kind && again.proto == p->proto && again.l3_len == p->l3_len);
	assert(again.ip_len == p->ip_len && again.flags & PKT_F_L4);
	assert(again.sport == sport && again.dport == dport);
	assert(!right || test_checksums_ok(p->l3, p->l4, p->ip_len, p->proto));
	free(frame);
}

static bool
to_ip6(struct pkt *p, uint16_t sport, uint16_t dport, bool right)
{
	bool has_sum = nat64_to_ip6(p, &s6, &d6, sport, dport, 0);

	assert(p->kind == PKT_IP6 && p->l3_len == PKT_IP6_LEN && p->l3 == p->l4 - PKT_IP6_LEN);
	check_packet(p, right && has_sum, sport, dport);
	return has_sum;
}

static void
to_ip4(struct pkt *p, uint16_t sport, uint16_t dport, bool right)
{
	nat64_to_ip4(p, S4, D4, sport, dport, 0);
	assert(p->kind == PKT_IP4 && p->l3_len == PKT_IP4_MIN && p->l3 == p->l4 - PKT_IP4_MIN);
	check_packet(p, right, sport, dport);
}

static void
there_and_back(struct pkt *p, bool repair)
{
	unsigned room = NAT64_DIFFERENCE, l4_len = p->avail - p->l3_len,
		 csum = p->proto == PKT_PROTO_TCP ? 16 : 6;
	uint8_t *buf = malloc(room + p->avail), *before = malloc(l4_len);
	uint16_t sport = p->sport, dport = p->dport;
	bool right;

	memcpy(buf + room, p->l3, p->avail);
	p->l3 = buf + room;
	p->l4 = p->l3 + p->l3_len;
	if (repair && p->avail == p->ip_len)
		test_finish(p->l3, p->l4, p->avail, p->proto);
	memcpy(before, p->l4, l4_len);
	right = p->avail == p->ip_len && test_checksums_ok(p->l3, p->l4, p->ip_len, p->proto);
	if (p->kind == PKT_IP6) {
		/* The way of lb/xmit/nat64.c: extension headers are refused. */
		if (p->l3_len == PKT_IP6_LEN) {
			to_ip4(p, SPORT, DPORT, right);
			to_ip6(p, sport, dport, right);
		}
	} else if (p->ip_len - p->l3_len + PKT_IP6_LEN <= UINT16_MAX) {
		bool has_sum = to_ip6(p, SPORT, DPORT, right);

		to_ip4(p, sport, dport, right && has_sum);
	}
	memset(before + csum, 0, 2);
	memset(p->l4 + csum, 0, 2);
	assert(!memcmp(before, p->l4, l4_len));
	free(before);
	free(buf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t len, contig;
	struct pkt p = {0};
	uint8_t *frame;

	if (size < 2 || size > 4096)
		return 0;
	len = (uint32_t)size - 2;
	contig = len - (data[1] % 8 < len ? data[1] % 8 : 0);
	frame = malloc(contig);
	memcpy(frame, data + 2, contig);
	if (data[0] & 1)
		p.flags = PKT_F_CSUM_OK;
	if (pkt_parse(&p, frame, contig, len) == DROP_NONE && p.flags & PKT_F_L4 &&
	    (p.proto == PKT_PROTO_TCP || p.proto == PKT_PROTO_UDP))
		there_and_back(&p, data[0] & 1);
	free(frame);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target for ICMP errors that are relayed: taken apart, made an error of the other family, written
 * anew.
 *
 * Input: byte 0 = what to do (DO_*), byte 1 = bytes in one piece less than the frame has; the rest is the
 * frame. What is written must be an error that is understood again, about the packet that was asked for, with
 * right checksums.
 */
#include <stdlib.h>
#include <string.h>

#include "../src/packet/test_frames.h"
#include "packet/icmp_error.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DO_REPAIR = 1, DO_TRANSLATE = 2, DO_DELTA = 4 };

static const union inet_ip me = {.b = {0x20, 1, 0xd, 0xb8, 1}}, other = {.b = {0x20, 2, 8, 7, 6}};

static bool
is_icmp(const struct pkt *p)
{
	return p->proto == (p->kind == PKT_IP6 ? PKT_PROTO_ICMPV6 : PKT_PROTO_ICMP);
}

static uint32_t
icmp_sum(const struct pkt *p)
{
	unsigned len = (unsigned)p->ip_len - p->l3_len;

	return p->kind == PKT_IP6 ? test_l4_sum(p->l3, p->l4, len, PKT_PROTO_ICMPV6)
				  : test_sum(0, p->l4, len);
}

/* Few mutations have a right checksum by themselves. */
static void
repair(struct pkt *p)
{
	if (!is_icmp(p) || p->avail < p->ip_len || p->ip_len - p->l3_len < 8)
		return;
	test_put16(p->l4 + 2, 0);
	test_put16(p->l4 + 2, (uint16_t)~icmp_sum(p));
}

static void
check_quote(const struct pkt *p, const struct icmp_error *e)
{
	assert(e->l4_len >= 8);
	assert(e->l4 >= p->l4 + 8 && e->l4 + e->l4_len <= p->l3 + p->avail);
}

static void
write_anew(struct icmp_error *e, uint8_t what)
{
	uint8_t *out = malloc(ICMP_ERROR_MAX), *frame;
	unsigned alen = inet_len(e->af), len;
	unsigned whole = e->ip_len - e->old_l3_len + (e->af == INET_AF_V6 ? PKT_IP6_LEN : PKT_IP4_MIN);
	struct icmp_error again;
	struct pkt p = {0};

	e->saddr = me;
	e->daddr = other;
	if (e->proto == PKT_PROTO_TCP || e->proto == PKT_PROTO_UDP) {
		e->sport = 0x1111;
		e->dport = 0x2222;
	}
	len = icmp_error_write(out, e, &e->daddr, &e->saddr, what & DO_DELTA ? 0x12345678 : 0);
	assert(len >= 28 + 8 && len <= ICMP_ERROR_MAX);
	frame = malloc(PKT_ETH_LEN + len);
	memset(frame, 0, PKT_ETH_LEN);
	test_put16(frame + 12, e->af == INET_AF_V6 ? 0x86dd : 0x0800);
	memcpy(frame + PKT_ETH_LEN, out, len);
	assert(pkt_parse(&p, frame, PKT_ETH_LEN + len, PKT_ETH_LEN + len) == DROP_NONE);
	assert(p.ip_len == len && is_icmp(&p) && icmp_sum(&p) == 0xffff);
	/* IPv6 makes a quoted packet longer than a packet can be by 20 bytes. */
	if (whole <= UINT16_MAX && (e->proto == PKT_PROTO_TCP || e->proto == PKT_PROTO_UDP)) {
		assert(icmp_error_parse(&p, &again) == ICMP_ERROR_FOUND);
		assert(again.type == e->type && again.code == e->code && again.proto == e->proto);
		assert(again.sport == e->sport && again.dport == e->dport);
		assert(!memcmp(&again.saddr, &me, alen) && !memcmp(&again.daddr, &other, alen));
		assert(icmp_error_mtu(&again) == icmp_error_mtu(e));
		assert(again.l4_len <= e->l4_len);
	}
	free(frame);
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t len, contig;
	struct icmp_error e;
	struct pkt p = {0};
	uint8_t *frame;

	if (size < 2 || size > 4096)
		return 0;
	len = (uint32_t)size - 2;
	contig = len - (data[1] % 8 < len ? data[1] % 8 : 0);
	frame = malloc(contig);
	memcpy(frame, data + 2, contig);
	if (data[0] & DO_REPAIR)
		p.flags = PKT_F_CSUM_OK;
	if (pkt_parse(&p, frame, contig, len) == DROP_NONE && (p.kind == PKT_IP4 || p.kind == PKT_IP6)) {
		enum icmp_error_verdict verdict;

		if (data[0] & DO_REPAIR)
			repair(&p);
		verdict = icmp_error_parse(&p, &e);
		if (verdict == ICMP_ERROR_FOUND ||
		    (verdict == ICMP_ERROR_NONE && icmp_error_parse_tunnel(&p, &e))) {
			check_quote(&p, &e);
			if (!(data[0] & DO_TRANSLATE) || icmp_error_translate(&e))
				write_anew(&e, data[0]);
		}
	}
	free(frame);
	return 0;
}

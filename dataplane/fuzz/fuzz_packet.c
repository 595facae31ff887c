/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target for everything that happens to a packet's bytes: parsing, translation, option edits, TOA,
 * UOA, PROXY headers.
 *
 * Input: byte 0 = room in front of the packet, byte 1 = what to do (DO_*), byte 2 = bytes in one piece less
 * than the frame has; the rest is the frame. It lies in memory of exactly its size, and the packet that is
 * edited in memory of exactly its room and size, so the sanitizers see any access outside. What comes out is
 * parsed again: it must be the same packet but for what was meant to change, with right checksums if they
 * were right. They are verified byte by byte, not with the code that made them.
 */
#include <stdlib.h>
#include <string.h>

#include "../src/packet/test_frames.h"
#include "packet/proxy.h"
#include "packet/proxy_edit.h"
#include "packet/proxy_stream.h"
#include "packet/echo.h"
#include "packet/flow_rule.h"
#include "packet/icmp_error.h"
#include "packet/quic.h"
#include "packet/rewrite.h"
#include "packet/sctp.h"
#include "packet/tcp.h"
#include "packet/toa.h"
#include "packet/uoa.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	DO_TRANSLATE = 1,
	DO_TCP = 2,
	DO_CLIENT6 = 4,
	DO_IPO = 8,
	DO_STANDALONE = 16,
	DO_REPAIR = 32,
	DO_PROXY = 64
};
enum { MTU = 1500 };

static const union inet_ip client = {.b = {0x20, 1, 0xd, 0xb8, 9, 9}};
static const uint16_t client_port = 0x1234;

/* Parses the packet at l3, contig of its ip_len bytes in one piece: it must be a good one of *was's kind. */
static struct pkt
parse_again(uint8_t *l3, unsigned ip_len, unsigned contig, const struct pkt *was)
{
	uint8_t *frame = malloc(PKT_ETH_LEN + contig);
	struct pkt p = {.flags = 0};

	memset(frame, 0, PKT_ETH_LEN);
	test_put16(frame + 12, was->ether_type);
	memcpy(frame + PKT_ETH_LEN, l3, contig);
	assert(pkt_parse(&p, frame, PKT_ETH_LEN + contig, PKT_ETH_LEN + ip_len) == DROP_NONE);
	assert(p.kind == was->kind && p.ip_len == ip_len);
	free(frame);
	return p;
}

static void
edit_tcp(uint8_t *l4)
{
	uint64_t changes = tcp_seq_add(l4, 0x12345678) + tcp_ack_add(l4, 0x87654321);
	uint8_t fixed[8];

	memcpy(fixed, l4 + 12, sizeof(fixed));
	changes += tcp_blank_option(l4, TCP_OPT_TOA);
	changes += tcp_blank_option(l4, TCP_OPT_TIMESTAMP);
	assert(tcp_blank_option(l4, TCP_OPT_TOA) == 0 && tcp_blank_option(l4, TCP_OPT_TIMESTAMP) == 0);
	changes += tcp_mss_reduce(l4, 20);
	changes += tcp_sack_add(l4, 77);
	tcp_options_plain(l4);
	assert(memcmp(fixed, l4 + 12, sizeof(fixed)) == 0);
	for (uint8_t s = 0; s < TCP_STATES + 2; s++)
		for (unsigned dir = 0; dir <= TCP_DIR_IN_ONLY; dir++)
			assert(tcp_next_state(dir, s, l4[13]) < TCP_STATES);
	rewrite_tcp_csum(l4, changes);
}

static void
add_toa(struct pkt *p, uint16_t room, uint8_t what, bool whole)
{
	struct toa_segment s = {p->l3, p->l4, p->ip_len, room, MTU};
	unsigned old_header = tcp_header_len(p->l4), payload = p->avail - p->l3_len - old_header;
	uint8_t *end = p->l3 + p->avail;
	struct pkt again;
	uint8_t tail[64];
	int growth;

	memcpy(tail, end - (payload < 64 ? payload : 64), payload < 64 ? payload : 64);
	if (!toa_insert(&s, what & DO_CLIENT6 ? INET_AF_V6 : INET_AF_V4, &client, client_port)) {
		assert(s.l3 == p->l3 && s.l4 == p->l4 && s.ip_len == p->ip_len);
		return;
	}
	growth = (int)(p->l3 - s.l3);
	assert(s.ip_len <= MTU && growth <= room && s.ip_len - p->ip_len == growth);
	assert(s.l4 - s.l3 == p->l3_len && tcp_header_len(s.l4) == (unsigned)((int)old_header + growth));
	assert(s.l4[20] == TCP_OPT_TOA && memcmp(s.l4 + 24, &client, 4) == 0);
	assert(memcmp(tail, end - (payload < 64 ? payload : 64), payload < 64 ? payload : 64) == 0);
	again = parse_again(s.l3, s.ip_len, (unsigned)((int)p->avail + growth), p);
	assert((again.flags & PKT_F_L4) && again.sport == p->sport && again.tcp_flags == p->tcp_flags);
	assert(!whole || test_checksums_ok(s.l3, s.l4, s.ip_len, PKT_PROTO_TCP));
}

static void
add_uoa(struct pkt *p, uint16_t room, uint8_t what, bool whole)
{
	struct uoa_packet u = {p->l3, p->l4, p->ip_len, room, MTU};
	bool v4 = p->kind == PKT_IP4, ipo = what & DO_IPO && v4;
	unsigned header = what & DO_CLIENT6 ? UOA_LEN_V6 : UOA_LEN_V4, growth;
	struct pkt again;

	if (!(ipo ? uoa_insert_ipo(&u, &client, client_port)
		  : uoa_insert_opp(&u, what & DO_CLIENT6 ? INET_AF_V6 : INET_AF_V4, &client, client_port))) {
		assert(u.l3 == p->l3 && u.l4 == p->l4 && u.ip_len == p->ip_len);
		return;
	}
	growth = (unsigned)(p->l3 - u.l3);
	assert(growth == (ipo ? UOA_IPO_LEN : header) && growth <= room);
	assert(u.l4 == p->l4 && u.ip_len <= MTU && u.ip_len == p->ip_len + growth);
	again = parse_again(u.l3, u.ip_len, p->avail + growth, p);
	assert(again.l3_len == p->l3_len + (ipo ? growth : 0));
	assert(again.proto == (ipo ? PKT_PROTO_UDP : UOA_PROTO));
	assert(!whole || !ipo || test_checksums_ok(u.l3, u.l4, u.ip_len, PKT_PROTO_UDP));
	/* In front of UDP over IPv6 the sum stays; over IPv4 there is none. */
	assert(ipo || !v4 || (u.l4[6] == 0 && u.l4[7] == 0));
	assert(ipo || v4 || !whole ||
	       test_l4_sum(u.l3, u.l4, u.ip_len - 40 - growth, PKT_PROTO_UDP) == 0xffff);
}

static void
standalone(struct pkt *p, uint8_t what)
{
	struct uoa_packet u = {p->l3, p->l4, p->ip_len, 0, MTU};
	unsigned len = (p->kind == PKT_IP6 ? 40 : 20) + (what & DO_CLIENT6 ? UOA_LEN_V6 : UOA_LEN_V4) + 8;
	uint8_t *out = malloc(UOA_STANDALONE_MAX);
	struct pkt again;

	assert(uoa_standalone(&u, what & DO_CLIENT6 ? INET_AF_V6 : INET_AF_V4, &client, client_port, out) ==
	       len);
	again = parse_again(out, len, len, p);
	assert(again.proto == UOA_PROTO && !(again.flags & (PKT_F_FRAGMENT | PKT_F_OPTIONS)));
	assert(memcmp(out + len - 8, p->l4, 4) == 0);
	if (p->kind == PKT_IP6)
		assert(test_l4_sum(out, out + len - 8, 8, PKT_PROTO_UDP) == 0xffff);
	free(out);
}

/* The step that a stream takes is one that can be done, and nothing but the header is ever in front. */
static struct proxy_step
proxy_step(struct proxy_packet *e, struct proxy_stream *s, unsigned added)
{
	unsigned payload = proxy_payload(e);
	struct proxy_step step = proxy_stream_inbound(s, e->l4, payload);
	struct proxy_header h;

	assert(step.remove <= payload && !(step.refuse && step.header));
	if (step.header && s->added == 0) {
		if (proxy_parse(e->l4 + proxy_l4_len(e), proxy_payload_contig(e), &h)) {
			assert(h.len <= proxy_payload_contig(e) && h.len > 0);
			step.remove = h.len;
		}
		s->added = (uint16_t)added;
		s->removed = (uint16_t)step.remove;
		assert(proxy_stream_inbound(s, e->l4, payload).remove == step.remove);
	}
	/* What the server has of the header acknowledges nothing, all of it the old one. */
	assert(proxy_stream_ack(s, s->first + s->added) == s->first + s->removed);
	assert(s->added == 0 || proxy_stream_ack(s, s->first + s->added - 1u) == s->first);
	return step;
}

/* The first data of a client gets a PROXY header; so does what comes when a header was sent. */
static void
add_proxy(struct pkt *p, uint16_t room, uint8_t what, bool whole)
{
	struct proxy_packet e = {p->l3, p->l4, p->avail, p->ip_len, room, p->proto};
	const struct proxy_addrs addrs = {.af = what & DO_CLIENT6 ? INET_AF_V6 : INET_AF_V4,
					  .src = client,
					  .dst = client,
					  .sport_be = client_port,
					  .dport_be = client_port};
	unsigned head = p->l3_len + proxy_l4_len(&e), payload = proxy_payload(&e), ip_len = p->ip_len, len;
	struct proxy_step step = {.header = true};
	uint8_t header[PROXY_MAX], *out;
	struct quic_server server;
	struct proxy_stream s;
	struct pkt again;

	quic_server_parse(p->l4 + proxy_l4_len(&e), proxy_payload_contig(&e), &server);
	len = proxy_write(header, what & DO_IPO ? PROXY_V1 : PROXY_V2, p->proto == PKT_PROTO_UDP, &addrs);
	assert(len <= PROXY_MAX);
	if (p->proto == PKT_PROTO_TCP) {
		s = (struct proxy_stream){.first = tcp_seq(p->l4) - (what & DO_STANDALONE ? payload / 2 : 0)};
		if (what & DO_TCP) {
			s.added = (uint16_t)len;
			s.removed = (uint16_t)(payload / 3);
		}
		step = proxy_step(&e, &s, len);
		rewrite_tcp_csum(p->l4, proxy_stream_outbound(&s, 0x1000, p->l4));
	}
	out = malloc(head + len);
	assert(proxy_alone(&e, header, len, out, head + len - 1) == 0);
	assert(proxy_alone(&e, header, len, out, head + len) == head + len);
	assert(memcmp(out + head, header, len) == 0);
	free(out);
	if (!step.header)
		len = 0;
	if (!proxy_replace(&e, step.remove, header, len)) {
		assert(e.l3 == p->l3 && e.l4 == p->l4 && e.ip_len == ip_len);
		assert((int)len - (int)step.remove > room || step.remove > proxy_payload_contig(&e));
		return;
	}
	assert(e.ip_len == ip_len + len - step.remove && proxy_payload(&e) == payload + len - step.remove);
	again = parse_again(e.l3, e.ip_len, e.contig, p);
	assert((again.flags & PKT_F_L4) && again.sport == p->sport && again.tcp_flags == p->tcp_flags);
	assert(memcmp(e.l4 + proxy_l4_len(&e), header, len) == 0);
	assert(!whole || test_checksums_ok(e.l3, e.l4, e.ip_len, p->proto));
}

/* Events stay in the table, and translation changes nothing of SCTP but the ports. */
static void
edit_sctp(struct pkt *p)
{
	unsigned contig = p->avail - p->l3_len, len = (unsigned)p->ip_len - p->l3_len;
	static const union inet_ip a = {.w = {1, 2, 3, 4}};
	uint8_t *copy = malloc(contig);
	enum sctp_event ev;

	if (!sctp_event(p->l4, contig, len, &ev))
		assert(ev < SCTP_EVENTS);
	for (unsigned dir = 0; dir < SCTP_DIRS; dir++)
		for (unsigned s = 0; s < SCTP_STATES + 2; s++)
			assert(sctp_next_state(dir, (uint8_t)s, ev) < SCTP_STATES);
	memcpy(copy, p->l4, contig);
	if (p->kind == PKT_IP6)
		rewrite6(p->l3, p->l4, p->proto, &a, &a, 9, 10, 0);
	else
		rewrite4(p->l3, p->l4, p->proto, a.v4, a.v4, 9, 10, 0);
	assert(memcmp(copy + 4, p->l4 + 4, contig - 4) == 0);
	assert(parse_again(p->l3, p->ip_len, p->avail, p).dport == 10);
	free(copy);
}

/* A parsed packet with TCP or UDP in it: what the balancer does to it. */
static void
edit(struct pkt *p, uint16_t room, uint8_t what)
{
	static const union inet_ip s = {.w = {1, 2, 3, 4}}, d = {.w = {5, 6, 7, 8}};
	bool whole = p->avail == p->ip_len && test_checksums_ok(p->l3, p->l4, p->ip_len, p->proto);
	bool udp_sum = p->proto == PKT_PROTO_UDP && (p->l4[6] | p->l4[7]);

	if (what & DO_TRANSLATE) {
		if (p->kind == PKT_IP6)
			rewrite6(p->l3, p->l4, p->proto, &s, &d, 9, 10, 0);
		else
			rewrite4(p->l3, p->l4, p->proto, s.v4, d.v4, 9, 10, 0);
		p->sport = 9;
		p->dport = 10;
	}
	if (what & DO_TCP && p->proto == PKT_PROTO_TCP)
		edit_tcp(p->l4);
	assert(!whole || test_checksums_ok(p->l3, p->l4, p->ip_len, p->proto));
	assert(!udp_sum || (p->l4[6] | p->l4[7])); /* zero would mean "none" */
	assert(parse_again(p->l3, p->ip_len, p->avail, p).dport == p->dport);
	if (what & DO_PROXY)
		add_proxy(p, room, what, whole);
	else if (p->proto == PKT_PROTO_TCP)
		add_toa(p, room, what, whole);
	else if (what & DO_STANDALONE)
		standalone(p, what);
	else
		add_uoa(p, room, what, whole);
}

/* An ICMP message: an echo is translated and back, an error is read and written anew. */
static void
icmp(struct pkt *p)
{
	static const union inet_ip s = {.w = {1, 2, 3, 4}}, d = {.w = {5, 6, 7, 8}};
	bool v6 = p->kind == PKT_IP6;
	uint8_t *copy = malloc(p->avail), out[ICMP_ERROR_MAX];
	union inet_ip old_s, old_d;
	struct icmp_error e;
	uint16_t id;

	memcpy(copy, p->l3, p->avail);
	p->l4 = copy + p->l3_len;
	p->l3 = copy;
	if (echo_parse(p)) {
		old_s = inet_ip_make(v6 ? INET_AF_V6 : INET_AF_V4, p->l3 + (v6 ? 8 : 12));
		old_d = inet_ip_make(v6 ? INET_AF_V6 : INET_AF_V4, p->l3 + (v6 ? 24 : 16));
		id = echo_is_request(p) ? p->sport : p->dport;
		echo_rewrite(p, &s, &d, 7);
		echo_rewrite(p, &old_s, &old_d, id);
		assert(echo_parse(p) && id == (echo_is_request(p) ? p->sport : p->dport));
	} else if (icmp_error_parse(p, &e) == ICMP_ERROR_FOUND) {
		e.sport = e.dport = 7;
		assert(icmp_error_write(out, &e, &s, &d, 1) <= sizeof(out));
	}
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t len, contig;
	uint8_t *frame, *buf, what;
	enum drop_reason why;
	struct pkt p = {0};
	uint16_t room;

	if (size < 3 || size > 4096)
		return 0;
	room = data[0] % 128;
	what = data[1];
	len = (uint32_t)size - 3;
	contig = len - (data[2] % 8 < len ? data[2] % 8 : 0);
	frame = malloc(contig);
	memcpy(frame, data + 3, contig);
	if (what & DO_REPAIR)
		p.flags = PKT_F_CSUM_OK;
	why = pkt_parse(&p, frame, contig, len);
	assert(why < DROP_REASONS && p.listed == DROP_NONE);
	if (why == DROP_NONE && (p.kind == PKT_IP4 || p.kind == PKT_IP6)) {
		assert(p.l3 == frame + PKT_ETH_LEN && p.l4 - p.l3 == p.l3_len && p.l3_len <= p.ip_len);
		assert(p.avail <= p.ip_len && p.l3_len <= p.avail && p.ip_len + PKT_ETH_LEN <= len);
		assert(!(p.flags & PKT_F_L4) || !(p.flags & (PKT_F_FRAGMENT | PKT_F_L4_BAD)));
	}
	if (why == DROP_NONE && (p.kind == PKT_IP4 || p.kind == PKT_IP6)) {
		static const struct flow_rule rule = {
		    .src.any_port = true, .dst.port_max = 80, .iif = FLOW_RULE_ANY_DEVICE, .af = INET_AF_V6};
		struct flow f = flow_of(&p);
		struct pkt q = p;

		assert(!flow_rule_matches(&rule, &f) || p.kind == PKT_IP6);
		icmp(&q);
	}
	if (why == DROP_NONE && (p.flags & PKT_F_L4)) {
		assert(p.kind == PKT_IP4 || p.kind == PKT_IP6);
		buf = malloc(room + p.avail);
		memcpy(buf + room, p.l3, p.avail);
		p.l3 = buf + room;
		p.l4 = p.l3 + p.l3_len;
		/* Few mutations have right checksums by themselves. */
		if (what & DO_REPAIR)
			test_finish(p.l3, p.l4, p.avail, p.proto);
		if (p.proto == PKT_PROTO_SCTP)
			edit_sctp(&p);
		else
			edit(&p, room, what);
		free(buf);
	}
	free(frame);
	return 0;
}

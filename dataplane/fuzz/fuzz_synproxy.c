/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target for the SYN proxy's half of TCP: options of a SYN, cookies, the answer written in place,
 * and the SYN for the real server.
 *
 * Input: byte 0 = configuration bits, byte 1 = our window scale, bytes 2 and 3 = our MSS; the rest is a TCP
 * header, which lies in memory of exactly its length.
 */
#include <stdlib.h>
#include <string.h>

#include "packet/pkt.h"
#include "packet/synproxy.h"
#include "packet/tcp.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MINUTE = 77, MINUTES_GOOD = 4 };

static void
check_cookie(const struct synproxy_options *o, uint32_t seq)
{
	static const struct synproxy_tuple t = {.af = INET_AF_V4, .sport = 1, .dport = 2};
	static const struct siphash_key key = {1, 2};
	uint32_t cookie = synproxy_cookie(&key, &t, seq, MINUTE, o);

	for (uint32_t later = 0; later < MINUTES_GOOD; later++) {
		struct synproxy_options got = {0};

		assert(synproxy_check(&key, &t, seq, cookie + 1, MINUTE + later, &got));
		assert(got.mss == o->mss && got.wscale == o->wscale && got.sack == o->sack &&
		       got.timestamp == o->timestamp);
	}
}

/* What the real server is offered is what the client was told, no more. */
static void
check_rs_syn(const struct synproxy_options *o, const struct synproxy_conf *conf)
{
	uint8_t *syn = malloc(SYNPROXY_RS_SYN_MAX), *exact;
	unsigned len = synproxy_rs_syn(syn, 1, 2, 3, o, 4);
	struct synproxy_options got;

	assert(len >= 20 && len <= SYNPROXY_RS_SYN_MAX && len % 4 == 0 && len == tcp_header_len(syn));
	assert(syn[13] == TCP_SYN && tcp_seq(syn) == 3);
	exact = malloc(len);
	memcpy(exact, syn, len);
	got = synproxy_options(exact, conf);
	assert(got.wscale == o->wscale && got.sack == o->sack && got.timestamp == o->timestamp);
	free(exact);
	free(syn);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct synproxy_conf conf;
	struct synproxy_options o;
	unsigned len, wscale;
	uint8_t *l4;
	uint32_t seq;

	if (size < 4 + 20)
		return 0;
	len = tcp_header_len(data + 4);
	if (len < 20 || len > size - 4)
		return 0;
	conf = (struct synproxy_conf){.mss = (uint16_t)(data[2] << 8 | data[3]),
				      .wscale = data[1] % 15,
				      .sack = data[0] & 1,
				      .timestamp = data[0] & 2,
				      .zero_window = data[0] & 4};
	l4 = malloc(len);
	memcpy(l4, data + 4, len);
	seq = tcp_seq(l4);
	o = synproxy_options(l4, &conf);
	assert(o.wscale <= 14 || o.wscale == SYNPROXY_NO_WSCALE);
	assert((!o.sack || conf.sack) && (!o.timestamp || conf.timestamp));
	check_cookie(&o, seq);
	check_rs_syn(&o, &conf);
	synproxy_answer(l4, &conf, 0x01020304, 5);
	assert(tcp_header_len(l4) == len && l4[13] == (TCP_SYN | TCP_ACK));
	assert(tcp_seq(l4) == 0x01020304 && tcp_ack(l4) == seq + 1);
	assert(memcmp(l4, data + 6, 2) == 0 && memcmp(l4 + 2, data + 4, 2) == 0);
	wscale = synproxy_wscale(l4);
	assert(wscale <= 14 || wscale == SYNPROXY_NO_WSCALE);
	assert(wscale == SYNPROXY_NO_WSCALE || o.wscale != SYNPROXY_NO_WSCALE);
	free(l4);
	return 0;
}

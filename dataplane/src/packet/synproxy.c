/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/synproxy.h"

#include "base/checksum.h"

#include <arpa/inet.h>
#include <string.h>

#include "packet/pkt.h"
#include "packet/tcp.h"

enum {
	OPT_END = 0,
	OPT_NOP = 1,
	OPT_MSS = 2,
	OPT_MSS_LEN = 4,
	OPT_WSCALE = 3,
	OPT_WSCALE_LEN = 3,
	OPT_SACK_PERMITTED = 4,
	OPT_SACK_PERMITTED_LEN = 2,
	OPT_TIMESTAMP_LEN = 10,
	WSCALE_MAX = 14,
	MINUTES_GOOD = 4,
	DATA_SACK = 1 << 21,
	DATA_TIMESTAMP = 1 << 20,
	DATA_WSCALE_SHIFT = 16,
	DATA_MSS_SHIFT = 12,
	DATA_BITS = 24,
	RS_WINDOW = 5000,
};

#define DATA_MASK ((1u << DATA_BITS) - 1)
#define DATA_USED (DATA_SACK | DATA_TIMESTAMP | 15u << DATA_WSCALE_SHIFT | 15u << DATA_MSS_SHIFT)

static const uint16_t mss_table[] = {64, 256, 512, 536, 1024, 1280, 1440, 1452, 1460, 4312};

enum { MSS_VALUES = sizeof(mss_table) / sizeof(mss_table[0]) };

static unsigned
mss_index(uint16_t mss)
{
	unsigned i = MSS_VALUES - 1;

	while (i > 0 && mss_table[i] > mss)
		i--;
	return i;
}

static uint16_t
load16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void
store16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void
store32(uint8_t *p, uint32_t v)
{
	store16(p, (uint16_t)(v >> 16));
	store16(p + 2, (uint16_t)v);
}

/* The option at *at, which moves to the next one; NULL at the end or where lengths stop making sense. NOPs
 * are skipped. */
static uint8_t *
next_option(uint8_t **at, const uint8_t *end)
{
	uint8_t *o = *at;

	while (o < end && *o == OPT_NOP)
		o++;
	if (o >= end || *o == OPT_END || o + 1 >= end || o[1] < 2 || o + o[1] > end)
		return NULL;
	*at = o + o[1];
	return o;
}

struct synproxy_options
synproxy_options(const uint8_t *l4, const struct synproxy_conf *conf)
{
	struct synproxy_options out = {.mss = SYNPROXY_MSS_DEFAULT, .wscale = SYNPROXY_NO_WSCALE};
	/* Options are not written to here; answer() walks the same way and does. */
	uint8_t *at = (uint8_t *)(uintptr_t)l4 + PKT_TCP_MIN, *o;
	const uint8_t *end = l4 + tcp_header_len(l4);

	while ((o = next_option(&at, end))) {
		if (o[0] == OPT_MSS && o[1] == OPT_MSS_LEN && load16(o + 2))
			out.mss = load16(o + 2);
		else if (o[0] == OPT_WSCALE && o[1] == OPT_WSCALE_LEN && conf->wscale)
			out.wscale = o[2] > WSCALE_MAX ? WSCALE_MAX : o[2];
		else if (o[0] == OPT_SACK_PERMITTED && o[1] == OPT_SACK_PERMITTED_LEN)
			out.sack = conf->sack;
		else if (o[0] == TCP_OPT_TIMESTAMP && o[1] == OPT_TIMESTAMP_LEN)
			out.timestamp = conf->timestamp;
	}
	if (out.mss > conf->mss)
		out.mss = conf->mss;
	out.mss = mss_table[mss_index(out.mss)];
	return out;
}

static uint64_t
tuple_hash(const struct siphash_key *key, const struct synproxy_tuple *t)
{
	struct siphash s = siphash_start(key);

	siphash_word(&s, t->saddr.q[0]);
	siphash_word(&s, t->daddr.q[0]);
	if (t->af == INET_AF_V6) {
		siphash_word(&s, t->saddr.q[1]);
		siphash_word(&s, t->daddr.q[1]);
	}
	return siphash_end(&s, (uint32_t)t->sport << 16 | t->dport, t->af == INET_AF_V6 ? 36 : 20);
}

static uint32_t
minute_hash(const struct siphash_key *key, uint64_t tuple, uint32_t minute)
{
	struct siphash s = siphash_start(key);

	siphash_word(&s, tuple);
	return (uint32_t)siphash_end(&s, minute, 12);
}

uint32_t
synproxy_cookie(const struct siphash_key *key, const struct synproxy_tuple *t, uint32_t client_seq,
		uint32_t minute, const struct synproxy_options *o)
{
	uint64_t h = tuple_hash(key, t);
	uint32_t data = (o->sack ? DATA_SACK : 0u) | (o->timestamp ? DATA_TIMESTAMP : 0u) |
			(uint32_t)o->wscale << DATA_WSCALE_SHIFT | mss_index(o->mss) << DATA_MSS_SHIFT;

	return (uint32_t)h + client_seq + (minute << DATA_BITS) +
	       ((minute_hash(key, h, minute) + data) & DATA_MASK);
}

bool
synproxy_check(const struct siphash_key *key, const struct synproxy_tuple *t, uint32_t client_seq,
	       uint32_t ack, uint32_t minute, struct synproxy_options *o)
{
	uint64_t h = tuple_hash(key, t);
	uint32_t rest = ack - 1 - (uint32_t)h - client_seq;
	uint32_t age = (minute - (rest >> DATA_BITS)) & (UINT32_MAX >> DATA_BITS);
	uint32_t data;

	if (age >= MINUTES_GOOD)
		return false;
	data = (rest - minute_hash(key, h, minute - age)) & DATA_MASK;
	if (data & ~DATA_USED || (data >> DATA_MSS_SHIFT & 15) >= MSS_VALUES)
		return false;
	*o = (struct synproxy_options){.mss = mss_table[data >> DATA_MSS_SHIFT & 15],
				       .wscale = data >> DATA_WSCALE_SHIFT & 15,
				       .sack = data & DATA_SACK,
				       .timestamp = data & DATA_TIMESTAMP};
	return true;
}

static void
blank(uint8_t *o)
{
	memset(o, OPT_NOP, o[1]);
}

static void
answer_option(uint8_t *o, const struct synproxy_conf *conf, uint32_t now_ms)
{
	uint8_t len = o[1];

	if (o[0] == OPT_MSS && len == OPT_MSS_LEN) {
		if (load16(o + 2) > conf->mss)
			store16(o + 2, conf->mss);
	} else if (o[0] == OPT_WSCALE && len == OPT_WSCALE_LEN && conf->wscale) {
		o[2] = conf->wscale;
	} else if (o[0] == TCP_OPT_TIMESTAMP && len == OPT_TIMESTAMP_LEN && conf->timestamp) {
		memcpy(o + 6, o + 2, 4);
		store32(o + 2, now_ms);
	} else if (o[0] != OPT_SACK_PERMITTED || len != OPT_SACK_PERMITTED_LEN || !conf->sack) {
		blank(o);
	}
}

void
synproxy_answer(uint8_t *l4, const struct synproxy_conf *conf, uint32_t cookie, uint32_t now_ms)
{
	uint8_t *at = l4 + PKT_TCP_MIN, *o, *end = l4 + tcp_header_len(l4), ports[4];
	uint32_t seq = tcp_seq(l4);

	memcpy(ports, l4 + 2, 2);
	memcpy(ports + 2, l4, 2);
	memcpy(l4, ports, 4);
	store32(l4 + 4, cookie);
	store32(l4 + 8, seq + 1);
	l4[12] &= 0xf0;
	l4[13] = TCP_SYN | TCP_ACK;
	if (conf->zero_window)
		store16(l4 + 14, 0);
	memset(l4 + 16, 0, 4); /* checksum, urgent pointer */
	while ((o = next_option(&at, end)))
		answer_option(o, conf, now_ms);
	/* What cannot be read is not repeated. */
	while (at < end && *at == OPT_NOP)
		at++;
	if (at < end)
		memset(at, OPT_END, (size_t)(end - at));
}

unsigned
synproxy_rs_syn(uint8_t *l4, uint16_t sport, uint16_t dport, uint32_t seq, const struct synproxy_options *o,
		uint32_t now_ms)
{
	uint8_t *at = l4 + PKT_TCP_MIN;

	memset(l4, 0, SYNPROXY_RS_SYN_MAX);
	memcpy(l4, &sport, 2);
	memcpy(l4 + 2, &dport, 2);
	store32(l4 + 4, seq);
	l4[13] = TCP_SYN;
	store16(l4 + 14, RS_WINDOW);
	at[0] = OPT_MSS;
	at[1] = OPT_MSS_LEN;
	store16(at + 2, o->mss);
	at += OPT_MSS_LEN;
	if (o->timestamp) {
		at[0] = o->sack ? OPT_SACK_PERMITTED : OPT_NOP;
		at[1] = o->sack ? OPT_SACK_PERMITTED_LEN : OPT_NOP;
		at[2] = TCP_OPT_TIMESTAMP;
		at[3] = OPT_TIMESTAMP_LEN;
		store32(at + 4, now_ms);
		at += 12;
	} else if (o->sack) {
		at[0] = at[1] = OPT_NOP;
		at[2] = OPT_SACK_PERMITTED;
		at[3] = OPT_SACK_PERMITTED_LEN;
		at += 4;
	}
	if (o->wscale != SYNPROXY_NO_WSCALE) {
		at[0] = OPT_NOP;
		at[1] = OPT_WSCALE;
		at[2] = OPT_WSCALE_LEN;
		at[3] = o->wscale;
		at += 4;
	}
	l4[12] = (uint8_t)((at - l4) / 4 << 4);
	return (unsigned)(at - l4);
}

uint64_t
synproxy_window(uint8_t *l4, uint8_t rs_wscale, uint8_t our_wscale)
{
	uint32_t window = ((uint32_t)load16(l4 + 14) << rs_wscale) >> our_wscale;
	uint16_t from, to;

	memcpy(&from, l4 + 14, 2);
	store16(l4 + 14, window > UINT16_MAX ? UINT16_MAX : (uint16_t)window);
	memcpy(&to, l4 + 14, 2);
	return csum_change16(0, from, to);
}

uint8_t
synproxy_wscale(const uint8_t *l4)
{
	uint8_t *at = (uint8_t *)(uintptr_t)l4 + PKT_TCP_MIN, *o;
	const uint8_t *end = l4 + tcp_header_len(l4);

	while ((o = next_option(&at, end)))
		if (o[0] == OPT_WSCALE && o[1] == OPT_WSCALE_LEN)
			return o[2] > WSCALE_MAX ? WSCALE_MAX : o[2];
	return SYNPROXY_NO_WSCALE;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/proxy_stream.h"

#include "packet/pkt.h"
#include "packet/tcp.h"

static uint32_t
shift(const struct proxy_stream *s)
{
	return (uint32_t)s->added - s->removed;
}

/* The header is not sent yet. */
static struct proxy_step
before(const struct proxy_stream *s, uint32_t seq, unsigned payload, bool fin)
{
	uint32_t end = seq + payload;

	if (seq == s->first)
		return (struct proxy_step){.header = payload > 0};
	/* An end of data that comes before the data would be in the wrong place. */
	return (struct proxy_step){.refuse = (payload > 0 || fin) && tcp_seq_after(end + fin, s->first)};
}

/* It is on its way. */
static struct proxy_step
after(const struct proxy_stream *s, uint32_t seq, unsigned payload)
{
	struct proxy_step step = {.refuse = false};
	uint32_t inside = seq - s->first;

	if (seq == s->first) {
		step.header = payload > 0;
		step.remove = payload < s->removed ? payload : s->removed;
	} else if (!tcp_seq_after(seq, s->first)) {
		step.refuse = tcp_seq_after(seq + payload, s->first);
	} else if (inside < s->removed) {
		step.remove = payload < s->removed - inside ? payload : s->removed - inside;
		step.seq_add = s->added - inside;
	} else {
		step.seq_add = shift(s);
	}
	return step;
}

struct proxy_step
proxy_stream_inbound(const struct proxy_stream *s, const uint8_t *l4, unsigned payload)
{
	uint32_t seq = tcp_seq(l4);

	if (l4[13] & TCP_SYN)
		return (struct proxy_step){.remove = payload};
	if (l4[13] & TCP_RST)
		payload = 0;
	if (s->added == 0)
		return before(s, seq, payload, (l4[13] & (TCP_FIN | TCP_RST)) == TCP_FIN);
	return after(s, seq, payload);
}

uint32_t
proxy_stream_ack(const struct proxy_stream *s, uint32_t ack)
{
	int32_t past = (int32_t)(ack - s->first);

	if (s->added == 0 || past <= 0)
		return ack;
	return past < s->added ? s->first : ack - shift(s);
}

bool
proxy_stream_done(const struct proxy_stream *s, uint32_t ack)
{
	return s->added != 0 && (int32_t)(ack - s->first) >= s->added;
}

struct both {
	const struct proxy_stream *s;
	uint32_t delta;
};

static uint32_t
ack_map(const void *arg, uint32_t number)
{
	const struct both *b = arg;

	return proxy_stream_ack(b->s, number - b->delta) + b->delta;
}

uint64_t
proxy_stream_outbound(const struct proxy_stream *s, uint32_t delta, uint8_t *l4)
{
	const struct both b = {s, delta};
	uint32_t ack = tcp_ack(l4);
	uint64_t changes = tcp_ack_add(l4, ack_map(&b, ack) - ack);

	return changes + tcp_sack_map(l4, ack_map, &b);
}

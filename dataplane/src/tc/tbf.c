/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tbf: a token bucket. Tokens come with the rate, up to the burst; a frame needs as many as it has bits. With
 * a peak rate there is a second bucket, of a burst of one frame or so, that keeps frames of a burst apart.
 *
 * A worker has a share of the rate and of the burst. Where its share of the burst is shorter than a frame, a
 * full bucket will do and is overdrawn: the rate is the same in the end.
 */
#include "kind.h"

enum { SECOND_US = 1000000, MOST_US = 60 * SECOND_US };

static int
tbf_read(const union tc_qsch_qopt *in, uint32_t mtu, struct tc_params *out)
{
	struct tc_tbf_qopt tbf = in->tbf, *o = &tbf;
	uint32_t peak = o->peakrate.rate;

	if (o->rate.rate == 0 || o->buffer == 0)
		return EDPVS_INVAL;
	if (peak && (peak < o->rate.rate || o->mtu < mtu))
		return EDPVS_INVAL;
	out->rate = o->rate.rate;
	out->burst = o->buffer;
	out->peak_rate = peak;
	out->peak_burst = peak ? o->mtu : 0;
	out->limit = o->limit ? o->limit : tc_default_bytes(mtu);
	return EDPVS_OK;
}

static void
tbf_write(const struct tc_params *p, union tc_qsch_qopt *out)
{
	out->tbf.rate.rate = p->rate;
	out->tbf.peakrate.rate = p->peak_rate;
	out->tbf.limit = p->limit;
	out->tbf.buffer = p->burst;
	out->tbf.mtu = p->peak_burst;
}

static enum drop_reason
tbf_admit(const struct tc_params *p, const struct tc_queue *q, uint32_t len)
{
	if (len > p->burst || (p->peak_rate && len > p->peak_burst))
		return DROP_TC_TOO_BIG;
	return q->waiting_bytes + len <= p->limit ? DROP_NONE : DROP_TC_LIMIT;
}

/* What a frame costs, and what a bucket of so many bytes holds. */
static int64_t
tokens_of(uint32_t bytes)
{
	return (int64_t)bytes * 8 * SECOND_US;
}

static int64_t
part_of(int64_t all, uint32_t share)
{
	return (int64_t)((__int128)all * share / TC_SHARE_ALL);
}

static void
fill(int64_t *tokens, uint32_t rate, uint32_t burst, uint32_t share, uint64_t us)
{
	int64_t most = part_of(tokens_of(burst), share);

	*tokens += part_of((int64_t)rate * (int64_t)us, share);
	if (*tokens > most)
		*tokens = most;
}

static bool
enough(int64_t tokens, uint32_t len, uint32_t burst, uint32_t share)
{
	int64_t cost = tokens_of(len), full = part_of(tokens_of(burst), share);

	return tokens >= (cost < full ? cost : full);
}

static bool
tbf_ready(const struct tc_params *p, struct tc_queue *q, uint32_t len, uint64_t now_us)
{
	uint32_t share = __atomic_load_n(&q->share, __ATOMIC_RELAXED);
	uint64_t us = now_us - q->filled_us;

	if (share == 0)
		return false;
	/* A bucket begins full. */
	if (q->filled_us == 0 || us > MOST_US)
		us = MOST_US;
	if (q->filled_us == 0)
		q->tokens = q->peak_tokens = INT64_MAX / 2;
	fill(&q->tokens, p->rate, p->burst, share, us);
	fill(&q->peak_tokens, p->peak_rate, p->peak_burst, share, us);
	q->filled_us = now_us;
	return enough(q->tokens, len, p->burst, share) &&
	       (!p->peak_rate || enough(q->peak_tokens, len, p->peak_burst, share));
}

static void
tbf_spend(const struct tc_params *p, struct tc_queue *q, uint32_t len)
{
	q->tokens -= tokens_of(len);
	if (p->peak_rate)
		q->peak_tokens -= tokens_of(len);
}

const struct tc_kind tc_tbf = {.name = "tbf",
			       .read = tbf_read,
			       .write = tbf_write,
			       .admit = tbf_admit,
			       .ready = tbf_ready,
			       .spend = tbf_spend};

/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/tcp.h"

#include <arpa/inet.h>
#include <string.h>
#include <time.h>

#include "base/checksum.h"
#include "base/hash.h"
#include "packet/pkt.h"

enum event { EV_SYN, EV_FIN, EV_ACK, EV_RST, EVENTS };

#define NO TCP_S_NONE
#define ES TCP_S_ESTABLISHED
#define SS TCP_S_SYN_SENT
#define SR TCP_S_SYN_RECV
#define FW TCP_S_FIN_WAIT
#define TW TCP_S_TIME_WAIT
#define CL TCP_S_CLOSE
#define CW TCP_S_CLOSE_WAIT
#define LA TCP_S_LAST_ACK
#define LI TCP_S_LISTEN
#define SA TCP_S_SYNACK

/* [direction][event][state]; columns NO ES SS SR FW TW CL CW LA LI SA. */
static const uint8_t next_state[3][EVENTS][TCP_STATES] =
    {
	[TCP_DIR_IN] =
	    {
		[EV_SYN] = {SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR},
		[EV_FIN] = {CL, CW, SS, TW, TW, TW, CL, CW, LA, LI, TW},
		[EV_ACK] = {CL, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES},
		[EV_RST] = {CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, SR},
	    },
	[TCP_DIR_OUT] =
	    {
		[EV_SYN] = {SS, ES, SS, SR, SS, SS, SS, SS, SS, LI, SR},
		[EV_FIN] = {TW, FW, SS, TW, FW, TW, CL, TW, LA, LI, TW},
		[EV_ACK] = {ES, ES, SS, ES, FW, TW, CL, CW, LA, ES, ES},
		[EV_RST] = {CL, CL, SS, CL, CL, TW, CL, CL, CL, CL, CL},
	    },
	[TCP_DIR_IN_ONLY] =
	    {
		[EV_SYN] = {SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR},
		[EV_FIN] = {CL, FW, SS, TW, FW, TW, CL, CW, LA, LI, TW},
		[EV_ACK] = {CL, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES},
		[EV_RST] = {CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL},
	    },
};

uint8_t
tcp_next_state(enum tcp_dir dir, uint8_t state, uint8_t flags)
{
	enum event ev;

	if (state >= TCP_STATES)
		return TCP_S_CLOSE;
	if (flags & TCP_RST)
		ev = EV_RST;
	else if (flags & TCP_SYN)
		ev = EV_SYN;
	else if (flags & TCP_FIN)
		ev = EV_FIN;
	else if (flags & TCP_ACK)
		ev = EV_ACK;
	else
		return TCP_S_CLOSE;
	return next_state[dir][ev][state];
}

static uint32_t
load32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

uint32_t
tcp_seq(const uint8_t *l4)
{
	return ntohl(load32(l4 + 4));
}

uint32_t
tcp_ack(const uint8_t *l4)
{
	return ntohl(load32(l4 + 8));
}

static uint64_t
add32(uint8_t *at, uint32_t delta)
{
	uint32_t old = load32(at), new = htonl(ntohl(old) + delta);

	memcpy(at, &new, sizeof(new));
	return csum_change32(0, old, new);
}

uint64_t
tcp_seq_add(uint8_t *l4, uint32_t delta)
{
	return add32(l4 + 4, delta);
}

uint64_t
tcp_ack_add(uint8_t *l4, uint32_t delta)
{
	return add32(l4 + 8, delta);
}

/*
 * Walks the options. Returns the offset of the next option from `at` on, with its length in *len, or 0 at the
 * end or at an option whose length is impossible: what follows such an option is nobody's business.
 */
static unsigned
option_next(const uint8_t *l4, unsigned at, unsigned *len)
{
	unsigned end = tcp_header_len(l4);

	while (at < end && l4[at] == 1)
		at++;
	if (at >= end || l4[at] == 0 || at + 2 > end)
		return 0;
	*len = l4[at + 1];
	return *len < 2 || at + *len > end ? 0 : at;
}

/* The options are summed before and after an edit, because they may lie at odd offsets. */
static uint16_t
options_sum(const uint8_t *l4)
{
	return csum_fold(csum_add(0, l4 + 20, tcp_header_len(l4) - 20));
}

uint64_t
tcp_blank_option(uint8_t *l4, uint8_t kind)
{
	uint16_t before = options_sum(l4);
	unsigned at = 20, len;
	bool edited = false;

	for (at = option_next(l4, at, &len); at; at = option_next(l4, at + len, &len)) {
		if (l4[at] != kind)
			continue;
		memset(l4 + at, 1, len);
		edited = true;
	}
	return edited ? csum_change16(0, before, options_sum(l4)) : 0;
}

uint64_t
tcp_mss_reduce(uint8_t *l4, uint16_t n)
{
	enum { OPT_MSS = 2, LEAST = 64 };
	uint16_t before = options_sum(l4);
	unsigned at = 20, len, mss;

	for (at = option_next(l4, at, &len); at; at = option_next(l4, at + len, &len)) {
		if (l4[at] != OPT_MSS || len != 4)
			continue;
		mss = (unsigned)l4[at + 2] << 8 | l4[at + 3];
		if (mss <= LEAST)
			return 0;
		mss = mss - LEAST > n ? mss - n : LEAST;
		l4[at + 2] = (uint8_t)(mss >> 8);
		l4[at + 3] = (uint8_t)mss;
		return csum_change16(0, before, options_sum(l4));
	}
	return 0;
}

uint64_t
tcp_sack_map(uint8_t *l4, uint32_t (*map)(const void *arg, uint32_t edge), const void *arg)
{
	enum { OPT_SACK = 5 };
	uint16_t before = options_sum(l4);
	unsigned at = 20, len;
	bool edited = false;

	for (at = option_next(l4, at, &len); at; at = option_next(l4, at + len, &len)) {
		if (l4[at] != OPT_SACK || (len - 2) % 8 != 0)
			continue;
		for (unsigned edge = at + 2; edge < at + len; edge += 4) {
			uint32_t v = htonl(map(arg, ntohl(load32(l4 + edge))));

			memcpy(l4 + edge, &v, sizeof(v));
		}
		edited = true;
	}
	return edited ? csum_change16(0, before, options_sum(l4)) : 0;
}

static uint32_t
moved(const void *delta, uint32_t edge)
{
	return edge + *(const uint32_t *)delta;
}

uint64_t
tcp_sack_add(uint8_t *l4, uint32_t delta)
{
	return tcp_sack_map(l4, moved, &delta);
}

uint32_t
tcp_fnat_isn(int af, const union inet_ip *laddr, uint16_t lport, const union inet_ip *raddr, uint16_t rport)
{
	struct {
		union inet_ip l, r;
		uint16_t lport, rport, af, zero;
	} tuple = {*laddr, *raddr, lport, rport, (uint16_t)af, 0};
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint32_t)hash_sip(&tuple, sizeof(tuple)) +
	       (uint32_t)(((uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec) / 64);
}

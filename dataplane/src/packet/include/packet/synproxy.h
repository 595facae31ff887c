/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SYN proxy's part of TCP: a SYN becomes the SYN+ACK that answers it, and what the client offered travels
 * in the sequence number (a SYN cookie, RFC 4987 3.6), so that nothing is remembered until the client has
 * shown that it is there.
 *
 * The cookie: hash(addresses, ports) + client's sequence number + (minute << 24) + ((hash(…, minute) + data)
 * mod 2^24). It is good in its own minute and the three that follow.
 */
#ifndef PACKET_SYNPROXY_H
#define PACKET_SYNPROXY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/inet.h"
#include "base/siphash.h"

enum { SYNPROXY_NO_WSCALE = 15, SYNPROXY_RS_SYN_MAX = 40, SYNPROXY_MSS_DEFAULT = 536 };

/* What a client offered, as far as a cookie can hold it. */
struct synproxy_options {
	uint16_t mss;	/* one of the values of a table, not above what was offered */
	uint8_t wscale; /* 0 to 14; SYNPROXY_NO_WSCALE: not offered */
	bool sack, timestamp;
};

/* How we answer. */
struct synproxy_conf {
	uint16_t mss;	/* the most that we announce */
	uint8_t wscale; /* our window scale; 0: none */
	bool sack, timestamp;
	bool zero_window;
};

/* The tuple that a cookie is for, addresses of the client and of the service; ports in network order. */
struct synproxy_tuple {
	int af;
	union inet_ip saddr, daddr;
	uint16_t sport, dport;
};

/*
 * The options of a SYN. l4: a whole TCP header. What the answer cannot hold (by conf) counts as not offered:
 * the real server must not use what we did not agree to.
 */
struct synproxy_options synproxy_options(const uint8_t *l4, const struct synproxy_conf *conf);

uint32_t synproxy_cookie(const struct siphash_key *key, const struct synproxy_tuple *t, uint32_t client_seq,
			 uint32_t minute, const struct synproxy_options *o);

/* True when ack acknowledges a cookie that is still good, for a client whose SYN had client_seq; then *o is
 * what it held. */
bool synproxy_check(const struct siphash_key *key, const struct synproxy_tuple *t, uint32_t client_seq,
		    uint32_t ack, uint32_t minute, struct synproxy_options *o);

/*
 * Turns the TCP header of a SYN into that of the SYN+ACK: ports exchanged, options answered in place,
 * checksum left to the caller. now_ms: our time stamp. The client's data, if it sent any, is not
 * acknowledged; the caller cuts it off.
 */
void synproxy_answer(uint8_t *l4, const struct synproxy_conf *conf, uint32_t cookie, uint32_t now_ms);

/*
 * Writes the TCP header of the SYN for the real server at l4 (SYNPROXY_RS_SYN_MAX bytes), checksum zero;
 * returns its length. Ports in network order. The time stamp's echo is 0 (RFC 7323 3.2).
 */
unsigned synproxy_rs_syn(uint8_t *l4, uint16_t sport, uint16_t dport, uint32_t seq,
			 const struct synproxy_options *o, uint32_t now_ms);

/* The real server's window as the client is to understand it, whom another scale was announced: value << rs
 * >> ours, 65535 at most. Returns the checksum change. */
uint64_t synproxy_window(uint8_t *l4, uint8_t rs_wscale, uint8_t our_wscale);

/* The window scale that a SYN+ACK announces; SYNPROXY_NO_WSCALE when it has none. */
uint8_t synproxy_wscale(const uint8_t *l4);

#endif

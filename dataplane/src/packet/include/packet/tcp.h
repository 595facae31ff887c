/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCP as a director sees it: the state of a connection from the flags of passing segments, and edits of
 * headers and options.
 *
 * Edits return what they did to the checksum as a running sum (base/checksum.h), to be applied once per
 * packet. They expect a header that pkt_parse() accepted: data offset at least 20 bytes and in one piece.
 */
#ifndef PACKET_TCP_H
#define PACKET_TCP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/inet.h"

/* States with the numbers of the control ABI. */
enum tcp_state {
	TCP_S_NONE,
	TCP_S_ESTABLISHED,
	TCP_S_SYN_SENT,
	TCP_S_SYN_RECV,
	TCP_S_FIN_WAIT,
	TCP_S_TIME_WAIT,
	TCP_S_CLOSE,
	TCP_S_CLOSE_WAIT,
	TCP_S_LAST_ACK,
	TCP_S_LISTEN,
	TCP_S_SYNACK,
	TCP_STATES
};

/* Which packets a director sees and where this one goes. */
enum tcp_dir {
	TCP_DIR_IN,	 /* client to real server */
	TCP_DIR_OUT,	 /* real server to client */
	TCP_DIR_IN_ONLY, /* client to real server where replies pass us by (direct routing, tunnel) */
};

/* The state after a segment with these flags (byte 13 of the header). */
uint8_t tcp_next_state(enum tcp_dir dir, uint8_t state, uint8_t flags);

static inline unsigned
tcp_header_len(const uint8_t *l4)
{
	return (unsigned)(l4[12] >> 4) * 4;
}

/* Sequence numbers, host order. a is later than b (RFC 9293 3.4). */
static inline bool
tcp_seq_after(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

uint32_t tcp_seq(const uint8_t *l4);
uint32_t tcp_ack(const uint8_t *l4);

/* Adds delta to the sequence or acknowledgement number. Returns the checksum change. */
uint64_t tcp_seq_add(uint8_t *l4, uint32_t delta);
uint64_t tcp_ack_add(uint8_t *l4, uint32_t delta);

enum { TCP_OPT_TOA = 254, TCP_OPT_TIMESTAMP = 8, TCP_OPT_FAST_OPEN = 34 };

/* Overwrites every option of a kind with NOPs. Returns the checksum change. */
uint64_t tcp_blank_option(uint8_t *l4, uint8_t kind);

/* Lowers the value of the MSS option by n, to no less than 64; nothing when the segment has none. */
uint64_t tcp_mss_reduce(uint8_t *l4, uint16_t n);

/* Adds delta to all edges of all SACK blocks (RFC 2018); options of impossible length are left alone. */
uint64_t tcp_sack_add(uint8_t *l4, uint32_t delta);

/* Replaces each edge by map(arg, edge), host order, likewise. */
uint64_t tcp_sack_map(uint8_t *l4, uint32_t (*map)(const void *arg, uint32_t edge), const void *arg);

/* True when the options are nothing but the timestamps of an ordinary data segment (NOP NOP timestamp): no
 * edit applies. */
static inline bool
tcp_options_plain(const uint8_t *l4)
{
	unsigned len = tcp_header_len(l4);

	return len == 20 ||
	       (len == 32 && l4[20] == 1 && l4[21] == 1 && l4[22] == TCP_OPT_TIMESTAMP && l4[23] == 10);
}

/*
 * Initial sequence number for a FullNAT connection (RFC 6528): keyed hash of the tuple that the real server
 * sees, plus a clock of 64 ns. Ports in network order.
 */
uint32_t tcp_fnat_isn(int af, const union inet_ip *laddr, uint16_t lport, const union inet_ip *raddr,
		      uint16_t rport);

#endif

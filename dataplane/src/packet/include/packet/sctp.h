/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SCTP (RFC 9260) as a director sees it: the state of an association from the chunks of passing packets.
 * Checksums are the business of whoever has the whole packet.
 */
#ifndef PACKET_SCTP_H
#define PACKET_SCTP_H

#include <stdbool.h>
#include <stdint.h>

enum { SCTP_CHECKSUM_AT = 8 /* CRC32c in the common header, PKT_SCTP_LEN bytes; lowest byte first */ };

/* States with the numbers of the control ABI. */
enum sctp_state {
	SCTP_S_NONE,
	SCTP_S_INIT1, /* the client sent INIT */
	SCTP_S_INIT,  /* ... and again */
	SCTP_S_COOKIE_SENT,
	SCTP_S_COOKIE_REPLIED,
	SCTP_S_COOKIE_WAIT, /* the real server sent INIT */
	SCTP_S_COOKIE,
	SCTP_S_COOKIE_ECHOED,
	SCTP_S_ESTABLISHED,
	SCTP_S_SHUTDOWN_SENT,	  /* by the real server */
	SCTP_S_SHUTDOWN_RECEIVED, /* from the client */
	SCTP_S_SHUTDOWN_ACK_SENT,
	SCTP_S_REJECTED,
	SCTP_S_CLOSED,
	SCTP_STATES
};

/* Which packets a director sees and where this one goes. */
enum sctp_dir {
	SCTP_DIR_IN,	  /* client to real server */
	SCTP_DIR_OUT,	  /* real server to client */
	SCTP_DIR_IN_ONLY, /* client to real server where replies pass us by (direct routing, tunnel) */
	SCTP_DIRS
};

/* What a packet says to a state table. */
enum sctp_event {
	SCTP_EV_DATA, /* data, their acknowledgement, a heartbeat or its answer */
	SCTP_EV_INIT,
	SCTP_EV_INIT_ACK,
	SCTP_EV_COOKIE_ECHO,
	SCTP_EV_COOKIE_ACK,
	SCTP_EV_ABORT,
	SCTP_EV_SHUTDOWN,
	SCTP_EV_SHUTDOWN_ACK,
	SCTP_EV_SHUTDOWN_COMPLETE,
	SCTP_EV_OTHER, /* changes nothing */
	SCTP_EVENTS
};

/*
 * The event of a packet: its first chunk's, behind one that only authenticates it (RFC 4895); COOKIE-ECHO or
 * COOKIE-ACK with ABORT behind it is ABORT. l4: the common header and what follows, len bytes, the first
 * contig of them readable; a chunk that begins behind those is not looked at.
 *
 * False when the packet has no chunk, or one of those looked at has an impossible length.
 */
bool sctp_event(const uint8_t *l4, unsigned contig, unsigned len, enum sctp_event *out);

/* The state after an event. SCTP_S_CLOSED for states that are none. */
uint8_t sctp_next_state(enum sctp_dir dir, uint8_t state, enum sctp_event event);

/* Seconds for which an association stays in a state without a packet. */
unsigned sctp_timeout_s(uint8_t state);

#endif

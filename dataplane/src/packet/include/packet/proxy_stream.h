/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sequence numbers of a TCP connection between the first data of a client, which gets a PROXY header in
 * front of it, and the server's acknowledgement of that header.
 *
 *	client's numbers:   first ......... first + removed .......
 *	                    [old header   ][data ...
 *	server's numbers:   first ......... first + added .........     (+ the connection's shift)
 *	                    [our header   ][data ...
 *
 * Here a shift between client and server is only what the header makes: added - removed. Once the server has
 * acknowledged the header, that number is part of the connection's shift, and nothing of this is needed any
 * more.
 */
#ifndef PACKET_PROXY_STREAM_H
#define PACKET_PROXY_STREAM_H

#include <stdbool.h>
#include <stdint.h>

struct proxy_stream {
	uint32_t first;	  /* the client's first sequence number of data, host order */
	uint16_t added;	  /* bytes of our header; 0 before it was sent */
	uint16_t removed; /* bytes of the client's own header, which ours replaces */
};

/* What is to be done to a segment of the client. */
struct proxy_step {
	bool refuse;	  /* not to be forwarded: it has data that is not the first, but came before it */
	bool header;	  /* the header goes in front of what is left */
	unsigned remove;  /* bytes to take away from the start of the payload */
	uint32_t seq_add; /* to add to the sequence number */
};

/*
 * l4: TCP header; payload: bytes of data. Before the header was sent, step.header is set for the segment that
 * brings the first data, which is to decide about `added` and `removed`; step.remove is for the caller to set
 * then. Nothing but that segment brings data to the server before, or the server would take it for the
 * start: neither what comes too early, nor what begins in front of the first byte, nor data on a SYN, which
 * is cut off for the client to repeat.
 */
struct proxy_step proxy_stream_inbound(const struct proxy_stream *s, const uint8_t *l4, unsigned payload);

/* A number that the server acknowledges (its own less the connection's shift), as the client counts: of the
 * header it has nothing before all of it. */
uint32_t proxy_stream_ack(const struct proxy_stream *s, uint32_t ack);

/* True when that acknowledges the header. */
bool proxy_stream_done(const struct proxy_stream *s, uint32_t ack);

/* Edits acknowledgement and SACK blocks of a segment of the server, before the connection's shift (delta) is
 * taken away from them. Returns the checksum change. */
uint64_t proxy_stream_outbound(const struct proxy_stream *s, uint32_t delta, uint8_t *l4);

#endif

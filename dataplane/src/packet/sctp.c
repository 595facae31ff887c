/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/sctp.h"

#include "packet/pkt.h"

enum { CHUNK_HEADER = 4 };

/* RFC 9260 3.2, RFC 8260, RFC 4895. */
enum chunk_type {
	CHUNK_DATA = 0,
	CHUNK_INIT = 1,
	CHUNK_INIT_ACK = 2,
	CHUNK_SACK = 3,
	CHUNK_HEARTBEAT = 4,
	CHUNK_HEARTBEAT_ACK = 5,
	CHUNK_ABORT = 6,
	CHUNK_SHUTDOWN = 7,
	CHUNK_SHUTDOWN_ACK = 8,
	CHUNK_COOKIE_ECHO = 10,
	CHUNK_COOKIE_ACK = 11,
	CHUNK_SHUTDOWN_COMPLETE = 14,
	CHUNK_AUTH = 15,
	CHUNK_I_DATA = 64
};

#define NO SCTP_S_NONE
#define I1 SCTP_S_INIT1
#define IN SCTP_S_INIT
#define CS SCTP_S_COOKIE_SENT
#define CR SCTP_S_COOKIE_REPLIED
#define CW SCTP_S_COOKIE_WAIT
#define CO SCTP_S_COOKIE
#define CE SCTP_S_COOKIE_ECHOED
#define ES SCTP_S_ESTABLISHED
#define SS SCTP_S_SHUTDOWN_SENT
#define SR SCTP_S_SHUTDOWN_RECEIVED
#define SA SCTP_S_SHUTDOWN_ACK_SENT
#define RJ SCTP_S_REJECTED
#define CL SCTP_S_CLOSED

/* Where only the client is seen, its first data behind the cookie say that the server accepted it, and its
 * SHUTDOWN-ACK that the server closes. */
static const uint8_t next_state[SCTP_DIRS][SCTP_EVENTS][SCTP_STATES] =
    {
	/* columns NO I1 IN CS CR CW CO CE ES SS SR SA RJ CL */
	[SCTP_DIR_IN] =
	    {
		[SCTP_EV_DATA] = {ES, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL},
		[SCTP_EV_INIT] = {I1, IN, IN, IN, IN, CW, CO, CE, ES, SS, SR, SA, I1, I1},
		[SCTP_EV_INIT_ACK] = {NO, I1, IN, CS, CR, CO, CO, CE, ES, SS, SR, SA, RJ, CL},
		[SCTP_EV_COOKIE_ECHO] = {CR, CR, CR, CR, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL},
		[SCTP_EV_COOKIE_ACK] = {NO, I1, IN, CS, CR, ES, ES, ES, ES, SS, SR, SA, RJ, CL},
		[SCTP_EV_ABORT] = {CL, CL, CL, CL, CL, RJ, CL, CL, CL, CL, CL, CL, CL, CL},
		[SCTP_EV_SHUTDOWN] = {NO, I1, IN, CS, CR, CW, CO, CE, SR, SS, SR, SA, RJ, CL},
		[SCTP_EV_SHUTDOWN_ACK] = {NO, I1, IN, CS, CR, CW, CO, CE, ES, CL, SR, SA, RJ, CL},
		[SCTP_EV_SHUTDOWN_COMPLETE] = {NO, I1, IN, CS, CR, CW, CO, CE, ES, CL, CL, CL, RJ, CL},
		[SCTP_EV_OTHER] = {NO, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL},
	    },
	[SCTP_DIR_OUT] =
	    {
		[SCTP_EV_DATA] = {ES, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL},
		[SCTP_EV_INIT] = {CW, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, CW, CW},
		[SCTP_EV_INIT_ACK] = {NO, CS, CS, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL},
		[SCTP_EV_COOKIE_ECHO] = {NO, I1, IN, CS, CR, CE, CE, CE, ES, SS, SR, SA, RJ, CL},
		[SCTP_EV_COOKIE_ACK] = {NO, ES, ES, ES, ES, CW, CO, CE, ES, SS, SR, SA, RJ, CL},
		[SCTP_EV_ABORT] = {CL, RJ, CL, CL, CL, CL, CL, CL, CL, CL, CL, CL, CL, CL},
		[SCTP_EV_SHUTDOWN] = {NO, I1, IN, CS, CR, CW, CO, CE, SS, SS, SR, SA, RJ, CL},
		[SCTP_EV_SHUTDOWN_ACK] = {NO, I1, IN, CS, CR, CW, CO, CE, ES, SS, SA, SA, RJ, CL},
		[SCTP_EV_SHUTDOWN_COMPLETE] = {NO, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL},
		[SCTP_EV_OTHER] = {NO, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL},
	    },
	[SCTP_DIR_IN_ONLY] =
	    {
		[SCTP_EV_DATA] = {ES, I1, IN, ES, ES, CW, CO, CE, ES, SS, SR, SA, RJ, CL},
		[SCTP_EV_INIT] = {I1, IN, IN, IN, IN, CW, CO, CE, ES, SS, SR, SA, I1, I1},
		[SCTP_EV_INIT_ACK] = {CO, I1, IN, CS, CR, CO, CO, CE, ES, SS, SR, SA, CO, CO},
		[SCTP_EV_COOKIE_ECHO] = {CR, CR, CR, CR, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL},
		[SCTP_EV_COOKIE_ACK] = {ES, I1, IN, CS, CR, ES, ES, ES, ES, SS, SR, SA, RJ, CL},
		[SCTP_EV_ABORT] = {CL, CL, CL, CL, CL, RJ, CL, CL, CL, CL, CL, CL, CL, CL},
		[SCTP_EV_SHUTDOWN] = {NO, I1, IN, SR, SR, CW, CO, CE, SR, SS, SR, SA, RJ, CL},
		[SCTP_EV_SHUTDOWN_ACK] = {NO, I1, IN, CS, CL, CW, CO, CE, CL, CL, SR, SA, RJ, CL},
		[SCTP_EV_SHUTDOWN_COMPLETE] = {NO, I1, IN, CS, CR, CW, CO, CE, ES, CL, CL, CL, RJ, CL},
		[SCTP_EV_OTHER] = {NO, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL},
	    },
};

uint8_t
sctp_next_state(enum sctp_dir dir, uint8_t state, enum sctp_event event)
{
	return state < SCTP_STATES ? next_state[dir][event][state] : SCTP_S_CLOSED;
}

unsigned
sctp_timeout_s(uint8_t state)
{
	enum { NONE_S = 2, ANSWER_S = 4, ESTABLISHED_S = 900, OTHER_S = 61 };

	switch (state) {
	case SCTP_S_NONE:
		return NONE_S;
	case SCTP_S_INIT1:
	case SCTP_S_REJECTED:
		return ANSWER_S;
	case SCTP_S_ESTABLISHED:
		return ESTABLISHED_S;
	default:
		return OTHER_S;
	}
}

static enum sctp_event
event_of(uint8_t type)
{
	switch (type) {
	case CHUNK_DATA:
	case CHUNK_I_DATA:
	case CHUNK_SACK:
	case CHUNK_HEARTBEAT:
	case CHUNK_HEARTBEAT_ACK:
		return SCTP_EV_DATA;
	case CHUNK_INIT:
		return SCTP_EV_INIT;
	case CHUNK_INIT_ACK:
		return SCTP_EV_INIT_ACK;
	case CHUNK_COOKIE_ECHO:
		return SCTP_EV_COOKIE_ECHO;
	case CHUNK_COOKIE_ACK:
		return SCTP_EV_COOKIE_ACK;
	case CHUNK_ABORT:
		return SCTP_EV_ABORT;
	case CHUNK_SHUTDOWN:
		return SCTP_EV_SHUTDOWN;
	case CHUNK_SHUTDOWN_ACK:
		return SCTP_EV_SHUTDOWN_ACK;
	case CHUNK_SHUTDOWN_COMPLETE:
		return SCTP_EV_SHUTDOWN_COMPLETE;
	default:
		return SCTP_EV_OTHER;
	}
}

/* A packet while its chunks are read. */
struct chunks {
	const uint8_t *l4;
	unsigned contig, len;
	unsigned at; /* where the next chunk begins, a multiple of 4 */
};

enum reading { CHUNK_READ, CHUNKS_END, CHUNK_BAD };

/* The next chunk; what begins behind the readable bytes is the end as well. */
static enum reading
chunk_next(struct chunks *c, uint8_t *type)
{
	const uint8_t *h = c->l4 + c->at;
	unsigned length;

	if (c->at >= c->len)
		return CHUNKS_END;
	if (c->len - c->at < CHUNK_HEADER)
		return CHUNK_BAD;
	if (c->at + CHUNK_HEADER > c->contig)
		return CHUNKS_END;
	length = (unsigned)h[2] << 8 | h[3];
	if (length < CHUNK_HEADER || length > c->len - c->at)
		return CHUNK_BAD;
	*type = h[0];
	/* The last chunk may come without its padding. */
	c->at += (length + 3) & ~3u;
	return CHUNK_READ;
}

bool
sctp_event(const uint8_t *l4, unsigned contig, unsigned len, enum sctp_event *out)
{
	struct chunks c = {.l4 = l4, .contig = contig, .len = len, .at = PKT_SCTP_LEN};
	enum reading r;
	uint8_t type = UINT8_MAX;

	*out = SCTP_EV_OTHER;
	if (len <= PKT_SCTP_LEN)
		return false;
	r = chunk_next(&c, &type);
	if (r == CHUNK_READ && type == CHUNK_AUTH)
		r = chunk_next(&c, &type);
	if (r != CHUNK_READ)
		return r != CHUNK_BAD;
	*out = event_of(type);
	if (type != CHUNK_COOKIE_ECHO && type != CHUNK_COOKIE_ACK)
		return true;
	r = chunk_next(&c, &type);
	if (r == CHUNK_READ && type == CHUNK_ABORT)
		*out = SCTP_EV_ABORT;
	return r != CHUNK_BAD;
}

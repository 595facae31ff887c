/* SPDX-License-Identifier: Apache-2.0 */
/* Kinds of schedulers: which frames they take, in which order these leave, and when. Private to this layer.
 */
#ifndef TC_KIND_H
#define TC_KIND_H

#include <rte_mbuf.h>

#include "abi/tc.h"
#include "core/errors.h"
#include "packet/drop.h"

enum { TC_BANDS = 3, TC_SHARE_ALL = 1 << 16 };

/* As workers read them. */
struct tc_params {
	uint32_t limit;		    /* packets or bytes, as the kind has it */
	uint32_t rate, peak_rate;   /* bits per second; peak_rate 0: none */
	uint32_t burst, peak_burst; /* bytes */
};

struct tc_line {
	struct rte_mbuf *head, *tail; /* chained by mbuf_meta.next; head NULL: empty */
};

/* What one worker has of a scheduler. Only the worker writes it, but for share. */
struct tc_queue {
	struct tc_line band[TC_BANDS]; /* the first that is not empty goes first */
	uint32_t waiting;	       /* frames */
	uint64_t waiting_bytes;
	uint64_t sent_bytes, sent;
	uint32_t drops, overlimits;
	uint32_t turn; /* of the root: whose turn it is among all */
	bool held;     /* the frame in front was refused, and counted so */
	/* Tokens are bits times microseconds: a rate in bits per second is what a microsecond brings. */
	int64_t tokens, peak_tokens;
	uint64_t filled_us; /* when they were last filled; 0: never */
	uint64_t offered;   /* bytes that came for this scheduler or for those below */
	uint32_t share; /* of the rate and of the burst, in TC_SHARE_ALL parts; set by the control lcore */
	uint64_t dealt; /* control lcore: offered when shares were dealt */
} __rte_cache_aligned;

struct tc_kind {
	const char *name;
	bool fixed; /* has nothing to change */
	/* From and to what users set. mtu: of the device. INVAL. */
	int (*read)(const union tc_qsch_qopt *in, uint32_t mtu, struct tc_params *out);
	void (*write)(const struct tc_params *p, union tc_qsch_qopt *out);
	/* DROP_NONE, or why a frame of len bytes is not taken. */
	enum drop_reason (*admit)(const struct tc_params *p, const struct tc_queue *q, uint32_t len);
	/* The band for a type of service; NULL: always 0. */
	unsigned (*band)(uint8_t tos);
	/* May len bytes leave now? And they do. NULL: always. */
	bool (*ready)(const struct tc_params *p, struct tc_queue *q, uint32_t len, uint64_t now_us);
	void (*spend)(const struct tc_params *p, struct tc_queue *q, uint32_t len);
};

extern const struct tc_kind tc_pfifo, tc_bfifo, tc_pfifo_fast, tc_tbf;

/* The type of service of frames that are not IP: the middle band. */
enum { TC_TOS_NONE = 0 };

/* NULL: no such kind. The name may be the unterminated TCNAMESIZ bytes of a request. */
const struct tc_kind *tc_kind_find(const char *name);

/* Enough for a queue of 1024 of the longest frames of a device. */
static inline uint32_t
tc_default_bytes(uint32_t mtu)
{
	return 1024 * (mtu + 14);
}

#endif

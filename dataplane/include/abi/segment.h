/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statistics segment: memory that the daemon shares with whoever asks (DS_MSG_STATS; the descriptor comes
 * with the reply, sealed against writing). Reading it costs the daemon and its workers nothing.
 *
 * It starts with struct ds_segment. The directory names vectors of counters. A vector has `nworkers` parts of
 * `stride` bytes, each an array of `count` elements of `size` bytes that only that worker writes, with plain
 * stores of 64 bits. Strides leave room: the segment is much longer than what it holds, so read vectors, not
 * the file. To read: take `epoch` while `changing` is 0, read, and start again if either differs then. The
 * epoch changes with the directory and with the meaning of an index, not with counters. Counters only grow
 * while their index means the same thing; zeroing (DPVS_SO_SET_ZERO) concerns listings, not the segment.
 */
#ifndef ABI_SEGMENT_H
#define ABI_SEGMENT_H

#include "ext.h"

#define DS_TLV_SEGMENT 64 /* struct ds_segment_info */

/* Reply of DS_MSG_STATS, beside the descriptor. */
struct ds_segment_info {
	uint64_t size; /* bytes of the segment; may grow, then so does the epoch */
	uint32_t version;
	uint32_t reserved; /* 0 */
};
ABI_SIZE(struct ds_segment_info, 16);

#define DS_SEGMENT_MAGIC   0x5453535650445344ull
#define DS_SEGMENT_VERSION 1

struct ds_segment {
	uint64_t magic;	  /* DS_SEGMENT_MAGIC */
	uint32_t version; /* DS_SEGMENT_VERSION */
	uint32_t nworkers;
	uint64_t size;	     /* bytes */
	uint64_t epoch;	     /* grows with each change of the directory or of what an index means */
	uint32_t changing;   /* 1 while such a change is made */
	uint32_t nvectors;   /* in the directory */
	uint64_t directory;  /* offset of struct ds_vector[nvectors] */
	uint64_t generation; /* of the configuration */
	uint64_t beat_ms; /* monotonic clock of the daemon at the control loop's last tick: does it live? */
	uint8_t boot_id[16]; /* as in HELLO */
};
ABI_SIZE(struct ds_segment, 80);
ABI_OFFSET(struct ds_segment, boot_id, 64);

struct ds_vector {
	char name[40];	 /* e.g. "/lb/dest" */
	uint64_t offset; /* of the first worker's part */
	uint64_t stride; /* bytes from one worker's part to the next one's */
	uint32_t count;	 /* elements in a part; may grow, then so does the epoch */
	uint32_t size;	 /* bytes of an element */
};
ABI_SIZE(struct ds_vector, 64);

#define DS_VECTOR_DEST	 "/lb/dest" /* struct ds_stat_dest, by ds_dest_more.stat */
#define DS_VECTOR_DROP	 "/drop"    /* uint64_t by reason, in the order of DS_MSG_DROPS; of workers only */
#define DS_VECTOR_WORKER "/worker"  /* struct ds_stat_worker, one element */

/* A real server of one service on one worker. */
struct ds_stat_dest {
	uint64_t conns, in_packets, in_bytes, out_packets,
	    out_bytes;			       /* bytes from the IP header on, before translation */
	uint32_t active, inactive, persistent; /* connections now */
	uint32_t overloaded;		       /* not 0: refused one because of its upper threshold */
	uint64_t closed;		       /* connections that ended */
};
ABI_SIZE(struct ds_stat_dest, 64);

/* A worker. */
struct ds_stat_worker {
	uint64_t loops;	    /* turns of its loop */
	uint64_t conns;	    /* connections now */
	uint64_t conns_max; /* room for connections */
	uint32_t lcore;	    /* lcore id */
	uint32_t reserved;  /* 0 */
};
ABI_SIZE(struct ds_stat_worker, 32);

#endif

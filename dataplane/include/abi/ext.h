/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages that other DPVS daemons do not know: ids 0x44530000 to 0x4453ffff. Such a daemon closes the
 * connection without a reply, and a client then falls back to the messages of old.
 *
 * Bodies of replies are records: struct ds_tlv, then `len` bytes of payload, then zero bytes up to a multiple
 * of 8. A reader skips types it does not know and ignores bytes beyond the part of a payload that it knows,
 * so that records can grow. Everything is little endian.
 */
#ifndef ABI_EXT_H
#define ABI_EXT_H

#include "base.h"

#define DS_MSG_FIRST 0x44530000
#define DS_MSG_LAST  0x4453ffff

/* Head of a record. */
struct ds_tlv {
	uint16_t type;	/* DS_TLV_* */
	uint16_t flags; /* 0 */
	uint32_t len;	/* bytes of payload, without the zero bytes that pad it */
};
ABI_SIZE(struct ds_tlv, 8);

/* Distance from one record to the next, for a payload of len bytes. */
#define DS_TLV_SIZE(len) (sizeof(struct ds_tlv) + (((uint64_t)(len) + 7) & ~(uint64_t)7))

/* Types of records. */
#define DS_TLV_HELLO_INFO 1  /* struct ds_hello_info */
#define DS_TLV_LCORE	  2  /* struct ds_lcore, one for each lcore */
#define DS_TLV_IDS	  3  /* array of uint32_t: ids this daemon serves */
#define DS_TLV_LIMITS	  4  /* struct ds_limits */
#define DS_TLV_DROP	  16 /* struct ds_drop, one for each reason, or reason and lcore */

/* Optional body of DS_MSG_HELLO; an empty body means flags = 0. */
struct ds_hello_request {
	uint32_t flags; /* 0 */
};
ABI_SIZE(struct ds_hello_request, 4);

#define DS_HELLO_VERSION 1 /* value of ds_hello_info.struct_version */

/* Bits of ds_hello_info.features. */
#define DS_FEATURE_DROPS      0x1 /* DS_MSG_DROPS is served */
#define DS_FEATURE_RATES      0x2 /* the rate members of dp_vs_stats are filled */
#define DS_FEATURE_ACCOUNTING 0x4 /* connections have counters of their own (conn_accounting) */
#define DS_FEATURE_CONN_LIMIT 0x8 /* services have a limit of connections (struct ds_service_ext) */

/* Who the daemon is. */
struct ds_hello_info {
	uint32_t struct_version;   /* DS_HELLO_VERSION */
	uint32_t max_request_body; /* bytes; longer requests are refused */
	uint64_t features;	   /* DS_FEATURE_* */
	uint64_t generation;	   /* of the configuration; grows with every change */
	uint8_t boot_id[16];	   /* random, new at every start of the daemon */
	char version[32];
};
ABI_SIZE(struct ds_hello_info, 72);
ABI_OFFSET(struct ds_hello_info, boot_id, 24);
ABI_OFFSET(struct ds_hello_info, version, 40);

/* How large things may be. */
struct ds_limits {
	uint32_t max_batch_bytes; /* request body of DS_MSG_BATCH */
	uint32_t max_batch_items;
	uint32_t max_page_bytes; /* reply of DS_MSG_LIST_SERVICES */
	uint32_t max_page_conns; /* entries in a reply of DS_MSG_LIST_CONNS */
};
ABI_SIZE(struct ds_limits, 16);

/* ds_lcore.role. */
#define DS_LCORE_ROLE_MASTER   0
#define DS_LCORE_ROLE_WORKER   1
#define DS_LCORE_ROLE_ISOLATED 2 /* receives for workers; not in DS_MSG_HELLO */
#define DS_LCORE_ROLE_KERNEL   3 /* serves the kernel interfaces; not in DS_MSG_HELLO */

/* An lcore of the daemon. */
struct ds_lcore {
	uint8_t id;	/* lcore id, as in cid members */
	uint8_t role;	/* DS_LCORE_ROLE_* */
	uint16_t index; /* as in index members: 0 is the master, then workers by id */
	uint32_t pad0;
};
ABI_SIZE(struct ds_lcore, 8);

/* Body of DS_MSG_DROPS. */
struct ds_drops_request {
	uint32_t flags;	   /* DS_DROPS_F_* */
	uint32_t reserved; /* 0 */
};
ABI_SIZE(struct ds_drops_request, 8);

#define DS_DROPS_F_PER_LCORE 0x1 /* one record for each reason and lcore instead of sums */

#define DS_LCORE_ALL 0xffffffffu /* ds_drop.lcore: sum of all lcores */

/* Packets dropped for one reason since the daemon started. */
struct ds_drop {
	char name[32];	/* short and stable, e.g. "ipv4-bad-checksum" */
	char layer[16]; /* part of the packet path, e.g. "ipv4" */
	char text[80];	/* one sentence for people */
	uint64_t packets;
	uint32_t lcore;	   /* lcore id or DS_LCORE_ALL */
	uint32_t reserved; /* 0 */
};
ABI_SIZE(struct ds_drop, 144);
ABI_OFFSET(struct ds_drop, packets, 128);

#endif

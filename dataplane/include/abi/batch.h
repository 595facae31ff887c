/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many set requests in one message (DS_MSG_BATCH), all of them or as many as go.
 *
 * Request: struct ds_batch_request, then `count` records of type DS_TLV_ITEM: a struct ds_batch_item and,
 * right after it, the body that the message would have on its own. Reply: one DS_TLV_BATCH_RESULT, then one
 * DS_TLV_BATCH_CODES with a code for every item, in order. A reply that says "not committed" is no error of
 * the message; errcode tells only of the batch itself: EDPVS_INVAL (malformed: nothing was looked at),
 * EDPVS_BUSY (the configuration is not of the expected generation), EDPVS_NOMEM and EDPVS_RESOURCE (all items
 * are right, but there is no room for what they make: nothing was done).
 *
 * A service, or a real server of it, that an atomic batch deletes and adds again keeps its counters, and
 * packets never miss it. The same holds for an address of a device, which is not announced as new.
 */
#ifndef ABI_BATCH_H
#define ABI_BATCH_H

#include "ext.h"

#define DS_TLV_ITEM	    16384 /* request: struct ds_batch_item, then the body of the message */
#define DS_TLV_BATCH_RESULT 32	  /* struct ds_batch_result */
#define DS_TLV_BATCH_CODES  33	  /* int32_t for each item */

/* ds_batch_request.flags. */
#define DS_BATCH_F_ATOMIC     0x1 /* all items or none; workers see nothing before all are accepted */
#define DS_BATCH_F_DRY_RUN    0x2 /* only says what would happen; implies ATOMIC */
#define DS_BATCH_F_STOP	      0x4 /* not atomic: nothing after the first item that fails */
#define DS_BATCH_F_GENERATION 0x8 /* only if the configuration is of `generation` */
#define DS_BATCH_F_TOKEN                                                                                     \
	0x10 /* `token` is set: a batch that was executed before is not executed again, its reply is         \
		repeated */

struct ds_batch_request {
	uint32_t flags; /* DS_BATCH_F_* */
	uint32_t count; /* of items */
	uint64_t generation;
	uint8_t token[16]; /* random, chosen by the client */
};
ABI_SIZE(struct ds_batch_request, 32);
ABI_OFFSET(struct ds_batch_request, token, 16);

/* Head of an item; `tlv.len - 8` bytes of body follow. Items are sets: EDPVS_NOTSUPP for others, for messages
 * that cannot take part in an atomic batch, and for a batch in a batch. */
struct ds_batch_item {
	uint32_t id;	   /* of the message */
	uint32_t reserved; /* 0 */
};
ABI_SIZE(struct ds_batch_item, 8);

/* Codes of items that were not executed: nothing after a failure in an atomic batch or with DS_BATCH_F_STOP.
 */
#define DS_BATCH_CODE_SKIPPED 1

struct ds_batch_result {
	uint64_t generation;   /* of the configuration now */
	uint32_t applied;      /* items that took effect (dry run: would have) */
	uint32_t failed;       /* items with a negative code */
	uint32_t first_failed; /* index of the first of them; DS_BATCH_NONE */
	uint32_t committed;    /* 1: what succeeded is in force */
	uint32_t repeated;     /* 1: the reply of an earlier batch with the same token */
	uint32_t reserved;     /* 0 */
};
ABI_SIZE(struct ds_batch_result, 32);

#define DS_BATCH_NONE 0xffffffffu

#endif

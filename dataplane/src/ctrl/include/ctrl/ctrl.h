/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket as features see it: a handler per message id.
 *
 * The server (server.c) reads requests from any number of clients without blocking; the dispatcher checks
 * version, id, direction and body length against the message table in abi/messages.h before a handler runs.
 * Handlers run on the control lcore, one at a time, must not block, and return 0 or a negative EDPVS code; on
 * an error the reply body is dropped.
 */
#ifndef CTRL_CTRL_H
#define CTRL_CTRL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/errors.h"

struct ctrl_peer {
	pid_t pid; /* from SO_PEERCRED */
	uid_t uid;
	gid_t gid;
};

struct ctrl_request {
	uint32_t id;
	int32_t type;	  /* 0 get, 1 set */
	const void *body; /* unaligned: copy, never cast */
	size_t len;	  /* at least the size that the message table demands */
	struct ctrl_peer peer;
};

struct ctrl_reply; /* growing body of a reply */

/* Largest request body of messages other than a batch, and largest reply body, bytes. */
enum { CTRL_REQUEST_MAX = 1 << 20, CTRL_REPLY_MAX = 256 << 20 };

/* What struct ds_limits tells clients: bytes and items of a batch, bytes of a page of services, entries of a
 * page of connections. */
enum {
	CTRL_BATCH_MAX = 64 << 20,
	CTRL_BATCH_ITEMS_MAX = 262144,
	CTRL_PAGE_BYTES_MAX = CTRL_REPLY_MAX, /* so that one page can hold everything: a consistent picture */
	CTRL_PAGE_CONNS_MAX = 65536,
};

/* Appends n zeroed bytes to the reply and returns them, or NULL when memory is out or the reply limit is
 * reached (the handler then returns EDPVS_NOMEM). The pointer is valid until the next call. */
void *ctrl_reply_add(struct ctrl_reply *reply, size_t n);
/* Bytes so far, and their start; for count words that are known at the end. */
size_t ctrl_reply_len(const struct ctrl_reply *reply);
void *ctrl_reply_at(struct ctrl_reply *reply, size_t offset);
/* Appends a record of the extensions (struct ds_tlv in abi/ext.h) with len zeroed bytes of payload and returns
 * the payload; NULL as ctrl_reply_add(). */
void *ctrl_reply_record(struct ctrl_reply *reply, uint16_t type, size_t len);

/* Passes a descriptor with the reply (SCM_RIGHTS), one at most. It is duplicated: the caller keeps and closes
 * its own, the duplicate is closed when it was sent or the reply is dropped. EDPVS_RESOURCE: no descriptor
 * left, or the reply has one. */
int ctrl_reply_fd(struct ctrl_reply *reply, int fd);

typedef int (*ctrl_handler)(const struct ctrl_request *req, struct ctrl_reply *reply);

/* Registers the handler of one id. An id of abi/messages.h without handler answers EDPVS_NOTSUPP. Start-up
 * only; aborts on an id that the table does not have or that is taken. */
void ctrl_register(uint32_t id, ctrl_handler fn);

/* The same for a set message that can be a part of a transaction (core/txn.h), so of an atomic batch. Its
 * handler always runs inside a transaction, which is committed when it returns 0 - at once, or at the end of
 * the batch - and else undone. */
void ctrl_register_txn(uint32_t id, ctrl_handler fn);

/* For a set message that does something else on its own (fn, outside of any transaction) than in an atomic
 * batch (in_batch, inside of one). */
void ctrl_register_pair(uint32_t id, ctrl_handler fn, ctrl_handler in_batch);

/* Makes an id known that abi/messages.h does not have (test mode), with its handler. direction and rule are
 * values of enum abi_direction and enum abi_size_rule; bodies may be up to CTRL_REQUEST_MAX bytes long.
 * Start-up only; aborts when the id is taken or there is no room. */
void ctrl_register_extra(uint32_t id, const char *name, int direction, int rule, size_t size,
			 ctrl_handler fn);

/* Registers the messages that the control layer itself answers: HELLO and version; batches. */
void ctrl_hello_register(void);
/* Has the statistics segment handed out (DS_MSG_STATS) if it can be; nothing may be added to it any more. */
void ctrl_stats_register(void);
void ctrl_batch_register(void);

/* Runs one request as the server would: checks direction and length, calls the handler, logs successful set
 * requests. Returns the errcode; when it is not 0 the reply is empty. */
int ctrl_dispatch(const struct ctrl_request *req, struct ctrl_reply *reply);

/* Empty reply for callers of ctrl_dispatch(); NULL when memory is out. */
struct ctrl_reply *ctrl_reply_new(void);
void ctrl_reply_free(struct ctrl_reply *reply);

/* Listens at path (mode 0600). 0, or negative errno with a sentence in the log. */
int ctrl_server_open(const char *path);
/* Waits for at most timeout_ms until a client or fd_extra (-1: none) has something, does one bounded step for
 * every client that is ready and returns: 1 when fd_extra is readable, else 0. Never blocks on a client.
 * Without an open server it just waits. */
int ctrl_server_poll(int timeout_ms, int fd_extra);
void ctrl_server_close(void);

/* Configuration generation, reported by HELLO: grows with every set request that succeeded, and once with a
 * batch of which something was applied. */
extern uint64_t ctrl_generation;

#endif

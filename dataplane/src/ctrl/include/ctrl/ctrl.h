/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket as features see it: a handler per message id.
 *
 * The server (server.c) reads requests from any number of clients without blocking; the dispatcher checks version, id,
 * direction and body length against the message table in abi/messages.h before a handler runs. Handlers run on the control
 * lcore, one at a time, must not block, and return 0 or a negative EDPVS code; on an error the reply body is dropped.
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
	int32_t type;      /* 0 get, 1 set */
	const void *body;  /* unaligned: copy, never cast */
	size_t len;        /* at least the size that the message table demands */
	struct ctrl_peer peer;
};

struct ctrl_reply; /* growing body of a reply */

/* Appends n zeroed bytes to the reply and returns them, or NULL when memory is out or the reply limit is reached (the
 * handler then returns EDPVS_NOMEM). The pointer is valid until the next call. */
void *ctrl_reply_add(struct ctrl_reply *reply, size_t n);
/* Bytes so far, and their start; for count words that are known at the end. */
size_t ctrl_reply_len(const struct ctrl_reply *reply);
void *ctrl_reply_at(struct ctrl_reply *reply, size_t offset);

typedef int (*ctrl_handler)(const struct ctrl_request *req, struct ctrl_reply *reply);

/* Registers the handler of one id. An id of abi/messages.h without handler answers EDPVS_NOTSUPP. Start-up only; aborts on an
 * id that the table does not have or that is taken. */
void ctrl_register(uint32_t id, ctrl_handler fn);

/* Runs one request as the server would, for tests: checks, handler, error code. Returns the errcode. */
int ctrl_dispatch(const struct ctrl_request *req, struct ctrl_reply *reply);

/* Listens at path (mode 0600). 0, or negative errno with a sentence in the log. */
int ctrl_server_open(const char *path);
/* Serves for at most timeout_ms, or until fd_extra (-1: none) becomes readable; returns 1 in that case, else 0. */
int ctrl_server_poll(int timeout_ms, int fd_extra);
void ctrl_server_close(void);

/* Configuration generation: incremented by handlers of set messages that changed something; reported by HELLO. */
extern uint64_t ctrl_generation;

#endif

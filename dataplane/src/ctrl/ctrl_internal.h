/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the control layer share: the message table, the growing reply, and one client.
 */
#ifndef CTRL_INTERNAL_H
#define CTRL_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/proto.h"
#include "ctrl/ctrl.h"

/* ---- message table (dispatch.c) ---- */

struct ctrl_message {
	uint32_t id;
	const char *name;
	uint8_t direction; /* enum abi_direction */
	uint8_t rule;	   /* enum abi_size_rule */
	size_t size;	   /* for the rule, bytes */
	size_t max;	   /* longest body read, bytes */
	ctrl_handler fn;   /* NULL: not supported */
	ctrl_handler part; /* what runs in a transaction; NULL: it cannot */
	bool batch;	   /* keeps its own log and count of generations */
};

/* The row of an id, NULL when unknown. */
const struct ctrl_message *ctrl_message_find(uint32_t id);
/* Calls fn for every id that has a handler. */
void ctrl_message_each(void (*fn)(const struct ctrl_message *msg, void *arg), void *arg);
/* What can be said about a request from its id, type and body length alone: 0, EDPVS_NOTSUPP or EDPVS_INVAL.
 */
int ctrl_check(uint32_t id, int32_t type, uint64_t len);
/* Runs a request whose id, type and length were checked. */
int ctrl_message_run(const struct ctrl_message *msg, const struct ctrl_request *req,
		     struct ctrl_reply *reply);
/* Registers the handler of batches. */
void ctrl_register_batch(uint32_t id, ctrl_handler fn);
/* Text of a code for the reply header. */
const char *ctrl_error_text(int code);

/* ---- reply (reply.c) ---- */

struct ctrl_reply {
	uint8_t *buf;
	size_t len, cap;
	bool has_fd;
	int fd; /* to be passed with the first bytes, if has_fd; ours */
};

/* Closes the descriptor if there is one. */
void ctrl_reply_close_fd(struct ctrl_reply *reply);

void ctrl_reply_clear(struct ctrl_reply *reply);

/* ---- one client (client.c) ---- */

enum {
	CTRL_HEADER_MS = 1000, /* from connect to a whole header */
	CTRL_BODY_MS = 5000,   /* from the header to the whole body, and a second more for each MiB of it */
	CTRL_WRITE_MS = 10000, /* for a reply, and a second more for each MiB of it */
	CTRL_LINGER_MS = 1000, /* for a client to stop sending after an error was answered early */
	CTRL_STEP_BYTES = 128 << 10, /* most that one client may move before the next one's turn */
	CTRL_BODIES_MAX =
	    2 * CTRL_BATCH_MAX, /* bytes of bodies longer than CTRL_REQUEST_MAX, of all clients */
};

enum ctrl_client_state { CLIENT_FREE = 0, CLIENT_HEADER, CLIENT_BODY, CLIENT_WRITE, CLIENT_LINGER };

struct ctrl_client {
	enum ctrl_client_state state;
	int fd;
	struct ctrl_peer peer;
	uint8_t head[sizeof(struct dpvs_sock_msg)];
	size_t head_len;
	struct dpvs_sock_msg msg; /* decoded head */
	uint8_t *body;		  /* grows with what arrives, whatever length was announced */
	size_t body_len;	  /* bytes so far */
	size_t body_cap;
	struct dpvs_sock_msg_reply answer;
	struct ctrl_reply reply;
	size_t sent;
	bool unread;	      /* the request was answered before all of it was read */
	uint64_t deadline_ms; /* monotonic; end of the present state */
	uint64_t moved_ms;    /* monotonic; last byte in or out */
};

/* Takes over a connected non-blocking socket. */
void ctrl_client_open(struct ctrl_client *c, int fd, const struct ctrl_peer *peer, uint64_t now_ms);
/* One bounded step. Afterwards the state tells what to wait for: HEADER, BODY, LINGER readable, WRITE
 * writable, FREE closed. */
void ctrl_client_step(struct ctrl_client *c, uint64_t now_ms);
void ctrl_client_close(struct ctrl_client *c);

#endif

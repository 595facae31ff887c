/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of one client: header, body, handler, reply, end. Nothing here waits: each step moves what the
 * socket takes or gives, at most CTRL_STEP_BYTES, and leaves the rest to the next one.
 */
#include "ctrl_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/segment.h"

static size_t big_bodies; /* sum of body_cap over clients where that is more than CTRL_REQUEST_MAX */

static size_t
big(size_t cap)
{
	return cap > CTRL_REQUEST_MAX ? cap : 0;
}

static void
body_free(struct ctrl_client *c)
{
	big_bodies -= big(c->body_cap);
	free(c->body);
	c->body = NULL;
	c->body_cap = 0;
}

/* Room for n bytes more than there are. One byte is always added, so that an empty body is no special case.
 */
static bool
body_room(struct ctrl_client *c, size_t n)
{
	size_t need = c->body_len + n + 1, cap = c->body_cap * 2;
	uint8_t *body;

	if (c->body && need <= c->body_cap)
		return true;
	if (cap > (size_t)c->msg.len + 1)
		cap = (size_t)c->msg.len + 1;
	if (cap < need)
		cap = need;
	if (big_bodies - big(c->body_cap) + big(cap) > CTRL_BODIES_MAX)
		return false;
	body = realloc(c->body, cap);
	if (!body)
		return false;
	big_bodies += big(cap) - big(c->body_cap);
	c->body = body;
	c->body_cap = cap;
	return true;
}

void
ctrl_client_open(struct ctrl_client *c, int fd, const struct ctrl_peer *peer, uint64_t now_ms)
{
	*c = (struct ctrl_client){.state = CLIENT_HEADER,
				  .fd = fd,
				  .peer = *peer,
				  .deadline_ms = now_ms + CTRL_HEADER_MS,
				  .moved_ms = now_ms};
}

void
ctrl_client_close(struct ctrl_client *c)
{
	if (c->state == CLIENT_FREE)
		return;
	close(c->fd);
	body_free(c);
	ctrl_reply_clear(&c->reply);
	*c = (struct ctrl_client){.state = CLIENT_FREE, .fd = -1};
}

/* Reads up to n bytes: their number, 0 when there are none now, -1 at the end of the stream or on an error.
 */
static ssize_t
take(struct ctrl_client *c, void *to, size_t n, uint64_t now_ms)
{
	ssize_t got;

	do {
		got = recv(c->fd, to, n, MSG_DONTWAIT);
	} while (got < 0 && errno == EINTR);
	if (got > 0) {
		c->moved_ms = now_ms;
		return got;
	}
	return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? 0 : -1;
}

static void
answer(struct ctrl_client *c, int code, uint64_t now_ms)
{
	size_t len = code ? 0 : c->reply.len;

	memset(&c->answer, 0, sizeof(c->answer));
	c->answer.version = DPVS_SOCK_VERSION;
	c->answer.id = c->msg.id;
	c->answer.type = c->msg.type;
	c->answer.errcode = code;
	strncpy(c->answer.errstr, ctrl_error_text(code), sizeof(c->answer.errstr) - 1);
	c->answer.len = len;
	body_free(c);
	c->state = CLIENT_WRITE;
	c->deadline_ms = now_ms + CTRL_WRITE_MS + 1000 * (len >> 20);
}

/* The request cannot be served; what the client still sends of it is none of our interest, but closing on
 * unread bytes would reset the connection and take the answer with it. */
static void
refuse(struct ctrl_client *c, int code, uint64_t now_ms)
{
	c->unread = true;
	answer(c, code, now_ms);
}

static void
execute(struct ctrl_client *c, uint64_t now_ms)
{
	struct ctrl_request req = {
	    .id = c->msg.id, .type = c->msg.type, .body = c->body, .len = c->body_len, .peer = c->peer};

	int rc = ctrl_dispatch(&req, &c->reply);

	/* Who has the answer finds the statistics as new as what it says. */
	segment_generation(ctrl_generation);
	answer(c, rc, now_ms);
}

static void
head_done(struct ctrl_client *c, uint64_t now_ms)
{
	int rc;

	memcpy(&c->msg, c->head, sizeof(c->msg));
	rc = c->msg.version == DPVS_SOCK_VERSION ? ctrl_check(c->msg.id, c->msg.type, c->msg.len)
						 : EDPVS_INVAL;
	if (rc != EDPVS_OK) {
		refuse(c, rc, now_ms);
		return;
	}
	c->state = CLIENT_BODY;
	c->deadline_ms = now_ms + CTRL_BODY_MS + 1000 * (c->msg.len >> 20);
}

static void
read_head(struct ctrl_client *c, uint64_t now_ms)
{
	ssize_t got = take(c, c->head + c->head_len, sizeof(c->head) - c->head_len, now_ms);

	if (got < 0) {
		ctrl_client_close(c);
		return;
	}
	c->head_len += (size_t)got;
	if (c->head_len == sizeof(c->head))
		head_done(c, now_ms);
}

static void
read_body(struct ctrl_client *c, uint64_t now_ms)
{
	size_t want = (size_t)c->msg.len - c->body_len;
	ssize_t got;

	if (want > CTRL_STEP_BYTES)
		want = CTRL_STEP_BYTES;
	if (!body_room(c, want)) {
		refuse(c, EDPVS_NOMEM, now_ms);
		return;
	}
	got = want ? take(c, c->body + c->body_len, want, now_ms) : 0;
	if (got < 0) {
		/* The client may have closed only its sending side and wait for an answer. */
		answer(c, EDPVS_INVAL, now_ms);
		return;
	}
	c->body_len += (size_t)got;
	if (c->body_len == c->msg.len)
		execute(c, now_ms);
}

/* A descriptor travels with the first byte of the reply. */
static void
attach_fd(const struct ctrl_client *c, struct msghdr *msg, void *space, size_t size)
{
	struct cmsghdr *cmsg;

	if (!c->reply.has_fd)
		return;
	memset(space, 0, size);
	msg->msg_control = space;
	msg->msg_controllen = size;
	cmsg = CMSG_FIRSTHDR(msg);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(c->reply.fd));
	memcpy(CMSG_DATA(cmsg), &c->reply.fd, sizeof(c->reply.fd));
}

static void
write_some(struct ctrl_client *c, uint64_t now_ms)
{
	size_t head = sizeof(c->answer), total = head + (size_t)c->answer.len;
	size_t left = CTRL_STEP_BYTES;
	struct iovec iov[2];
	struct msghdr msg = {.msg_iov = iov};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} rights;
	ssize_t put;

	if (c->sent < head)
		iov[msg.msg_iovlen++] =
		    (struct iovec){.iov_base = (uint8_t *)&c->answer + c->sent, .iov_len = head - c->sent};
	if (c->answer.len) {
		size_t off = c->sent > head ? c->sent - head : 0;
		size_t n = (size_t)c->answer.len - off;

		iov[msg.msg_iovlen++] =
		    (struct iovec){.iov_base = c->reply.buf + off, .iov_len = n < left ? n : left};
	}
	attach_fd(c, &msg, &rights, sizeof(rights.bytes));
	do {
		put = sendmsg(c->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (put < 0 && errno == EINTR);
	if (put < 0) {
		if (errno != EAGAIN && errno != EWOULDBLOCK)
			ctrl_client_close(c);
		return;
	}
	c->moved_ms = now_ms;
	ctrl_reply_close_fd(&c->reply);
	c->sent += (size_t)put;
	if (c->sent < total)
		return;
	if (!c->unread) {
		ctrl_client_close(c);
		return;
	}
	shutdown(c->fd, SHUT_WR);
	c->state = CLIENT_LINGER;
	c->deadline_ms = now_ms + CTRL_LINGER_MS;
}

static void
linger(struct ctrl_client *c, uint64_t now_ms)
{
	static uint8_t waste[CTRL_STEP_BYTES];
	uint64_t moved = c->moved_ms;

	if (take(c, waste, sizeof(waste), now_ms) < 0)
		ctrl_client_close(c);
	else
		c->moved_ms = moved; /* throwing bytes away is no progress */
}

void
ctrl_client_step(struct ctrl_client *c, uint64_t now_ms)
{
	/* The usual request is here in one piece and its answer fits the socket: then this is the only step.
	 */
	if (c->state == CLIENT_HEADER)
		read_head(c, now_ms);
	if (c->state == CLIENT_BODY)
		read_body(c, now_ms);
	if (c->state == CLIENT_WRITE)
		write_some(c, now_ms);
	else if (c->state == CLIENT_LINGER)
		linger(c, now_ms);
}

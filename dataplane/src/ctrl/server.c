/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop over all clients.
 *
 * Every turn does one bounded step for each client that is ready, so nobody's speed or size is anybody else's
 * business. At most CLIENTS_MAX have a place; the others wait in the backlog of the socket. When all places
 * are taken, a client that has not moved a byte for IDLE_MS loses its place to the one that waits longest, so
 * stalled clients cannot shut others out until their deadlines.
 */
#include "ctrl_internal.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/log.h"
#include "listen.h"

enum {
	CLIENTS_MAX = 64,
	ACCEPTS_PER_TURN = 16,
	IDLE_MS = 100,
	EVENTS = CLIENTS_MAX + 2,
	TAG_LISTEN = CLIENTS_MAX,
	TAG_EXTRA,
};

static struct {
	int epoll, listener, extra;
	bool listening; /* the listener is watched */
	gid_t gid;
	unsigned nclients;
	struct ctrl_client client[CLIENTS_MAX];
	char *path;
	dev_t dev;
	ino_t ino;
	uint64_t refused_ms; /* last warning about a stranger */
	uint64_t resume_ms;  /* when a listener that is not watched gets another chance */
} server = {.epoll = -1, .listener = -1, .extra = -1};

/* Real time: clients wait in real time whatever the clock of the packet path does. */
static uint64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void
watch(int op, int fd, uint32_t events, uint32_t tag)
{
	struct epoll_event ev = {.events = events, .data.u32 = tag};

	epoll_ctl(server.epoll, op, fd, &ev);
}

static void
watch_listener(bool on)
{
	if (server.listening != on)
		watch(EPOLL_CTL_MOD, server.listener, on ? EPOLLIN : 0, TAG_LISTEN);
	server.listening = on;
}

static void
pause_listener(uint64_t t)
{
	watch_listener(false);
	server.resume_ms = t + IDLE_MS;
}

static void
drop_client(struct ctrl_client *c)
{
	ctrl_client_close(c);
	server.nclients--;
	watch_listener(true);
}

static void
step(struct ctrl_client *c, uint64_t t)
{
	enum ctrl_client_state before = c->state;

	if (before == CLIENT_FREE)
		return; /* lost its place to another one after this turn's events were taken */
	ctrl_client_step(c, t);
	if (c->state == CLIENT_FREE) {
		server.nclients--; /* closing the descriptor took it out of the epoll set */
		watch_listener(true);
	} else if ((c->state == CLIENT_WRITE) != (before == CLIENT_WRITE)) {
		watch(EPOLL_CTL_MOD, c->fd, c->state == CLIENT_WRITE ? EPOLLOUT : EPOLLIN,
		      (uint32_t)(c - server.client));
	}
}

/* The client that has been motionless longest, if that is at least IDLE_MS. */
static struct ctrl_client *
find_idle(uint64_t t)
{
	struct ctrl_client *idle = NULL;

	for (unsigned i = 0; i < CLIENTS_MAX; i++) {
		struct ctrl_client *c = &server.client[i];

		if (c->state != CLIENT_FREE && t - c->moved_ms >= IDLE_MS &&
		    (!idle || c->moved_ms < idle->moved_ms))
			idle = c;
	}
	return idle;
}

/* Nobody loses a place unless somebody wants it. */
static bool
somebody_waits(void)
{
	struct pollfd p = {.fd = server.listener, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}

static struct ctrl_client *
free_place(uint64_t t)
{
	struct ctrl_client *c;

	if (server.nclients == CLIENTS_MAX) {
		c = somebody_waits() ? find_idle(t) : NULL;
		if (!c)
			return NULL;
		log_debug("ctrl", "pid %d loses its place: all are taken and it does not move",
			  (int)c->peer.pid);
		drop_client(c);
		return c;
	}
	for (unsigned i = 0; i < CLIENTS_MAX; i++)
		if (server.client[i].state == CLIENT_FREE)
			return &server.client[i];
	return NULL;
}

static void
refuse_peer(int fd, const struct ctrl_peer *peer, uint64_t t)
{
	if (t - server.refused_ms >= 1000) {
		server.refused_ms = t;
		log_warning("ctrl",
			    "refused pid %d, uid %u on the control socket: neither root nor in the group of "
			    "global_defs/ipc_group",
			    (int)peer->pid, (unsigned)peer->uid);
	}
	close(fd);
}

static void
accept_some(uint64_t t)
{
	for (unsigned i = 0; i < ACCEPTS_PER_TURN; i++) {
		struct ctrl_peer peer = {0};
		struct ctrl_client *c = free_place(t);
		int fd;

		if (!c) {
			pause_listener(t);
			return;
		}
		fd = accept4(server.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			/* Out of descriptors: the connection stays in the backlog; do not spin on it. */
			if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
				pause_listener(t);
			return;
		}
		if (!listen_peer(fd, server.gid, &peer)) {
			refuse_peer(fd, &peer, t);
			continue;
		}
		ctrl_client_open(c, fd, &peer, t);
		server.nclients++;
		watch(EPOLL_CTL_ADD, fd, EPOLLIN, (uint32_t)(c - server.client));
		step(c, t);
	}
}

/* Ends clients whose time is up. Returns the milliseconds until the next one is due, INT_MAX for never. */
static int
expire(uint64_t t)
{
	uint64_t next = UINT64_MAX;

	for (unsigned i = 0; i < CLIENTS_MAX && server.nclients; i++) {
		struct ctrl_client *c = &server.client[i];

		if (c->state == CLIENT_FREE)
			continue;
		if (t >= c->deadline_ms) {
			log_debug("ctrl", "pid %d took too long over message %u", (int)c->peer.pid,
				  c->msg.id);
			drop_client(c);
		} else if (c->deadline_ms - t < next) {
			next = c->deadline_ms - t;
		}
	}
	if (server.listener >= 0 && !server.listening && next > IDLE_MS)
		next = IDLE_MS;
	return next < INT_MAX ? (int)next : INT_MAX;
}

static void
watch_extra(int fd)
{
	if (fd == server.extra)
		return;
	if (server.extra >= 0)
		watch(EPOLL_CTL_DEL, server.extra, 0, TAG_EXTRA);
	if (fd >= 0)
		watch(EPOLL_CTL_ADD, fd, EPOLLIN, TAG_EXTRA);
	server.extra = fd;
}

static int
epoll_ready(void)
{
	if (server.epoll < 0)
		server.epoll = epoll_create1(EPOLL_CLOEXEC);
	return server.epoll < 0 ? -errno : 0;
}

int
ctrl_server_open(const char *path)
{
	struct stat st = {0};
	int rc = epoll_ready();

	if (rc) {
		log_err("ctrl", "cannot create an epoll set: %s", strerror(-rc));
		return rc;
	}
	server.listener = listen_open(path, &server.gid);
	if (server.listener < 0) {
		rc = server.listener;
		server.listener = -1;
		return rc;
	}
	server.path = strdup(path);
	if (stat(path, &st) == 0) {
		server.dev = st.st_dev;
		server.ino = st.st_ino;
	}
	watch(EPOLL_CTL_ADD, server.listener, EPOLLIN, TAG_LISTEN);
	server.listening = true;
	log_info("ctrl", "control socket %s", path);
	return 0;
}

int
ctrl_server_poll(int timeout_ms, int fd_extra)
{
	struct epoll_event ev[EVENTS];
	int n, due, extra = 0;
	uint64_t t = now();

	if (epoll_ready())
		return 0;
	watch_extra(fd_extra);
	due = expire(t);
	if (server.listener >= 0 && !server.listening && t >= server.resume_ms)
		watch_listener(true);
	n = epoll_wait(server.epoll, ev, EVENTS, due < timeout_ms ? due : timeout_ms);
	t = now();
	for (int i = 0; i < n; i++) {
		if (ev[i].data.u32 == TAG_EXTRA)
			extra = 1;
		else if (ev[i].data.u32 == TAG_LISTEN)
			accept_some(t);
		else
			step(&server.client[ev[i].data.u32], t);
	}
	return extra;
}

void
ctrl_server_close(void)
{
	struct stat st;

	for (unsigned i = 0; i < CLIENTS_MAX; i++)
		ctrl_client_close(&server.client[i]);
	server.nclients = 0;
	/* Another daemon may have taken over the path in the meantime; its socket is not ours to remove. */
	if (server.path && stat(server.path, &st) == 0 && st.st_dev == server.dev && st.st_ino == server.ino)
		unlink(server.path);
	free(server.path);
	server.path = NULL;
	if (server.listener >= 0)
		close(server.listener);
	server.listener = -1;
	if (server.epoll >= 0)
		close(server.epoll);
	server.epoll = -1;
	server.extra = -1;
	server.listening = false;
}

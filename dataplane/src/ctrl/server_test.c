/* SPDX-License-Identifier: Apache-2.0 */
/* The server with real sockets: one thread plays server and clients in turns, so nothing depends on
 * scheduling. */
#include "test_stubs.h"

#include "core/conf.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char dir[] = "/tmp/ctrl-test-XXXXXX";
static char path[64];

static uint64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static int
dial(void)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	strcpy(sa.sun_path, path);
	assert_return_code(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), errno);
	return fd;
}

/* Sends an echo request of id 20 and runs the server until its answer is here. Returns the turns of the
 * server that it took. */
static unsigned
echo_request(void)
{
	struct dpvs_sock_msg msg = test_head(DPVS_SO_GET_SERVICE, SOCKOPT_GET, 264);
	uint8_t buf[sizeof(struct dpvs_sock_msg_reply) + 264] = {0};
	int fd = dial();
	size_t got = 0;
	unsigned turns = 0;

	memcpy(buf, &msg, sizeof(msg));
	assert_int_equal(send(fd, buf, sizeof(msg) + 264, 0), sizeof(msg) + 264);
	while (got < sizeof(buf)) {
		ssize_t n = recv(fd, buf + got, sizeof(buf) - got, 0);

		assert_int_not_equal(n, 0);
		if (n > 0)
			got += (size_t)n;
		else
			ctrl_server_poll(10, -1), turns++;
		assert_true(turns < 1000);
	}
	close(fd);
	return turns;
}

static int
open_server(void **state)
{
	return ctrl_server_open(path);
}

static int
close_server(void **state)
{
	ctrl_server_close();
	return access(path, F_OK) == 0 ? -1 : 0; /* the file goes with the server */
}

static void
mode_is_0600(void **state)
{
	struct stat st;

	assert_return_code(stat(path, &st), errno);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void
serves(void **state)
{
	assert_true(echo_request() <= 6);
}

static void
extra_descriptor_wakes(void **state)
{
	int fd = eventfd(0, EFD_NONBLOCK);
	uint64_t one = 1, t = now_ms();

	assert_int_equal(ctrl_server_poll(0, fd), 0);
	assert_int_equal(write(fd, &one, 8), 8);
	assert_int_equal(ctrl_server_poll(2000, fd), 1);
	assert_int_equal(read(fd, &one, 8), 8);
	assert_int_equal(ctrl_server_poll(0, fd), 0);
	assert_int_equal(ctrl_server_poll(0, -1), 0);
	assert_true(now_ms() - t < 2000); /* the poll did not use its time up */
	close(fd);
}

/* 60 clients that say nothing or half of something take places, but no time of others. */
static void
stalled_clients_do_not_delay(void **state)
{
	int fd[60];

	for (unsigned i = 0; i < 60; i++) {
		fd[i] = dial();
		if (i % 2)
			assert_int_equal(send(fd[i], "half a header", 13, 0), 13);
	}
	assert_true(echo_request() <= 12);
	for (unsigned i = 0; i < 60; i++)
		close(fd[i]);
}

/* All places and a part of the backlog are taken by clients that do not move: an honest one still gets in. */
static void
full_house_makes_room(void **state)
{
	int fd[110];
	uint64_t t = now_ms();

	for (unsigned i = 0; i < 110; i++)
		fd[i] = dial();
	echo_request();
	assert_true(now_ms() - t < CTRL_HEADER_MS); /* before the deadline of the others */
	for (unsigned i = 0; i < 110; i++)
		close(fd[i]);
}

static bool
is_connected(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_PEEK) < 0 && errno == EAGAIN;
}

/* Who wants in takes one place and no more. */
static void
full_house_loses_one_for_one(void **state)
{
	int fd[64], late;
	unsigned left = 0;

	for (unsigned i = 0; i < 64; i++)
		fd[i] = dial();
	for (unsigned i = 0; i < 8; i++)
		ctrl_server_poll(0, -1);
	usleep(150000);
	late = dial();
	for (unsigned i = 0; i < 8; i++)
		ctrl_server_poll(0, -1);
	for (unsigned i = 0; i < 64; i++)
		left += is_connected(fd[i]);
	assert_int_equal(left, 63);
	assert_true(is_connected(late));
	for (unsigned i = 0; i < 64; i++)
		close(fd[i]);
	close(late);
}

static void
reader_that_does_not_read_does_not_delay(void **state)
{
	struct dpvs_sock_msg msg = test_head(SOCKOPT_GET_CONN_ALL, SOCKOPT_GET, 48);
	uint8_t req[sizeof(msg) + 48] = {0};
	int fd = dial();

	memcpy(req, &msg, sizeof(msg));
	assert_int_equal(send(fd, req, sizeof(req), 0), sizeof(req));
	for (unsigned i = 0; i < 5; i++)
		ctrl_server_poll(1, -1);
	assert_true(echo_request() <= 6);
	close(fd);
}

static void
header_deadline(void **state)
{
	int fd = dial();
	uint64_t t = now_ms();
	char byte;

	assert_int_equal(send(fd, "x", 1, 0), 1);
	while (recv(fd, &byte, 1, 0) < 0 && errno == EAGAIN && now_ms() - t < 3000)
		ctrl_server_poll(100, -1);
	assert_in_range(now_ms() - t, CTRL_HEADER_MS - 100, CTRL_HEADER_MS + 1900);
	close(fd);
}

static void
live_socket_is_not_taken(void **state)
{
	struct stat before, after;
	char want[256];
	pid_t pid;
	int rc;

	assert_return_code(stat(path, &before), errno);
	/* Another process, because the server of this one is a singleton. */
	pid = fork();
	if (pid == 0) {
		snprintf(
		    want, sizeof(want),
		    "another process serves the control socket %s: stop it, or choose another path with -x",
		    path);
		rc = ctrl_server_open(path) == -EADDRINUSE && strcmp(test_log, want) == 0;
		_exit(rc ? 0 : 1);
	}
	assert_true(waitpid(pid, &rc, 0) == pid);
	assert_int_equal(rc, 0);
	assert_return_code(stat(path, &after), errno);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_true(echo_request() <= 3);
}

/* Connects as another user with one group; the exit status tells how far it came. */
static pid_t
stranger(gid_t gid)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	struct dpvs_sock_msg_reply head = {0};
	struct dpvs_sock_msg msg = test_head(4660, SOCKOPT_GET, 0);
	pid_t pid = fork();
	int fd;

	if (pid != 0)
		return pid;
	strcpy(sa.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (setgroups(1, &gid) || setgid(65534) || setuid(65534))
		_exit(9);
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)))
		_exit(errno == EACCES ? 1 : 2);
	if (send(fd, &msg, sizeof(msg), MSG_NOSIGNAL) != sizeof(msg) ||
	    recv(fd, &head, sizeof(head), MSG_WAITALL) != sizeof(head))
		_exit(3);
	_exit(head.errcode == EDPVS_NOTSUPP ? 0 : 4);
}

static int
status_of(pid_t pid)
{
	uint64_t t = now_ms();
	int status = -1;

	/* By the clock: a child holds sockets of clients before it, which makes turns short. */
	while (waitpid(pid, &status, WNOHANG) != pid && now_ms() - t < 10000)
		ctrl_server_poll(20, -1);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
a_group_may_be_let_in(void **state)
{
	const struct group *group = getgrnam("daemon");
	struct stat st;

	if (geteuid() != 0 || !group)
		skip();
	strcpy(conf.global.ipc_group, "daemon");
	assert_int_equal(ctrl_server_open(path), 0);
	conf.global.ipc_group[0] = 0;
	assert_return_code(stat(path, &st), errno);
	assert_int_equal(st.st_mode & 07777, 0660);
	assert_int_equal(st.st_gid, group->gr_gid);
	assert_int_equal(status_of(stranger(group->gr_gid)), 0);
	assert_int_equal(status_of(stranger(65534)), 1);
	/* Not even when the file lets them: the kernel's word about the peer counts. */
	assert_return_code(chmod(path, 0666), errno);
	assert_int_equal(status_of(stranger(65534)), 3);
	ctrl_server_close();
}

static void
stale_socket_is_replaced(void **state)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(sa.sun_path, path);
	assert_return_code(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), errno);
	close(fd);
	assert_int_equal(ctrl_server_open(path), 0);
	echo_request();
	ctrl_server_close();
}

static void
other_files_are_left_alone(void **state)
{
	FILE *f = fopen(path, "w");
	char want[256];

	assert_non_null(f);
	fclose(f);
	assert_int_equal(ctrl_server_open(path), -EEXIST);
	snprintf(want, sizeof(want),
		 "%s exists and is not a socket: remove it or choose another path with -x", path);
	assert_string_equal(test_log, want);
	assert_int_equal(unlink(path), 0);
	ctrl_server_close();
}

static void
missing_directory_is_named(void **state)
{
	assert_int_equal(ctrl_server_open("/nonexistent-dir/x.ipc"), -ENOENT);
	assert_string_equal(test_log, "cannot make the control socket /nonexistent-dir/x.ipc: directory "
				      "/nonexistent-dir does not exist: "
				      "create it, or choose another path with -x");
	ctrl_server_close();
}

static void
long_path_is_refused(void **state)
{
	char longer[200];

	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	assert_int_equal(ctrl_server_open(longer), -ENAMETOOLONG);
	ctrl_server_close();
}

int
main(void)
{
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, open_server, close_server)
	const struct CMUnitTest tests[] = {
	    CASE(mode_is_0600),
	    CASE(serves),
	    CASE(extra_descriptor_wakes),
	    CASE(stalled_clients_do_not_delay),
	    CASE(full_house_makes_room),
	    CASE(full_house_loses_one_for_one),
	    CASE(reader_that_does_not_read_does_not_delay),
	    CASE(header_deadline),
	    CASE(live_socket_is_not_taken),
	    cmocka_unit_test(a_group_may_be_let_in),
	    cmocka_unit_test(stale_socket_is_replaced),
	    cmocka_unit_test(other_files_are_left_alone),
	    cmocka_unit_test(missing_directory_is_named),
	    cmocka_unit_test(long_path_is_refused),
	};
	int rc;

	if (!mkdtemp(dir) || chmod(dir, 0755))
		return 1;
	snprintf(path, sizeof(path), "%s/dpvs.ipc", dir);
	test_register();
	rc = cmocka_run_group_tests_name("server", tests, NULL, NULL);
	rmdir(dir);
	return rc;
}

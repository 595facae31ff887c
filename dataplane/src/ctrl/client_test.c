/* SPDX-License-Identifier: Apache-2.0 */
/* The state machine of one client over a socket pair. */
#include "test_stubs.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct ctrl_client client;
static int peer;

static int
setup(void **state)
{
	struct ctrl_peer who = {.pid = 1};
	int sv[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sv))
		return -1;
	peer = sv[1];
	ctrl_client_open(&client, sv[0], &who, 1000);
	return 0;
}

static int
teardown(void **state)
{
	ctrl_client_close(&client);
	close(peer);
	return 0;
}

static void
put(const void *data, size_t n)
{
	assert_int_equal(send(peer, data, n, MSG_NOSIGNAL), n);
}

static struct dpvs_sock_msg_reply
reply_head(void)
{
	struct dpvs_sock_msg_reply head;

	assert_int_equal(recv(peer, &head, sizeof(head), MSG_WAITALL), sizeof(head));
	return head;
}

static void
request_in_single_bytes(void **state)
{
	struct dpvs_sock_msg msg = test_head(DPVS_SO_GET_SERVICE, SOCKOPT_GET, 300);
	uint8_t body[300], back[300];
	struct dpvs_sock_msg_reply head;

	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = test_pattern(i);
	for (size_t i = 0; i < sizeof(msg); i++) {
		put((uint8_t *)&msg + i, 1);
		assert_int_equal(client.state, CLIENT_HEADER);
		ctrl_client_step(&client, 1000 + i);
	}
	assert_int_equal(client.deadline_ms, 1023 + CTRL_BODY_MS);
	for (size_t i = 0; i < sizeof(body); i++) {
		assert_int_equal(client.state, CLIENT_BODY);
		put(body + i, 1);
		ctrl_client_step(&client, 2000);
	}
	assert_int_equal(client.state, CLIENT_FREE);
	head = reply_head();
	assert_int_equal(head.version, DPVS_SOCK_VERSION);
	assert_int_equal(head.id, DPVS_SO_GET_SERVICE);
	assert_int_equal(head.type, SOCKOPT_GET);
	assert_int_equal(head.errcode, 0);
	assert_string_equal(head.errstr, "OK");
	assert_int_equal(head.len, 300);
	assert_int_equal(recv(peer, back, sizeof(back), 0), 300);
	assert_memory_equal(back, body, 300);
	assert_int_equal(recv(peer, back, 1, 0), 0);
}

static void
big_reply_in_partial_writes(void **state)
{
	struct dpvs_sock_msg msg = test_head(SOCKOPT_GET_CONN_ALL, SOCKOPT_GET, 48);
	uint8_t body[48] = {0}, chunk[40000];
	struct dpvs_sock_msg_reply head;
	size_t got = 0;
	unsigned steps = 0;

	put(&msg, sizeof(msg));
	put(body, sizeof(body));
	ctrl_client_step(&client, 1000);
	assert_int_equal(client.state, CLIENT_WRITE);
	assert_true(client.sent <= CTRL_STEP_BYTES + sizeof(head));
	assert_int_equal(client.deadline_ms, 1000 + CTRL_WRITE_MS + 64000);
	head = reply_head();
	assert_int_equal(head.len, TEST_BIG);
	while (got < TEST_BIG) {
		ssize_t n = recv(peer, chunk, sizeof(chunk), 0);

		if (n <= 0) {
			ctrl_client_step(&client, 1000 + ++steps);
			continue;
		}
		for (ssize_t i = 0; i < n; i++)
			if (chunk[i] != test_pattern(got + (size_t)i))
				fail_msg("byte %zu differs", got + (size_t)i);
		got += (size_t)n;
	}
	assert_true(steps >= TEST_BIG / CTRL_STEP_BYTES / 2);
	assert_int_equal(client.state, CLIENT_FREE);
}

static void
check_refused(const struct dpvs_sock_msg *msg, int code, const char *text)
{
	struct dpvs_sock_msg_reply head;

	put(msg, sizeof(*msg));
	ctrl_client_step(&client, 1000);
	head = reply_head();
	assert_int_equal(head.errcode, code);
	assert_string_equal(head.errstr, text);
	assert_int_equal(head.len, 0);
	assert_int_equal(head.id, msg->id);
	assert_int_equal(client.state, CLIENT_LINGER);
}

static void
wrong_version_is_invalid(void **state)
{
	struct dpvs_sock_msg msg = test_head(DPVS_SO_GET_SERVICE, SOCKOPT_GET, 0);

	msg.version = 0x00020000;
	check_refused(&msg, EDPVS_INVAL, "invalid parameter");
}

static void
unknown_id_is_not_supported(void **state)
{
	struct dpvs_sock_msg msg = test_head(4660, SOCKOPT_GET, 0);

	check_refused(&msg, EDPVS_NOTSUPP, "not support");
}

/* A client that is told off while it still sends must be able to finish sending and read the answer. */
static void
huge_length_is_refused_and_the_rest_thrown_away(void **state)
{
	struct dpvs_sock_msg msg = test_head(DPVS_SO_SET_ADD, SOCKOPT_SET, UINT64_MAX);
	uint8_t junk[50000] = {0};

	check_refused(&msg, EDPVS_INVAL, "invalid parameter");
	put(junk, sizeof(junk));
	ctrl_client_step(&client, 1100);
	assert_int_equal(client.state, CLIENT_LINGER);
	assert_int_equal(client.deadline_ms, 1000 + CTRL_LINGER_MS);
	put(junk, sizeof(junk));
	shutdown(peer, SHUT_WR);
	ctrl_client_step(&client, 1200);
	ctrl_client_step(&client, 1200);
	assert_int_equal(client.state, CLIENT_FREE);
}

static void
short_body_is_invalid(void **state)
{
	struct dpvs_sock_msg msg = test_head(DPVS_SO_GET_SERVICE, SOCKOPT_GET, 264);
	uint8_t body[50] = {0};

	put(&msg, sizeof(msg));
	put(body, sizeof(body));
	shutdown(peer, SHUT_WR);
	ctrl_client_step(&client, 1000);
	assert_int_equal(client.state, CLIENT_BODY);
	ctrl_client_step(&client, 1000);
	assert_int_equal(reply_head().errcode, EDPVS_INVAL);
	assert_int_equal(client.state, CLIENT_FREE);
}

/* What a client announces costs nothing; memory is taken for what it sends. */
static void
a_large_body_takes_memory_as_it_comes(void **state)
{
	struct dpvs_sock_msg msg = test_head(DS_MSG_BATCH, SOCKOPT_SET, CTRL_BATCH_MAX);
	static uint8_t zero[100000];
	size_t sent = 0;

	put(&msg, sizeof(msg));
	ctrl_client_step(&client, 1000);
	assert_int_equal(client.state, CLIENT_BODY);
	assert_int_equal(client.deadline_ms, 1000 + CTRL_BODY_MS + 64000);
	assert_true(client.body_cap <= CTRL_STEP_BYTES + 1);
	while (sent < 5 << 20) {
		put(zero, sizeof(zero));
		sent += sizeof(zero);
		ctrl_client_step(&client, 1000);
		assert_int_equal(client.body_len, sent);
		assert_true(client.body_cap <= 2 * sent + CTRL_STEP_BYTES + 1);
	}
	assert_int_equal(client.state, CLIENT_BODY);
}

/* All places together cannot make the daemon take more than it has for large bodies. */
static void
large_bodies_have_a_limit_together(void **state)
{
	struct dpvs_sock_msg msg = test_head(DS_MSG_BATCH, SOCKOPT_SET, CTRL_BATCH_MAX);
	static struct ctrl_client crowd[8];
	static uint8_t zero[CTRL_STEP_BYTES];
	struct ctrl_peer who = {.pid = 1};
	unsigned refused = 0;
	int far[8];

	for (unsigned i = 0; i < 8; i++) {
		int sv[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sv), 0);
		far[i] = sv[1];
		ctrl_client_open(&crowd[i], sv[0], &who, 0);
		send(far[i], &msg, sizeof(msg), MSG_NOSIGNAL);
		for (size_t sent = 0; sent < (20 << 20) && crowd[i].state <= CLIENT_BODY;) {
			ssize_t n = send(far[i], zero, sizeof(zero), MSG_NOSIGNAL);

			sent += n > 0 ? (size_t)n : 0;
			ctrl_client_step(&crowd[i], 0);
		}
		refused += crowd[i].state > CLIENT_BODY && crowd[i].answer.errcode == EDPVS_NOMEM;
	}
	assert_in_range(refused, 1, 5);
	/* Usual requests have their own memory. */
	request_in_single_bytes(state);
	for (unsigned i = 0; i < 8; i++) {
		ctrl_client_close(&crowd[i]);
		close(far[i]);
	}
	close(peer);
	setup(state);
	a_large_body_takes_memory_as_it_comes(state);
}

static void
half_header_then_gone(void **state)
{
	put("1234", 4);
	ctrl_client_step(&client, 1000);
	assert_int_equal(client.state, CLIENT_HEADER);
	shutdown(peer, SHUT_WR);
	ctrl_client_step(&client, 1000);
	assert_int_equal(client.state, CLIENT_FREE);
}

static void
reader_gone_before_the_reply(void **state)
{
	struct dpvs_sock_msg msg = test_head(SOCKOPT_GET_CONN_ALL, SOCKOPT_GET, 48);
	uint8_t body[48] = {0};

	put(&msg, sizeof(msg));
	put(body, sizeof(body));
	close(peer);
	ctrl_client_step(&client, 1000);
	assert_int_equal(client.state, CLIENT_FREE);
	peer = -1;
}

/* ---- descriptors ---- */

static int
open_files(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Passes the end of a pipe and, because the first byte says so, 64 MiB or an error. */
static int
pass_fd(const struct ctrl_request *req, struct ctrl_reply *out)
{
	char how = *(const char *)req->body;
	int pipe_fd[2], rc;

	if (pipe2(pipe_fd, O_CLOEXEC))
		return EDPVS_SYSCALL;
	assert_int_equal(write(pipe_fd[1], "from the daemon", 15), 15);
	rc = ctrl_reply_fd(out, pipe_fd[0]);
	if (!rc)
		assert_int_equal(ctrl_reply_fd(out, pipe_fd[0]), EDPVS_RESOURCE);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
	if (!ctrl_reply_add(out, how == 'b' ? TEST_BIG : 4))
		return EDPVS_NOMEM;
	return how == 'e' ? EDPVS_NOTEXIST : rc;
}

/* Receives up to n bytes. *fd becomes the descriptor that came with them, -1 if none did. */
static ssize_t
recv_fd(void *to, size_t n, int *fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(2 * sizeof(int))];
	} space;
	struct iovec iov = {.iov_base = to, .iov_len = n};
	struct msghdr msg = {
	    .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &space, .msg_controllen = sizeof(space)};
	ssize_t got = recvmsg(peer, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	*fd = -1;
	if (got > 0 && cmsg) {
		assert_int_equal(cmsg->cmsg_len, CMSG_LEN(sizeof(int)));
		memcpy(fd, CMSG_DATA(cmsg), sizeof(*fd));
	}
	return got;
}

static void
ask_for_fd(char how)
{
	struct dpvs_sock_msg msg = test_head(DS_MSG_STATS, SOCKOPT_GET, 1);

	put(&msg, sizeof(msg));
	put(&how, 1);
	ctrl_client_step(&client, 1000);
}

static void
a_descriptor_comes_with_the_first_bytes_only(void **state)
{
	int before = open_files(), fd, again;
	char text[16] = "", *chunk = malloc(1 << 20);
	size_t total;
	ssize_t got;

	ask_for_fd('b');
	total = (size_t)recv_fd(chunk, 10, &fd);
	assert_int_equal(total, 10);
	assert_true(fd >= 0);
	assert_int_equal(read(fd, text, sizeof(text)), 15);
	assert_string_equal(text, "from the daemon");
	close(fd);
	assert_int_equal(open_files(), before); /* the daemon's own is closed as well */
	while (client.state != CLIENT_FREE) {
		ctrl_client_step(&client, 1000);
		while ((got = recv_fd(chunk, 1 << 20, &again)) > 0) {
			assert_int_equal(again, -1);
			total += (size_t)got;
		}
	}
	assert_int_equal(total, sizeof(struct dpvs_sock_msg_reply) + TEST_BIG);
	free(chunk);
}

static void
descriptors_that_nobody_gets_are_closed(void **state)
{
	int before = open_files(), fd;
	char reply[200];

	/* An error has no body and no descriptor. */
	ask_for_fd('e');
	assert_int_equal(client.state, CLIENT_FREE);
	assert_int_equal(recv_fd(reply, sizeof(reply), &fd), sizeof(struct dpvs_sock_msg_reply));
	assert_int_equal(fd, -1);
	assert_int_equal(open_files(), before - 1); /* the connection is closed, and nothing is left */
}

static void
a_descriptor_for_a_client_that_went_away_is_closed(void **state)
{
	int before = open_files();

	shutdown(client.fd, SHUT_WR); /* nothing can be written any more */
	ask_for_fd('s');
	assert_int_equal(client.state, CLIENT_FREE);
	assert_int_equal(open_files(), before - 1);
}

int
main(void)
{
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
	    CASE(request_in_single_bytes),
	    CASE(big_reply_in_partial_writes),
	    CASE(wrong_version_is_invalid),
	    CASE(unknown_id_is_not_supported),
	    CASE(huge_length_is_refused_and_the_rest_thrown_away),
	    CASE(short_body_is_invalid),
	    CASE(a_large_body_takes_memory_as_it_comes),
	    CASE(large_bodies_have_a_limit_together),
	    CASE(half_header_then_gone),
	    CASE(reader_gone_before_the_reply),
	    CASE(a_descriptor_comes_with_the_first_bytes_only),
	    CASE(descriptors_that_nobody_gets_are_closed),
	    CASE(a_descriptor_for_a_client_that_went_away_is_closed),
	};

	test_register();
	ctrl_batch_register();
	ctrl_register(DS_MSG_STATS, pass_fd);
	return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}

// SPDX-License-Identifier: Apache-2.0
#include "exchange.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

namespace
{

class Deadline
{
      public:
	explicit Deadline(int64_t timeout_ms) : end_(now_ms() + std::max<int64_t>(timeout_ms, 0))
	{
	}

	int64_t left_ms() const
	{
		return std::max<int64_t>(end_ - now_ms(), 0);
	}

      private:
	static int64_t now_ms()
	{
		timespec t;

		clock_gettime(CLOCK_MONOTONIC, &t);
		return int64_t(t.tv_sec) * 1000 + t.tv_nsec / 1000000;
	}

	int64_t end_;
};

class Socket
{
      public:
	Socket() : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0))
	{
	}

	~Socket()
	{
		if (fd_ >= 0)
			close(fd_);
	}

	Socket(const Socket &) = delete;
	Socket &operator=(const Socket &) = delete;

	int fd() const
	{
		return fd_;
	}

      private:
	int fd_;
};

// Waits until fd can do what events says. 0, or ETIMEDOUT, or another errno.
int
wait_for(int fd, short events, const Deadline &deadline)
{
	for (;;) {
		const int64_t left = deadline.left_ms();
		pollfd p = {fd, events, 0};
		const int n = poll(&p, 1, int(std::min<int64_t>(left, 1 << 30)));

		if (n > 0)
			return 0;
		if (n == 0 && left == 0)
			return ETIMEDOUT;
		if (n < 0 && errno != EINTR)
			return errno;
	}
}

// A full queue of the listener is not an error: daemons of old have room for one. A blocking connect is woken
// as soon as there is room; SO_SNDTIMEO bounds it and makes it fail with EAGAIN.
int
connect_to(int fd, const std::string &path, const Deadline &deadline)
{
	sockaddr_un addr = {};
	useconds_t pause_us = 1000;

	addr.sun_family = AF_UNIX;
	if (path.size() >= sizeof(addr.sun_path))
		return ENAMETOOLONG;
	memcpy(addr.sun_path, path.data(), path.size());

	for (;;) {
		const int64_t left = deadline.left_ms();
		const timeval tv = {time_t(left / 1000), suseconds_t(left % 1000 * 1000)};

		if (left == 0)
			return ETIMEDOUT;
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
		if (connect(fd, reinterpret_cast<const sockaddr *>(&addr), sizeof(addr)) == 0)
			return 0;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return errno;
		usleep(pause_us);
		pause_us = std::min<useconds_t>(pause_us * 2, 50000);
	}
}

// Sends header and body, in one call when the kernel takes them whole.
int
send_all(int fd, const Request &request, const Deadline &deadline)
{
	dpvs_sock_msg header = {};
	header.version = DPVS_SOCK_VERSION;
	header.id = request.id;
	header.type = request.type;
	header.len = request.body_len;

	iovec parts[2] = {{&header, sizeof(header)}, {const_cast<uint8_t *>(request.body), request.body_len}};
	msghdr msg = {};
	msg.msg_iov = parts;
	msg.msg_iovlen = 2;

	while (parts[0].iov_len + parts[1].iov_len > 0) {
		const ssize_t n = sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN) {
			if (const int error = wait_for(fd, POLLOUT, deadline))
				return error;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		size_t sent = size_t(n);
		for (iovec &part : parts) {
			const size_t take = std::min(sent, part.iov_len);

			part.iov_base = static_cast<uint8_t *>(part.iov_base) + take;
			part.iov_len -= take;
			sent -= take;
		}
	}
	return 0;
}

// Keeps the first descriptor of a message when it is wanted and closes all others.
void
take_fds(msghdr &msg, bool want, int &kept)
{
	for (cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		const size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (want && kept < 0)
				kept = fd;
			else
				close(fd);
		}
	}
}

// Receives exactly len bytes. Returns 0 with received < len when the peer closed, else an errno.
int
receive(int fd, uint8_t *into, size_t len, const Deadline &deadline, bool want_fd, uint64_t &received,
	int &kept)
{
	received = 0;
	while (received < len) {
		alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * 4)];
		iovec part = {into + received, size_t(len - received)};
		msghdr msg = {};
		msg.msg_iov = &part;
		msg.msg_iovlen = 1;
		if (want_fd) {
			msg.msg_control = control;
			msg.msg_controllen = sizeof(control);
		}

		const ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		if (n < 0 && errno == EAGAIN) {
			if (const int error = wait_for(fd, POLLIN, deadline))
				return error;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		take_fds(msg, want_fd, kept);
		if (n == 0)
			return 0;
		received += uint64_t(n);
	}
	return 0;
}

// Nobody takes a descriptor that came with anything but success.
Outcome
without_fd(Outcome out)
{
	if (out.fd >= 0)
		close(out.fd);
	out.fd = -1;
	return out;
}

Outcome
failed(Outcome out, Stage stage, int error)
{
	out = without_fd(out);
	out.stage = stage;
	out.error = error;
	return out;
}

} // namespace

Outcome
exchange(const Request &request, const Allocate &allocate)
{
	const Deadline deadline(request.timeout_ms);
	const Socket socket;
	Outcome out;

	if (socket.fd() < 0)
		return failed(out, Stage::Connect, errno);
	if (const int error = connect_to(socket.fd(), request.path, deadline))
		return failed(out, Stage::Connect, error);

	// A daemon that refuses a request may close before it has read it all: its reply, if any, says more
	// than EPIPE.
	const int send_error = send_all(socket.fd(), request, deadline);
	if (send_error && send_error != EPIPE && send_error != ECONNRESET)
		return failed(out, Stage::Send, send_error);

	int error = receive(socket.fd(), reinterpret_cast<uint8_t *>(&out.header), sizeof(out.header),
			    deadline, request.want_fd, out.received, out.fd);
	if (error || out.received < sizeof(out.header))
		return failed(out, send_error ? Stage::Send : Stage::Header, send_error ? send_error : error);
	if (out.header.version != DPVS_SOCK_VERSION)
		return failed(out, Stage::Version, 0);
	if (out.header.id != request.id)
		return failed(out, Stage::Mismatch, 0);
	if (out.header.len > request.max_body)
		return failed(out, Stage::Oversized, 0);
	if (out.header.errcode != 0)
		return without_fd(out);
	if (out.header.len == 0)
		return out;

	uint8_t *body = allocate(size_t(out.header.len));
	if (!body)
		return failed(out, Stage::Body, ENOMEM);
	error = receive(socket.fd(), body, size_t(out.header.len), deadline, request.want_fd, out.received,
			out.fd);
	if (error || out.received < out.header.len)
		return failed(out, Stage::Body, error);
	return out;
}

int
peer_credentials(const std::string &path, int64_t timeout_ms, ucred *peer)
{
	const Deadline deadline(timeout_ms);
	const Socket socket;
	socklen_t len = sizeof(*peer);

	if (socket.fd() < 0)
		return errno;
	if (const int error = connect_to(socket.fd(), path, deadline))
		return error;
	return getsockopt(socket.fd(), SOL_SOCKET, SO_PEERCRED, peer, &len) ? errno : 0;
}

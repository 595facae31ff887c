// SPDX-License-Identifier: Apache-2.0
// One request and one reply over the control socket, blocking with a deadline. Knows nothing of Node.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <sys/socket.h>

extern "C" {
#include "proto.h"
}

// Where an exchange ended.
enum class Stage : uint8_t {
	Done,	  // whole reply received
	Connect,  // no connection
	Send,	  // the request could not be sent and there was no reply either
	Header,	  // closed or failed before the 88 bytes of the reply's header
	Body,	  // closed or failed within the reply's body
	Version,  // the header carries another version
	Mismatch, // the header answers another request
	Oversized // the reply announces more than the caller allows
};

struct Request {
	std::string path; // of the socket, at most 107 bytes
	uint32_t id;
	int32_t type; // SOCKOPT_GET or SOCKOPT_SET
	const uint8_t *body;
	size_t body_len;    // bytes
	int64_t timeout_ms; // for the whole exchange
	uint64_t max_body;  // bytes
	bool want_fd;	    // keep a file descriptor that comes with the reply
};

struct Outcome {
	Stage stage = Stage::Done;
	int error = 0;	       // errno; ETIMEDOUT at the deadline; 0 when the peer closed
	uint64_t received = 0; // bytes of the header, or of the body when stage is Body
	dpvs_sock_msg_reply header = {};
	int fd = -1; // owned by the caller
};

// Gives the place for a body of len bytes, or nullptr when there is no memory.
using Allocate = std::function<uint8_t *(size_t len)>;

// Performs the exchange. Never throws; the socket is closed when it returns.
Outcome exchange(const Request &request, const Allocate &allocate);

// Connects and asks the kernel who listens. Returns 0 or an errno.
int peer_credentials(const std::string &path, int64_t timeout_ms, ucred *peer);

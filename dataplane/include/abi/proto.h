/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The socket: AF_UNIX, SOCK_STREAM, one request and one reply per connection. A request is struct
 * dpvs_sock_msg and `len` bytes; the reply is struct dpvs_sock_msg_reply and `len` bytes, none when errcode
 * is not 0.
 */
#ifndef ABI_PROTO_H
#define ABI_PROTO_H

#include "base.h"
#include "messages.h"

#define DPVS_SOCK_PATH	     "/var/run/dpvs.ipc" /* default path, at most 107 bytes */
#define DPVS_SOCK_PATH_ENV   "DPVS_IPC_FILE"	 /* environment variable that overrides it in clients */
#define DPVS_SOCK_VERSION    0x00010000		 /* 1.0.0 as major << 16 | minor << 8 | patch */
#define DPVS_SOCK_ERRSTR_LEN 64

/* dpvs_sock_msg.type. */
#define SOCKOPT_GET 0
#define SOCKOPT_SET 1

/* Head of a request; `len` bytes of body follow at offset 24. */
struct dpvs_sock_msg {
	uint32_t version; /* DPVS_SOCK_VERSION */
	uint32_t id;	  /* enum abi_message_id */
	int32_t type;	  /* SOCKOPT_GET or SOCKOPT_SET */
	uint8_t pad0[4];
	uint64_t len; /* bytes of body */
};
ABI_SIZE(struct dpvs_sock_msg, 24);
ABI_OFFSET(struct dpvs_sock_msg, len, 16);

/* Head of a reply; `len` bytes of body follow at offset 88. */
struct dpvs_sock_msg_reply {
	uint32_t version;		   /* DPVS_SOCK_VERSION */
	uint32_t id;			   /* of the request */
	int32_t type;			   /* of the request */
	int32_t errcode;		   /* EDPVS_*, 0 or negative */
	char errstr[DPVS_SOCK_ERRSTR_LEN]; /* text of errcode, zero filled */
	uint64_t len;			   /* bytes of body; 0 when errcode is not 0 */
};
ABI_SIZE(struct dpvs_sock_msg_reply, 88);
ABI_OFFSET(struct dpvs_sock_msg_reply, errcode, 12);
ABI_OFFSET(struct dpvs_sock_msg_reply, len, 80);

/* E(symbol, code, text): codes of dpvs_sock_msg_reply.errcode with the text sent in errstr. */
#define ABI_ERRORS(E)                                                                                        \
	E(EDPVS_OK, 0, "OK")                                                                                 \
	E(EDPVS_INVAL, -1, "invalid parameter")                                                              \
	E(EDPVS_NOMEM, -2, "no memory")                                                                      \
	E(EDPVS_EXIST, -3, "already exist")                                                                  \
	E(EDPVS_NOTEXIST, -4, "not exist")                                                                   \
	E(EDPVS_INVPKT, -5, "invalid packet")                                                                \
	E(EDPVS_DROP, -6, "packet dropped")                                                                  \
	E(EDPVS_NOPROT, -7, "no protocol")                                                                   \
	E(EDPVS_NOROUTE, -8, "no route")                                                                     \
	E(EDPVS_DEFRAG, -9, "defragment error")                                                              \
	E(EDPVS_FRAG, -10, "fragment error")                                                                 \
	E(EDPVS_DPDKAPIFAIL, -11, "failed dpdk api")                                                         \
	E(EDPVS_IDLE, -12, "nothing to do")                                                                  \
	E(EDPVS_BUSY, -13, "resource busy")                                                                  \
	E(EDPVS_NOTSUPP, -14, "not support")                                                                 \
	E(EDPVS_RESOURCE, -15, "no resource")                                                                \
	E(EDPVS_OVERLOAD, -16, "overloaded")                                                                 \
	E(EDPVS_NOSERV, -17, "no service")                                                                   \
	E(EDPVS_DISABLED, -18, "disabled")                                                                   \
	E(EDPVS_NOROOM, -19, "no room")                                                                      \
	E(EDPVS_NONEALCORE, -20, "non-EAL thread lcore")                                                     \
	E(EDPVS_CALLBACKFAIL, -21, "callback failed")                                                        \
	E(EDPVS_IO, -22, "I/O error")                                                                        \
	E(EDPVS_MSG_FAIL, -23, "msg callback failed")                                                        \
	E(EDPVS_MSG_DROP, -24, "msg dropped")                                                                \
	E(EDPVS_PKTSTOLEN, -25, "stolen packet")                                                             \
	E(EDPVS_SYSCALL, -26, "system call failed")                                                          \
	E(EDPVS_NODEV, -27, "no such device")                                                                \
	E(EDPVS_KNICONTINUE, 1, "kni to continue")                                                           \
	E(EDPVS_INPROGRESS, 2, "in progress")

#define ABI_ERROR_CODE(symbol, code, text) symbol = (code),
enum abi_error { ABI_ERRORS(ABI_ERROR_CODE) };
#undef ABI_ERROR_CODE

/* Text for a code that is not in the table, spelled as old tools expect it. */
#define ABI_ERROR_UNKNOWN "<unknow>"

#endif

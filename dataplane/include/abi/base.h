/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ground rules of the control ABI. The headers in this folder are the only place where a layout of the
 * control socket is written: fixed-width members, explicit padding, no pointers, long, bool, bit-fields or
 * enumerations as members. They are valid as C11 and as C++17, because the daemon and the Node addon both
 * compile them.
 *
 * Byte order is native unless a member has type abi_be16_t or abi_be32_t; addresses are bytes in network
 * order. Texts are NUL terminated. Senders zero padding, receivers ignore it. Lists follow a fixed head
 * without alignment: copy elements out, never cast.
 */
#ifndef ABI_BASE_H
#define ABI_BASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define ABI_ASSERT(cond, text) static_assert(cond, text)
#else
#define ABI_ASSERT(cond, text) _Static_assert(cond, text)
#endif

/* Break the build when a layout is not the one on the wire. */
#define ABI_SIZE(type, size) ABI_ASSERT(sizeof(type) == (size), #type " must have " #size " bytes")
#define ABI_OFFSET(type, member, off)                                                                        \
	ABI_ASSERT(offsetof(type, member) == (off), #type "." #member " must be at " #off)

#define ABI_PACKED __attribute__((packed))

/* Numbers that travel in network byte order. */
typedef uint16_t abi_be16_t;
typedef uint32_t abi_be32_t;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CTRL_TEST_STUBS_H
#define CTRL_TEST_STUBS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ctrl_internal.h"

/* The last line that was logged. */
extern char test_log[512];

/* A request header as a client sends it. */
struct dpvs_sock_msg test_head(uint32_t id, int32_t type, uint64_t len);

/* Handlers for tests: ids 20 (echoes its body), 10 (set, succeeds), 12 (set, fails after writing a reply), 90
 * (64 MiB reply of the pattern test_pattern()). */
void test_register(void);
uint8_t test_pattern(size_t i);
enum { TEST_BIG = 64 << 20 };

#endif

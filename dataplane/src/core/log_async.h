/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of the log share. */
#ifndef CORE_LOG_ASYNC_H
#define CORE_LOG_ASYNC_H

#include <stdbool.h>
#include <time.h>

#include "core/log.h"

enum { LOG_ASYNC_LINE = 1024 }; /* bytes of a line, the rest is cut */

/* Puts a line into the ring, unless its site says the same all the time. False: the log is synchronous. */
bool log_async_put(enum log_level level, const char *module, const char *fmt, const char *text);

/* Writes a line ("module: text") to where the log goes. at: time of the message. */
void log_emit(enum log_level level, time_t at, const char *text);
/* The same from a signal handler: without time, not to syslog. */
void log_emit_raw(enum log_level level, const char *text);

#endif

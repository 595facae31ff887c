/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logging of the control path. The data path never logs: it counts.
 * A message is one line without line end; control characters in it are replaced. Any thread may log, workers
 * must not. Asynchronous (log_async_*), a thread of its own writes, and repetition is left out and counted.
 */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <stdbool.h>

/* Numerically as in syslog. */
enum log_level {
	LOG_L_EMERG,
	LOG_L_ALERT,
	LOG_L_CRIT,
	LOG_L_ERR,
	LOG_L_WARNING,
	LOG_L_NOTICE,
	LOG_L_INFO,
	LOG_L_DEBUG
};

void log_write(enum log_level level, const char *module, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#define log_err(module, ...)	 log_write(LOG_L_ERR, module, __VA_ARGS__)
#define log_warning(module, ...) log_write(LOG_L_WARNING, module, __VA_ARGS__)
#define log_notice(module, ...)	 log_write(LOG_L_NOTICE, module, __VA_ARGS__)
#define log_info(module, ...)	 log_write(LOG_L_INFO, module, __VA_ARGS__)
#define log_debug(module, ...)	 log_write(LOG_L_DEBUG, module, __VA_ARGS__)

/* Applies configuration: level, file (NULL or "" = syslog and stderr). Re-opens the file. 0 or a negative
 * errno. */
int log_configure(enum log_level level, const char *file);

/* Level by name (EMERG … DEBUG; a value that starts with one of the names matches). Negative when unknown. */
int log_level_parse(const char *name);

/* Until this is called, warnings and errors go to stderr even when there is a log file: someone is watching
 * the start. */
void log_start_done(void);

/* Lines of a log file begin with the time, UTC (the default), or not. */
void log_time_stamps(bool on);

/*
 * The asynchronous log. open: from now on lines wait in a ring of so many; 0 or -ENOMEM. run: body of the
 * thread that writes them. end: the thread returns when all are written. close: after that; the log is
 * synchronous again.
 */
int log_async_open(unsigned lines);
void *log_async_run(void *arg);
void log_async_end(void);
void log_async_close(void);
/* Waits until all that was logged is written, or the time is over. */
void log_async_flush(unsigned patience_ms);
/* SIGSEGV and SIGABRT write what waits before they end the process. */
void log_async_survive_crashes(void);

/* The open log file, or -1 when the log goes to syslog and stderr. */
int log_file_descriptor(void);

#endif

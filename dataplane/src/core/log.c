/* SPDX-License-Identifier: Apache-2.0 */
#include "core/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "log_async.h"

enum { LINE_SIZE = 2048 };

static const char *const level_names[] = {"EMERG",   "ALERT",  "CRIT", "ERR",
					  "WARNING", "NOTICE", "INFO", "DEBUG"};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static enum log_level threshold = LOG_L_INFO;
static int log_fd = -1; /* the log file; -1: syslog and stderr */
static bool starting = true, stamps = true;
/* Not before log_configure(): what happens until then is for the person at the terminal. */
static bool to_syslog;

/* A message must not be able to forge lines or steer a terminal. UTF-8 passes. */
static void
escape(char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 0x20 || c == 0x7f)
			*text = '?';
	}
}

static void
write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* a full disk must not stop the daemon */
		text += n;
		len -= (size_t)n;
	}
}

void
log_emit(enum log_level level, time_t at, const char *text)
{
	char line[LINE_SIZE + 128], stamp[40] = "";
	int n;

	pthread_mutex_lock(&lock);
	if (log_fd >= 0 && stamps) {
		struct tm tm;

		gmtime_r(&at, &tm);
		strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S ", &tm);
	} else if (log_fd < 0 && to_syslog) {
		syslog((int)level, "%s", text);
	}
	n = snprintf(line, sizeof(line), "%s%s %s\n", stamp, level_names[level], text);
	if (log_fd >= 0)
		write_all(log_fd, line, (size_t)n);
	if (log_fd < 0 || (starting && level <= LOG_L_WARNING))
		write_all(STDERR_FILENO, line, (size_t)n);
	pthread_mutex_unlock(&lock);
}

void
log_emit_raw(enum log_level level, const char *text)
{
	int fd = log_fd < 0 ? STDERR_FILENO : log_fd;

	write_all(fd, level_names[level], strlen(level_names[level]));
	write_all(fd, " ", 1);
	write_all(fd, text, strlen(text));
	write_all(fd, "\n", 1);
}

void
log_write(enum log_level level, const char *module, const char *fmt, ...)
{
	char text[LINE_SIZE], line[LINE_SIZE + 64];
	va_list ap;
	int n;

	if (level > threshold)
		return;
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	escape(text);
	if (log_async_put(level, module, fmt, text))
		return;
	snprintf(line, sizeof(line), "%s: %s", module, text);
	log_emit(level, time(NULL), line);
}

void
log_time_stamps(bool on)
{
	stamps = on;
}

int
log_configure(enum log_level level, const char *file)
{
	int fd = -1, err = 0;

	if (file && file[0]) {
		fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
		if (fd < 0)
			err = -errno;
	} else if (!to_syslog) {
		openlog("dpvs", LOG_PID, LOG_DAEMON);
	}
	pthread_mutex_lock(&lock);
	threshold = level;
	if (!err) {
		if (log_fd >= 0)
			close(log_fd);
		log_fd = fd;
		to_syslog = fd < 0;
	}
	pthread_mutex_unlock(&lock);
	return err;
}

int
log_level_parse(const char *name)
{
	for (int i = LOG_L_DEBUG; i >= LOG_L_EMERG; i--) {
		if (!strncasecmp(name, level_names[i], strlen(level_names[i])))
			return i;
	}
	return -1;
}

void
log_start_done(void)
{
	starting = false;
}

int
log_file_descriptor(void)
{
	return log_fd;
}

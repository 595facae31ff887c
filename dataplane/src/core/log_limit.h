/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What keeps a log readable when something goes wrong a thousand times: of one call site, a text that repeats
 * the one before it is left out for five seconds, and so is what goes beyond LOG_LIMIT_LINES in that time.
 * What was left out is counted. Private to the log; callers hold its lock.
 */
#ifndef CORE_LOG_LIMIT_H
#define CORE_LOG_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

enum { LOG_LIMIT_MS = 5000, LOG_LIMIT_LINES = 100, LOG_LIMIT_SITES = 64, LOG_LIMIT_TEXT = 160 };

struct log_limit_site {
	const char *fmt; /* stands for the call site; NULL: free */
	uint64_t since_ms;
	unsigned lines, left_out;
	uint32_t last;		   /* hash of the last text */
	char text[LOG_LIMIT_TEXT]; /* the last one that was left out, cut */
};

struct log_limit {
	struct log_limit_site site[LOG_LIMIT_SITES];
	unsigned waiting; /* sites that have left something out and not yet said so */
};

/* Is told what a site left out, before the entry is used anew. */
typedef void log_limit_report(unsigned left_out, const char *text, void *arg);

/* True: the text is to be logged. */
bool log_limit_pass(struct log_limit *l, const char *fmt, const char *text, uint64_t now_ms,
		    log_limit_report *report, void *arg);
/* Reports what was left out by sites whose time is over; all: by every site. */
void log_limit_tick(struct log_limit *l, uint64_t now_ms, bool all, log_limit_report *report, void *arg);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "log_limit.h"

#include <stdio.h>
#include <string.h>

static uint32_t
text_hash(const char *text)
{
	uint32_t h = 2166136261u;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 16777619u;
	return h;
}

static void
settle(struct log_limit *l, struct log_limit_site *s, log_limit_report *report, void *arg)
{
	if (s->left_out) {
		report(s->left_out, s->text, arg);
		l->waiting--;
	}
	s->fmt = NULL;
	s->left_out = 0;
}

bool
log_limit_pass(struct log_limit *l, const char *fmt, const char *text, uint64_t now_ms,
	       log_limit_report *report, void *arg)
{
	struct log_limit_site *s = &l->site[((uintptr_t)fmt >> 3) % LOG_LIMIT_SITES];
	uint32_t hash = text_hash(text);

	if (s->fmt != fmt || now_ms - s->since_ms >= LOG_LIMIT_MS) {
		settle(l, s, report, arg);
		*s = (struct log_limit_site){.fmt = fmt, .since_ms = now_ms, .lines = 1, .last = hash};
		return true;
	}
	if (s->last != hash && s->lines < LOG_LIMIT_LINES) {
		s->last = hash;
		s->lines++;
		return true;
	}
	l->waiting += s->left_out++ == 0;
	snprintf(s->text, sizeof(s->text), "%s", text);
	return false;
}

void
log_limit_tick(struct log_limit *l, uint64_t now_ms, bool all, log_limit_report *report, void *arg)
{
	for (unsigned i = 0; i < LOG_LIMIT_SITES && l->waiting; i++) {
		struct log_limit_site *s = &l->site[i];

		if (s->left_out && (all || now_ms - s->since_ms >= LOG_LIMIT_MS))
			settle(l, s, report, arg);
	}
}

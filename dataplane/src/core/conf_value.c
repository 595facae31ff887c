/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and printing of single configuration values, by the type in the schema. */
#include "conf_key.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"

static void
put_int(const struct conf_key *k, void *base, int64_t v)
{
	char *field = (char *)base + k->offset;

	if (k->size == sizeof(bool)) {
		*(bool *)field = v != 0;
	} else {
		uint32_t w = (uint32_t)v;

		memcpy(field, &w, sizeof(w));
	}
}

static int64_t
get_int(const struct conf_key *k, const void *base)
{
	const char *field = (const char *)base + k->offset;
	int32_t v;

	if (k->size == sizeof(bool))
		return *(const bool *)field;
	memcpy(&v, field, sizeof(v));
	return k->max > INT32_MAX ? (int64_t)(uint32_t)v : v;
}

static void
put_text(const struct conf_key *k, void *base, const char *text)
{
	snprintf((char *)base + k->offset, k->size, "%s", text);
}

/* Position of a word among alternatives joined by |; -1 when it is none of them. */
static int
choice_index(const char *values, const char *word)
{
	size_t len = strlen(word);

	for (int i = 0; *values; i++) {
		size_t n = strcspn(values, "|");

		if (n == len && !memcmp(values, word, n))
			return i;
		values += n + (values[n] == '|');
	}
	return -1;
}

void
conf_value_default(const struct conf_key *k, void *base)
{
	memset((char *)base + k->offset, 0, k->size);
	if (!k->def)
		return;
	switch (k->type) {
	case CONF_INT:
		put_int(k, base, strtoll(k->def, NULL, 10));
		break;
	case CONF_ONOFF:
	case CONF_FLAG:
		put_int(k, base, !strcmp(k->def, "on"));
		break;
	case CONF_INDEX:
		put_int(k, base, choice_index(k->values, k->def));
		break;
	case CONF_TEXT:
	case CONF_CHOICE:
	case CONF_LEVEL:
	case CONF_RSS:
	case CONF_HEX:
		put_text(k, base, k->def);
		break;
	case CONF_BLOCK:
	case CONF_NAMED:
	case CONF_QUEUES:
	case CONF_CPUS:
	case CONF_MEMBER:
		break;
	}
}

static const char *
default_words(const struct conf_key *k)
{
	if (k->flags & CONF_MACHINE)
		return "sized from the machine";
	return k->def ? k->def : "empty";
}

static void
bad_value(const struct conf_key *k, void *base, const struct conf_stmt *s, const char *what)
{
	conf_warn(s->file, s->line, "%s: '%s' %s; the default is used (%s)", s->tok[0], s->tok[1], what,
		  default_words(k));
	conf_value_default(k, base);
}

/* Largest power of two that is not above v (v > 0). */
static int64_t
pow2_floor(int64_t v)
{
	return (int64_t)1 << (63 - __builtin_clzll((uint64_t)v));
}

static void
set_int(const struct conf_key *k, void *base, const struct conf_stmt *s)
{
	char *end, what[96];
	long long v;
	int64_t rounded;

	errno = 0;
	v = strtoll(s->tok[1], &end, 10);
	if (end == s->tok[1]) {
		bad_value(k, base, s, "is not a number");
		return;
	}
	if (errno || v < k->min || v > k->max) {
		snprintf(what, sizeof(what), "is not in %lld-%lld", (long long)k->min, (long long)k->max);
		bad_value(k, base, s, what);
		return;
	}
	if (*end)
		conf_warn(s->file, s->line, "%s: '%s' behind the number %lld is ignored", s->tok[0], end, v);
	rounded = v;
	if (k->flags & CONF_POW2)
		rounded = pow2_floor(v);
	else if (k->flags & CONF_POW2M1)
		rounded = pow2_floor(v + 1) - 1;
	if (rounded != v)
		conf_warn(s->file, s->line, "%s: %lld is rounded down to %lld", s->tok[0], v,
			  (long long)rounded);
	put_int(k, base, rounded);
}

static void
set_onoff(const struct conf_key *k, void *base, const struct conf_stmt *s)
{
	if (s->n == 1) /* a flag */
		put_int(k, base, 1);
	else if (!strcmp(s->tok[1], "on") || !strcmp(s->tok[1], "off"))
		put_int(k, base, s->tok[1][1] == 'n');
	else
		bad_value(k, base, s, "is neither on nor off");
}

static void
set_text(const struct conf_key *k, void *base, const struct conf_stmt *s)
{
	char what[64];

	if (strlen(s->tok[1]) >= k->size) {
		snprintf(what, sizeof(what), "is longer than %zu characters", k->size - 1);
		bad_value(k, base, s, what);
	} else {
		put_text(k, base, s->tok[1]);
	}
}

static void
set_choice(const struct conf_key *k, void *base, const struct conf_stmt *s)
{
	int i = choice_index(k->values, s->tok[1]);
	char what[128];

	if (i < 0) {
		snprintf(what, sizeof(what), "is none of %s", k->values);
		bad_value(k, base, s, what);
	} else if (k->type == CONF_INDEX) {
		put_int(k, base, i);
	} else {
		put_text(k, base, s->tok[1]);
	}
}

static void
set_rss(const struct conf_key *k, void *base, const struct conf_stmt *s)
{
	char copy[256], *save = NULL, *word;

	snprintf(copy, sizeof(copy), "%s", s->tok[1]);
	for (word = strtok_r(copy, "|", &save); word; word = strtok_r(NULL, "|", &save)) {
		if (choice_index(k->values, word) < 0) {
			bad_value(k, base, s, "has a word that is no RSS function");
			return;
		}
	}
	set_text(k, base, s);
}

static void
set_hex(const struct conf_key *k, void *base, const struct conf_stmt *s)
{
	size_t digits = strspn(s->tok[1], "0123456789abcdefABCDEF");

	if (s->tok[1][digits] || digits != (size_t)k->max)
		bad_value(k, base, s, "is not a text of 32 hex digits");
	else
		put_text(k, base, s->tok[1]);
}

/* List fields are followed or preceded by a count in the same structure; the scope is always a worker's port.
 */
static void
set_queues(const struct conf_key *k, void *base, const struct conf_stmt *s)
{
	struct conf_worker_port *wp = base;
	bool rx = k->offset == offsetof(struct conf_worker_port, rx);
	uint8_t *list = rx ? wp->rx : wp->tx;
	int n = 0;

	for (unsigned i = 1; i < s->n; i++) {
		char *end;
		long v = strtol(s->tok[i], &end, 10);

		if (end == s->tok[i] || *end || v < 0 || v >= CONF_QUEUES_MAX || n == CONF_QUEUES_MAX) {
			conf_warn(s->file, s->line, "%s: '%s' is no queue id (0-%d) and is ignored",
				  s->tok[0], s->tok[i], CONF_QUEUES_MAX - 1);
			continue;
		}
		list[n++] = (uint8_t)v;
	}
	if (rx)
		wp->nrx = n;
	else
		wp->ntx = n;
}

static void
set_cpus(const struct conf_key *k, void *base, const struct conf_stmt *s)
{
	struct conf_worker_port *wp = base;

	wp->nisol = 0;
	for (unsigned i = 1; i < s->n && wp->nisol < CONF_QUEUES_MAX; i++) {
		char *end;
		long v = strtol(s->tok[i], &end, 10);
		bool number = end != s->tok[i] && !*end && v >= 0 && v < 64;

		wp->isol_cpu[wp->nisol++] = number ? (int)v : -1;
	}
}

static void
add_member(void *base, const struct conf_stmt *s)
{
	struct conf_port *p = base;

	if (p->nslaves == (int)(sizeof(p->slave) / sizeof(p->slave[0])))
		conf_warn(s->file, s->line, "%s: more than %d members, '%s' is ignored", s->tok[0],
			  p->nslaves, s->tok[1]);
	else if (strlen(s->tok[1]) >= sizeof(p->slave[0]))
		conf_warn(s->file, s->line, "%s: '%s' is longer than a device name can be", s->tok[0],
			  s->tok[1]);
	else
		strcpy(p->slave[p->nslaves++], s->tok[1]);
}

void
conf_value_set(const struct conf_key *k, void *base, const struct conf_stmt *s)
{
	bool list = k->type == CONF_QUEUES || k->type == CONF_CPUS;

	if (s->n == 1 && k->type != CONF_FLAG) {
		conf_warn(s->file, s->line, "%s needs a value; the default is used (%s)", s->tok[0],
			  default_words(k));
		conf_value_default(k, base);
		return;
	}
	if (s->n > 2 && !list)
		conf_warn(s->file, s->line, "%s: '%s' behind the value is ignored", s->tok[0], s->tok[2]);
	switch (k->type) {
	case CONF_INT:
		set_int(k, base, s);
		break;
	case CONF_ONOFF:
	case CONF_FLAG:
		set_onoff(k, base, s);
		break;
	case CONF_TEXT:
		set_text(k, base, s);
		break;
	case CONF_CHOICE:
	case CONF_INDEX:
		set_choice(k, base, s);
		break;
	case CONF_LEVEL:
		if (log_level_parse(s->tok[1]) < 0)
			bad_value(k, base, s, "is no log level");
		else
			set_text(k, base, s);
		break;
	case CONF_RSS:
		set_rss(k, base, s);
		break;
	case CONF_HEX:
		set_hex(k, base, s);
		break;
	case CONF_QUEUES:
		set_queues(k, base, s);
		break;
	case CONF_CPUS:
		set_cpus(k, base, s);
		break;
	case CONF_MEMBER:
		add_member(base, s);
		break;
	case CONF_BLOCK:
	case CONF_NAMED:
		break;
	}
}

static void
append(char *out, size_t size, const char *word)
{
	size_t n = strlen(out);

	if (n < size)
		snprintf(out + n, size - n, "%s%s", n ? " " : "", word);
}

static const char *
list_text(const struct conf_key *k, const void *base, char *out, size_t size)
{
	const struct conf_worker_port *wp = base;
	bool rx = k->offset == offsetof(struct conf_worker_port, rx);
	int n = k->type == CONF_CPUS ? wp->nisol : rx ? wp->nrx : wp->ntx;
	char word[16];

	out[0] = '\0';
	for (int i = 0; i < n; i++) {
		if (k->type == CONF_CPUS && wp->isol_cpu[i] < 0)
			snprintf(word, sizeof(word), "-");
		else
			snprintf(word, sizeof(word), "%d",
				 k->type == CONF_CPUS ? wp->isol_cpu[i]
				 : rx		      ? wp->rx[i]
						      : wp->tx[i]);
		append(out, size, word);
	}
	return out;
}

const char *
conf_value_text(const struct conf_key *k, const void *base, char *out, size_t size)
{
	const char *values = k->values;
	int64_t v;

	switch (k->type) {
	case CONF_INT:
		v = get_int(k, base);
		if (v == 0 && (k->flags & CONF_MACHINE))
			snprintf(out, size, "(sized from the machine)");
		else if (v < 0)
			snprintf(out, size, "(as many as the workers name)");
		else
			snprintf(out, size, "%lld", (long long)v);
		return out;
	case CONF_ONOFF:
	case CONF_FLAG:
		snprintf(out, size, "%s", get_int(k, base) ? "on" : "off");
		return out;
	case CONF_INDEX:
		for (v = get_int(k, base); v > 0; v--)
			values += strcspn(values, "|") + 1;
		snprintf(out, size, "%.*s", (int)strcspn(values, "|"), values);
		return out;
	case CONF_QUEUES:
	case CONF_CPUS:
		return list_text(k, base, out, size);
	case CONF_MEMBER:
		out[0] = '\0';
		for (int i = 0; i < ((const struct conf_port *)base)->nslaves; i++)
			append(out, size, ((const struct conf_port *)base)->slave[i]);
		return out;
	case CONF_TEXT:
	case CONF_CHOICE:
	case CONF_LEVEL:
	case CONF_RSS:
	case CONF_HEX:
		snprintf(out, size, "%s", (const char *)base + k->offset);
		return out;
	case CONF_BLOCK:
	case CONF_NAMED:
		break;
	}
	out[0] = '\0';
	return out;
}

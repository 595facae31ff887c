/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines and words of a configuration file. One statement per line; words are separated by white space; a word
 * that starts with ! or # begins a comment; <…> is decoration; "…" is one word; `include PATTERN` reads other
 * files.
 */
#include "conf_key.h"

#include <errno.h>
#include <glob.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/log.h"

enum { LINE_MAX_BYTES = 1024, FILE_MAX_BYTES = 16 << 20, INCLUDE_DEPTH = 16 };

struct lexer {
	void (*fn)(const struct conf_stmt *s, void *arg);
	void *arg;
	unsigned depth;
};

static unsigned warnings;
static char last_warning[512];

void
conf_warn(const char *file, unsigned line, const char *fmt, ...)
{
	va_list ap;
	int n = snprintf(last_warning, sizeof(last_warning), "%s:%u: ", file, line);

	if (n > 0 && (size_t)n < sizeof(last_warning)) {
		va_start(ap, fmt);
		vsnprintf(last_warning + n, sizeof(last_warning) - (size_t)n, fmt, ap);
		va_end(ap);
	}
	warnings++;
	log_warning("conf", "%s", last_warning);
}

unsigned
conf_warnings(void)
{
	return warnings;
}

const char *
conf_last_warning(void)
{
	return last_warning;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\0';
}

/* Cuts one word out of the line at *at and ends it with NUL; returns NULL at the end of the line. */
static char *
next_word(struct conf_stmt *s, char **at, const char *end, bool *quoted)
{
	char *p = *at, *word;

	*quoted = false;
	for (;;) {
		while (p < end && is_blank(*p))
			p++;
		if (p == end || *p == '!' || *p == '#')
			return NULL;
		if (*p != '<')
			break;
		char *close = memchr(p, '>', (size_t)(end - p));

		if (!close) {
			conf_warn(s->file, s->line, "'<' without '>': the rest of the line is ignored");
			return NULL;
		}
		p = close + 1;
	}
	if (*p == '"') {
		*quoted = true;
		word = ++p;
		while (p < end && *p != '"')
			p++;
		if (p == end)
			conf_warn(s->file, s->line,
				  "quoted value does not end: it is taken to the end of the line");
	} else {
		word = p;
		while (p < end && !is_blank(*p))
			p++;
	}
	*at = p < end ? p + 1 : p;
	*p = '\0'; /* the caller's buffer has room for this byte behind the line */
	return word;
}

/* Splits a line into words and recognises braces. */
static void
split(struct conf_stmt *s, char *line, size_t len)
{
	char *at = line, *end = line + len, *word;
	bool quoted;

	while ((word = next_word(s, &at, end, &quoted)) != NULL) {
		if (!quoted && !strcmp(word, "{") && !s->open) {
			s->open = true;
			continue;
		}
		if (!quoted && !strcmp(word, "}") && (s->open || s->n == 0)) {
			s->close = true;
			continue;
		}
		if (s->open || s->close) {
			conf_warn(s->file, s->line, "'%s' behind a brace is ignored: one statement per line",
				  word);
			continue;
		}
		if (s->n == sizeof(s->tok) / sizeof(s->tok[0])) {
			conf_warn(s->file, s->line, "more than %u words: the rest of the line is ignored",
				  s->n);
			return;
		}
		size_t wlen = strlen(word);

		if (!quoted && wlen > 1 && word[wlen - 1] == '{') { /* keyword{ */
			word[wlen - 1] = '\0';
			s->open = true;
		}
		s->tok[s->n++] = word;
	}
}

static int lex_file(struct lexer *lx, const char *path);

static void
include(struct lexer *lx, const struct conf_stmt *s)
{
	char pattern[4096], *copy;
	glob_t found;

	if (s->n != 2) {
		conf_warn(s->file, s->line, "include needs one file name or pattern");
		return;
	}
	if (lx->depth >= INCLUDE_DEPTH) {
		conf_warn(s->file, s->line, "include nested deeper than %d: does a file include itself?",
			  INCLUDE_DEPTH);
		return;
	}
	copy = strdup(s->file);
	if (!copy)
		return;
	if (s->tok[1][0] == '/')
		snprintf(pattern, sizeof(pattern), "%s", s->tok[1]);
	else
		snprintf(pattern, sizeof(pattern), "%s/%s", dirname(copy), s->tok[1]);
	free(copy);
	if (glob(pattern, 0, NULL, &found)) {
		conf_warn(s->file, s->line, "include %s: no such file", s->tok[1]);
		return;
	}
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct stat st;
		int err;

		/* Reading from a pipe or a terminal would wait for whoever is at the other end. */
		if (stat(found.gl_pathv[i], &st) == 0 && !S_ISREG(st.st_mode)) {
			conf_warn(s->file, s->line, "include %s: not a regular file, it is left out",
				  found.gl_pathv[i]);
			continue;
		}
		err = lex_file(lx, found.gl_pathv[i]);

		if (err)
			conf_warn(s->file, s->line, "include %s: %s", found.gl_pathv[i], strerror(-err));
	}
	globfree(&found);
}

static void
lex_line(struct lexer *lx, const char *path, unsigned number, const char *line, size_t len)
{
	char buf[LINE_MAX_BYTES + 1];
	struct conf_stmt s = {.file = path, .line = number};

	if (len > LINE_MAX_BYTES) {
		conf_warn(path, number, "line longer than %d bytes is ignored", LINE_MAX_BYTES);
		while (len && is_blank(line[len - 1]))
			len--;
		s.broken = true;
		s.open = line[len - 1] == '{';
		lx->fn(&s, lx->arg);
		return;
	}
	memcpy(buf, line, len);
	split(&s, buf, len);
	if (s.n && !strcmp(s.tok[0], "include") && !s.open)
		include(lx, &s);
	else if (s.n || s.open || s.close)
		lx->fn(&s, lx->arg);
}

static int
read_all(const char *path, char **text, size_t *len)
{
	FILE *f = fopen(path, "re");
	struct stat st;
	int err = 0;

	if (!f)
		return -errno;
	if (fstat(fileno(f), &st))
		err = -errno;
	else if (S_ISDIR(st.st_mode))
		err = -EISDIR;
	*text = err ? NULL : malloc(FILE_MAX_BYTES);
	if (!err && !*text)
		err = -ENOMEM;
	if (!err) {
		*len = fread(*text, 1, FILE_MAX_BYTES, f);
		if (ferror(f))
			err = -EIO;
		else if (*len == FILE_MAX_BYTES)
			err = -EFBIG;
	}
	if (err)
		free(*text);
	fclose(f);
	return err;
}

static int
lex_file(struct lexer *lx, const char *path)
{
	char *text = NULL;
	size_t len = 0;
	unsigned number = 1;
	int err = read_all(path, &text, &len);

	if (err)
		return err;
	lx->depth++;
	for (size_t start = 0, i = 0; i <= len; i++) {
		if (i < len && text[i] != '\n' && text[i] != '\r')
			continue;
		lex_line(lx, path, number, text + start, i - start);
		if (i < len && text[i] == '\r' && i + 1 < len && text[i + 1] == '\n')
			i++;
		number++;
		start = i + 1;
	}
	lx->depth--;
	free(text);
	return 0;
}

int
conf_lex(const char *path, void (*fn)(const struct conf_stmt *s, void *arg), void *arg)
{
	struct lexer lx = {.fn = fn, .arg = arg};

	return lex_file(&lx, path);
}

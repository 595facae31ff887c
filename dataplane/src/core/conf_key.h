/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row of the configuration schema, and the values behind it. Private to the configuration code.
 */
#ifndef CORE_CONF_KEY_H
#define CORE_CONF_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/conf.h"

enum conf_type {
	CONF_BLOCK,  /* keyword { … } */
	CONF_NAMED,  /* keyword NAME { … }: one more element of a list */
	CONF_INT,    /* decimal number in a 4-byte field */
	CONF_ONOFF,  /* on or off in a bool */
	CONF_FLAG,   /* no value: present is on; an explicit on or off is understood too */
	CONF_TEXT,   /* one word or quoted text */
	CONF_CHOICE, /* one of `values`, kept as text */
	CONF_INDEX,  /* one of `values`, kept as its position in a bool or int */
	CONF_LEVEL,  /* log level: a text that starts with a level's name */
	CONF_RSS,    /* words of `values` joined by | */
	CONF_HEX,    /* exactly `max` hex digits */
	CONF_QUEUES, /* list of queue ids */
	CONF_CPUS,   /* list of lcore ids; what is not a number means -1 */
	CONF_MEMBER, /* name, once per line: appends to the members of a bonding device */
};

enum conf_key_flags {
	CONF_R = 1,	  /* reloadable: takes effect on SIGHUP */
	CONF_POW2 = 2,	  /* rounded down to a power of two */
	CONF_POW2M1 = 4,  /* rounded down to a power of two minus one */
	CONF_INERT = 8,	  /* accepted and without effect in this version */
	CONF_MACHINE = 16 /* value 0 (key absent): sized from the machine */
};

/* Which structure `offset` counts in. */
enum conf_scope { CONF_S_CONF, CONF_S_DEVICE, CONF_S_BONDING, CONF_S_WORKER, CONF_S_WORKER_PORT };

struct conf_key {
	const char *path; /* section/block/keyword */
	enum conf_type type;
	enum conf_scope scope;
	unsigned flags;
	int64_t min, max;   /* CONF_INT; CONF_HEX: max digits */
	const char *def;    /* as it would be written in the file; NULL: empty, zero, off */
	const char *values; /* alternatives joined by | */
	size_t offset, size;
	const char *help; /* for the reference */
};

extern const struct conf_key conf_keys[];
extern const unsigned conf_nkeys;

/* Row of a path, aliases resolved; NULL when there is none. */
const struct conf_key *conf_key_find(const char *path);

/* A statement of the file: tok[0] is the keyword. */
struct conf_stmt {
	const char *file;
	unsigned line;
	unsigned n; /* words; 0: closing brace only, or an unreadable line */
	char *tok[64];
	bool open, close, broken;
};

/*
 * Reads a file and the files it includes, statement by statement. 0 or a negative errno: the file could not
 * be read. Trouble in included files and in lines is a warning.
 */
int conf_lex(const char *path, void (*fn)(const struct conf_stmt *s, void *arg), void *arg);

/* Logs a warning about a place in the file and counts it. */
void conf_warn(const char *file, unsigned line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
const char *conf_last_warning(void);

/* Sets the field of the row below base from the words of a statement; on a bad value it warns and sets the
 * default. */
void conf_value_set(const struct conf_key *k, void *base, const struct conf_stmt *s);
/* Sets the default. */
void conf_value_default(const struct conf_key *k, void *base);
/* Writes the value as it would stand in the file. Returns out. */
const char *conf_value_text(const struct conf_key *k, const void *base, char *out, size_t size);

/* Defaults of all rows of a scope. */
void conf_scope_defaults(enum conf_scope scope, void *base);

/* Fills c (allocated, any content) with defaults and the file. inert receives the names of keys set without
 * effect. */
int conf_parse(const char *path, struct conf *c, char *inert, size_t inert_size);

#endif

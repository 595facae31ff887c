/* SPDX-License-Identifier: Apache-2.0 */
/* From statements to the configuration: blocks, names, unknown keys. */
#include "conf_key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 8, PATH_MAX_BYTES = 128 };

struct parser {
	struct conf *conf;
	unsigned depth;
	struct {
		const char *path;
		void *base; /* where the fields of keys in this block live */
	} level[DEPTH_MAX];
	unsigned skip; /* blocks open inside an unknown block, itself included */
	char *inert;
	size_t inert_size;
	const char *file; /* last seen, for the end of the file */
	unsigned line;
};

/* The place of an inert key in the one log line about them; the last two words of its path are enough. */
static void
note_inert(struct parser *ps, const struct conf_key *k)
{
	size_t n = strlen(ps->inert);

	for (const char *at = ps->inert; (at = strstr(at, k->path)) != NULL; at++) {
		size_t len = strlen(k->path);

		if ((at == ps->inert || at[-1] == ' ') && (at[len] == ',' || at[len] == '\0'))
			return;
	}
	if (n < ps->inert_size)
		snprintf(ps->inert + n, ps->inert_size - n, "%s%s", n ? ", " : "", k->path);
}

static struct conf_port *
new_port(struct parser *ps, const struct conf_stmt *s, bool bonding)
{
	struct conf *c = ps->conf;

	for (int i = 0; i < c->netif.nports; i++) {
		if (!strcmp(c->netif.port[i].name, s->tok[1])) {
			conf_warn(s->file, s->line, "%s %s is there twice: the second block is ignored",
				  s->tok[0], s->tok[1]);
			return NULL;
		}
	}
	if (c->netif.nports == CONF_PORTS_MAX) {
		conf_warn(s->file, s->line, "more than %d devices: %s is ignored", CONF_PORTS_MAX, s->tok[1]);
		return NULL;
	}
	struct conf_port *p = &c->netif.port[c->netif.nports++];

	memset(p, 0, sizeof(*p));
	conf_scope_defaults(CONF_S_DEVICE, p);
	if (bonding)
		conf_scope_defaults(CONF_S_BONDING, p);
	p->bonding = bonding;
	strcpy(p->name, s->tok[1]);
	return p;
}

static struct conf_worker *
new_worker(struct parser *ps, const struct conf_stmt *s)
{
	struct conf *c = ps->conf;

	for (int i = 0; i < c->worker.nworkers; i++) {
		if (!strcmp(c->worker.worker[i].name, s->tok[1])) {
			conf_warn(s->file, s->line, "worker %s is there twice: the second block is ignored",
				  s->tok[1]);
			return NULL;
		}
	}
	if (c->worker.nworkers == CONF_WORKERS_MAX) {
		conf_warn(s->file, s->line, "more than %d workers: %s is ignored", CONF_WORKERS_MAX,
			  s->tok[1]);
		return NULL;
	}
	struct conf_worker *w = &c->worker.worker[c->worker.nworkers++];

	memset(w, 0, sizeof(*w));
	conf_scope_defaults(CONF_S_WORKER, w);
	strcpy(w->name, s->tok[1]);
	return w;
}

static struct conf_worker_port *
new_worker_port(struct parser *ps, const struct conf_stmt *s)
{
	struct conf_worker *w = ps->level[ps->depth - 1].base;

	for (int i = 0; i < w->nports; i++) {
		if (!strcmp(w->port[i].name, s->tok[1])) {
			conf_warn(s->file, s->line,
				  "worker %s has port %s twice: the second block is ignored", w->name,
				  s->tok[1]);
			return NULL;
		}
	}
	if (w->nports == CONF_PORTS_MAX) {
		conf_warn(s->file, s->line, "more than %d ports: %s is ignored", CONF_PORTS_MAX, s->tok[1]);
		return NULL;
	}
	struct conf_worker_port *wp = &w->port[w->nports++];

	memset(wp, 0, sizeof(*wp));
	conf_scope_defaults(CONF_S_WORKER_PORT, wp);
	strcpy(wp->name, s->tok[1]);
	return wp;
}

/* The list element that a named block fills, or NULL with a warning. */
static void *
new_element(struct parser *ps, const struct conf_key *k, const struct conf_stmt *s)
{
	if (s->n != 2) {
		conf_warn(s->file, s->line, "%s needs one name: the block is ignored", s->tok[0]);
		return NULL;
	}
	if (strlen(s->tok[1]) >= CONF_NAME_MAX) {
		conf_warn(s->file, s->line,
			  "%s: name '%s' is longer than %d characters: the block is ignored", s->tok[0],
			  s->tok[1], CONF_NAME_MAX - 1);
		return NULL;
	}
	switch (k->scope) {
	case CONF_S_DEVICE:
		return new_port(ps, s, false);
	case CONF_S_BONDING:
		return new_port(ps, s, true);
	case CONF_S_WORKER:
		return new_worker(ps, s);
	case CONF_S_WORKER_PORT:
		return new_worker_port(ps, s);
	case CONF_S_CONF:
		break;
	}
	return NULL;
}

static void
open_block(struct parser *ps, const struct conf_key *k, const struct conf_stmt *s)
{
	void *base = ps->depth ? ps->level[ps->depth - 1].base : ps->conf;

	if (k->type == CONF_NAMED)
		base = new_element(ps, k, s);
	else if (s->n > 1)
		conf_warn(s->file, s->line, "%s has no name: '%s' is ignored", s->tok[0], s->tok[1]);
	if (!base) {
		ps->skip = 1;
		return;
	}
	ps->level[ps->depth].path = k->path;
	ps->level[ps->depth].base = base;
	ps->depth++;
}

static void
close_block(struct parser *ps, const struct conf_stmt *s)
{
	if (ps->skip)
		ps->skip--;
	else if (ps->depth)
		ps->depth--;
	else
		conf_warn(s->file, s->line, "'}' without a block");
}

static void
on_statement(const struct conf_stmt *s, void *arg)
{
	struct parser *ps = arg;
	char path[PATH_MAX_BYTES * 2];
	const struct conf_key *k;

	ps->file = s->file;
	ps->line = s->line;
	if (ps->skip) {
		ps->skip += s->open;
		ps->skip -= s->close;
		return;
	}
	if (s->n == 0) {
		if (s->open) {
			if (!s->broken)
				conf_warn(s->file, s->line, "'{' without a keyword: the block is ignored");
			ps->skip = 1;
		}
		if (s->close)
			close_block(ps, s);
		return;
	}
	snprintf(path, sizeof(path), "%s%s%.*s", ps->depth ? ps->level[ps->depth - 1].path : "",
		 ps->depth ? "/" : "", PATH_MAX_BYTES - 1, s->tok[0]);
	k = conf_key_find(path);
	if (!k) {
		conf_warn(s->file, s->line, "not supported keyword '%s'%s%s%s", s->tok[0],
			  ps->depth ? " in " : "", ps->depth ? ps->level[ps->depth - 1].path : "",
			  s->open ? ": the block is ignored" : "");
		ps->skip = s->open && !s->close;
		return;
	}
	bool block = k->type == CONF_BLOCK || k->type == CONF_NAMED;

	if (block != s->open) {
		conf_warn(s->file, s->line, block ? "%s needs a block in braces" : "%s has no block",
			  s->tok[0]);
		ps->skip = s->open && !s->close;
		return;
	}
	if (block) {
		open_block(ps, k, s);
		if (s->close)
			close_block(ps, s);
		return;
	}
	if (k->flags & CONF_INERT)
		note_inert(ps, k);
	conf_value_set(k, ps->depth ? ps->level[ps->depth - 1].base : ps->conf, s);
}

int
conf_parse(const char *path, struct conf *c, char *inert, size_t inert_size)
{
	struct parser ps = {.conf = c, .inert = inert, .inert_size = inert_size};
	int err;

	memset(c, 0, sizeof(*c));
	conf_scope_defaults(CONF_S_CONF, c);
	inert[0] = '\0';
	err = conf_lex(path, on_statement, &ps);
	if (!err && (ps.depth || ps.skip))
		conf_warn(ps.file, ps.line, "the file ends inside a block: '}' is missing");
	return err;
}

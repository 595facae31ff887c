/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration in force: first load, reload, print-out. */
#include "conf_key.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"

struct conf conf;

/* What the file said at start-up: later values of keys that cannot be changed are compared with it. */
static struct conf *at_start;

static void
say_inert(const char *inert)
{
	if (inert[0])
		log_notice("conf",
			   "these keys are set and have no effect here, docs/configuration.md says why: %s",
			   inert);
}

static bool
field_equal(const struct conf_key *k, const void *a, const void *b)
{
	return !memcmp((const char *)a + k->offset, (const char *)b + k->offset, k->size);
}

static void
apply_reload(const struct conf *next)
{
	for (unsigned i = 0; i < conf_nkeys; i++) {
		const struct conf_key *k = &conf_keys[i];
		char was[CONF_PATH_MAX], is[CONF_PATH_MAX];

		if (k->scope != CONF_S_CONF || k->size == 0)
			continue;
		if (k->flags & CONF_R) {
			memcpy((char *)&conf + k->offset, (const char *)next + k->offset, k->size);
		} else if (!field_equal(k, at_start, next)) {
			log_warning("conf", "%s is now %s in the file and was %s: needs restart", k->path,
				    conf_value_text(k, next, is, sizeof(is)),
				    conf_value_text(k, at_start, was, sizeof(was)));
		}
	}
	if (next->netif.nports != at_start->netif.nports ||
	    memcmp(next->netif.port, at_start->netif.port, sizeof(next->netif.port)))
		log_warning("conf", "netif_defs: a device or bonding block changed: needs restart");
	if (next->worker.nworkers != at_start->worker.nworkers ||
	    memcmp(next->worker.worker, at_start->worker.worker, sizeof(next->worker.worker)))
		log_warning("conf", "worker_defs: a worker block changed: needs restart");
}

int
conf_load(const char *path, bool first)
{
	struct conf *next = malloc(sizeof(*next));
	char inert[4096];
	int err;

	if (!next)
		return -ENOMEM;
	err = conf_parse(path, next, inert, sizeof(inert));
	if (err) {
		log_err("conf", "cannot read the configuration file %s: %s%s", path, strerror(-err),
			first ? "; create it (see dpvs.conf.sample) or name another one with -c"
			      : "; the configuration in force stays");
		free(next);
		return err;
	}
	say_inert(inert);
	if (!first && at_start) {
		apply_reload(next);
		free(next);
		return 0;
	}
	conf = *next;
	free(at_start);
	at_start = next;
	return 0;
}

void
conf_set_defaults(void)
{
	memset(&conf, 0, sizeof(conf));
	conf_scope_defaults(CONF_S_CONF, &conf);
}

struct conf_port
conf_port_default(const char *name)
{
	struct conf_port p;

	memset(&p, 0, sizeof(p));
	conf_scope_defaults(CONF_S_DEVICE, &p);
	strncpy(p.name, name, sizeof(p.name) - 1);
	return p;
}

/* The block whose keys a scope has. */
static const char *const scope_paths[] = {
    [CONF_S_CONF] = "",
    [CONF_S_DEVICE] = "netif_defs/device",
    [CONF_S_BONDING] = "netif_defs/bonding",
    [CONF_S_WORKER] = "worker_defs/worker",
    [CONF_S_WORKER_PORT] = "worker_defs/worker/port",
};

static void
print_scope(FILE *out, enum conf_scope scope, const char *element, const void *base)
{
	char text[CONF_PATH_MAX + 1];

	for (unsigned i = 0; i < conf_nkeys; i++) {
		const struct conf_key *k = &conf_keys[i];

		if (k->scope != scope || k->type == CONF_BLOCK || k->type == CONF_NAMED)
			continue;
		conf_value_text(k, base, text, sizeof(text));
		if (scope == CONF_S_CONF)
			fprintf(out, "%s %s\n", k->path, text[0] ? text : "\"\"");
		else /* the element's name stands for the keyword of its block */
			fprintf(out, "%s/%s %s\n", element, k->path + strlen(scope_paths[scope]) + 1,
				text[0] ? text : "\"\"");
	}
}

void
conf_print(FILE *out)
{
	char name[CONF_NAME_MAX * 4];

	print_scope(out, CONF_S_CONF, NULL, &conf);
	for (int i = 0; i < conf.netif.nports; i++) {
		const struct conf_port *p = &conf.netif.port[i];

		snprintf(name, sizeof(name), "netif_defs/%s %s", p->bonding ? "bonding" : "device", p->name);
		print_scope(out, p->bonding ? CONF_S_BONDING : CONF_S_DEVICE, name, p);
	}
	for (int i = 0; i < conf.worker.nworkers; i++) {
		const struct conf_worker *w = &conf.worker.worker[i];

		snprintf(name, sizeof(name), "worker_defs/worker %s", w->name);
		print_scope(out, CONF_S_WORKER, name, w);
		for (int j = 0; j < w->nports; j++) {
			snprintf(name, sizeof(name), "worker_defs/worker %s/port %s", w->name,
				 w->port[j].name);
			print_scope(out, CONF_S_WORKER_PORT, name, &w->port[j]);
		}
	}
}

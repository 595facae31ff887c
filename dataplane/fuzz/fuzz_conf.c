/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target for configuration files: any bytes are read, by warnings and defaults, and every value
 * that comes out is in its range. Files that the input includes are not read.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "conf_key.h"
#include "core/log.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_scope(enum conf_scope scope, const void *base)
{
	char text[CONF_PATH_MAX * 8];

	for (unsigned i = 0; i < conf_nkeys; i++) {
		const struct conf_key *k = &conf_keys[i];

		if (k->scope != scope || k->size == 0)
			continue;
		conf_value_text(k, base, text, sizeof(text));
		assert(strlen(text) < sizeof(text));
		if (k->type == CONF_INT && k->def && strcmp(text, k->def) && text[0] != '(') {
			long long v = strtoll(text, NULL, 10);

			assert(v >= k->min && v <= k->max);
		}
	}
}

static void
check(const struct conf *c)
{
	check_scope(CONF_S_CONF, c);
	assert(c->netif.nports <= CONF_PORTS_MAX && c->worker.nworkers <= CONF_WORKERS_MAX);
	for (int i = 0; i < c->netif.nports; i++) {
		const struct conf_port *p = &c->netif.port[i];

		check_scope(p->bonding ? CONF_S_BONDING : CONF_S_DEVICE, p);
		assert(p->name[0] == '\0' || memchr(p->name, '\0', sizeof(p->name)));
	}
	for (int i = 0; i < c->worker.nworkers; i++) {
		const struct conf_worker *w = &c->worker.worker[i];

		check_scope(CONF_S_WORKER, w);
		assert(w->cpu_id >= 0 && w->cpu_id < 64 && w->nports <= CONF_PORTS_MAX);
		for (int p = 0; p < w->nports; p++) {
			check_scope(CONF_S_WORKER_PORT, &w->port[p]);
			assert(w->port[p].nrx <= CONF_QUEUES_MAX && w->port[p].ntx <= CONF_QUEUES_MAX &&
			       w->port[p].nisol <= CONF_QUEUES_MAX);
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct conf *c;
	static char inert[4096];
	static int file = -1;
	char path[64];

	if (memmem(data, size, "include", 7))
		return 0;
	if (!c) {
		c = malloc(sizeof(*c));
		file = memfd_create("conf", 0);
		assert(c && file >= 0);
		log_configure(LOG_L_EMERG, "/dev/null");
	}
	assert(ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	assert(conf_parse(path, c, inert, sizeof(inert)) == 0);
	check(c);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What can be said of devices and workers by the configuration alone: dpvs -t. */
#include <stdlib.h>
#include <string.h>

#include "core/conf.h"
#include "core/log.h"
#include "port/port.h"
#include "queue_map.h"

/* The bonding that a device is a member of; NULL: none. */
static const struct conf_port *
bond_of(const char *name)
{
	for (int i = 0; i < conf.netif.nports; i++) {
		const struct conf_port *b = &conf.netif.port[i];

		for (int s = 0; b->bonding && s < b->nslaves; s++)
			if (!strcmp(b->slave[s], name))
				return b;
	}
	return NULL;
}

static bool
is_device(const char *name)
{
	for (int i = 0; i < conf.netif.nports; i++)
		if (!conf.netif.port[i].bonding && !strcmp(conf.netif.port[i].name, name))
			return true;
	return false;
}

static unsigned
check_bonds(void)
{
	unsigned wrong = 0;

	for (int i = 0; i < conf.netif.nports; i++) {
		const struct conf_port *b = &conf.netif.port[i];

		if (!b->bonding)
			continue;
		if (b->nslaves == 0) {
			log_err("port", "bonding %s has no slave: name its devices", b->name);
			wrong++;
		}
		for (int s = 0; s < b->nslaves; s++) {
			if (is_device(b->slave[s]))
				continue;
			log_err("port", "bonding %s has slave %s, but there is no device block of that name",
				b->name, b->slave[s]);
			wrong++;
		}
	}
	return wrong;
}

static unsigned
check_lcores(void)
{
	const struct conf_worker *of[CONF_WORKERS_MAX] = {NULL}, *master = NULL;
	unsigned wrong = 0;

	for (int i = 0; i < conf.worker.nworkers; i++) {
		const struct conf_worker *w = &conf.worker.worker[i];

		if (of[w->cpu_id]) {
			log_err("port",
				"workers %s and %s name the same cpu_id %d: each needs one of its own",
				of[w->cpu_id]->name, w->name, w->cpu_id);
			wrong++;
		}
		of[w->cpu_id] = w;
		if (w->type == CONF_WORKER_MASTER && master) {
			log_err("port", "workers %s and %s are both of type master: there is one",
				master->name, w->name);
			wrong++;
		}
		if (w->type == CONF_WORKER_MASTER)
			master = w;
	}
	return wrong;
}

/* Queues of a port that workers name, in one direction. Taken for what the device has: fewer it must not
 * have. */
static uint16_t
queues_named(const char *port, bool rx)
{
	unsigned most = 0;

	for (int i = 0; i < conf.worker.nworkers; i++) {
		const struct conf_worker *w = &conf.worker.worker[i];

		for (int p = 0; p < w->nports; p++) {
			const struct conf_worker_port *wp = &w->port[p];

			for (int q = 0; !strcmp(wp->name, port) && q < (rx ? wp->nrx : wp->ntx); q++)
				most = RTE_MAX(most, (rx ? wp->rx[q] : wp->tx[q]) + 1u);
		}
	}
	return (uint16_t)most;
}

static unsigned
check_queues(void)
{
	struct queue_map_input *in = calloc(1, sizeof(*in));
	struct queue_map *map = calloc(1, sizeof(*map));
	char why[256];
	int code = 0;

	for (int i = 0; in && i < conf.netif.nports; i++) {
		const struct conf_port *p = &conf.netif.port[i];

		in->port[i].name = p->name;
		in->port[i].is_member = bond_of(p->name) != NULL;
		in->port[i].max_rx = queues_named(p->name, true);
		in->port[i].max_tx = queues_named(p->name, false);
		in->port[i].want_rx = p->rx_queues;
		in->port[i].want_tx = p->tx_queues;
		in->nports++;
	}
	for (int i = 0; in && i < conf.worker.nworkers; i++)
		if (conf.worker.worker[i].type == CONF_WORKER_SLAVE)
			in->lcore[in->nworkers++] = (uint16_t)conf.worker.worker[i].cpu_id;
	if (in && map) {
		in->conf = &conf;
		code = queue_map_build(in, map, why, sizeof(why));
	}
	if (code)
		log_err("port", "bad lcore configuration (error code: %d): %s", code, why);
	free(in);
	free(map);
	return code != 0;
}

unsigned
ports_check_conf(void)
{
	unsigned wrong = check_bonds() + check_lcores();

	/* Without blocks, what there is is found when the daemon starts. */
	if (conf.worker.nworkers && conf.netif.nports && !wrong)
		wrong += check_queues();
	return wrong;
}

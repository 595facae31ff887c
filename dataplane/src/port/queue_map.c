/* SPDX-License-Identifier: Apache-2.0 */
#include "queue_map.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct refusal {
	char *why;
	size_t size;
};

static int __attribute__((format(printf, 3, 4)))
refuse(const struct refusal *r, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->why, r->size, fmt, ap);
	va_end(ap);
	return code;
}

static unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static unsigned
auto_queues(unsigned offered, unsigned users, int wanted)
{
	unsigned n = least(least(offered, users), PORT_QUEUES_MAX);

	return wanted > 0 ? least(n, (unsigned)wanted) : n;
}

static void
build_auto(const struct queue_map_input *in, struct queue_map *map)
{
	for (unsigned p = 0; p < in->nports; p++) {
		if (in->port[p].is_member)
			continue;
		map->nrxq[p] = (uint16_t)auto_queues(in->port[p].max_rx, in->nworkers, in->port[p].want_rx);
		map->ntxq[p] = (uint16_t)auto_queues(in->port[p].max_tx, in->nworkers, in->port[p].want_tx);
		for (unsigned w = 0; w < in->nworkers; w++) {
			if (w < map->nrxq[p])
				map->at[w][p].rx = (struct queue_list){.n = 1, .id = {(uint8_t)w}};
			if (w < map->ntxq[p])
				map->at[w][p].tx = (struct queue_list){.n = 1, .id = {(uint8_t)w}};
		}
	}
}

static int
port_index(const struct queue_map_input *in, const char *name)
{
	for (unsigned p = 0; p < in->nports; p++) {
		if (!strcmp(in->port[p].name, name))
			return (int)p;
	}
	return -1;
}

/* Enters the queues of one direction of one block; seen has a bit for each queue that has an owner. */
static int
take_queues(const struct refusal *r, const struct conf_worker *w, const char *port, const char *dir,
	    const uint8_t *ids, int n, unsigned offered, uint32_t *seen, struct queue_list *list)
{
	for (int i = 0; i < n; i++) {
		unsigned q = ids[i];

		if (q >= offered)
			return refuse(r, QUEUE_MAP_BAD,
				      "worker %s names %s queue %u of port %s, but the device offers %u",
				      w->name, dir, q, port, offered);
		if (*seen & 1u << q)
			return refuse(r, dir[0] == 'r' ? QUEUE_MAP_RX_TWICE : QUEUE_MAP_TX_TWICE,
				      "%s queue %u of port %s is named twice, the second time by worker %s",
				      dir, q, port, w->name);
		*seen |= 1u << q;
		list->id[list->n++] = (uint8_t)q;
	}
	return 0;
}

/* Who receives, in the order of the queues; the worker itself where none is named. */
static void
take_isolated(const struct conf_worker_port *wp, struct queue_list *rx)
{
	for (int i = 0; i < rx->n && i < wp->nisol; i++)
		rx->isolated[i] = (uint8_t)(wp->isol_cpu[i] + 1);
}

static int
worker_index(const struct queue_map_input *in, const struct conf_worker *w)
{
	for (unsigned i = 0; i < in->nworkers && w->type == CONF_WORKER_SLAVE; i++) {
		if (in->lcore[i] == (unsigned)w->cpu_id)
			return (int)i;
	}
	return -1; /* kni */
}

static int
check_holes(const struct refusal *r, const char *port, const char *dir, uint32_t seen, uint16_t *count)
{
	*count = (uint16_t)__builtin_popcount(seen);
	if (seen & (seen + 1))
		return refuse(r, QUEUE_MAP_HOLE, "the %s queues of port %s are not 0-%u without holes", dir,
			      port, *count - 1u);
	return 0;
}

static int
build_named(const struct queue_map_input *in, struct queue_map *map, const struct refusal *r)
{
	uint32_t rx_seen[PORTS_MAX] = {0}, tx_seen[PORTS_MAX] = {0};
	int rc;

	for (int i = 0; i < in->conf->worker.nworkers; i++) {
		const struct conf_worker *w = &in->conf->worker.worker[i];
		int index = worker_index(in, w);

		if (w->type == CONF_WORKER_MASTER)
			continue;
		for (int j = 0; j < w->nports; j++) {
			const struct conf_worker_port *wp = &w->port[j];
			int p = port_index(in, wp->name);

			if (p < 0)
				return refuse(
				    r, QUEUE_MAP_NO_PORT,
				    "worker %s names port %s, but there are %u ports and none of that name",
				    w->name, wp->name, in->nports);
			if (in->port[p].is_member)
				return refuse(r, QUEUE_MAP_NO_PORT,
					      "worker %s names port %s, which is a slave of a bonding: "
					      "name the bonding",
					      w->name, wp->name);
			rc = take_queues(r, w, wp->name, "rx", wp->rx, wp->nrx, in->port[p].max_rx,
					 &rx_seen[p],
					 index < 0 ? &map->kernel[p].rx : &map->at[index][p].rx);
			if (rc)
				return rc;
			if (index >= 0) {
				take_isolated(wp, &map->at[index][p].rx);
				map->at[index][p].isolated_ring = wp->isol_ring_size;
			}
			rc = take_queues(r, w, wp->name, "tx", wp->tx, wp->ntx, in->port[p].max_tx,
					 &tx_seen[p],
					 index < 0 ? &map->kernel[p].tx : &map->at[index][p].tx);
			if (rc)
				return rc;
		}
	}
	for (unsigned p = 0; p < in->nports; p++) {
		rc = check_holes(r, in->port[p].name, "rx", rx_seen[p], &map->nrxq[p]);
		if (!rc)
			rc = check_holes(r, in->port[p].name, "tx", tx_seen[p], &map->ntxq[p]);
		if (rc)
			return rc;
	}
	return 0;
}

/* Finds a sender for workers without a tx queue: the owners of queues take turns. */
static int
plan_relays(const struct queue_map_input *in, struct queue_map *map, const struct refusal *r, bool named)
{
	for (unsigned p = 0; p < in->nports; p++) {
		unsigned owner = 0;
		bool any = false;

		for (unsigned w = 0; w < in->nworkers; w++) {
			map->at[w][p].relay = -1;
			any |= map->at[w][p].tx.n > 0;
		}
		if (in->port[p].is_member)
			continue;
		for (unsigned w = 0; w < in->nworkers; w++) {
			if (map->at[w][p].tx.n)
				continue;
			if (!any || (named && in->port[p].max_tx >= in->nworkers))
				return refuse(r, QUEUE_MAP_NO_TX,
					      "the worker on lcore %u has no tx queue on port %s: every "
					      "worker needs one "
					      "on every port",
					      in->lcore[w], in->port[p].name);
			while (map->at[owner % in->nworkers][p].tx.n == 0)
				owner++;
			map->at[w][p].relay = (int)(owner++ % in->nworkers);
		}
	}
	return 0;
}

int
queue_map_build(const struct queue_map_input *in, struct queue_map *map, char *why, size_t size)
{
	const struct refusal r = {why, size};
	bool named = in->conf->worker.nworkers > 0;

	memset(map, 0, sizeof(*map));
	if (in->nworkers == 0)
		return refuse(&r, QUEUE_MAP_NO_WORKER, "no worker block is of type slave");
	if (named) {
		int rc = build_named(in, map, &r);

		if (rc)
			return rc;
	} else {
		build_auto(in, map);
	}
	return plan_relays(in, map, &r, named);
}

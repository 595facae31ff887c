/* SPDX-License-Identifier: Apache-2.0 */
/* Ports that command makes and takes away. Control lcore. */
#include "port_setup.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <rte_debug.h>
#include <rte_malloc.h>

#include "core/rcu.h"

enum { WATCHERS_MAX = 8 };

static void (*watchers[WATCHERS_MAX])(struct port *p, enum port_event event);
static unsigned nwatchers;

void
port_watch(void (*fn)(struct port *p, enum port_event event))
{
	RTE_VERIFY(nwatchers < WATCHERS_MAX);
	watchers[nwatchers++] = fn;
}

void
port_tell(struct port *p, enum port_event event)
{
	for (unsigned i = 0; i < nwatchers; i++)
		watchers[i](p, event);
}

static void
port_free(void *arg)
{
	struct port *p = arg;

	rte_free(p->counters);
	free(p->mcast);
	free(p->kind_data);
	free(p->vlans);
	free(p);
}

int
port_free_id(void)
{
	for (unsigned id = nports; id < PORTS_MAX; id++)
		if (!ports[id])
			return (int)id;
	return -1;
}

struct port *
port_make(const char *name, const struct port_ops *ops, struct port *parent, int *err)
{
	int id = port_free_id();
	struct port *p;

	*err = EDPVS_EXIST;
	if (port_by_name(name))
		return NULL;
	*err = EDPVS_RESOURCE;
	if (id < 0)
		return NULL;
	*err = EDPVS_NOMEM;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->counters = rte_zmalloc("port_counters", nworkers * sizeof(*p->counters), RTE_CACHE_LINE_SIZE);
	if (!p->counters) {
		free(p);
		return NULL;
	}
	p->id = (uint16_t)id;
	p->ops = ops;
	p->parent = parent;
	snprintf(p->name, sizeof(p->name), "%s", name);
	if (parent) {
		p->dpdk_id = parent->dpdk_id;
		p->mac = parent->mac;
		p->mtu = parent->mtu;
		p->nrxq = parent->nrxq;
		p->ntxq = parent->ntxq;
		p->steering = parent->steering;
		p->socket_id = parent->socket_id;
	}
	p->started = true;
	return p;
}

void
port_unmake(struct port *p)
{
	port_free(p);
}

void
port_publish(struct port *p)
{
	rcu_publish(ports[p->id], p);
	if (p->id >= ports_end)
		ports_end = p->id + 1u;
	port_tell(p, PORT_MADE);
}

void
port_remove(struct port *p)
{
	port_tell(p, PORT_GOING);
	rcu_publish(ports[p->id], (struct port *)NULL);
	while (ports_end > nports && !ports[ports_end - 1])
		ports_end--;
	port_tell(p, PORT_GONE);
	rcu_retire(port_free, p);
}

int
port_counters_read(const struct port *p, struct rte_eth_stats *s)
{
	memset(s, 0, sizeof(*s));
	for (unsigned i = 0; i < nworkers; i++) {
		const struct port_counters *n = &p->counters[i];

		s->ipackets += n->in_packets;
		s->ibytes += n->in_bytes;
		s->opackets += n->out_packets;
		s->obytes += n->out_bytes;
		s->oerrors += n->out_dropped;
	}
	return EDPVS_OK;
}

bool
port_name_is_fit(const char *name)
{
	for (const char *c = name; *c; c++)
		if (!isgraph((unsigned char)*c) || *c == '/')
			return false;
	return strncmp(name, "cpu", 3) != 0;
}

void
ports_forget(void)
{
	for (unsigned i = nports; i < ports_end; i++)
		if (ports[i])
			port_free(ports[i]);
	for (unsigned i = nports; i < ports_end; i++)
		ports[i] = NULL;
	for (unsigned i = 0; i < nports; i++)
		free(ports[i]->vlans);
	ports_end = nports;
	nwatchers = 0;
}

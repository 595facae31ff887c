/* SPDX-License-Identifier: Apache-2.0 */
#include "fragments.h"
#include "synproxy.h"

#include <stdlib.h>
#include <rte_cycles.h>

#include "base/hash.h"
#include "core/clock.h"
#include "core/conf.h"
#include "core/errors.h"
#include "core/log.h"
#include "lb_control.h"
#include "port/port.h"

enum { FRAGMENTS_SHARE = 4 }; /* a quarter of the packet buffers */

/* No path is narrower than the narrowest port, unless a route says so (see path_find()). */
static uint16_t
narrowest_port(void)
{
	uint16_t mtu = UINT16_MAX;

	for (unsigned i = 0; i < nports; i++)
		if (ports[i] && ports[i]->mtu < mtu)
			mtu = ports[i]->mtu;
	return mtu;
}

/* What workers hold back for want of other fragments is at most a part of the packet buffers. */
static int
fragments_init(struct worker *w)
{
	uint32_t buffers = (uint32_t)conf.netif.pktpool_size / FRAGMENTS_SHARE / nworkers;
	uint32_t datagrams = RTE_MIN((uint32_t)conf.ipv4.frag_max_entries, buffers);

	w->lb->fragments = lb_fragments_new(datagrams, buffers, (uint32_t)conf.ipv4.frag_ttl_s * 1000);
	return w->lb->fragments ? EDPVS_OK : EDPVS_NOMEM;
}

static int
worker_state_init(struct worker *w, uint32_t capacity)
{
	struct lb_worker *lb =
	    aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_ALIGN_CEIL(sizeof(*lb), RTE_CACHE_LINE_SIZE));
	int err;

	if (!lb)
		return EDPVS_NOMEM;
	memset(lb, 0, sizeof(*lb));
	lb->mtu_safe = narrowest_port();
	lb->plain_len = lb->mtu_safe;
	lb->rand = rte_rdtsc() | 1;
	lb->frag_id = (uint32_t)(lb_random(lb) >> 32) / nworkers * nworkers + w->index;
	w->lb = lb;
	w->shown->conns_max = capacity;
	err = conn_table_init(&lb->t, capacity, clock_now_ms());
	if (!err && conf.ipvs.conn_accounting)
		err = conn_table_account(&lb->t);
	if (err || lport_init(&lb->ports, w->index, nworkers))
		return EDPVS_NOMEM;
	return conf.ipvs.reassemble ? fragments_init(w) : EDPVS_OK;
}

/* Rules that name devices follow; a new one may be the narrowest. */
static void
port_event(struct port *p, enum port_event event)
{
	if (event != PORT_MADE && event != PORT_GONE)
		return;
	if (lb_marks_renew() || lb_matches_prepare())
		log_err("lb", "no memory: rules that name devices do not know yet that %s %s", p->name,
			event == PORT_MADE ? "is there" : "has gone");
	else
		lb_matches_publish();
}

int
lb_init(void)
{
	uint32_t capacity = (uint32_t)conf.ipvs.conn_pool_size / nworkers;
	int err;

	hash_init();
	lb_synproxy_init();
	port_watch(port_event);
	if (conf.ipvs.reassemble && lb_fragments_init()) {
		log_err("lb", "no flag of packet buffers is left for ipvs_defs/fragment_mode reassemble");
		return EDPVS_NOMEM;
	}
	for (unsigned i = 0; i < nworkers; i++) {
		err = worker_state_init(workers[i], capacity);
		if (err) {
			log_err(
			    "lb",
			    "no memory for %u connections of worker %u: lower ipvs_defs/conn/conn_pool_size",
			    capacity, i);
			return err;
		}
	}
	err = lb_control_init();
	if (err)
		return err;
	log_info("lb", "%u connections per worker, %zu bytes each", capacity,
		 workers[0]->lb->t.bytes / (capacity ? capacity : 1));
	return EDPVS_OK;
}

void
lb_fini(void)
{
	lb_control_fini();
	for (unsigned i = 0; i < nworkers; i++) {
		if (!workers[i]->lb)
			continue;
		lb_fragments_free(workers[i]->lb->fragments);
		conn_table_fini(&workers[i]->lb->t);
		lport_fini(&workers[i]->lb->ports);
		free(workers[i]->lb);
		workers[i]->lb = NULL;
	}
}

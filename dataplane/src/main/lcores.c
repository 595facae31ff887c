/* SPDX-License-Identifier: Apache-2.0 */
#include "lcores.h"

#include <stdlib.h>
#include <rte_lcore.h>

#include "core/conf.h"
#include "core/errors.h"
#include "core/log.h"

static int
by_number(const void *a, const void *b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

static int
plan_all(uint16_t *ids, unsigned *n)
{
	unsigned lcore;

	RTE_LCORE_FOREACH_WORKER (lcore) {
		if (*n == WORKERS_MAX || lcore >= WORKERS_MAX) {
			log_warning("main", "lcore %u stays idle: at most %d lcores, 0-%d, are used", lcore,
				    WORKERS_MAX, WORKERS_MAX - 1);
			continue;
		}
		ids[(*n)++] = (uint16_t)lcore;
	}
	if (*n)
		return EDPVS_OK;
	log_err("main",
		"only lcore %u is enabled, but one lcore controls and at least one forwards: start with "
		"-- --lcores '0@0,1@1' (or '0@0,1@0' on one CPU)",
		rte_get_main_lcore());
	return EDPVS_INVAL;
}

int
lcores_kernel(void)
{
	for (int i = 0; i < conf.worker.nworkers; i++)
		if (conf.worker.worker[i].type == CONF_WORKER_KNI)
			return conf.worker.worker[i].cpu_id;
	return -1;
}

/* Against the blocks before it. */
static int
check_others(const struct conf_worker *w)
{
	for (const struct conf_worker *o = conf.worker.worker; o < w; o++) {
		if (o->type == CONF_WORKER_KNI && w->type == CONF_WORKER_KNI) {
			log_err("main",
				"workers %s and %s are of type kni, but only one lcore serves the kernel",
				o->name, w->name);
			return EDPVS_INVAL;
		}
		if (o->type != CONF_WORKER_MASTER && o->cpu_id == w->cpu_id) {
			log_err("main", "two worker blocks name cpu_id %d (the second is %s)", w->cpu_id,
				w->name);
			return EDPVS_INVAL;
		}
	}
	return EDPVS_OK;
}

/* Checks one block; adds its lcore when it forwards. */
static int
plan_block(const struct conf_worker *w, uint16_t *ids, unsigned *n)
{
	unsigned cpu = (unsigned)w->cpu_id;

	if (!rte_lcore_is_enabled(cpu)) {
		log_err(
		    "main",
		    "worker %s names cpu_id %u, which is not among the lcores of the EAL: add it to -l or "
		    "--lcores",
		    w->name, cpu);
		return EDPVS_INVAL;
	}
	if (w->type == CONF_WORKER_MASTER) {
		if (cpu == rte_get_main_lcore())
			return EDPVS_OK;
		log_err("main",
			"worker %s of type master names cpu_id %u, but the EAL's main lcore is %u: "
			"change cpu_id or start with -- --main-lcore %u",
			w->name, cpu, rte_get_main_lcore(), cpu);
		return EDPVS_INVAL;
	}
	if (cpu == rte_get_main_lcore()) {
		log_err("main",
			"worker %s names cpu_id %u, which is the main lcore and controls: a worker needs an "
			"lcore of "
			"its own",
			w->name, cpu);
		return EDPVS_INVAL;
	}
	if (w->type == CONF_WORKER_SLAVE)
		ids[(*n)++] = (uint16_t)cpu;
	return check_others(w);
}

/* Lcores that only receive do nothing else. ids: of the workers. */
static int
check_isolated(const uint16_t *ids, unsigned n, const struct conf_worker *w, unsigned cpu)
{
	const char *what = NULL;

	if (!rte_lcore_is_enabled(cpu))
		what = "is not among the lcores of the EAL: add it to -l or --lcores";
	else if (cpu == rte_get_main_lcore())
		what = "is the main lcore and controls: name another one";
	else if ((int)cpu == lcores_kernel())
		what = "is of type kni: name another one";
	for (unsigned i = 0; i < n && !what; i++)
		if (ids[i] == cpu)
			what = "is a worker: name another one";
	if (!what)
		return EDPVS_OK;
	log_err("main", "worker %s names lcore %u in isol_rx_cpu_ids, which %s", w->name, cpu, what);
	return EDPVS_INVAL;
}

static uint64_t
isolated_of(const struct conf_worker *w)
{
	uint64_t set = 0;

	for (int p = 0; p < w->nports && w->type == CONF_WORKER_SLAVE; p++)
		for (int i = 0; i < w->port[p].nisol && i < w->port[p].nrx; i++)
			if (w->port[p].isol_cpu[i] >= 0)
				set |= 1ull << w->port[p].isol_cpu[i];
	return set;
}

unsigned
lcores_isolated(void)
{
	uint64_t all = 0;

	for (int i = 0; i < conf.worker.nworkers; i++)
		all |= isolated_of(&conf.worker.worker[i]);
	return (unsigned)__builtin_popcountll(all);
}

int
lcores_plan(uint16_t *ids, unsigned *n)
{
	*n = 0;
	if (conf.worker.nworkers == 0)
		return plan_all(ids, n);
	for (int i = 0; i < conf.worker.nworkers; i++) {
		int rc = plan_block(&conf.worker.worker[i], ids, n);

		if (rc)
			return rc;
	}
	if (*n == 0) {
		log_err("main", "bad lcore configuration (error code: -7): no worker block is of type slave");
		return EDPVS_INVAL;
	}
	for (int i = 0; i < conf.worker.nworkers; i++) {
		uint64_t set = isolated_of(&conf.worker.worker[i]);

		for (unsigned cpu = 0; cpu < WORKERS_MAX; cpu++) {
			int rc = set >> cpu & 1 ? check_isolated(ids, *n, &conf.worker.worker[i], cpu) : 0;

			if (rc)
				return rc;
		}
	}
	qsort(ids, *n, sizeof(*ids), by_number);
	return EDPVS_OK;
}

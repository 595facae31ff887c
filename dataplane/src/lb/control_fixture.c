/* SPDX-License-Identifier: Apache-2.0 */
#include "control_fixture.h"

#include <stdio.h>
#include <string.h>
#include <rte_byteorder.h>
#include <rte_eal.h>

#include "base/hash.h"
#include "core/conf.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/rcu.h"
#include "core/segment.h"
#include "lb/lb.h"
#include "net/net.h"
#include "port/port.h"

char fix_warning[512];
struct fix_lports fix_lports[FIX_WORKERS][FIX_LIPS];
uint32_t fix_conns[FIX_WORKERS];
volatile uint32_t net_generation;
struct conf conf;
void (*net_sapool_usage_hook)(int af, const union inet_ip *ip, int worker, struct net_sapool_usage *out);

static struct worker worker_data[FIX_WORKERS];
static struct port port0 = {.name = "dpdk0"};

void
log_write(enum log_level level, const char *module, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (level <= LOG_L_WARNING)
		vsnprintf(fix_warning, sizeof(fix_warning), fmt, ap);
	va_end(ap);
}

struct port *
port_by_name(const char *name)
{
	return strcmp(name, port0.name) == 0 ? &port0 : NULL;
}

void
lport_usage(uint32_t lip_id, int worker, uint64_t *used, uint64_t *total, uint64_t *miss)
{
	*used = *total = *miss = 0;
	for (unsigned i = 0; i < nworkers; i++) {
		const struct fix_lports *u = &fix_lports[i][lip_id];

		if (worker >= 0 && (unsigned)worker != i)
			continue;
		*used += u->used;
		*total += u->total;
		*miss += u->miss;
	}
}

int
fix_group_setup(void **state)
{
	char *args[] = {"test", "--no-huge", "--no-shconf",    "--no-pci",
			"-m",	"64",	     "--no-telemetry", "--log-level=lib.eal:error"};

	if (rte_eal_init(RTE_DIM(args), args) < 0)
		return -1;
	hash_init();
	clock_init();
	clock_stop();
	return 0;
}

int
fix_setup(void **state)
{
	nworkers = FIX_WORKERS;
	for (unsigned i = 0; i < FIX_WORKERS; i++) {
		worker_data[i] =
		    (struct worker){.index = (uint16_t)i, .lcore_id = (uint16_t)(FIX_LCORE0 + i)};
		workers[i] = &worker_data[i];
		fix_conns[i] = 0;
	}
	memset(fix_lports, 0, sizeof(fix_lports));
	if (segment_init(nworkers, NULL) || rcu_init(nworkers) || lb_control_init())
		return -1;
	for (unsigned i = 0; i < FIX_WORKERS; i++)
		rcu_online(i);
	return 0;
}

int
fix_teardown(void **state)
{
	for (unsigned i = 0; i < FIX_WORKERS; i++)
		rcu_offline(i);
	lb_control_fini();
	rcu_fini();
	segment_fini();
	return 0;
}

void
fix_quiescent(void)
{
	for (unsigned i = 0; i < FIX_WORKERS; i++)
		rcu_quiescent(i);
	rcu_reclaim();
}

void
fix_settle(void)
{
	for (int i = 0; i < 3; i++) {
		fix_quiescent();
		lb_control_tick(clock_now_ms());
	}
	fix_quiescent();
}

/* No devices here. */
void
lb_reply_rules_tick(struct lb_intern *lips, bool changed)
{
	(void)lips;
	(void)changed;
}

void
lb_reply_rules_drop(struct lb_intern_entry *lip)
{
	(void)lip;
}

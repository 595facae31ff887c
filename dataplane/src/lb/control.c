/* SPDX-License-Identifier: Apache-2.0 */
/* The control side of the balancer as a whole: start, ticks, end, messages. */
#include "acl.h"
#include "lb_control.h"
#include "marks.h"

#include "core/errors.h"
#include "core/rcu.h"
#include "lb/lb.h"

int
lb_control_init(void)
{
	int err = lb_counters_init();

	if (err)
		return err;
	lb_txn_init();
	lb_dests_init();
	lb_laddr_init();
	lb_acls_init();
	return lb_services_init();
}

void
lb_control_fini(void)
{
	lb_services_flush();
	lb_acls_fini();
	lb_dests_fini();
	lb_nat_servers_fini();
	lb_marks_fini();
	lb_laddr_fini();
	lb_services_fini();
	lb_counters_fini();
}

void
lb_control_tick(uint64_t now_ms)
{
	lb_rates_tick(now_ms);
	lb_check_tick(now_ms);
	lb_dests_reap();
	lb_laddrs_reap();
}

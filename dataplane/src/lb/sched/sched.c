/* SPDX-License-Identifier: Apache-2.0 */
#include "sched.h"

#include <string.h>

static const struct lb_sched *const schedulers[] = {
    &lb_sched_rr, &lb_sched_wrr,     &lb_sched_lc,   &lb_sched_wlc,  &lb_sched_sed,
    &lb_sched_nq, &lb_sched_fo,	     &lb_sched_ovf,  &lb_sched_sh,   &lb_sched_dh,
    &lb_sched_mh, &lb_sched_conhash, &lb_sched_lblc, &lb_sched_lblcr};

const struct lb_sched *
lb_sched_find(const char *name)
{
	for (size_t i = 0; i < sizeof(schedulers) / sizeof(schedulers[0]); i++)
		if (strcmp(schedulers[i]->name, name) == 0)
			return schedulers[i];
	return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "sched.h"

#include <string.h>

static const struct lb_sched *const schedulers[] = {&lb_sched_rr, &lb_sched_wrr, &lb_sched_wlc};

const struct lb_sched *
lb_sched_find(const char *name)
{
	for (size_t i = 0; i < sizeof(schedulers) / sizeof(schedulers[0]); i++)
		if (strcmp(schedulers[i]->name, name) == 0)
			return schedulers[i];
	return NULL;
}

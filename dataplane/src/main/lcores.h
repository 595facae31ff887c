/* SPDX-License-Identifier: Apache-2.0 */
/* Which lcore is what. */
#ifndef MAIN_LCORES_H
#define MAIN_LCORES_H

#include <stdint.h>

#include "core/worker.h"

/*
 * Finds the lcores that forward, in ascending order: those of the worker blocks, or all but the main lcore
 * when there are no blocks. Says what is wrong in one sentence. ids has WORKERS_MAX entries. 0 or
 * EDPVS_INVAL.
 */
int lcores_plan(uint16_t *ids, unsigned *n);

/* Number of lcores that only receive, by the worker blocks. */
unsigned lcores_isolated(void);

/* The lcore of the worker block of type kni; -1: there is none. */
int lcores_kernel(void);

#endif

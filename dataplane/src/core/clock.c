/* SPDX-License-Identifier: Apache-2.0 */
#include "core/clock.h"

#include <rte_cycles.h>

static uint64_t start_tsc;
static uint64_t tsc_per_ms = 1;
static double us_per_tsc;
static volatile bool stopped;
static volatile uint64_t stopped_ms;

void
clock_init(void)
{
	start_tsc = rte_rdtsc();
	tsc_per_ms = rte_get_tsc_hz() / 1000;
	if (tsc_per_ms == 0)
		tsc_per_ms = 1;
	us_per_tsc = 1e3 / (double)tsc_per_ms;
}

uint64_t
clock_now_ms(void)
{
	if (stopped)
		return stopped_ms;
	return (rte_rdtsc() - start_tsc) / tsc_per_ms;
}

uint64_t
clock_now_us(void)
{
	if (stopped)
		return stopped_ms * 1000;
	return (uint64_t)((double)(rte_rdtsc() - start_tsc) * us_per_tsc);
}

void
clock_stop(void)
{
	stopped_ms = clock_now_ms();
	stopped = true;
}

void
clock_warp(uint64_t ms)
{
	stopped_ms += ms;
}

bool
clock_is_stopped(void)
{
	return stopped;
}

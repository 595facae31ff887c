/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a lcore that only receives. */
#include "main.h"

#include <pthread.h>
#include <rte_cycles.h>

#include "core/conf.h"
#include "idle.h"

void
isolated_loop(struct isolated *is)
{
	enum idle_mode mode = idle_mode_of(conf.global.idle_mode);
	uint64_t began = rte_rdtsc(), now;
	unsigned idle = 0;

	pthread_getcpuclockid(pthread_self(), &is->cpu_clock);
	while (!is->stop) {
		unsigned done;

		if (unlikely(is->pause))
			isolated_rest(is);
		done = isolated_turn(is);
		is->worked += done != 0;
		__atomic_store_n(&is->turns, is->turns + 1, __ATOMIC_RELEASE);
		idle = done ? 0 : idle + 1;
		if (idle >= IDLE_TURNS && mode != IDLE_SPIN)
			idle_rest(mode);
		now = rte_rdtsc();
		is->stats.total_cycles += now - began;
		if (done)
			is->stats.busy_cycles += now - began;
		began = now;
	}
}

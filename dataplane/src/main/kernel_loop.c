/* SPDX-License-Identifier: Apache-2.0 */
/* The life of the kernel lcore. */
#include "main.h"

#include <pthread.h>
#include <rte_cycles.h>

#include "core/conf.h"
#include "core/rcu.h"
#include "idle.h"

void
kernel_loop(struct kernel_lcore *k)
{
	enum idle_mode mode = idle_mode_of(conf.global.idle_mode);
	uint64_t began = rte_rdtsc(), now;
	unsigned idle = 0;

	pthread_getcpuclockid(pthread_self(), &k->cpu_clock);
	rcu_online(k->reader);
	while (!k->stop) {
		unsigned done;

		if (unlikely(k->pause))
			kernel_lcore_rest(k);
		done = kernel_lcore_turn(k);
		rcu_quiescent(k->reader);
		k->worked += done != 0;
		__atomic_store_n(&k->turns, k->turns + 1, __ATOMIC_RELEASE);
		idle = done ? 0 : idle + 1;
		if (idle >= IDLE_TURNS && mode != IDLE_SPIN)
			idle_rest(mode);
		now = rte_rdtsc();
		k->stats.total_cycles += now - began;
		if (done)
			k->stats.busy_cycles += now - began;
		began = now;
	}
	rcu_offline(k->reader);
}

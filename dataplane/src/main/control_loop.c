/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control lcore's life: sleep until a client, a worker's bell or the next tick; serve; tick. It never
 * waits for a worker.
 */
#include "main.h"

#include <sys/epoll.h>
#include <time.h>
#include <rte_common.h>

#include "core/clock.h"
#include "core/mbuf.h"
#include "core/rcu.h"
#include "core/segment.h"
#include "core/worker.h"
#include "ctrl/ctrl.h"
#include "lb/lb.h"
#include "net/net.h"
#include "port/kernel.h"
#include "port/link_watch.h"
#include "port/load.h"
#include "port/talkers.h"
#include "tc/tc.h"

enum {
	TICK_MS = 10,
	PUNT_BURST = 64,
	PUNTS_PER_TURN = 512, /* a flood of punted packets must not keep clients and timers waiting */
};

static uint64_t
real_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static bool
serve_punts(void)
{
	struct rte_mbuf *m[PUNT_BURST];
	unsigned total = 0, n;

	do {
		n = control_receive(m, PUNT_BURST);
		for (unsigned i = 0; i < n; i++)
			net_control_packet(m[i]);
		total += n;
	} while (n > 0 && total < PUNTS_PER_TURN);
	return n > 0;
}

/* Readable when a worker has rung or the kernel has sent something. */
static int
wake_fd(void)
{
	static int both = -1;
	const int fds[] = {control_bell_fd(), kernel_fd()};

	if (fds[1] < 0)
		return fds[0];
	if (both >= 0)
		return both;
	both = epoll_create1(EPOLL_CLOEXEC);
	for (unsigned i = 0; i < RTE_DIM(fds); i++) {
		struct epoll_event ev = {.events = EPOLLIN};

		epoll_ctl(both, EPOLL_CTL_ADD, fds[i], &ev);
	}
	return both;
}

int
control_loop(void)
{
	uint64_t next_tick = real_ms() + TICK_MS;
	bool more = false;

	while (!stop_requested) {
		uint64_t now = real_ms();
		int wait = more || now >= next_tick ? 0 : (int)(next_tick - now);

		/* Re-armed before the rings are read: what is punted after that rings again. */
		if (ctrl_server_poll(wait, wake_fd()))
			control_bell_rearm();
		more = serve_punts();
		more |= kernel_serve();
		if (real_ms() >= next_tick) {
			net_control_tick(clock_now_ms());
			lb_control_tick(clock_now_ms());
			tc_control_tick(clock_now_ms());
			kernel_tick(clock_now_ms());
			rcu_reclaim();
			segment_beat(real_ms());
			load_tick(real_ms());
			link_watch_tick(real_ms());
			talkers_tick(clock_now_ms());
			control_ticks++;
			next_tick = real_ms() + TICK_MS;
		}
		if (reload_requested) {
			reload_requested = 0;
			process_reload();
		}
		control_turns++;
	}
	return 0;
}

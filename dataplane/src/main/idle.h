/* SPDX-License-Identifier: Apache-2.0 */
/* What a polling lcore does when there is nothing to do (idle_mode). */
#ifndef MAIN_IDLE_H
#define MAIN_IDLE_H

#include <string.h>
#include <unistd.h>
#include <rte_pause.h>

enum idle_mode { IDLE_SPIN, IDLE_PAUSE, IDLE_SLEEP };

enum {
	IDLE_TURNS = 64,  /* empty turns before a lcore rests */
	IDLE_PAUSES = 64, /* pause instructions of one rest */
	IDLE_SLEEP_US = 50,
};

static inline enum idle_mode
idle_mode_of(const char *name)
{
	return strcmp(name, "sleep") == 0 ? IDLE_SLEEP : strcmp(name, "pause") == 0 ? IDLE_PAUSE : IDLE_SPIN;
}

static inline void
idle_rest(enum idle_mode mode)
{
	if (mode == IDLE_SLEEP) {
		usleep(IDLE_SLEEP_US);
	} else if (mode == IDLE_PAUSE) {
		for (unsigned i = 0; i < IDLE_PAUSES; i++)
			rte_pause();
	}
}

#endif

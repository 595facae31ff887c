/* SPDX-License-Identifier: Apache-2.0 */
/* How busy lcores are: means over a second, as `dpip lcore show` prints them. */
#ifndef PORT_LOAD_H
#define PORT_LOAD_H

#include <stdint.h>

/* Control lcore, at every tick. now_ms: monotonic clock, the real one. */
void load_tick(uint64_t now_ms);

#endif

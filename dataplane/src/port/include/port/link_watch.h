/* SPDX-License-Identifier: Apache-2.0 */
/* Watches the links of devices. */
#ifndef PORT_LINK_WATCH_H
#define PORT_LINK_WATCH_H

#include <stdint.h>

/* Control lcore, at every tick: says which links went or came, and tells PORT_LINK_UP. now_ms: monotonic clock, the
 * real one. */
void link_watch_tick(uint64_t now_ms);

#endif

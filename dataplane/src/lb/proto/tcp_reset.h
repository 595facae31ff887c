/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LB_TCP_RESET_H
#define LB_TCP_RESET_H

#include <stdint.h>

struct worker;

/* Resets a connection towards its real server and its client; nothing when the server never sent a segment.
 */
void tcp_reset_both(struct worker *w, uint32_t idx);

#endif

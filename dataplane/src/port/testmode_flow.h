/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORT_TESTMODE_FLOW_H
#define PORT_TESTMODE_FLOW_H

#include <stddef.h>
#include <stdint.h>

#include "ctrl/ctrl.h"

/* Test ports take flow rules from now on. */
void testmode_flow_init(void);
/* The queue of a frame on a test port that would come to the given one: that of the first rule for it, if
 * there is any. */
uint16_t testmode_flow_queue(uint16_t port, uint16_t queue, const uint8_t *frame, size_t len);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Test mode: ports made of rings, frames injected and collected through the control socket (abi/testmode.h),
 * and a clock that can be stopped and moved. It lets a packet case state exactly what goes in, what comes out
 * and when.
 */
#ifndef PORT_TESTMODE_H
#define PORT_TESTMODE_H

#include <stdbool.h>

/* Makes the DPDK ports test0, test1, … with the given number of receive and transmit queues and registers the
 * test messages. Call after the EAL is up and before ports_init(). 0 or a negative EDPVS code, logged. */
int testmode_init(unsigned ports, unsigned queues);

#endif

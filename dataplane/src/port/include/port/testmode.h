/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Test mode: ports made of rings, frames injected and collected through the control socket (abi/testmode.h),
 * and a clock that can be stopped and moved. It lets a packet case state exactly what goes in, what comes out
 * and when.
 */
#ifndef PORT_TESTMODE_H
#define PORT_TESTMODE_H

#include <stdbool.h>

/*
 * Makes the DPDK ports test0, test1, … with the given number of receive and transmit queues and registers the
 * test messages. rss: whoever injects frames puts those of a flow into one queue, as a device would. flows:
 * the ports take flow rules, too. Call after the EAL is up and before ports_init(). 0 or a negative EDPVS
 * code, logged.
 */
int testmode_init(unsigned ports, unsigned queues, bool rss, bool flows);

/* True when rings are filled by flow (rss above). */
bool testmode_spreads_flows(void);

/* Are the ports those of tests, which put each frame into the queue that they want? */
bool testmode_is_on(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORT_TESTMODE_KERNEL_H
#define PORT_TESTMODE_KERNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_mbuf.h>

/* Kernel interfaces are pairs of queues from now on. */
void testmode_kernel_init(void);
/* Puts a frame into the interface of a port, as if the kernel had sent it. False: not taken. */
bool testmode_kernel_inject(uint16_t port, struct rte_mbuf *m);
/* The oldest frame that the kernel was given by the interface of a port; NULL: none. The caller frees it. */
struct rte_mbuf *testmode_kernel_collect(uint16_t port);
/* Frames are on their way to or from the kernel. */
bool testmode_kernel_waits(void);

#endif

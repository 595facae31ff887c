/* SPDX-License-Identifier: Apache-2.0 */
/* Who serves the kernel's interfaces: the control lcore, or an lcore of its own. Private to the port layer.
 */
#ifndef PORT_KERNEL_SERVE_H
#define PORT_KERNEL_SERVE_H

#include "port/port.h"

struct kernel_server {
	uint64_t *drops;	  /* [DROP_REASONS] */
	struct rte_mempool *pool; /* for what the kernel sends */
	/* Sends n frames of the kernel by the port; they are its own from then on. */
	void (*send)(const struct port *p, struct rte_mbuf **m, unsigned n);
};

/* A frame for the interface of the port that meta.port names; dropped and counted when it has none or does
 * not take it. */
void kernel_deliver(const struct kernel_server *s, struct rte_mbuf *m);

/* Serves rings and interfaces once, bounded; *more: something was left. Returns the number of frames. */
unsigned kernel_serve_all(const struct kernel_server *s, bool *more);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel path: a port may have an interface in the kernel, named kni_name or PORT.kni, with the port's
 * MAC address and MTU. What the daemon leaves to the host goes there, what the host sends there leaves by the
 * port.
 *
 * Workers give frames away through two rings, so that a flood of one kind does not hold up routing protocols.
 * The control lcore writes them and reads what the kernel sends, or an lcore of its own (port/kernel_lcore.h).
 */
#ifndef PORT_KERNEL_H
#define PORT_KERNEL_H

#include "core/rcu.h"
#include "port/port.h"

struct kernel_if;

/* How a kind of interface is made and used: read and write by the lcore that serves the kernel, the others by
 * the control lcore. 0 or a negative errno. */
struct kernel_ops {
	/* Makes the interface of a port; *state is of the kind, *fd readable when it has frames (-1: to be
	 * polled). */
	int (*open)(const struct port *p, const char *name, void **state, int *fd);
	void (*close)(void *state);
	/* Passes one whole frame on; with 0 the buffer is its own, otherwise it stays the caller's. */
	int (*write)(void *state, struct rte_mbuf *m);
	/* One frame in *m (allocated from pool); 1, 0: none, or a negative errno. */
	int (*read)(void *state, struct rte_mempool *pool, uint32_t room, struct rte_mbuf **m);
	int (*set_mac)(void *state, const struct rte_ether_addr *mac);
	int (*set_mtu)(void *state, uint16_t mtu);
	/* Multicast addresses that the kernel wants to receive, at most max; their number. NULL: none. */
	unsigned (*mcast)(void *state, struct rte_ether_addr *out, unsigned max);
};

/* Interfaces in the kernel: by /dev/net/tun, by virtio-user with /dev/vhost-net, by DPDK's net_tap. */
extern const struct kernel_ops kernel_tap_ops, kernel_virtio_ops, kernel_net_tap_ops;
/* Those of tests, in the place of what is configured; NULL: none. */
extern const struct kernel_ops *kernel_test_ops;

/* Does the port have an interface? Any thread. */
static inline bool
kernel_has(uint16_t port)
{
	const struct port *p = rcu_read(ports[port]);

	return p && rcu_read(p->kernel) != NULL;
}

/* The name of its interface, NULL: it has none. Control lcore. */
const char *kernel_name(const struct port *p);

/* Data path: a frame, as received on the port, for its interface. Without one it is dropped for the given
 * reason. Ownership passes. */
void kernel_give(struct worker *w, uint16_t port, struct rte_mbuf *m, enum kernel_class class,
		 enum drop_reason why);
/* Control lcore: the same for a frame in its hands. */
void kernel_give_control(uint16_t port, struct rte_mbuf *m, enum drop_reason why);
/* Data path: copies of frames that a port with forward2kni received or sends. */
void kernel_copy(struct worker *w, struct port *p, struct rte_mbuf *const *m, unsigned n);

/* Is the address in the port's filter because the kernel wants it? Control lcore. */
bool kernel_wants_group(const struct port *p, const struct rte_ether_addr *mac);

/* Control lcore: forward2kni of a port. 0 or EDPVS_NOTSUPP: it has no interface. */
int kernel_set_copies(struct port *p, bool on);

/* Control lcore. Makes interfaces of all devices and, from now on, of VLANs; what cannot be made is logged.
 */
int kernel_start(void);
void kernel_stop(void);
/* Readable when an interface has frames for the control lcore; -1: never. */
int kernel_fd(void);
/* Control lcore: serves all interfaces in both directions, bounded. True: there is more. */
bool kernel_serve(void);
/* Every tick. */
void kernel_tick(uint64_t now_ms);

#endif

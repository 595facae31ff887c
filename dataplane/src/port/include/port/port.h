/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports: the devices that packets come from and go to. A port has a small id (its index here), a name, a MAC
 * and an MTU. DPDK's devices come first and exist from start-up to the end of the process; devices that are
 * made by command of another one, such as VLANs, come and go behind them. What a kind of port does in its own
 * way is a row of functions (struct port_ops).
 */
#ifndef PORT_PORT_H
#define PORT_PORT_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_ethdev.h>
#include <rte_ether.h>

#include "core/rcu.h"
#include "core/worker.h"

enum { PORTS_MAX = 64, PORT_NAME_MAX = 32, PORT_QUEUES_MAX = 16, PORT_NONE = 0xffff };
/* In the place of a worker: the kernel lcore (port/kernel_lcore.h). */
enum { RXQ_KERNEL = UINT8_MAX };

/* How the packets of a port find the worker that owns their flow. */
enum port_steering {
	STEER_SINGLE,	/* one worker: nothing to do */
	STEER_RSS,	/* every worker has its own rx queue; the device keeps a client's flow on one queue */
	STEER_SOFTWARE, /* fewer queues than workers: flows are spread by a hash in software */
};

struct port;
struct kernel_if; /* port/kernel.h */
struct tc_tree;	  /* traffic control */

/* What kinds of ports do each in their own way. A function that is NULL: not possible (EDPVS_NOTSUPP). */
struct port_ops {
	/* Data path: sends a whole frame that the port's users made. Ownership passes. NULL: a DPDK device,
	 * which has queues of its own. */
	void (*tx)(struct worker *w, struct port *p, struct rte_mbuf *m);
	/* Control lcore. 0 or a negative EDPVS code. */
	int (*set_promisc)(struct port *p, bool on);
	int (*set_allmulticast)(struct port *p, bool on);
	int (*set_link)(struct port *p, bool up);
	int (*set_mac)(struct port *p, const struct rte_ether_addr *mac);
	int (*mcast_push)(struct port *p, const struct rte_ether_addr *mac, bool add); /* one came or went */
	void (*get_link)(const struct port *p, struct rte_eth_link *link);
	int (*get_stats)(const struct port *p, struct rte_eth_stats *stats);
};

/* What a port that is no DPDK device carried, by worker. */
struct port_counters {
	uint64_t in_packets, in_bytes, out_packets, out_bytes, out_dropped;
} __rte_cache_aligned;

struct port {
	uint16_t id;	  /* index in ports[] */
	uint16_t dpdk_id; /* port id of rte_ethdev; of a port without one, that of the device below */
	const struct port_ops *ops;
	struct port *parent;		/* the device that a VLAN is of; NULL: none */
	struct port *bond;		/* the bonding that the device is a member of; NULL: none */
	uint16_t vlan_id;		/* of a VLAN: 1 to 4094 */
	struct port **vlans;		/* published; of a device that VLANs are of, by id [4096] */
	unsigned nabove;		/* devices made of it; control lcore */
	struct port_counters *counters; /* [nworkers]; NULL: the device counts */
	void *kind_data;		/* of its kind */
	char name[PORT_NAME_MAX];
	struct rte_ether_addr mac; /* changed by the control lcore only */
	uint16_t mtu;
	uint16_t nrxq, ntxq;
	uint8_t steering; /* enum port_steering */
	bool started;
	bool rx_ip_csum;		  /* device verifies the IPv4 header checksum and flags bad ones */
	struct kernel_if *kernel;	  /* published; its interface in the kernel; NULL: none */
	struct tc_tree *egress, *ingress; /* published; what its frames wait in; NULL: they do not */
	bool tc_egress, tc_ingress;	  /* as set */
	bool copies_to_kernel;		  /* forward2kni: all that it receives and sends, and nothing else */
	bool lacp;			  /* a bonding in mode 4: LACP wants a turn now and then */
	bool link_seen, link_up;	  /* of link_watch.c */
	bool lldp;			  /* its switch; global_defs/lldp is another */
	unsigned nmembers;		  /* of a bonding */
	bool promisc, allmulticast;	  /* as set; the device may know better */
	bool layer3; /* a tunnel: packets have no link address; no ARP, ND, VLANs, interface in the kernel */
	bool tx_fast_free; /* sent buffers are freed the cheap way; all must come from one pool, unshared */
	uint8_t rxq_worker[PORT_QUEUES_MAX]; /* worker index that polls the queue, or RXQ_KERNEL */
	int socket_id;
	struct rte_eth_dev_info info;
	struct port_mcast *mcast; /* multicast MACs in the device's filter (mcast.c) */
	unsigned nmcast;
};

/* By id, published, NULL where none. The first nports are DPDK's devices; from ports_end on there are none.
 */
extern struct port *ports[PORTS_MAX];
extern unsigned nports, ports_end;

/* Data path: what a packet's port has. The port may have gone while the packet was on its way. */
static inline uint16_t
port_mtu(uint16_t id)
{
	const struct port *p = rcu_read(ports[id]);

	return likely(p != NULL) ? p->mtu : RTE_ETHER_MTU;
}
static inline enum port_steering
port_steering(uint16_t id)
{
	const struct port *p = rcu_read(ports[id]);

	return likely(p != NULL) ? p->steering : STEER_SOFTWARE;
}

/* One receive queue of a worker. */
struct worker_rxq {
	uint16_t port, dpdk_id, queue;
	struct rte_ring
	    *ring; /* from the isolated lcore that receives for us (port/isolated.h); NULL: none */
};

/* Frames waiting for the device, per worker and port. */
struct worker_txbuf {
	uint16_t dpdk_id, queue, n;
	uint8_t nspare;	      /* more queues of this worker, which take what the first one does not */
	const uint8_t *spare; /* [nspare] */
	bool usable;
	volatile bool direct; /* usable, and frames do not wait in schedulers */
	/* Set when the device has fewer transmit queues than there are workers and this worker has none:
	 * frames go through this ring to the worker that sends them. Single producer, single consumer;
	 * mbuf.port is the output port id. */
	struct rte_ring *relay;
	struct rte_mbuf *m[WORKER_BURST * 2];
};

struct worker_port {
	uint64_t lacp_due_ms;
	unsigned nrxq;
	struct worker_rxq rxq[PORTS_MAX * 4];
	unsigned nrelays;
	struct rte_ring
	    *relay_in[WORKERS_MAX]; /* frames that other workers want us to send; drained by port_flush() */
	struct worker_txbuf tx[PORTS_MAX];
};

/* Data path: the device with an id of rte_ethdev; NULL when there is none. */
const struct port *port_by_device(uint16_t dpdk_id);

/* By name; a name of 15 characters may be the beginning of one longer name. NULL when there is none. */
struct port *port_by_name(const char *name);

/* Says what is wrong with devices and workers of `conf`, as far as that is seen without devices, one line
 * each. Returns the number of lines. */
unsigned ports_check_conf(void);

/* Sets up all ports named in the configuration and their queues for the workers, as conf says. Every error is
 * logged as one sentence. 0 or a negative EDPVS code. Needs workers_init(). */
int ports_init(struct rte_mempool *const *pool_by_socket);
/* Starts the ports; one that does not start is a warning. Logs the table port - queue - lcore. */
int ports_start(void);
void ports_stop(void);
/* Closes the devices and frees everything; workers must have ended. */
void ports_fini(void);

/* Data path: what an isolated lcore has received, up to WORKER_BURST frames. */
uint16_t port_rx_ring(struct rte_ring *r, struct rte_mbuf **m);

/* Data path: receives up to WORKER_BURST frames from a queue. */
static inline uint16_t
port_rx(const struct worker_rxq *q, struct rte_mbuf **m)
{
	if (unlikely(q->ring != NULL))
		return port_rx_ring(q->ring, m);
	return rte_eth_rx_burst(q->dpdk_id, q->queue, m, WORKER_BURST);
}

/* Data path: sends what waits for one port, or for all. What the device does not take is freed and counted
 * TX_FULL. port_flush() also sends what other workers relay through us: call it in every turn of the loop. */
void port_flush_one(struct worker *w, struct worker_txbuf *t);
void port_flush(struct worker *w);

/* Data path: as port_tx(), for ports without queues of their own, those that do not run, and those whose
 * frames wait in schedulers. */
void port_tx_other(struct worker *w, uint16_t port, struct rte_mbuf *m);

/* Data path: queues a frame whatever schedulers the port has. Ownership passes. */
void port_tx_now(struct worker *w, struct port *p, struct rte_mbuf *m);

/* The layer of traffic control: frames for a port with schedulers (p->egress) go to fn. Start-up. */
void port_on_egress(void (*fn)(struct worker *w, struct port *p, struct rte_mbuf *m));
/* Control lcore: p->egress has changed. */
void port_egress_changed(struct port *p);

/* Data path: queues a whole frame. Ownership passes. */
static inline void
port_tx(struct worker *w, uint16_t port, struct rte_mbuf *m)
{
	struct worker_txbuf *t;

	if (unlikely(port >= PORTS_MAX || !w->port->tx[port].direct)) {
		port_tx_other(w, port, m);
		return;
	}
	t = &w->port->tx[port];
	t->m[t->n++] = m;
	if (t->n >= WORKER_BURST)
		port_flush_one(w, t);
}

/* Control path: change of a running port. 0 or a negative EDPVS code (NOTSUPP when the driver lacks it). */
int port_set_promisc(struct port *p, bool on);
int port_set_allmulticast(struct port *p, bool on);
int port_set_link(struct port *p, bool up);
/* Bytes of the longest IP packet. VLANs of the port that were as wide stay so, and none is wider. INVAL: not
 * PORT_MTU_MIN to PORT_MTU_MAX, more than the device can, or than that below a VLAN; BUSY: the driver wants the
 * device to be stopped, or the port is a member of a bonding; NOTSUPP: the driver cannot, or a tunnel, whose MTU
 * follows its way. */
enum { PORT_MTU_MIN = 68, PORT_MTU_MAX = 9000 };
int port_set_mtu(struct port *p, uint16_t mtu);
int port_set_mac(struct port *p, const struct rte_ether_addr *mac);
/* Tunnels have none for what they receive: NOTSUPP. */
int port_set_tc_egress(struct port *p, bool on);
int port_set_tc_ingress(struct port *p, bool on);
/* Devices only, not bondings. EDPVS_DISABLED: global_defs/lldp is off. */
int port_set_lldp(struct port *p, bool on);

/* Sums up port.counters, for kinds that have them. The get_stats of such kinds. */
int port_counters_read(const struct port *p, struct rte_eth_stats *s);

/* A name for a port in lists: printable, no blanks or slashes, and none of those that lcores have. */
bool port_name_is_fit(const char *name);

enum port_event {
	PORT_MADE,
	PORT_GOING,   /* it is still in ports[] */
	PORT_GONE,    /* it is not any more; p is good until the call returns */
	PORT_JOINING, /* it is about to become a member of a bonding, and none of its own any more */
	PORT_MAC,     /* it has another MAC address */
	PORT_MTU,     /* it has another MTU */
	PORT_LINK_UP, /* its link was down and is up again */
	PORT_TC,      /* tc_egress or tc_ingress has another value */
};
/* Layers above: fn is called on the control lcore when something happens to a port, in the order of these
 * calls. Start-up; ports_fini() forgets. */
void port_watch(void (*fn)(struct port *p, enum port_event event));
void port_tell(struct port *p, enum port_event event);

/* A port of a kind that is made by command: an id, the given name (at most 15 characters, not in use), what
 * the parent has, counters. Not in ports[] yet. NULL with *err: EXIST, NOMEM, RESOURCE (no id is left). */
struct port *port_make(const char *name, const struct port_ops *ops, struct port *parent, int *err);
/* The id that the next such port gets, -1: none is left. Gives a port back that was not published. */
int port_free_id(void);
void port_unmake(struct port *p);
/* Puts it there, and takes it away; it is freed when no worker knows it any more. */
void port_publish(struct port *p);
void port_remove(struct port *p);

/*
 * Multicast MAC addresses that a port must receive (solicited-node groups and the like), counted by users. A
 * device without a multicast filter is set to all multicast instead, and one that has neither is taken to
 * pass everything. Control lcore, before or after ports_start(). 0 or a negative EDPVS code (INVAL: not a
 * multicast address; NOTEXIST).
 */
int port_mcast_add(struct port *p, const struct rte_ether_addr *mac);
int port_mcast_del(struct port *p, const struct rte_ether_addr *mac);

/* Registers the control messages of ports and lcores (ids 53-67), drops and the memory of DPDK. */
void port_ctrl_register(void);

#endif

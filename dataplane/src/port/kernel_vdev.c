/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interfaces in the kernel by drivers of DPDK: virtio-user with the vhost of the kernel, which moves frames
 * by a thread of its own, and net_tap. Frames go and come in bursts, without a system call for each.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <rte_dev.h>
#include <rte_ethdev.h>

#include "kernel_netdev.h"
#include "port/kernel.h"

enum { QUEUE = 0, DESCRIPTORS = 1024, BURST = 32, NAME_LEN = 32 };

struct vdev {
	char device[NAME_LEN]; /* of the EAL */
	char name[NAME_LEN];   /* in the kernel */
	uint16_t id;	       /* of rte_ethdev */
	bool plugged, started;
	bool counts; /* the descriptor is a counter, to be emptied */
	int fd;
	unsigned n, at; /* received and not read yet: m[at] … m[n - 1] */
	struct rte_mbuf *m[BURST];
};

static int
vdev_set_mac(void *state, const struct rte_ether_addr *mac)
{
	return kernel_netdev_set_mac(((struct vdev *)state)->name, mac);
}

static int
vdev_set_mtu(void *state, uint16_t mtu)
{
	return kernel_netdev_set_mtu(((struct vdev *)state)->name, mtu);
}

static unsigned
vdev_mcast(void *state, struct rte_ether_addr *out, unsigned max)
{
	return kernel_netdev_mcast(((struct vdev *)state)->name, out, max);
}

static void
vdev_close(void *state)
{
	struct vdev *v = state;

	rte_pktmbuf_free_bulk(v->m + v->at, v->n - v->at);
	if (v->started)
		(void)rte_eth_dev_stop(v->id);
	if (v->plugged)
		(void)rte_eal_hotplug_remove("vdev", v->device);
	free(v);
}

static int
set_up(struct vdev *v, uint16_t mtu)
{
	struct rte_eth_conf conf = {.intr_conf.rxq = 1};
	struct rte_mempool *pool = workers[0]->pool;
	uint16_t nrx = DESCRIPTORS, ntx = DESCRIPTORS;
	struct rte_eth_dev_info info;
	int rc = rte_eth_dev_get_port_by_name(v->device, &v->id);

	if (!rc)
		rc = rte_eth_dev_info_get(v->id, &info);
	if (rc)
		return rc;
	/* Frames of more than a buffer; not every driver calls it an offload. */
	conf.rxmode.offloads = info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER;
	conf.txmode.offloads = info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	if (info.max_mtu >= mtu)
		conf.rxmode.mtu = mtu;
	rc = rte_eth_dev_configure(v->id, 1, 1, &conf);
	if (!rc)
		rc = rte_eth_dev_adjust_nb_rx_tx_desc(v->id, &nrx, &ntx);
	if (!rc)
		rc = rte_eth_rx_queue_setup(v->id, QUEUE, nrx, SOCKET_ID_ANY, NULL, pool);
	if (!rc)
		rc = rte_eth_tx_queue_setup(v->id, QUEUE, ntx, SOCKET_ID_ANY, NULL);
	if (!rc)
		rc = rte_eth_dev_start(v->id);
	v->started = rc == 0;
	return rc;
}

static int
plug(const struct port *p, const char *name, const char *kind, const char *arguments, void **state, int *fd)
{
	struct vdev *v = calloc(1, sizeof(*v));
	char mac[RTE_ETHER_ADDR_FMT_SIZE], words[128];
	int rc;

	if (!v)
		return -ENOMEM;
	snprintf(v->device, sizeof(v->device), "%s%u", kind, p->id);
	snprintf(v->name, sizeof(v->name), "%s", name);
	rte_ether_format_addr(mac, sizeof(mac), &p->mac);
	snprintf(words, sizeof(words), arguments, name, mac);
	rc = rte_eal_hotplug_add("vdev", v->device, words);
	v->plugged = rc == 0;
	if (!rc)
		rc = set_up(v, p->mtu);
	if (!rc)
		rc = vdev_set_mac(v, &p->mac);
	if (!rc)
		rc = vdev_set_mtu(v, p->mtu);
	if (rc) {
		vdev_close(v);
		return rc < 0 ? rc : -EIO;
	}
	v->fd = rte_eth_dev_rx_intr_ctl_q_get_fd(v->id, QUEUE);
	rc = v->fd >= 0 ? rte_eth_dev_rx_intr_enable(v->id, QUEUE) : 0;
	if (rc && rc != -ENOTSUP) /* net_tap: always enabled */
		v->fd = -1;
	*fd = v->fd;
	*state = v;
	return 0;
}

static int
virtio_open(const struct port *p, const char *name, void **state, int *fd)
{
	int rc;

	if (access("/dev/vhost-net", R_OK | W_OK))
		return -errno;
	rc = plug(p, name, "virtio_user", "path=/dev/vhost-net,iface=%s,mac=%s,queues=1,queue_size=1024",
		  state, fd);
	if (!rc)
		((struct vdev *)*state)->counts = true;
	return rc;
}

static int
tap_open(const struct port *p, const char *name, void **state, int *fd)
{
	return plug(p, name, "net_tap_kni", "iface=%s,mac=%s", state, fd);
}

static int
vdev_write(void *state, struct rte_mbuf *m)
{
	const struct vdev *v = state;

	return rte_eth_tx_burst(v->id, QUEUE, &m, 1) == 1 ? 0 : -ENOBUFS;
}

/* Frames that came before the device was asked to wake us again would wait for the next one: look once more.
 */
static bool
refill(struct vdev *v)
{
	v->at = 0;
	v->n = rte_eth_rx_burst(v->id, QUEUE, v->m, BURST);
	if (v->n || v->fd < 0)
		return v->n > 0;
	if (v->counts) {
		uint64_t wakes;
		ssize_t done = read(v->fd, &wakes, sizeof(wakes));

		(void)done; /* nothing: it did not wake us */
	}
	(void)rte_eth_dev_rx_intr_enable(v->id, QUEUE);
	v->n = rte_eth_rx_burst(v->id, QUEUE, v->m, BURST);
	return v->n > 0;
}

static int
vdev_read(void *state, struct rte_mempool *pool, uint32_t room, struct rte_mbuf **m)
{
	struct vdev *v = state;

	if (v->at == v->n && !refill(v))
		return 0;
	*m = v->m[v->at++];
	if ((*m)->pkt_len <= room && (*m)->pkt_len >= RTE_ETHER_HDR_LEN)
		return 1;
	rte_pktmbuf_free(*m);
	return -EMSGSIZE;
}

const struct kernel_ops kernel_virtio_ops = {
    .open = virtio_open,
    .close = vdev_close,
    .write = vdev_write,
    .read = vdev_read,
    .set_mac = vdev_set_mac,
    .set_mtu = vdev_set_mtu,
    .mcast = vdev_mcast,
};

const struct kernel_ops kernel_net_tap_ops = {
    .open = tap_open,
    .close = vdev_close,
    .write = vdev_write,
    .read = vdev_read,
    .set_mac = vdev_set_mac,
    .set_mtu = vdev_set_mtu,
    .mcast = vdev_mcast,
};

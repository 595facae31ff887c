/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interfaces in the kernel by /dev/net/tun. Nothing is left to the other side: without offloads the kernel
 * completes checksums and cuts segments itself before a frame comes here.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if_arp.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "kernel_netdev.h"
#include "port/kernel.h"

enum { PIECES = 8 }; /* buffers of one frame: 9000 bytes in the smallest that we have */

struct tap {
	int fd;
	char name[IFNAMSIZ];
};

static int
tap_set_mac(void *state, const struct rte_ether_addr *mac)
{
	return kernel_netdev_set_mac(((struct tap *)state)->name, mac);
}

static int
tap_set_mtu(void *state, uint16_t mtu)
{
	return kernel_netdev_set_mtu(((struct tap *)state)->name, mtu);
}

static void
tap_close(void *state)
{
	struct tap *t = state;

	if (t->fd >= 0)
		close(t->fd); /* the interface goes with it */
	free(t);
}

static int
tap_make(struct tap *t, const struct port *p)
{
	struct ifreq ifr = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int rc;

	t->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (t->fd < 0)
		return -errno;
	memcpy(ifr.ifr_name, t->name, sizeof(ifr.ifr_name));
	if (ioctl(t->fd, TUNSETIFF, &ifr) < 0)
		return -errno;
	rc = tap_set_mac(t, &p->mac);
	return rc ? rc : tap_set_mtu(t, p->mtu);
}

static int
tap_open(const struct port *p, const char *name, void **state, int *fd)
{
	struct tap *t = calloc(1, sizeof(*t));
	int rc;

	if (!t)
		return -ENOMEM;
	t->fd = -1;
	snprintf(t->name, sizeof(t->name), "%s", name);
	rc = tap_make(t, p);
	if (rc) {
		tap_close(t);
		return rc;
	}
	*state = t;
	*fd = t->fd;
	return 0;
}

static int
tap_write(void *state, struct rte_mbuf *m)
{
	const struct tap *t = state;
	struct iovec iov[PIECES];
	int n = 0;

	for (struct rte_mbuf *part = m; part; part = part->next) {
		if (n == PIECES)
			return -EMSGSIZE;
		iov[n].iov_base = rte_pktmbuf_mtod(part, void *);
		iov[n++].iov_len = part->data_len;
	}
	if (writev(t->fd, iov, n) < 0)
		return -errno;
	rte_pktmbuf_free(m);
	return 0;
}

/* Room for the longest frame, in as many buffers as that takes. */
static struct rte_mbuf *
frame_room(struct rte_mempool *pool, uint32_t room, struct iovec *iov, int *n)
{
	struct rte_mbuf *head = NULL, *last = NULL;

	for (*n = 0; room > 0 && *n < PIECES; ++*n) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
		uint32_t part;

		if (!m) {
			rte_pktmbuf_free(head);
			return NULL;
		}
		part = RTE_MIN((uint32_t)rte_pktmbuf_tailroom(m), room);
		m->data_len = (uint16_t)part;
		iov[*n] = (struct iovec){.iov_base = rte_pktmbuf_mtod(m, void *), .iov_len = part};
		room -= part;
		if (last)
			last->next = m;
		else
			head = m;
		last = m;
	}
	return head;
}

/* A chain whose first `len` bytes were filled. */
static void
frame_end(struct rte_mbuf *head, uint32_t len)
{
	struct rte_mbuf *m = head;
	uint32_t left = len;

	head->pkt_len = len;
	head->nb_segs = 1;
	for (; left > m->data_len && m->next; m = m->next) {
		left -= m->data_len;
		head->nb_segs++;
	}
	m->data_len = (uint16_t)left;
	rte_pktmbuf_free(m->next);
	m->next = NULL;
}

static int
tap_read(void *state, struct rte_mempool *pool, uint32_t room, struct rte_mbuf **out)
{
	const struct tap *t = state;
	struct iovec iov[PIECES];
	struct rte_mbuf *m;
	ssize_t len;
	int n;

	m = frame_room(pool, room + 1, iov, &n);
	if (!m) {
		uint8_t lost;

		/* The frame has to go, or the descriptor would stay readable for ever. */
		return read(t->fd, &lost, sizeof(lost)) < 0 ? 0 : -ENOMEM;
	}
	len = readv(t->fd, iov, n);
	if (len <= 0 || (uint32_t)len > room || len < RTE_ETHER_HDR_LEN) {
		rte_pktmbuf_free(m);
		return len < 0 ? (errno == EAGAIN || errno == EINTR ? 0 : -EIO) : -EMSGSIZE;
	}
	frame_end(m, (uint32_t)len);
	*out = m;
	return 1;
}

static unsigned
tap_mcast(void *state, struct rte_ether_addr *out, unsigned max)
{
	return kernel_netdev_mcast(((struct tap *)state)->name, out, max);
}

const struct kernel_ops kernel_tap_ops = {
    .open = tap_open,
    .close = tap_close,
    .write = tap_write,
    .read = tap_read,
    .set_mac = tap_set_mac,
    .set_mtu = tap_set_mtu,
    .mcast = tap_mcast,
};

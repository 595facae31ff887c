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

#include "port/kernel.h"

enum { PIECES = 8 }; /* buffers of one frame: 9000 bytes in the smallest that we have */

struct tap {
	int fd;
	int sock; /* for requests about the interface */
	char name[IFNAMSIZ];
};

static int
request(const struct tap *t, unsigned long what, struct ifreq *ifr)
{
	memcpy(ifr->ifr_name, t->name, sizeof(ifr->ifr_name));
	return ioctl(t->sock, what, ifr) < 0 ? -errno : 0;
}

static int
tap_set_mac(void *state, const struct rte_ether_addr *mac)
{
	struct ifreq ifr = {.ifr_hwaddr.sa_family = ARPHRD_ETHER};

	memcpy(ifr.ifr_hwaddr.sa_data, mac, sizeof(*mac));
	return request(state, SIOCSIFHWADDR, &ifr);
}

static int
tap_set_mtu(void *state, uint16_t mtu)
{
	struct ifreq ifr = {.ifr_mtu = mtu};

	return request(state, SIOCSIFMTU, &ifr);
}

static void
tap_close(void *state)
{
	struct tap *t = state;

	if (t->fd >= 0)
		close(t->fd); /* the interface goes with it */
	if (t->sock >= 0)
		close(t->sock);
	free(t);
}

static int
tap_make(struct tap *t, const struct port *p)
{
	struct ifreq ifr = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int rc;

	t->sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	t->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (t->sock < 0 || t->fd < 0)
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
	t->fd = t->sock = -1;
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
tap_write(void *state, const struct rte_mbuf *m)
{
	const struct tap *t = state;
	struct iovec iov[PIECES];
	int n = 0;

	for (; m; m = m->next) {
		if (n == PIECES)
			return -EMSGSIZE;
		iov[n].iov_base = rte_pktmbuf_mtod(m, void *);
		iov[n++].iov_len = m->data_len;
	}
	return writev(t->fd, iov, n) < 0 ? -errno : 0;
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

/* Lines of /proc/net/dev_mcast: index, name, references, global references, address. */
static unsigned
tap_mcast(void *state, struct rte_ether_addr *out, unsigned max)
{
	const struct tap *t = state;
	char line[160], name[IFNAMSIZ + 1], hex[13];
	FILE *f = fopen("/proc/net/dev_mcast", "re");
	unsigned n = 0;

	if (!f)
		return 0;
	while (n < max && fgets(line, sizeof(line), f)) {
		uint8_t *b = out[n].addr_bytes;

		if (sscanf(line, "%*d %16s %*d %*d %12[0-9a-f]", name, hex) != 2 ||
		    strcmp(name, t->name) != 0 ||
		    sscanf(hex, "%2hhx%2hhx%2hhx%2hhx%2hhx%2hhx", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5]) !=
			6)
			continue;
		n += rte_is_multicast_ether_addr(&out[n]);
	}
	fclose(f);
	return n;
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

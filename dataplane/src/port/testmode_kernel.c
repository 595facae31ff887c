/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel interfaces of test ports: tests are the kernel. */
#include "testmode_kernel.h"

#include <errno.h>
#include <stdlib.h>

#include "port/kernel.h"

enum { RING = 4096 };

struct side {
	uint16_t port;
	struct rte_ring *to, *from;
};

/* By port id; ports come and go, their rings stay. */
static struct side sides[PORTS_MAX];

static int
test_open(const struct port *p, const char *name, void **state, int *fd)
{
	struct side *s = &sides[p->id];
	char ring[RTE_RING_NAMESIZE];

	s->port = p->id;
	if (!s->to) {
		snprintf(ring, sizeof(ring), "kernel_to%u", p->id);
		s->to = rte_ring_create(ring, RING, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
		snprintf(ring, sizeof(ring), "kernel_from%u", p->id);
		s->from = rte_ring_create(ring, RING, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	}
	if (!s->to || !s->from)
		return -ENOMEM;
	*state = s;
	*fd = -1;
	return 0;
}

static void
flush(struct rte_ring *r)
{
	void *m;

	while (rte_ring_dequeue(r, &m) == 0)
		rte_pktmbuf_free(m);
}

static void
test_close(void *state)
{
	struct side *s = state;

	flush(s->to);
	flush(s->from);
}

static int
test_write(void *state, struct rte_mbuf *m)
{
	const struct side *s = state;
	struct rte_mbuf *copy = rte_pktmbuf_copy(m, m->pool, 0, UINT32_MAX);

	if (!copy)
		return -ENOMEM;
	if (rte_ring_enqueue(s->to, copy)) {
		rte_pktmbuf_free(copy);
		return -ENOBUFS;
	}
	rte_pktmbuf_free(m);
	return 0;
}

static int
test_read(void *state, struct rte_mempool *pool, uint32_t room, struct rte_mbuf **m)
{
	const struct side *s = state;

	if (rte_ring_dequeue(s->from, (void **)m))
		return 0;
	if ((*m)->pkt_len <= room)
		return 1;
	rte_pktmbuf_free(*m);
	return -EMSGSIZE;
}

static int
test_set_mac(void *state, const struct rte_ether_addr *mac)
{
	return 0;
}

static int
test_set_mtu(void *state, uint16_t mtu)
{
	return 0;
}

bool
testmode_kernel_inject(uint16_t port, struct rte_mbuf *m)
{
	return port < PORTS_MAX && ports[port] && ports[port]->kernel &&
	       rte_ring_enqueue(sides[port].from, m) == 0;
}

struct rte_mbuf *
testmode_kernel_collect(uint16_t port)
{
	void *m;

	return port < PORTS_MAX && sides[port].to && rte_ring_dequeue(sides[port].to, &m) == 0 ? m : NULL;
}

bool
testmode_kernel_waits(void)
{
	for (unsigned i = 0; i < PORTS_MAX; i++)
		if (sides[i].from && !rte_ring_empty(sides[i].from))
			return true;
	for (unsigned i = 0; i < nworkers; i++)
		for (int class = 0; class < KERNEL_CLASSES; class ++)
			if (!rte_ring_empty(workers[i]->to_kernel[class]))
				return true;
	return false;
}

void
testmode_kernel_init(void)
{
	static const struct kernel_ops ops = {.open = test_open,
					      .close = test_close,
					      .write = test_write,
					      .read = test_read,
					      .set_mac = test_set_mac,
					      .set_mtu = test_set_mtu};

	kernel_test_ops = &ops;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "port/kernel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/log.h"
#include "core/mbuf.h"
#include "port/vlan.h"
#include "kernel_serve.h"
#include "port/kernel_lcore.h"
#include "port_setup.h"

enum {
	NAME_MAX_LEN = 15,
	TO_KERNEL_PER_TURN = 256,   /* of each class and worker */
	FROM_KERNEL_PER_TURN = 128, /* of each interface */
	EVENTS = 16,
	MCAST_MAX = 128,
	MCAST_MS = 200, /* how often the kernel's multicast groups are looked at */
};

struct kernel_if {
	const struct kernel_ops *ops; /* its kind */
	void *state;		      /* of its kind */
	int fd;
	char name[NAME_MAX_LEN + 1];
	uint64_t to_packets, to_dropped, from_packets, from_dropped;
	struct rte_ether_addr mcast[MCAST_MAX]; /* in the port's filter on behalf of the kernel */
	unsigned nmcast;
};

const struct kernel_ops *kernel_test_ops;

static int epoll_fd = -1;
static unsigned nifs, npolled;
static uint64_t mcast_due_ms;

/* ---- worker ---- */

void
kernel_give(struct worker *w, uint16_t port, struct rte_mbuf *m, enum kernel_class class,
	    enum drop_reason why)
{
	const struct port *p = rcu_read(ports[port]);

	/* What passes by the kernel's copy of everything does not need another way there. */
	if (!p || !rcu_read(p->kernel) || p->copies_to_kernel) {
		worker_drop(w, m, why);
		return;
	}
	mbuf_meta(m)->port = port;
	worker_to_kernel(w, m, class);
}

void
kernel_copy(struct worker *w, struct port *p, struct rte_mbuf *const *m, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *copy = rte_pktmbuf_copy(m[i], w->pool, 0, UINT32_MAX);

		if (!copy) {
			worker_drops_add(w, DROP_NO_MBUF, 1);
			continue;
		}
		mbuf_meta(copy)->port = p->id;
		worker_to_kernel(w, copy, KERNEL_BULK);
	}
}

int
kernel_set_copies(struct port *p, bool on)
{
	if (on && !p->kernel)
		return EDPVS_NOTSUPP;
	p->copies_to_kernel = on;
	return EDPVS_OK;
}

/* ---- to the kernel ---- */

static void
send_as_control(const struct port *p, struct rte_mbuf **m, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		mbuf_meta(m[i])->port = p->id;
		control_send(m[i]);
	}
}

static struct kernel_server control_server = {.drops = control_drops, .send = send_as_control};

void
kernel_deliver(const struct kernel_server *s, struct rte_mbuf *m)
{
	uint16_t port = mbuf_meta(m)->port;
	const struct port *p = port < PORTS_MAX ? rcu_read(ports[port]) : NULL;
	struct kernel_if *k = p ? rcu_read(p->kernel) : NULL;

	if (k && k->ops->write(k->state, m) == 0) {
		k->to_packets++;
		return;
	}
	/* Mostly an interface that is down. */
	s->drops[DROP_KERNEL_REFUSED]++;
	if (k)
		k->to_dropped++;
	rte_pktmbuf_free(m);
}

void
kernel_give_control(uint16_t port, struct rte_mbuf *m, enum drop_reason why)
{
	const struct port *p = ports[port];

	if (!p || !p->kernel || p->copies_to_kernel) {
		if (why)
			control_drops[why]++;
		rte_pktmbuf_free(m);
		return;
	}
	mbuf_meta(m)->port = port;
	if (!kernel_lcore) {
		kernel_deliver(&control_server, m);
	} else if (rte_ring_sp_enqueue(kernel_lcore->from_control, m)) {
		control_drops[DROP_KERNEL_FULL]++;
		rte_pktmbuf_free(m);
	}
}

static unsigned
serve_rings(const struct kernel_server *s, enum kernel_class class, bool *more)
{
	struct rte_mbuf *m[WORKER_BURST];
	unsigned all = 0;

	for (unsigned i = 0; i < nworkers; i++) {
		struct rte_ring *r = workers[i]->to_kernel[class];
		unsigned total = 0, n;

		do {
			n = rte_ring_sc_dequeue_burst(r, (void **)m, WORKER_BURST, NULL);
			for (unsigned k = 0; k < n; k++)
				kernel_deliver(s, m[k]);
			total += n;
		} while (n > 0 && total < TO_KERNEL_PER_TURN);
		all += total;
		*more |= n > 0;
	}
	return all;
}

/* ---- from the kernel ---- */

static unsigned
serve_interface(const struct kernel_server *s, const struct port *p, bool *more)
{
	struct kernel_if *k = p ? rcu_read(p->kernel) : NULL;
	uint32_t room = p ? (uint32_t)p->mtu + RTE_ETHER_HDR_LEN + VLAN_TAG_LEN : 0;
	struct rte_mbuf *m[WORKER_BURST];
	unsigned n = 0, total;

	if (!k)
		return 0;
	for (total = 0; total < FROM_KERNEL_PER_TURN; total++) {
		int rc = k->ops->read(k->state, s->pool, room, &m[n]);

		if (rc == 0 || rc == -EIO)
			break;
		if (rc < 0) {
			/* A frame that was too long, or no buffer for it; there may be others. */
			k->from_dropped++;
			s->drops[rc == -ENOMEM ? DROP_NO_MBUF : DROP_KERNEL_REFUSED]++;
			continue;
		}
		k->from_packets++;
		if (++n < WORKER_BURST)
			continue;
		s->send(p, m, n);
		n = 0;
	}
	if (n)
		s->send(p, m, n);
	*more |= total == FROM_KERNEL_PER_TURN;
	return total;
}

unsigned
kernel_serve_all(const struct kernel_server *s, bool *more)
{
	struct epoll_event ev[EVENTS];
	unsigned total = 0;

	*more = false;
	for (int class = 0; class < KERNEL_CLASSES; class ++)
		total += serve_rings(s, class, more);
	if (nifs > npolled)
		for (int n = epoll_wait(epoll_fd, ev, EVENTS, 0); n > 0; n--)
			total += serve_interface(s, rcu_read(ports[ev[n - 1].data.u32]), more);
	for (unsigned i = 0; npolled > 0 && i < ports_end; i++)
		total += serve_interface(s, rcu_read(ports[i]), more);
	return total;
}

bool
kernel_serve(void)
{
	bool more = false;

	if (!kernel_lcore)
		(void)kernel_serve_all(&control_server, &more);
	return more;
}

/* ---- multicast groups of the kernel ---- */

static bool
is_in(const struct rte_ether_addr *list, unsigned n, const struct rte_ether_addr *mac)
{
	for (unsigned i = 0; i < n; i++)
		if (rte_is_same_ether_addr(&list[i], mac))
			return true;
	return false;
}

static void
groups_follow(struct port *p, struct kernel_if *k)
{
	struct rte_ether_addr now[MCAST_MAX];
	unsigned n = k->ops->mcast ? k->ops->mcast(k->state, now, MCAST_MAX) : 0;

	for (unsigned i = 0; i < k->nmcast; i++)
		if (!is_in(now, n, &k->mcast[i]))
			(void)port_mcast_del(p, &k->mcast[i]);
	for (unsigned i = 0; i < n; i++)
		if (!is_in(k->mcast, k->nmcast, &now[i]))
			(void)port_mcast_add(p, &now[i]);
	memcpy(k->mcast, now, n * sizeof(now[0]));
	k->nmcast = n;
}

bool
kernel_wants_group(const struct port *p, const struct rte_ether_addr *mac)
{
	return p->kernel && is_in(p->kernel->mcast, p->kernel->nmcast, mac);
}

void
kernel_tick(uint64_t now_ms)
{
	if (nifs == 0 || now_ms < mcast_due_ms)
		return;
	mcast_due_ms = now_ms + MCAST_MS;
	for (unsigned i = 0; i < ports_end; i++)
		if (ports[i] && ports[i]->kernel)
			groups_follow(ports[i], ports[i]->kernel);
}

/* ---- life ---- */

const char *
kernel_name(const struct port *p)
{
	return p->kernel ? p->kernel->name : NULL;
}

static void
name_of(const struct port *p, char *out, size_t size)
{
	const struct conf_port *c = p->parent ? NULL : port_conf(p);

	if (c && c->kni_name[0])
		snprintf(out, size, "%s", c->kni_name);
	else
		snprintf(out, size, "%s.kni", p->name);
}

static const struct kernel_ops *
wanted(void)
{
	static const struct {
		const char *word;
		const struct kernel_ops *ops;
	} drivers[] = {
	    {"tun", &kernel_tap_ops}, {"virtio_user", &kernel_virtio_ops}, {"net_tap", &kernel_net_tap_ops}};

	if (kernel_test_ops)
		return kernel_test_ops;
	for (unsigned i = 0; i < RTE_DIM(drivers); i++)
		if (!strcmp(drivers[i].word, conf.global.kni_driver))
			return drivers[i].ops;
	return NULL;
}

/* Without a choice, by virtio-user where the kernel has its vhost, and by a TAP where it does not. */
static int
open_as_wanted(const struct port *p, struct kernel_if *k)
{
	k->ops = wanted();
	if (k->ops)
		return k->ops->open(p, k->name, &k->state, &k->fd);
	k->ops = &kernel_virtio_ops;
	if (k->ops->open(p, k->name, &k->state, &k->fd) == 0)
		return 0;
	k->ops = &kernel_tap_ops;
	return k->ops->open(p, k->name, &k->state, &k->fd);
}

static void
make(struct port *p)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u32 = p->id};
	char name[PORT_NAME_MAX + 8];
	struct kernel_if *k;
	int rc;

	name_of(p, name, sizeof(name));
	if (strlen(name) > NAME_MAX_LEN) {
		log_warning("port",
			    "%s has no interface in the kernel: its name %s is longer than %d characters; "
			    "set kni_name",
			    p->name, name, NAME_MAX_LEN);
		return;
	}
	k = calloc(1, sizeof(*k));
	if (!k)
		return;
	memcpy(k->name, name, strlen(name) + 1);
	rc = open_as_wanted(p, k);
	if (rc) {
		log_warning("port",
			    "%s has no interface %s in the kernel: %s; global_defs/kni off asks for none",
			    p->name, name, strerror(-rc));
		free(k);
		return;
	}
	if (k->fd >= 0)
		epoll_ctl(epoll_fd, EPOLL_CTL_ADD, k->fd, &ev);
	else
		npolled++;
	rcu_publish(p->kernel, k);
	nifs++;
	log_info("port", "%s is %s in the kernel, by %s", p->name, name,
		 k->ops == &kernel_virtio_ops ? "virtio-user" : "TAP");
}

static void
unmake(struct port *p)
{
	struct kernel_if *k = p->kernel;

	if (!k)
		return;
	p->copies_to_kernel = false;
	for (unsigned i = 0; i < k->nmcast; i++)
		(void)port_mcast_del(p, &k->mcast[i]);
	if (k->fd >= 0)
		epoll_ctl(epoll_fd, EPOLL_CTL_DEL, k->fd, NULL);
	else
		npolled--;
	/* Workers only look whether it is there; the kernel lcore uses it. */
	kernel_lcore_pause();
	rcu_publish(p->kernel, (struct kernel_if *)NULL);
	kernel_lcore_resume();
	k->ops->close(k->state);
	free(k);
	nifs--;
}

static void
on_port(struct port *p, enum port_event event)
{
	if (event == PORT_MADE && vlan_is(p))
		make(p);
	else if (event == PORT_GOING || event == PORT_JOINING)
		unmake(p);
	else if (event == PORT_MAC && p->kernel)
		(void)p->kernel->ops->set_mac(p->kernel->state, &p->mac);
	else if (event == PORT_MTU && p->kernel && p->kernel->ops->set_mtu(p->kernel->state, p->mtu))
		log_warning("port", "%s does not take mtu %u in the kernel", p->kernel->name, p->mtu);
}

int
kernel_start(void)
{
	control_server.pool = workers[0]->pool;
	if (!conf.global.kni)
		return EDPVS_OK;
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0) {
		log_err("port", "cannot create an epoll set: %s", strerror(errno));
		return EDPVS_SYSCALL;
	}
	for (unsigned i = 0; i < nports; i++)
		if (!ports[i]->bond)
			make(ports[i]);
	port_watch(on_port);
	return EDPVS_OK;
}

void
kernel_stop(void)
{
	for (unsigned i = 0; i < ports_end; i++)
		if (ports[i])
			unmake(ports[i]);
	if (epoll_fd >= 0)
		close(epoll_fd);
	epoll_fd = -1;
}

int
kernel_fd(void)
{
	return kernel_lcore ? -1 : epoll_fd;
}

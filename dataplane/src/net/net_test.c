/* SPDX-License-Identifier: Apache-2.0 */
#include "net_test.h"
#include "port/kernel.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <rte_eal.h>
#include <rte_ether.h>
#include <rte_mempool.h>

#include "addr.h"
#include "core/clock.h"
#include "core/conf.h"
#include "core/errors.h"
#include "core/log.h"
#include "core/mbuf.h"
#include "route.h"

enum { POOL_SIZE = 2047, WORKERS = 2, TICK_MS = 10 };

struct frame frames[FRAMES_MAX];
unsigned nframes;
const struct rte_ether_addr peer_mac = {{0x02, 0, 0, 0, 0, 0xaa}};

static struct rte_mempool *pool;
static struct ctrl_reply *reply;

/* ---- the port layer, as memory ---- */

struct port *ports[PORTS_MAX];
unsigned nports;

/* Stands in for port/port_made.c. */
static void (*watcher)(struct port *p, enum port_event event);

void
port_watch(void (*fn)(struct port *p, enum port_event event))
{
	watcher = fn;
}

void
port_tell(struct port *p, enum port_event event)
{
	watcher(p, event);
}

struct port *
port_by_name(const char *name)
{
	for (unsigned i = 0; i < nports; i++) {
		if (strcmp(ports[i]->name, name) == 0)
			return ports[i];
	}
	return NULL;
}

static void
record(uint16_t port, struct rte_mbuf *m)
{
	struct frame *f = &frames[nframes++];

	assert_true(nframes < FRAMES_MAX);
	assert_int_equal(m->nb_segs, 1);
	f->port = port;
	f->len = m->data_len;
	memcpy(f->data, rte_pktmbuf_mtod(m, void *), m->data_len);
	rte_pktmbuf_free(m);
}

void
port_tx_other(struct worker *w, uint16_t port, struct rte_mbuf *m)
{
	worker_drop(w, m, DROP_PORT_DOWN);
}

void
port_flush_one(struct worker *w, struct worker_txbuf *t)
{
	for (unsigned i = 0; i < t->n; i++)
		record((uint16_t)(t - w->port->tx), t->m[i]);
	t->n = 0;
}

/* No kernel here. */
/* Nor tunnels. */
unsigned ports_end;

struct port *
port_make(const char *name, const struct port_ops *ops, struct port *parent, int *err)
{
	*err = EDPVS_RESOURCE;
	return NULL;
}

int
port_free_id(void)
{
	return -1;
}

void
port_unmake(struct port *p)
{
}

void
port_publish(struct port *p)
{
}

void
port_remove(struct port *p)
{
}

int
port_counters_read(const struct port *p, struct rte_eth_stats *s)
{
	return EDPVS_NOTSUPP;
}

bool
port_name_is_fit(const char *name)
{
	return true;
}

void
kernel_give(struct worker *w, uint16_t port, struct rte_mbuf *m, enum kernel_class class,
	    enum drop_reason why)
{
	worker_drop(w, m, why);
}

const char *
kernel_name(const struct port *p)
{
	return NULL;
}

const struct port *
port_by_device(uint16_t dpdk_id)
{
	return NULL;
}

void
kernel_give_control(uint16_t port, struct rte_mbuf *m, enum drop_reason why)
{
	rte_pktmbuf_free(m);
}

int
port_mcast_add(struct port *p, const struct rte_ether_addr *mac)
{
	p->nmcast++;
	return EDPVS_OK;
}

int
port_mcast_del(struct port *p, const struct rte_ether_addr *mac)
{
	p->nmcast--;
	return EDPVS_OK;
}

/* ---- the world ---- */

static void
eal_up(void)
{
	static char *argv[] = {
	    "net_test", "--no-huge", "--no-shconf", "--no-pci",	      "-m",
	    "192",	"-l",	     "0",	    "--no-telemetry", "--log-level=lib.eal:error"};
	struct rte_mempool *pools[RTE_MAX_NUMA_NODES];
	uint16_t lcores[WORKERS] = {1, 2};

	if (pool)
		return;
	assert_true(rte_eal_init((int)RTE_DIM(argv), argv) >= 0);
	clock_init();
	clock_stop();
	pool = rte_pktmbuf_pool_create("net_test", POOL_SIZE, 0, sizeof(struct mbuf_meta),
				       RTE_PKTMBUF_HEADROOM + FRAME_ROOM, 0);
	assert_non_null(pool);
	for (unsigned i = 0; i < RTE_MAX_NUMA_NODES; i++)
		pools[i] = pool;
	assert_int_equal(workers_init(WORKERS, lcores, pools, 1024), EDPVS_OK);
	net_ctrl_register();
	log_configure(LOG_L_ERR, NULL); /* requests are logged one by one */
}

static void
port_up(uint16_t id)
{
	struct port *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->id = id;
	snprintf(p->name, sizeof(p->name), "dpdk%u", id);
	p->mac = (struct rte_ether_addr){{0x02, 0, 0, 0, 0, (uint8_t)(0x10 + id)}};
	p->mtu = 1500;
	p->started = true;
	ports[id] = p;
	nports = id + 1u;
}

int
world_up(void **state)
{
	(void)state;
	eal_up();
	conf_set_defaults();
	snprintf(conf.ipv6.addr_gen_mode, sizeof(conf.ipv6.addr_gen_mode), "none");
	conf.ipv4.forwarding = true;
	conf.ipv6.forwarding = true;
	port_up(0);
	port_up(1);
	for (unsigned i = 0; i < WORKERS; i++) {
		workers[i]->port = calloc(1, sizeof(*workers[i]->port));
		assert_non_null(workers[i]->port);
		for (unsigned p = 0; p < 2; p++)
			workers[i]->port->tx[p].usable = workers[i]->port->tx[p].direct = true;
		memset(workers[i]->drop_counters, 0, (DROP_REASONS - 1) * sizeof(uint64_t));
	}
	memset(control_drops, 0, sizeof(control_drops));
	assert_int_equal(net_init(), EDPVS_OK);
	frames_clear();
	pass_ms(0);
	return 0;
}

int
world_down(void **state)
{
	(void)state;
	settle();
	net_fini();
	settle();
	for (unsigned i = 0; i < WORKERS; i++) {
		free(workers[i]->port);
		workers[i]->port = NULL;
	}
	for (unsigned i = 0; i < nports; i++) {
		free(ports[i]);
		ports[i] = NULL;
	}
	nports = 0;
	ctrl_reply_free(reply);
	reply = NULL;
	return rte_mempool_avail_count(pool) == POOL_SIZE ? 0 : -1;
}

static bool
settle_once(void)
{
	struct rte_mbuf *m[64];
	unsigned before = nframes;
	unsigned n = control_receive(m, RTE_DIM(m));

	for (unsigned i = 0; i < n; i++)
		net_control_packet(m[i]);
	for (unsigned i = 0; i < WORKERS; i++) {
		void *frame;

		while (rte_ring_sc_dequeue(workers[i]->from_control, &frame) == 0)
			port_tx(workers[i], mbuf_meta(frame)->port, frame);
		for (unsigned p = 0; p < nports; p++)
			port_flush_one(workers[i], &workers[i]->port->tx[p]);
	}
	return n > 0 || nframes > before;
}

void
settle(void)
{
	while (settle_once())
		;
}

void
pass_ms(uint64_t ms)
{
	for (;;) {
		uint64_t step = RTE_MIN(ms, (uint64_t)TICK_MS);

		clock_warp(step);
		for (unsigned i = 0; i < WORKERS; i++)
			worker_clock(workers[i], clock_now_ms());
		net_control_tick(clock_now_ms());
		settle();
		ms -= step;
		if (ms == 0)
			return;
	}
}

void
frames_clear(void)
{
	nframes = 0;
}

static struct rte_mbuf *
buffer(const uint8_t *data, unsigned len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	void *to = m ? rte_pktmbuf_append(m, (uint16_t)len) : NULL;

	assert_non_null(to);
	memcpy(to, data, len);
	return m;
}

static uint8_t
cast_of(const uint8_t *eth, const struct port *p)
{
	static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

	if (memcmp(eth, p->mac.addr_bytes, 6) == 0)
		return PKT_HOST;
	if (memcmp(eth, all, 6) == 0)
		return PKT_BROADCAST;
	return eth[0] & 1 ? PKT_MULTICAST : PKT_OTHERHOST;
}

void
receive(uint16_t port, const uint8_t *frame, unsigned len)
{
	struct rte_mbuf *m = buffer(frame, len);
	struct pkt p = {.buf = m, .port = port};
	enum drop_reason why = pkt_parse(&p, rte_pktmbuf_mtod(m, uint8_t *), m->data_len, m->pkt_len);

	if (why) {
		worker_drop(workers[0], m, why);
		return;
	}
	p.cast = cast_of(frame, ports[port]);
	net_input(workers[0], m, &p);
	settle();
}

struct rte_mbuf *
packet(const uint8_t *ip, unsigned len)
{
	return buffer(ip, len);
}

uint64_t
drops(enum drop_reason why)
{
	uint64_t sum = control_drops[why];

	for (unsigned i = 0; i < WORKERS; i++)
		sum += worker_drops(workers[i], why);
	return sum;
}

union inet_ip
ip4(const char *text)
{
	union inet_ip ip = {.q = {0, 0}};

	assert_int_equal(inet_pton(AF_INET, text, &ip.v4), 1);
	return ip;
}

union inet_ip
ip6(const char *text)
{
	union inet_ip ip = {.q = {0, 0}};

	assert_int_equal(inet_pton(AF_INET6, text, ip.b), 1);
	return ip;
}

unsigned
bytes(const char *hex, uint8_t *out, unsigned room)
{
	unsigned n = 0;

	for (const char *c = hex; *c; c++) {
		char two[3] = {c[0], c[1], 0};

		if (*c == ' ')
			continue;
		assert_true(n < room);
		out[n++] = (uint8_t)strtoul(two, NULL, 16);
		c++;
	}
	return n;
}

void
assert_frame(unsigned index, uint16_t port, const char *hex)
{
	uint8_t want[FRAME_ROOM];
	unsigned n = bytes(hex, want, sizeof(want));

	assert_true(index < nframes);
	assert_int_equal(frames[index].port, port);
	assert_int_equal(frames[index].len, n);
	assert_memory_equal(frames[index].data, want, n);
}

int
request(uint32_t id, int32_t type, const void *body, size_t len)
{
	struct ctrl_request req = {.id = id, .type = type, .body = body, .len = len};

	ctrl_reply_free(reply);
	reply = ctrl_reply_new();
	assert_non_null(reply);
	return ctrl_dispatch(&req, reply);
}

const uint8_t *
reply_bytes(void)
{
	return ctrl_reply_at(reply, 0);
}

size_t
reply_len(void)
{
	return ctrl_reply_len(reply);
}

void
must_add_addr(const char *text, unsigned plen, uint16_t port)
{
	int af = strchr(text, ':') ? INET_AF_V6 : INET_AF_V4;
	union inet_ip ip = af == INET_AF_V6 ? ip6(text) : ip4(text);

	assert_int_equal(net_addr_add(ports[port], af, &ip, plen, 0), EDPVS_OK);
	settle();
	frames_clear();
}

void
must_add_route(const char *prefix, unsigned plen, const char *via, uint16_t port)
{
	bool v6 = strchr(prefix, ':') != NULL;
	struct route_spec s = {.port = ports[port], .af = v6 ? INET_AF_V6 : INET_AF_V4, .plen = plen};

	s.dst = v6 ? ip6(prefix) : ip4(prefix);
	if (via)
		s.gateway = v6 ? ip6(via) : ip4(via);
	assert_int_equal(route_add(&s), EDPVS_OK);
}

int
set_hex(uint32_t id, const char *hex)
{
	uint8_t body[512];
	unsigned n = bytes(hex, body, sizeof(body));
	int rc = request(id, 1, body, n);

	settle();
	return rc;
}

void
ctrl_name(char out[16], const char *name)
{
	memset(out, 0, 16);
	memcpy(out, name, strnlen(name, 16));
}

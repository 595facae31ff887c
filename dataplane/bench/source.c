/* SPDX-License-Identifier: Apache-2.0 */
#include "source.h"

#include <stdlib.h>
#include <unistd.h>
#include <rte_byteorder.h>
#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

enum { CEILING_SLICES = 8, WORK_SLICES = 24 };

static struct {
	struct job *job; /* set by the control thread, cleared by the worker */
	struct rte_mempool *pool;
	struct frame frames[FRAME_KINDS];
	const struct frame_net *frames_net;
	uint32_t destination; /* of clients' packets, network order */
	struct rte_ether_addr mac[SOURCE_PORTS];
	struct flow_back *back;
	bool learning;
	bool ceiling; /* the caller is our own receive-transmit loop */
	uint32_t sequence[SOURCE_PORTS];
	/* STEADY */
	unsigned turn, slice;
	bool running;
	uint64_t until;
	/* LIVES */
	uint32_t chunk, chunk_end, at;
	unsigned step;
	/* FLOOD */
	bool counting;
	uint32_t fresh; /* the next new flow */
} src;

/* ---- frames ---- */

/* A permutation of 0 … 2^bits - 1: flows come in an order that no prefetcher guesses, each once per round. */
static inline uint32_t
shuffled(uint32_t i, unsigned bits)
{
	uint32_t mask = (1u << bits) - 1;

	i = i * 0x9e3779b1u & mask;
	i ^= i >> (bits + 1) / 2;
	return i * 0x85ebca6bu & mask;
}

static inline void
write_in(struct rte_mbuf *m, const struct frame *f, uint32_t id)
{
	frame_write(rte_pktmbuf_mtod(m, uint8_t *), f, rte_cpu_to_be_32(NET_CLIENT | (id & 0xffff)),
		    src.destination, rte_cpu_to_be_16((uint16_t)(PORT_CLIENT + (id >> 16))), f->service, id);
}

static inline void
write_out(struct rte_mbuf *m, const struct frame *f, uint32_t id)
{
	const struct flow_back *b = &src.back[id];

	frame_write(rte_pktmbuf_mtod(m, uint8_t *), f, b->raddr, b->laddr, f->service, b->lport, id);
}

static inline uint16_t
make(struct rte_mbuf **m, const uint32_t *ids, unsigned n, enum frame_kind kind)
{
	const struct frame *f = &src.frames[kind];
	bool out = frame_is_out(kind);

	if (rte_pktmbuf_alloc_bulk(src.pool, m, n))
		return 0;
	for (unsigned i = 0; out && i < n; i++)
		rte_prefetch0(&src.back[ids[i]]);
	for (unsigned i = 0; i < n; i++) {
		m[i]->data_len = f->len;
		m[i]->pkt_len = f->len;
		m[i]->port = out ? LAN : WAN;
		if (out)
			write_out(m[i], f, ids[i]);
		else
			write_in(m[i], f, ids[i]);
	}
	return (uint16_t)n;
}

/* ---- packets of known flows ---- */

static uint16_t
steady_burst(struct job *job, uint16_t port, struct rte_mbuf **m)
{
	enum frame_kind kind = port == WAN ? (job->tcp ? FRAME_DATA_IN : FRAME_UDP_IN)
					   : (job->tcp ? FRAME_DATA_OUT : FRAME_UDP_OUT);
	uint32_t ids[BURST];
	uint16_t n;

	if (port == WAN ? !job->in : !job->out)
		return 0;
	for (unsigned i = 0; i < BURST; i++)
		ids[i] = job->syn ? src.fresh++ : shuffled(src.sequence[port]++, job->bits);
	if (job->syn)
		kind = FRAME_SYN_IN;
	n = make(m, ids, BURST, kind);
	job->offered[port] += n;
	return n;
}

static void
ceiling_slice(struct job *job)
{
	struct rte_mbuf *m[BURST];

	samples_begin(&job->ceiling);
	for (unsigned i = 0; i < SLICE_TURNS; i++) {
		for (uint16_t port = WAN; port <= LAN; port++) {
			uint16_t n;

			if (port == WAN ? !job->in : !job->out)
				continue;
			n = rte_eth_rx_burst(port, 0, m, BURST);
			rte_eth_tx_burst(job->syn ? port : port ^ 1, 0, m, n);
		}
	}
	samples_end(&job->ceiling);
}

/* A new slice of the measured case is due. In between, without the daemon: the ceiling. */
static void
steady_next_slice(struct job *job)
{
	if (src.running && src.slice > 0)
		samples_end(&job->work);
	src.turn = 0;
	src.running = true;
	if (src.slice++ < WORK_SLICES) {
		samples_begin(&job->work);
		return;
	}
	src.ceiling = true;
	for (unsigned i = 0; i < CEILING_SLICES; i++)
		ceiling_slice(job);
	src.ceiling = false;
	/* Slice 0 lets the daemon's lines come back into the caches. */
	src.slice = 0;
}

static bool
steady_turn(struct job *job)
{
	if (!src.running) {
		src.until = rte_rdtsc() + rte_get_tsc_hz() / 1000 * job->ms;
		src.slice = 0;
		steady_next_slice(job);
	} else if (++src.turn == SLICE_TURNS) {
		steady_next_slice(job);
		if (rte_rdtsc() > src.until)
			return false;
	}
	return true;
}

/* ---- lives ---- */

static void
chunk_begin(struct job *job, uint32_t from)
{
	uint32_t end = job->first + job->count;

	src.chunk = src.at = from;
	src.chunk_end = from + CHUNK < end ? from + CHUNK : end;
	src.step = 0;
	samples_begin(&job->work);
}

/* What was offered in the last turn has been sent by now, so the next step can build on what was learned. */
static bool
lives_turn(struct job *job)
{
	if (!src.running) {
		src.running = true;
		chunk_begin(job, job->first);
		return true;
	}
	if (src.at < src.chunk_end)
		return true;
	src.at = src.chunk;
	if (++src.step < job->nsteps)
		return true;
	samples_end(&job->work);
	if (src.chunk_end == job->first + job->count)
		return false;
	chunk_begin(job, src.chunk_end);
	return true;
}

static uint16_t
lives_burst(struct job *job, uint16_t port, struct rte_mbuf **m)
{
	enum frame_kind kind = job->steps[src.step];
	uint32_t ids[BURST];
	unsigned n = 0;

	if (frame_is_out(kind) != (port == LAN))
		return 0;
	for (; n < BURST && src.at < src.chunk_end; src.at++) {
		if (port == LAN && src.back[src.at].lport == 0)
			job->unlearned++;
		else
			ids[n++] = src.at;
	}
	if (n)
		n = make(m, ids, n, kind);
	job->offered[port] += n;
	return (uint16_t)n;
}

/* ---- a flood ---- */

static bool
flood_turn(struct job *job)
{
	uint64_t now = rte_rdtsc();

	if (!src.running) {
		src.running = true;
		src.until = now + rte_get_tsc_hz() / 1000 * job->ms;
		/* Never one of the known flows, nor of an earlier job. */
		if (src.fresh < FLOWS_MAX)
			src.fresh = FLOWS_MAX;
		flood_start(&job->flood, job->known_pps, job->new_pps, now, rte_get_tsc_hz());
	}
	return now < src.until;
}

static uint16_t
flood_burst(struct job *job, struct rte_mbuf **m)
{
	const struct frame *frame[FLOOD_KINDS] = {
	    [FLOOD_KNOWN] = &src.frames[job->tcp ? FRAME_DATA_IN : FRAME_UDP_IN],
	    [FLOOD_NEW] = &src.frames[job->tcp ? FRAME_SYN_IN : FRAME_UDP_IN]};
	uint8_t kinds[BURST];
	unsigned n = flood_take(&job->flood, rte_rdtsc(), kinds, BURST);

	if (n == 0 || rte_pktmbuf_alloc_bulk(src.pool, m, n))
		return 0;
	for (unsigned i = 0; i < n; i++) {
		const struct frame *f = frame[kinds[i]];

		m[i]->data_len = f->len;
		m[i]->pkt_len = f->len;
		m[i]->port = WAN;
		write_in(m[i], f,
			 kinds[i] == FLOOD_KNOWN ? shuffled(src.sequence[WAN]++, job->bits) : src.fresh++);
	}
	return (uint16_t)n;
}

/* The number of the flow is in the last bytes. */
static void
flood_count(struct job *job, struct rte_mbuf *const *m, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		const uint8_t *end = rte_pktmbuf_mtod_offset(m[i], const uint8_t *, m[i]->data_len);
		uint32_t id;

		memcpy(&id, end - sizeof(id), sizeof(id));
		job->passed[id < FLOWS_MAX ? FLOOD_KNOWN : FLOOD_NEW]++;
	}
}

/* ---- nothing ---- */

/* A turn that takes longer than one without work was work, unless something else ran here. */
static bool
idle_turn(struct job *job)
{
	uint64_t took;

	if (!src.running) {
		src.running = true;
		src.until = rte_rdtsc() + rte_get_tsc_hz() / 1000 * job->ms;
		samples_begin(&job->work);
		return true;
	}
	took = rte_rdtsc() - job->work.began;
	if (job->idle_turn && took > 2 * job->idle_turn && !samples_interrupted(&job->work))
		job->work_cycles += took - job->idle_turn;
	else if (!job->idle_turn)
		samples_end(&job->work);
	if (job->work.began + took > src.until)
		return false;
	samples_begin(&job->work);
	return true;
}

/* ---- callbacks ---- */

/* The worker asks port 0 first, so that is where a turn begins. */
static struct job *
turn_begins(void)
{
	struct job *job = __atomic_load_n(&src.job, __ATOMIC_ACQUIRE);
	bool more;

	if (!job)
		return NULL;
	more = job->type == JOB_STEADY	? steady_turn(job)
	       : job->type == JOB_LIVES ? lives_turn(job)
	       : job->type == JOB_FLOOD ? flood_turn(job)
					: idle_turn(job);
	if (more)
		return job;
	src.running = false;
	__atomic_store_n(&src.job, NULL, __ATOMIC_RELEASE);
	return NULL;
}

static uint16_t
on_receive(uint16_t port, uint16_t queue, struct rte_mbuf **m, uint16_t n, uint16_t max, void *arg)
{
	struct job *job;

	(void)queue;
	(void)arg;
	if (unlikely(max < BURST))
		return n;
	if (src.ceiling)
		return steady_burst(src.job, port, m);
	job = port == WAN ? turn_begins() : src.running ? src.job : NULL;
	if (!job || job->type == JOB_IDLE)
		return n;
	if (job->type == JOB_FLOOD)
		return port == WAN ? flood_burst(job, m) : n;
	return job->type == JOB_STEADY ? steady_burst(job, port, m) : lives_burst(job, port, m);
}

static uint16_t
on_send(uint16_t port, uint16_t queue, struct rte_mbuf **m, uint16_t n, void *arg)
{
	(void)port;
	(void)queue;
	(void)arg;
	if (src.counting && src.job)
		flood_count(src.job, m, n);
	for (uint16_t i = 0; src.learning && i < n; i++) {
		struct flow_back back;
		uint32_t id = frame_learn(rte_pktmbuf_mtod(m[i], const uint8_t *), m[i]->data_len, &back);

		if (id != UINT32_MAX)
			src.back[id] = back;
	}
	return n;
}

/* ---- control thread ---- */

static void
find_pool(struct rte_mempool *pool, void *arg)
{
	struct rte_mempool **found = arg;

	if (!strncmp(pool->name, "mbuf_pool", 9))
		*found = pool;
}

const char *
source_attach(void)
{
	rte_mempool_walk(find_pool, &src.pool);
	if (!src.pool)
		return "the daemon has no pool of packet buffers";
	src.back = calloc(FLOWS_MAX, sizeof(*src.back));
	if (!src.back)
		return "no memory for the flows";
	for (uint16_t port = WAN; port <= LAN; port++)
		if (rte_eth_macaddr_get(port, &src.mac[port]))
			return "ports 0 and 1 must exist: start with two net_null devices";
	if (!rte_eth_add_rx_callback(WAN, 0, on_receive, NULL) ||
	    !rte_eth_add_rx_callback(LAN, 0, on_receive, NULL) ||
	    !rte_eth_add_tx_callback(LAN, 0, on_send, NULL))
		return "DPDK refuses callbacks on the ports";
	return NULL;
}

static void
make_frames(const struct frame_net *net)
{
	static const uint8_t peer[6] = {2, 0xbe, 0, 0, 0, 1};

	if (src.frames_net == net)
		return;
	for (unsigned kind = 0; kind < FRAME_KINDS; kind++)
		frame_init(&src.frames[kind], kind, net, src.mac[frame_is_out(kind) ? LAN : WAN].addr_bytes,
			   peer);
	src.frames_net = net;
	src.destination = rte_cpu_to_be_32(net->transit ? NET_REMOTE : NET_VIP);
}

static bool
needs_learning(const struct job *job)
{
	return job->type == JOB_LIVES && job->nsteps > 1;
}

void
source_run(struct job *job)
{
	samples_clear(&job->work);
	samples_clear(&job->ceiling);
	if (job->type != JOB_IDLE)
		make_frames(job->net);
	src.learning = needs_learning(job);
	if (src.learning)
		memset(&src.back[job->first], 0, job->count * sizeof(*src.back));
	src.counting = job->type == JOB_FLOOD;
	__atomic_store_n(&src.job, job, __ATOMIC_RELEASE);
	while (__atomic_load_n(&src.job, __ATOMIC_ACQUIRE))
		usleep(1000);
	src.learning = false;
}

uint64_t
source_sent(uint16_t port)
{
	struct rte_eth_stats stats;

	return rte_eth_stats_get(port, &stats) ? 0 : stats.opackets;
}

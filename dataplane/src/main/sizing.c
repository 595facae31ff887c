/* SPDX-License-Identifier: Apache-2.0 */
#include "sizing.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

#include "core/conf.h"
#include "core/errors.h"
#include "core/log.h"
#include "core/mbuf.h"

enum {
	MB = 1 << 20,
	EAL_RESERVE = 96 * MB, /* route tables, rings, devices: what else lives in EAL memory */
	BUFFERS_MIN = 4095,
	BUFFERS_USUAL = 65535,
	BUFFERS_MAX = 1048575,
	CONNECTIONS_MIN = 65535,
	CONNECTIONS_USUAL = 2097151,
	CONNECTION_BYTES = 256, /* entry, its share of buckets and timers */
	ROOM = 2048 + 256,	/* bytes of a frame, and room for what we add behind the headroom */
};

/* Largest 2^n-1 that is not above v. */
static unsigned
pow2m1_floor(uint64_t v)
{
	unsigned n = 1;

	while (n < 31 && ((uint64_t)1 << (n + 1)) - 1 <= v)
		n++;
	return (1u << n) - 1;
}

static unsigned
clamp(uint64_t v, unsigned lo, unsigned hi)
{
	return v < lo ? lo : v > hi ? hi : (unsigned)v;
}

unsigned
sizing_packet_buffers(const struct sizing_input *in)
{
	uint64_t room = in->eal_memory > EAL_RESERVE ? in->eal_memory - EAL_RESERVE : 0;
	uint64_t fit = room * 3 / 4 / in->buffer_bytes;
	/* All descriptors can be full while as many packets are under way between lcores and in their caches.
	 */
	uint64_t want = 2ull * in->descriptors + 2048ull * in->lcores;

	if (want < BUFFERS_USUAL)
		want = BUFFERS_USUAL;
	want = 2ull * want - 1; /* rounding down must not end below the need */
	return pow2m1_floor(clamp(want < fit ? want : fit, BUFFERS_MIN, BUFFERS_MAX));
}

unsigned
sizing_connections(const struct sizing_input *in)
{
	return pow2m1_floor(
	    clamp(in->system_memory / 4 / CONNECTION_BYTES, CONNECTIONS_MIN, CONNECTIONS_USUAL));
}

/* First number in a file of /sys or behind a label of /proc/meminfo; 0 when there is none. */
static uint64_t
read_number(const char *path, const char *label)
{
	char line[256];
	uint64_t v = 0;
	FILE *f = fopen(path, "re");

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		if (!label) {
			v = strtoull(line, NULL, 10);
			break;
		}
		if (!strncmp(line, label, strlen(label))) {
			v = strtoull(line + strlen(label), NULL, 10);
			break;
		}
	}
	fclose(f);
	return v;
}

/* Bytes of huge pages that are still free on a NUMA node. */
static uint64_t
free_hugepages(unsigned node)
{
	char dir[96], file[400];
	struct dirent *e;
	uint64_t sum = 0;
	DIR *d;

	snprintf(dir, sizeof(dir), "/sys/devices/system/node/node%u/hugepages", node);
	d = opendir(dir);
	if (!d && node == 0) {
		snprintf(dir, sizeof(dir), "/sys/kernel/mm/hugepages");
		d = opendir(dir);
	}
	if (!d)
		return 0;
	while ((e = readdir(d)) != NULL) {
		unsigned long kb;

		if (sscanf(e->d_name, "hugepages-%lukB", &kb) != 1)
			continue;
		snprintf(file, sizeof(file), "%s/%s/free_hugepages", dir, e->d_name);
		sum += read_number(file, NULL) * kb * 1024;
	}
	closedir(d);
	return sum;
}

static uint64_t
eal_memory(unsigned node)
{
	struct rte_malloc_socket_stats stats;
	uint64_t sum = 0;

	if (rte_malloc_get_socket_stats((int)node, &stats) == 0)
		sum = stats.heap_freesz_bytes;
	return rte_eal_has_hugepages() ? sum + free_hugepages(node) : sum;
}

static unsigned
frame_room(void)
{
	int mtu = 1500;

	for (int i = 0; i < conf.netif.nports; i++)
		mtu = RTE_MAX(mtu, conf.netif.port[i].mtu);
	return RTE_ALIGN_CEIL(RTE_MAX((unsigned)ROOM, (unsigned)mtu + 256), 64u);
}

static unsigned
all_descriptors(void)
{
	unsigned sum = 0, nports = rte_eth_dev_count_avail();

	for (unsigned i = 0; i < nports; i++) {
		bool named = (int)i < conf.netif.nports;
		unsigned rx = named ? (unsigned)conf.netif.port[i].rx_desc : 256;
		unsigned tx = named ? (unsigned)conf.netif.port[i].tx_desc : 512;

		sum += (rx + tx) * RTE_MIN(rte_lcore_count(), (unsigned)CONF_QUEUES_MAX);
	}
	return sum;
}

void
sizing_apply(unsigned lcores)
{
	unsigned cache = (unsigned)conf.netif.pktpool_cache;
	struct sizing_input in = {
	    .lcores = lcores,
	    .system_memory = read_number("/proc/meminfo", "MemAvailable:") * 1024,
	    .descriptors = all_descriptors(),
	    .buffer_bytes = RTE_PKTMBUF_HEADROOM + frame_room() + sizeof(struct rte_mbuf) +
			    sizeof(struct mbuf_meta) + 2 * RTE_CACHE_LINE_SIZE,
	};
	bool auto_buffers = conf.netif.pktpool_size == 0, auto_conns = conf.ipvs.conn_pool_size == 0;
	unsigned socket;

	RTE_LCORE_FOREACH (socket) {
		uint64_t here = eal_memory(rte_lcore_to_socket_id(socket));

		if (in.eal_memory == 0 || here < in.eal_memory)
			in.eal_memory = here;
	}
	if (auto_buffers)
		conf.netif.pktpool_size = (int)sizing_packet_buffers(&in);
	if (auto_conns)
		conf.ipvs.conn_pool_size = (int)sizing_connections(&in);
	/* A pool must not disappear in the caches of its users. */
	while (cache > 32 && cache * 3 / 2 * lcores > (unsigned)conf.netif.pktpool_size / 4)
		cache /= 2;
	conf.netif.pktpool_cache = (int)RTE_MIN(cache, (unsigned)RTE_MEMPOOL_CACHE_MAX_SIZE);
	log_notice("main",
		   "sizes: %d packet buffers per NUMA node%s, %d kept per lcore, %d connections%s; found %u "
		   "lcores, %u MB EAL memory, %u MB ordinary memory",
		   conf.netif.pktpool_size, auto_buffers ? " (from the machine)" : "",
		   conf.netif.pktpool_cache, conf.ipvs.conn_pool_size,
		   auto_conns ? " (from the machine)" : "", lcores, (unsigned)(in.eal_memory / MB),
		   (unsigned)(in.system_memory / MB));
}

int
pools_create(struct rte_mempool **pool_by_socket)
{
	struct rte_mempool *any = NULL;
	unsigned lcore, data_room = RTE_PKTMBUF_HEADROOM + frame_room();

	memset(pool_by_socket, 0, sizeof(*pool_by_socket) * RTE_MAX_NUMA_NODES);
	RTE_LCORE_FOREACH (lcore) {
		unsigned node = rte_lcore_to_socket_id(lcore);
		char name[32];

		if (node >= RTE_MAX_NUMA_NODES || pool_by_socket[node])
			continue;
		snprintf(name, sizeof(name), "mbuf_pool_%u", node);
		pool_by_socket[node] = rte_pktmbuf_pool_create(
		    name, (unsigned)conf.netif.pktpool_size, (unsigned)conf.netif.pktpool_cache,
		    sizeof(struct mbuf_meta), (uint16_t)data_room, (int)node);
		if (!pool_by_socket[node]) {
			log_err("main",
				"no memory for %d packet buffers of %u bytes on NUMA node %u (%s): lower "
				"netif_defs/pktpool_size, reserve more huge pages or raise -m",
				conf.netif.pktpool_size, data_room, node, rte_strerror(rte_errno));
			return EDPVS_NOMEM;
		}
		any = pool_by_socket[node];
	}
	for (unsigned node = 0; node < RTE_MAX_NUMA_NODES; node++) {
		if (!pool_by_socket[node])
			pool_by_socket[node] = any;
	}
	return EDPVS_OK;
}

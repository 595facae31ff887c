/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The effective configuration. The schema table in conf_schema.c is the one place where a key is declared
 * (path, type, range, default, reloadable, field); the file parser, `docs/configuration.md` and the sample
 * file come from it.
 */
#ifndef CORE_CONF_H
#define CORE_CONF_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum {
	CONF_NAME_MAX = 32,
	CONF_PATH_MAX = 256,
	CONF_PORTS_MAX = 64,
	CONF_QUEUES_MAX = 16,
	CONF_WORKERS_MAX = 64,
	CONF_TCP_STATES = 12, /* none … synack as in packet/tcp_state.h, then last */
};

struct conf_port { /* netif_defs/device and netif_defs/bonding */
	char name[CONF_NAME_MAX];
	char kni_name[CONF_NAME_MAX];
	bool bonding;
	int rx_queues, tx_queues; /* -1: as many as the workers name */
	int rx_desc, tx_desc;
	char rss[64];
	bool promisc, allmulticast, mbuf_fast_free;
	int mtu;
	int bond_mode, bond_numa_node, nslaves;
	char slave[CONF_PORTS_MAX / 2][CONF_NAME_MAX];
	char primary[CONF_NAME_MAX];
	char bond_options[128];
};

enum conf_worker_type { CONF_WORKER_MASTER, CONF_WORKER_SLAVE, CONF_WORKER_KNI };

struct conf_worker_port {
	char name[CONF_NAME_MAX];
	int nrx, ntx, nisol;
	uint8_t rx[CONF_QUEUES_MAX], tx[CONF_QUEUES_MAX];
	int isol_cpu[CONF_QUEUES_MAX]; /* -1: polled by the worker itself */
	uint32_t isol_ring_size;
};

struct conf_worker {
	char name[CONF_NAME_MAX];
	enum conf_worker_type type;
	int cpu_id; /* EAL lcore id */
	bool icmp_redirect_core;
	int nports;
	struct conf_worker_port port[CONF_PORTS_MAX];
};

struct conf {
	struct {
		char log_level[16];
		char log_file[CONF_PATH_MAX];
		bool log_async_mode, log_with_timestamp;
		int log_async_pool_size;
		bool kni, pdump, lldp;
		char
		    idle_mode[8]; /* ours: what a worker without packets does: spin (default), pause, sleep */
		char kni_driver[16];	       /* ours: auto, tun, virtio_user, net_tap */
		char ipc_group[CONF_NAME_MAX]; /* ours: group that may use the control socket beside root */
	} global;
	struct {
		int pktpool_size, pktpool_cache;
		char fdir_mode[16];
		int nports;
		struct conf_port port[CONF_PORTS_MAX]; /* devices in file order, then bondings */
	} netif;
	struct {
		int nworkers;
		struct conf_worker worker[CONF_WORKERS_MAX];
	} worker;
	int schedule_interval_us;
	int unres_queue_length, neigh_timeout_s;
	int ipset_hash_pool_size;
	int sapool_hash_size;
	bool sapool_flow_enable;
	struct {
		bool forwarding;
		int default_ttl;
		int frag_bucket_number, frag_bucket_entries, frag_max_entries, frag_ttl_s;
	} ipv4;
	struct {
		bool disable, forwarding;
		char addr_gen_mode[20], stable_secret[40];
		char route_method[8];
		int recycle_time_s, lpm6_max_rules, lpm6_num_tbl8s, rt6_hash_bucket;
	} ipv6;
	struct {
		int ring_size, sync_msg_timeout_us;
		char priority_level[8];
	} ctrl;
	struct {
		int conn_pool_size, conn_pool_cache, conn_init_timeout_s;
		bool expire_quiescent_template, redirect, fast_xmit_close, xmit_ttl, conn_accounting;
		bool flood_admission;
		bool defence_udp_drop, defence_tcp_drop;
		bool reassemble; /* fragment_mode: false = drop, true = reassemble */
		bool uoa_ipo;	 /* uoa_mode: false = opp, true = ipo */
		int uoa_max_trail;
		int udp_oneway_s, udp_normal_s, udp_last_s;
		int tcp_timeout_s[CONF_TCP_STATES];
		struct {
			int mss, ttl, wscale;
			bool sack, timestamp, close_client_window, defer_rs_syn;
			int rs_syn_max_retry, ack_storm_thresh, max_ack_saved;
			bool reuse_close, reuse_time_wait, reuse_fin_wait, reuse_close_wait, reuse_last_ack;
		} synproxy;
	} ipvs;
};

/* The configuration in force. Reloadable fields change under the control lcore's hand only; plain ints and
 * bools are read by workers without further ado. */
extern struct conf conf;

/*
 * Reads the file into `conf`. Unknown keys and bad values are warnings in the log.
 * first = false (reload): reloadable keys are set back to their defaults and then read; for all others a
 * changed value is answered with a line "needs restart". 0, or a negative errno when the file cannot be read
 * (logged; conf unchanged).
 */
int conf_load(const char *path, bool first);

/* Warnings about configuration files since the start of the process. */
unsigned conf_warnings(void);

/* Defaults only, for programs without a file (tests, benchmarks). */
void conf_set_defaults(void);

/* A device block with nothing in it. */
struct conf_port conf_port_default(const char *name);

/* Prints every key with its value in force, and the reference of all keys as Markdown. */
void conf_print(FILE *out);
void conf_doc(FILE *out);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema: one row per key, and nothing about a key is said anywhere else. Parser, start-up print-out and
 * the reference manual read this table.
 *
 * Rows stand in the order of the reference. A key without CONF_R applies at start-up only.
 */
#include "conf_key.h"

#include <stdio.h>
#include <string.h>

#define C(f) CONF_S_CONF, offsetof(struct conf, f), sizeof(((struct conf *)0)->f)
#define D(f) CONF_S_DEVICE, offsetof(struct conf_port, f), sizeof(((struct conf_port *)0)->f)
#define B(f) CONF_S_BONDING, offsetof(struct conf_port, f), sizeof(((struct conf_port *)0)->f)
#define W(f) CONF_S_WORKER, offsetof(struct conf_worker, f), sizeof(((struct conf_worker *)0)->f)
#define WP(f)                                                                                                \
	CONF_S_WORKER_PORT, offsetof(struct conf_worker_port, f), sizeof(((struct conf_worker_port *)0)->f)

#define ROW(ty, pa, sc, of, sz, mi, ma, de, va, fl, he)                                                      \
	{                                                                                                    \
		.path = pa, .type = ty, .scope = sc, .flags = fl, .min = mi, .max = ma, .def = de,           \
		.values = va, .offset = of, .size = sz, .help = he                                           \
	}
#define X(...) ROW(__VA_ARGS__) /* expands the field macros before ROW counts its arguments */

#define BLOCK(p, h)		    X(CONF_BLOCK, p, CONF_S_CONF, 0, 0, 0, 0, NULL, NULL, 0, h)
#define NAMED(p, s, h)		    X(CONF_NAMED, p, s, 0, 0, 0, 0, NULL, NULL, 0, h)
#define INT(p, f, mi, ma, d, fl, h) X(CONF_INT, p, f, mi, ma, d, NULL, fl, h)
#define ONOFF(p, f, d, fl, h)	    X(CONF_ONOFF, p, f, 0, 0, d, "on|off", fl, h)
#define FLAG(p, f, d, fl, h)	    X(CONF_FLAG, p, f, 0, 0, d, NULL, fl, h)
#define TEXT(p, f, d, fl, h)	    X(CONF_TEXT, p, f, 0, 0, d, NULL, fl, h)
#define CHOICE(p, f, v, d, fl, h)   X(CONF_CHOICE, p, f, 0, 0, d, v, fl, h)
#define INDEX(p, f, v, d, fl, h)    X(CONF_INDEX, p, f, 0, 0, d, v, fl, h)
#define LIST(t, p, f, fl, h)	    X(t, p, f, 0, 0, NULL, NULL, fl, h)

enum { SECONDS_MAX = 31535999 };
#define ALL_INTS INT32_MAX

const struct conf_key conf_keys[] = {
    BLOCK("global_defs", "Logging and the process."),
    X(CONF_LEVEL, "global_defs/log_level", C(global.log_level), 0, 0, "DEBUG",
      "EMERG|ALERT|CRIT|ERR|WARNING|NOTICE|INFO|DEBUG", CONF_R, "least important level that is logged"),
    TEXT("global_defs/log_file", C(global.log_file), NULL, CONF_R,
	 "file that receives the log; empty: syslog (facility daemon) and stderr"),
    ONOFF("global_defs/log_async_mode", C(global.log_async_mode), "off", 0,
	  "a thread writes the log, so that a slow disk holds nothing up; what is repeated within five "
	  "seconds is left out and counted"),
    ONOFF("global_defs/log_with_timestamp", C(global.log_with_timestamp), "on", CONF_R,
	  "lines of a log file begin with the time (UTC)"),
    INT("global_defs/log_async_pool_size", C(global.log_async_pool_size), 1023, 1048575, "16383", CONF_POW2M1,
	"lines that can wait for the thread, about 1 kB each; what does not fit is counted"),
    ONOFF("global_defs/kni", C(global.kni), "on", 0,
	  "every device and VLAN has an interface in the kernel, for what the daemon leaves to the host; off: "
	  "that is dropped"),
    CHOICE("global_defs/kni_driver", C(global.kni_driver), "auto|tun|virtio_user|net_tap", "auto", 0,
	   "what makes these interfaces: tun: /dev/net/tun; virtio_user: /dev/vhost-net, whose kernel thread moves "
	   "the frames; net_tap: DPDK's driver; auto: virtio_user where it can be, else tun"),
    ONOFF("global_defs/pdump", C(global.pdump), "off", 0,
	  "dpdk-dumpcap may attach; needs huge pages with files: docs/capture.md"),
    ONOFF("global_defs/lldp", C(global.lldp), "off", CONF_R,
	  "link layer discovery: devices tell their neighbours about themselves every 30 s, and listen"),
    CHOICE("global_defs/idle_mode", C(global.idle_mode), "spin|pause|sleep", "spin", 0,
	   "what a worker without packets does: poll on (spin), poll with pause instructions "
	   "(pause), or sleep for some 50 µs after a run of empty polls (sleep); our extension"),
    TEXT("global_defs/ipc_group", C(global.ipc_group), NULL, 0,
	 "group whose members may use the control socket beside root; our extension"),

    BLOCK("netif_defs", "Packet buffers and devices."),
    INT("netif_defs/pktpool_size", C(netif.pktpool_size), 1023, 134217727, "0", CONF_POW2M1 | CONF_MACHINE,
	"packet buffers per NUMA node (about 2.5 kB each)"),
    INT("netif_defs/pktpool_cache", C(netif.pktpool_cache), 32, 8192, "256", CONF_POW2,
	"packet buffers that each lcore keeps at hand"),
    CHOICE("netif_defs/fdir_mode", C(netif.fdir_mode), "perfect|signature", "perfect", 0,
	   "flow rules compare what they say (perfect), or a signature of it, for devices that can do no more"),
    NAMED("netif_defs/device", CONF_S_DEVICE,
	  "One block per DPDK port, in the order of port ids. Without any block all ports are used, "
	  "named dpdk0, dpdk1, …"),
    BLOCK("netif_defs/device/rx", ""),
    INT("netif_defs/device/rx/queue_number", D(rx_queues), 0, 16, "-1", 0,
	"receive queues; the queues that workers name count, a different number is a warning"),
    INT("netif_defs/device/rx/descriptor_number", D(rx_desc), 16, 8192, "256", CONF_POW2,
	"descriptors of each receive queue"),
    X(CONF_RSS, "netif_defs/device/rx/rss", D(rss), 0, 0, "tcp", "all|ip|tcp|udp|sctp|ether|port|tunnel", 0,
      "what the device hashes to spread flows over queues, joined by |; all is ip, tcp and udp; "
      "limited to what the device offers"),
    BLOCK("netif_defs/device/tx", ""),
    INT("netif_defs/device/tx/queue_number", D(tx_queues), 0, 16, "-1", 0, "transmit queues; as for rx"),
    INT("netif_defs/device/tx/descriptor_number", D(tx_desc), 16, 8192, "512", CONF_POW2,
	"descriptors of each transmit queue"),
    ONOFF("netif_defs/device/tx/mbuf_fast_free", D(mbuf_fast_free), "on", 0,
	  "let the device free sent buffers in the cheap way, where it can and all buffers come "
	  "from one pool"),
    FLAG("netif_defs/device/promisc_mode", D(promisc), "off", 0, "receive frames for all MAC addresses"),
    FLAG("netif_defs/device/allmulticast", D(allmulticast), "off", 0, "receive all multicast frames"),
    INT("netif_defs/device/mtu", D(mtu), 1, 9000, "1500", 0, "largest IP packet, bytes"),
    TEXT("netif_defs/device/kni_name", D(kni_name), NULL, 0,
	 "name of the interface in the kernel, at most 15 characters; empty: DEVICE.kni"),
    NAMED("netif_defs/bonding", CONF_S_BONDING, "A bonding device; its name ends with a number."),
    INT("netif_defs/bonding/mode", B(bond_mode), 0, 6, "0", 0, "bonding mode as in Linux and DPDK"),
    LIST(CONF_MEMBER, "netif_defs/bonding/slave", B(slave), 0,
	 "member device; repeat the line, up to 32"),
    TEXT("netif_defs/bonding/primary", B(primary), NULL, 0,
	 "member that gives MAC and queue settings"),
    INT("netif_defs/bonding/numa_node", B(bond_numa_node), 0, ALL_INTS, "0", 0, "NUMA node"),
    TEXT("netif_defs/bonding/kni_name", B(kni_name), NULL, 0, "name of the kernel interface"),
    TEXT("netif_defs/bonding/options", B(bond_options), NULL, 0, "dedicated_queues=on or off"),

    BLOCK("worker_defs",
	  "Which lcore does what. Without any block the main lcore is the master, all others are "
	  "workers and worker i serves queue i of every port."),
    NAMED("worker_defs/worker", CONF_S_WORKER, "One block per lcore."),
    INDEX("worker_defs/worker/type", W(type), "master|slave|kni", "slave", 0,
	  "master: the control lcore, which must be the EAL's main lcore; slave: a forwarding "
	  "worker; kni: an lcore of its own for the kernel interfaces, which the master serves otherwise, at most one"),
    INT("worker_defs/worker/cpu_id", W(cpu_id), 0, 63, "0", 0, "EAL lcore id"),
    FLAG("worker_defs/worker/icmp_redirect_core", W(icmp_redirect_core), "off", CONF_INERT,
	 "ICMP errors go to the worker that has the connection they are about"),
    NAMED("worker_defs/worker/port", CONF_S_WORKER_PORT, "A device that this worker serves."),
    LIST(CONF_QUEUES, "worker_defs/worker/port/rx_queue_ids", WP(rx), 0, "receive queues, 0-15"),
    LIST(CONF_QUEUES, "worker_defs/worker/port/tx_queue_ids", WP(tx), 0,
	 "transmit queues, 0-15; further ones take what the device does not take from the first one"),
    LIST(CONF_CPUS, "worker_defs/worker/port/isol_rx_cpu_ids", WP(isol_cpu), 0,
	 "lcores that only receive, in the order of rx_queue_ids, each into a ring that the worker empties; one "
	 "may serve several queues; a word that is no number: the worker polls that queue itself"),
    INT("worker_defs/worker/port/isol_rxq_ring_sz", WP(isol_ring_size), 1024, 2147483648LL, "1048576",
	CONF_POW2,
	"entries of each ring from an isolated lcore; at most a quarter of the packet buffers"),

    BLOCK("timer_defs", "Timers."),
    INT("timer_defs/schedule_interval", C(schedule_interval_us), 1, 10000000, "10", CONF_INERT,
	"timers have a fixed resolution of 10 ms or better"),

    BLOCK("neigh_defs", "Neighbours (ARP, ND)."),
    INT("neigh_defs/unres_queue_length", C(unres_queue_length), 16, 8192, "128", 0,
	"packets that wait for one unresolved neighbour"),
    INT("neigh_defs/timeout", C(neigh_timeout_s), 1, 3600, "60", CONF_R,
	"seconds for which a neighbour counts as reachable"),

    BLOCK("ipset_defs", "Address sets."),
    INT("ipset_defs/ipset_hash_pool_size", C(ipset_hash_pool_size), 65536, 524288, "131072", CONF_INERT,
	"sets grow with their entries, each up to its own maxelem"),

    BLOCK("sa_pool", "Local addresses and ports of FullNAT."),
    INT("sa_pool/pool_hash_size", C(sapool_hash_size), 1, 128, "16", 0,
	"groups of remote ends; those of one group share the ports of a public address of SNAT. FullNAT has "
	"the ports of a local address for each real server"),
    ONOFF("sa_pool/flow_enable", C(sapool_flow_enable), "on", 0,
	  "flow rules in devices that take them bring replies to the worker that has their connection (two, four, "
	  "eight … workers); without, they are handed over in software"),

    BLOCK("ipv4_defs", "IPv4."),
    ONOFF("ipv4_defs/forwarding", C(ipv4.forwarding), "off", CONF_R, "forward packets that are not for us"),
    INT("ipv4_defs/default_ttl", C(ipv4.default_ttl), 0, 255, "64", 0, "time to live of our own packets"),
    BLOCK("ipv4_defs/fragment", ""),
    INT("ipv4_defs/fragment/bucket_number", C(ipv4.frag_bucket_number), 32, 65536, "4096", CONF_INERT,
	"reassembly: the table has the shape that max_entries needs"),
    INT("ipv4_defs/fragment/bucket_entries", C(ipv4.frag_bucket_entries), 1, 256, "16",
	CONF_POW2 | CONF_INERT, "see bucket_number"),
    INT("ipv4_defs/fragment/max_entries", C(ipv4.frag_max_entries), 1, ALL_INTS, "4096", 0,
	"reassembly: packets, IPv4 and IPv6, of which a worker waits for fragments; all workers together "
	"hold at most a quarter of the packet buffers"),
    INT("ipv4_defs/fragment/ttl", C(ipv4.frag_ttl_s), 1, 255, "1", 0,
	"reassembly: seconds to wait for the fragments of a packet, IPv4 and IPv6"),

    BLOCK("ipv6_defs", "IPv6."),
    ONOFF("ipv6_defs/disable", C(ipv6.disable), "off", CONF_R, "drop every IPv6 packet"),
    ONOFF("ipv6_defs/forwarding", C(ipv6.forwarding), "off", CONF_R, "forward packets that are not for us"),
    CHOICE("ipv6_defs/addr_gen_mode", C(ipv6.addr_gen_mode), "eui64|none|stable-privacy|random", "eui64",
	   CONF_R, "how link-local addresses are made"),
    X(CONF_HEX, "ipv6_defs/stable_secret", C(ipv6.stable_secret), 0, 32, NULL, NULL, CONF_R,
      "32 hex digits, for stable-privacy"),
    BLOCK("ipv6_defs/route6", ""),
    CHOICE("ipv6_defs/route6/method", C(ipv6.route_method), "hlist|lpm", "hlist", CONF_INERT,
	   "routes are always looked up in a longest-prefix trie"),
    INT("ipv6_defs/route6/recycle_time", C(ipv6.recycle_time_s), 1, 36000, "10", CONF_INERT,
	"deleted routes are freed as soon as no worker uses them"),
    BLOCK("ipv6_defs/route6/lpm", "The block lpm is understood directly in ipv6_defs, too."),
    INT("ipv6_defs/route6/lpm/lpm6_max_rules", C(ipv6.lpm6_max_rules), 16, 65536, "1024", CONF_INERT,
	"the nodes of the trie (lpm6_num_tbl8s) are the only limit"),
    INT("ipv6_defs/route6/lpm/lpm6_num_tbl8s", C(ipv6.lpm6_num_tbl8s), 256, 1048576, "16384", 0,
	"nodes of the IPv6 trie"),
    INT("ipv6_defs/route6/lpm/rt6_hash_bucket", C(ipv6.rt6_hash_bucket), 16, 65536, "256", CONF_INERT,
	"see method"),

    BLOCK("ctrl_defs", "Control lcore and workers."),
    BLOCK("ctrl_defs/lcore_msg", ""),
    INT("ctrl_defs/lcore_msg/ring_size", C(ctrl.ring_size), 256, 524288, "4096", CONF_POW2,
	"entries of the rings between the control lcore and each worker"),
    INT("ctrl_defs/lcore_msg/sync_msg_timeout_us", C(ctrl.sync_msg_timeout_us), 1, ALL_INTS, "2000",
	CONF_R | CONF_INERT, "commands never wait for workers"),
    CHOICE("ctrl_defs/lcore_msg/priority_level", C(ctrl.priority_level), "low|norm|high|ign", "low",
	   CONF_R | CONF_INERT, "there are no messages with priorities"),

    BLOCK("ipvs_defs", "Load balancing."),
    INDEX("ipvs_defs/fragment_mode", C(ipvs.reassemble), "drop|reassemble", "drop", 0,
	  "fragments of IPv4 and IPv6 for services, real servers and ourselves, or of hosts that SNAT may be "
	  "for: dropped, or put together before they are balanced (limits in ipv4_defs/fragment); with "
	  "several workers UDP of clients is then spread by the daemon, not by the device; our extension"),
    BLOCK("ipvs_defs/conn", ""),
    INT("ipvs_defs/conn/conn_pool_size", C(ipvs.conn_pool_size), 65536 - 1, ALL_INTS, "0",
	CONF_POW2M1 | CONF_MACHINE, "connections, shared out among the workers"),
    INT("ipvs_defs/conn/conn_pool_cache", C(ipvs.conn_pool_cache), 1, ALL_INTS, "256", CONF_POW2 | CONF_INERT,
	"every worker has its own connection table"),
    INT("ipvs_defs/conn/conn_init_timeout", C(ipvs.conn_init_timeout_s), 1, SECONDS_MAX, "3", CONF_R,
	"seconds until a connection without state of its own expires"),
    FLAG("ipvs_defs/conn/expire_quiescent_template", C(ipvs.expire_quiescent_template), "off", CONF_R,
	 "a persistent client leaves a quiesced real server with its next connection"),
    ONOFF("ipvs_defs/conn/redirect", C(ipvs.redirect), "off", CONF_INERT,
	  "packets always reach the worker that owns their connection"),
    FLAG("ipvs_defs/conn/fast_xmit_close", C(ipvs.fast_xmit_close), "off", CONF_INERT,
	 "connections remember the neighbour, not its MAC address, so there is nothing to switch off"),
    FLAG("ipvs_defs/conn/xmit_ttl", C(ipvs.xmit_ttl), "off", CONF_R,
	 "decrement TTL or hop limit of balanced packets, except by direct routing"),
    ONOFF("ipvs_defs/conn/conn_accounting", C(ipvs.conn_accounting), "off", 0,
	  "counters and age of each connection in detailed listings; 32 bytes more per connection and some "
	  "cycles per packet; our extension"),
    ONOFF("ipvs_defs/conn/flood_admission", C(ipvs.flood_admission), "on", CONF_R,
	  "a worker that cannot keep up drops packets of new flows, so that connections lose none; our "
	  "extension"),
    BLOCK("ipvs_defs/udp", ""),
    FLAG("ipvs_defs/udp/defence_udp_drop", C(ipvs.defence_udp_drop), "off", CONF_R,
	 "drop UDP to virtual addresses without service silently"),
    INDEX("ipvs_defs/udp/uoa_mode", C(ipvs.uoa_ipo), "opp|ipo", "opp", CONF_R,
	  "how UDP packets carry the client's address: own protocol (opp) or IP option (ipo)"),
    INT("ipvs_defs/udp/uoa_max_trail", C(ipvs.uoa_max_trail), 0, ALL_INTS, "3", CONF_R,
	"packets of a flow that carry the client's address until the real server answers; 0: none"),
    BLOCK("ipvs_defs/udp/timeout", "Seconds."),
    INT("ipvs_defs/udp/timeout/oneway", C(ipvs.udp_oneway_s), 1, SECONDS_MAX, "300", CONF_R,
	"no answer seen yet"),
    INT("ipvs_defs/udp/timeout/normal", C(ipvs.udp_normal_s), 1, SECONDS_MAX, "300", CONF_R, "both ways"),
    INT("ipvs_defs/udp/timeout/last", C(ipvs.udp_last_s), 1, SECONDS_MAX, "2", CONF_R, "internal"),
    BLOCK("ipvs_defs/tcp", ""),
    FLAG("ipvs_defs/tcp/defence_tcp_drop", C(ipvs.defence_tcp_drop), "off", CONF_R,
	 "drop TCP to virtual addresses without service silently"),
    BLOCK("ipvs_defs/tcp/timeout", "Seconds by state."),
    INT("ipvs_defs/tcp/timeout/none", C(ipvs.tcp_timeout_s[0]), 1, SECONDS_MAX, "2", CONF_R, "no state"),
    INT("ipvs_defs/tcp/timeout/established", C(ipvs.tcp_timeout_s[1]), 1, SECONDS_MAX, "90", CONF_R, ""),
    INT("ipvs_defs/tcp/timeout/syn_sent", C(ipvs.tcp_timeout_s[2]), 1, SECONDS_MAX, "3", CONF_R, ""),
    INT("ipvs_defs/tcp/timeout/syn_recv", C(ipvs.tcp_timeout_s[3]), 1, SECONDS_MAX, "30", CONF_R, ""),
    INT("ipvs_defs/tcp/timeout/fin_wait", C(ipvs.tcp_timeout_s[4]), 1, SECONDS_MAX, "7", CONF_R, ""),
    INT("ipvs_defs/tcp/timeout/time_wait", C(ipvs.tcp_timeout_s[5]), 1, SECONDS_MAX, "7", CONF_R, ""),
    INT("ipvs_defs/tcp/timeout/close", C(ipvs.tcp_timeout_s[6]), 1, SECONDS_MAX, "3", CONF_R, ""),
    INT("ipvs_defs/tcp/timeout/close_wait", C(ipvs.tcp_timeout_s[7]), 1, SECONDS_MAX, "7", CONF_R, ""),
    INT("ipvs_defs/tcp/timeout/last_ack", C(ipvs.tcp_timeout_s[8]), 1, SECONDS_MAX, "7", CONF_R, ""),
    INT("ipvs_defs/tcp/timeout/listen", C(ipvs.tcp_timeout_s[9]), 1, SECONDS_MAX, "120", CONF_R, ""),
    INT("ipvs_defs/tcp/timeout/synack", C(ipvs.tcp_timeout_s[10]), 1, SECONDS_MAX, "30", CONF_R, ""),
    INT("ipvs_defs/tcp/timeout/last", C(ipvs.tcp_timeout_s[11]), 1, SECONDS_MAX, "2", CONF_R, "internal"),
    BLOCK("ipvs_defs/tcp/synproxy", "Answering SYN on behalf of real servers."),
    BLOCK("ipvs_defs/tcp/synproxy/synack_options", ""),
    INT("ipvs_defs/tcp/synproxy/synack_options/mss", C(ipvs.synproxy.mss), 1, 65535, "1452", CONF_R,
	"maximum segment size offered"),
    INT("ipvs_defs/tcp/synproxy/synack_options/ttl", C(ipvs.synproxy.ttl), 1, 255, "63", CONF_R,
	"time to live of the answer"),
    FLAG("ipvs_defs/tcp/synproxy/synack_options/sack", C(ipvs.synproxy.sack), "on", CONF_R,
	 "offer selective acknowledgements"),
    INT("ipvs_defs/tcp/synproxy/synack_options/wscale", C(ipvs.synproxy.wscale), 0, 14, "0", CONF_R,
	"window scale offered; 0: none"),
    FLAG("ipvs_defs/tcp/synproxy/synack_options/timestamp", C(ipvs.synproxy.timestamp), "off", CONF_R,
	 "offer time stamps"),
    FLAG("ipvs_defs/tcp/synproxy/close_client_window", C(ipvs.synproxy.close_client_window), "off", CONF_R,
	 "make the client wait for the real server"),
    FLAG("ipvs_defs/tcp/synproxy/defer_rs_syn", C(ipvs.synproxy.defer_rs_syn), "off", CONF_R,
	 "connect to the real server when the client sends data"),
    INT("ipvs_defs/tcp/synproxy/rs_syn_max_retry", C(ipvs.synproxy.rs_syn_max_retry), 1, 99, "3", CONF_R,
	"attempts to connect to a real server"),
    INT("ipvs_defs/tcp/synproxy/ack_storm_thresh", C(ipvs.synproxy.ack_storm_thresh), 1, 999, "10", CONF_R,
	"duplicate acknowledgements passed"),
    INT("ipvs_defs/tcp/synproxy/max_ack_saved", C(ipvs.synproxy.max_ack_saved), 1, 63, "3", CONF_R,
	"packets kept until the real server answers"),
    BLOCK("ipvs_defs/tcp/synproxy/conn_reuse_state", "States in which a SYN may reuse a connection."),
    FLAG("ipvs_defs/tcp/synproxy/conn_reuse_state/close", C(ipvs.synproxy.reuse_close), "on", CONF_R, ""),
    FLAG("ipvs_defs/tcp/synproxy/conn_reuse_state/time_wait", C(ipvs.synproxy.reuse_time_wait), "on", CONF_R,
	 ""),
    FLAG("ipvs_defs/tcp/synproxy/conn_reuse_state/fin_wait", C(ipvs.synproxy.reuse_fin_wait), "off", CONF_R,
	 ""),
    FLAG("ipvs_defs/tcp/synproxy/conn_reuse_state/close_wait", C(ipvs.synproxy.reuse_close_wait), "off",
	 CONF_R, ""),
    FLAG("ipvs_defs/tcp/synproxy/conn_reuse_state/last_ack", C(ipvs.synproxy.reuse_last_ack), "off",
	 CONF_R | CONF_INERT, ""),
};

const unsigned conf_nkeys = sizeof(conf_keys) / sizeof(conf_keys[0]);

const struct conf_key *
conf_key_find(const char *path)
{
	/* Other places where files in the field have a block. */
	static const struct {
		const char *from, *to;
	} alias[] = {{"ipv6_defs/lpm", "ipv6_defs/route6/lpm"}};
	char real[256];

	for (size_t i = 0; i < sizeof(alias) / sizeof(alias[0]); i++) {
		size_t n = strlen(alias[i].from);

		if (!strncmp(path, alias[i].from, n) && (path[n] == '\0' || path[n] == '/')) {
			snprintf(real, sizeof(real), "%s%s", alias[i].to, path + n);
			path = real;
			break;
		}
	}
	for (unsigned i = 0; i < conf_nkeys; i++) {
		if (!strcmp(conf_keys[i].path, path))
			return &conf_keys[i];
	}
	return NULL;
}

void
conf_scope_defaults(enum conf_scope scope, void *base)
{
	for (unsigned i = 0; i < conf_nkeys; i++) {
		const struct conf_key *k = &conf_keys[i];

		if (k->scope == scope && k->type != CONF_BLOCK && k->type != CONF_NAMED)
			conf_value_default(k, base);
	}
}

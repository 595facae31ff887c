/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual services (ids 8 to 12 and 17 to 23). */
#ifndef ABI_SERVICE_H
#define ABI_SERVICE_H

#include "common.h"

/* dp_vs_service_compat.flags. */
#define IP_VS_SVC_F_PERSISTENT	      0x1
#define IP_VS_SVC_F_HASHED	      0x2
#define IP_VS_SVC_F_ONEPACKET	      0x4
#define IP_VS_SVC_F_SYNPROXY	      0x8
#define IP_VS_SVC_F_EXPIRE_QUIESCENT  0x10
#define IP_VS_SVC_F_SCHED1	      0x20
#define IP_VS_SVC_F_SCHED2	      0x40
#define IP_VS_SVC_F_SCHED3	      0x80
#define IP_VS_SVC_F_SIP_HASH	      0x100
#define IP_VS_SVC_F_QID_HASH	      0x200
#define IP_VS_SVC_F_MATCH	      0x400
#define IP_VS_SVC_F_QUIC	      0x800
#define IP_VS_SVC_F_SCHED_SH_FALLBACK 0x20
#define IP_VS_SVC_F_SCHED_SH_PORT     0x40

/* dest_check_configs.types, a bit set. */
#define DEST_HC_NONE	      0x0
#define DEST_HC_PASSIVE	      0x1
#define DEST_HC_TCP	      0x2
#define DEST_HC_UDP	      0x4
#define DEST_HC_SCTP	      0x8
#define DEST_HC_PING	      0x10
#define DEST_HC_MASK_EXTERNAL 0x1e

/* Defaults of dest_check_configs: notices, then seconds. */
#define DEST_DOWN_NOTICE_DEFAULT  1
#define DEST_UP_NOTICE_DEFAULT	  1
#define DEST_DOWN_WAIT_DURATION	  3
#define DEST_INHIBIT_DURATION_MIN 5
#define DEST_INHIBIT_DURATION_MAX 3600

/* dp_vs_service_compat.proxy_protocol: version in the low nibble, flags in the high one. */
#define PROXY_PROTOCOL_DISABLE	    0x0
#define PROXY_PROTOCOL_V1	    0x1
#define PROXY_PROTOCOL_V2	    0x2
#define PROXY_PROTOCOL_VERSION_MASK 0xf
#define PROXY_PROTOCOL_FLAGS_MASK   0xf0
#define PROXY_PROTOCOL_F_INSECURE   0x10

/* Passive health check of real servers. */
struct dest_check_configs {
	uint8_t types;		      /* DEST_HC_* bits */
	uint8_t dest_down_notice_num; /* failures seen before a server is taken out */
	uint8_t dest_up_notice_num;   /* successes seen before it is back */
	uint8_t dest_down_wait;	      /* seconds */
	uint16_t dest_inhibit_min;    /* seconds */
	uint16_t dest_inhibit_max;    /* seconds */
};
ABI_SIZE(struct dest_check_configs, 8);
ABI_OFFSET(struct dest_check_configs, dest_inhibit_max, 6);

/*
 * A virtual service: request body of ids 9 to 12 and 20, reply of 20, list element of 19. The key is fwmark
 * when not 0, else af/proto/addr/port when one is set, else match.
 */
struct dp_vs_service_compat {
	int32_t af;		/* AF_INET or AF_INET6 */
	uint8_t proto;		/* IPPROTO_* */
	uint8_t proxy_protocol; /* PROXY_PROTOCOL_* */
	abi_be16_t port;
	uint32_t fwmark;
	uint32_t flags;	       /* IP_VS_SVC_F_* */
	uint32_t timeout;      /* persistence, seconds */
	uint32_t conn_timeout; /* idle time-out of established connections, seconds; 0: default */
	/* persistence granularity: IPv4 mask in network order, IPv6 prefix length in native order */
	uint32_t netmask;
	uint32_t bps;		   /* bandwidth limit; 0: none */
	uint32_t limit_proportion; /* percent of bps */
	union inet_addr addr;
	char sched_name[DP_VS_SCHEDNAME_MAXLEN]; /* NUL terminated */
	struct dp_vs_match match;
	uint32_t num_dests;  /* reply only */
	uint32_t num_laddrs; /* reply only */
	uint8_t cid;	     /* lcore id, reply only */
	uint8_t index;	     /* lcore index asked for; 0: master */
	uint8_t pad0[6];
	struct dp_vs_stats stats; /* reply only */
	struct dest_check_configs check_conf;
};
ABI_SIZE(struct dp_vs_service_compat, 264);
ABI_OFFSET(struct dp_vs_service_compat, addr, 36);
ABI_OFFSET(struct dp_vs_service_compat, match, 68);
ABI_OFFSET(struct dp_vs_service_compat, stats, 192);
ABI_OFFSET(struct dp_vs_service_compat, check_conf, 256);

/*
 * What DPVS does not have, behind a dp_vs_service_compat: in requests 10 and 11, where it may be missing (a
 * service is added without limit, an edit leaves it as it is), and in the records DS_TLV_SERVICE. A daemon
 * that takes it says DS_FEATURE_CONN_LIMIT.
 */
struct ds_service_ext {
	uint32_t mark;	     /* DS_SERVICE_EXT; anything else: not there */
	uint32_t conn_limit; /* connections at the same time, all workers; 0: no limit */
};
ABI_SIZE(struct ds_service_ext, 8);

#define DS_SERVICE_EXT 0x54584553

/*
 * Request and head of the reply of ids 19 and 22. `count` x dp_vs_service_compat follow at offset 8. The
 * request's count must be the number of services there are (num_services of id 18).
 */
struct dp_vs_services_front {
	uint8_t cid;   /* lcore id, reply only */
	uint8_t index; /* lcore index; 0: master */
	uint16_t count;
	uint8_t pad0[4];
};
ABI_SIZE(struct dp_vs_services_front, 8);
ABI_OFFSET(struct dp_vs_services_front, count, 2);

/* Reply of id 18. */
struct dp_vs_getinfo {
	uint32_t version; /* major << 16 | minor << 8 | patch */
	uint32_t size;	  /* 0 */
	uint32_t num_services;
	uint32_t num_lcores; /* workers */
};
ABI_SIZE(struct dp_vs_getinfo, 16);
ABI_OFFSET(struct dp_vs_getinfo, num_lcores, 12);

#endif

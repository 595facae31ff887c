/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists in pages, filtered by the daemon: services with their real servers (DS_MSG_LIST_SERVICES) and
 * connections (DS_MSG_LIST_CONNS).
 *
 * A page starts with one DS_TLV_LIST_INFO. Its cursor goes into the request for the next page, together with
 * the same filter, until DS_LIST_F_MORE is not set; the daemon keeps nothing between requests. What exists
 * during the whole walk is listed exactly once. A client that wants one consistent picture compares
 * `generation` between pages, or asks for a page that is large enough for everything: a page is a snapshot.
 */
#ifndef ABI_LIST_H
#define ABI_LIST_H

#include "common.h"
#include "conn.h"
#include "dest.h"
#include "ext.h"
#include "service.h"

#define DS_TLV_LIST_INFO 48 /* struct ds_list_info, first of a page */
#define DS_TLV_SERVICE                                                                                       \
	49 /* struct dp_vs_service_compat as in replies of id 19, then struct ds_service_ext; what follows   \
	      up to the next one belongs to it */
#define DS_TLV_SERVICE_MORE 50 /* struct ds_service_more */
#define DS_TLV_DESTS	    51 /* struct dp_vs_dest_compat for each real server, as in replies of id 21 */
#define DS_TLV_DESTS_MORE   52 /* struct ds_dest_more for each of them, same order */
#define DS_TLV_LADDRS	    53 /* struct ds_laddr for each local address */
#define DS_TLV_DENY	    54 /* struct ds_acl_entry for each refused client */
#define DS_TLV_ALLOW	    55 /* struct ds_acl_entry for each served client */
#define DS_TLV_CONNS	    56 /* struct ip_vs_conn_entry for each connection */
#define DS_TLV_CONNS_MORE   57 /* struct ds_conn_more for each of them, same order */
#define DS_TLV_CONN_COUNTS  58 /* struct ds_conn_count for each group; add up over pages */

/* ds_list_info.flags */
#define DS_LIST_F_MORE 0x1

struct ds_list_info {
	uint64_t generation; /* of the configuration */
	uint64_t total;	     /* services there are, or connections there are, before the filter */
	uint8_t cursor[16];  /* for the next page */
	uint32_t flags;	     /* DS_LIST_F_* */
	uint32_t reserved;   /* 0 */
};
ABI_SIZE(struct ds_list_info, 40);
ABI_OFFSET(struct ds_list_info, cursor, 16);

/* ds_list_services.want: what to send beside the services. */
#define DS_LIST_WANT_DESTS  0x1
#define DS_LIST_WANT_LADDRS 0x2
#define DS_LIST_WANT_ACLS   0x4
#define DS_LIST_WANT_MORE   0x8 /* the _MORE records */

/* Members of a filter that count. */
#define DS_FILTER_AF	 0x1
#define DS_FILTER_PROTO	 0x2
#define DS_FILTER_VIP	 0x4 /* with prefix length */
#define DS_FILTER_VPORT	 0x8
#define DS_FILTER_RS	 0x10 /* with prefix length */
#define DS_FILTER_RPORT	 0x20
#define DS_FILTER_SCHED	 0x40
#define DS_FILTER_FWMARK 0x80
#define DS_FILTER_CLIENT 0x100 /* connections; with prefix length */
#define DS_FILTER_CPORT	 0x200
#define DS_FILTER_LADDR	 0x400 /* connections; with prefix length */
#define DS_FILTER_LPORT	 0x800
#define DS_FILTER_STATE	 0x1000
#define DS_FILTER_LCORE	 0x2000

/* An address with the number of its leading bits that count. */
struct ds_prefix {
	union inet_addr addr;
	uint8_t af; /* AF_INET or AF_INET6 */
	uint8_t plen;
	uint8_t pad0[2];
};
ABI_SIZE(struct ds_prefix, 20);

/*
 * Body of DS_MSG_LIST_SERVICES. With a filter for real servers only those are sent, and only services that
 * have one. Services for firewall marks and matches have no address or port that VIP and VPORT could ask for.
 * Records that were asked for are there for every service, if only without payload. EDPVS_INVAL: bits of want
 * or filter that are unknown or of connections, families, prefixes and lcore indices that do not exist, and
 * cursors that this daemon did not make since its start.
 */
struct ds_list_services {
	uint32_t want;	    /* DS_LIST_WANT_* */
	uint32_t max_bytes; /* wish for the length of the reply; 0: the daemon's choice. A page has at least
			       one service. */
	uint8_t cursor[16]; /* zero at first */
	uint32_t filter;    /* DS_FILTER_* */
	uint32_t fwmark;
	struct ds_prefix vip;
	struct ds_prefix rs;
	abi_be16_t vport;
	abi_be16_t rport;
	uint8_t index; /* lcore index that counters are of; 0: sum of all */
	uint8_t af;
	uint8_t proto;
	uint8_t pad0;
	char sched_name[DP_VS_SCHEDNAME_MAXLEN];
};
ABI_SIZE(struct ds_list_services, 96);
ABI_OFFSET(struct ds_list_services, vip, 32);
ABI_OFFSET(struct ds_list_services, sched_name, 80);

/* Per second, with all their bits. */
struct ds_rates {
	uint64_t cps, inpps, inbps, outpps, outbps;
};
ABI_SIZE(struct ds_rates, 40);

struct ds_service_more {
	uint64_t serial; /* of the service: never used again while the daemon runs */
	struct ds_rates rates;
	uint32_t deny;	/* number of entries in the deny list */
	uint32_t allow; /* number of entries in the allow list */
};
ABI_SIZE(struct ds_service_more, 56);

struct ds_dest_more {
	struct ds_rates rates;
	uint32_t stat;	   /* index in the vectors of real servers of the statistics segment */
	uint32_t weight;   /* what it had before the passive check inhibited it; 0: it did not */
};
ABI_SIZE(struct ds_dest_more, 48);

struct ds_laddr {
	union inet_addr addr;
	uint64_t conflicts; /* connections that found no free port */
	uint32_t nconns;    /* connections that use it */
	uint32_t af;
	char ifname[16]; /* as it was given; may be empty */
};
ABI_SIZE(struct ds_laddr, 48);
ABI_OFFSET(struct ds_laddr, ifname, 32);

/* An entry of a deny or allow list: an address, or the name of an ipset. */
struct ds_acl_entry {
	struct ds_prefix subject; /* af 0: it is the ipset */
	char ipset[32];
	uint32_t reserved; /* 0 */
};
ABI_SIZE(struct ds_acl_entry, 56);

/* ds_list_conns.want */
#define DS_CONNS_WANT_MORE	0x1 /* DS_TLV_CONNS_MORE too */
#define DS_CONNS_WANT_COUNTS	0x2 /* DS_TLV_CONN_COUNTS in place of connections */
#define DS_CONNS_WANT_TEMPLATES 0x4 /* persistence templates in place of connections */

/* Body of DS_MSG_LIST_CONNS. A page may be empty and yet not be the last: the daemon looks at a bounded
 * number of connections for each. */
struct ds_list_conns {
	uint32_t want;	      /* DS_CONNS_WANT_* */
	uint32_t max_entries; /* wish for the connections in the reply; 0: the daemon's choice */
	uint8_t cursor[16];   /* zero at first */
	uint32_t filter;      /* DS_FILTER_* */
	uint8_t lcore;	      /* lcore id */
	uint8_t af;	      /* of the client's side */
	uint8_t proto;
	uint8_t pad0;
	struct ds_prefix client, vip, laddr, rs;
	abi_be16_t cport, vport, lport, rport;
	char state[16]; /* name of a state, as in ip_vs_conn_entry */
};
ABI_SIZE(struct ds_list_conns, 136);
ABI_OFFSET(struct ds_list_conns, client, 32);
ABI_OFFSET(struct ds_list_conns, state, 120);

#define DS_UNKNOWN64 0xffffffffffffffffull /* counters that the daemon does not keep */

struct ds_conn_more {
	uint64_t in_packets, in_bytes, out_packets, out_bytes; /* DS_UNKNOWN64 unless conn_accounting is on */
	uint64_t age_ms;  /* since it was opened; DS_UNKNOWN64 likewise */
	uint32_t left_ms; /* until it ends if nothing comes */
	uint16_t fwd;	  /* DPVS_FWD_* */
	uint16_t flags;	  /* IP_VS_CONN_F_* */
};
ABI_SIZE(struct ds_conn_more, 48);

/* Connections of one worker that agree in everything here. */
struct ds_conn_count {
	uint64_t count;
	union inet_addr vaddr, daddr;
	uint8_t in_af, out_af;
	uint8_t proto;
	uint8_t lcore; /* lcore id */
	abi_be16_t vport, dport;
	char state[16];
};
ABI_SIZE(struct ds_conn_count, 64);
ABI_OFFSET(struct ds_conn_count, vport, 44);

#endif

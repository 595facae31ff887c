/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses, traffic matches and counters used by several families. */
#ifndef ABI_COMMON_H
#define ABI_COMMON_H

#include "base.h"

/* Address families as they travel (the values of Linux). */
#define ABI_AF_UNSPEC 0
#define ABI_AF_INET   2
#define ABI_AF_INET6  10

/* Layer-4 protocols (IANA numbers). */
#define ABI_IPPROTO_ICMP   1
#define ABI_IPPROTO_TCP	   6
#define ABI_IPPROTO_UDP	   17
#define ABI_IPPROTO_ICMPV6 58
#define ABI_IPPROTO_SCTP   132

/* Array sizes and limits that are part of the format. */
#define MAX_CTRL_CONN_GET_ENTRIES 1024
#define DP_VS_SCHEDNAME_MAXLEN	  16
#define ABI_IFNAMSIZ		  16
#define IPSET_MAXNAMELEN	  32
#define IPSET_MAXCOMLEN		  32
#define LLDP_MESSAGE_LEN	  4096
#define NETIF_MAX_PORTS		  4096
#define ABI_QUEUE_STAT_CNTRS	  16
#define NETIF_MAX_BOND_SLAVES	  32
#define DPVS_MAX_LCORE		  64

/*
 * An address of either family, network byte order. IPv4 fills the first 4 bytes; the other 12 are then
 * without meaning on receipt and zero when sent. Bytes, so that it has no alignment and may be pointed to
 * inside packed structures.
 */
union inet_addr {
	uint8_t in[4];	 /* IPv4 */
	uint8_t in6[16]; /* IPv6 */
};
ABI_SIZE(union inet_addr, 16);

/* An address with a prefix length. */
struct inet_prefix {
	int32_t plen; /* bits */
	union inet_addr addr;
};
ABI_SIZE(struct inet_prefix, 20);
ABI_OFFSET(struct inet_prefix, addr, 4);

/* A range of addresses and ports; all zero matches everything. */
struct inet_addr_range {
	union inet_addr min_addr;
	union inet_addr max_addr;
	abi_be16_t min_port; /* native order inside ipset structures */
	abi_be16_t max_port; /* native order inside ipset structures */
};
ABI_SIZE(struct inet_addr_range, 36);
ABI_OFFSET(struct inet_addr_range, max_addr, 16);
ABI_OFFSET(struct inet_addr_range, max_port, 34);

/* What a match service (SNAT) or a classifier applies to. All zero: not used. */
struct dp_vs_match {
	int32_t af;		       /* AF_INET, AF_INET6 or 0 */
	struct inet_addr_range srange; /* source */
	struct inet_addr_range drange; /* destination */
	char iifname[ABI_IFNAMSIZ];    /* input device, empty: any */
	char oifname[ABI_IFNAMSIZ];    /* output device, empty: any */
};
ABI_SIZE(struct dp_vs_match, 108);
ABI_OFFSET(struct dp_vs_match, srange, 4);
ABI_OFFSET(struct dp_vs_match, drange, 40);
ABI_OFFSET(struct dp_vs_match, oifname, 92);

/* Counters of a service or a real server. Rates saturate at 2^32 - 1. */
struct dp_vs_stats {
	uint64_t conns;	  /* connections made */
	uint64_t inpkts;  /* packets from clients */
	uint64_t inbytes; /* bytes from clients, from the IP header on */
	uint64_t outpkts; /* packets to clients */
	uint64_t outbytes;
	uint32_t cps;	 /* connections per second */
	uint32_t inpps;	 /* packets per second */
	uint32_t inbps;	 /* bytes per second */
	uint32_t outpps; /* packets per second */
	uint32_t outbps; /* bytes per second */
	uint8_t pad0[4];
};
ABI_SIZE(struct dp_vs_stats, 64);
ABI_OFFSET(struct dp_vs_stats, outbps, 56);

/* An Ethernet address. The tag avoids the one of <net/ethernet.h>. */
struct abi_ether_addr {
	uint8_t ether_addr_octet[6];
};
ABI_SIZE(struct abi_ether_addr, 6);

#endif

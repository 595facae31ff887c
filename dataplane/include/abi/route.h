/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 routes (ids 28 to 32) and IPv6 routes (ids 33 to 35). */
#ifndef ABI_ROUTE_H
#define ABI_ROUTE_H

#include "common.h"

/* dp_vs_route_detail.flags and dp_vs_route6_conf.flags. */
#define RTF_UP	      0x1
#define RTF_GATEWAY   0x2
#define RTF_HOST      0x4
#define RTF_REINSTATE 0x8
#define RTF_DYNAMIC   0x10
#define RTF_MODIFIED  0x20
#define RTF_MTU	      0x40
#define RTF_WINDOW    0x80
#define RTF_IRTT      0x100
#define RTF_REJECT    0x200
#define RTF_FORWARD   0x400
#define RTF_LOCALIN   0x800
#define RTF_DEFAULT   0x1000
#define RTF_KNI	      0x2000

/* Scopes that tools print; derived from flags, never sent. */
#define ROUTE_CF_SCOPE_NONE   0
#define ROUTE_CF_SCOPE_HOST   1
#define ROUTE_CF_SCOPE_KNI    2
#define ROUTE_CF_SCOPE_LINK   3
#define ROUTE_CF_SCOPE_GLOBAL 4

/* On-link sets no bit at all. */
#define ROUTE_CF_FLAG_ONLINK 0

/* dp_vs_route6_conf.ops; decides what ids 33 and 34 do. */
#define RT6_OPS_GET   1
#define RT6_OPS_ADD   2
#define RT6_OPS_DEL   3
#define RT6_OPS_FLUSH 4

/* An address with a prefix length. */
struct rt_addr {
	union inet_addr addr;
	int32_t plen; /* bits */
};
ABI_SIZE(struct rt_addr, 20);
ABI_OFFSET(struct rt_addr, plen, 16);

/* The route of older tools; keepalived still sends it with ids 28 and 29. */
struct dp_vs_route_conf {
	int32_t af;
	union inet_addr dst;
	uint8_t plen;
	union inet_addr via;
	union inet_addr src;
	char ifname[ABI_IFNAMSIZ];
	uint32_t mtu;
	uint8_t tos;
	uint8_t scope;
	uint8_t metric;
	uint8_t proto;
	uint32_t flags;
} ABI_PACKED;
ABI_SIZE(struct dp_vs_route_conf, 81);
ABI_OFFSET(struct dp_vs_route_conf, dst, 4);
ABI_OFFSET(struct dp_vs_route_conf, via, 21);
ABI_OFFSET(struct dp_vs_route_conf, src, 37);
ABI_OFFSET(struct dp_vs_route_conf, flags, 77);

/* An IPv4 route: request of ids 28 to 32, list element of 32. */
struct dp_vs_route_detail {
	uint32_t af;	/* AF_INET or 0 */
	uint32_t mtu;	/* bytes; 0: the device's */
	uint32_t flags; /* RTF_* */
	uint32_t metric;
	struct rt_addr dst;
	struct rt_addr src; /* source address chosen for packets of our own */
	struct rt_addr gateway;
	struct rt_addr prefsrc;
	char ifname[ABI_IFNAMSIZ];
};
ABI_SIZE(struct dp_vs_route_detail, 112);
ABI_OFFSET(struct dp_vs_route_detail, dst, 16);
ABI_OFFSET(struct dp_vs_route_detail, src, 36);
ABI_OFFSET(struct dp_vs_route_detail, gateway, 56);
ABI_OFFSET(struct dp_vs_route_detail, prefsrc, 76);
ABI_OFFSET(struct dp_vs_route_detail, ifname, 96);

/* Head of the reply of id 32; exactly `nroute` x dp_vs_route_detail follow at offset 4. */
struct dp_vs_route_conf_array {
	int32_t nroute;
} ABI_PACKED;
ABI_SIZE(struct dp_vs_route_conf_array, 4);

/* An IPv6 route: request of ids 33 to 35, list element of 35. */
struct dp_vs_route6_conf {
	int32_t ops; /* RT6_OPS_* */
	struct rt_addr dst;
	struct rt_addr src; /* source address chosen for packets of our own */
	struct rt_addr prefsrc;
	char ifname[ABI_IFNAMSIZ];
	uint8_t gateway[16]; /* IPv6, network order */
	uint32_t mtu;	     /* bytes; 0: the device's */
	uint32_t flags;	     /* RTF_* */
} ABI_PACKED;
ABI_SIZE(struct dp_vs_route6_conf, 104);
ABI_OFFSET(struct dp_vs_route6_conf, dst, 4);
ABI_OFFSET(struct dp_vs_route6_conf, src, 24);
ABI_OFFSET(struct dp_vs_route6_conf, prefsrc, 44);
ABI_OFFSET(struct dp_vs_route6_conf, flags, 100);

/* Head of the reply of id 35; `nroute` x dp_vs_route6_conf follow at offset 4. */
struct dp_vs_route6_conf_array {
	int32_t nroute;
} ABI_PACKED;
ABI_SIZE(struct dp_vs_route6_conf_array, 4);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* IPIP and GRE tunnel devices (ids 94 to 98). */
#ifndef ABI_TUNNEL_H
#define ABI_TUNNEL_H

#include "common.h"

/* ip_tunnel_param.i_flags and o_flags, as host-order values. */
#define TUNNEL_F_CSUM	       0x1
#define TUNNEL_F_ROUTING       0x2
#define TUNNEL_F_KEY	       0x4
#define TUNNEL_F_SEQ	       0x8
#define TUNNEL_F_STRICT	       0x10
#define TUNNEL_F_REC	       0x20
#define TUNNEL_F_VERSION       0x40
#define TUNNEL_F_NO_KEY	       0x80
#define TUNNEL_F_DONT_FRAGMENT 0x100
#define TUNNEL_F_OAM	       0x200
#define TUNNEL_F_CRIT_OPT      0x400
#define TUNNEL_F_GENEVE_OPT    0x800
#define TUNNEL_F_VXLAN_OPT     0x1000
#define TUNNEL_F_NOCACHE       0x2000
#define TUNNEL_F_ERSPAN_OPT    0x4000

/* An IPv4 header (RFC 791). The tag avoids the one of <netinet/ip.h>. */
struct abi_iphdr {
	uint8_t version_ihl; /* version in the high nibble, header length in 32-bit words in the low one */
	uint8_t tos;
	abi_be16_t tot_len;
	abi_be16_t id;
	abi_be16_t frag_off;
	uint8_t ttl;
	uint8_t protocol;
	uint16_t check; /* as on the wire */
	abi_be32_t saddr;
	abi_be32_t daddr;
};
ABI_SIZE(struct abi_iphdr, 20);
ABI_OFFSET(struct abi_iphdr, daddr, 16);

/* Request of ids 94 to 98; the reply of 98 is an array of these without a count. */
struct ip_tunnel_param {
	char ifname[ABI_IFNAMSIZ];
	char kind[16];		 /* "ipip" or "gre" */
	char link[ABI_IFNAMSIZ]; /* device that carries it; empty: by route */
	abi_be16_t i_flags;	 /* TUNNEL_F_* */
	abi_be16_t o_flags;	 /* TUNNEL_F_* */
	abi_be32_t i_key;
	abi_be32_t o_key;
	struct abi_iphdr iph; /* outer header: saddr, daddr, ttl, tos */
} ABI_PACKED;
ABI_SIZE(struct ip_tunnel_param, 80);
ABI_OFFSET(struct ip_tunnel_param, iph, 60);

#endif

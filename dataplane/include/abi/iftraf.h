/* SPDX-License-Identifier: Apache-2.0 */
/* Top talkers of a device (ids 106 to 108). */
#ifndef ABI_IFTRAF_H
#define ABI_IFTRAF_H

#include "common.h"

/* Request of id 108. */
struct dp_vs_iftraf_conf {
	char ifname[ABI_IFNAMSIZ]; /* empty: all devices */
};
ABI_SIZE(struct dp_vs_iftraf_conf, 16);

/* One talker, list element of id 108. The body of ids 106 and 107 has this size and no meaning. */
struct iftraf_param {
	uint8_t af;
	uint8_t proto;
	uint8_t cid;
	uint16_t devid; /* not filled */
	char ifname[ABI_IFNAMSIZ];
	union inet_addr saddr;
	union inet_addr daddr;
	abi_be16_t sport;
	abi_be16_t dport;
	uint32_t total_recv; /* bytes */
	uint32_t total_sent; /* bytes */
} ABI_PACKED;
ABI_SIZE(struct iftraf_param, 65);
ABI_OFFSET(struct iftraf_param, saddr, 21);
ABI_OFFSET(struct iftraf_param, daddr, 37);
ABI_OFFSET(struct iftraf_param, total_sent, 61);

/* Head of the reply of id 108; `ntrafs` x iftraf_param follow at offset 4, unaligned. */
struct iftraf_param_array {
	int32_t ntrafs;
};
ABI_SIZE(struct iftraf_param_array, 4);

#endif

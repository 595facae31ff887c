/* SPDX-License-Identifier: Apache-2.0 */
/* Deny and allow lists of a service (ids 73 to 80). */
#ifndef ABI_ACL_H
#define ABI_ACL_H

#include "common.h"

/* An entry of a deny list: an address, or the name of an address set. */
struct dp_vs_blklst_conf {
	union inet_addr vaddr;
	abi_be16_t vport;
	uint8_t proto;
	uint8_t af;		      /* AF_INET or AF_INET6 */
	union inet_addr subject;      /* client address that is denied */
	char ipset[IPSET_MAXNAMELEN]; /* name of the set; empty: subject counts */
};
ABI_SIZE(struct dp_vs_blklst_conf, 68);
ABI_OFFSET(struct dp_vs_blklst_conf, subject, 20);
ABI_OFFSET(struct dp_vs_blklst_conf, ipset, 36);

/* Reply of id 76: all deny entries of all services; `naddr` x dp_vs_blklst_conf follow at offset 4. */
struct dp_vs_blklst_conf_array {
	int32_t naddr;
} ABI_PACKED;
ABI_SIZE(struct dp_vs_blklst_conf_array, 4);

/* An entry of an allow list: an address, or the name of an address set. */
struct dp_vs_whtlst_conf {
	union inet_addr vaddr;
	abi_be16_t vport;
	uint8_t proto;
	uint8_t af;		      /* AF_INET or AF_INET6 */
	union inet_addr subject;      /* client address that is allowed */
	char ipset[IPSET_MAXNAMELEN]; /* name of the set; empty: subject counts */
};
ABI_SIZE(struct dp_vs_whtlst_conf, 68);
ABI_OFFSET(struct dp_vs_whtlst_conf, subject, 20);
ABI_OFFSET(struct dp_vs_whtlst_conf, ipset, 36);

/* Reply of id 80: all allow entries of all services; `naddr` x dp_vs_whtlst_conf follow at offset 4. */
struct dp_vs_whtlst_conf_array {
	int32_t naddr;
} ABI_PACKED;
ABI_SIZE(struct dp_vs_whtlst_conf_array, 4);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Flow rules that steer an address to the kernel (ids 99 to 102). */
#ifndef ABI_FLOW_H
#define ABI_FLOW_H

#include "common.h"

/* kni_conf_param.type. */
#define KNI_DTYPE_ADDR_FLOW 1

/* An address whose packets go to the kernel. */
struct kni_addr_flow_entry {
	int32_t af;
	union inet_addr addr;
};
ABI_SIZE(struct kni_addr_flow_entry, 20);
ABI_OFFSET(struct kni_addr_flow_entry, addr, 4);

/* `nentries` x kni_addr_flow_entry follow at offset 4. */
struct kni_addr_flow_info {
	int32_t nentries;
} ABI_PACKED;
ABI_SIZE(struct kni_addr_flow_info, 4);

/* What a rule applies to, by its type. */
union kni_conf_data {
	struct kni_addr_flow_entry flow;
} ABI_PACKED;
ABI_SIZE(union kni_conf_data, 20);

/* Request of ids 99 to 102, list element of 102. */
struct kni_conf_param {
	int32_t type; /* KNI_DTYPE_* */
	char ifname[ABI_IFNAMSIZ];
	union kni_conf_data data;
} ABI_PACKED;
ABI_SIZE(struct kni_conf_param, 40);
ABI_OFFSET(struct kni_conf_param, data, 20);

/* Head of the reply of id 102; `len` x kni_conf_param follow at offset 4. */
struct kni_info {
	int32_t len;
} ABI_PACKED;
ABI_SIZE(struct kni_info, 4);

#endif

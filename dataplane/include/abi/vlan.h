/* SPDX-License-Identifier: Apache-2.0 */
/* VLAN devices, IEEE 802.1Q (ids 81 to 83). */
#ifndef ABI_VLAN_H
#define ABI_VLAN_H

#include "common.h"

/* Request of ids 81 to 83, list element of 83. */
struct vlan_param {
	char real_dev[ABI_IFNAMSIZ]; /* device that carries it */
	char ifname[ABI_IFNAMSIZ];   /* empty: name made by the daemon */
	uint16_t vlan_proto;	     /* EtherType in native order, 0x8100 */
	uint16_t vlan_id;	     /* native order */
} ABI_PACKED;
ABI_SIZE(struct vlan_param, 36);
ABI_OFFSET(struct vlan_param, vlan_id, 34);

/* Head of the reply of id 83; `nparam` x vlan_param follow at offset 4. */
struct vlan_param_array {
	int32_t nparam;
};
ABI_SIZE(struct vlan_param_array, 4);

#endif

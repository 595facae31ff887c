/* SPDX-License-Identifier: Apache-2.0 */
/* Link Layer Discovery Protocol texts, IEEE 802.1AB (id 69). */
#ifndef ABI_LLDP_H
#define ABI_LLDP_H

#include "common.h"

/* lldp_param.node. */
#define DPVS_LLDP_NODE_LOCAL 0
#define DPVS_LLDP_NODE_NEIGH 1

/* Request of id 69. */
struct lldp_param {
	uint16_t node; /* DPVS_LLDP_NODE_* */
	char ifname[ABI_IFNAMSIZ];
};
ABI_SIZE(struct lldp_param, 18);
ABI_OFFSET(struct lldp_param, ifname, 2);

/* Reply of id 69. */
struct lldp_message {
	struct lldp_param param;
	char message[LLDP_MESSAGE_LEN]; /* a printf format for old tools: every % is doubled */
};
ABI_SIZE(struct lldp_message, 4114);
ABI_OFFSET(struct lldp_message, message, 18);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timeouts of connections that services do not set (DS_MSG_TIMEOUTS), as ipvsadm --set knows them.
 *
 * Get: no body; the reply is one record DS_TLV_TIMEOUTS. Set: a struct ds_timeouts. EDPVS_INVAL: shorter, a
 * value above DS_TIMEOUT_MAX, or reserved is not 0; then nothing has changed. A connection has the new
 * timeout from its next change of state on. The daemon forgets them when it reads its configuration again.
 */
#ifndef ABI_TIMEOUTS_H
#define ABI_TIMEOUTS_H

#include "ext.h"

#define DS_TLV_TIMEOUTS 80 /* struct ds_timeouts */

#define DS_TIMEOUT_MAX 31535999

/* Seconds; in a set 0 leaves the timeout as it is. */
struct ds_timeouts {
	uint32_t tcp;	  /* established */
	uint32_t tcp_fin; /* one side has closed */
	uint32_t udp;	  /* a set is for flows with and without answer, a get tells that of flows with one */
	uint32_t reserved; /* 0 */
};
ABI_SIZE(struct ds_timeouts, 16);

#endif

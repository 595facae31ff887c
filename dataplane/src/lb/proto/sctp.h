/* SPDX-License-Identifier: Apache-2.0 */
/* Checksums of SCTP packets, which may lie in several buffers. */
#ifndef LB_PROTO_SCTP_H
#define LB_PROTO_SCTP_H

#include "../lb_worker.h"

/* Checksum and chunks of a packet that is about to be balanced. DROP_NONE, or what is wrong. */
enum drop_reason lb_sctp_check(const struct pkt *p);

/* After translation: the checksum for the ports that the packet has now. p->sport and p->dport are those that
 * it came with. */
void lb_sctp_seal(const struct pkt *p);

#endif

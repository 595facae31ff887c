/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The set of local addresses as workers see it: an open-addressed table, at most half full, replaced as a
 * whole when it grows or loses an entry. One look-up touches one cache line in nearly all cases.
 */
#ifndef NET_LOCAL_H
#define NET_LOCAL_H

#include "net/net.h"

/* Control lcore. Sets what address ip means from now on: the ports that carry it (bit = port id) and whether
 * it is a local address of the balancer; no ports removes it. 0 or EDPVS_NOMEM. */
int local_set(int af, const union inet_ip *ip, uint64_t ports_mask, bool lip);

/* Any thread: the ports that carry the address, 0 when it is not local. */
uint64_t local_ports(int af, const union inet_ip *ip);

void local_fini(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translation between IPv6 clients and IPv4 servers: the IP header is replaced by one of the other family and
 * the transport checksum follows incrementally (RFC 7915 4 and 5, as far as FullNAT needs it: addresses are
 * chosen by the director, there is no mapping of prefixes).
 */
#ifndef PACKET_NAT64_H
#define PACKET_NAT64_H

#include <stdbool.h>

#include "packet/pkt.h"

enum { NAT64_DIFFERENCE = PKT_IP6_LEN - PKT_IP4_MIN };

/*
 * IPv6 to IPv4. The transport header must follow the 40 bytes of the IPv6 header directly. Addresses and
 * ports in network order; changes: a running sum of other changes of the transport header. Updates p->l3,
 * l3_len, ip_len and kind; the packet becomes 20 bytes shorter at its front. TOS and id are 0, DF is set, TTL
 * is the hop limit.
 */
void nat64_to_ip4(struct pkt *p, uint32_t saddr, uint32_t daddr, uint16_t sport, uint16_t dport,
		  uint64_t changes);

/*
 * IPv4 to IPv6; options are left out. The caller has made sure of at least 20 writable bytes in front of
 * p->l3. A UDP checksum of zero, which IPv6 does not know, stays zero: false tells that the caller has to
 * compute one (RFC 7915 4.5).
 */
bool nat64_to_ip6(struct pkt *p, const union inet_ip *saddr, const union inet_ip *daddr, uint16_t sport,
		  uint16_t dport, uint64_t changes);

#endif

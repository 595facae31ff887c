/* SPDX-License-Identifier: Apache-2.0 */
#include "../lb_worker.h"

/* A new protocol: one file beside this one, and a case here. */
const struct lb_proto *
lb_proto_find(uint8_t number)
{
	switch (number) {
	case PKT_PROTO_TCP:
		return &lb_proto_tcp;
	case PKT_PROTO_UDP:
		return &lb_proto_udp;
	case PKT_PROTO_SCTP:
		return &lb_proto_sctp;
	case PKT_PROTO_ICMP:
		return &lb_proto_icmp;
	case PKT_PROTO_ICMPV6:
		return &lb_proto_icmpv6;
	default:
		return NULL;
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every reason for which a packet ends here, with its name. One row is one counter per lcore; nothing in the
 * data path frees a packet that was not sent without naming a row. `dpip drop show` prints this table.
 *
 * DROP(identifier, layer, sentence): users see it in lower case.
 */
#ifndef PACKET_DROP_H
#define PACKET_DROP_H

#define DROP_TABLE(DROP)                                                                                     \
	DROP(ETH_TRUNCATED, "port", "frame shorter than its Ethernet header")                                \
	DROP(VLAN_NO_ROOM, "port", "no room in the packet for a VLAN tag")                                   \
	DROP(PORT_DOWN, "port", "packet for a port that is down or has no transmit queue")                   \
	DROP(TX_FULL, "port", "transmit queue of the device was full")                                       \
	DROP(ISOLATED_FULL, "port", "ring from an isolated receive lcore to its worker was full")            \
	DROP(TC_LIMIT, "tc", "queue of a traffic scheduler was full")                                        \
	DROP(TC_TOO_BIG, "tc", "frame longer than the burst of a token bucket")                              \
	DROP(TC_CLASS, "tc", "dropped by a traffic classifier")                                              \
	DROP(TC_GONE, "tc", "waited in a traffic scheduler that was deleted")                                \
	DROP(HANDOVER_FULL, "core", "ring to the worker that owns the flow was full")                        \
	DROP(PUNT_FULL, "core", "ring from worker to the control lcore was full")                            \
	DROP(INJECT_FULL, "core", "ring from the control lcore to a worker was full")                        \
	DROP(NO_MBUF, "core", "packet pool was empty")                                                       \
	DROP(KERNEL_FULL, "core", "ring of a worker to the kernel was full")                                 \
	DROP(KERNEL_ROUTING_FULL, "core", "ring of a worker to the kernel for routing protocols was full")   \
	DROP(KERNEL_REFUSED, "port",                                                                         \
	     "frame that the kernel's interface did not take, or a broken one from it")                      \
	DROP(NO_HANDLER, "net",                                                                              \
	     "EtherType or protocol that nobody here handles, without interface in the kernel")              \
	DROP(OTHER_HOST, "net", "unicast frame for another MAC address")                                     \
	DROP(VLAN_UNKNOWN, "net", "802.1Q tag without a VLAN device")                                        \
	DROP(TUNNEL_UNKNOWN, "tunnel", "packet of a tunnel that is not here")                                \
	DROP(TUNNEL_GRE, "tunnel", "GRE header that is cut off or of another version")                       \
	DROP(TUNNEL_FLAGS, "tunnel",                                                                         \
	     "GRE packet with or without checksum or number against the tunnel's settings")                  \
	DROP(TUNNEL_CHECKSUM, "tunnel", "GRE checksum is wrong")                                             \
	DROP(TUNNEL_SEQUENCE, "tunnel", "GRE packet that was overtaken by a later one")                      \
	DROP(TUNNEL_PAYLOAD, "tunnel", "neither IPv4 nor IPv6 inside of a tunnel's packet")                  \
	DROP(TUNNEL_ECN, "tunnel", "congestion was met, and the packet inside cannot say so")                \
	DROP(TUNNEL_NESTED, "tunnel", "more tunnels in one another than allowed")                            \
	DROP(TUNNEL_NO_ROUTE, "tunnel", "no route to the tunnel's remote address over its device")           \
	DROP(TUNNEL_LOOP, "tunnel", "way into a tunnel that leads back into it")                             \
	DROP(TUNNEL_NO_SOURCE, "tunnel", "tunnel without local address, and the route has none")             \
	DROP(TUNNEL_NO_ROOM, "tunnel", "no room in the packet for a tunnel's header")                        \
	DROP(LLDP_MALFORMED, "net", "LLDP frame that 802.1AB does not allow")                                \
	DROP(ARP_MALFORMED, "arp", "ARP packet with wrong sizes or addresses")                               \
	DROP(ARP_NOT_OURS, "arp", "ARP packet about addresses that are not ours")                            \
	DROP(ND_MALFORMED, "nd", "neighbour discovery packet that RFC 4861 forbids")                         \
	DROP(ND_NOT_OURS, "nd", "neighbour discovery packet about addresses that are not ours")              \
	DROP(NEIGH_QUEUE_FULL, "neigh", "too many packets waiting for one unresolved neighbour")             \
	DROP(NEIGH_TABLE_FULL, "neigh", "neighbour table was full")                                          \
	DROP(NEIGH_FAILED, "neigh", "neighbour did not answer")                                              \
	DROP(IP4_TRUNCATED, "ipv4", "IPv4 packet longer than its frame")                                     \
	DROP(IP4_HEADER, "ipv4", "IPv4 header with wrong version or length")                                 \
	DROP(IP4_CHECKSUM, "ipv4", "IPv4 header checksum is wrong")                                          \
	DROP(IP4_ADDRESS, "ipv4", "IPv4 source or destination that must not appear on a wire")               \
	DROP(IP4_FRAGMENT, "ipv4", "IPv4 fragment")                                                          \
	DROP(IP4_MULTICAST, "ipv4", "IPv4 broadcast or multicast that nobody here joined")                   \
	DROP(IP4_NO_ROUTE, "ipv4", "no IPv4 route to the destination")                                       \
	DROP(IP4_FORWARD_OFF, "ipv4", "IPv4 packet for others while ipv4_defs/forwarding is off")            \
	DROP(IP4_TTL, "ipv4", "IPv4 time to live ran out")                                                   \
	DROP(IP4_TOO_BIG, "ipv4", "IPv4 packet exceeds the route's MTU and must not be fragmented")          \
	DROP(IP4_FRAG_FAILED, "ipv4", "IPv4 packet could not be fragmented")                                 \
	DROP(IP6_DISABLED, "ipv6", "IPv6 is switched off by ipv6_defs/disable")                              \
	DROP(IP6_TRUNCATED, "ipv6", "IPv6 packet longer than its frame")                                     \
	DROP(IP6_HEADER, "ipv6", "IPv6 header with wrong version or broken extension headers")               \
	DROP(IP6_ADDRESS, "ipv6", "IPv6 source or destination that must not appear on a wire")               \
	DROP(IP6_FRAGMENT, "ipv6", "IPv6 fragment")                                                          \
	DROP(IP6_MULTICAST, "ipv6", "IPv6 multicast that nobody here joined")                                \
	DROP(IP6_NO_ROUTE, "ipv6", "no IPv6 route to the destination")                                       \
	DROP(IP6_FORWARD_OFF, "ipv6", "IPv6 packet for others while ipv6_defs/forwarding is off")            \
	DROP(IP6_HOP_LIMIT, "ipv6", "IPv6 hop limit ran out")                                                \
	DROP(IP6_TOO_BIG, "ipv6", "IPv6 packet exceeds the route's MTU")                                     \
	DROP(FRAG_MALFORMED, "ip",                                                                           \
	     "fragment of impossible length, or without the transport header it must have")                  \
	DROP(FRAG_OVERLAP, "ip", "fragments of a datagram that overlap or contradict each other")            \
	DROP(FRAG_DUPLICATE, "ip", "fragment that was there already")                                        \
	DROP(FRAG_TOO_MANY, "ip", "more than 64 fragments of one datagram")                                  \
	DROP(FRAG_TABLE_FULL, "ip", "fragments of the oldest datagram, given up for a newer one")            \
	DROP(FRAG_TIMEOUT, "ip", "fragments of a datagram that was not complete in time")                    \
	DROP(ICMP_MALFORMED, "icmp", "ICMP message that is too short or of wrong form")                      \
	DROP(ICMP_CHECKSUM, "icmp", "ICMP checksum is wrong")                                                \
	DROP(ICMP_NOT_HANDLED, "icmp", "ICMP message to a local address that needs no answer")               \
	DROP(ICMP_RATE, "icmp", "ICMP error not sent because of the rate limit")                             \
	DROP(LOCAL_NO_SERVICE, "lb",                                                                         \
	     "TCP, UDP or SCTP to a local address without a virtual service or interface in the kernel")     \
	DROP(L4_TRUNCATED, "lb", "TCP, UDP or SCTP header is truncated or has a wrong length")               \
	DROP(TCP_NOT_SYN, "lb", "TCP packet without connection that does not open one")                      \
	DROP(SCTP_CHECKSUM, "lb", "CRC32c of an SCTP packet is wrong")                                       \
	DROP(SCTP_CHUNK, "lb", "SCTP packet without chunk, or with a chunk of wrong length")                 \
	DROP(SYNPROXY_OPTIONS, "lb", "SYN with IP options for a service with SYN proxy")                     \
	DROP(SYNPROXY_DEFERRED, "lb", "ACK of a proxied handshake while the server is to wait for data")     \
	DROP(SYNPROXY_WAITING, "lb", "packet of a proxied connection whose server has not answered yet")     \
	DROP(SYNPROXY_ACK_STORM, "lb", "real server repeats an acknowledgement (ack_storm_thresh)")          \
	DROP(DEFENCE_TCP, "lb", "TCP to a virtual address without service (defence_tcp_drop)")               \
	DROP(DEFENCE_UDP, "lb", "UDP to a virtual address without service (defence_udp_drop)")               \
	DROP(ADMISSION, "lb", "new flow while the worker could not keep up (flood_admission)")               \
	DROP(SERVICE_LIMIT, "lb", "virtual service has as many connections as it may (--conn-limit)")        \
	DROP(NO_DEST, "lb", "virtual service had no usable real server")                                     \
	DROP(DEST_OVERLOAD, "lb", "real server reached its upper connection threshold")                      \
	DROP(NO_LADDR, "lb",                                                                                 \
	     "FullNAT service has no local address that a port has (dpip addr add ... sapool)")              \
	DROP(NO_LPORT, "lb", "all local ports towards the real server are in use")                           \
	DROP(TUPLE_IN_USE, "lb",                                                                             \
	     "another connection has the same client and real server, so replies would be ambiguous")        \
	DROP(CONN_TABLE_FULL, "lb", "connection table was full")                                             \
	DROP(QUIESCENT, "lb", "connection of a quiesced real server (expire-quiescent)")                     \
	DROP(LB_TOO_BIG, "lb", "packet exceeds the MTU towards its target and must not be fragmented")       \
	DROP(LB_NO_ROUTE, "lb", "no route to the real server or to the client")                              \
	DROP(LB_NO_ROOM, "lb", "no headroom or tailroom for an option in the packet buffer")                 \
	DROP(PROXY_ORDER, "lb", "data of a client before the segment that gets the PROXY header")            \
	DROP(LB_NAT64, "lb", "IPv6 packet with extension headers for an IPv4 server")                        \
	DROP(LB_FORWARD_MODE, "lb", "forwarding mode that this daemon does not forward")                     \
	DROP(LIMIT_PROPORTION, "lb", "dropped by the service's limit_proportion")                            \
	DROP(DENY_LIST, "lb", "client is on the service's deny list")                                        \
	DROP(ALLOW_LIST, "lb", "client is not on the service's allow list")                                  \
	DROP(BAD_OFFSET, "core", "packet data not in one segment or beyond the buffer")

/* Drop reasons; DROP_NONE (0) means "not dropped". */
enum drop_reason {
	DROP_NONE = 0,
#define DROP_ENUM(id, layer, text) DROP_##id,
	DROP_TABLE(DROP_ENUM)
#undef DROP_ENUM
	    DROP_REASONS
};

struct drop_info {
	const char *name;  /* identifier, e.g. "IP4_CHECKSUM"; shown in lower case */
	const char *layer; /* port, tc, core, net, arp, nd, neigh, ip, ipv4, ipv6, icmp, lb */
	const char *text;  /* one sentence for people */
};

/* Names of a reason; NULL for DROP_NONE and for numbers out of range. */
const struct drop_info *drop_info(unsigned reason);

#endif

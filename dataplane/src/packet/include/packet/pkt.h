/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packet descriptor: what every stage needs to know about one packet, filled once by the parser.
 *
 * Descriptors live in a vector beside the packet buffers. The packet layer knows pointers and lengths only;
 * `buf` belongs to whoever owns the buffer (an mbuf in the daemon, nothing in unit tests and fuzzers).
 */
#ifndef PACKET_PKT_H
#define PACKET_PKT_H

#include <stdint.h>

#include "base/inet.h"
#include "packet/drop.h"

enum {
	PKT_ETH_LEN = 14,
	PKT_MAC_LEN = 6,
	PKT_IP4_MIN = 20,
	PKT_IP6_LEN = 40,
	PKT_TCP_MIN = 20,
	PKT_UDP_LEN = 8,
	PKT_SCTP_LEN = 12,
	PKT_PROTO_ICMP = 1,
	PKT_PROTO_TCP = 6,
	PKT_PROTO_UDP = 17,
	PKT_PROTO_ICMPV6 = 58,
	PKT_PROTO_SCTP = 132,
};

/* What the parser found. IP kinds have a valid header, in one piece, and a length that fits the frame. */
enum pkt_kind { PKT_OTHER = 0, PKT_ARP, PKT_IP4, PKT_IP6 };

/* Destination MAC of the frame as seen by its port. */
enum pkt_cast { PKT_HOST = 0, PKT_BROADCAST, PKT_MULTICAST, PKT_OTHERHOST };

/* pkt.flags */
enum {
	PKT_F_L4 =
	    1, /* sport, dport and l4 are valid: TCP, UDP or SCTP, its fixed header whole and in one piece */
	PKT_F_FRAGMENT = 2, /* IPv4 fragment (first or later) or IPv6 packet with a fragment header */
	PKT_F_OPTIONS = 4,  /* IPv4 options or IPv6 extension headers present */
	PKT_F_L4_BAD = 8,   /* TCP, UDP or SCTP header truncated, or its own length field impossible */
	PKT_F_HANDED = 16,  /* arrived by hand-over: the owner of the flow is this worker */
	PKT_F_CSUM_OK = 32, /* the device vouches for the IPv4 header checksum */
	PKT_F_LISTED = 64,  /* the lists of the service were asked: DROP_NONE, or why not, is in listed */
};

struct pkt {
	void *buf; /* owner of the bytes */
	uint8_t
	    *l3; /* first byte of the IP or ARP header; the 14-byte Ethernet header lies directly in front */
	uint8_t *l4;	/* first byte behind IP header, options and extension headers */
	uint32_t hash;	/* flow hash, set by the flow lookup */
	uint32_t conn;	/* connection index << 1 | direction, set by the flow lookup */
	uint32_t avail; /* bytes in one piece from l3 on */
	uint16_t
	    ip_len; /* length of the IP packet, header included, bytes; trailing padding is not counted */
	uint16_t l3_len;     /* l4 - l3, bytes */
	uint16_t port;	     /* receiving port id */
	uint16_t sport;	     /* network order */
	uint16_t dport;	     /* network order */
	uint16_t ether_type; /* host order, behind a VLAN tag if there was one */
	uint8_t kind;	     /* enum pkt_kind */
	uint8_t proto;	     /* IP protocol of l4 */
	uint8_t tcp_flags;   /* byte 13 of the TCP header, 0 for other protocols */
	uint8_t flags;	     /* PKT_F_* */
	uint8_t cast;	     /* enum pkt_cast */
	uint8_t listed;	     /* with PKT_F_LISTED: enum drop_reason */
};

/* TCP flag bits as in byte 13 of the header (RFC 9293). */
enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16, TCP_URG = 32 };

/*
 * Parses one frame. `eth` points to the Ethernet header, `contig` bytes are readable from there, the frame
 * has `frame_len` bytes altogether (more than contig when it is scattered). On entry p->buf, p->port and
 * PKT_F_CSUM_OK/PKT_F_HANDED in p->flags are set by the caller; everything else is filled here. Does not look
 * at the destination MAC.
 *
 * Returns DROP_NONE, or the reason why the frame is malformed (RFC 791, RFC 8200). The IPv4 header checksum
 * is verified unless PKT_F_CSUM_OK is set. Never reads beyond contig.
 */
enum drop_reason pkt_parse(struct pkt *p, uint8_t *eth, uint32_t contig, uint32_t frame_len);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* TCP packets of our own: the IP header in front of a TCP header that is there already, and the checksums. */
#ifndef PACKET_TCP_PACKET_H
#define PACKET_TCP_PACKET_H

#include <stdint.h>

#include "base/inet.h"

/* Length of the IP header that is written, so the place of the TCP header behind l3. */
unsigned tcp_packet_l3_len(int af);

/*
 * Writes an IP header without options at l3 (IPv4: DF, identification 0) for l4_len bytes of TCP behind it,
 * and the TCP checksum. tos: type of service or traffic class. Returns the length of the packet.
 */
unsigned tcp_packet_finish(uint8_t *l3, int af, const union inet_ip *src, const union inet_ip *dst,
			   unsigned l4_len, uint8_t tos, uint8_t ttl);

/* Writes a TCP header of 20 bytes, checksum left to tcp_packet_finish(). Ports in network order. */
void tcp_packet_header(uint8_t *l4, uint16_t sport, uint16_t dport, uint32_t seq, uint32_t ack, uint8_t flags,
		       uint16_t window);

#endif

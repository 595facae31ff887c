/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/tcp_packet.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/checksum.h"
#include "packet/pkt.h"

enum { IP4_DF = 0x40 };

unsigned
tcp_packet_l3_len(int af)
{
	return af == INET_AF_V6 ? PKT_IP6_LEN : PKT_IP4_MIN;
}

static void
store16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint16_t
finish6(uint8_t *l3, const union inet_ip *src, const union inet_ip *dst, unsigned l4_len, uint8_t tos,
	uint8_t ttl)
{
	memset(l3, 0, PKT_IP6_LEN);
	l3[0] = (uint8_t)(0x60 | tos >> 4);
	l3[1] = (uint8_t)(tos << 4);
	store16(l3 + 4, l4_len);
	l3[6] = PKT_PROTO_TCP;
	l3[7] = ttl;
	memcpy(l3 + 8, src, 16);
	memcpy(l3 + 24, dst, 16);
	return csum_l4_v6(l3 + 8, l3 + 24, PKT_PROTO_TCP, l3 + PKT_IP6_LEN, l4_len);
}

static uint16_t
finish4(uint8_t *l3, const union inet_ip *src, const union inet_ip *dst, unsigned l4_len, uint8_t tos,
	uint8_t ttl)
{
	uint16_t csum;

	memset(l3, 0, PKT_IP4_MIN);
	l3[0] = 0x45;
	l3[1] = tos;
	store16(l3 + 2, PKT_IP4_MIN + l4_len);
	l3[6] = IP4_DF;
	l3[8] = ttl;
	l3[9] = PKT_PROTO_TCP;
	memcpy(l3 + 12, src, 4);
	memcpy(l3 + 16, dst, 4);
	csum = csum_of(l3, PKT_IP4_MIN);
	memcpy(l3 + 10, &csum, 2);
	return csum_l4_v4(l3 + 12, l3 + 16, PKT_PROTO_TCP, l3 + PKT_IP4_MIN, l4_len);
}

unsigned
tcp_packet_finish(uint8_t *l3, int af, const union inet_ip *src, const union inet_ip *dst, unsigned l4_len,
		  uint8_t tos, uint8_t ttl)
{
	/* The caller may give addresses of the header that is overwritten. */
	union inet_ip s = *src, d = *dst;
	uint8_t *l4 = l3 + tcp_packet_l3_len(af);
	uint16_t csum;

	memset(l4 + 16, 0, 2);
	csum =
	    af == INET_AF_V6 ? finish6(l3, &s, &d, l4_len, tos, ttl) : finish4(l3, &s, &d, l4_len, tos, ttl);
	memcpy(l4 + 16, &csum, 2);
	return tcp_packet_l3_len(af) + l4_len;
}

void
tcp_packet_header(uint8_t *l4, uint16_t sport, uint16_t dport, uint32_t seq, uint32_t ack, uint8_t flags,
		  uint16_t window)
{
	uint32_t seq_be = htonl(seq), ack_be = htonl(ack);

	memset(l4, 0, PKT_TCP_MIN);
	memcpy(l4, &sport, 2);
	memcpy(l4 + 2, &dport, 2);
	memcpy(l4 + 4, &seq_be, 4);
	memcpy(l4 + 8, &ack_be, 4);
	l4[12] = PKT_TCP_MIN / 4 << 4;
	l4[13] = flags;
	store16(l4 + 14, window);
}

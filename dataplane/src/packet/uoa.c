/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/uoa.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/checksum.h"
#include "packet/pkt.h"

enum { UOA_OPTION = 0x1f, IP4_HEADER_MAX = 60 };

static unsigned
header_write(uint8_t *at, int client_af, const union inet_ip *client, uint16_t client_port_be)
{
	unsigned len = client_af == INET_AF_V6 ? UOA_LEN_V6 : UOA_LEN_V4;

	at[0] = client_af == INET_AF_V6 ? 0x20 : 0x10;
	at[1] = PKT_PROTO_UDP;
	at[2] = 0;
	at[3] = (uint8_t)len;
	at[4] = UOA_OPTION;
	at[5] = (uint8_t)(len - 4);
	memcpy(at + 6, &client_port_be, 2);
	memcpy(at + 8, client->b, len - 8);
	return len;
}

static void
ip4_finish(uint8_t *l3, uint16_t ip_len)
{
	uint16_t be = htons(ip_len), csum;

	memcpy(l3 + 2, &be, 2);
	memset(l3 + 10, 0, 2);
	csum = csum_of(l3, (size_t)(l3[0] & 15) * 4);
	memcpy(l3 + 10, &csum, 2);
}

static void
ip6_finish(uint8_t *l3, uint16_t ip_len)
{
	uint16_t payload = htons((uint16_t)(ip_len - PKT_IP6_LEN));

	memcpy(l3 + 4, &payload, 2);
}

bool
uoa_insert_opp(struct uoa_packet *pkt, int client_af, const union inet_ip *client, uint16_t client_port_be)
{
	unsigned len = client_af == INET_AF_V6 ? UOA_LEN_V6 : UOA_LEN_V4;
	unsigned l3_len = (unsigned)(pkt->l4 - pkt->l3);
	bool v6 = (pkt->l3[0] >> 4) == 6;

	if (pkt->ip_len + len > pkt->mtu || len > pkt->headroom || (v6 && l3_len != PKT_IP6_LEN))
		return false;
	memmove(pkt->l3 - len, pkt->l3, l3_len);
	pkt->l3 -= len;
	pkt->ip_len = (uint16_t)(pkt->ip_len + len);
	header_write(pkt->l3 + l3_len, client_af, client, client_port_be);
	if (v6) {
		pkt->l3[6] = UOA_PROTO;
		ip6_finish(pkt->l3, pkt->ip_len);
		return true;
	}
	pkt->l3[9] = UOA_PROTO;
	ip4_finish(pkt->l3, pkt->ip_len);
	/* Over IPv4 the receiver is told not to check: the sum is optional there (RFC 768). */
	memset(pkt->l4 + 6, 0, 2);
	return true;
}

bool
uoa_insert_ipo(struct uoa_packet *pkt, const union inet_ip *client, uint16_t client_port_be)
{
	unsigned header = (unsigned)(pkt->l3[0] & 15) * 4;
	uint8_t *opt;

	if (header + UOA_IPO_LEN > IP4_HEADER_MAX || pkt->ip_len + UOA_IPO_LEN > pkt->mtu ||
	    UOA_IPO_LEN > pkt->headroom)
		return false;
	memmove(pkt->l3 - UOA_IPO_LEN, pkt->l3, PKT_IP4_MIN);
	pkt->l3 -= UOA_IPO_LEN;
	pkt->ip_len = (uint16_t)(pkt->ip_len + UOA_IPO_LEN);
	pkt->l3[0] = (uint8_t)(0x40 | (header + UOA_IPO_LEN) / 4);
	opt = pkt->l3 + PKT_IP4_MIN;
	opt[0] = UOA_OPTION;
	opt[1] = UOA_IPO_LEN;
	memcpy(opt + 2, &client_port_be, 2);
	memcpy(opt + 4, client->b, 4);
	ip4_finish(pkt->l3, pkt->ip_len);
	return true;
}

unsigned
uoa_standalone(const struct uoa_packet *pkt, int client_af, const union inet_ip *client,
	       uint16_t client_port_be, uint8_t *out)
{
	bool v6 = (pkt->l3[0] >> 4) == 6;
	unsigned l3_len = v6 ? PKT_IP6_LEN : PKT_IP4_MIN;
	unsigned uoa_len, ip_len;
	uint8_t *udp;
	uint16_t length = htons(PKT_UDP_LEN), csum;

	memcpy(out, pkt->l3, l3_len);
	uoa_len = header_write(out + l3_len, client_af, client, client_port_be);
	ip_len = l3_len + uoa_len + PKT_UDP_LEN;
	udp = out + l3_len + uoa_len;
	memcpy(udp, pkt->l4, 4);
	memcpy(udp + 4, &length, 2);
	memset(udp + 6, 0, 2);
	if (v6) {
		out[6] = UOA_PROTO;
		ip6_finish(out, (uint16_t)ip_len);
		csum = csum_l4_v6(out + 8, out + 24, PKT_PROTO_UDP, udp, PKT_UDP_LEN);
		if (csum == 0)
			csum = 0xffff;
		memcpy(udp + 6, &csum, 2);
		return ip_len;
	}
	out[0] = 0x45;
	memset(out + 6, 0, 2);
	out[9] = UOA_PROTO;
	ip4_finish(out, (uint16_t)ip_len);
	return ip_len;
}

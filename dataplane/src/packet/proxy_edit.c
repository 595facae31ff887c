/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/proxy_edit.h"

#include <arpa/inet.h>
#include <string.h>

#include "packet/rewrite.h"
#include "packet/tcp.h"

enum { TCP_CSUM_AT = 16, TCP_URGENT_AT = 18, UDP_LEN_AT = 4, UDP_CSUM_AT = 6 };

unsigned
proxy_l4_len(const struct proxy_packet *p)
{
	return p->proto == PKT_PROTO_TCP ? tcp_header_len(p->l4) : PKT_UDP_LEN;
}

unsigned
proxy_payload(const struct proxy_packet *p)
{
	return p->ip_len - (unsigned)(p->l4 - p->l3) - proxy_l4_len(p);
}

unsigned
proxy_payload_contig(const struct proxy_packet *p)
{
	return p->contig - (unsigned)(p->l4 - p->l3) - proxy_l4_len(p);
}

static uint8_t *
csum_field(uint8_t *l4, uint8_t proto)
{
	return l4 + (proto == PKT_PROTO_TCP ? TCP_CSUM_AT : UDP_CSUM_AT);
}

/* Sum of pseudo header and transport header, the checksum field left out; l4_len counts the payload too. */
static uint64_t
headers_sum(const struct proxy_packet *p, unsigned l4_len)
{
	bool v6 = (p->l3[0] >> 4) == 6;
	uint64_t sum = csum_add(0, p->l3 + (v6 ? 8 : 12), v6 ? 32 : 8);
	uint16_t field;

	memcpy(&field, csum_field(p->l4, p->proto), 2);
	sum += htons(p->proto);
	sum += htons((uint16_t)l4_len);
	return csum_add(sum, p->l4, proxy_l4_len(p)) + (uint16_t)~field;
}

static uint16_t
swapped(uint16_t sum, unsigned offset)
{
	return offset & 1 ? (uint16_t)(sum << 8 | sum >> 8) : sum;
}

/* The sum of what follows the bytes to remove, as if it began at an even place. It is what the checksum field
 * has beside all else. */
static uint16_t
rest_sum(const struct proxy_packet *p, unsigned remove)
{
	unsigned l4_len = p->ip_len - (unsigned)(p->l4 - p->l3);
	uint16_t field, fixed = csum_fold(headers_sum(p, l4_len)),
			gone = csum_fold(csum_add(0, p->l4 + proxy_l4_len(p), remove));

	memcpy(&field, csum_field(p->l4, p->proto), 2);
	return swapped(csum_fold((uint64_t)(uint16_t)~field + (uint16_t)~fixed + (uint16_t)~gone), remove);
}

static void
lengths_set(struct proxy_packet *p)
{
	uint16_t payload = htons((uint16_t)(p->ip_len - PKT_IP6_LEN)),
		 udp = htons((uint16_t)(p->ip_len - (p->l4 - p->l3)));

	if ((p->l3[0] >> 4) == 4)
		rewrite_ip4_len(p->l3, p->ip_len);
	else
		memcpy(p->l3 + 4, &payload, 2);
	if (p->proto == PKT_PROTO_UDP)
		memcpy(p->l4 + UDP_LEN_AT, &udp, 2);
}

/* Urgent data is that many bytes behind the segment's start. */
static void
urgent_move(struct proxy_packet *p, int growth)
{
	uint16_t be;
	int at;

	if (p->proto != PKT_PROTO_TCP || !(p->l4[13] & TCP_URG))
		return;
	memcpy(&be, p->l4 + TCP_URGENT_AT, 2);
	at = ntohs(be) + growth;
	be = htons((uint16_t)(at < 0 ? 0 : at > UINT16_MAX ? UINT16_MAX : at));
	memcpy(p->l4 + TCP_URGENT_AT, &be, 2);
}

bool
proxy_replace(struct proxy_packet *p, unsigned remove, const uint8_t *header, unsigned len)
{
	unsigned head = (unsigned)(p->l4 - p->l3) + proxy_l4_len(p);
	int growth = (int)len - (int)remove;
	uint16_t rest, field;
	bool unchecked;

	if (remove > proxy_payload_contig(p) || growth > p->headroom || p->ip_len + growth > UINT16_MAX)
		return false;
	rest = rest_sum(p, remove);
	memcpy(&field, csum_field(p->l4, p->proto), 2);
	unchecked = p->proto == PKT_PROTO_UDP && field == 0;

	memmove(p->l3 - growth, p->l3, head);
	p->l3 -= growth;
	p->l4 -= growth;
	p->contig = (uint32_t)((int64_t)p->contig + growth);
	p->ip_len = (uint16_t)(p->ip_len + growth);
	p->headroom = (uint16_t)(p->headroom - growth);
	if (len)
		memcpy(p->l3 + head, header, len);
	lengths_set(p);
	urgent_move(p, growth);
	if (unchecked)
		return true;
	field = (uint16_t)~csum_fold(headers_sum(p, p->ip_len - (unsigned)(p->l4 - p->l3)) +
				     csum_fold(csum_add(0, header, len)) + swapped(rest, len));
	if (field == 0 && p->proto == PKT_PROTO_UDP)
		field = 0xffff;
	memcpy(csum_field(p->l4, p->proto), &field, 2);
	return true;
}

unsigned
proxy_alone(const struct proxy_packet *p, const uint8_t *header, unsigned len, uint8_t *out, unsigned room)
{
	unsigned l3_len = (unsigned)(p->l4 - p->l3), head = l3_len + proxy_l4_len(p);
	struct proxy_packet alone = {.l3 = out,
				     .l4 = out + l3_len,
				     .contig = head + len,
				     .ip_len = (uint16_t)(head + len),
				     .proto = p->proto};
	uint16_t field, none = 0;

	if (head + len > room)
		return 0;
	memcpy(out, p->l3, head);
	memcpy(out + head, header, len);
	if (p->proto == PKT_PROTO_TCP) {
		alone.l4[13] = (uint8_t)((alone.l4[13] & TCP_PSH) | TCP_ACK);
		memcpy(alone.l4 + TCP_URGENT_AT, &none, 2);
	}
	lengths_set(&alone);
	memcpy(&field, csum_field(alone.l4, p->proto), 2);
	if (field == 0 && p->proto == PKT_PROTO_UDP)
		return alone.ip_len;
	field = (uint16_t)~csum_fold(csum_add(headers_sum(&alone, alone.ip_len - l3_len), header, len));
	if (field == 0 && p->proto == PKT_PROTO_UDP)
		field = 0xffff;
	memcpy(csum_field(alone.l4, p->proto), &field, 2);
	return alone.ip_len;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/nat64.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>

#include "packet/ip4.h"
#include "packet/rewrite.h"

/* What the addresses at from contribute to the transport checksum, taken away; 4-byte pieces. */
static uint64_t
without(const uint8_t *from, unsigned words)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < words; i++) {
		uint32_t w;

		memcpy(&w, from + i * 4, 4);
		sum += (uint32_t)~w;
	}
	return sum;
}

/* The transport header with new ports; the checksum takes over all changes. */
static void
transport(struct pkt *p, uint16_t sport, uint16_t dport, uint64_t changes)
{
	uint32_t old_ports, new_ports;

	memcpy(&old_ports, p->l4, 4);
	memcpy(&new_ports, &sport, 2);
	memcpy((uint8_t *)&new_ports + 2, &dport, 2);
	memcpy(p->l4, &new_ports, 4);
	rewrite_l4_csum(p->l4, p->proto, changes + (uint32_t)~old_ports + new_ports);
}

void
nat64_to_ip4(struct pkt *p, uint32_t saddr, uint32_t daddr, uint16_t sport, uint16_t dport, uint64_t changes)
{
	uint8_t *l3 = p->l4 - PKT_IP4_MIN;
	struct ip4_header h = {.ttl = p->l3[7],
			       .proto = p->proto,
			       .df = true,
			       .len = (uint16_t)(p->ip_len - NAT64_DIFFERENCE),
			       .saddr = saddr,
			       .daddr = daddr};

	transport(p, sport, dport, changes + without(p->l3 + 8, 8) + saddr + daddr);
	ip4_header_write(l3, &h);
	p->l3 = l3;
	p->l3_len = PKT_IP4_MIN;
	p->ip_len = h.len;
	p->avail -= NAT64_DIFFERENCE;
	p->kind = PKT_IP4;
}

bool
nat64_to_ip6(struct pkt *p, const union inet_ip *saddr, const union inet_ip *daddr, uint16_t sport,
	     uint16_t dport, uint64_t changes)
{
	uint8_t ttl = p->l3[8], *l3 = p->l4 - PKT_IP6_LEN;
	uint16_t payload = (uint16_t)(p->ip_len - p->l3_len), be = htons(payload);
	bool has_sum = p->proto != PKT_PROTO_UDP || p->l4[6] || p->l4[7];

	changes += without(p->l3 + 12, 2);
	for (unsigned i = 0; i < 4; i++)
		changes += (uint64_t)saddr->w[i] + daddr->w[i];
	transport(p, sport, dport, changes);
	p->avail = p->avail - p->l3_len + PKT_IP6_LEN;
	memset(l3, 0, 8);
	l3[0] = 0x60;
	memcpy(l3 + 4, &be, 2);
	l3[6] = p->proto;
	l3[7] = ttl;
	memcpy(l3 + 8, saddr, 16);
	memcpy(l3 + 24, daddr, 16);
	p->l3 = l3;
	p->l3_len = PKT_IP6_LEN;
	p->ip_len = (uint16_t)(payload + PKT_IP6_LEN);
	p->kind = PKT_IP6;
	return has_sum;
}

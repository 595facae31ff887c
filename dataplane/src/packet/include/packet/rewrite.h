/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translation of addresses and ports of TCP and UDP. Checksums are updated incrementally (RFC 1624): what was
 * right stays right, what was wrong stays wrong for the end host to see, and the payload is never read.
 *
 * `changes` is a running sum of other changes of the transport header (base/checksum.h) that go into the same
 * update.
 */
#ifndef PACKET_REWRITE_H
#define PACKET_REWRITE_H

#include "base/checksum.h"
#include "packet/pkt.h"

/* Puts a changed checksum into a TCP header. */
static inline void
rewrite_tcp_csum(uint8_t *l4, uint64_t changes)
{
	uint16_t field;

	memcpy(&field, l4 + 16, 2);
	field = csum_apply(field, changes);
	memcpy(l4 + 16, &field, 2);
}

/* Likewise UDP: over IPv4 zero means "no checksum" and stays; a sum that comes out as zero is sent as all
 * ones (RFC 768). */
static inline void
rewrite_udp_csum(uint8_t *l4, uint64_t changes)
{
	uint16_t field;

	memcpy(&field, l4 + 6, 2);
	if (field == 0)
		return;
	field = csum_apply(field, changes);
	if (field == 0)
		field = 0xffff;
	memcpy(l4 + 6, &field, 2);
}

static inline void
rewrite_l4_csum(uint8_t *l4, uint8_t proto, uint64_t changes)
{
	if (proto == PKT_PROTO_TCP)
		rewrite_tcp_csum(l4, changes);
	else if (proto == PKT_PROTO_UDP)
		rewrite_udp_csum(l4, changes);
	/* SCTP's is of another kind. */
}

/* IPv4: new addresses and ports, all in network order. proto is TCP or UDP, or SCTP,
 * whose checksum is left as it is. */
static inline void
rewrite4(uint8_t *l3, uint8_t *l4, uint8_t proto, uint32_t saddr, uint32_t daddr, uint16_t sport,
	 uint16_t dport, uint64_t changes)
{
	uint32_t old_addr[2], old_ports, new_ports;
	const uint32_t new_addr[2] = {saddr, daddr};
	uint64_t addrs;
	uint16_t csum;

	memcpy(old_addr, l3 + 12, 8);
	memcpy(&old_ports, l4, 4);
	memcpy(&new_ports, &sport, 2);
	memcpy((uint8_t *)&new_ports + 2, &dport, 2);
	addrs = (uint64_t)(uint32_t)~old_addr[0] + (uint32_t)~old_addr[1] + saddr + daddr;
	memcpy(&csum, l3 + 10, 2);
	csum = csum_apply(csum, addrs);
	memcpy(l3 + 10, &csum, 2);
	memcpy(l3 + 12, new_addr, 8);
	memcpy(l4, &new_ports, 4);
	rewrite_l4_csum(l4, proto, addrs + (uint32_t)~old_ports + new_ports + changes);
}

/* IPv6: new addresses (16 bytes each) and ports. */
static inline void
rewrite6(uint8_t *l3, uint8_t *l4, uint8_t proto, const union inet_ip *saddr, const union inet_ip *daddr,
	 uint16_t sport, uint16_t dport, uint64_t changes)
{
	uint32_t old[8], old_ports, new_ports;
	uint64_t sum = changes;

	memcpy(old, l3 + 8, 32);
	for (unsigned i = 0; i < 4; i++)
		sum += (uint64_t)(uint32_t)~old[i] + (uint32_t)~old[i + 4] + saddr->w[i] + daddr->w[i];
	memcpy(&old_ports, l4, 4);
	memcpy(&new_ports, &sport, 2);
	memcpy((uint8_t *)&new_ports + 2, &dport, 2);
	memcpy(l3 + 8, saddr, 16);
	memcpy(l3 + 24, daddr, 16);
	memcpy(l4, &new_ports, 4);
	rewrite_l4_csum(l4, proto, sum + (uint32_t)~old_ports + new_ports);
}

/* One hop less to live; the header checksum of IPv4 follows. The TTL or hop limit is above 0. */
static inline void
rewrite_ttl_lower(uint8_t *l3)
{
	uint16_t old, new, csum;

	if (l3[0] >> 4 == 6) {
		l3[7]--;
		return;
	}
	memcpy(&old, l3 + 8, 2);
	l3[8]--;
	memcpy(&new, l3 + 8, 2);
	memcpy(&csum, l3 + 10, 2);
	csum = csum_apply(csum, csum_change16(0, old, new));
	memcpy(l3 + 10, &csum, 2);
}

/* IPv4 header: new total length (host order); the header checksum follows. */
static inline void
rewrite_ip4_len(uint8_t *l3, uint16_t to)
{
	uint16_t old, csum, be = (uint16_t)(to << 8 | to >> 8);

	memcpy(&old, l3 + 2, 2);
	memcpy(&csum, l3 + 10, 2);
	csum = csum_apply(csum, csum_change16(0, old, be));
	memcpy(l3 + 2, &be, 2);
	memcpy(l3 + 10, &csum, 2);
}

/* IPv4 header of a packet that is to be fragmented: no DF, the given identification (host order); the header
 * checksum follows. */
static inline void
rewrite_ip4_fragmentable(uint8_t *l3, uint16_t id)
{
	const uint8_t to[4] = {(uint8_t)(id >> 8), (uint8_t)id, (uint8_t)(l3[6] & ~0x40), l3[7]};
	uint32_t old, new;
	uint16_t csum;

	memcpy(&old, l3 + 4, 4);
	memcpy(&new, to, 4);
	memcpy(&csum, l3 + 10, 2);
	csum = csum_apply(csum, (uint64_t)(uint32_t)~old + new);
	memcpy(l3 + 4, to, 4);
	memcpy(l3 + 10, &csum, 2);
}

#endif

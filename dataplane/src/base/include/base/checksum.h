/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Internet checksum (RFC 1071) and its incremental form (RFC 1624).
 *
 * A running sum is a uint64_t of 16-bit words in memory order (no byte swapping is needed, RFC 1071 2(B)).
 * Changes of a packet are collected in one sum, "minus old plus new", and folded into the checksum field
 * once.
 */
#ifndef BASE_CHECKSUM_H
#define BASE_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Folds a running sum to 16 bits: 2^32 and 2^16 are 1 in one's complement arithmetic, so halves are added and
 * the carry comes back at the low end. Zero only for a sum of zero. */
static inline uint16_t
csum_fold(uint64_t sum)
{
	uint32_t s;
	bool carry = __builtin_add_overflow((uint32_t)sum, (uint32_t)(sum >> 32), &s);

	s += carry;
	s += s << 16 | s >> 16;
	return (uint16_t)(s >> 16);
}

/* Adds len bytes at any alignment to a running sum. Pieces of odd length only at the end. */
uint64_t csum_add(uint64_t sum, const void *data, size_t len);

/* Sum of 20 bytes at any alignment: an IPv4 header without options, which nearly every packet has. */
static inline uint64_t
csum_20(const void *data)
{
	const uint8_t *p = (const uint8_t *)data;
	uint64_t a, b;
	uint32_t c;

	memcpy(&a, p, 8);
	memcpy(&b, p + 8, 8);
	memcpy(&c, p + 16, 4);
	return (a >> 32) + (uint32_t)a + (b >> 32) + (uint32_t)b + c;
}

/* Checksum field over len bytes whose own checksum field counts as it stands. */
static inline uint16_t
csum_of(const void *data, size_t len)
{
	return (uint16_t)~csum_fold(csum_add(0, data, len));
}

/* A replaced 16-bit or 32-bit piece, as the packet has it in memory: adds "minus old plus new" to a running
 * sum. */
static inline uint64_t
csum_change16(uint64_t sum, uint16_t from, uint16_t to)
{
	return sum + (uint16_t)~from + to;
}

static inline uint64_t
csum_change32(uint64_t sum, uint32_t from, uint32_t to)
{
	return sum + (uint32_t)~from + to;
}

/* Applies the collected changes to a checksum field (RFC 1624 equation 3); returns the new field. */
static inline uint16_t
csum_apply(uint16_t field, uint64_t changes)
{
	return (uint16_t)~csum_fold((uint16_t)~field + changes);
}

/* TCP, UDP or ICMPv6 checksum of len contiguous bytes with the pseudo header of IPv4 or IPv6 (RFC 8200 8.1).
 */
uint16_t csum_l4_v4(const void *saddr, const void *daddr, uint8_t proto, const void *l4, size_t len);
uint16_t csum_l4_v6(const void *saddr, const void *daddr, uint8_t proto, const void *l4, size_t len);

#endif

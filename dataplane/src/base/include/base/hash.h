/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keyed hash of flows: two random 64-bit secrets, drawn at start, and a folded 64×64→128 bit multiplication
 * per 16 bytes of key. Nobody outside knows the secrets, so nobody can aim packets at one bucket.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

extern uint64_t hash_secret[4];

/* Draws the secrets. Call once before any table is filled. */
void hash_init(void);

static inline uint64_t
hash_fold(uint64_t a, uint64_t b)
{
	__uint128_t product = (__uint128_t)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/*
 * Ends a flow hash: 32 bits that are good from either end. Where flows differ in one operand of the fold only
 * (the ports of one client, the clients of one network), it is a line whose slope is a secret, and with one
 * secret in ten a line that misses many buckets; this multiplication breaks it up.
 */
static inline uint32_t
hash_finish(uint64_t h)
{
	return (uint32_t)((h ^ h >> 32) * 0x9e3779b97f4a7c15u >> 32);
}

/* Flow hash of an IPv4 tuple; everything in network order. */
static inline uint32_t
hash_flow4(uint32_t saddr, uint32_t daddr, uint16_t sport, uint16_t dport, uint8_t proto)
{
	uint64_t addrs = (uint64_t)saddr << 32 | daddr;
	uint64_t rest = (uint64_t)sport << 32 | (uint64_t)dport << 8 | proto;
	uint64_t h = hash_fold(addrs ^ hash_secret[0], rest ^ hash_secret[1]);

	return hash_finish(h);
}

/* Flow hash of an IPv6 tuple; addresses are 16 unaligned bytes. */
static inline uint32_t
hash_flow6(const void *saddr, const void *daddr, uint16_t sport, uint16_t dport, uint8_t proto)
{
	uint64_t s[2], d[2], h;

	memcpy(s, saddr, sizeof(s));
	memcpy(d, daddr, sizeof(d));
	h = hash_fold(s[0] ^ hash_secret[0], s[1] ^ hash_secret[1]);
	h ^= hash_fold(d[0] ^ hash_secret[2], d[1] ^ hash_secret[3]);
	h = hash_fold(h ^ hash_secret[0],
		      ((uint64_t)sport << 32 | (uint64_t)dport << 8 | proto) ^ hash_secret[3]);
	return hash_finish(h);
}

/* SipHash-2-4 of n bytes (Aumasson and Bernstein, 2012) under a key of two little-endian words. */
uint64_t hash_sip_keyed(const uint64_t key[2], const void *data, size_t n);

/* The same under a secret key of its own, for numbers that strangers see (initial sequence numbers). */
uint64_t hash_sip(const void *data, size_t n);

#endif

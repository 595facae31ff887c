/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SipHash-1-3 (Aumasson, Bernstein 2012) of 64-bit words: a keyed hash whose results tell nothing about the
 * key, for values that leave the machine.
 */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
	uint64_t k0, k1;
};

struct siphash {
	uint64_t v[4];
};

static inline uint64_t
siphash_rotl(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void
siphash_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = siphash_rotl(v[1], 13) ^ v[0];
	v[3] = siphash_rotl(v[3], 16) ^ v[2];
	v[0] = siphash_rotl(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = siphash_rotl(v[1], 17) ^ v[2];
	v[3] = siphash_rotl(v[3], 21) ^ v[0];
	v[2] = siphash_rotl(v[2], 32);
}

static inline struct siphash
siphash_start(const struct siphash_key *k)
{
	return (struct siphash){{k->k0 ^ 0x736f6d6570736575u, k->k1 ^ 0x646f72616e646f6du,
				 k->k0 ^ 0x6c7967656e657261u, k->k1 ^ 0x7465646279746573u}};
}

static inline void
siphash_word(struct siphash *s, uint64_t word)
{
	s->v[3] ^= word;
	siphash_round(s->v);
	s->v[0] ^= word;
}

/* tail: the bytes that are no whole word, in the low end; len: bytes altogether. */
static inline uint64_t
siphash_end(struct siphash *s, uint64_t tail, size_t len)
{
	siphash_word(s, (uint64_t)len << 56 | tail);
	s->v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		siphash_round(s->v);
	return s->v[0] ^ s->v[1] ^ s->v[2] ^ s->v[3];
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SipHash (Aumasson, Bernstein 2012) of 64-bit words: a keyed hash whose results tell nothing about the
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

/* SipHash-c-d has c rounds for each word and d at the end; the forms without numbers are SipHash-1-3. */
static inline void
siphash_word_rounds(struct siphash *s, uint64_t word, unsigned rounds)
{
	s->v[3] ^= word;
	for (unsigned i = 0; i < rounds; i++)
		siphash_round(s->v);
	s->v[0] ^= word;
}

static inline void
siphash_word(struct siphash *s, uint64_t word)
{
	siphash_word_rounds(s, word, 1);
}

/* tail: the bytes that are no whole word, in the low end; len: bytes altogether. */
static inline uint64_t
siphash_end_rounds(struct siphash *s, uint64_t tail, size_t len, unsigned word_rounds, unsigned end_rounds)
{
	siphash_word_rounds(s, (uint64_t)len << 56 | tail, word_rounds);
	s->v[2] ^= 0xff;
	for (unsigned i = 0; i < end_rounds; i++)
		siphash_round(s->v);
	return s->v[0] ^ s->v[1] ^ s->v[2] ^ s->v[3];
}

static inline uint64_t
siphash_end(struct siphash *s, uint64_t tail, size_t len)
{
	return siphash_end_rounds(s, tail, len, 1, 3);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/random.h>

uint64_t hash_secret[4];
static uint64_t sip_key[2];

void
hash_init(void)
{
	if (getrandom(hash_secret, sizeof(hash_secret), 0) != (ssize_t)sizeof(hash_secret) ||
	    getrandom(sip_key, sizeof(sip_key), 0) != (ssize_t)sizeof(sip_key))
		abort();
}

static inline uint64_t
rotl(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

static inline void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] = rotl(v[0], 32) + v[3];
	v[2] += v[1];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

uint64_t
hash_sip_keyed(const uint64_t key[2], const void *data, size_t n)
{
	const uint8_t *p = data;
	uint64_t v[4] = {0x736f6d6570736575ull ^ key[0], 0x646f72616e646f6dull ^ key[1],
			 0x6c7967656e657261ull ^ key[0], 0x7465646279746573ull ^ key[1]};

	for (size_t left = n;; left -= 8, p += 8) {
		bool last = left < 8;
		uint64_t word = 0;

		memcpy(&word, p, last ? left : 8);
		if (last)
			word |= (uint64_t)n << 56;
		v[3] ^= word;
		sip_round(v);
		sip_round(v);
		v[0] ^= word;
		if (last)
			break;
	}
	v[2] ^= 0xff;
	for (unsigned i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t
hash_sip(const void *data, size_t n)
{
	return hash_sip_keyed(sip_key, data, n);
}

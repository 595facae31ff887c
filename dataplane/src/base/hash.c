/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include <stdlib.h>
#include <sys/random.h>

#include "base/siphash.h"

uint64_t hash_secret[4];
static uint64_t sip_key[2];

void
hash_init(void)
{
	if (getrandom(hash_secret, sizeof(hash_secret), 0) != (ssize_t)sizeof(hash_secret) ||
	    getrandom(sip_key, sizeof(sip_key), 0) != (ssize_t)sizeof(sip_key))
		abort();
}

uint64_t
hash_sip_keyed(const uint64_t key[2], const void *data, size_t n)
{
	const struct siphash_key k = {key[0], key[1]};
	struct siphash s = siphash_start(&k);
	const uint8_t *p = data;
	uint64_t word = 0;
	size_t left = n;

	for (; left >= 8; left -= 8, p += 8) {
		memcpy(&word, p, 8);
		siphash_word_rounds(&s, word, 2);
	}
	word = 0;
	memcpy(&word, p, left);
	return siphash_end_rounds(&s, word, n, 2, 4);
}

uint64_t
hash_sip(const void *data, size_t n)
{
	return hash_sip_keyed(sip_key, data, n);
}

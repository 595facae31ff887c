/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tags of a hash bucket that is one cache line: ten of 16 bits, then what they stand for. A look-up compares
 * all of them at once.
 */
#ifndef BASE_TAGS_H
#define BASE_TAGS_H

#include <stdint.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { TAGS = 10 };

/* Bit i set: tags[i] is the tag. tags is aligned to 16 bytes. */
static inline uint32_t
tags_match(const uint16_t tags[TAGS], uint16_t tag)
{
	uint32_t hits = (uint32_t)(tags[8] == tag) << 8 | (uint32_t)(tags[9] == tag) << 9;

#ifdef __SSE2__
	__m128i same = _mm_cmpeq_epi16(_mm_load_si128((const __m128i *)tags), _mm_set1_epi16((int16_t)tag));

	hits |= (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(same, _mm_setzero_si128()));
#else
	for (unsigned i = 0; i < 8; i++)
		hits |= (uint32_t)(tags[i] == tag) << i;
#endif
	return hits;
}

#endif

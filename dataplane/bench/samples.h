/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cycles of equal pieces of work. A piece during which the kernel ran something else on our core says nothing
 * about us and is left out; of the rest the median counts, because a virtual machine's host takes time away
 * without telling.
 */
#ifndef BENCH_SAMPLES_H
#define BENCH_SAMPLES_H

#include <stdbool.h>
#include <stdint.h>

enum { SAMPLES_MAX = 1 << 16 };

struct samples {
	uint32_t n, interrupted;
	uint32_t cycles[SAMPLES_MAX];
	uint64_t began;
	long switches;
};

/* Median, and the values below which a tenth and nine tenths of the pieces are. Sorts the samples. */
struct spread {
	uint32_t n, p10, median, p90;
};

void samples_clear(struct samples *s);
/* The clock is read last here and first there, so that the bookkeeping is not measured. */
void samples_begin(struct samples *s);
void samples_end(struct samples *s);
/* True when something else ran on our core since samples_begin(). */
bool samples_interrupted(const struct samples *s);
struct spread samples_spread(struct samples *s);

#endif

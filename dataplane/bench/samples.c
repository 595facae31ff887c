/* SPDX-License-Identifier: Apache-2.0 */
#include "samples.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <rte_cycles.h>

/* Involuntary context switches of this thread so far. */
static long
switches_now(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_THREAD, &usage) ? 0 : usage.ru_nivcsw;
}

void
samples_clear(struct samples *s)
{
	s->n = 0;
	s->interrupted = 0;
}

void
samples_begin(struct samples *s)
{
	s->switches = switches_now();
	s->began = rte_rdtsc();
}

bool
samples_interrupted(const struct samples *s)
{
	return switches_now() != s->switches;
}

void
samples_end(struct samples *s)
{
	uint64_t took = rte_rdtsc() - s->began;

	if (samples_interrupted(s))
		s->interrupted++;
	else if (s->n < SAMPLES_MAX)
		s->cycles[s->n++] = took < UINT32_MAX ? (uint32_t)took : UINT32_MAX;
}

static int
compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

struct spread
samples_spread(struct samples *s)
{
	struct spread out = {.n = s->n};

	if (s->n == 0)
		return out;
	qsort(s->cycles, s->n, sizeof(s->cycles[0]), compare);
	out.p10 = s->cycles[s->n / 10];
	out.median = s->cycles[s->n / 2];
	out.p90 = s->cycles[(uint64_t)s->n * 9 / 10];
	return out;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include <stdlib.h>
#include <string.h>

#include "core/errors.h"

enum { SLOTS_MIN = 256, SLOTS_PER_DEST = 4 };

uint32_t
sched_fold(uint8_t af, const union inet_ip *ip)
{
	uint32_t w[4];

	memcpy(w, ip, sizeof(w));
	return __builtin_bswap32(af == INET_AF_V4 ? w[0] : w[0] ^ w[1] ^ w[2] ^ w[3]);
}

struct sched_table *
sched_table_new(uint32_t size, uint32_t flags)
{
	struct sched_table *t = malloc(sizeof(*t) + size * sizeof(t->slot[0]));

	if (!t)
		return NULL;
	t->flags = flags;
	t->size = size;
	memset(t->slot, 0xff, size * sizeof(t->slot[0]));
	return t;
}

void
sched_table_free(struct lb_dest_set *set)
{
	free(set->sched_data);
}

static uint32_t
table_size(uint32_t n)
{
	uint32_t size = SLOTS_MIN;

	while (size < n * SLOTS_PER_DEST)
		size *= 2;
	return size;
}

/* How often in a row; weights that do not fit into the table keep their proportions as well as it goes. */
static uint32_t
turns(const struct lb_dest_set *set, uint32_t i, uint32_t size, bool by_weight)
{
	uint64_t weight = (uint64_t)set->d[i].weight, sum = (uint64_t)set->sum_weight;
	uint64_t n;

	if (!by_weight)
		return 1;
	if (weight == 0)
		return 0;
	n = sum / (uint64_t)set->gcd_weight <= size ? weight / (uint64_t)set->gcd_weight
						    : weight * size / sum;
	return n ? (uint32_t)n : 1;
}

int
sched_table_fill(struct lb_dest_set *set, uint32_t service_flags, bool by_weight)
{
	uint32_t size = table_size(set->n), at = 0;
	struct sched_table *t = sched_table_new(size, service_flags);

	if (!t)
		return EDPVS_NOMEM;
	set->sched_data = t;
	if (set->n == 0 || (by_weight && set->sum_weight == 0))
		return EDPVS_OK;
	while (at < size)
		for (uint32_t i = 0; i < set->n; i++)
			for (uint32_t k = turns(set, i, size, by_weight); k > 0 && at < size; k--)
				t->slot[at++] = i;
	return EDPVS_OK;
}

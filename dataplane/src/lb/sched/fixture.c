/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <arpa/inet.h>

struct lb_sched_state state[WORKERS];
union sched_fixture u;

static int32_t
gcd(int32_t a, int32_t b)
{
	return b ? gcd(b, a % b) : a;
}

void
set_weights(uint32_t n, const int32_t *weights)
{
	u.set.n = n;
	u.set.version++;
	u.set.max_weight = u.set.gcd_weight = 0;
	u.set.sum_weight = 0;
	for (uint32_t i = 0; i < n; i++) {
		u.set.d[i] = (struct lb_dest_view){.weight = weights[i], .id = i + 1, .flags = 1};
		u.set.gcd_weight = gcd(u.set.gcd_weight, weights[i]);
		u.set.sum_weight += weights[i];
		if (weights[i] > u.set.max_weight)
			u.set.max_weight = weights[i];
	}
	if (u.set.gcd_weight == 0)
		u.set.gcd_weight = 1;
}

void
load(unsigned worker, uint32_t index, uint32_t active, uint32_t inactive)
{
	struct lb_counters *c = lb_counters(worker, index + 1);

	c->active = active;
	c->inactive = inactive;
}

void
set_address(uint32_t index, const char *ip, uint16_t port)
{
	u.set.d[index].af = INET_AF_V4;
	assert_int_equal(inet_pton(AF_INET, ip, &u.set.d[index].ip), 1);
	u.set.d[index].port_be = htons(port);
}

void
build(const struct lb_sched *sched, uint32_t service_flags)
{
	if (u.set.sched && u.set.sched->free)
		u.set.sched->free(&u.set);
	u.set.sched_data = NULL;
	u.set.sched = sched;
	if (sched->build)
		assert_int_equal(sched->build(&u.set, service_flags), 0);
}

int
setup(void **arg)
{
	nworkers = 1;
	memset(&u, 0, sizeof(u));
	memset(state, 0, sizeof(state));
	for (unsigned i = 0; i < WORKERS; i++) {
		lb_dest_counters[i] =
		    aligned_alloc(RTE_CACHE_LINE_SIZE, (DESTS_MAX + 1) * sizeof(struct lb_counters));
		memset(lb_dest_counters[i], 0, (DESTS_MAX + 1) * sizeof(struct lb_counters));
	}
	return 0;
}

int
teardown(void **arg)
{
	if (u.set.sched && u.set.sched->free)
		u.set.sched->free(&u.set);
	u.set.sched = NULL;
	for (unsigned i = 0; i < WORKERS; i++) {
		free(lb_dest_counters[i]);
		lb_dest_counters[i] = NULL;
	}
	return 0;
}

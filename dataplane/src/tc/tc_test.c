/* SPDX-License-Identifier: Apache-2.0 */
/* Kinds of schedulers, and how a rate is dealt out between workers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tc.h"

enum { MTU = 1500 };

static struct tc_params
params_of(const struct tc_kind *kind, union tc_qsch_qopt opt)
{
	struct tc_params p = {0};

	assert_int_equal(kind->read(&opt, MTU, &p), EDPVS_OK);
	return p;
}

static union tc_qsch_qopt
tbf(uint32_t rate, uint32_t burst, uint32_t peak, uint32_t mtu)
{
	union tc_qsch_qopt o = {.tbf = {.limit = 1 << 20}};

	o.tbf.rate.rate = rate;
	o.tbf.peakrate.rate = peak;
	o.tbf.buffer = burst;
	o.tbf.mtu = mtu;
	return o;
}

/* DPL-050 */
static void
test_parameters(void **state)
{
	static const struct {
		uint32_t rate, burst, peak, mtu;
		int err;
	} rows[] = {{1, 1, 0, 0, EDPVS_OK},
		    {0, 1, 0, 0, EDPVS_INVAL},
		    {1, 0, 0, 0, EDPVS_INVAL},
		    {10, 1, 9, MTU, EDPVS_INVAL},
		    {10, 1, 10, MTU - 1, EDPVS_INVAL},
		    {10, 1, 10, MTU, EDPVS_OK},
		    {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, EDPVS_OK}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		union tc_qsch_qopt o = tbf(rows[i].rate, rows[i].burst, rows[i].peak, rows[i].mtu),
				   back = {0};
		struct tc_params p = {0};

		assert_int_equal(tc_tbf.read(&o, MTU, &p), rows[i].err);
		if (rows[i].err)
			continue;
		tc_tbf.write(&p, &back);
		assert_int_equal(back.tbf.rate.rate, rows[i].rate);
		assert_int_equal(back.tbf.buffer, rows[i].burst);
		assert_int_equal(back.tbf.peakrate.rate, rows[i].peak);
	}
	assert_int_equal(params_of(&tc_pfifo, (union tc_qsch_qopt){0}).limit, 1024);
	assert_int_equal(params_of(&tc_bfifo, (union tc_qsch_qopt){0}).limit, 1024 * (MTU + 14));
	assert_null(tc_kind_find("sfq"));
	assert_ptr_equal(tc_kind_find("pfifo_fast"), &tc_pfifo_fast);
	assert_null(tc_kind_find("pfifo_fast_and_mor"));
}

/* Bytes that leave in `us` when frames of len always wait and a worker comes by every `step`. */
static uint64_t
leave(const struct tc_params *p, struct tc_queue *q, uint32_t len, uint64_t *now, uint64_t us, uint64_t step)
{
	uint64_t end = *now + us, bytes = 0;

	for (; *now < end; *now += step)
		while (tc_tbf.ready(p, q, len, *now)) {
			tc_tbf.spend(p, q, len);
			bytes += len;
		}
	return bytes;
}

/* DPL-050 The rate is exact whatever the share, also when a frame is longer than the share of the burst, and
 * from the slowest to the fastest. */
static void
test_rates(void **state)
{
	static const uint32_t rates[] = {8000, 1000000, 123456789, UINT32_MAX};
	static const uint32_t shares[] = {TC_SHARE_ALL, TC_SHARE_ALL / 2, TC_SHARE_ALL / 4,
					  TC_SHARE_ALL / 64};

	for (size_t r = 0; r < sizeof(rates) / sizeof(rates[0]); r++)
		for (size_t s = 0; s < sizeof(shares) / sizeof(shares[0]); s++) {
			uint32_t burst = rates[r] / 8 / 100 + 3000; /* ten milliseconds at least */
			struct tc_params p = params_of(&tc_tbf, tbf(rates[r], burst, 0, 0));
			struct tc_queue q = {.share = shares[s]};
			uint64_t now = 12345, seconds = rates[r] < 1000000 ? 1000 : 2;
			double want = (double)rates[r] / 8 * (double)seconds * shares[s] / TC_SHARE_ALL, got;

			/* The first burst does not count. */
			leave(&p, &q, 1000, &now, 1000, 1000);
			got = (double)leave(&p, &q, 1000, &now, seconds * 1000000, 1000);
			assert_true(got > want * 0.99 - 1000 && got < want * 1.01 + 1000);
		}
}

static void
test_burst_and_peak(void **state)
{
	struct tc_params p = params_of(&tc_tbf, tbf(8000, 5000, 0, 0));
	struct tc_queue q = {.share = TC_SHARE_ALL};
	uint64_t now = 1;

	assert_int_equal(leave(&p, &q, 1000, &now, 1, 1), 5000);
	assert_int_equal(leave(&p, &q, 1000, &now, 999999, 10), 0);
	assert_int_equal(leave(&p, &q, 1000, &now, 10, 10), 1000);
	assert_int_equal(p.burst, 5000);
	assert_int_equal(tc_tbf.admit(&p, &q, 5001), DROP_TC_TOO_BIG);
	assert_int_equal(tc_tbf.admit(&p, &q, 5000), DROP_NONE);

	/* Peak of 80 kbit/s: a frame of 1000 bytes every 100 ms while the burst lasts. */
	p = params_of(&tc_tbf, tbf(8000, 5000, 80000, MTU));
	memset(&q, 0, sizeof(q));
	q.share = TC_SHARE_ALL;
	now = 1;
	assert_int_equal(leave(&p, &q, 1000, &now, 1000, 1000), 1000);
	assert_int_equal(leave(&p, &q, 1000, &now, 299000, 1000), 3000);
	assert_int_equal(tc_tbf.admit(&p, &q, MTU + 1), DROP_TC_TOO_BIG);
}

/* DPL-050 */
static void
test_dealing(void **state)
{
	static const struct {
		uint64_t want[4];
		unsigned percent[4];
	} rows[] = {
	    {{0, 0, 0, 0}, {25, 25, 25, 25}},  /* nobody asks: for whoever comes next */
	    {{9000, 0, 0, 0}, {100, 0, 0, 0}}, /* one takes it all */
	    {{9000, 9000, 9000, 9000}, {25, 25, 25, 25}},
	    {{100, 9000, 0, 9000}, {10, 45, 0, 45}}, /* who asks for little gets it */
	    {{300, 200, 0, 100}, {40, 30, 10, 20}},  /* what is left is dealt out evenly */
	    {{UINT64_MAX - 1, 1, 1, 1}, {99, 0, 0, 0}},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t want[4], sum = 0;
		uint32_t share[4];

		memcpy(want, rows[i].want, sizeof(want));
		tc_deal(want, 4, 1000, share);
		for (unsigned k = 0; k < 4; k++) {
			assert_in_range(share[k] * 100 / TC_SHARE_ALL + 1, rows[i].percent[k],
					rows[i].percent[k] + 1);
			sum += share[k];
		}
		assert_in_range(sum, TC_SHARE_ALL * 99 / 100, TC_SHARE_ALL);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parameters),
	    cmocka_unit_test(test_rates),
	    cmocka_unit_test(test_burst_and_peak),
	    cmocka_unit_test(test_dealing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

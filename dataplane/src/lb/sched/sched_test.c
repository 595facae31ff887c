/* SPDX-License-Identifier: Apache-2.0 */
/* Schedulers: what they choose, computed by hand or by the walk that they abbreviate. */
#include "fixture.h"

static const struct lb_sched_key nobody;

static void
expect(const char *sched, unsigned worker, const char *picks)
{
	const struct lb_sched *s = lb_sched_find(sched);
	char got[256] = "";

	assert_non_null(s);
	for (size_t i = 0; picks[i]; i++) {
		int at = s->pick(&u.set, &state[worker], &nobody, worker);

		got[i] = at < 0 ? '-' : (char)('0' + at);
	}
	assert_string_equal(got, picks);
}

static void
test_names(void **arg)
{
	assert_string_equal(lb_sched_find("wlc")->name, "wlc");
	assert_null(lb_sched_find(""));
	assert_null(lb_sched_find("r"));
	assert_null(lb_sched_find("rrr"));
	assert_null(lb_sched_find("lcx"));
}

/* DPL-077 */
static void
test_start_positions(void **arg)
{
	assert_int_equal(lb_sched_start(7, 0), 0); /* 7 * 1 mod 7 */
	nworkers = 3;
	assert_int_equal(lb_sched_start(10, 0), 3); /* stride 3 */
	assert_int_equal(lb_sched_start(10, 1), 6);
	assert_int_equal(lb_sched_start(10, 2), 9);
	assert_int_equal(lb_sched_start(2, 0), 1); /* more workers than destinations: stride 1 */
	assert_int_equal(lb_sched_start(2, 1), 0);
	assert_int_equal(lb_sched_start(2, 2), 1);
}

/* DPL-070 */
static void
test_rr(void **arg)
{
	set_weights(3, (int32_t[]){1, 1, 1});
	expect("rr", 0,
	       "12012012012012012012012012012012012012012012012012"
	       "01201201201201201201201201201201201201201201201201");
	nworkers = 2; /* stride 1: worker 1 starts on 2, worker 0 on 1 */
	memset(state, 0, sizeof(state));
	expect("rr", 0, "2012");
	expect("rr", 1, "0120");
}

static void
test_rr_skips(void **arg)
{
	set_weights(4, (int32_t[]){1, 0, 5, 1});
	expect("rr", 0, "23023");
	u.set.d[2].flags = 5; /* inhibited */
	expect("rr", 0, "0303");
	u.set.d[0].max_conn = 10;
	load(0, 0, 4, 6);
	expect("rr", 0,
	       "03"); /* at its share, but no connection was refused yet: the refusal itself is counted */
	lb_counters(0, 1)->overloaded = 10;
	expect("rr", 0, "33");
	u.set.d[0].max_conn = 11; /* raised: counts at once */
	expect("rr", 0, "03");
	u.set.d[0].max_conn = 10;
	u.set.d[0].min_conn = 4; /* not before it has fewer than 4 */
	load(0, 0, 2, 2);
	expect("rr", 0, "33");
	load(0, 0, 2, 1);
	expect("rr", 0, "03");
	u.set.d[0].max_conn = 11; /* raised: counts at once here too */
	load(0, 0, 5, 5);
	expect("rr", 0, "03");
	set_weights(2, (int32_t[]){0, 0});
	expect("rr", 0, "--");
	set_weights(0, NULL);
	expect("rr", 0, "-");
}

/* DPL-071 */
static void
test_wrr(void **arg)
{
	set_weights(3, (int32_t[]){3, 2, 1});
	expect("wrr", 0,
	       "12"
	       "001012"
	       "001012"
	       "001012");
	/* 30:20:10 is the same ratio */
	memset(state, 0, sizeof(state));
	set_weights(3, (int32_t[]){30, 20, 10});
	expect("wrr", 0,
	       "12"
	       "001012"
	       "001012");
}

static void
test_wrr_weights_change(void **arg)
{
	set_weights(3, (int32_t[]){3, 2, 1});
	expect("wrr", 0, "120"); /* current weight is 3 now */
	set_weights(3, (int32_t[]){3, 3, 0});
	expect("wrr", 0,
	       "1"
	       "01"
	       "01"
	       "01"); /* cursor anew, current weight kept: index 1 reaches 3 */
	set_weights(3, (int32_t[]){2, 1, 1});
	expect("wrr", 0,
	       "12"
	       "0"
	       "012"
	       "0"
	       "012"); /* 1 ... 3 was above the new maximum, so it starts anew */
}

static void
test_wrr_nobody(void **arg)
{
	set_weights(3, (int32_t[]){0, 0, 0});
	expect("wrr", 0, "---");
	set_weights(3, (int32_t[]){65535, 1, 0});
	u.set.d[0].flags = 5;
	expect("wrr", 0, "1111"); /* in a few steps, not in 65535 passes */
	u.set.d[1].flags = 5;
	expect("wrr", 0, "--");
	u.set.d[1].flags = 1;
	expect("wrr", 0, "11");
}

/* The walk as it is described, step by step, ended by a whole pass at the lowest weight. */
static int
wrr_walk(struct lb_sched_state *st, unsigned worker)
{
	int32_t from = st->pos, at = st->pos, lowest = 0;

	for (;;) {
		if (++at == (int32_t)u.set.n) {
			at = 0;
			st->cw -= u.set.gcd_weight;
			if (st->cw <= 0)
				st->cw = u.set.max_weight;
			if (st->cw == 0)
				return -1;
		}
		if (lb_dest_usable(&u.set.d[at], worker) && u.set.d[at].weight >= st->cw)
			return st->pos = at;
		if (at == from && st->cw == u.set.gcd_weight && lowest++ > 0)
			return -1;
	}
}

static void
test_wrr_is_the_walk(void **arg)
{
	struct lb_sched_state ref = {0};

	srand(1);
	for (unsigned round = 0; round < 20000; round++) {
		int32_t w[DESTS_MAX], any = 0;
		uint32_t n = 1 + (uint32_t)rand() % DESTS_MAX;

		for (uint32_t i = 0; i < n; i++)
			any |= w[i] = rand() % 3 ? rand() % 7 * (rand() % 2 + 1) : 0;
		if (!any)
			continue;
		set_weights(n, w);
		ref.pos = lb_sched_start(n, 0);
		if (ref.cw > u.set.max_weight)
			ref.cw = 0;
		for (unsigned i = 0; i < 40; i++) {
			int want, got;

			if (rand() % 4 == 0)
				u.set.d[(uint32_t)rand() % n].flags ^= 4;
			want = wrr_walk(&ref, 0);
			got = lb_sched_wrr.pick(&u.set, &state[0], &nobody, 0);
			assert_int_equal(got, want);
			assert_int_equal(state[0].pos, ref.pos);
			assert_int_equal(state[0].cw, ref.cw);
		}
	}
}

/* DPL-072 */
static void
test_wlc(void **arg)
{
	set_weights(3, (int32_t[]){1, 1, 2});
	expect("wlc", 0, "00"); /* all idle: the start position */
	load(0, 0, 0, 1);
	expect("wlc", 0, "1");
	load(0, 1, 0, 2);
	load(0, 2, 0, 1); /* 1/1, 2/1, 1/2 */
	expect("wlc", 0, "2");
	load(0, 2, 0, 2); /* 1/1, 2/1, 2/2: of equals the first */
	expect("wlc", 0, "0");
	load(0, 0, 1, 0); /* an active one counts as 256 */
	load(0, 1, 0, 255);
	load(0, 2, 2, 1); /* 256, 255, 513/2 */
	expect("wlc", 0, "1");
	load(0, 1, 0, 257); /* 256, 257, 256.5 */
	expect("wlc", 0, "0");
	u.set.d[0].weight = 0;
	expect("wlc", 0, "2");
	load(0, 2, UINT32_MAX, UINT32_MAX);
	u.set.d[2].weight = 65535;
	expect("wlc", 0, "1"); /* 2^40 / 65535 is more than 257 */
}

static void
test_wlc_is_per_worker(void **arg)
{
	nworkers = 2;
	set_weights(2, (int32_t[]){1, 1});
	load(0, 1, 9, 0);
	load(1, 0, 9, 0);
	expect("wlc", 0, "00"); /* starts on 1, which is busy for worker 0 */
	expect("wlc", 1, "11"); /* starts on 0 */
	load(0, 1, 0, 0);
	load(1, 0, 0, 0);
	expect("wlc", 0, "11");
	expect("wlc", 1, "00");
}

static void
test_lc(void **arg)
{
	set_weights(3, (int32_t[]){1, 9, 0});
	load(0, 0, 1, 0);
	load(0, 1, 1, 1); /* more by one inactive connection, whatever the weight */
	expect("lc", 0, "00");
	load(0, 0, 1, 2);
	expect("lc", 0, "11");
}

static void
test_sed(void **arg)
{
	set_weights(2, (int32_t[]){1, 2});
	expect("sed", 0, "1"); /* 1/1, 1/2 */
	load(0, 1, 1, 0);
	expect("sed", 0, "0"); /* 1/1, 2/2: the first of equals */
	load(0, 0, 1, 0);
	expect("sed", 0, "1"); /* 2/1, 2/2 */
	load(0, 1, 3, 0);
	load(0, 0, 0, 1000); /* inactive ones do not delay: 1/1, 4/2 */
	expect("sed", 0, "0");
}

static void
test_nq(void **arg)
{
	set_weights(3, (int32_t[]){1, 100, 0});
	load(0, 1, 1, 0);
	expect("nq", 0, "0"); /* idle, although 2/100 would be the shorter delay */
	load(0, 0, 1, 0);
	expect("nq", 0, "1"); /* nobody idle: 2/1, 2/100; the idle third one has weight 0 */
}

/* DPL-073 */
static void
test_fo(void **arg)
{
	set_weights(3, (int32_t[]){1, 5, 5});
	expect("fo", 0, "111");
	u.set.d[1].flags = 5; /* inhibited */
	expect("fo", 0, "22");
	u.set.d[2].weight = 0;
	expect("fo", 0, "00");
	u.set.d[0].flags = 0;
	expect("fo", 0, "-");
}

static void
test_ovf(void **arg)
{
	set_weights(2, (int32_t[]){3, 2});
	load(0, 0, 3, 50);
	expect("ovf", 0, "0"); /* at its weight, not above */
	load(0, 0, 4, 0);
	expect("ovf", 0, "1");
	load(0, 1, 3, 0);
	expect("ovf", 0, "-");
	nworkers = 2; /* each worker has half of the weight */
	load(0, 0, 1, 0);
	expect("ovf", 0, "0");
	load(0, 0, 2, 0);
	load(0, 1, 1, 0);
	expect("ovf", 0, "1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_names, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_start_positions, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_rr, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_rr_skips, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_wrr, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_wrr_weights_change, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_wrr_nobody, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_wrr_is_the_walk, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_wlc, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_wlc_is_per_worker, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_lc, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_sed, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_nq, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_fo, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_ovf, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

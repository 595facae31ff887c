/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions of the balancer: nothing of what fails stays, nothing is seen before its time. */
#include "txn_world.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <rte_byteorder.h>

#include "abi/abi.h"
#include "abi/batch.h"
#include "core/clock.h"
#include "core/rcu.h"
#include "lb/lb.h"

enum { ITEMS = 24, ROUNDS = 300 };

static struct ctrl_reply *reply;

/* ---- memory that runs out ---- */

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_aligned_alloc(size_t align, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_aligned_alloc(size_t align, size_t n);

static unsigned fail_at; /* this many allocations from now; 0: none fails */
static bool failed;

static bool
fails(void)
{
	if (fail_at == 0 || --fail_at > 0)
		return false;
	failed = true;
	return true;
}

void *
__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t n)
{
	return fails() ? NULL : __real_realloc(p, n);
}

void *
__wrap_aligned_alloc(size_t align, size_t n)
{
	return fails() ? NULL : __real_aligned_alloc(align, n);
}

/* ---- worlds ---- */

static int
group_setup(void **state)
{
	lb_ctrl_register();
	ctrl_batch_register();
	return fix_group_setup(state);
}

static int
setup(void **state)
{
	reply = ctrl_reply_new();
	return fix_setup(state);
}

static int
teardown(void **state)
{
	ctrl_reply_free(reply);
	return fix_teardown(state);
}

/* Something to work on: random requests, sent singly. */
static void
populate(unsigned n)
{
	struct item it;

	for (unsigned i = 0; i < n; i++) {
		item_random(&it);
		if (it.id != DPVS_SO_SET_FLUSH || world_random(4) == 0)
			item_send(&it);
		if (world_random(10) == 0)
			fix_quiescent();
		if (world_random(20) == 0)
			fix_settle();
	}
}

/* Traffic: counters, connections that keep deleted servers, rates. */
static void
run_traffic(void)
{
	struct lb_service *svc;
	struct lb_dest *d;

	for (svc = lb_service_next(NULL); svc; svc = lb_service_next(svc))
		TAILQ_FOREACH (d, &svc->dest_list, next) {
			struct lb_counters *c = lb_counters(world_random(FIX_WORKERS), d->id);

			c->conns += world_random(4);
			c->closed = c->conns ? world_random((uint32_t)c->conns) : 0;
			c->active = (uint32_t)(c->conns - c->closed);
			c->in_packets += world_random(1000);
			c->out_bytes += world_random(100000);
		}
	clock_warp(2500);
	lb_control_tick(clock_now_ms());
}

static void
see(struct picture *p)
{
	p->n = 0;
	picture_listings(p, true);
	picture_workers(p, true);
	picture_ids(p);
}

static struct item items[ITEMS];

/* ---- cases ---- */

/* A batch that fails after each kind of change, with each kind of thing there. */
static void
test_one_failure_undoes_every_kind_of_change(void **state)
{
	const struct item prepare[] = {
	    item_service(DPVS_SO_SET_ADD, 0, "wrr"),	  item_service(DPVS_SO_SET_ADD, 1, "rr"),
	    item_dest(DPVS_SO_SET_ADDDEST, 0, 0, 1),	  item_dest(DPVS_SO_SET_ADDDEST, 0, 1, 2),
	    item_dest(DPVS_SO_SET_ADDDEST, 0, 2, 3),	  item_laddr(SOCKOPT_SET_LADDR_ADD, 0, 0),
	    item_laddr(SOCKOPT_SET_LADDR_ADD, 0, 1),	  item_dest(DPVS_SO_SET_DELDEST, 0, 2, 3),
	    item_laddr(SOCKOPT_SET_LADDR_ADD, 1, 2),	  item_laddr(SOCKOPT_SET_LADDR_DEL, 1, 2),
	    item_acl(DS_ACL_ADD, DS_ACL_DENY, 0, 0, 32),  item_acl(DS_ACL_ADD, DS_ACL_DENY, 0, 1, 32),
	    item_acl(DS_ACL_ADD, DS_ACL_ALLOW, 0, 2, 24), item_acl(DS_ACL_ADD, DS_ACL_DENY, 3, 0, 32),
	};
	const struct item changes[] = {
	    item_service(DPVS_SO_SET_ADD, 2, "wlc"),
	    item_service(DPVS_SO_SET_EDIT, 0, "wlc"),
	    item_service(DPVS_SO_SET_DEL, 0, ""),
	    item_service(DPVS_SO_SET_ZERO, 0, ""),
	    item_flush(),
	    item_dest(DPVS_SO_SET_ADDDEST, 0, 3, 1),
	    item_dest(DPVS_SO_SET_ADDDEST, 0, 2, 9),
	    item_dest(DPVS_SO_SET_EDITDEST, 0, 0, 0),
	    item_dest(DPVS_SO_SET_DELDEST, 0, 1, 0),
	    item_laddr(SOCKOPT_SET_LADDR_ADD, 0, 2),
	    item_laddr(SOCKOPT_SET_LADDR_DEL, 0, 0),
	    item_laddr(SOCKOPT_SET_LADDR_FLUSH, 0, 0),
	    item_acl(DS_ACL_ADD, DS_ACL_DENY, 0, 2, 32),
	    item_acl(DS_ACL_ADD, DS_ACL_ALLOW, 1, 2, 30),
	    item_acl(DS_ACL_DEL, DS_ACL_DENY, 0, 0, 32),
	    item_acl(DS_ACL_DEL, DS_ACL_ALLOW, 0, 2, 24),
	    item_acl(DS_ACL_FLUSH, DS_ACL_DENY, 0, 0, 0),
	    item_acl(DS_ACL_FLUSH, DS_ACL_DENY, 3, 0, 0),
	    item_service(DPVS_SO_SET_ADD, 3, "wrr"),
	};
	struct picture before = {0}, after = {0};

	for (unsigned i = 0; i < RTE_DIM(prepare); i++)
		assert_int_equal(item_send(&prepare[i]), EDPVS_OK);
	run_traffic();
	see(&before);
	for (unsigned i = 0; i < RTE_DIM(changes); i++) {
		struct item pair[] = {changes[i], item_service(DPVS_SO_SET_ADD, 5, "no such")};
		struct ds_batch_result r;

		assert_int_equal(batch_send(pair, 2, DS_BATCH_F_ATOMIC, &reply), EDPVS_OK);
		r = batch_result(reply);
		assert_int_equal(batch_code(reply, 0), EDPVS_OK);
		assert_int_equal(batch_code(reply, 1), EDPVS_NOTEXIST);
		assert_int_equal(r.committed, 0);
		see(&after);
		assert_same(&before, &after);
		assert_int_equal(batch_send(pair, 1, DS_BATCH_F_DRY_RUN, &reply), EDPVS_OK);
		assert_int_equal(batch_result(reply).applied, 1);
		see(&after);
		assert_same(&before, &after);
	}
	picture_free(&before);
	picture_free(&after);
}

/* Workers see the same at every moment of a transaction; whoever aborts it finds the same as before. */
static void
test_nothing_is_seen_and_nothing_stays(void **state)
{
	struct picture before = {0}, after = {0}, seen = {0}, now = {0};
	struct item it;

	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned done = 0;

		world_seed(round);
		populate(30);
		run_traffic();
		see(&before);
		seen.n = 0;
		picture_workers(&seen, true);
		txn_begin();
		for (unsigned i = 0; i < ITEMS; i++) {
			item_random(&it);
			done += item_send(&it) == EDPVS_OK;
			now.n = 0;
			picture_workers(&now, true);
			assert_same(&seen, &now);
		}
		/* Also after everything was built. A picture has a count of changes that the loop made. */
		if (round % 2)
			assert_int_equal(txn_rehearse(), EDPVS_OK);
		else
			txn_abort();
		ctrl_generation -= done;
		see(&after);
		assert_same(&before, &after);
		fix_settle();
		ctrl_generation += done;
	}
	picture_free(&before);
	picture_free(&after);
	picture_free(&seen);
	picture_free(&now);
}

/* Sends random batches until one is free of failures; those before must leave no trace. */
static unsigned
commit_random(void)
{
	struct picture before = {0}, after = {0};
	unsigned n = ITEMS;

	for (unsigned i = 0; i < n; i++)
		item_random(&items[i]);
	see(&before);
	for (;;) {
		struct ds_batch_result r;

		assert_int_equal(batch_send(items, n, DS_BATCH_F_ATOMIC, &reply), EDPVS_OK);
		r = batch_result(reply);
		if (r.committed)
			break;
		assert_int_equal(r.applied, 0);
		assert_int_equal(r.failed, 1);
		see(&after);
		assert_same(&before, &after);
		n--;
		memmove(&items[r.first_failed], &items[r.first_failed + 1],
			(n - r.first_failed) * sizeof(items[0]));
	}
	picture_free(&before);
	picture_free(&after);
	return n;
}

static void
see_contents(struct picture *p)
{
	p->n = 0;
	picture_listings(p, false);
	picture_workers(p, false);
}

/* An atomic batch leaves what its items, sent one by one, leave in another world. */
static void
test_a_commit_equals_its_items(void **state)
{
	struct picture batch = {0}, singles = {0};

	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned n;

		world_seed(round + 1000);
		populate(30);
		n = commit_random();
		see_contents(&batch);
		fix_settle();
		fix_teardown(state);
		fix_setup(state);
		world_seed(round + 1000);
		populate(30);
		for (unsigned i = 0; i < n; i++)
			assert_int_equal(item_send(&items[i]), EDPVS_OK);
		see_contents(&singles);
		assert_same(&batch, &singles);
		fix_teardown(state);
		fix_setup(state);
	}
	picture_free(&batch);
	picture_free(&singles);
}

/* Whichever allocation fails: all or nothing. */
static void
test_memory_that_runs_out(void **state)
{
	struct picture before = {0}, after = {0};
	unsigned refused = 0;

	for (unsigned round = 0; round < 20; round++) {
		unsigned n;

		world_seed(round + 2000);
		populate(30);
		see(&before);
		n = commit_random();
		fix_teardown(state);
		fix_setup(state);
		world_seed(round + 2000);
		populate(30);
		see(&before);
		for (unsigned at = 1;; at++) {
			uint64_t generation = ctrl_generation;
			int rc;

			/* Nobody reads, so that retiring without memory need not wait. */
			for (unsigned i = 0; i < FIX_WORKERS; i++)
				rcu_offline(i);
			failed = false;
			/* The first two are the body and the reply of the test itself. */
			fail_at = at + 2;
			rc = batch_send(items, n, DS_BATCH_F_ATOMIC, &reply);
			fail_at = 0;
			if (rc == EDPVS_OK && batch_result(reply).committed)
				break;
			assert_true(failed);
			assert_int_equal(ctrl_generation, generation);
			refused++;
			see(&after);
			assert_same(&before, &after);
		}
		fix_teardown(state);
		fix_setup(state);
	}
	assert_true(refused > 100);
	picture_free(&before);
	picture_free(&after);
}

/* What ipvsadm-restore does: everything is deleted and comes again. Workers keep the service, its servers
 * keep their counters, and what does not come again goes when its connections are over. */
static void
test_reload_keeps_what_comes_back(void **state)
{
	const struct item load[] = {
	    item_service(DPVS_SO_SET_ADD, 0, "wrr"), item_dest(DPVS_SO_SET_ADDDEST, 0, 0, 1),
	    item_dest(DPVS_SO_SET_ADDDEST, 0, 1, 1), item_laddr(SOCKOPT_SET_LADDR_ADD, 0, 0),
	    item_service(DPVS_SO_SET_ADD, 1, "rr"),
	};
	const struct item reload[] = {
	    item_flush(),
	    item_service(DPVS_SO_SET_ADD, 2, "rr"),
	    item_service(DPVS_SO_SET_ADD, 0, "wlc"),
	    item_dest(DPVS_SO_SET_ADDDEST, 0, 1, 7),
	    item_dest(DPVS_SO_SET_ADDDEST, 0, 2, 7),
	    item_laddr(SOCKOPT_SET_LADDR_ADD, 0, 0),
	};
	struct lb_service *svc;
	struct lb_dest *gone, *stays;
	uint32_t gone_id, stays_id, lip;

	for (unsigned i = 0; i < RTE_DIM(load); i++)
		assert_int_equal(item_send(&load[i]), EDPVS_OK);
	svc = lb_service_next(NULL);
	stays = TAILQ_FIRST(&svc->dest_list);
	gone = TAILQ_NEXT(stays, next);
	stays_id = stays->id;
	gone_id = gone->id;
	lip = svc->laddrs->l[0].lip_id;
	lb_counters(0, stays_id)->in_packets = 55;
	lb_counters(1, gone_id)->conns = 1;
	lb_counters(1, gone_id)->active = 1;
	assert_int_equal(batch_send(reload, RTE_DIM(reload), DS_BATCH_F_ATOMIC, &reply), EDPVS_OK);
	assert_true(batch_result(reply).committed);
	assert_int_equal(lb_services_count(), 2);
	assert_ptr_equal(lb_service_next(lb_service_next(NULL)), svc); /* in the new order */
	assert_ptr_equal(lb_service_lookup(&svc->key), svc);
	assert_string_equal(svc->dests->sched->name, "wlc");
	assert_int_equal(svc->dests->n, 2);
	assert_int_equal(svc->dests->d[1].id, stays_id);
	assert_int_equal(svc->dests->d[1].weight, 7);
	assert_int_equal(lb_counters(0, stays_id)->in_packets, 55);
	assert_true(lb_dest_flags(stays_id) & DPVS_DEST_F_AVAILABLE);
	assert_false(lb_dest_flags(gone_id) & DPVS_DEST_F_AVAILABLE);
	assert_int_equal(svc->laddrs->n, 1);
	assert_int_equal(svc->laddrs->l[0].lip_id, lip);
	fix_settle();
	assert_false(TAILQ_EMPTY(&svc->zombies));
	lb_counters(1, gone_id)->closed = 1;
	fix_settle();
	assert_true(TAILQ_EMPTY(&svc->zombies));
	assert_int_equal(svc->gone[1].conns, 1);
}

static double
ms_since(double t)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6 - t;
}

static void
test_many(void **state)
{
	enum { SERVICES = 5000, DESTS = 10, N = 1 + SERVICES * (1 + DESTS) };
	struct item *all = calloc(N, sizeof(*all));
	static const struct {
		const char *what;
		unsigned from;
		uint32_t flags;
	} runs[] = {{"one atomic batch", 1, DS_BATCH_F_ATOMIC},
		    {"again after a flush, atomic", 0, DS_BATCH_F_ATOMIC},
		    {"again after a flush, atomic, dry run", 0, DS_BATCH_F_DRY_RUN},
		    {"again after a flush, one by one in a batch", 0, 0}};
	unsigned k = 0;

	all[k++] = item_flush();
	for (uint32_t i = 0; i < SERVICES; i++) {
		uint32_t vip = rte_cpu_to_be_32(0x0a000000 + i);

		all[k] = item_service(DPVS_SO_SET_ADD, 0, "wrr");
		memcpy(&((struct dp_vs_service_compat *)(void *)all[k++].body)->addr, &vip, sizeof(vip));
		for (uint32_t j = 0; j < DESTS; j++) {
			uint32_t rs = rte_cpu_to_be_32(0x0b000000 + i * DESTS + j);
			struct dp_vs_service_dest *c = (void *)all[k].body;

			all[k++] = item_dest(DPVS_SO_SET_ADDDEST, 0, 0, 1 + j);
			memcpy(&c->svc.addr, &vip, sizeof(vip));
			memcpy(&c->dest.addr, &rs, sizeof(rs));
		}
	}
	for (unsigned r = 0; r < RTE_DIM(runs); r++) {
		double t = ms_since(0);

		assert_int_equal(batch_send(all + runs[r].from, N - runs[r].from, runs[r].flags, &reply),
				 EDPVS_OK);
		t = ms_since(t);
		print_message("%u services with %u real servers each, %s: %.0f ms\n", SERVICES, DESTS,
			      runs[r].what, t);
		assert_int_equal(batch_result(reply).applied, N - runs[r].from);
		assert_int_equal(lb_services_count(), SERVICES);
		assert_true(t < 1500);
		fix_settle();
	}
	free(all);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_one_failure_undoes_every_kind_of_change),
	    T(test_nothing_is_seen_and_nothing_stays),
	    T(test_a_commit_equals_its_items),
	    T(test_memory_that_runs_out),
	    T(test_reload_keeps_what_comes_back),
	    T(test_many),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}

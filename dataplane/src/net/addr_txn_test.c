/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses in atomic batches: all or none, and no packet for what does not come to be. */
#include "net_test.h"

#include <stdlib.h>

#include "abi/addr.h"
#include "abi/batch.h"
#include "abi/messages.h"
#include "addr.h"
#include "core/errors.h"
#include "core/txn.h"
#include "fib.h"
#include "maddr.h"
#include "route.h"

enum { ADD = SOCKOPT_SET_IFADDR_ADD, DEL = SOCKOPT_SET_IFADDR_DEL, SET = SOCKOPT_SET_IFADDR_SET };

static struct inet_addr_param
param(const char *text, uint8_t plen, uint16_t port, uint32_t flags)
{
	bool v6 = strchr(text, ':') != NULL;
	union inet_ip ip = v6 ? ip6(text) : ip4(text);
	struct inet_addr_param p = {0};

	ctrl_name(p.ifa_entry.ifname, port ? "dpdk1" : "dpdk0");
	p.ifa_entry.af = v6 ? 10 : 2;
	p.ifa_entry.plen = plen;
	p.ifa_entry.flags = flags;
	memcpy(&p.ifa_entry.addr, ip.b, 16);
	return p;
}

/* One request; part of the transaction if one is open. */
static int
ask(uint32_t id, const char *text, uint8_t plen, uint16_t port, uint32_t flags)
{
	struct inet_addr_param p = param(text, plen, port, flags);

	return request(id, 1, &p, sizeof(p));
}

static unsigned
count_addrs(void)
{
	struct net_addr *a;
	unsigned n = 0;

	TAILQ_FOREACH (a, &net_addrs, next) {
		n++;
	}
	return n;
}

static void
assert_nothing(void)
{
	union inet_ip a4 = ip4("10.0.0.1"), a6 = ip6("2001:db8::1"), beside = ip4("10.0.0.77");

	settle();
	assert_int_equal(nframes, 0);
	assert_int_equal(count_addrs(), 0);
	assert_true(TAILQ_EMPTY(&routes));
	assert_true(TAILQ_EMPTY(&maddrs));
	assert_int_equal(net_local_lookup(INET_AF_V4, &a4), NET_NOT_LOCAL);
	assert_int_equal(net_local_lookup(INET_AF_V6, &a6), NET_NOT_LOCAL);
	assert_null(fib_lookup(INET_AF_V4, &beside));
}

static void
add_two(void)
{
	txn_begin();
	assert_int_equal(ask(ADD, "10.0.0.1", 24, 0, 0), EDPVS_OK);
	assert_int_equal(ask(ADD, "2001:db8::1", 128, 1, IFA_F_SAPOOL), EDPVS_OK);
}

static void
nothing_happens_before_the_commit(void **state)
{
	union inet_ip a4 = ip4("10.0.0.1"), a6 = ip6("2001:db8::1"), beside = ip4("10.0.0.77");

	(void)state;
	add_two();
	assert_nothing();
	txn_abort();
	assert_nothing();
	pass_ms(3000);
	assert_nothing();
	add_two();
	assert_int_equal(txn_rehearse(), EDPVS_OK);
	assert_nothing();
	add_two();
	assert_int_equal(txn_commit(), EDPVS_OK);
	assert_int_equal(net_local_lookup(INET_AF_V4, &a4), NET_LOCAL);
	assert_int_equal(net_local_lookup(INET_AF_V6, &a6), NET_LOCAL_LIP);
	assert_non_null(fib_lookup(INET_AF_V4, &beside));
	assert_true(addr_find(ports[1], INET_AF_V6, &a6)->flags & ADDR_F_TENTATIVE);
	settle();
	assert_true(nframes >= 2); /* announced, and probed */
	pass_ms(3000);
	assert_false(addr_find(ports[1], INET_AF_V6, &a6)->flags & ADDR_F_TENTATIVE);
}

static void
checks_know_what_came_before(void **state)
{
	(void)state;
	must_add_addr("10.0.0.9", 24, 0);
	txn_begin();
	assert_int_equal(ask(ADD, "10.0.0.9", 24, 0, 0), EDPVS_EXIST);
	assert_int_equal(ask(ADD, "10.0.0.9", 24, 1, 0), EDPVS_OK);
	assert_int_equal(ask(ADD, "10.0.0.9", 24, 1, 0), EDPVS_EXIST);
	assert_int_equal(ask(DEL, "10.0.0.9", 24, 0, 0), EDPVS_OK);
	assert_int_equal(ask(DEL, "10.0.0.9", 24, 0, 0), EDPVS_NOTEXIST);
	assert_int_equal(ask(SET, "10.0.0.9", 24, 0, 0), EDPVS_NOTEXIST);
	assert_int_equal(ask(ADD, "10.0.0.9", 24, 0, 0), EDPVS_OK);
	assert_int_equal(ask(SET, "10.0.0.9", 24, 0, 0), EDPVS_OK);
	assert_int_equal(ask(DEL, "10.0.0.8", 24, 0, 0), EDPVS_NOTEXIST);
	assert_int_equal(ask(ADD, "10.0.0.8", 33, 0, 0), EDPVS_INVAL);
	assert_int_equal(ask(DEL, "10.0.0.8", 0, 0, 0), EDPVS_INVAL);
	assert_int_equal(ask(ADD, "127.0.0.1", 32, 0, 0), EDPVS_INVAL);
	assert_int_equal(ask(SOCKOPT_SET_IFADDR_FLUSH, "10.0.0.9", 24, 0, 0), EDPVS_NOTSUPP);
	txn_abort();
	assert_int_equal(count_addrs(), 1);
}

/* A mark that the single request would set although it fails. */
static void
a_refused_addition_marks_nothing(void **state)
{
	union inet_ip ip = ip4("10.0.0.1");

	(void)state;
	must_add_addr("10.0.0.1", 32, 0);
	txn_begin();
	assert_int_equal(ask(ADD, "10.0.0.1", 32, 0, IFA_F_SAPOOL), EDPVS_EXIST);
	txn_abort();
	assert_int_equal(net_local_lookup(INET_AF_V4, &ip), NET_LOCAL);
	txn_begin();
	assert_int_equal(ask(SET, "10.0.0.1", 32, 0, IFA_F_SAPOOL), EDPVS_OK);
	assert_int_equal(net_local_lookup(INET_AF_V4, &ip), NET_LOCAL);
	assert_int_equal(txn_commit(), EDPVS_OK);
	assert_int_equal(net_local_lookup(INET_AF_V4, &ip), NET_LOCAL_LIP);
}

/* Deleted and added again it is never away: nobody is told, IPv6 need not wait. */
static void
replaced_in_place(void **state)
{
	union inet_ip a = ip4("10.0.0.1"), b = ip6("2001:db8::1");
	struct net_addr *kept;

	(void)state;
	must_add_addr("10.0.0.1", 24, 0);
	must_add_addr("2001:db8::1", 64, 0);
	pass_ms(3000);
	kept = addr_find(ports[0], INET_AF_V6, &b);
	frames_clear();
	txn_begin();
	assert_int_equal(ask(DEL, "10.0.0.1", 24, 0, 0), EDPVS_OK);
	assert_int_equal(ask(DEL, "2001:db8::1", 64, 0, 0), EDPVS_OK);
	assert_int_equal(ask(ADD, "2001:db8::1", 64, 0, IFA_F_SAPOOL), EDPVS_OK);
	assert_int_equal(ask(ADD, "10.0.0.3", 24, 0, 0), EDPVS_OK);
	assert_int_equal(ask(ADD, "10.0.0.1", 24, 0, 0), EDPVS_OK);
	assert_int_equal(ask(DEL, "10.0.0.3", 24, 0, 0), EDPVS_OK);
	assert_int_equal(txn_commit(), EDPVS_OK);
	settle();
	assert_int_equal(nframes, 0);
	assert_int_equal(count_addrs(), 2);
	assert_ptr_equal(TAILQ_FIRST(&net_addrs), kept); /* in the order of addition */
	assert_int_equal(kept->flags & (ADDR_F_TENTATIVE | ADDR_F_SAPOOL), ADDR_F_SAPOOL);
	assert_int_equal(net_local_lookup(INET_AF_V4, &a), NET_LOCAL);
	assert_int_equal(net_local_lookup(INET_AF_V6, &b), NET_LOCAL_LIP);
}

/* Unless another node has it: adding it again is how one asks anew. */
static void
a_lost_address_is_asked_for_again(void **state)
{
	union inet_ip ip = ip6("2001:db8::1");
	struct net_addr *a;

	(void)state;
	must_add_addr("2001:db8::1", 64, 0);
	addr_conflict(ports[0], &ip);
	a = addr_find(ports[0], INET_AF_V6, &ip);
	assert_true(a->flags & ADDR_F_DADFAILED);
	txn_begin();
	assert_int_equal(ask(DEL, "2001:db8::1", 64, 0, 0), EDPVS_OK);
	assert_int_equal(ask(ADD, "2001:db8::1", 64, 0, 0), EDPVS_OK);
	assert_int_equal(txn_commit(), EDPVS_OK);
	assert_int_equal(a->flags & (ADDR_F_DADFAILED | ADDR_F_TENTATIVE), ADDR_F_TENTATIVE);
	pass_ms(3000);
	assert_int_equal(net_local_lookup(INET_AF_V6, &ip), NET_LOCAL);
}

/* The route table has room for one of two routes. */
static void
no_room_for_all_is_room_for_none(void **state)
{
	static uint32_t hops[FIB_HOPS_MAX];
	struct fib_hop hop = {0};
	unsigned n = 0;

	(void)state;
	while ((hops[n] = fib_hop_new(&hop)) != FIB_NONE)
		n++;
	fib_hop_release(hops[--n]);
	settle();
	txn_begin();
	assert_int_equal(ask(ADD, "10.0.0.1", 24, 0, 0), EDPVS_OK);
	assert_int_equal(ask(ADD, "10.0.0.2", 32, 1, 0), EDPVS_OK);
	assert_int_equal(ask(ADD, "10.3.0.1", 24, 0, 0), EDPVS_OK);
	assert_int_equal(txn_commit(), EDPVS_RESOURCE);
	assert_nothing();
	settle();
	txn_begin();
	assert_int_equal(ask(ADD, "10.0.0.1", 24, 0, 0), EDPVS_OK);
	assert_int_equal(txn_commit(), EDPVS_OK);
	assert_int_equal(count_addrs(), 1);
	while (n > 0)
		fib_hop_release(hops[--n]);
	settle();
}

/* ---- a commit equals its requests, sent singly ---- */

static const char *const some[] = {"10.0.0.1", "10.0.0.2", "10.1.0.1", "10.1.0.2"};

enum { SOME = 4, REQUESTS = 12, SEEN_MAX = 4096 };

struct seen {
	size_t n;
	uint8_t bytes[SEEN_MAX];
};

static void
look(struct seen *s)
{
	struct inet_addr_param all = {.ifa_ops = INET_ADDR_GET};
	union inet_ip beside[] = {ip4("10.0.0.77"), ip4("10.1.0.77")};

	assert_int_equal(request(SOCKOPT_GET_IFADDR_SHOW, 0, &all, sizeof(all)), EDPVS_OK);
	s->n = reply_len();
	memcpy(s->bytes, reply_bytes(), s->n);
	for (unsigned i = 0; i < SOME; i++) {
		union inet_ip ip = ip4(some[i]);

		s->bytes[s->n++] = (uint8_t)net_local_lookup(INET_AF_V4, &ip);
	}
	for (unsigned i = 0; i < 2; i++)
		s->bytes[s->n++] = fib_lookup(INET_AF_V4, &beside[i]) != NULL;
}

static int
random_request(unsigned *seed)
{
	static const uint32_t ids[] = {ADD, ADD, DEL, DEL, SET};
	uint32_t id = ids[(unsigned)rand_r(seed) % 5];
	const char *text = some[(unsigned)rand_r(seed) % SOME];
	uint8_t plen = rand_r(seed) % 2 ? 32 : 24;
	uint16_t port = rand_r(seed) % 2;

	/* The mark on a duplicate is the one thing that single requests do although they fail. */
	return ask(id, text, plen, port, id == SET || rand_r(seed) % 3 ? 0 : IFA_F_SAPOOL);
}

static void
a_commit_equals_its_requests(void **state)
{
	static struct seen before, batch, singles;

	(void)state;
	for (unsigned round = 0; round < 400; round++) {
		unsigned seed = round, again, done = 0;
		int rc[REQUESTS];

		for (unsigned i = 0; i < 5; i++)
			random_request(&seed);
		look(&before);
		again = seed;
		/* The first failure ends it, as in a batch. */
		txn_begin();
		while (done < REQUESTS && (rc[done] = random_request(&seed)) == EDPVS_OK)
			done++;
		txn_abort();
		look(&batch);
		assert_int_equal(before.n, batch.n);
		assert_memory_equal(before.bytes, batch.bytes, batch.n);
		seed = again;
		txn_begin();
		for (unsigned i = 0; i < done; i++)
			assert_int_equal(random_request(&seed), EDPVS_OK);
		assert_int_equal(txn_commit(), EDPVS_OK);
		look(&batch);
		addr_flush(ports[0], 0);
		addr_flush(ports[1], 0);
		seed = round;
		for (unsigned i = 0; i < 5; i++)
			random_request(&seed);
		for (unsigned i = 0; i < done; i++)
			assert_int_equal(random_request(&seed), EDPVS_OK);
		look(&singles);
		assert_int_equal(singles.n, batch.n);
		assert_memory_equal(singles.bytes, batch.bytes, batch.n);
		addr_flush(ports[0], 0);
		addr_flush(ports[1], 0);
		settle();
		frames_clear();
	}
}

/* Through the message, with a failure at the end. */
static void
in_a_batch(void **state)
{
	struct {
		struct ds_batch_request head;
		struct {
			struct ds_tlv tlv;
			struct ds_batch_item item;
			struct inet_addr_param param;
			uint8_t pad[4];
		} part[3];
	} b = {.head = {.flags = DS_BATCH_F_ATOMIC, .count = 3}};
	static const char *const text[] = {"10.0.0.1", "2001:db8::1", "10.0.0.1"};
	struct ds_batch_result result;

	(void)state;
	_Static_assert(sizeof(b.part[0]) == DS_TLV_SIZE(8 + sizeof(b.part[0].param)), "padded to 8 bytes");
	for (unsigned i = 0; i < 3; i++) {
		b.part[i].tlv = (struct ds_tlv){.type = DS_TLV_ITEM, .len = 8 + sizeof(b.part[i].param)};
		b.part[i].item.id = ADD;
		b.part[i].param = param(text[i], i == 1 ? 128 : 24, 0, 0);
	}
	assert_int_equal(request(DS_MSG_BATCH, 1, &b, sizeof(b)), EDPVS_OK);
	memcpy(&result, reply_bytes() + sizeof(struct ds_tlv), sizeof(result));
	assert_int_equal(result.committed, 0);
	assert_int_equal(result.first_failed, 2);
	assert_nothing();
	b.part[2].item.id = DEL;
	assert_int_equal(request(DS_MSG_BATCH, 1, &b, sizeof(b)), EDPVS_OK);
	memcpy(&result, reply_bytes() + sizeof(struct ds_tlv), sizeof(result));
	assert_int_equal(result.committed, 1);
	assert_int_equal(count_addrs(), 1);
}

static int
group_setup(void **state)
{
	(void)state;
	ctrl_batch_register();
	return 0;
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, world_up, world_down)
	const struct CMUnitTest tests[] = {
	    T(nothing_happens_before_the_commit), T(checks_know_what_came_before),
	    T(a_refused_addition_marks_nothing),  T(replaced_in_place),
	    T(a_lost_address_is_asked_for_again), T(no_room_for_all_is_room_for_none),
	    T(a_commit_equals_its_requests),	  T(in_a_batch),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}

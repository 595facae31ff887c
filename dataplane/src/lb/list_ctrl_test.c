/* SPDX-License-Identifier: Apache-2.0 */
/* Message DS_MSG_LIST_SERVICES: filters, records, pages while services come and go, hostile requests. */
#include "list_fixture.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <rte_byteorder.h>

#define SERVICE_RECORD DS_TLV_SIZE(sizeof(struct dp_vs_service_compat) + sizeof(struct ds_service_ext))

static void
del(struct lb_service *svc)
{
	lb_service_del(svc);
	fix_quiescent();
}

static void
test_empty(void **state)
{
	struct ds_list_services req = {.want = 0xf};
	struct ds_list_info info;

	assert_int_equal(ask(&req), EDPVS_OK);
	assert_int_equal(ctrl_reply_len(reply), DS_TLV_SIZE(sizeof(info)));
	info = page_info();
	assert_int_equal(info.total, 0);
	assert_int_equal(info.flags, 0);
	assert_int_equal(info.generation, ctrl_generation);
}

/* Services and servers look as in the replies of ids 19 and 21, byte by byte. */
static void
test_same_bytes_as_the_old_listings(void **state)
{
	struct lb_service *svc = add4(0x0a000001, 80, TCP, "wrr"), *other = add4(0x0a000001, 53, UDP, "rr");
	struct dp_vs_services_front front = {.count = 2};
	struct dp_vs_dest_table table = {.af = 2, .proto = TCP, .port = rte_cpu_to_be_16(80), .num_dests = 2};
	uint8_t services[2 * sizeof(struct dp_vs_service_compat)],
	    dests[2 * sizeof(struct dp_vs_dest_compat)], gone[sizeof(services)];
	struct dp_vs_service_compat first;
	struct ctrl_request old = {.id = DPVS_SO_GET_SERVICES, .body = &front, .len = sizeof(front)};
	struct lb_dest *zombie;

	memcpy(&table.addr, &svc->key.vip, sizeof(table.addr));
	add_dest(other, INET_AF_V4, ip4(0x0a010001), 53);
	zombie = add_dest(svc, INET_AF_V4, ip4(0x0a010003), 80);
	add_dest(svc, INET_AF_V4, ip4(0x0a010001), 80);
	add_dest(svc, INET_AF_V4, ip4(0x0a010002), 8080);
	lb_counters(0, zombie->id)->conns = 7;
	assert_int_equal(lb_dest_del(zombie), EDPVS_OK);
	lb_counters(0, svc->dests->d[0].id)->in_packets = 11;
	*lb_counters(1, svc->dests->d[1].id) =
	    (struct lb_counters){.conns = 5, .out_bytes = 1234567890123, .active = 3, .inactive = 2};

	for (uint8_t index = 0; index <= FIX_WORKERS; index++) {
		struct ds_list_services req = {.want = DS_LIST_WANT_DESTS, .index = index};

		front.index = table.index = index;
		old.id = DPVS_SO_GET_SERVICES;
		old.body = &front;
		old.len = sizeof(front);
		ctrl_reply_free(reply);
		reply = ctrl_reply_new();
		assert_int_equal(ctrl_dispatch(&old, reply), EDPVS_OK);
		memcpy(services, ctrl_reply_at(reply, sizeof(front)), sizeof(services));
		old.id = DPVS_SO_GET_DESTS;
		old.body = &table;
		old.len = sizeof(table);
		ctrl_reply_free(reply);
		reply = ctrl_reply_new();
		assert_int_equal(ctrl_dispatch(&old, reply), EDPVS_OK);
		memcpy(dests, ctrl_reply_at(reply, sizeof(table)), sizeof(dests));

		assert_int_equal(ask(&req), EDPVS_OK);
		copy_record(1, DS_TLV_SERVICE, gone, sizeof(first));
		assert_memory_equal(gone, services, sizeof(first));
		copy_record(2, DS_TLV_SERVICE, gone, sizeof(first));
		assert_memory_equal(gone, services + sizeof(first), sizeof(first));
		copy_record(1, DS_TLV_DESTS, gone, sizeof(dests));
		assert_memory_equal(gone, dests, sizeof(dests));
	}
	/* What the deleted server counted stays with the service. */
	front.index = 0;
	memcpy(&first, services, sizeof(first));
	assert_int_equal(walk((struct ds_list_services){0}), 2);
	assert_int_equal(found->svc[0].stats.conns, 7);
}

static void
test_more(void **state)
{
	struct lb_service *svc = add4(0x0a000001, 80, TCP, "wrr");
	struct lb_dest *d = add_dest(svc, INET_AF_V4, ip4(0x0a010001), 80);
	struct ds_list_services req = {.want = DS_LIST_WANT_DESTS | DS_LIST_WANT_MORE | DS_LIST_WANT_LADDRS |
					       DS_LIST_WANT_ACLS};
	struct ds_service_more more;
	struct ds_dest_more dest;
	struct ds_laddr laddr;
	const uint8_t *at;
	uint32_t len;

	/* More than the 32 bits of the old form hold. */
	d->rates.in_bps = 5000000000ull << LB_RATE_SHIFT;
	assert_int_equal(lb_laddr_add(svc, INET_AF_V4, (union inet_ip[]){ip4(0x0a020001)}, "dpdk0"), 0);
	fix_lports[0][TAILQ_FIRST(&svc->laddr_list)->lip->id] = (struct fix_lports){3, 100, 2};
	fix_lports[1][TAILQ_FIRST(&svc->laddr_list)->lip->id] = (struct fix_lports){4, 100, 5};
	assert_int_equal(ask(&req), EDPVS_OK);
	copy_record(1, DS_TLV_SERVICE_MORE, &more, sizeof(more));
	assert_int_equal(more.serial, svc->serial);
	assert_int_equal(more.rates.inbps, 5000000000);
	copy_record(1, DS_TLV_DESTS_MORE, &dest, sizeof(dest));
	assert_int_equal(dest.stat, d->id);
	assert_int_equal(dest.rates.inbps, 5000000000);
	copy_record(1, DS_TLV_LADDRS, &laddr, sizeof(laddr));
	assert_memory_equal(&laddr.addr, &TAILQ_FIRST(&svc->laddr_list)->ip, 16);
	assert_int_equal(laddr.nconns, 7);
	assert_int_equal(laddr.conflicts, 7);
	assert_int_equal(laddr.af, ABI_AF_INET);
	assert_string_equal(laddr.ifname, "dpdk0");
	assert_true(find_record(1, DS_TLV_DENY, &at, &len));
	assert_true(find_record(1, DS_TLV_ALLOW, &at, &len));
	req.index = 1;
	assert_int_equal(ask(&req), EDPVS_OK);
	copy_record(1, DS_TLV_LADDRS, &laddr, sizeof(laddr));
	assert_int_equal(laddr.nconns, 3);
	/* Only what was asked for. */
	req = (struct ds_list_services){0};
	assert_int_equal(ask(&req), EDPVS_OK);
	assert_int_equal(ctrl_reply_len(reply), DS_TLV_SIZE(sizeof(struct ds_list_info)) + SERVICE_RECORD);
}

static struct ds_list_services
filter(uint32_t bits)
{
	return (struct ds_list_services){.want = DS_LIST_WANT_DESTS, .filter = bits};
}

static void
test_filters_of_services(void **state)
{
	struct ds_list_services f;

	add4(0x0a000001, 80, TCP, "rr");
	add4(0x0a000001, 53, UDP, "wrr");
	add4(0x0a0000ff, 443, TCP, "wlc");
	add4(0x0a000100, 80, TCP, "wrr");
	add6(1, 80, "rr");
	add6(2, 443, "wlc");
	add_mark(7);
	add_mark(8);

	assert_int_equal(walk(filter(0)), 8);
	f = filter(DS_FILTER_AF);
	f.af = ABI_AF_INET6;
	assert_int_equal(walk(f), 2);
	f = filter(DS_FILTER_PROTO);
	f.proto = UDP;
	assert_int_equal(walk(f), 1);
	assert_int_equal(found->svc[0].port, rte_cpu_to_be_16(53));
	f = filter(DS_FILTER_VPORT);
	f.vport = rte_cpu_to_be_16(443);
	assert_int_equal(walk(f), 2);
	f.vport = 0; /* services for marks have no port: they do not have port 0 */
	assert_int_equal(walk(f), 0);
	f = filter(DS_FILTER_SCHED);
	strcpy(f.sched_name, "wlc");
	assert_int_equal(walk(f), 2);
	strcpy(f.sched_name, "wl");
	assert_int_equal(walk(f), 0);
	memset(f.sched_name, 'w', sizeof(f.sched_name)); /* no NUL */
	assert_int_equal(walk(f), 0);
	f = filter(DS_FILTER_FWMARK);
	f.fwmark = 8;
	assert_int_equal(walk(f), 1);
	assert_int_equal(found->svc[0].fwmark, 8);
	f.fwmark = 0;
	assert_int_equal(walk(f), 0);
	f = filter(DS_FILTER_AF | DS_FILTER_PROTO | DS_FILTER_VPORT | DS_FILTER_SCHED);
	f.af = ABI_AF_INET;
	f.proto = TCP;
	f.vport = rte_cpu_to_be_16(80);
	strcpy(f.sched_name, "wrr");
	assert_int_equal(walk(f), 1);
	assert_int_equal(page_info().total, 8);
}

static void
test_filter_by_prefix(void **state)
{
	static const struct {
		uint32_t ip;
		uint8_t plen;
		unsigned n;
	} cases[] = {{0x0a000001, 32, 1}, {0x0a000000, 24, 2}, {0x0a0000fe, 31, 1},
		     {0x0a000000, 23, 3}, {0, 0, 3},	       {0x0b000000, 8, 0}};
	struct ds_list_services f = filter(DS_FILTER_VIP);
	union inet_ip a = ip6(0);

	add4(0x0a000001, 80, TCP, "rr");
	add4(0x0a0000ff, 80, TCP, "rr");
	add4(0x0a000100, 80, TCP, "rr");
	add6(1, 80, "rr");
	add6(3, 80, "rr");
	add_mark(1);
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		f.vip = prefix4(cases[i].ip, cases[i].plen);
		assert_int_equal(walk(f), cases[i].n);
	}
	f.vip = (struct ds_prefix){.af = ABI_AF_INET6, .plen = 127};
	memcpy(&f.vip.addr, &a, sizeof(a));
	assert_int_equal(walk(f), 1);
	f.vip.plen = 0;
	assert_int_equal(walk(f), 2);
}

static void
test_filters_of_servers(void **state)
{
	struct lb_service *one = add4(0x0a000001, 80, TCP, "rr"), *two = add4(0x0a000002, 80, TCP, "rr");
	struct lb_service *six = add6(1, 80, "rr");
	struct ds_list_services f = filter(DS_FILTER_RS);

	add4(0x0a000003, 80, TCP, "rr"); /* without servers */
	add_dest(one, INET_AF_V4, ip4(0x0a010001), 80);
	add_dest(one, INET_AF_V4, ip4(0x0a010001), 8080);
	add_dest(one, INET_AF_V4, ip4(0x0a010102), 80);
	add_dest(two, INET_AF_V4, ip4(0x0a010103), 8080);
	add_dest(six, INET_AF_V6, ip6(0x11), 80);
	f.rs = prefix4(0x0a010001, 32);
	assert_int_equal(walk(f), 1);
	assert_int_equal(found->ndests[0], 2);
	assert_int_equal(found->svc[0].num_dests, 3); /* the service has them all the same */
	f.rs = prefix4(0x0a010100, 24);
	assert_int_equal(walk(f), 2);
	assert_int_equal(found->ndests[0], 1);
	assert_int_equal(found->ndests[1], 1);
	f.filter |= DS_FILTER_RPORT;
	f.rport = rte_cpu_to_be_16(8080);
	assert_int_equal(walk(f), 1);
	assert_int_equal(found->serial[0], two->serial);
	f = filter(DS_FILTER_RPORT);
	f.rport = rte_cpu_to_be_16(80);
	assert_int_equal(walk(f), 2);
	/* The same services without their servers; and both records agree. */
	f.want = 0;
	assert_int_equal(walk(f), 2);
	assert_int_equal(found->ndests[0], 0);
	f.want = DS_LIST_WANT_DESTS | DS_LIST_WANT_MORE;
	assert_int_equal(ask(&f), EDPVS_OK);
	copy_record(1, DS_TLV_DESTS, found, 2 * sizeof(struct dp_vs_dest_compat));
	copy_record(1, DS_TLV_DESTS_MORE, found, 2 * sizeof(struct ds_dest_more));
}

static void
test_pages(void **state)
{
	static const uint32_t sizes[] = {1, 400, 1000, 4000, 100000, 0, UINT32_MAX};
	struct ds_list_services req = {.want = DS_LIST_WANT_DESTS};
	unsigned pages_before = UINT32_MAX;

	for (uint16_t i = 0; i < 40; i++)
		add_dest(add4(0x0a000001, (uint16_t)(i + 1), TCP, "rr"), INET_AF_V4, ip4(0x0a010001), 80);
	add_mark(1);
	add_mark(2);
	for (size_t i = 0; i < RTE_DIM(sizes); i++) {
		req.max_bytes = sizes[i];
		assert_int_equal(walk(req), 42);
		assert_true(found->pages <= pages_before);
		pages_before = found->pages;
		for (unsigned k = 0; k < 42; k++)
			assert_int_equal(times_found(found->serial[k]), 1);
		if (sizes[i] == 1)
			assert_int_equal(found->pages, 42);
	}
	assert_int_equal(pages_before, 1);
	/* No page is longer than the wish if it has more than one service. */
	req.max_bytes = 4000;
	assert_int_equal(ask(&req), EDPVS_OK);
	assert_true(ctrl_reply_len(reply) <= 4000);
	assert_true(ctrl_reply_len(reply) > 3000);
}

/* Whatever comes and goes between pages: what exists throughout is listed once, nothing twice. */
static void
test_pages_while_services_change(void **state)
{
	enum { ROUNDS = 50, STAY = 60, ADDED = 100 };

	srand(1);
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct ds_list_services req = {.max_bytes = 1 + (uint32_t)rand() % 3000};
		uint64_t stay[STAY];
		unsigned added = 0;
		bool more = true;

		lb_services_flush();
		for (unsigned i = 0; i < STAY; i++) {
			struct lb_service *svc =
			    i % 3 ? add4(0x0a000001, (uint16_t)(i + 1), TCP, "rr") : add_mark(i + 1);

			stay[i] = svc->serial;
			add4(0x0a000002, (uint16_t)(i + 1), TCP, "rr");
		}
		memset(found, 0, sizeof(*found));
		while (more) {
			struct lb_service *svc;

			more = step(&req);
			/* The service that the cursor names goes too. */
			for (svc = lb_service_next(NULL); svc;) {
				struct lb_service *next = lb_service_next(svc);

				if (svc->key.vip.v4 == rte_cpu_to_be_32(0x0a000002) && rand() % 4 == 0)
					lb_service_del(svc);
				svc = next;
			}
			if (added < ADDED) {
				add4(0x0a000002, (uint16_t)(1000 + added), TCP, "rr");
				if (added % 5 == 0)
					add_mark(1000 + added);
				added++;
			}
			assert_true(found->pages < 1000);
			fix_quiescent();
		}
		for (unsigned i = 0; i < STAY; i++)
			assert_int_equal(times_found(stay[i]), 1);
		for (unsigned i = 0; i < found->n; i++)
			assert_int_equal(times_found(found->serial[i]), 1);
	}
}

/* A service that is deleted and added again is another one. */
static void
test_serials_are_not_used_again(void **state)
{
	struct ds_list_services req = {.max_bytes = 1};
	uint64_t first, second;

	first = add4(0x0a000001, 80, TCP, "rr")->serial;
	add4(0x0a000001, 81, TCP, "rr");
	assert_true(step(&req));
	del(lb_service_next(NULL));
	second = add4(0x0a000001, 80, TCP, "rr")->serial;
	assert_true(second > first);
	while (step(&req))
		;
	assert_int_equal(found->n, 3);
	assert_int_equal(times_found(first), 1);
	assert_int_equal(times_found(second), 1);
}

/* Replaced within a transaction a service is last and new; taken back it is where and what it was. */
static void
test_serials_and_transactions(void **state)
{
	struct lb_service_id id = {
	    .kind = LB_SERVICE_FWMARK, .key = {.af = INET_AF_V4, .proto = TCP}, .fwmark = 1};
	struct lb_service_conf conf = {.sched_name = "rr"};
	struct lb_service *svc = add_mark(1);
	uint64_t first = svc->serial, second = add_mark(2)->serial;

	for (int commit = 0; commit < 2; commit++) {
		assert_true(txn_enter());
		assert_int_equal(lb_service_del(svc), EDPVS_OK);
		assert_int_equal(lb_service_add(&id, &conf), EDPVS_OK);
		txn_leave(true, commit ? EDPVS_OK : EDPVS_INVAL);
		assert_int_equal(walk((struct ds_list_services){.max_bytes = 1}), 2);
		assert_int_equal(found->serial[0], commit ? second : first);
		assert_true(found->serial[1] > found->serial[0]);
		assert_int_equal(times_found(first), !commit);
	}
}

static void
test_generation_tells_of_changes(void **state)
{
	struct ds_list_services req = {.max_bytes = 1};
	struct dp_vs_service_compat c = {.af = 2, .proto = TCP, .port = 7, .sched_name = "rr"};
	struct ctrl_request add = {.id = DPVS_SO_SET_ADD, .type = SOCKOPT_SET, .body = &c, .len = sizeof(c)};
	uint64_t before;

	add4(0x0a000001, 80, TCP, "rr");
	assert_int_equal(ask(&req), EDPVS_OK);
	before = page_info().generation;
	assert_int_equal(ask(&req), EDPVS_OK);
	assert_int_equal(page_info().generation, before);
	assert_int_equal(ctrl_dispatch(&add, reply), EDPVS_OK);
	assert_int_equal(ask(&req), EDPVS_OK);
	assert_true(page_info().generation > before);
}

static void
test_refuses(void **state)
{
	struct ds_list_services good = {0}, bad;
	uint8_t long_body[sizeof(good) + 64] = {0};

	add4(0x0a000001, 80, TCP, "rr");
	assert_int_equal(ask_bytes(&good, sizeof(good) - 1), EDPVS_INVAL);
	assert_int_equal(ask_bytes(&good, 0), EDPVS_INVAL);
	assert_int_equal(ask_bytes(long_body, sizeof(long_body)), EDPVS_OK);
	for (unsigned bit = 0; bit < 32; bit++) {
		bad = good;
		bad.filter = 1u << bit;
		bad.af = ABI_AF_INET;
		bad.vip = bad.rs = prefix4(0, 0);
		assert_int_equal(ask(&bad), bit < 8 ? EDPVS_OK : EDPVS_INVAL);
		bad = good;
		bad.want = 1u << bit;
		assert_int_equal(ask(&bad), bit < 4 ? EDPVS_OK : EDPVS_INVAL);
	}
	bad = filter(DS_FILTER_AF);
	bad.af = 3;
	assert_int_equal(ask(&bad), EDPVS_INVAL);
	for (int which = 0; which < 2; which++) {
		static const struct ds_prefix wrong[] = {{.af = ABI_AF_INET, .plen = 33},
							 {.af = ABI_AF_INET6, .plen = 129},
							 {.af = 0, .plen = 0},
							 {.af = 255, .plen = 255}};

		for (size_t i = 0; i < RTE_DIM(wrong); i++) {
			bad = filter(which ? DS_FILTER_VIP : DS_FILTER_RS);
			*(which ? &bad.vip : &bad.rs) = wrong[i];
			assert_int_equal(ask(&bad), EDPVS_INVAL);
		}
	}
	bad = good;
	bad.index = FIX_WORKERS;
	assert_int_equal(ask(&bad), EDPVS_OK);
	bad.index++;
	assert_int_equal(ask(&bad), EDPVS_INVAL);
}

static void
test_cursors_that_nobody_made(void **state)
{
	struct ds_list_services req = {.max_bytes = 1};
	struct ds_list_info info;

	add4(0x0a000001, 80, TCP, "rr");
	add4(0x0a000001, 81, TCP, "rr");
	assert_int_equal(ask(&req), EDPVS_OK);
	info = page_info();
	for (size_t byte = 0; byte < sizeof(info.cursor); byte++) {
		for (unsigned value = 0; value < 256; value += 5) {
			int rc;

			memcpy(req.cursor, info.cursor, sizeof(req.cursor));
			req.cursor[byte] ^= (uint8_t)value;
			rc = ask(&req);
			/* Another kind or another daemon is refused, another place is a place. */
			assert_true(rc == EDPVS_OK || (rc == EDPVS_INVAL && byte >= 8));
			if (byte >= 12 && value)
				assert_int_equal(rc, EDPVS_INVAL);
		}
	}
	memset(req.cursor, 0xff, sizeof(req.cursor));
	assert_int_equal(ask(&req), EDPVS_INVAL);
}

static double
milliseconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static void
test_time_for_a_big_configuration(void **state)
{
	enum { SERVICES = 5000, DESTS = 10, RUNS = 5 };
	struct ds_list_services req = {.want = DS_LIST_WANT_DESTS | DS_LIST_WANT_MORE,
				       .max_bytes = UINT32_MAX};
	double best = 1e9;

	for (unsigned i = 0; i < SERVICES; i++) {
		struct lb_service *svc = add4(0x0a000000 + i / 1000, (uint16_t)(1 + i % 1000), TCP, "rr");

		for (unsigned k = 0; k < DESTS; k++)
			add_dest(svc, INET_AF_V4, ip4(0x0a100000 + k), (uint16_t)(1 + i));
		fix_quiescent();
	}
	for (unsigned run = 0; run < RUNS; run++) {
		double began = milliseconds(), took;

		assert_int_equal(ask(&req), EDPVS_OK);
		took = milliseconds() - began;
		best = took < best ? took : best;
	}
	print_message("%u services with %u servers each: %.1f ms, %zu bytes\n", SERVICES, DESTS, best,
		      ctrl_reply_len(reply));
	/* One page, and everything in it. */
	assert_int_equal(page_info().flags, 0);
	assert_int_equal(page_info().total, SERVICES);
	assert_int_equal(ctrl_reply_len(reply),
			 DS_TLV_SIZE(sizeof(struct ds_list_info)) +
			     SERVICES * (SERVICE_RECORD + DS_TLV_SIZE(sizeof(struct ds_service_more)) +
					 DS_TLV_SIZE(DESTS * sizeof(struct dp_vs_dest_compat)) +
					 DS_TLV_SIZE(DESTS * sizeof(struct ds_dest_more))));
	/* A bound that a loaded machine and a sanitizer keep, and a quadratic listing does not. */
	assert_true(best < 1000);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, list_setup, list_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_empty),
					   TEST(test_same_bytes_as_the_old_listings),
					   TEST(test_more),
					   TEST(test_filters_of_services),
					   TEST(test_filter_by_prefix),
					   TEST(test_filters_of_servers),
					   TEST(test_pages),
					   TEST(test_pages_while_services_change),
					   TEST(test_serials_are_not_used_again),
					   TEST(test_serials_and_transactions),
					   TEST(test_generation_tells_of_changes),
					   TEST(test_refuses),
					   TEST(test_cursors_that_nobody_made),
					   TEST(test_time_for_a_big_configuration)};

	return cmocka_run_group_tests(tests, list_group_setup, NULL);
}

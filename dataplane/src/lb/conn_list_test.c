/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of connections: tables as workers fill them, against a list of what was put in. */
#include "control_fixture.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <rte_byteorder.h>

#include "abi/abi.h"
#include "base/hash.h"
#include "core/clock.h"
#include "ctrl/ctrl.h"
#include "lb/lb.h"
#include "lb_worker.h"

enum { CAPACITY = 150000, TIMEOUT_S = 90 };

static struct ctrl_reply *reply;
static struct lb_worker lbs[FIX_WORKERS];

/* What was put in, and where it is. */
struct known {
	struct ip_vs_conn_entry e;
	uint32_t idx;
	uint8_t worker;
};

static int
group_setup(void **state)
{
	lb_ctrl_register();
	return fix_group_setup(state);
}

static int
setup(void **state)
{
	int err = fix_setup(state);

	reply = ctrl_reply_new();
	for (unsigned i = 0; i < FIX_WORKERS && !err; i++) {
		err = conn_table_init(&lbs[i].t, CAPACITY, clock_now_ms());
		workers[i]->lb = &lbs[i];
	}
	return err;
}

static int
teardown(void **state)
{
	for (unsigned i = 0; i < FIX_WORKERS; i++)
		conn_table_fini(&lbs[i].t);
	ctrl_reply_free(reply);
	return fix_teardown(state);
}

static uint64_t seed = 1;

static uint32_t
any(uint32_t below)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (uint32_t)((seed * 2685821657736338717ull >> 32) % below);
}

/* ---- connections ---- */

static void
address(uint8_t af, uint8_t net, unsigned n, union inet_addr *out)
{
	const uint8_t v4[4] = {(uint8_t)(10 + (n >> 16)), net, (uint8_t)(n >> 8), (uint8_t)n},
		      v6[16] = {0xfd, net, [13] = (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};

	memset(out, 0, sizeof(*out));
	memcpy(out, af == INET_AF_V4 ? v4 : v6, inet_len(af));
}

static const char *
name_of(uint8_t proto, uint8_t state)
{
	static const char *const tcp[] = {"TCP_NONE", "TCP_EST", "SYN_SENT", "SYN_RECV"}, *const udp[] = {
											      "UDP_NONE",
											      "UDP_ONEWAY",
											      "UDP_NORM"};

	return proto == PKT_PROTO_TCP ? tcp[state] : udp[state];
}

/* Connection number n of a worker; few different values, so that every filter finds some. */
static struct known
known_make(unsigned worker, unsigned n)
{
	uint8_t af = any(4) ? INET_AF_V4 : INET_AF_V6, proto = any(3) ? PKT_PROTO_TCP : PKT_PROTO_UDP;
	struct known k = {.worker = (uint8_t)worker,
			  .e = {.in_af = af,
				.out_af = af,
				.proto = proto,
				.cport = rte_cpu_to_be_16((uint16_t)(1024 + any(50))),
				.vport = rte_cpu_to_be_16(any(2) ? 80 : 443),
				.lport = rte_cpu_to_be_16((uint16_t)(1025 + n % 60000)),
				.dport = rte_cpu_to_be_16((uint16_t)(8080 + any(2))),
				.timeout = TIMEOUT_S,
				.lcoreid = (uint8_t)(FIX_LCORE0 + worker)}};

	address(af, 1, n, &k.e.caddr); /* its own */
	address(af, 2, any(3), &k.e.vaddr);
	address(af, 3, n / 60000, &k.e.laddr);
	address(af, 4, any(300), &k.e.daddr);
	strcpy(k.e.state, name_of(proto, (uint8_t)any(3)));
	return k;
}

static uint8_t
state_of(const struct known *k)
{
	for (uint8_t s = 0; s < 3; s++)
		if (strcmp(k->e.state, name_of((uint8_t)k->e.proto, s)) == 0)
			return s;
	return 0;
}

static void
conn_fill(struct conn_table *t, uint32_t idx, const struct known *k)
{
	struct conn_hot *c = &t->hot[idx];
	bool v6 = k->e.in_af == INET_AF_V6;

	c->proto = (uint8_t)k->e.proto;
	c->state = state_of(k);
	c->fwd = LB_FWD_FNAT;
	c->cport = k->e.cport;
	c->vport = k->e.vport;
	c->lport = k->e.lport;
	c->rport = k->e.dport;
	if (v6) {
		c->flags = CONN_F_V6 | CONN_F_RS_V6;
		memcpy(&t->v6[idx].caddr, &k->e.caddr, 16);
		memcpy(&t->v6[idx].vaddr, &k->e.vaddr, 16);
		memcpy(&t->v6[idx].laddr, &k->e.laddr, 16);
		memcpy(&t->v6[idx].raddr, &k->e.daddr, 16);
	} else {
		memcpy(&c->caddr, &k->e.caddr, 4);
		memcpy(&c->vaddr, &k->e.vaddr, 4);
		memcpy(&c->laddr, &k->e.laddr, 4);
		memcpy(&c->raddr, &k->e.daddr, 4);
	}
}

static void
conn_put(struct known *k)
{
	struct conn_table *t = &lbs[k->worker].t;
	uint32_t idx = conn_alloc(t);

	assert_int_not_equal(idx, CONN_NONE);
	conn_fill(t, idx, k);
	if (t->account)
		conn_account_start(t, idx, clock_now_ms());
	assert_true(conn_commit(t, idx, conn_hash(t, idx, CONN_DIR_IN), conn_hash(t, idx, CONN_DIR_OUT)));
	conn_set_timeout(t, idx, TIMEOUT_S, clock_now_ms());
	k->idx = idx;
}

/* n connections of each worker, in the order of the list. */
static struct known *
world_make(unsigned n)
{
	struct known *all = calloc(FIX_WORKERS * n, sizeof(*all));

	for (unsigned i = 0; i < FIX_WORKERS * n; i++) {
		all[i] = known_make(i / n, i % n);
		conn_put(&all[i]);
	}
	return all;
}

/* ---- requests ---- */

static int
list(const void *body, size_t len)
{
	uint8_t *copy = malloc(len + 1);
	struct ctrl_request req = {
	    .id = DS_MSG_LIST_CONNS, .type = SOCKOPT_GET, .body = copy + 1, .len = len};
	int rc;

	memcpy(copy + 1, body, len);
	ctrl_reply_free(reply);
	reply = ctrl_reply_new();
	rc = ctrl_dispatch(&req, reply);
	free(copy);
	return rc;
}

/* Payload of a page's only record of a type; *n is the number of its elements. */
static const uint8_t *
record(uint16_t type, size_t size, unsigned *n)
{
	const uint8_t *payload = NULL;
	struct ds_tlv tlv;

	for (size_t at = 0; at < ctrl_reply_len(reply); at += DS_TLV_SIZE(tlv.len)) {
		memcpy(&tlv, ctrl_reply_at(reply, at), sizeof(tlv));
		if (tlv.type != type)
			continue;
		assert_null(payload);
		assert_int_equal(tlv.len % size, 0);
		*n = (unsigned)(tlv.len / size);
		payload = ctrl_reply_at(reply, at + sizeof(tlv));
	}
	assert_non_null(payload);
	return payload;
}

static struct ds_list_info
page_info(void)
{
	struct ds_list_info info;
	unsigned n;

	memcpy(&info, record(DS_TLV_LIST_INFO, sizeof(info), &n), sizeof(info));
	assert_int_equal(n, 1);
	return info;
}

/* Asks for one page after the other; what they have is in all[] and their number is returned. */
static unsigned
walk(struct ds_list_conns ask, uint16_t type, size_t size, void *all, unsigned room, unsigned *pages)
{
	struct ds_list_info info;
	unsigned got = 0, n;

	*pages = 0;
	do {
		const uint8_t *page;

		assert_int_equal(list(&ask, sizeof(ask)), EDPVS_OK);
		info = page_info();
		page = record(type, size, &n);
		assert_true(got + n <= room);
		memcpy((uint8_t *)all + got * size, page, n * size);
		got += n;
		memcpy(ask.cursor, info.cursor, sizeof(ask.cursor));
		++*pages;
	} while (info.flags & DS_LIST_F_MORE);
	return got;
}

static unsigned
walk_conns(struct ds_list_conns ask, struct ip_vs_conn_entry *all, unsigned room)
{
	unsigned pages;

	return walk(ask, DS_TLV_CONNS, sizeof(*all), all, room, &pages);
}

/* ---- filters ---- */

static bool
has_prefix(const struct ds_prefix *p, uint16_t af, const union inet_addr *a)
{
	union inet_ip prefix = inet_ip_make(p->af, p->addr.in6), ip = inet_ip_make(af, a->in6);

	return p->af == af && inet_ip_in_prefix(af, &ip, &prefix, p->plen);
}

static bool
expected(const struct ds_list_conns *a, const struct ip_vs_conn_entry *e)
{
	uint32_t f = a->filter;

	return !(
	    (f & DS_FILTER_AF && a->af != e->in_af) || (f & DS_FILTER_PROTO && a->proto != e->proto) ||
	    (f & DS_FILTER_CPORT && a->cport != e->cport) || (f & DS_FILTER_VPORT && a->vport != e->vport) ||
	    (f & DS_FILTER_LPORT && a->lport != e->lport) || (f & DS_FILTER_RPORT && a->rport != e->dport) ||
	    (f & DS_FILTER_CLIENT && !has_prefix(&a->client, e->in_af, &e->caddr)) ||
	    (f & DS_FILTER_VIP && !has_prefix(&a->vip, e->in_af, &e->vaddr)) ||
	    (f & DS_FILTER_LADDR && !has_prefix(&a->laddr, e->out_af, &e->laddr)) ||
	    (f & DS_FILTER_RS && !has_prefix(&a->rs, e->out_af, &e->daddr)) ||
	    (f & DS_FILTER_STATE && strcmp(a->state, e->state) != 0) ||
	    (f & DS_FILTER_LCORE && a->lcore != e->lcoreid));
}

/* A filter that finds the connection of e, if nothing else. */
static struct ds_list_conns
filter_for(const struct ip_vs_conn_entry *e, uint32_t bits, uint8_t shorter)
{
	uint8_t af = (uint8_t)e->in_af, plen = (uint8_t)(inet_bits(af) - shorter);
	struct ds_list_conns a = {.filter = bits,
				  .lcore = e->lcoreid,
				  .af = af,
				  .proto = (uint8_t)e->proto,
				  .client = {.addr = e->caddr, .af = af, .plen = plen},
				  .vip = {.addr = e->vaddr, .af = af, .plen = plen},
				  .laddr = {.addr = e->laddr, .af = af, .plen = plen},
				  .rs = {.addr = e->daddr, .af = af, .plen = plen},
				  .cport = e->cport,
				  .vport = e->vport,
				  .lport = e->lport,
				  .rport = e->dport};

	memcpy(a.state, e->state, sizeof(a.state));
	return a;
}

enum {
	EACH_FILTER = DS_FILTER_AF | DS_FILTER_PROTO | DS_FILTER_VIP | DS_FILTER_VPORT | DS_FILTER_RS |
		      DS_FILTER_RPORT | DS_FILTER_CLIENT | DS_FILTER_CPORT | DS_FILTER_LADDR |
		      DS_FILTER_LPORT | DS_FILTER_STATE | DS_FILTER_LCORE,
};

static void
assert_found(const struct ds_list_conns *ask, const struct known *all, unsigned n,
	     struct ip_vs_conn_entry *found)
{
	unsigned got = walk_conns(*ask, found, n), k = 0;

	for (unsigned i = 0; i < n; i++) {
		if (!expected(ask, &all[i].e))
			continue;
		assert_true(k < got);
		assert_memory_equal(&found[k++], &all[i].e, sizeof(*found));
	}
	assert_int_equal(k, got);
}

static void
test_filters(void **state)
{
	enum { N = 1500 };
	struct ip_vs_conn_entry *found = calloc(FIX_WORKERS * N, sizeof(*found));
	struct known *all = world_make(N);

	/* No filter: everything, by lcore. Then each alone, and combinations of a few. */
	for (unsigned i = 0; i < 400; i++) {
		const struct ip_vs_conn_entry *e = &all[any(FIX_WORKERS * N)].e;
		uint32_t bits = i == 0 ? 0 : i < 32 ? 1u << i : any(1 << 14) & any(1 << 14);
		struct ds_list_conns ask = filter_for(e, bits & EACH_FILTER, (uint8_t)any(12));

		ask.max_entries = any(3) ? 0 : 1 + any(500);
		assert_found(&ask, all, FIX_WORKERS * N, found);
	}
	assert_int_equal(list(&(struct ds_list_conns){0}, sizeof(struct ds_list_conns)), EDPVS_OK);
	assert_int_equal(page_info().total, FIX_WORKERS * N);
	free(all);
	free(found);
}

/* All that a client knows of its connection: found by hash, also behind full buckets. */
static void
test_one_connection(void **state)
{
	const uint32_t tuple =
	    DS_FILTER_PROTO | DS_FILTER_CLIENT | DS_FILTER_CPORT | DS_FILTER_VIP | DS_FILTER_VPORT;
	enum { N = CAPACITY };
	struct known *all = world_make(N);
	struct ip_vs_conn_entry found[2];
	struct ds_list_conns ask;
	unsigned pages, overflowed = 0;

	for (unsigned i = 0; i < FIX_WORKERS; i++)
		overflowed += lbs[i].t.overflow_fresh - 1;
	assert_true(overflowed > 0);
	for (unsigned i = 0; i < FIX_WORKERS * N; i++) {
		ask = filter_for(&all[i].e, tuple, 0);
		ask.max_entries = 1;
		assert_true(walk(ask, DS_TLV_CONNS, sizeof(found[0]), found, 2, &pages) >= 1);
		assert_true(memcmp(&found[0], &all[i].e, sizeof(found[0])) == 0 || pages == 2);
	}
	/* Whatever else is asked for counts, too. */
	ask = filter_for(&all[0].e, tuple | DS_FILTER_STATE, 0);
	assert_int_equal(walk_conns(ask, found, 2), 1);
	strcpy(ask.state, "LISTEN");
	assert_int_equal(walk_conns(ask, found, 2), 0);
	ask = filter_for(&all[0].e, tuple | DS_FILTER_LCORE, 0);
	ask.lcore = FIX_LCORE0 + 1;
	assert_int_equal(walk_conns(ask, found, 2), 0);
	ask = filter_for(&all[0].e, tuple, 0);
	conn_remove(&lbs[0].t, all[0].idx);
	assert_int_equal(walk_conns(ask, found, 2), 0);
	free(all);
}

/* ---- pages ---- */

static void
test_pages_are_bounded(void **state)
{
	enum { N = 100000 };
	struct ip_vs_conn_entry *found = calloc(FIX_WORKERS * N, sizeof(*found));
	struct known *all = world_make(N);
	struct ds_list_conns ask = {.filter = DS_FILTER_LPORT}, everything = {.max_entries = UINT32_MAX};
	unsigned pages, n;
	clock_t at = clock();

	/* Nothing is found, and yet it takes pages. */
	assert_int_equal(walk(ask, DS_TLV_CONNS, sizeof(*found), found, 1, &pages), 0);
	assert_int_equal(pages, 4);
	print_message("a page of 65536 that finds nothing: %.1f ms\n",
		      (double)(clock() - at) * 1000 / CLOCKS_PER_SEC / 3);
	assert_int_equal(list(&everything, sizeof(everything)), EDPVS_OK);
	record(DS_TLV_CONNS, sizeof(*found), &n);
	assert_int_equal(n, CTRL_PAGE_CONNS_MAX);
	assert_int_equal(walk_conns(everything, found, FIX_WORKERS * N), FIX_WORKERS * N);
	free(all);
	free(found);
}

/* What is there during the whole walk is listed exactly once, whatever else happens. */
static void
test_walk_while_connections_change(void **state)
{
	enum { N = 2000 };
	unsigned *seen = calloc(FIX_WORKERS * N, sizeof(*seen)), n;
	struct ds_list_conns ask = {.max_entries = 37};
	struct known *all = world_make(N), late;
	struct ds_list_info info;

	do {
		const uint8_t *page;

		assert_int_equal(list(&ask, sizeof(ask)), EDPVS_OK);
		info = page_info();
		page = record(DS_TLV_CONNS, sizeof(late.e), &n);
		for (unsigned i = 0; i < n; i++) {
			struct ip_vs_conn_entry e;

			memcpy(&e, page + i * sizeof(e), sizeof(e));
			for (unsigned k = 0; k < FIX_WORKERS * N; k++)
				seen[k] += memcmp(&e, &all[k].e, sizeof(e)) == 0;
		}
		memcpy(ask.cursor, info.cursor, sizeof(ask.cursor));
		/* Odd ones go, others come in their places. */
		for (unsigned i = 0; i < 20; i++) {
			struct known *k = &all[any(FIX_WORKERS * N / 2) * 2 + 1];

			if (k->idx) {
				conn_remove(&lbs[k->worker].t, k->idx);
				k->idx = 0;
			}
			late = known_make(any(FIX_WORKERS), N + any(50000));
			conn_put(&late);
		}
	} while (info.flags & DS_LIST_F_MORE);
	for (unsigned k = 0; k < FIX_WORKERS * N; k++)
		assert_in_range(seen[k], all[k].idx ? 1 : 0, 1);
	free(all);
	free(seen);
}

static volatile bool stop;

/* A worker that opens and closes connections in haste. Their ports belong to their addresses. */
static void *
work(void *arg)
{
	struct conn_table *t = &lbs[0].t;
	uint32_t open[64] = {0};

	for (uint32_t i = 1; !stop; i++) {
		uint32_t *slot = &open[i % RTE_DIM(open)];
		struct conn_hot *c;

		if (*slot)
			conn_remove(t, *slot);
		*slot = conn_alloc(t);
		c = &t->hot[*slot];
		c->proto = PKT_PROTO_TCP;
		c->caddr = c->vaddr = c->laddr = c->raddr = i;
		c->cport = c->vport = c->lport = c->rport = (uint16_t)i;
		if (!conn_commit(t, *slot, conn_hash(t, *slot, CONN_DIR_IN),
				 conn_hash(t, *slot, CONN_DIR_OUT)))
			abort();
		conn_set_timeout(t, *slot, TIMEOUT_S, 0);
	}
	return NULL;
}

static void
test_torn_entries_are_skipped(void **state)
{
	const struct ds_list_conns ask = {.max_entries = 1000};
	unsigned n, listed = 0;
	pthread_t worker;

	stop = false;
	assert_int_equal(pthread_create(&worker, NULL, work, NULL), 0);
	for (unsigned round = 0; round < 20000 || listed == 0; round++) {
		const uint8_t *page;

		assert_int_equal(list(&ask, sizeof(ask)), EDPVS_OK);
		page = record(DS_TLV_CONNS, sizeof(struct ip_vs_conn_entry), &n);
		for (unsigned i = 0; i < n; i++) {
			struct ip_vs_conn_entry e;
			uint32_t client;

			memcpy(&e, page + i * sizeof(e), sizeof(e));
			memcpy(&client, &e.caddr, sizeof(client));
			assert_memory_equal(&e.caddr, &e.daddr, sizeof(e.caddr));
			assert_memory_equal(&e.caddr, &e.laddr, sizeof(e.caddr));
			assert_int_equal(e.cport, (uint16_t)client);
			assert_int_equal(e.dport, e.cport);
		}
		listed += n;
	}
	stop = true;
	pthread_join(worker, NULL);
}

/* ---- more, counts ---- */

static struct ds_conn_more
more_of_first(void)
{
	struct ds_list_conns ask = {.want = DS_CONNS_WANT_MORE};
	struct ds_conn_more more;
	unsigned n;

	assert_int_equal(list(&ask, sizeof(ask)), EDPVS_OK);
	memcpy(&more, record(DS_TLV_CONNS_MORE, sizeof(more), &n), sizeof(more));
	assert_int_equal(n, 1);
	record(DS_TLV_CONNS, sizeof(struct ip_vs_conn_entry), &n);
	assert_int_equal(n, 1);
	return more;
}

static void
test_more(void **state)
{
	struct known k = known_make(1, 1);
	struct conn_table *t = &lbs[1].t;
	struct ds_conn_more more;

	conn_put(&k);
	more = more_of_first();
	assert_int_equal(more.left_ms, TIMEOUT_S * 1000);
	assert_int_equal(more.fwd, DPVS_FWD_MODE_FNAT);
	assert_int_equal(more.flags, IP_VS_CONN_F_FULLNAT | IP_VS_CONN_F_HASHED | IP_VS_CONN_F_INACTIVE |
					 IP_VS_CONN_F_IN_TIMER);
	assert_true(more.in_packets == DS_UNKNOWN64 && more.in_bytes == DS_UNKNOWN64);
	assert_true(more.out_packets == DS_UNKNOWN64 && more.out_bytes == DS_UNKNOWN64);
	assert_true(more.age_ms == DS_UNKNOWN64);
	t->hot[k.idx].flags |= CONN_F_ACTIVE | CONN_F_EXPIRE_Q;
	clock_warp(40000);
	more = more_of_first();
	assert_int_equal(more.left_ms, (TIMEOUT_S - 40) * 1000);
	assert_int_equal(more.flags, IP_VS_CONN_F_FULLNAT | IP_VS_CONN_F_HASHED | IP_VS_CONN_F_IN_TIMER |
					 IP_VS_CONN_F_EXPIRE_QUIESCENT);
	/* Overdue, and not yet expired. */
	clock_warp(60000);
	assert_int_equal(more_of_first().left_ms, 0);
	/* A worker whose clock is ahead. */
	t->hot[k.idx].last_seen = conn_tick(clock_now_ms()) + 1;
	assert_int_equal(more_of_first().left_ms, TIMEOUT_S * 1000);
	/* Longer than 32 bits can tell. */
	conn_set_timeout(t, k.idx, 60 * 86400, clock_now_ms());
	assert_int_equal(more_of_first().left_ms, UINT32_MAX);
}

static void
test_accounting(void **state)
{
	struct known k = known_make(1, 1), next = known_make(1, 2);
	struct conn_table *t = &lbs[1].t;
	struct ds_conn_more more;

	assert_int_equal(conn_table_account(t), EDPVS_OK);
	assert_int_equal(conn_table_account(&lbs[0].t), EDPVS_OK);
	clock_warp(123456789);
	conn_put(&k);
	more = more_of_first();
	assert_true(!more.in_packets && !more.in_bytes && !more.out_packets && !more.out_bytes);
	assert_int_equal(more.age_ms, 0);
	for (unsigned i = 0; i < 3; i++)
		conn_account_add(t, k.idx, CONN_DIR_IN, 100);
	conn_account_add(t, k.idx, CONN_DIR_OUT, 1500);
	clock_warp(80000);
	more = more_of_first();
	assert_int_equal(more.in_packets, 3);
	assert_int_equal(more.in_bytes, 300);
	assert_int_equal(more.out_packets, 1);
	assert_int_equal(more.out_bytes, 1500);
	assert_int_equal(more.age_ms, 80000);
	/* More packets than 32 bits count do not touch the age. */
	t->account[k.idx].packets[CONN_DIR_IN] += 0xffffffffffull;
	more = more_of_first();
	assert_int_equal(more.in_packets, 0xffffffffffull + 3);
	assert_int_equal(more.age_ms, 80000);
	/* Who gets the place starts from the beginning. */
	conn_remove(t, k.idx);
	conn_put(&next);
	assert_int_equal(next.idx, k.idx);
	more = more_of_first();
	assert_true(!more.in_packets && !more.in_bytes && !more.out_packets && !more.out_bytes);
	assert_int_equal(more.age_ms, 0);
}

static bool
same_group(const struct ds_conn_count *g, const struct ip_vs_conn_entry *e)
{
	return g->in_af == e->in_af && g->out_af == e->out_af && g->proto == e->proto &&
	       g->lcore == e->lcoreid && g->vport == e->vport && g->dport == e->dport &&
	       memcmp(&g->vaddr, &e->vaddr, 16) == 0 && memcmp(&g->daddr, &e->daddr, 16) == 0 &&
	       memcmp(g->state, e->state, 16) == 0;
}

/* Every connection is counted in the one group that is its own; the sum of all says that no group is too
 * large. */
static void
assert_counts(struct ds_list_conns ask, const struct known *all, unsigned n)
{
	struct ds_conn_count *groups = calloc(n, sizeof(*groups));
	unsigned ngroups, pages, want = 0;
	uint64_t sum = 0;

	ask.want = DS_CONNS_WANT_COUNTS;
	ngroups = walk(ask, DS_TLV_CONN_COUNTS, sizeof(*groups), groups, n, &pages);
	assert_int_equal(pages, 1);
	for (unsigned i = 0; i < ngroups; i++)
		sum += groups[i].count;
	for (unsigned i = 0; i < n; i++) {
		unsigned matches = 0;

		if (!expected(&ask, &all[i].e))
			continue;
		want++;
		for (unsigned g = 0; g < ngroups; g++) {
			if (!same_group(&groups[g], &all[i].e))
				continue;
			matches++;
			groups[g].count--;
		}
		assert_int_equal(matches, 1);
	}
	assert_int_equal(sum, want);
	for (unsigned g = 0; g < ngroups; g++)
		assert_int_equal(groups[g].count, 0);
	free(groups);
}

static void
test_counts(void **state)
{
	enum { N = 1500 };
	struct known *all = world_make(N);

	assert_counts((struct ds_list_conns){0}, all, FIX_WORKERS * N);
	assert_counts(filter_for(&all[5].e, DS_FILTER_VIP | DS_FILTER_STATE, 0), all, FIX_WORKERS * N);
	assert_counts(filter_for(&all[N + 5].e, DS_FILTER_LCORE, 0), all, FIX_WORKERS * N);
	free(all);
}

/* A template like the connection, as persist.c makes them. */
static void
template_put(const struct known *k)
{
	struct conn_table *t = &lbs[k->worker].t;
	uint32_t idx = conn_alloc(t);
	struct conn_hot *c = &t->hot[idx];

	assert_int_not_equal(idx, CONN_NONE);
	conn_fill(t, idx, k);
	c->proto = conn_template_proto((uint8_t)k->e.proto);
	c->flags |= CONN_F_TEMPLATE | CONN_F_ONE_WAY;
	assert_true(conn_commit(t, idx, conn_hash(t, idx, CONN_DIR_IN), 0));
	conn_set_timeout(t, idx, TIMEOUT_S, clock_now_ms());
	t->templates++;
}

static void
test_templates(void **state)
{
	struct ds_list_conns ask = {.want = DS_CONNS_WANT_MORE};
	struct known conn = known_make(0, 1), tmpl = known_make(1, 2);
	const struct known *want[] = {&conn, &tmpl};
	const uint32_t tuple =
	    DS_FILTER_PROTO | DS_FILTER_CLIENT | DS_FILTER_CPORT | DS_FILTER_VIP | DS_FILTER_VPORT;
	struct ds_conn_more more;
	unsigned n;

	conn_put(&conn);
	template_put(&tmpl);
	for (unsigned i = 0; i < 2; i++) {
		ask.want = DS_CONNS_WANT_MORE | (i ? DS_CONNS_WANT_TEMPLATES : 0);
		assert_int_equal(list(&ask, sizeof(ask)), EDPVS_OK);
		assert_int_equal(page_info().total, 1);
		assert_int_equal(page_info().flags, 0);
		assert_memory_equal(record(DS_TLV_CONNS, sizeof(conn.e), &n), &want[i]->e, sizeof(conn.e));
		assert_int_equal(n, 1);
		memcpy(&more, record(DS_TLV_CONNS_MORE, sizeof(more), &n), sizeof(more));
		assert_int_equal(n, 1);
		assert_int_equal(more.flags & IP_VS_CONN_F_TEMPLATE, i ? IP_VS_CONN_F_TEMPLATE : 0);
	}
	/* By name. */
	for (unsigned i = 0; i < 2; i++) {
		ask = filter_for(&tmpl.e, tuple, 0);
		ask.want = i ? DS_CONNS_WANT_TEMPLATES : 0;
		assert_int_equal(list(&ask, sizeof(ask)), EDPVS_OK);
		record(DS_TLV_CONNS, sizeof(conn.e), &n);
		assert_int_equal(n, i);
	}
}

/* ---- hostile requests ---- */

static void
assert_refused(struct ds_list_conns ask)
{
	assert_int_equal(list(&ask, sizeof(ask)), EDPVS_INVAL);
	assert_int_equal(ctrl_reply_len(reply), 0);
}

static void
test_refused(void **state)
{
	struct known k = known_make(0, 1);
	struct ds_list_conns ask = {.max_entries = 1};

	assert_refused((struct ds_list_conns){.want = 8});
	assert_refused((struct ds_list_conns){.filter = DS_FILTER_SCHED});
	assert_refused((struct ds_list_conns){.filter = DS_FILTER_FWMARK});
	assert_refused((struct ds_list_conns){.filter = 0x4000});
	assert_refused((struct ds_list_conns){.filter = DS_FILTER_AF, .af = 7});
	assert_refused((struct ds_list_conns){.filter = DS_FILTER_CLIENT});
	assert_refused((struct ds_list_conns){.filter = DS_FILTER_VIP, .vip = {.af = 2, .plen = 33}});
	assert_refused((struct ds_list_conns){.filter = DS_FILTER_LADDR, .laddr = {.af = 10, .plen = 129}});
	assert_refused((struct ds_list_conns){.filter = DS_FILTER_RS, .rs = {.af = 3, .plen = 0}});
	assert_refused((struct ds_list_conns){.filter = DS_FILTER_LCORE, .lcore = FIX_LCORE0 + FIX_WORKERS});
	assert_int_equal(list(&ask, sizeof(ask) - 1), EDPVS_INVAL);
	/* Cursors that are not ours, of another daemon, of a worker that there is not. */
	conn_put(&k);
	k = known_make(0, 2);
	conn_put(&k);
	assert_refused((struct ds_list_conns){.cursor = {1}});
	assert_int_equal(list(&ask, sizeof(ask)), EDPVS_OK);
	for (unsigned i = 8; i < 16; i++) {
		struct ds_list_info info = page_info();
		struct ds_list_conns again = ask;

		memcpy(again.cursor, info.cursor, sizeof(again.cursor));
		again.cursor[i] ^= 1;
		assert_refused(again);
		again.cursor[i] ^= 1;
		again.cursor[0] = FIX_WORKERS;
		assert_refused(again);
		assert_int_equal(list(&ask, sizeof(ask)), EDPVS_OK);
	}
}

static void
test_noise(void **state)
{
	struct known *all = world_make(300);
	uint8_t body[sizeof(struct ds_list_conns) + 8];

	for (unsigned i = 0; i < 20000; i++) {
		struct ds_list_conns sane =
		    filter_for(&all[any(600)].e, any(1 << 14) & EACH_FILTER, (uint8_t)any(4));

		sane.want = any(8);
		if (any(3) == 0 && list(&sane, sizeof(sane)) == EDPVS_OK)
			memcpy(sane.cursor, page_info().cursor, sizeof(sane.cursor));
		memset(body, 0, sizeof(body));
		memcpy(body, &sane, sizeof(sane));
		for (unsigned k = any(5); k > 0; k--)
			body[any(sizeof(body))] ^= (uint8_t)(1u << any(8));
		list(body, any(4) ? sizeof(body) : any(sizeof(body)));
	}
	free(all);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_filters),
	    T(test_one_connection),
	    T(test_pages_are_bounded),
	    T(test_walk_while_connections_change),
	    T(test_torn_entries_are_skipped),
	    T(test_more),
	    T(test_accounting),
	    T(test_counts),
	    T(test_templates),
	    T(test_refused),
	    T(test_noise),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}

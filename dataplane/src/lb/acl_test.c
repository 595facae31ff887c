/* SPDX-License-Identifier: Apache-2.0 */
/* Deny and allow lists: sets of prefixes, codes and bytes of messages, what workers find. Transactions of
 * them are tested with all others (txn_test.c). */
#include "control_fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <rte_byteorder.h>

#include "abi/abi.h"
#include "acl.h"
#include "ctrl/ctrl.h"
#include "lb/lb.h"
#include "net/net.h"

enum { VIP = 0xc0a864fe, CLIENT = 0xc6336400 /* 198.51.100.0 */, MANY = 100000 };

static struct ctrl_reply *reply;

static int
group_setup(void **state)
{
	lb_ctrl_register();
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

/* The body is copied to an odd address and to its exact length, so that sanitizers see casts and overreads.
 */
static int
request(uint32_t id, int32_t type, const void *body, size_t len)
{
	uint8_t *copy = malloc(len + 1);
	struct ctrl_request req = {.id = id, .type = type, .body = copy + 1, .len = len};
	int rc;

	if (len)
		memcpy(copy + 1, body, len);
	ctrl_reply_free(reply);
	reply = ctrl_reply_new();
	rc = ctrl_dispatch(&req, reply);
	free(copy);
	return rc;
}

static void
put4(union inet_addr *a, uint32_t ip)
{
	uint32_t be = rte_cpu_to_be_32(ip);

	/* What clients leave behind the four bytes must not matter. */
	memset(a, 0xee, sizeof(*a));
	memcpy(a, &be, sizeof(be));
}

static void
service_set(uint32_t id, uint16_t port)
{
	struct dp_vs_service_compat c = {.af = 2, .proto = 6, .port = rte_cpu_to_be_16(port)};

	put4(&c.addr, VIP);
	snprintf(c.sched_name, sizeof(c.sched_name), "rr");
	assert_int_equal(request(id, SOCKOPT_SET, &c, sizeof(c)), EDPVS_OK);
}

static int
legacy(uint32_t id, uint16_t port, uint32_t client)
{
	struct dp_vs_blklst_conf c = {.vport = rte_cpu_to_be_16(port), .proto = 6, .af = 2};

	put4(&c.vaddr, VIP);
	put4(&c.subject, client);
	return request(id, SOCKOPT_SET, &c, sizeof(c));
}

static struct ds_acl
network(uint8_t op, uint8_t list, uint32_t client, uint8_t plen)
{
	struct ds_acl c = {.vport = rte_cpu_to_be_16(80),
			   .proto = 6,
			   .af = 2,
			   .op = op,
			   .list = list,
			   .pad0 = {0xdd, 0xdd},
			   .entry.subject = {.af = 2, .plen = plen}};

	put4(&c.vaddr, VIP);
	put4(&c.entry.subject.addr, client);
	return c;
}

static int
network_set(uint8_t op, uint8_t list, uint32_t client, uint8_t plen)
{
	struct ds_acl c = network(op, list, client, plen);

	return request(DS_MSG_ACL, SOCKOPT_SET, &c, sizeof(c));
}

static enum drop_reason
verdict(uint16_t port, uint32_t client)
{
	struct lb_key key = {.vport_be = rte_cpu_to_be_16(port), .af = INET_AF_V4, .proto = 6};
	union inet_ip ip = {.q = {0, 0}};
	struct lb_service *svc;

	key.vip.v4 = rte_cpu_to_be_32(VIP);
	ip.v4 = rte_cpu_to_be_32(client);
	svc = lb_service_lookup(&key);
	assert_non_null(svc);
	return lb_acl_check(svc, &(struct ipset_ends){.saddr = ip, .af = INET_AF_V4, .proto = 6});
}

/* ---- sets ---- */

static uint64_t seed = 1;

static uint32_t
any(uint32_t below)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (uint32_t)((seed * 2685821657736338717ull >> 32) % below);
}

/* Few different addresses, so that prefixes nest and entries meet. */
static union inet_ip
any_ip(uint8_t af)
{
	union inet_ip ip = {.q = {0, 0}};

	ip.b[0] = af == INET_AF_V4 ? 10 : 0xfd;
	ip.b[inet_len(af) - 1] = (uint8_t)any(256);
	ip.b[inet_len(af) - 2] = (uint8_t)any(2);
	return ip;
}

struct model {
	union inet_ip ip;
	uint8_t plen;
	uint32_t place;
};

static bool
model_has(const struct model *m, unsigned n, uint8_t af, const union inet_ip *ip)
{
	for (unsigned i = 0; i < n; i++)
		if (inet_ip_in_prefix(af, ip, &m[i].ip, m[i].plen))
			return true;
	return false;
}

static void
compare_with_model(uint8_t af)
{
	enum { ENTRIES = 40, STEPS = 20000 };
	struct model m[ENTRIES];
	unsigned n = 0;
	struct lb_acl_set *set = lb_acl_set_new(af, 0);

	for (unsigned step = 0; step < STEPS; step++) {
		union inet_ip ip = any_ip(af);

		if (n < ENTRIES && any(2)) {
			struct model *e = &m[n++];

			e->plen = (uint8_t)(inet_bits(af) - any(n % 5 == 0 ? inet_bits(af) + 1 : 9));
			e->ip = inet_ip_mask(af, &ip, e->plen);
			if (lb_acl_set_room(set) == 0) {
				free(set);
				set = lb_acl_set_new(af, n);
				for (unsigned i = 0; i + 1 < n; i++)
					m[i].place = lb_acl_set_add(set, &m[i].ip, m[i].plen);
			}
			e->place = lb_acl_set_add(set, &e->ip, e->plen);
		} else if (n > 0) {
			unsigned i = any(n);

			lb_acl_set_remove(set, m[i].place);
			m[i] = m[--n];
		}
		for (unsigned i = 0; i < 4; i++) {
			ip = any_ip(af);
			assert_int_equal(lb_acl_set_has(set, &ip), model_has(m, n, af, &ip));
		}
	}
	free(set);
}

static void
test_sets_equal_a_list(void **state)
{
	compare_with_model(INET_AF_V4);
	compare_with_model(INET_AF_V6);
}

/* ---- messages ---- */

static void
test_codes(void **state)
{
	struct dp_vs_blklst_conf c = {.vport = rte_cpu_to_be_16(80), .proto = 6, .af = 2};

	/* The service need not exist; what is there already is no error. */
	assert_int_equal(legacy(SOCKOPT_SET_BLKLST_ADD, 80, CLIENT + 1), EDPVS_OK);
	assert_int_equal(legacy(SOCKOPT_SET_BLKLST_ADD, 80, CLIENT + 1), EDPVS_OK);
	assert_int_equal(legacy(SOCKOPT_SET_BLKLST_DEL, 80, CLIENT + 2), EDPVS_NOTEXIST);
	assert_int_equal(legacy(SOCKOPT_SET_WHTLST_DEL, 80, CLIENT + 1), EDPVS_NOTEXIST);
	assert_int_equal(legacy(SOCKOPT_SET_BLKLST_DEL, 81, CLIENT + 1), EDPVS_NOTEXIST);
	assert_int_equal(legacy(SOCKOPT_SET_BLKLST_DEL, 80, CLIENT + 1), EDPVS_OK);
	assert_int_equal(legacy(SOCKOPT_SET_BLKLST_DEL, 80, CLIENT + 1), EDPVS_NOTEXIST);
	assert_int_equal(legacy(SOCKOPT_SET_WHTLST_FLUSH, 80, 0), EDPVS_OK);
	/* No client, no such set, no service that could have a list. */
	assert_int_equal(legacy(SOCKOPT_SET_BLKLST_ADD, 80, 0), EDPVS_INVAL);
	put4(&c.vaddr, VIP);
	put4(&c.subject, CLIENT);
	memset(c.ipset, 'x', sizeof(c.ipset)); /* no NUL */
	assert_int_equal(request(SOCKOPT_SET_BLKLST_ADD, SOCKOPT_SET, &c, sizeof(c)), EDPVS_INVAL);
	assert_int_equal(request(SOCKOPT_SET_WHTLST_DEL, SOCKOPT_SET, &c, sizeof(c)), EDPVS_INVAL);
	memset(c.ipset, 0, sizeof(c.ipset));
	c.af = 7;
	assert_int_equal(request(SOCKOPT_SET_BLKLST_ADD, SOCKOPT_SET, &c, sizeof(c)), EDPVS_INVAL);
	c.af = 2;
	c.proto = 47;
	assert_int_equal(request(SOCKOPT_SET_BLKLST_ADD, SOCKOPT_SET, &c, sizeof(c)), EDPVS_INVAL);
	c = (struct dp_vs_blklst_conf){.proto = 6, .af = 2};
	put4(&c.subject, CLIENT);
	assert_int_equal(request(SOCKOPT_SET_BLKLST_ADD, SOCKOPT_SET, &c, sizeof(c)), EDPVS_INVAL);
	assert_null(lb_acl_next(NULL));
}

static void
test_network_codes(void **state)
{
	struct ds_acl c = network(DS_ACL_ADD, DS_ACL_DENY, CLIENT, 24);

	assert_int_equal(network_set(DS_ACL_ADD, DS_ACL_DENY, CLIENT + 77, 24), EDPVS_OK);
	assert_int_equal(network_set(DS_ACL_ADD, DS_ACL_DENY, CLIENT + 99, 24), EDPVS_OK); /* the same */
	assert_int_equal(network_set(DS_ACL_DEL, DS_ACL_DENY, CLIENT, 25), EDPVS_NOTEXIST);
	assert_int_equal(network_set(DS_ACL_DEL, DS_ACL_ALLOW, CLIENT, 24), EDPVS_NOTEXIST);
	assert_int_equal(network_set(DS_ACL_DEL, DS_ACL_DENY, CLIENT, 24), EDPVS_OK);
	assert_int_equal(network_set(DS_ACL_ADD, DS_ACL_DENY, CLIENT, 33), EDPVS_INVAL);
	assert_int_equal(network_set(4, DS_ACL_DENY, CLIENT, 24), EDPVS_INVAL);
	assert_int_equal(network_set(0, DS_ACL_DENY, CLIENT, 24), EDPVS_INVAL);
	assert_int_equal(network_set(DS_ACL_ADD, 0, CLIENT, 24), EDPVS_INVAL);
	assert_int_equal(network_set(DS_ACL_ADD, 3, CLIENT, 24), EDPVS_INVAL);
	c.entry.subject.af = 10;
	assert_int_equal(request(DS_MSG_ACL, SOCKOPT_SET, &c, sizeof(c)), EDPVS_INVAL);
	c.entry.subject.af = 0; /* a set */
	assert_int_equal(request(DS_MSG_ACL, SOCKOPT_SET, &c, sizeof(c)), EDPVS_INVAL);
	c.op = DS_ACL_FLUSH;
	assert_int_equal(request(DS_MSG_ACL, SOCKOPT_SET, &c, sizeof(c)), EDPVS_OK);
	assert_int_equal(request(DS_MSG_ACL, SOCKOPT_SET, &c, sizeof(c) - 1), EDPVS_INVAL);
	assert_null(lb_acl_next(NULL));
}

static struct dp_vs_blklst_conf
listed(uint16_t port, uint32_t client)
{
	struct dp_vs_blklst_conf c = {.vport = rte_cpu_to_be_16(port), .proto = 6, .af = 2};
	uint32_t vip = rte_cpu_to_be_32(VIP);

	client = rte_cpu_to_be_32(client);
	memcpy(&c.vaddr, &vip, sizeof(vip));
	memcpy(&c.subject, &client, sizeof(client));
	return c;
}

static void
assert_listing(uint32_t id, const struct dp_vs_blklst_conf *want, int32_t n)
{
	assert_int_equal(request(id, SOCKOPT_GET, NULL, 0), EDPVS_OK);
	assert_int_equal(ctrl_reply_len(reply), sizeof(n) + (size_t)n * sizeof(*want));
	assert_memory_equal(ctrl_reply_at(reply, 0), &n, sizeof(n));
	if (n)
		assert_memory_equal(ctrl_reply_at(reply, sizeof(n)), want, (size_t)n * sizeof(*want));
}

static void
test_listing_is_exact(void **state)
{
	const struct dp_vs_blklst_conf deny[] = {listed(80, CLIENT + 2), listed(80, CLIENT + 1),
						 listed(81, CLIENT + 1)},
				       allow[] = {listed(81, CLIENT + 9)};

	assert_listing(SOCKOPT_GET_BLKLST_GETALL, NULL, 0);
	legacy(SOCKOPT_SET_BLKLST_ADD, 80, CLIENT + 2);
	legacy(SOCKOPT_SET_BLKLST_ADD, 81, CLIENT + 1);
	legacy(SOCKOPT_SET_WHTLST_ADD, 81, CLIENT + 9);
	/* In the order of addition; networks are left out, single addresses are not, whoever added them. */
	network_set(DS_ACL_ADD, DS_ACL_DENY, CLIENT, 24);
	network_set(DS_ACL_ADD, DS_ACL_DENY, CLIENT + 1, 32);
	network_set(DS_ACL_ADD, DS_ACL_ALLOW, 0, 0);
	assert_listing(SOCKOPT_GET_BLKLST_GETALL, deny, 3);
	assert_listing(SOCKOPT_GET_WHTLST_GETALL, allow, 1);
	assert_int_equal(legacy(SOCKOPT_SET_BLKLST_FLUSH, 80, 0), EDPVS_OK);
	assert_listing(SOCKOPT_GET_BLKLST_GETALL, deny + 2, 1);
}

/* The lists of a page's only service: records behind the service itself. */
static void
assert_records(uint16_t type, const struct ds_acl_entry *want, uint32_t n)
{
	struct ds_tlv tlv = {0};
	size_t at = 0;

	for (; at < ctrl_reply_len(reply) && tlv.type != type; at += DS_TLV_SIZE(tlv.len))
		memcpy(&tlv, ctrl_reply_at(reply, at), sizeof(tlv));
	assert_int_equal(tlv.type, type);
	assert_int_equal(tlv.len, n * sizeof(*want));
	if (n)
		assert_memory_equal(ctrl_reply_at(reply, at - DS_TLV_SIZE(tlv.len) + sizeof(tlv)), want,
				    tlv.len);
}

static struct ds_acl_entry
entry(uint32_t client, uint8_t plen)
{
	struct ds_acl_entry e = {.subject = {.af = 2, .plen = plen}};

	client = rte_cpu_to_be_32(client);
	memcpy(&e.subject.addr, &client, sizeof(client));
	return e;
}

static void
test_paged_listing_has_networks(void **state)
{
	const struct ds_acl_entry deny[] = {entry(CLIENT, 24), entry(CLIENT + 256, 32)},
				  allow[] = {entry(0, 0)};
	struct ds_list_services list = {.want = DS_LIST_WANT_ACLS | DS_LIST_WANT_MORE};
	struct ds_service_more more;
	size_t more_at = DS_TLV_SIZE(sizeof(struct ds_list_info)) +
			 DS_TLV_SIZE(sizeof(struct dp_vs_service_compat) + sizeof(struct ds_service_ext)) +
			 sizeof(struct ds_tlv);

	service_set(DPVS_SO_SET_ADD, 80);
	network_set(DS_ACL_ADD, DS_ACL_DENY, CLIENT + 5, 24);
	legacy(SOCKOPT_SET_BLKLST_ADD, 80, CLIENT + 256);
	network_set(DS_ACL_ADD, DS_ACL_ALLOW, CLIENT, 0);
	assert_int_equal(request(DS_MSG_LIST_SERVICES, SOCKOPT_GET, &list, sizeof(list)), EDPVS_OK);
	assert_records(DS_TLV_DENY, deny, 2);
	assert_records(DS_TLV_ALLOW, allow, 1);
	memcpy(&more, ctrl_reply_at(reply, more_at), sizeof(more));
	assert_int_equal(more.deny, 2);
	assert_int_equal(more.allow, 1);
	network_set(DS_ACL_FLUSH, DS_ACL_DENY, 0, 0);
	network_set(DS_ACL_FLUSH, DS_ACL_ALLOW, 0, 0);
	assert_int_equal(request(DS_MSG_LIST_SERVICES, SOCKOPT_GET, &list, sizeof(list)), EDPVS_OK);
	assert_records(DS_TLV_DENY, NULL, 0);
	assert_records(DS_TLV_ALLOW, NULL, 0);
}

/* ---- what workers find ---- */

static void
test_verdicts(void **state)
{
	service_set(DPVS_SO_SET_ADD, 80);
	assert_int_equal(verdict(80, CLIENT), DROP_NONE);
	legacy(SOCKOPT_SET_BLKLST_ADD, 80, CLIENT + 1);
	legacy(SOCKOPT_SET_BLKLST_ADD, 81, CLIENT + 2); /* of a service that comes later */
	assert_int_equal(verdict(80, CLIENT + 1), DROP_DENY_LIST);
	assert_int_equal(verdict(80, CLIENT + 2), DROP_NONE);
	service_set(DPVS_SO_SET_ADD, 81);
	assert_int_equal(verdict(81, CLIENT + 1), DROP_NONE);
	assert_int_equal(verdict(81, CLIENT + 2), DROP_DENY_LIST);
	/* Who is on both lists is refused; a network is all of its clients. */
	network_set(DS_ACL_ADD, DS_ACL_ALLOW, CLIENT, 30);
	assert_int_equal(verdict(80, CLIENT + 1), DROP_DENY_LIST);
	assert_int_equal(verdict(80, CLIENT + 3), DROP_NONE);
	assert_int_equal(verdict(80, CLIENT + 4), DROP_ALLOW_LIST);
	legacy(SOCKOPT_SET_WHTLST_ADD, 80, CLIENT + 4);
	assert_int_equal(verdict(80, CLIENT + 4), DROP_NONE);
	assert_int_equal(verdict(80, CLIENT + 5), DROP_ALLOW_LIST);
	network_set(DS_ACL_FLUSH, DS_ACL_ALLOW, 0, 0);
	assert_int_equal(verdict(80, CLIENT + 5), DROP_NONE);
	legacy(SOCKOPT_SET_BLKLST_DEL, 80, CLIENT + 1);
	assert_int_equal(verdict(80, CLIENT + 1), DROP_NONE);
}

static void
test_lists_go_with_their_service(void **state)
{
	const struct dp_vs_blklst_conf without = listed(82, CLIENT + 1);

	service_set(DPVS_SO_SET_ADD, 80);
	service_set(DPVS_SO_SET_ADD, 81);
	legacy(SOCKOPT_SET_BLKLST_ADD, 80, CLIENT + 1);
	legacy(SOCKOPT_SET_BLKLST_ADD, 81, CLIENT + 1);
	legacy(SOCKOPT_SET_BLKLST_ADD, 82, CLIENT + 1);
	service_set(DPVS_SO_SET_DEL, 80);
	service_set(DPVS_SO_SET_ADD, 80);
	assert_int_equal(verdict(80, CLIENT + 1), DROP_NONE);
	assert_int_equal(verdict(81, CLIENT + 1), DROP_DENY_LIST);
	assert_int_equal(request(DPVS_SO_SET_FLUSH, SOCKOPT_SET, NULL, 0), EDPVS_OK);
	assert_listing(SOCKOPT_GET_BLKLST_GETALL, &without, 1);
}

/* Connections look anew after every change that may concern them. */
static void
test_connections_are_told(void **state)
{
	uint32_t before;

	service_set(DPVS_SO_SET_ADD, 80);
	before = net_generation;
	legacy(SOCKOPT_SET_BLKLST_ADD, 80, CLIENT + 1);
	assert_int_not_equal(net_generation, before);
	before = net_generation;
	service_set(DPVS_SO_SET_DEL, 80);
	assert_int_not_equal(net_generation, before);
	legacy(SOCKOPT_SET_BLKLST_ADD, 80, CLIENT + 1);
	before = net_generation;
	service_set(DPVS_SO_SET_ADD, 80);
	assert_int_not_equal(net_generation, before);
}

/* ---- under load ---- */

static volatile bool stop;
static unsigned wrong;

/* A worker: finds what always is on the list, and never what never is. */
static void *
look_on(void *arg)
{
	while (!stop) {
		for (unsigned i = 0; i < 64; i++) {
			wrong += verdict(80, CLIENT + 1) != DROP_DENY_LIST;
			wrong += verdict(80, CLIENT + 2) != DROP_NONE;
			wrong += verdict(80, CLIENT + 3) != DROP_NONE;
			wrong += verdict(80, CLIENT + 4) != DROP_ALLOW_LIST;
		}
		rcu_quiescent(0);
	}
	return NULL;
}

static void
test_workers_read_while_lists_change(void **state)
{
	pthread_t reader;

	service_set(DPVS_SO_SET_ADD, 80);
	legacy(SOCKOPT_SET_BLKLST_ADD, 80, CLIENT + 1);
	legacy(SOCKOPT_SET_WHTLST_ADD, 80, CLIENT + 2);
	network_set(DS_ACL_ADD, DS_ACL_ALLOW, CLIENT + 3, 32);
	stop = false;
	wrong = 0;
	assert_int_equal(pthread_create(&reader, NULL, look_on, NULL), 0);
	for (unsigned i = 0; i < 20000; i++) {
		uint32_t other = 0x0a000000 + any(500);
		bool add = any(2);

		legacy(add ? SOCKOPT_SET_BLKLST_ADD : SOCKOPT_SET_BLKLST_DEL, 80, other);
		network_set(add ? DS_ACL_ADD : DS_ACL_DEL, DS_ACL_ALLOW, other, (uint8_t)(20 + any(13)));
		rcu_quiescent(1);
		rcu_reclaim();
	}
	stop = true;
	pthread_join(reader, NULL);
	assert_int_equal(wrong, 0);
}

static double
ms_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1000 + (double)t.tv_nsec / 1e6;
}

static void
test_many(void **state)
{
	double at = ms_now();

	service_set(DPVS_SO_SET_ADD, 80);
	for (uint32_t i = 0; i < MANY; i++) {
		assert_int_equal(legacy(SOCKOPT_SET_BLKLST_ADD, 80, 0x0b000000 + i * 3), EDPVS_OK);
		if (i % 64 == 0)
			fix_quiescent();
	}
	at = ms_now() - at;
	print_message("%u entries, one message each: %.0f ms\n", MANY, at);
	assert_true(at < 2000);
	at = ms_now();
	for (uint32_t i = 0; i < 3 * MANY; i++)
		assert_int_equal(verdict(80, 0x0b000000 + i), i % 3 ? DROP_NONE : DROP_DENY_LIST);
	at = ms_now() - at;
	print_message("%u look-ups: %.0f ns each\n", 3 * MANY, at * 1e6 / (3 * MANY));
	assert_true(at < 1000);
	at = ms_now();
	for (uint32_t i = 0; i < MANY; i += 2)
		assert_int_equal(legacy(SOCKOPT_SET_BLKLST_DEL, 80, 0x0b000000 + i * 3), EDPVS_OK);
	assert_int_equal(verdict(80, 0x0b000000), DROP_NONE);
	assert_int_equal(verdict(80, 0x0b000003), DROP_DENY_LIST);
	service_set(DPVS_SO_SET_DEL, 80);
	at = ms_now() - at;
	print_message("deleting half of them, and the rest with the service: %.0f ms\n", at);
	assert_true(at < 2000);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(test_sets_equal_a_list),
	    T(test_codes),
	    T(test_network_codes),
	    T(test_listing_is_exact),
	    T(test_paged_listing_has_networks),
	    T(test_verdicts),
	    T(test_lists_go_with_their_service),
	    T(test_connections_are_told),
	    T(test_workers_read_while_lists_change),
	    T(test_many),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}

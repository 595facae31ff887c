/* SPDX-License-Identifier: Apache-2.0 */
/* Sets as workers see them: what matches, what decides, and a table that grows and shrinks under its readers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

#include "base/hash.h"
#include "core/errors.h"
#include "request.h"

static struct ipset *
make(const char *type, uint8_t af, uint32_t maxelem)
{
	struct ipset_conf c = {
	    .name = "s", .type = ipset_type_find(type), .af = af, .maxelem = maxelem, .ip_max = 65535};
	struct ipset *set = ipset_find("s");

	if (set)
		assert_int_equal(ipset_destroy(set), EDPVS_OK);
	assert_int_equal(ipset_create(&c), EDPVS_OK);
	return ipset_find("s");
}

static union inet_ip
ip(const char *text)
{
	union inet_ip out = {.q = {0, 0}};

	if (inet_pton(AF_INET, text, &out) != 1)
		assert_int_equal(inet_pton(AF_INET6, text, &out), 1);
	return out;
}

static struct ipset_elem
elem(const char *addr, unsigned plen, const char *addr2, unsigned plen2, uint8_t proto, uint16_t port)
{
	struct ipset_elem m = {
	    .key = {.plen = (uint8_t)plen, .plen2 = (uint8_t)plen2, .proto = proto, .port = port}};

	if (addr)
		m.key.addr = ip(addr);
	if (addr2)
		m.key.addr2 = ip(addr2);
	return m;
}

static void
add(struct ipset *set, struct ipset_elem m)
{
	assert_int_equal(ipset_add(set, &m, "", false), EDPVS_OK);
}

static struct ipset_ends
ends(const char *s, uint16_t sport, const char *d, uint16_t dport, uint8_t proto)
{
	return (struct ipset_ends){.saddr = ip(s),
				   .daddr = ip(d),
				   .sport_be = htons(sport),
				   .dport_be = htons(dport),
				   .af = strchr(s, ':') ? INET_AF_V6 : INET_AF_V4,
				   .proto = proto};
}

static void
test_one_address(void **state)
{
	struct ipset *set = make("hash:ip", INET_AF_V4, 0);
	struct ipset_ends e = ends("1.2.3.4", 5, "6.7.8.9", 10, 6),
			  turned = ends("6.7.8.9", 5, "1.2.3.4", 10, 6),
			  v6 = ends("::1.2.3.4", 5, "::1", 10, 6);

	add(set, elem("1.2.3.4", 32, NULL, 0, 0, 0));
	assert_true(ipset_match(set, &e, false));
	assert_false(ipset_match(set, &e, true));
	assert_true(ipset_match(set, &turned, true));
	assert_false(ipset_match(set, &v6, false));
}

/* DPL-051 */
static void
test_longest_prefix(void **state)
{
	static const struct {
		const char *client;
		bool in;
	} rows[] = {{"10.0.0.1", true},
		    {"10.1.0.1", false},
		    {"10.1.2.1", true},
		    {"10.1.2.3", false},
		    {"11.0.0.1", false}};
	struct ipset *set = make("hash:net", INET_AF_V4, 0);
	struct ipset_elem out = elem("10.1.0.0", 16, NULL, 0, 0, 0),
			  host = elem("10.1.2.3", 32, NULL, 0, 0, 0);

	out.nomatch = host.nomatch = true;
	add(set, out);
	add(set, host);
	add(set, elem("10.1.2.0", 24, NULL, 0, 0, 0));
	add(set, elem("10.0.0.0", 8, NULL, 0, 0, 0));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ipset_ends e = ends(rows[i].client, 1, "9.9.9.9", 2, 6);

		assert_int_equal(ipset_match(set, &e, false), rows[i].in);
	}
	/* A length of which nothing is left is not looked for any more. */
	assert_int_equal(set->plens->n, 4);
	assert_int_equal(ipset_del(set, &host.key), EDPVS_OK);
	assert_int_equal(set->plens->n, 3);
	assert_int_equal(ipset_del(set, &host.key), EDPVS_NOTEXIST);
}

static void
test_ports_and_protocols(void **state)
{
	struct ipset *set = make("hash:ip,port", INET_AF_V6, 0);
	struct ipset_ends tcp = ends("2001:db8::1", 80, "2001:db8::2", 90, 6),
			  udp = ends("2001:db8::1", 80, "2001:db8::2", 90, 17),
			  gre = ends("2001:db8::1", 80, "2001:db8::2", 90, 47),
			  sctp = ends("2001:db8::1", 80, "2001:db8::2", 90, 132);

	add(set, elem("2001:db8::1", 128, NULL, 0, 6, 80));
	assert_true(ipset_match(set, &tcp, false));
	assert_false(ipset_match(set, &udp, false));
	add(set, elem("2001:db8::1", 128, NULL, 0, 0, 80));
	assert_true(ipset_match(set, &udp, false));
	assert_true(ipset_match(set, &sctp, false));
	assert_false(ipset_match(set, &gre, false));
	add(set, elem("2001:db8::2", 128, NULL, 0, 17, 90));
	assert_true(ipset_match(set, &udp, true));
	assert_false(ipset_match(set, &tcp, true));
}

static void
test_two_addresses(void **state)
{
	struct ipset_ends e = ends("10.0.0.7", 1000, "20.0.0.8", 53, 17);
	struct ipset *set = make("hash:ip,port,ip", INET_AF_V4, 0);

	add(set, elem("10.0.0.7", 32, "20.0.0.8", 32, 17, 53));
	assert_true(ipset_match(set, &e, true));
	assert_false(ipset_match(set, &e, false));
	/* Of ip,port,net the address is the destination's. */
	set = make("hash:ip,port,net", INET_AF_V4, 0);
	add(set, elem("20.0.0.8", 32, "10.0.0.0", 24, 17, 53));
	assert_true(ipset_match(set, &e, true));
	set = make("hash:net,port,net", INET_AF_V4, 0);
	add(set, elem("10.0.0.0", 24, "20.0.0.0", 16, 17, 1000));
	assert_true(ipset_match(set, &e, false));
	set = make("hash:net,port,net,port", INET_AF_V4, 0);
	{
		struct ipset_elem m = elem("10.0.0.0", 24, "20.0.0.0", 16, 17, 1000);

		m.key.port2 = 53;
		add(set, m);
	}
	assert_true(ipset_match(set, &e, false));
	assert_true(ipset_match(set, &e, true));
}

static void
test_device_and_mac(void **state)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 9}, other[6] = {2, 0, 0, 0, 0, 8};
	struct ipset_ends e = ends("10.0.0.7", 1000, "20.0.0.8", 53, 17);
	struct ipset *set = make("hash:net,port,iface", INET_AF_V4, 0);
	struct ipset_elem m = elem("10.0.0.0", 8, NULL, 0, 17, 1000);

	m.key.iface = 2;
	add(set, m);
	assert_false(ipset_match(set, &e, false));
	e.iface = 2;
	assert_true(ipset_match(set, &e, false));
	set = make("bitmap:ip,mac", INET_AF_V4, 0);
	m = elem("0.0.0.5", 32, NULL, 0, 0, 0);
	memcpy(m.mac, mac, sizeof(mac));
	add(set, m);
	e.saddr = ip("0.0.0.5");
	assert_false(ipset_match(set, &e, false));
	e.smac = other;
	assert_false(ipset_match(set, &e, false));
	e.smac = mac;
	assert_true(ipset_match(set, &e, false));
}

static struct ipset_elem
numbered(uint32_t i)
{
	struct ipset_elem m = {.key = {.plen = 32}};

	m.key.addr.v4 = htonl(i);
	return m;
}

static const struct ipset_elem *
find_numbered(const struct ipset *set, uint32_t i)
{
	struct ipset_elem m = numbered(i);

	return ipset_table_find(&set->table, &m.key);
}

/* Members come and go in an order that spills over buckets; what is there is found, and nothing else. */
static void
test_table_grows_and_shrinks(void **state)
{
	enum { N = 200000 };
	struct ipset *set = make("hash:ip", INET_AF_V4, N);

	for (uint32_t i = 0; i < N; i++)
		add(set, numbered(i * 3));
	assert_int_equal(set->table.n, N);
	for (uint32_t i = 0; i < N; i += 2)
		assert_int_equal(ipset_del(set, &find_numbered(set, i * 3)->key), EDPVS_OK);
	for (uint32_t i = 0; i < N; i++) {
		assert_int_equal(find_numbered(set, i * 3) != NULL, i % 2);
		assert_null(find_numbered(set, i * 3 + 1));
	}
	for (uint32_t i = 0; i < N; i += 2)
		add(set, numbered(i * 3));
	{
		struct ipset_elem m = numbered(1);

		assert_int_equal(ipset_add(set, &m, "", false), EDPVS_NOMEM);
		m = numbered(3);
		assert_int_equal(ipset_add(set, &m, "", false), EDPVS_EXIST);
	}
	ipset_flush(set);
	assert_int_equal(set->table.n, 0);
	assert_null(set->plens);
	assert_null(find_numbered(set, 3));
}

static struct ipset_param
param(const char *first, const char *last, uint8_t cidr, uint16_t port_min, uint16_t port_max)
{
	struct ipset_param p = {
	    .cidr = cidr, .option.family = INET_AF_V4, .range = {.min_port = port_min, .max_port = port_max}};
	union inet_ip a = ip(first), b = ip(last);

	memcpy(&p.range.min_addr, &a, sizeof(a));
	memcpy(&p.range.max_addr, &b, sizeof(b));
	return p;
}

static uint64_t seed = 88172645463325252u;

static uint32_t
any(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 20) % below);
}

/* Few different ones, so that networks nest and packets meet members. */
static struct ipset_elem
any_member(const struct ipset_type *t)
{
	static const uint8_t plens[] = {8, 24, 29, 32};
	struct ipset_elem m = {.nomatch = any(5) == 0};

	m.key.proto = t->port ? (any(3) ? 6 : 0) : 0;
	m.key.port = t->port ? (uint16_t)(1 + any(3)) : 0;
	m.key.port2 = t->port2 ? (uint16_t)(1 + any(3)) : 0;
	m.key.iface = t->iface ? (uint16_t)(1 + any(2)) : 0;
	m.mac[5] = t->mac ? (uint8_t)any(3) : 0;
	m.key.plen = t->first == IPSET_NO_ADDR ? 0 : t->first == IPSET_IP ? 32 : plens[any(4)];
	m.key.plen2 = t->second == IPSET_NO_ADDR ? 0 : t->second == IPSET_IP ? 32 : plens[any(4)];
	m.key.addr.v4 = htonl(0x0a000000 + any(64));
	m.key.addr2.v4 = htonl(0x0a000000 + any(64));
	m.key.addr = inet_ip_mask(INET_AF_V4, &m.key.addr, m.key.plen);
	m.key.addr2 = inet_ip_mask(INET_AF_V4, &m.key.addr2, m.key.plen2);
	return m;
}

/* By hand: the member of the longest prefixes, its own protocol before any, says what the set says. */
static bool
expected(const struct ipset *set, const struct ipset_ends *e, bool dst)
{
	const struct ipset_type *t = set->type;
	bool two = t->second != IPSET_NO_ADDR;
	union inet_ip a = two	? (t->swapped ? e->daddr : e->saddr)
			  : dst ? e->daddr
				: e->saddr,
		      b = t->swapped ? e->saddr : e->daddr;
	uint16_t port = ntohs(dst && !t->port2 ? e->dport_be : e->sport_be);
	const struct ipset_elem *best = NULL;
	int best_rank = -1;

	for (const struct ipset_elem *m = ipset_table_next(&set->table, NULL); m;
	     m = ipset_table_next(&set->table, m)) {
		int rank = m->key.plen << 16 | m->key.plen2 << 8 | m->key.proto;

		if ((t->first != IPSET_NO_ADDR &&
		     !inet_ip_in_prefix(INET_AF_V4, &a, &m->key.addr, m->key.plen)) ||
		    (two && !inet_ip_in_prefix(INET_AF_V4, &b, &m->key.addr2, m->key.plen2)) ||
		    (t->port && (m->key.port != port || (m->key.proto && m->key.proto != e->proto))) ||
		    (t->port2 && m->key.port2 != ntohs(e->dport_be)) ||
		    (t->iface && m->key.iface != e->iface) || rank <= best_rank)
			continue;
		best = m;
		best_rank = rank;
	}
	return best && !best->nomatch && (!t->mac || best->mac[5] == 0 || best->mac[5] == e->smac[5]);
}

/* DPL-051 All types: a vector of packets at once says what each of them says alone, and what a reading of all
 * members says. */
static void
test_vectors(void **state)
{
	static const char *const types[] = {"hash:ip",
					    "hash:net",
					    "hash:ip,port",
					    "hash:net,port",
					    "hash:net,port,iface",
					    "hash:ip,port,ip",
					    "hash:ip,port,net",
					    "hash:net,port,net",
					    "hash:net,port,net,port",
					    "bitmap:ip",
					    "bitmap:ip,mac",
					    "bitmap:port"};
	static const uint8_t macs[3][6] = {{0, 0, 0, 0, 0, 7}, {0, 0, 0, 0, 0, 1}, {0, 0, 0, 0, 0, 2}};
	unsigned yes = 0, no = 0;

	for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++)
		for (unsigned members = 1; members <= 256; members *= 4) {
			struct ipset *set = make(types[t], INET_AF_V4, 0);

			for (unsigned i = 0; i < members; i++) {
				struct ipset_elem m = any_member(set->type);

				ipset_add(set, &m, "", true);
			}
			for (unsigned round = 0; round < 50; round++) {
				unsigned n = 1 + any(IPSET_VECTOR);
				struct ipset_ends e[IPSET_VECTOR] = {0};
				bool dst = any(2);
				uint32_t all;

				for (unsigned i = 0; i < n; i++) {
					e[i] = (struct ipset_ends){.sport_be = htons((uint16_t)(1 + any(4))),
								   .dport_be = htons((uint16_t)(1 + any(4))),
								   .iface = (uint16_t)(1 + any(2)),
								   .af = INET_AF_V4,
								   .proto = any(2) ? 6 : 17,
								   .smac = macs[any(3)]};
					e[i].saddr.v4 = htonl(0x0a000000 + any(80));
					e[i].daddr.v4 = htonl(0x0a000000 + any(80));
				}
				all = ipset_match_vector(set, e, n, dst);
				assert_int_equal((uint64_t)all >> n, 0);
				for (unsigned i = 0; i < n; i++) {
					bool says = all >> i & 1;

					assert_int_equal(says, expected(set, &e[i], dst));
					assert_int_equal(says, ipset_match(set, &e[i], dst));
					yes += says;
					no += !says;
				}
			}
		}
	assert_true(yes > 1000 && no > 1000);
}

static void
test_requests(void **state)
{
	static const struct {
		const char *type, *first, *last;
		uint8_t cidr;
		uint16_t port_min, port_max;
		int n; /* members, or the error */
	} rows[] = {
	    {"hash:ip", "1.2.3.0", "1.2.3.0", 30, 0, 0, 4},
	    {"hash:ip", "1.2.3.4", "1.2.3.4", 0, 0, 0, 1},
	    {"hash:ip", "1.2.3.4", "1.2.3.9", 0, 0, 0, 6},
	    {"hash:ip", "1.2.3.9", "1.2.3.4", 0, 0, 0, EDPVS_INVAL},
	    {"hash:ip", "1.2.0.0", "1.2.0.0", 15, 0, 0, EDPVS_INVAL},
	    {"hash:ip", "1.2.0.0", "1.2.0.0", 33, 0, 0, EDPVS_INVAL},
	    {"hash:net", "1.2.0.0", "1.2.0.0", 15, 0, 0, 1},
	    {"hash:net", "0.0.0.0", "0.0.0.0", 0, 0, 0, 1},
	    {"hash:ip,port", "1.2.3.4", "1.2.3.5", 0, 10, 19, 20},
	    {"hash:ip,port", "1.2.3.4", "1.2.3.5", 0, 19, 10, EDPVS_INVAL},
	    {"hash:ip,port", "1.2.0.0", "1.2.255.255", 0, 1, 65535, EDPVS_INVAL},
	    {"hash:ip", "0.0.0.1", "255.255.255.255", 0, 0, 0, EDPVS_INVAL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ipset *set = make(rows[i].type, INET_AF_V4, 0);
		struct ipset_param p =
		    param(rows[i].first, rows[i].last, rows[i].cidr, rows[i].port_min, rows[i].port_max);
		struct ipset_request r;
		int err = ipset_request_read(set, &p, &r);

		assert_int_equal(err ? err : (int)r.n, rows[i].n);
		for (uint32_t k = 0; !err && k < r.n; k++)
			add(set, ipset_request_member(set, &r, k));
		assert_int_equal(set->table.n, err ? 0 : r.n);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_one_address),
	    cmocka_unit_test(test_longest_prefix),
	    cmocka_unit_test(test_ports_and_protocols),
	    cmocka_unit_test(test_two_addresses),
	    cmocka_unit_test(test_device_and_mac),
	    cmocka_unit_test(test_table_grows_and_shrinks),
	    cmocka_unit_test(test_vectors),
	    cmocka_unit_test(test_requests),
	};

	hash_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

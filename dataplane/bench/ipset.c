/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker spends on asking a set of many members: cycles of the time stamp counter per packet, asked a
 * vector at a time and one by one; a line of JSON per case. `npm run bench:ipset` runs it. Packets come from
 * clients that nobody can foresee, half of which are members; the best of several rounds counts, as others
 * use the machine too.
 *
 *   ipset_bench MEMBERS ROUNDS
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rte_cycles.h>

#include "base/hash.h"
#include "core/errors.h"
#include "set.h"

enum { PACKETS = 1 << 20, PORT = 80, TCP = 6, MEMBERS_LEAST = 1024 };

struct kind {
	const char *name, *type;
	uint8_t af;
	uint8_t plens[4]; /* of the members, in turns; 0: no more */
};

static const struct kind kinds[] = {
    {"hash:ip IPv4", "hash:ip", INET_AF_V4, {32}},
    {"hash:ip IPv6", "hash:ip", INET_AF_V6, {128}},
    {"hash:ip,port IPv4", "hash:ip,port", INET_AF_V4, {32}},
    {"hash:net IPv4, one length", "hash:net", INET_AF_V4, {24}},
    {"hash:net IPv6, one length", "hash:net", INET_AF_V6, {64}},
    {"hash:net IPv4, four lengths", "hash:net", INET_AF_V4, {32, 28, 24, 22}},
};

static uint32_t clients[PACKETS]; /* numbers of their addresses */

/* Addresses that lie scattered; those with even numbers are members. Different numbers below 2^22 differ in
 * the first 22 bits of IPv4 and in the first 64 of IPv6. */
static union inet_ip
addr_of(const struct kind *k, uint32_t n)
{
	union inet_ip ip = {.q = {0, 0}};
	uint32_t scattered = n * 0x9e3779b1u;

	if (k->af == INET_AF_V4) {
		/* The multiplication by an odd number permutes the 22 bits that count. */
		ip.v4 = htonl((scattered & 0x3fffff) << 10 | (n >> 3 & 0x3ff));
		return ip;
	}
	ip.q[0] = (uint64_t)htonl(0x20010db8u) | (uint64_t)htonl(scattered) << 32;
	ip.q[1] = (uint64_t)n << 8;
	return ip;
}

static void
fill(struct ipset *set, const struct kind *k, uint32_t members)
{
	for (uint32_t i = 0; i < members; i++) {
		unsigned n = 0;
		struct ipset_elem m = {0};

		while (n < 4 && k->plens[n])
			n++;
		m.key.plen = k->plens[i % n];
		m.key.addr = addr_of(k, 2 * i);
		if (m.key.plen < inet_bits(k->af))
			m.key.addr = inet_ip_mask(k->af, &m.key.addr, m.key.plen);
		if (set->type->port) {
			m.key.proto = TCP;
			m.key.port = PORT;
		}
		if (ipset_add(set, &m, "", false) != EDPVS_OK) {
			fprintf(stderr, "ipset_bench: %s: member %u cannot be added\n", k->name, i);
			exit(1);
		}
	}
}

static void
draw(uint32_t members)
{
	uint64_t state = 88172645463325252u;

	for (uint32_t i = 0; i < PACKETS; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		clients[i] = (uint32_t)((state >> 20) % (2 * members));
	}
}

static uint32_t
ask(const struct ipset *set, const struct ipset_ends *e, bool alone)
{
	uint32_t yes = 0;

	if (!alone)
		return ipset_match_vector(set, e, IPSET_VECTOR, false);
	for (unsigned i = 0; i < IPSET_VECTOR; i++)
		yes |= (uint32_t)ipset_match(set, &e[i], false) << i;
	return yes;
}

/* Cycles per packet; what the packets have is in the cache, as in the daemon, where they were just parsed. */
static double
measure(const struct ipset *set, const struct kind *k, bool alone, uint32_t *found)
{
	uint64_t spent = 0;

	*found = 0;
	for (uint32_t i = 0; i < PACKETS; i += IPSET_VECTOR) {
		struct ipset_ends e[IPSET_VECTOR];
		uint64_t began;

		for (unsigned j = 0; j < IPSET_VECTOR; j++)
			e[j] = (struct ipset_ends){.saddr = addr_of(k, clients[i + j]),
						   .sport_be = htons(PORT),
						   .dport_be = htons(PORT),
						   .af = k->af,
						   .proto = TCP};
		began = rte_rdtsc_precise();
		*found += (uint32_t)__builtin_popcount(ask(set, e, alone));
		spent += rte_rdtsc_precise() - began;
	}
	return (double)spent / PACKETS;
}

static double
best_of(const struct ipset *set, const struct kind *k, bool alone, unsigned rounds, uint32_t *found)
{
	double best = 0;

	for (unsigned i = 0; i < rounds; i++) {
		double cycles = measure(set, k, alone, found);

		if (i == 0 || cycles < best)
			best = cycles;
	}
	return best;
}

static void
run(const struct kind *k, uint32_t members, unsigned rounds)
{
	struct ipset_conf c = {
	    .name = "bench", .type = ipset_type_find(k->type), .af = k->af, .maxelem = members};
	uint32_t found = 0, found_alone = 0;
	double filled, together, alone;
	struct ipset *set;
	uint64_t began;

	if (ipset_create(&c) != EDPVS_OK) {
		fprintf(stderr, "ipset_bench: %s: no memory for %u members\n", k->name, members);
		exit(1);
	}
	set = ipset_find(c.name);
	began = rte_rdtsc();
	fill(set, k, members);
	filled = (double)(rte_rdtsc() - began) / members;
	draw(members);
	together = best_of(set, k, false, rounds, &found);
	alone = best_of(set, k, true, rounds, &found_alone);
	if (found != found_alone) {
		fprintf(stderr, "ipset_bench: %s: %u matches in vectors, %u one by one\n", k->name, found,
			found_alone);
		exit(1);
	}
	printf("{\"set\":\"%s\",\"members\":%u,\"cycles\":%.1f,\"cyclesAlone\":%.1f,\"matched\":%.3f,"
	       "\"cyclesToAdd\":%.0f}\n",
	       k->name, members, together, alone, (double)found / PACKETS, filled);
	fflush(stdout);
	ipset_destroy(set);
}

int
main(int argc, char **argv)
{
	long members = argc > 1 ? strtol(argv[1], NULL, 10) : 0,
	     rounds = argc > 2 ? strtol(argv[2], NULL, 10) : 0;

	if (members < MEMBERS_LEAST || members > 1 << 20 || rounds < 1) {
		fprintf(stderr, "usage: ipset_bench MEMBERS (%d to %d) ROUNDS\n", MEMBERS_LEAST, 1 << 20);
		return 2;
	}
	hash_init();
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		run(&kinds[i], (uint32_t)members, (unsigned)rounds);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IPv6 link-local addresses of ports: from the MAC (RFC 4291, modified EUI-64), random, or stable and opaque
 * in the manner of RFC 7217, whose function may be any that cannot be turned round; here it is SipHash-2-4
 * keyed with the secret.
 */
#include <stdlib.h>
#include <rte_random.h>

#include "addr.h"
#include "core/conf.h"
#include "core/log.h"

static uint64_t
rotl(uint64_t x, int b)
{
	return x << b | x >> (64 - b);
}

static void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

/* SipHash-2-4 of whole 8-byte words. */
static uint64_t
siphash(const uint64_t key[2], const uint64_t *words, unsigned n)
{
	uint64_t v[4] = {key[0] ^ 0x736f6d6570736575ull, key[1] ^ 0x646f72616e646f6dull,
			 key[0] ^ 0x6c7967656e657261ull, key[1] ^ 0x7465646279746573ull};

	for (unsigned i = 0; i <= n; i++) {
		uint64_t m = i < n ? words[i] : (uint64_t)n * 8 << 56;

		v[3] ^= m;
		sip_round(v);
		sip_round(v);
		v[0] ^= m;
	}
	v[2] ^= 0xff;
	for (unsigned i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static bool
secret_parse(const char *hex, uint64_t key[2])
{
	char half[17] = "";

	if (strlen(hex) != 32 || strspn(hex, "0123456789abcdefABCDEF") != 32)
		return false;
	for (unsigned i = 0; i < 2; i++) {
		memcpy(half, hex + i * 16, 16);
		key[i] = strtoull(half, NULL, 16);
	}
	return true;
}

static void
eui64(const struct rte_ether_addr *mac, uint8_t id[8])
{
	const uint8_t *m = mac->addr_bytes;
	uint8_t out[8] = {m[0] ^ 2, m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5]};

	memcpy(id, out, 8);
}

static bool
stable_id(const struct port *p, uint8_t id[8])
{
	uint64_t key[2], words[2 + PORT_NAME_MAX / 8] = {0};
	uint64_t hash;

	if (!secret_parse(conf.ipv6.stable_secret, key))
		return false;
	words[0] = 0x80fe; /* the prefix fe80::/64 */
	memcpy(&words[1], p->mac.addr_bytes, 6);
	memcpy(&words[2], p->name, strnlen(p->name, PORT_NAME_MAX));
	hash = siphash(key, words, RTE_DIM(words));
	memcpy(id, &hash, 8);
	return true;
}

void
linklocal_create(struct port *p)
{
	const char *mode = conf.ipv6.addr_gen_mode;
	struct addr_spec spec = {
	    .port = p, .af = INET_AF_V6, .plen = 64, .flags = ADDR_F_LINKLOCAL, .scope = ADDR_SCOPE_LINK};
	uint8_t *id = &spec.ip.b[8];

	spec.ip.b[0] = 0xfe;
	spec.ip.b[1] = 0x80;
	if (p->layer3 || conf.ipv6.disable || strcmp(mode, "none") == 0)
		return;
	if (strcmp(mode, "random") == 0) {
		uint64_t r = rte_rand();

		memcpy(id, &r, 8);
	} else if (strcmp(mode, "stable-privacy") == 0) {
		if (!stable_id(p, id)) {
			log_warning("net",
				    "%s gets no IPv6 link-local address: addr_gen_mode stable-privacy needs "
				    "ipv6_defs/stable_secret with 32 hexadecimal digits",
				    p->name);
			return;
		}
	} else {
		eui64(&p->mac, id);
	}
	if (addr_add(&spec))
		log_warning("net", "%s: could not add the IPv6 link-local address", p->name);
}

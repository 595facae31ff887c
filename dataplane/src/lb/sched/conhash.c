/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Consistent hashing: servers stand many times on a circle, a client gets the server that follows its own
 * place. What is hashed is the client's address or, for services of QUIC, its connection id; the service's
 * flags say which. Places are those of DPVS, so that directors of both kinds choose alike, unless weights are
 * so far apart that the circle would have more than PLACES_MAX of them.
 */
#include "table.h"

#include <inttypes.h>
#include <md5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>

#include "core/errors.h"

enum {
	PLACES_PER_WEIGHT = 160,
	PLACES_MAX = 1 << 16,
	F_SOURCE = 0x100,
	F_QUIC = 0x200,
	KEY_TEXT = INET6_ADDRSTRLEN + 24,
};

struct place {
	int64_t hash;
	uint32_t at; /* index in the set */
};

struct circle {
	uint32_t flags, n;
	struct place place[];
};

/* The integer mix that ends the hash, on 64 bits with the sign carried. */
static int64_t
mix(int64_t h)
{
	uint64_t a = (uint64_t)h;

	a = (a + 0x7ed55d16u) + (a << 12);
	a = (a ^ 0xc761c23cu) ^ (uint64_t)((int64_t)a >> 19);
	a = (a + 0x165667b1u) + (a << 5);
	a = (a + 0xd3a2646cu) ^ (a << 9);
	a = (a + 0xfd7046c5u) + (a << 3);
	a = (a ^ 0xb55a4f09u) ^ (uint64_t)((int64_t)a >> 16);
	return (int64_t)(a * 3221225473u);
}

static int64_t
hash_text(const char *text, size_t len)
{
	uint8_t digest[MD5_DIGEST_LENGTH];
	uint32_t w[4];
	MD5_CTX md5;

	MD5Init(&md5);
	MD5Update(&md5, (const uint8_t *)text, len);
	MD5Final(digest, &md5);
	memcpy(w, digest, sizeof(w));
	return mix((int64_t)w[0] + w[1] + w[2] + w[3]);
}

static int
by_hash(const void *a, const void *b)
{
	const struct place *p = a, *q = b;

	if (p->hash != q->hash)
		return p->hash < q->hash ? -1 : 1;
	return p->at < q->at ? -1 : p->at > q->at;
}

/* Places of a destination when all together may have PLACES_MAX. */
static uint32_t
places_of(const struct lb_dest_set *set, const struct lb_dest_view *d)
{
	uint64_t all = (uint64_t)set->sum_weight / (uint64_t)set->gcd_weight * PLACES_PER_WEIGHT;
	uint64_t n = (uint64_t)d->weight / (uint64_t)set->gcd_weight * PLACES_PER_WEIGHT;

	if (n == 0 || all <= PLACES_MAX)
		return (uint32_t)n;
	n = n * PLACES_MAX / all;
	return n ? (uint32_t)n : 1;
}

static uint32_t
dest_add(struct place *to, const struct lb_dest_set *set, uint32_t at)
{
	const struct lb_dest_view *d = &set->d[at];
	uint32_t n = places_of(set, d);
	char text[KEY_TEXT], ip[INET6_ADDRSTRLEN] = "";

	inet_ntop(d->af == INET_AF_V4 ? AF_INET : AF_INET6, &d->ip, ip, sizeof(ip));
	for (uint32_t i = 0; i < n; i++) {
		int len = snprintf(text, sizeof(text), "%s%u-%03" PRIu32, ip, d->port_be, i);

		to[i] = (struct place){.hash = hash_text(text, (size_t)len), .at = at};
	}
	return n;
}

static int
conhash_build(struct lb_dest_set *set, uint32_t service_flags)
{
	size_t room = 0;
	struct circle *c;

	for (uint32_t i = 0; i < set->n; i++)
		room += places_of(set, &set->d[i]);
	c = malloc(sizeof(*c) + room * sizeof(c->place[0]));
	if (!c)
		return EDPVS_NOMEM;
	*c = (struct circle){.flags = service_flags};
	for (uint32_t i = 0; i < set->n; i++)
		c->n += dest_add(&c->place[c->n], set, i);
	qsort(c->place, c->n, sizeof(c->place[0]), by_hash);
	set->sched_data = c;
	return EDPVS_OK;
}

/* The place at or behind a hash; the first one follows the last. */
static const struct place *
successor(const struct circle *c, int64_t hash)
{
	uint32_t low = 0, high = c->n;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (c->place[mid].hash < hash)
			low = mid + 1;
		else
			high = mid;
	}
	return &c->place[low < c->n ? low : 0];
}

static int
conhash_pick(const struct lb_dest_set *set, struct lb_sched_state *st, const struct lb_sched_key *key,
	     unsigned worker)
{
	const struct circle *c = set->sched_data;
	char text[KEY_TEXT];
	uint32_t at;
	int len;

	if (c->n == 0 || !(c->flags & (F_SOURCE | F_QUIC)))
		return -1;
	if (c->flags & F_QUIC && key->has_cid)
		len = snprintf(text, sizeof(text), "%" PRIu64, key->cid);
	else
		len = snprintf(text, sizeof(text), "%" PRIu32,
			       __builtin_bswap32(sched_fold(key->af, &key->saddr)));
	at = successor(c, hash_text(text, (size_t)len))->at;
	return lb_dest_usable(&set->d[at], worker) ? (int)at : -1;
}

const struct lb_sched lb_sched_conhash = {
    .name = "conhash", .build = conhash_build, .free = sched_table_free, .pick = conhash_pick};

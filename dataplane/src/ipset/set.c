/* SPDX-License-Identifier: Apache-2.0 */
#include "set.h"

#include <stdlib.h>
#include <string.h>

#include "core/errors.h"
#include "core/rcu.h"
#include "net/net.h"

struct ipset_list ipsets = TAILQ_HEAD_INITIALIZER(ipsets);

struct ipset *
ipset_find(const char *name)
{
	struct ipset *set;

	TAILQ_FOREACH (set, &ipsets, next)
		if (strcmp(set->name, name) == 0)
			return set;
	return NULL;
}

const char *
ipset_name(const struct ipset *set)
{
	return set->name;
}

bool
ipset_lists_match_dst(const struct ipset *set)
{
	return set->type->lists_match_dst;
}

bool
ipset_needs_frame(const struct ipset *set)
{
	return set->type->iface || set->type->mac;
}

void
ipset_ref(struct ipset *set)
{
	set->references++;
}

void
ipset_unref(struct ipset *set)
{
	set->references--;
}

/* Connections that follow lists with this set are to look again. */
static void
changed(const struct ipset *set)
{
	if (set->references > 0)
		net_generation_advance();
}

/* ---- prefix lengths ---- */

static size_t
plens_bytes(uint32_t n)
{
	return sizeof(struct ipset_plens) + n * sizeof(struct ipset_plen);
}

static struct ipset_plen *
plen_find(struct ipset_plens *p, const struct ipset_key *key)
{
	for (uint32_t i = 0; p && i < p->n; i++)
		if (p->plen[i].first == key->plen && p->plen[i].second == key->plen2)
			return &p->plen[i];
	return NULL;
}

static void
plens_replace(struct ipset *set, struct ipset_plens *p)
{
	struct ipset_plens *old = set->plens;

	rcu_publish(set->plens, p);
	if (old)
		rcu_retire(free, old);
}

/* Counts a member of these lengths. False: no memory. */
static bool
plens_add(struct ipset *set, const struct ipset_key *key)
{
	union inet_ip ones = {.q = {UINT64_MAX, UINT64_MAX}};
	struct ipset_plen *known = plen_find(set->plens, key),
			  fresh = {.mask = inet_ip_mask(set->af, &ones, key->plen),
				   .mask2 = inet_ip_mask(set->af, &ones, key->plen2),
				   .first = key->plen,
				   .second = key->plen2,
				   .members = 1};
	uint32_t n = set->plens ? set->plens->n : 0, at = 0;
	struct ipset_plens *p;

	if (known) {
		known->members++;
		return true;
	}
	p = malloc(plens_bytes(n + 1));
	if (!p)
		return false;
	while (at < n &&
	       (set->plens->plen[at].first > fresh.first ||
		(set->plens->plen[at].first == fresh.first && set->plens->plen[at].second > fresh.second)))
		at++;
	p->n = n + 1;
	if (n > 0) {
		memcpy(p->plen, set->plens->plen, at * sizeof(fresh));
		memcpy(&p->plen[at + 1], &set->plens->plen[at], (n - at) * sizeof(fresh));
	}
	p->plen[at] = fresh;
	plens_replace(set, p);
	return true;
}

/* Without memory for a shorter list, readers look for one length too many. */
static void
plens_del(struct ipset *set, const struct ipset_key *key)
{
	struct ipset_plen *known = plen_find(set->plens, key);
	uint32_t at = (uint32_t)(known - set->plens->plen), n = set->plens->n - 1;
	struct ipset_plens *p = NULL;

	if (--known->members > 0)
		return;
	if (n > 0) {
		p = malloc(plens_bytes(n));
		if (!p)
			return;
		p->n = n;
		memcpy(p->plen, set->plens->plen, at * sizeof(*known));
		memcpy(&p->plen[at], &set->plens->plen[at + 1], (n - at) * sizeof(*known));
	}
	plens_replace(set, p);
}

/* ---- sets ---- */

static void
set_free(void *arg)
{
	struct ipset *set = arg;

	ipset_table_fini(&set->table);
	free(set->plens);
	free(set);
}

/* Members that a bitmap can have. */
static uint64_t
bitmap_size(const struct ipset_conf *c)
{
	if (c->type->first == IPSET_NO_ADDR)
		/* TCP and UDP have members of their own. */
		return c->port_min > c->port_max ? 0 : 2 * ((uint64_t)c->port_max - c->port_min + 1);
	return c->ip_min > c->ip_max ? 0 : (uint64_t)c->ip_max - c->ip_min + 1;
}

static uint32_t
round_down_pow2(uint32_t n)
{
	return n ? 1u << (31 - __builtin_clz(n)) : 0;
}

int
ipset_create(const struct ipset_conf *c)
{
	enum { BITMAP_MAX = 2 * 65536 };
	uint64_t max = c->type->bitmap ? bitmap_size(c) : c->maxelem ? c->maxelem : IPSET_MAXELEM;
	struct ipset *set, *after;

	if (ipset_find(c->name))
		return EDPVS_EXIST;
	if (max == 0 || max > (c->type->bitmap ? BITMAP_MAX : IPSET_MEMBERS_MAX) ||
	    (c->type->bitmap && c->af != INET_AF_V4))
		return EDPVS_INVAL;
	set = calloc(1, sizeof(*set));
	if (!set)
		return EDPVS_NOMEM;
	memcpy(set->name, c->name, strnlen(c->name, sizeof(set->name) - 1));
	set->type = c->type;
	set->af = c->af;
	set->hashsize = c->hashsize ? round_down_pow2(c->hashsize) : IPSET_HASHSIZE;
	set->ip_min = c->ip_min;
	set->ip_max = c->ip_max;
	set->port_min = c->port_min;
	set->port_max = c->port_max;
	set->range_plen = c->range_plen;
	if (!ipset_table_init(&set->table, (uint32_t)max, set->hashsize, c->comment)) {
		free(set);
		return EDPVS_NOMEM;
	}
	TAILQ_FOREACH (after, &ipsets, next)
		if (strcmp(after->name, set->name) > 0)
			break;
	if (after)
		TAILQ_INSERT_BEFORE(after, set, next);
	else
		TAILQ_INSERT_TAIL(&ipsets, set, next);
	return EDPVS_OK;
}

int
ipset_destroy(struct ipset *set)
{
	if (set->references > 0)
		return EDPVS_BUSY;
	TAILQ_REMOVE(&ipsets, set, next);
	ipset_table_close(&set->table);
	rcu_retire(set_free, set);
	return EDPVS_OK;
}

void
ipset_fini(void)
{
	struct ipset *set;

	while ((set = TAILQ_FIRST(&ipsets))) {
		TAILQ_REMOVE(&ipsets, set, next);
		ipset_table_close(&set->table);
		rcu_retire(set_free, set);
	}
}

/* ---- members ---- */

static void
member_remove(struct ipset *set, const struct ipset_elem *m)
{
	struct ipset_key key = m->key;

	ipset_table_del(&set->table, m);
	plens_del(set, &key);
	if (key.proto == 0)
		set->any_proto--;
}

void
ipset_flush(struct ipset *set)
{
	const struct ipset_elem *m = NULL;

	while ((m = ipset_table_next(&set->table, m)))
		member_remove(set, m);
	changed(set);
}

static void
comment_set(struct ipset *set, const struct ipset_elem *m, const char *comment)
{
	char *at = ipset_table_comment(&set->table, m);

	if (at)
		strncpy(at, comment, IPSET_COMMENT - 1);
}

static int
member_add(struct ipset *set, const struct ipset_elem *m, const char *comment)
{
	const struct ipset_elem *added;

	if (!plens_add(set, &m->key))
		return EDPVS_NOMEM;
	/* Readers look for it before it is there. */
	if (m->key.proto == 0)
		set->any_proto++;
	added = ipset_table_add(&set->table, m);
	if (added) {
		comment_set(set, added, comment);
		return EDPVS_OK;
	}
	plens_del(set, &m->key);
	if (m->key.proto == 0)
		set->any_proto--;
	return EDPVS_NOMEM;
}

int
ipset_add(struct ipset *set, const struct ipset_elem *m, const char *comment, bool replace)
{
	const struct ipset_elem *old = ipset_table_find(&set->table, &m->key);
	int err;

	if (old && !replace)
		return EDPVS_EXIST;
	if (old && old->nomatch == m->nomatch && memcmp(old->mac, m->mac, sizeof(m->mac)) == 0) {
		comment_set(set, old, comment);
		return EDPVS_OK;
	}
	if (old)
		member_remove(set, old);
	err = member_add(set, m, comment);
	changed(set);
	return err;
}

int
ipset_del(struct ipset *set, const struct ipset_key *key)
{
	const struct ipset_elem *m = ipset_table_find(&set->table, key);

	if (!m)
		return EDPVS_NOTEXIST;
	member_remove(set, m);
	changed(set);
	return EDPVS_OK;
}

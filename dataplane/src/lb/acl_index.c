/* SPDX-License-Identifier: Apache-2.0 */
/* Where lists are found by the key of their service, and entries by what they say: chained hashes. Entries
 * have one of their own for all lists, because a list may be long. */
#include "acl.h"

#include <stdlib.h>
#include <string.h>
#include <rte_jhash.h>

enum { KEY_BUCKETS = 4096, ENTRY_BUCKETS_MIN = 1024 };

static struct lb_acl *by_key[KEY_BUCKETS];
static struct lb_acl_entry **by_subject;
static uint32_t nbuckets, nentries; /* of the index by subject */

/* ---- lists ---- */

static struct lb_acl **
key_bucket(const struct lb_key *key)
{
	return &by_key[rte_jhash(key, sizeof(*key), 0) % KEY_BUCKETS];
}

struct lb_acl *
lb_acl_index_key(const struct lb_key *key)
{
	struct lb_acl *acl = *key_bucket(key);

	while (acl && memcmp(&acl->key, key, sizeof(*key)) != 0)
		acl = acl->chain;
	return acl;
}

void
lb_acl_index(struct lb_acl *acl)
{
	struct lb_acl **at = key_bucket(&acl->key);

	acl->chain = *at;
	*at = acl;
}

void
lb_acl_unindex(struct lb_acl *acl)
{
	struct lb_acl **at = key_bucket(&acl->key);

	while (*at != acl)
		at = &(*at)->chain;
	*at = acl->chain;
}

/* ---- entries ---- */

/* Hashed as memory. */
struct subject {
	const struct lb_acl *acl;
	union inet_ip ip;
	uint8_t list, plen;
	uint8_t zero[6];
};

static struct lb_acl_entry **
subject_bucket(const struct lb_acl *acl, unsigned list, const union inet_ip *ip, uint8_t plen)
{
	struct subject s = {.acl = acl, .ip = *ip, .list = (uint8_t)list, .plen = plen};

	return &by_subject[rte_jhash(&s, sizeof(s), 0) & (nbuckets - 1)];
}

struct lb_acl_entry *
lb_acl_index_entry(const struct lb_acl *acl, unsigned list, const union inet_ip *ip, uint8_t plen)
{
	struct lb_acl_entry *e = nbuckets ? *subject_bucket(acl, list, ip, plen) : NULL;

	while (e && !(e->acl == acl && e->list == list && e->plen == plen && inet_ip_equal(&e->ip, ip)))
		e = e->chain;
	return e;
}

void
lb_acl_entry_index(struct lb_acl_entry *e)
{
	struct lb_acl_entry **at = subject_bucket(e->acl, e->list, &e->ip, e->plen);

	e->chain = *at;
	*at = e;
	nentries++;
}

void
lb_acl_entry_unindex(struct lb_acl_entry *e)
{
	struct lb_acl_entry **at = subject_bucket(e->acl, e->list, &e->ip, e->plen);

	while (*at != e)
		at = &(*at)->chain;
	*at = e->chain;
	nentries--;
}

uint32_t
lb_acl_entries_count(void)
{
	return nentries;
}

bool
lb_acl_index_reserve(void)
{
	uint32_t n = nbuckets ? nbuckets * 2 : ENTRY_BUCKETS_MIN, old_n = nbuckets;
	struct lb_acl_entry **old = by_subject, **buckets;

	if (nentries < nbuckets)
		return true;
	buckets = calloc(n, sizeof(*buckets));
	if (!buckets)
		return nbuckets > 0;
	by_subject = buckets;
	nbuckets = n;
	nentries = 0;
	for (uint32_t i = 0; i < old_n; i++) {
		struct lb_acl_entry *e = old[i];

		while (e) {
			struct lb_acl_entry *chain = e->chain;

			lb_acl_entry_index(e);
			e = chain;
		}
	}
	free(old);
	return true;
}

void
lb_acl_index_fini(void)
{
	free(by_subject);
	by_subject = NULL;
	nbuckets = nentries = 0;
}

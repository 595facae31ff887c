/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deny and allow lists: the control lcore's truth, and its way to workers.
 *
 * Lists belong to the key of a service, not to the service: they may be there before it. They go with it when
 * it is deleted. What has entries is in an index by key; entries are in an index of their own, because lists
 * may be long.
 */
#include "acl.h"

#include <stdlib.h>
#include <string.h>
#include <rte_jhash.h>

#include "core/errors.h"
#include "core/txn.h"
#include "lb_control.h"
#include "net/net.h"

enum { KEY_BUCKETS = 4096, ENTRY_BUCKETS_MIN = 1024, NOWHERE = UINT32_MAX };

static TAILQ_HEAD(acl_list, lb_acl) acls = TAILQ_HEAD_INITIALIZER(acls);
static struct acl_list touched = TAILQ_HEAD_INITIALIZER(touched);
static struct lb_acl *by_key[KEY_BUCKETS];
static struct lb_acl_entry **by_subject;
static uint32_t nbuckets, nentries; /* of the index by subject */

/* ---- indices ---- */

static struct lb_acl **
key_bucket(const struct lb_key *key)
{
	return &by_key[rte_jhash(key, sizeof(*key), 0) % KEY_BUCKETS];
}

/* With those that the open transaction has emptied. */
static struct lb_acl *
acl_find(const struct lb_key *key)
{
	struct lb_acl *acl = *key_bucket(key);

	while (acl && memcmp(&acl->key, key, sizeof(*key)) != 0)
		acl = acl->chain;
	return acl;
}

static bool
is_empty(const struct lb_acl *acl)
{
	return acl->list[LB_ACL_DENY].n == 0 && acl->list[LB_ACL_ALLOW].n == 0;
}

struct lb_acl *
lb_acl_find(const struct lb_key *key)
{
	struct lb_acl *acl = acl_find(key);

	return acl && !is_empty(acl) ? acl : NULL;
}

struct lb_acl *
lb_acl_next(const struct lb_acl *acl)
{
	return acl ? TAILQ_NEXT(acl, next) : TAILQ_FIRST(&acls);
}

struct subject {
	const struct lb_acl *acl;
	union inet_ip ip;
	uint8_t list, plen;
	uint8_t zero[6];
};

static struct subject
subject_of(const struct lb_acl *acl, unsigned list, const union inet_ip *ip, uint8_t plen)
{
	return (struct subject){.acl = acl, .ip = *ip, .list = (uint8_t)list, .plen = plen};
}

static struct lb_acl_entry **
subject_bucket(const struct subject *s)
{
	return &by_subject[rte_jhash(s, sizeof(*s), 0) & (nbuckets - 1)];
}

static struct lb_acl_entry *
entry_find(const struct subject *s)
{
	struct lb_acl_entry *e = nbuckets ? *subject_bucket(s) : NULL;

	while (e && !(e->acl == s->acl && e->list == s->list && e->plen == s->plen &&
		      inet_ip_equal(&e->ip, &s->ip)))
		e = e->chain;
	return e;
}

static void
entry_index(struct lb_acl_entry *e)
{
	struct subject s = subject_of(e->acl, e->list, &e->ip, e->plen);
	struct lb_acl_entry **at = subject_bucket(&s);

	e->chain = *at;
	*at = e;
	nentries++;
}

static void
entry_unindex(struct lb_acl_entry *e)
{
	struct subject s = subject_of(e->acl, e->list, &e->ip, e->plen);
	struct lb_acl_entry **at = subject_bucket(&s);

	while (*at != e)
		at = &(*at)->chain;
	*at = e->chain;
	nentries--;
}

/* Keeps chains short. An index that could not grow works on, slower; false when there is none at all. */
static bool
index_grow(void)
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

			entry_index(e);
			e = chain;
		}
	}
	free(old);
	return true;
}

/* ---- lists of a key ---- */

static void
touch(struct lb_acl *acl, struct lb_acl_entry *e)
{
	if (!acl->touched)
		TAILQ_INSERT_TAIL(&touched, acl, touching);
	acl->touched = true;
	if (!e->touched)
		TAILQ_INSERT_TAIL(&acl->list[e->list].touched, e, touching);
	e->touched = true;
}

/* Out of the index; workers may still hold it. */
static void
acl_unlist(struct lb_acl *acl)
{
	struct lb_acl **at = key_bucket(&acl->key);

	while (*at != acl)
		at = &(*at)->chain;
	*at = acl->chain;
	TAILQ_REMOVE(&acls, acl, next);
}

struct acl_note {
	struct lb_acl *acl; /* NULL: the change was not made */
};

static void
create_undo(void *note)
{
	const struct acl_note *n = note;

	if (!n->acl)
		return;
	acl_unlist(n->acl);
	free(n->acl);
}

static struct lb_acl *
acl_create(const struct lb_key *key)
{
	static const struct txn_change change = {.undo = create_undo};
	struct acl_note *n = txn_note(&change, sizeof(*n));
	struct lb_acl *acl = n ? calloc(1, sizeof(*acl)) : NULL;

	if (!acl)
		return NULL;
	acl->key = *key;
	for (unsigned i = 0; i < LB_ACL_LISTS; i++) {
		TAILQ_INIT(&acl->list[i].entries);
		TAILQ_INIT(&acl->list[i].touched);
	}
	acl->chain = *key_bucket(key);
	*key_bucket(key) = acl;
	TAILQ_INSERT_TAIL(&acls, acl, next);
	n->acl = acl;
	return acl;
}

/* ---- entries ---- */

struct entry_note {
	struct lb_acl_entry *e; /* NULL: the change was not made */
	struct lb_acl_entry *behind;
};

static void
unlist(struct lb_acl_entry *e)
{
	struct lb_acl_list *l = &e->acl->list[e->list];

	TAILQ_REMOVE(&l->entries, e, next);
	l->n--;
	e->listed = false;
	entry_unindex(e);
}

static void
list_before(struct lb_acl_entry *e, struct lb_acl_entry *behind)
{
	struct lb_acl_list *l = &e->acl->list[e->list];

	if (behind)
		TAILQ_INSERT_BEFORE(behind, e, next);
	else
		TAILQ_INSERT_TAIL(&l->entries, e, next);
	l->n++;
	e->listed = true;
	entry_index(e);
}

static void
add_undo(void *note)
{
	const struct entry_note *n = note;

	if (!n->e)
		return;
	unlist(n->e);
	free(n->e);
}

static int
entry_add(const struct lb_key *key, unsigned list, const union inet_ip *ip, uint8_t plen)
{
	static const struct txn_change change = {.undo = add_undo};
	union inet_ip masked = inet_ip_mask(key->af, ip, plen);
	struct lb_acl *acl = acl_find(key);
	struct entry_note *n;
	struct subject s;

	if (!acl)
		acl = acl_create(key);
	if (!acl)
		return EDPVS_NOMEM;
	s = subject_of(acl, list, &masked, plen);
	if (entry_find(&s))
		return EDPVS_OK;
	if (nentries == LB_ACL_ENTRIES_MAX)
		return EDPVS_RESOURCE;
	n = index_grow() ? txn_note(&change, sizeof(*n)) : NULL;
	if (n)
		n->e = calloc(1, sizeof(*n->e));
	if (!n || !n->e)
		return EDPVS_NOMEM;
	*n->e = (struct lb_acl_entry){
	    .acl = acl, .ip = masked, .place = NOWHERE, .list = (uint8_t)list, .plen = plen};
	list_before(n->e, NULL);
	touch(acl, n->e);
	return EDPVS_OK;
}

int
lb_acl_add(const struct lb_key *key, unsigned list, const union inet_ip *ip, uint8_t plen)
{
	bool mine = txn_enter();

	return txn_leave(mine, entry_add(key, list, ip, plen));
}

static void
delete_undo(void *note)
{
	const struct entry_note *n = note;

	list_before(n->e, n->behind);
}

static void
delete_done(void *note)
{
	const struct entry_note *n = note;

	free(n->e);
}

static int
entry_del(struct lb_acl_entry *e)
{
	static const struct txn_change change = {.undo = delete_undo, .done = delete_done};
	struct entry_note *n = txn_note(&change, sizeof(*n));

	if (!n)
		return EDPVS_NOMEM;
	*n = (struct entry_note){.e = e, .behind = TAILQ_NEXT(e, next)};
	unlist(e);
	touch(e->acl, e);
	return EDPVS_OK;
}

int
lb_acl_del(const struct lb_key *key, unsigned list, const union inet_ip *ip, uint8_t plen)
{
	union inet_ip masked = inet_ip_mask(key->af, ip, plen);
	struct subject s = subject_of(acl_find(key), list, &masked, plen);
	struct lb_acl_entry *e = s.acl ? entry_find(&s) : NULL;
	bool mine = txn_enter();

	return txn_leave(mine, e ? entry_del(e) : EDPVS_NOTEXIST);
}

static int
list_flush(const struct lb_key *key, unsigned list)
{
	struct lb_acl *acl = acl_find(key);
	struct lb_acl_entry *e;
	int err = EDPVS_OK;

	while (!err && acl && (e = TAILQ_FIRST(&acl->list[list].entries)))
		err = entry_del(e);
	return err;
}

int
lb_acl_flush(const struct lb_key *key, unsigned list)
{
	bool mine = txn_enter();

	return txn_leave(mine, list_flush(key, list));
}

int
lb_acls_drop(const struct lb_key *key)
{
	bool mine = txn_enter();
	int err = list_flush(key, LB_ACL_DENY);

	return txn_leave(mine, err ? err : list_flush(key, LB_ACL_ALLOW));
}

/* ---- what workers read ---- */

static uint32_t
fresh_entries(const struct lb_acl_list *l)
{
	const struct lb_acl_entry *e;
	uint32_t n = 0;

	TAILQ_FOREACH (e, &l->touched, touching)
		n += e->listed;
	return n;
}

static int
list_prepare(struct lb_acl *acl, unsigned list)
{
	const struct lb_acl_set *set = acl->set[list];
	struct lb_acl_list *l = &acl->list[list];

	if (l->n == 0 || (set && lb_acl_set_room(set) >= fresh_entries(l)))
		return EDPVS_OK;
	l->built = lb_acl_set_new(acl->key.af, l->n);
	return l->built ? EDPVS_OK : EDPVS_NOMEM;
}

int
lb_acls_prepare(void)
{
	struct lb_acl *acl;
	int err = EDPVS_OK;

	TAILQ_FOREACH (acl, &touched, touching) {
		for (unsigned i = 0; i < LB_ACL_LISTS && !err; i++)
			err = list_prepare(acl, i);
		if (err)
			break;
	}
	return err;
}

static void
set_replace(struct lb_acl *acl, unsigned list, struct lb_acl_set *set)
{
	struct lb_acl_set *old = acl->set[list];

	rcu_publish(acl->set[list], set);
	if (old)
		rcu_retire(free, old);
}

/* First what comes, then what goes: a list that is exchanged never looks empty. */
static void
set_change(struct lb_acl_set *set, struct lb_acl_list *l)
{
	struct lb_acl_entry *e;

	TAILQ_FOREACH (e, &l->touched, touching)
		if (e->listed)
			e->place = lb_acl_set_add(set, &e->ip, e->plen);
	TAILQ_FOREACH (e, &l->touched, touching)
		if (!e->listed && e->place != NOWHERE)
			lb_acl_set_remove(set, e->place);
}

static void
list_publish(struct lb_acl *acl, unsigned list)
{
	struct lb_acl_list *l = &acl->list[list];
	struct lb_acl_entry *e;

	if (l->n == 0) {
		set_replace(acl, list, NULL);
		return;
	}
	if (!l->built) {
		set_change(acl->set[list], l);
		return;
	}
	TAILQ_FOREACH (e, &l->entries, next)
		e->place = lb_acl_set_add(l->built, &e->ip, e->plen);
	set_replace(acl, list, l->built);
	l->built = NULL;
}

static struct lb_service *
service_of(const struct lb_key *key)
{
	struct lb_service_id id = {.kind = LB_SERVICE_ADDRESS, .key = *key};

	return lb_service_find(&id);
}

void
lb_acls_publish(void)
{
	struct lb_acl *acl;

	TAILQ_FOREACH (acl, &touched, touching) {
		struct lb_service *svc = service_of(&acl->key);

		for (unsigned i = 0; i < LB_ACL_LISTS; i++)
			if (!TAILQ_EMPTY(&acl->list[i].touched))
				list_publish(acl, i);
		if (svc)
			rcu_publish(svc->acl, is_empty(acl) ? NULL : acl);
	}
	if (!TAILQ_EMPTY(&touched))
		net_generation_advance();
}

void
lb_acl_attach(struct lb_service *svc)
{
	struct lb_acl *acl = lb_acl_find(&svc->key);

	if (!acl)
		return;
	rcu_publish(svc->acl, acl);
	/* Connections of a service that had this name before. */
	net_generation_advance();
}

static void
untouch(struct lb_acl *acl)
{
	struct lb_acl_entry *e;

	TAILQ_REMOVE(&touched, acl, touching);
	acl->touched = false;
	for (unsigned i = 0; i < LB_ACL_LISTS; i++) {
		struct lb_acl_entries *entries = &acl->list[i].touched;

		while ((e = TAILQ_FIRST(entries))) {
			TAILQ_REMOVE(entries, e, touching);
			e->touched = false;
		}
	}
}

void
lb_acls_end(void)
{
	struct lb_acl *acl;

	while ((acl = TAILQ_FIRST(&touched))) {
		untouch(acl);
		if (!is_empty(acl))
			continue;
		acl_unlist(acl);
		rcu_retire(free, acl);
	}
}

void
lb_acls_abandon(void)
{
	struct lb_acl *acl;

	while ((acl = TAILQ_FIRST(&touched))) {
		untouch(acl);
		for (unsigned i = 0; i < LB_ACL_LISTS; i++) {
			free(acl->list[i].built);
			acl->list[i].built = NULL;
		}
	}
}

/* ---- start and end ---- */

void
lb_acls_init(void)
{
	TAILQ_INIT(&acls);
	TAILQ_INIT(&touched);
}

void
lb_acls_fini(void)
{
	struct lb_acl *acl;

	while ((acl = TAILQ_FIRST(&acls)))
		if (lb_acls_drop(&acl->key))
			break;
	free(by_subject);
	by_subject = NULL;
	nbuckets = nentries = 0;
}

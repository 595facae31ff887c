/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deny and allow lists: the control lcore's truth, and its way to workers.
 *
 * Lists belong to the key of a service, not to the service: they may be there before it. They go with it when
 * it is deleted.
 */
#include "acl.h"

#include <stdlib.h>

#include "core/errors.h"
#include "core/txn.h"
#include "lb_control.h"
#include "net/net.h"

/* Ipsets are in the index by subject under their address and a length that no prefix has. */
enum { NOWHERE = UINT32_MAX, PLEN_IPSET = UINT8_MAX };

static TAILQ_HEAD(acl_list, lb_acl) acls = TAILQ_HEAD_INITIALIZER(acls);
static struct acl_list touched = TAILQ_HEAD_INITIALIZER(touched);

/* ---- lists of a key ---- */

static bool
is_empty(const struct lb_acl *acl)
{
	return acl->list[LB_ACL_DENY].n == 0 && acl->list[LB_ACL_ALLOW].n == 0;
}

struct lb_acl *
lb_acl_find(const struct lb_key *key)
{
	struct lb_acl *acl = lb_acl_index_key(key);

	return acl && !is_empty(acl) ? acl : NULL;
}

struct lb_acl *
lb_acl_next(const struct lb_acl *acl)
{
	return acl ? TAILQ_NEXT(acl, next) : TAILQ_FIRST(&acls);
}

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

/* Workers may still hold it. */
static void
acl_unlist(struct lb_acl *acl)
{
	lb_acl_unindex(acl);
	TAILQ_REMOVE(&acls, acl, next);
}

struct acl_note {
	struct lb_acl *acl; /* NULL: the change was not made */
	struct lb_acl *behind;
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
	lb_acl_index(acl);
	TAILQ_INSERT_TAIL(&acls, acl, next);
	n->acl = acl;
	return acl;
}

static void
resume_undo(void *note)
{
	const struct acl_note *n = note;

	TAILQ_REMOVE(&acls, n->acl, next);
	if (n->behind)
		TAILQ_INSERT_BEFORE(n->behind, n->acl, next);
	else
		TAILQ_INSERT_TAIL(&acls, n->acl, next);
}

/* Lists that the open transaction has emptied begin anew, at the end, where they would be without it. */
static struct lb_acl *
acl_resume(struct lb_acl *acl)
{
	static const struct txn_change change = {.undo = resume_undo};
	struct acl_note *n = txn_note(&change, sizeof(*n));

	if (!n)
		return NULL;
	*n = (struct acl_note){.acl = acl, .behind = TAILQ_NEXT(acl, next)};
	TAILQ_REMOVE(&acls, acl, next);
	TAILQ_INSERT_TAIL(&acls, acl, next);
	return acl;
}

/* The lists of a key to which an entry is about to be added; NULL: no memory. */
static struct lb_acl *
acl_get(const struct lb_key *key)
{
	struct lb_acl *acl = lb_acl_index_key(key);

	if (!acl)
		return acl_create(key);
	return is_empty(acl) ? acl_resume(acl) : acl;
}

/* ---- entries ---- */

struct entry_note {
	struct lb_acl_entry *e; /* NULL: the change was not made */
	struct lb_acl_entry *behind;
};

static void
entry_free(struct lb_acl_entry *e)
{
	if (e->set)
		ipset_unref(e->set);
	free(e);
}

static void
unlist(struct lb_acl_entry *e)
{
	struct lb_acl_list *l = &e->acl->list[e->list];

	TAILQ_REMOVE(&l->entries, e, next);
	l->n--;
	l->nipsets -= e->set != NULL;
	e->listed = false;
	lb_acl_entry_unindex(e);
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
	l->nipsets += e->set != NULL;
	e->listed = true;
	lb_acl_entry_index(e);
}

static void
add_undo(void *note)
{
	const struct entry_note *n = note;

	if (!n->e)
		return;
	unlist(n->e);
	entry_free(n->e);
}

/* What an entry is found by. */
struct subject {
	struct ipset *set;
	union inet_ip ip;
	uint8_t plen;
};

static struct subject
subject_prefix(const struct lb_key *key, const union inet_ip *ip, uint8_t plen)
{
	return (struct subject){.ip = inet_ip_mask(key->af, ip, plen), .plen = plen};
}

static struct subject
subject_ipset(struct ipset *set)
{
	return (struct subject){.set = set, .ip = {.q = {(uintptr_t)set}}, .plen = PLEN_IPSET};
}

static int
entry_add(const struct lb_key *key, unsigned list, const struct subject *s)
{
	static const struct txn_change change = {.undo = add_undo};
	struct lb_acl *acl = acl_get(key);
	struct entry_note *n;

	if (!acl)
		return EDPVS_NOMEM;
	if (lb_acl_index_entry(acl, list, &s->ip, s->plen))
		return EDPVS_OK;
	if (lb_acl_entries_count() == LB_ACL_ENTRIES_MAX)
		return EDPVS_RESOURCE;
	n = lb_acl_index_reserve() ? txn_note(&change, sizeof(*n)) : NULL;
	if (n)
		n->e = calloc(1, sizeof(*n->e));
	if (!n || !n->e)
		return EDPVS_NOMEM;
	*n->e = (struct lb_acl_entry){
	    .acl = acl, .set = s->set, .ip = s->ip, .place = NOWHERE, .list = (uint8_t)list, .plen = s->plen};
	if (s->set)
		ipset_ref(s->set);
	list_before(n->e, NULL);
	touch(acl, n->e);
	return EDPVS_OK;
}

int
lb_acl_add(const struct lb_key *key, unsigned list, const union inet_ip *ip, uint8_t plen)
{
	struct subject s = subject_prefix(key, ip, plen);
	bool mine = txn_enter();

	return txn_leave(mine, entry_add(key, list, &s));
}

int
lb_acl_add_ipset(const struct lb_key *key, unsigned list, struct ipset *set)
{
	struct subject s = subject_ipset(set);
	bool mine = txn_enter();

	return txn_leave(mine, entry_add(key, list, &s));
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

	entry_free(n->e);
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

static int
subject_del(const struct lb_key *key, unsigned list, const struct subject *s)
{
	struct lb_acl *acl = lb_acl_index_key(key);
	struct lb_acl_entry *e = acl ? lb_acl_index_entry(acl, list, &s->ip, s->plen) : NULL;
	bool mine = txn_enter();

	return txn_leave(mine, e ? entry_del(e) : EDPVS_NOTEXIST);
}

int
lb_acl_del(const struct lb_key *key, unsigned list, const union inet_ip *ip, uint8_t plen)
{
	struct subject s = subject_prefix(key, ip, plen);

	return subject_del(key, list, &s);
}

int
lb_acl_del_ipset(const struct lb_key *key, unsigned list, struct ipset *set)
{
	struct subject s = subject_ipset(set);

	return subject_del(key, list, &s);
}

static int
list_flush(const struct lb_key *key, unsigned list)
{
	struct lb_acl *acl = lb_acl_index_key(key);
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
		n += e->listed && !e->set;
	return n;
}

static struct lb_acl_ipsets *
ipsets_build(const struct lb_acl_list *l)
{
	struct lb_acl_ipsets *s = malloc(sizeof(*s) + l->nipsets * sizeof(s->set[0]));
	const struct lb_acl_entry *e;

	if (!s)
		return NULL;
	s->n = 0;
	TAILQ_FOREACH (e, &l->entries, next)
		if (e->set)
			s->set[s->n++] = e->set;
	return s;
}

static int
list_prepare(struct lb_acl *acl, unsigned list)
{
	const struct lb_acl_set *set = acl->set[list];
	struct lb_acl_list *l = &acl->list[list];

	if (l->nipsets > 0) {
		l->built_ipsets = ipsets_build(l);
		if (!l->built_ipsets)
			return EDPVS_NOMEM;
	}
	if (l->n == l->nipsets || (set && lb_acl_set_room(set) >= fresh_entries(l)))
		return EDPVS_OK;
	l->built = lb_acl_set_new(acl->key.af, l->n - l->nipsets);
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

static void
ipsets_replace(struct lb_acl *acl, unsigned list, struct lb_acl_ipsets *ipsets)
{
	struct lb_acl_ipsets *old = acl->ipsets[list];

	rcu_publish(acl->ipsets[list], ipsets);
	__atomic_store_n(&lb_acl_with_ipsets, lb_acl_with_ipsets + (ipsets != NULL) - (old != NULL),
			 __ATOMIC_RELAXED);
	if (old)
		rcu_retire(free, old);
}

/* First what comes, then what goes: a list that is exchanged never looks empty. */
static void
set_change(struct lb_acl_set *set, struct lb_acl_list *l)
{
	struct lb_acl_entry *e;

	TAILQ_FOREACH (e, &l->touched, touching)
		if (e->listed && !e->set)
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

	ipsets_replace(acl, list, l->built_ipsets);
	l->built_ipsets = NULL;
	if (l->n == l->nipsets) {
		set_replace(acl, list, NULL);
		return;
	}
	if (!l->built) {
		set_change(acl->set[list], l);
		return;
	}
	TAILQ_FOREACH (e, &l->entries, next)
		if (!e->set)
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
			free(acl->list[i].built_ipsets);
			acl->list[i].built_ipsets = NULL;
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
	lb_acl_index_fini();
}

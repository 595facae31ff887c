/* SPDX-License-Identifier: Apache-2.0 */
/* Deny and allow lists as workers see them: asked for a vector of packets, whose cache misses overlap. */
#include "acl.h"

uint32_t lb_acl_with_ipsets;

/* Bit i: the list has e[i]. */
static uint32_t
set_ask(const struct lb_acl_set *set, const struct ipset_ends *e, unsigned n)
{
	uint32_t has = 0;

	for (unsigned i = 0; i < n; i++)
		has |= (uint32_t)lb_acl_set_has(set, &e[i].saddr) << i;
	return has;
}

static uint32_t
ipsets_ask(const struct lb_acl_ipsets *s, const struct ipset_ends *e, unsigned n)
{
	uint32_t has = 0;

	for (uint32_t i = 0; i < s->n; i++)
		has |= ipset_match_vector(s->set[i], e, n, ipset_lists_match_dst(s->set[i]));
	return has;
}

/* False: there is no such list, and *has is 0. */
static bool
list_ask(struct lb_acl *acl, unsigned list, const struct ipset_ends *e, unsigned n, uint32_t *has)
{
	const struct lb_acl_ipsets *ipsets = rcu_read(acl->ipsets[list]);
	const struct lb_acl_set *set = rcu_read(acl->set[list]);

	*has = set ? set_ask(set, e, n) : 0;
	if (ipsets)
		*has |= ipsets_ask(ipsets, e, n);
	return set || ipsets;
}

void
lb_acl_check_vector(struct lb_acl *acl, const struct ipset_ends *e, unsigned n, enum drop_reason *why)
{
	uint32_t denied, allowed;

	list_ask(acl, LB_ACL_DENY, e, n, &denied);
	if (!list_ask(acl, LB_ACL_ALLOW, e, n, &allowed))
		allowed = UINT32_MAX;
	for (unsigned i = 0; i < n; i++) {
		why[i] = denied >> i & 1 ? DROP_DENY_LIST : allowed >> i & 1 ? DROP_NONE : DROP_ALLOW_LIST;
	}
}

enum drop_reason
lb_acl_check(struct lb_service *svc, const struct ipset_ends *e)
{
	struct lb_acl *acl = rcu_read(svc->acl);
	enum drop_reason why = DROP_NONE;

	if (acl)
		lb_acl_check_vector(acl, e, 1, &why);
	return why;
}

static bool
ipsets_need_frame(const struct lb_acl_ipsets *s)
{
	for (uint32_t i = 0; s && i < s->n; i++)
		if (ipset_needs_frame(s->set[i]))
			return true;
	return false;
}

bool
lb_acl_needs_frame(struct lb_service *svc)
{
	struct lb_acl *acl = rcu_read(svc->acl);

	return acl && (ipsets_need_frame(rcu_read(acl->ipsets[LB_ACL_DENY])) ||
		       ipsets_need_frame(rcu_read(acl->ipsets[LB_ACL_ALLOW])));
}

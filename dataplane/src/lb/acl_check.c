/* SPDX-License-Identifier: Apache-2.0 */
/* Deny and allow lists as workers see them. */
#include "acl.h"

/* The list says nothing when there is none. */
enum verdict { SAYS_NOTHING, HAS_NOT, HAS };

static enum verdict
ipsets_ask(const struct lb_acl_ipsets *s, const struct ipset_ends *e)
{
	if (!s)
		return SAYS_NOTHING;
	for (uint32_t i = 0; i < s->n; i++)
		if (ipset_match(s->set[i], e, ipset_lists_match_dst(s->set[i])))
			return HAS;
	return HAS_NOT;
}

static enum verdict
list_ask(struct lb_acl *acl, unsigned list, const struct ipset_ends *e)
{
	const struct lb_acl_set *set = rcu_read(acl->set[list]);
	enum verdict ipsets;

	if (set && lb_acl_set_has(set, &e->saddr))
		return HAS;
	ipsets = ipsets_ask(rcu_read(acl->ipsets[list]), e);
	return set && ipsets == SAYS_NOTHING ? HAS_NOT : ipsets;
}

enum drop_reason
lb_acl_check(struct lb_service *svc, const struct ipset_ends *e)
{
	struct lb_acl *acl = rcu_read(svc->acl);

	if (!acl)
		return DROP_NONE;
	if (list_ask(acl, LB_ACL_DENY, e) == HAS)
		return DROP_DENY_LIST;
	return list_ask(acl, LB_ACL_ALLOW, e) == HAS_NOT ? DROP_ALLOW_LIST : DROP_NONE;
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

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages about deny and allow lists: ids 73 to 80, and DS_MSG_ACL, which has networks too. Lists may be
 * made before their service; adding what is there already is no error.
 */
#include "lb_ctrl.h"

#include <string.h>

#include "abi/acl.h"
#include "abi/aclext.h"
#include "abi/messages.h"
#include "acl.h"

/* Both kinds of lists have one layout, so one function handles both. */
_Static_assert(sizeof(struct dp_vs_blklst_conf) == sizeof(struct dp_vs_whtlst_conf) &&
		   offsetof(struct dp_vs_blklst_conf, subject) ==
		       offsetof(struct dp_vs_whtlst_conf, subject) &&
		   sizeof(struct dp_vs_blklst_conf_array) == sizeof(struct dp_vs_whtlst_conf_array),
	       "deny and allow entries are alike");

struct change {
	struct lb_key key;
	unsigned list; /* LB_ACL_DENY, LB_ACL_ALLOW */
	int op;	       /* DS_ACL_ADD ... */
	struct lb_ctrl_prefix subject;
	struct ipset *set; /* the subject is this one; NULL: it is the prefix */
};

static int
change_make(const struct change *c)
{
	switch (c->op) {
	case DS_ACL_ADD:
		if (c->set)
			return lb_acl_add_ipset(&c->key, c->list, c->set);
		return lb_acl_add(&c->key, c->list, &c->subject.ip, c->subject.plen);
	case DS_ACL_DEL:
		if (c->set)
			return lb_acl_del_ipset(&c->key, c->list, c->set);
		return lb_acl_del(&c->key, c->list, &c->subject.ip, c->subject.plen);
	case DS_ACL_FLUSH:
		return lb_acl_flush(&c->key, c->list);
	default:
		return EDPVS_INVAL;
	}
}

/* Only services with an address have lists. */
static int
key_read(uint8_t af, uint8_t proto, const union inet_addr *vaddr, uint16_t vport_be, struct lb_key *key)
{
	static const struct dp_vs_match no_match;
	struct lb_ctrl_name name = {
	    .af = af, .proto = proto, .addr = vaddr, .port_be = vport_be, .match = &no_match};
	struct lb_service_id id;
	int err = lb_ctrl_id(&name, &id);

	*key = id.key;
	return err;
}

/* The set of a name of `size` bytes. INVAL: the name has no end; NOTEXIST: there is no such set. */
static int
set_read(const char *name, size_t size, struct ipset **set)
{
	if (!memchr(name, '\0', size) || !name[0])
		return EDPVS_INVAL;
	*set = ipset_find(name);
	return *set ? EDPVS_OK : EDPVS_NOTEXIST;
}

/* ---- ids 73 to 75, 77 to 79 ---- */

static int
legacy_set(const struct ctrl_request *req, unsigned list, int op)
{
	struct change change = {.list = list, .op = op};
	struct dp_vs_blklst_conf c;
	int err;

	if (req->len < sizeof(c))
		return EDPVS_INVAL;
	memcpy(&c, req->body, sizeof(c));
	err = key_read(c.af, c.proto, &c.vaddr, c.vport, &change.key);
	if (err || op == DS_ACL_FLUSH)
		return err ? err : change_make(&change);
	if (c.ipset[0]) {
		err = set_read(c.ipset, sizeof(c.ipset), &change.set);
		return err ? err : change_make(&change);
	}
	change.subject = (struct lb_ctrl_prefix){
	    .ip = lb_ctrl_ip(c.af, &c.subject), .af = c.af, .plen = (uint8_t)inet_bits(c.af)};
	return inet_ip_is_any(&change.subject.ip) ? EDPVS_INVAL : change_make(&change);
}

static int
deny_add(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	return legacy_set(req, LB_ACL_DENY, DS_ACL_ADD);
}

static int
deny_del(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	return legacy_set(req, LB_ACL_DENY, DS_ACL_DEL);
}

static int
deny_flush(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	return legacy_set(req, LB_ACL_DENY, DS_ACL_FLUSH);
}

static int
allow_add(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	return legacy_set(req, LB_ACL_ALLOW, DS_ACL_ADD);
}

static int
allow_del(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	return legacy_set(req, LB_ACL_ALLOW, DS_ACL_DEL);
}

static int
allow_flush(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	return legacy_set(req, LB_ACL_ALLOW, DS_ACL_FLUSH);
}

/* ---- ids 76 and 80 ---- */

/* Networks do not fit into these lists. */
static bool
is_listed(const struct lb_acl_entry *e)
{
	return e->set || e->plen == inet_bits(e->acl->key.af);
}

static void
legacy_write(void *at, const struct lb_acl_entry *e)
{
	const struct lb_key *key = &e->acl->key;
	struct dp_vs_blklst_conf c = {.vport = key->vport_be, .proto = key->proto, .af = key->af};

	memcpy(&c.vaddr, &key->vip, sizeof(c.vaddr));
	if (e->set)
		strncpy(c.ipset, ipset_name(e->set), sizeof(c.ipset) - 1);
	else
		memcpy(&c.subject, &e->ip, sizeof(c.subject));
	memcpy(at, &c, sizeof(c));
}

static int
legacy_get(struct ctrl_reply *reply, unsigned list)
{
	size_t head_at = ctrl_reply_len(reply);
	struct dp_vs_blklst_conf_array head = {0};
	const struct lb_acl_entry *e;
	const struct lb_acl *acl;
	void *at = ctrl_reply_add(reply, sizeof(head));

	for (acl = lb_acl_next(NULL); acl && at; acl = lb_acl_next(acl)) {
		TAILQ_FOREACH (e, &acl->list[list].entries, next) {
			if (!is_listed(e))
				continue;
			at = ctrl_reply_add(reply, sizeof(struct dp_vs_blklst_conf));
			if (!at)
				break;
			legacy_write(at, e);
			head.naddr++;
		}
	}
	if (!at)
		return EDPVS_NOMEM;
	memcpy(ctrl_reply_at(reply, head_at), &head, sizeof(head));
	return EDPVS_OK;
}

static int
deny_get(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	return legacy_get(reply, LB_ACL_DENY);
}

static int
allow_get(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	return legacy_get(reply, LB_ACL_ALLOW);
}

/* ---- DS_MSG_ACL ---- */

static int
subject_read(const struct ds_acl *c, struct change *change)
{
	struct lb_ctrl_prefix *subject = &change->subject;
	int err;

	if (c->entry.subject.af == ABI_AF_UNSPEC)
		return set_read(c->entry.ipset, sizeof(c->entry.ipset), &change->set);
	err = lb_ctrl_prefix_read(&c->entry.subject, subject);
	return err ? err : subject->af == c->af ? EDPVS_OK : EDPVS_INVAL;
}

static int
acl_set(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct change change;
	struct ds_acl c;
	int err;

	if (req->len < sizeof(c))
		return EDPVS_INVAL;
	memcpy(&c, req->body, sizeof(c));
	if (c.list != DS_ACL_DENY && c.list != DS_ACL_ALLOW)
		return EDPVS_INVAL;
	change = (struct change){.list = c.list == DS_ACL_DENY ? LB_ACL_DENY : LB_ACL_ALLOW, .op = c.op};
	err = key_read(c.af, c.proto, &c.vaddr, c.vport, &change.key);
	if (!err && c.op != DS_ACL_FLUSH)
		err = subject_read(&c, &change);
	return err ? err : change_make(&change);
}

void
lb_acl_ctrl_register(void)
{
	ctrl_register_txn(SOCKOPT_SET_BLKLST_ADD, deny_add);
	ctrl_register_txn(SOCKOPT_SET_BLKLST_DEL, deny_del);
	ctrl_register_txn(SOCKOPT_SET_BLKLST_FLUSH, deny_flush);
	ctrl_register(SOCKOPT_GET_BLKLST_GETALL, deny_get);
	ctrl_register_txn(SOCKOPT_SET_WHTLST_ADD, allow_add);
	ctrl_register_txn(SOCKOPT_SET_WHTLST_DEL, allow_del);
	ctrl_register_txn(SOCKOPT_SET_WHTLST_FLUSH, allow_flush);
	ctrl_register(SOCKOPT_GET_WHTLST_GETALL, allow_get);
	ctrl_register_txn(DS_MSG_ACL, acl_set);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about sets: ids 103 to 105. A request that names many members adds or takes away all of them, or
 * none. */
#include "request.h"

#include <string.h>
#include <arpa/inet.h>

#include "abi/messages.h"
#include "ctrl/ctrl.h"
#include "port/port.h"

static bool
is_text(const char *bytes, size_t size)
{
	return memchr(bytes, '\0', size) != NULL;
}

static int
param_read(const struct ctrl_request *req, struct ipset_param *p)
{
	if (req->len < sizeof(*p))
		return EDPVS_INVAL;
	memcpy(p, req->body, sizeof(*p));
	return is_text(p->name, sizeof(p->name)) && is_text(p->type, sizeof(p->type)) &&
		       is_text(p->comment, sizeof(p->comment))
		   ? EDPVS_OK
		   : EDPVS_INVAL;
}

/* ---- id 103 ---- */

/* The addresses that a bitmap covers: a prefix or a range. */
static int
bitmap_range(const struct ipset_param *p, struct ipset_conf *c)
{
	uint32_t min = ntohl(inet_ip_make(INET_AF_V4, p->range.min_addr.in6).v4),
		 max = ntohl(inet_ip_make(INET_AF_V4, p->range.max_addr.in6).v4);

	if (p->cidr > 32)
		return EDPVS_INVAL;
	c->range_plen = p->cidr;
	c->port_min = p->range.min_port;
	c->port_max = p->range.max_port;
	if (p->cidr) {
		uint32_t hosts = p->cidr == 32 ? 0 : UINT32_MAX >> p->cidr;

		c->ip_min = min & ~hosts;
		c->ip_max = min | hosts;
	} else {
		c->ip_min = min;
		c->ip_max = max;
	}
	return EDPVS_OK;
}

static int
create(const struct ipset_param *p)
{
	struct ipset_conf c = {.name = p->name,
			       .type = ipset_type_find(p->type),
			       .af = p->option.family ? p->option.family : INET_AF_V4,
			       .maxelem = p->option.create.maxelem,
			       .comment = p->option.create.comment != 0};
	int err = EDPVS_OK;

	if (p->name[0] == '\0' || p->option.create.hashsize < 0 || (c.af != INET_AF_V4 && c.af != INET_AF_V6))
		return EDPVS_INVAL;
	if (!c.type)
		return EDPVS_NOTSUPP;
	c.hashsize = (uint32_t)p->option.create.hashsize;
	if (c.type->bitmap)
		err = bitmap_range(p, &c);
	return err ? err : ipset_create(&c);
}

static bool
in_bitmap(const struct ipset *set, const struct ipset_key *key)
{
	uint32_t ip = ntohl(key->addr.v4);

	if (!set->type->bitmap)
		return true;
	if (set->type->port)
		return key->port >= set->port_min && key->port <= set->port_max &&
		       (key->proto == IPPROTO_TCP || key->proto == IPPROTO_UDP);
	return ip >= set->ip_min && ip <= set->ip_max;
}

/* How many members would be new. */
static int
add_check(const struct ipset *set, const struct ipset_request *r, bool force, uint32_t *fresh)
{
	*fresh = 0;
	for (uint32_t i = 0; i < r->n; i++) {
		struct ipset_elem m = ipset_request_member(set, r, i);

		if (!in_bitmap(set, &m.key))
			return EDPVS_INVAL;
		if (!ipset_table_find(&set->table, &m.key))
			++*fresh;
		else if (!force)
			return EDPVS_EXIST;
	}
	return set->table.max - set->table.n < *fresh ? EDPVS_NOMEM : EDPVS_OK;
}

static int
add(struct ipset *set, const struct ipset_param *p)
{
	bool force = p->flag & IPSET_F_FORCE;
	struct ipset_request r;
	uint32_t fresh;
	int err = ipset_request_read(set, p, &r);

	if (!err)
		err = add_check(set, &r, force, &fresh);
	for (uint32_t i = 0; !err && i < r.n; i++) {
		struct ipset_elem m = ipset_request_member(set, &r, i);

		err = ipset_add(set, &m, p->comment, force);
		/* Memory ran out on the way: what was new goes again. */
		while (err && !force && i > 0) {
			m = ipset_request_member(set, &r, --i);
			ipset_del(set, &m.key);
		}
	}
	return err;
}

static int
del(struct ipset *set, const struct ipset_param *p)
{
	bool force = p->flag & IPSET_F_FORCE;
	struct ipset_request r;
	int err = ipset_request_read(set, p, &r);

	for (uint32_t i = 0; !err && !force && i < r.n; i++) {
		struct ipset_elem m = ipset_request_member(set, &r, i);

		if (!ipset_table_find(&set->table, &m.key))
			err = EDPVS_NOTEXIST;
	}
	for (uint32_t i = 0; !err && i < r.n; i++) {
		struct ipset_elem m = ipset_request_member(set, &r, i);

		ipset_del(set, &m.key);
	}
	return err;
}

static int
ipset_set(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct ipset_param p;
	struct ipset *set;
	int err = param_read(req, &p);

	if (err)
		return err;
	if (p.opcode == IPSET_OP_CREATE)
		return create(&p);
	set = ipset_find(p.name);
	if (!set)
		return EDPVS_NOTEXIST;
	switch (p.opcode) {
	case IPSET_OP_ADD:
		return add(set, &p);
	case IPSET_OP_DEL:
		return del(set, &p);
	case IPSET_OP_DESTROY:
		return ipset_destroy(set);
	case IPSET_OP_FLUSH:
		ipset_flush(set);
		return EDPVS_OK;
	default:
		return EDPVS_INVAL;
	}
}

/* ---- id 104 ---- */

static int
ipset_test(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	static const uint8_t any[6];
	const struct ipset_elem *found;
	struct ipset_elem m;
	struct ipset_param p;
	struct ipset *set;
	int32_t result;
	void *at;
	int err = param_read(req, &p);

	if (err)
		return err;
	set = ipset_find(p.name);
	if (!set)
		return EDPVS_NOTEXIST;
	err = ipset_request_test(set, &p, &m);
	if (err)
		return err;
	found = ipset_decide(set, &m.key);
	result = found && !found->nomatch &&
		 (memcmp(found->mac, any, sizeof(any)) == 0 || memcmp(found->mac, m.mac, sizeof(any)) == 0);
	at = ctrl_reply_add(reply, sizeof(result));
	if (!at)
		return EDPVS_NOMEM;
	memcpy(at, &result, sizeof(result));
	return EDPVS_OK;
}

/* ---- id 105 ---- */

static struct ipset_info
info_of(const struct ipset *set)
{
	struct ipset_info info = {.comment = set->table.comments != NULL,
				  .af = set->af,
				  .size =
				      (uint32_t)RTE_MIN(ipset_table_bytes(&set->table), (size_t)UINT32_MAX),
				  .entries = set->table.n,
				  .references = set->references};

	memcpy(info.name, set->name, sizeof(info.name));
	memcpy(info.type, set->type->name, strlen(set->type->name));
	if (set->type->bitmap) {
		uint32_t min = htonl(set->ip_min), max = htonl(set->ip_max);

		info.bitmap.cidr = set->range_plen;
		memcpy(&info.bitmap.range.min_addr, &min, sizeof(min));
		memcpy(&info.bitmap.range.max_addr, &max, sizeof(max));
		info.bitmap.range.min_port = set->port_min;
		info.bitmap.range.max_port = set->port_max;
	} else {
		info.hash.hashsize = (int32_t)set->hashsize;
		info.hash.maxelem = set->table.max;
	}
	return info;
}

/* Lengths of whole addresses are not said. */
static uint8_t
plen_shown(const struct ipset *set, uint8_t plen)
{
	return plen < inet_bits(set->af) ? plen : 0;
}

static void
member_write(void *at, const struct ipset *set, const struct ipset_elem *m)
{
	const struct ipset_key *key = &m->key;
	struct ipset_member out = {.cidr = plen_shown(set, key->plen),
				   .proto = key->proto,
				   .port = key->port,
				   .nomatch = m->nomatch,
				   .cidr2 = plen_shown(set, key->plen2),
				   .port2 = key->port2};
	const char *comment = ipset_table_comment(&set->table, m);

	memcpy(&out.addr, &key->addr, sizeof(out.addr));
	memcpy(&out.addr2, &key->addr2, sizeof(out.addr2));
	memcpy(out.mac, m->mac, sizeof(out.mac));
	if (comment)
		memcpy(out.comment, comment, sizeof(out.comment));
	if (key->iface && ports[key->iface - 1])
		memcpy(out.iface, ports[key->iface - 1]->name,
		       strnlen(ports[key->iface - 1]->name, sizeof(out.iface) - 1));
	memcpy(at, &out, sizeof(out));
}

static bool
members_write(struct ctrl_reply *reply, const struct ipset *set)
{
	const struct ipset_elem *m;

	for (m = ipset_table_next(&set->table, NULL); m; m = ipset_table_next(&set->table, m)) {
		void *at = ctrl_reply_add(reply, sizeof(struct ipset_member));

		if (!at)
			return false;
		member_write(at, set, m);
	}
	return true;
}

static bool
info_write(struct ctrl_reply *reply, const struct ipset *set)
{
	struct ipset_info info = info_of(set);
	void *at = ctrl_reply_add(reply, sizeof(info));

	if (at)
		memcpy(at, &info, sizeof(info));
	return at != NULL;
}

static int
list_one(struct ctrl_reply *reply, const struct ipset *set)
{
	return info_write(reply, set) && members_write(reply, set) ? EDPVS_OK : EDPVS_NOMEM;
}

static int
list_all(struct ctrl_reply *reply)
{
	const struct ipset *set;

	TAILQ_FOREACH (set, &ipsets, next)
		if (!info_write(reply, set))
			return EDPVS_NOMEM;
	TAILQ_FOREACH (set, &ipsets, next)
		if (!members_write(reply, set))
			return EDPVS_NOMEM;
	return EDPVS_OK;
}

static int
ipset_list(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct ipset_info_array head = {.nipset = 1};
	const struct ipset *set = NULL;
	struct ipset_param p;
	void *at;
	int err = param_read(req, &p);

	if (err)
		return err;
	if (p.name[0]) {
		set = ipset_find(p.name);
		if (!set)
			return EDPVS_NOTEXIST;
	} else {
		head.nipset = 0;
		TAILQ_FOREACH (set, &ipsets, next)
			head.nipset++;
	}
	at = ctrl_reply_add(reply, sizeof(head));
	if (!at)
		return EDPVS_NOMEM;
	memcpy(at, &head, sizeof(head));
	return set ? list_one(reply, set) : list_all(reply);
}

void
ipset_ctrl_register(void)
{
	ctrl_register(SOCKOPT_SET_IPSET, ipset_set);
	ctrl_register(SOCKOPT_GET_IPSET_TEST, ipset_test);
	ctrl_register(SOCKOPT_GET_IPSET_LIST, ipset_list);
}

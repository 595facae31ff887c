/* SPDX-License-Identifier: Apache-2.0 */
#include "txn_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rte_byteorder.h>

#include "abi/abi.h"
#include "abi/batch.h"
#include "acl.h"

enum { TCP = 6, UDP = 17 };

static uint64_t seed;

void
world_seed(uint64_t s)
{
	seed = s * 2 + 1;
}

uint32_t
world_random(uint32_t below)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (uint32_t)((seed * 2685821657736338717ull >> 32) % below);
}

static bool
chance(uint32_t one_in)
{
	return world_random(one_in) == 0;
}

/* ---- names ---- */

static void
address(int32_t af, uint8_t net, unsigned n, union inet_addr *out)
{
	memset(out, 0, sizeof(*out));
	if (af == ABI_AF_INET)
		memcpy(out, (uint8_t[]){10, net, 0, (uint8_t)(n + 1)}, 4);
	else
		memcpy(out, (uint8_t[]){0xfd, 0, [14] = net, (uint8_t)(n + 1)}, 16);
}

/* Four TCP and two UDP services of two VIPs, two of IPv6, a mark that TCP and UDP compete for, a match. */
static const struct name {
	uint8_t kind;
	int32_t af;
	uint8_t proto, vip;
	uint16_t port;
	uint32_t mark;
} names[WORLD_SERVICES] = {
    {LB_SERVICE_ADDRESS, 2, TCP, 0, 80, 0},  {LB_SERVICE_ADDRESS, 2, TCP, 0, 81, 0},
    {LB_SERVICE_ADDRESS, 2, TCP, 1, 80, 0},  {LB_SERVICE_ADDRESS, 2, TCP, 1, 81, 0},
    {LB_SERVICE_ADDRESS, 2, UDP, 0, 80, 0},  {LB_SERVICE_ADDRESS, 2, UDP, 1, 80, 0},
    {LB_SERVICE_ADDRESS, 10, TCP, 0, 80, 0}, {LB_SERVICE_ADDRESS, 10, UDP, 0, 80, 0},
    {LB_SERVICE_FWMARK, 2, TCP, 0, 0, 1},    {LB_SERVICE_FWMARK, 2, UDP, 0, 0, 1},
    {LB_SERVICE_FWMARK, 2, TCP, 0, 0, 2},    {LB_SERVICE_MATCH, 2, TCP, 0, 0, 0},
};

static struct dp_vs_service_compat
service_named(unsigned service)
{
	const struct name *n = &names[service];
	struct dp_vs_service_compat c = {
	    .af = n->af, .proto = n->proto, .port = rte_cpu_to_be_16(n->port), .fwmark = n->mark};

	if (n->kind == LB_SERVICE_ADDRESS)
		address(n->af, 1, n->vip, &c.addr);
	if (n->kind == LB_SERVICE_MATCH)
		snprintf(c.match.iifname, sizeof(c.match.iifname), "dpdk0");
	c.netmask = n->af == ABI_AF_INET ? UINT32_MAX : 128;
	return c;
}

static struct lb_key
key_of(unsigned service)
{
	struct dp_vs_service_compat c = service_named(service);
	struct lb_key key = {.af = (uint8_t)c.af, .proto = c.proto, .vport_be = c.port};

	key.vip = inet_ip_make(c.af, c.addr.in6);
	return key;
}

/* ---- requests ---- */

static struct item
item_make(uint32_t id, const void *body, size_t len)
{
	struct item it = {.id = id, .len = len};

	if (len)
		memcpy(it.body, body, len);
	return it;
}

struct item
item_service(uint32_t id, unsigned service, const char *sched)
{
	struct dp_vs_service_compat c = service_named(service);

	snprintf(c.sched_name, sizeof(c.sched_name), "%s", sched);
	return item_make(id, &c, sizeof(c));
}

struct item
item_dest(uint32_t id, unsigned service, unsigned rs, uint32_t weight)
{
	struct dp_vs_service_dest c = {.svc = service_named(service)};

	c.dest = (struct dp_vs_dest_compat){.af = c.svc.af,
					    .port = rte_cpu_to_be_16(8080),
					    .weight = weight,
					    .conn_flags = DPVS_FWD_MODE_FNAT,
					    .fwdmode = DPVS_FWD_MODE_FNAT};
	address(c.svc.af, 2, rs, &c.dest.addr);
	return item_make(id, &c, sizeof(c));
}

struct item
item_laddr(uint32_t id, unsigned service, unsigned lip)
{
	struct dp_vs_service_compat s = service_named(service);
	struct dp_vs_laddr_conf c = {.af_s = s.af,
				     .proto = s.proto,
				     .vaddr = s.addr,
				     .vport = s.port,
				     .fwmark = s.fwmark,
				     .match = s.match,
				     .af_l = s.af};

	address(s.af, 3, lip, &c.laddr);
	snprintf(c.ifname, sizeof(c.ifname), "dpdk0");
	return item_make(id, &c, sizeof(c));
}

struct item
item_flush(void)
{
	return item_make(DPVS_SO_SET_FLUSH, NULL, 0);
}

struct item
item_acl(uint8_t op, uint8_t list, unsigned service, unsigned client, uint8_t plen)
{
	struct dp_vs_service_compat s = service_named(service);
	struct ds_acl c = {.vaddr = s.addr,
			   .vport = s.port,
			   .proto = s.proto,
			   .af = (uint8_t)s.af,
			   .op = op,
			   .list = list,
			   .entry.subject = {.af = (uint8_t)s.af, .plen = plen}};

	address(s.af, 4, client, &c.entry.subject.addr);
	return item_make(DS_MSG_ACL, &c, sizeof(c));
}

/* As the messages of old have it; their ids in the order of DS_ACL_ADD to DS_ACL_FLUSH. */
static struct item
item_legacy_acl(uint32_t id, unsigned service, unsigned client)
{
	struct dp_vs_service_compat s = service_named(service);
	struct dp_vs_blklst_conf c = {
	    .vaddr = s.addr, .vport = s.port, .proto = s.proto, .af = (uint8_t)s.af};

	address(s.af, 4, client, &c.subject);
	return item_make(id, &c, sizeof(c));
}

static struct item
random_acl(void)
{
	static const uint32_t ids[] = {73, 73, 77, 77, 74, 78, 75, 79};
	static const uint8_t ops[] = {DS_ACL_ADD, DS_ACL_ADD, DS_ACL_ADD, DS_ACL_DEL, DS_ACL_FLUSH};
	unsigned service = world_random(WORLD_SERVICES), client = world_random(WORLD_CLIENTS);
	uint8_t list = chance(2) ? DS_ACL_DENY : DS_ACL_ALLOW;

	if (chance(2))
		return item_legacy_acl(ids[world_random(8)], service, client);
	return item_acl(ops[world_random(5)], list, service, client, (uint8_t)(29 + world_random(4)));
}

static struct item
random_service(uint32_t id)
{
	static const char *const scheds[] = {"rr", "wrr", "wlc", "wrr", "wlc", "none"};
	struct item it = item_service(id, world_random(WORLD_SERVICES), scheds[world_random(6)]);
	struct dp_vs_service_compat *c = (void *)it.body;

	c->conn_timeout = world_random(3) * 10;
	c->flags = chance(2) ? IP_VS_SVC_F_PERSISTENT : 0;
	c->timeout = world_random(100);
	c->bps = world_random(4);
	c->check_conf.types = chance(3) ? DEST_HC_PASSIVE : DEST_HC_NONE;
	if (chance(20))
		c->af = 3;
	return it;
}

static struct item
random_dest(uint32_t id)
{
	struct item it = item_dest(id, world_random(WORLD_SERVICES), world_random(WORLD_RS), world_random(5));
	struct dp_vs_service_dest *c = (void *)it.body;

	c->dest.max_conn = chance(3) ? world_random(20) : 0;
	c->dest.min_conn = chance(5) ? world_random(3) : 0;
	c->dest.flags = chance(8) ? DPVS_DEST_F_INHIBITED : 0;
	if (chance(12))
		c->dest.fwdmode = DPVS_FWD_MODE_DR;
	return it;
}

static struct item
random_laddr(uint32_t id)
{
	struct item it = item_laddr(id, world_random(WORLD_SERVICES), world_random(WORLD_LIPS));

	if (chance(12))
		((struct dp_vs_laddr_conf *)(void *)it.body)->ifname[0] = 'x';
	return it;
}

static struct item
zero_all(void)
{
	struct dp_vs_service_compat c = {0};

	return item_make(DPVS_SO_SET_ZERO, &c, sizeof(c));
}

void
item_random(struct item *it)
{
	uint32_t r = world_random(100);

	if (r < 2)
		*it = item_flush();
	else if (r < 3)
		*it = zero_all();
	else if (r < 6)
		*it = random_service(DPVS_SO_SET_ZERO);
	else if (r < 24)
		*it = random_service(DPVS_SO_SET_ADD);
	else if (r < 30)
		*it = random_service(DPVS_SO_SET_EDIT);
	else if (r < 36)
		*it = random_service(DPVS_SO_SET_DEL);
	else if (r < 46)
		*it = random_acl();
	else if (r < 58)
		*it = random_dest(DPVS_SO_SET_ADDDEST);
	else if (r < 66)
		*it = random_dest(DPVS_SO_SET_EDITDEST);
	else if (r < 76)
		*it = random_dest(DPVS_SO_SET_DELDEST);
	else if (r < 90)
		*it = random_laddr(SOCKOPT_SET_LADDR_ADD);
	else if (r < 96)
		*it = random_laddr(SOCKOPT_SET_LADDR_DEL);
	else
		*it = random_laddr(SOCKOPT_SET_LADDR_FLUSH);
	if (it->len && chance(40))
		it->len--;
}

/* ---- sending ---- */

static int
dispatch(uint32_t id, int32_t type, const void *body, size_t len, struct ctrl_reply *reply)
{
	struct ctrl_request req = {.id = id, .type = type, .body = body, .len = len, .peer = {.pid = 1}};

	return ctrl_dispatch(&req, reply);
}

int
item_send(const struct item *it)
{
	struct ctrl_reply *reply = ctrl_reply_new();
	int rc = dispatch(it->id, SOCKOPT_SET, it->body, it->len, reply);

	ctrl_reply_free(reply);
	return rc;
}

int
batch_send(const struct item *items, unsigned n, uint32_t flags, struct ctrl_reply **reply)
{
	struct ds_batch_request head = {.flags = flags, .count = n};
	size_t len = sizeof(head);
	uint8_t *body, *at;
	int rc;

	for (unsigned i = 0; i < n; i++)
		len += DS_TLV_SIZE(sizeof(struct ds_batch_item) + items[i].len);
	at = body = calloc(1, len);
	memcpy(at, &head, sizeof(head));
	at += sizeof(head);
	for (unsigned i = 0; i < n; i++) {
		struct ds_batch_item it = {.id = items[i].id};
		struct ds_tlv tlv = {.type = DS_TLV_ITEM, .len = (uint32_t)(sizeof(it) + items[i].len)};

		memcpy(at, &tlv, sizeof(tlv));
		memcpy(at + sizeof(tlv), &it, sizeof(it));
		memcpy(at + sizeof(tlv) + sizeof(it), items[i].body, items[i].len);
		at += DS_TLV_SIZE(tlv.len);
	}
	ctrl_reply_free(*reply);
	*reply = ctrl_reply_new();
	rc = dispatch(DS_MSG_BATCH, SOCKOPT_SET, body, len, *reply);
	free(body);
	return rc;
}

struct ds_batch_result
batch_result(struct ctrl_reply *reply)
{
	struct ds_batch_result result;

	memcpy(&result, ctrl_reply_at(reply, sizeof(struct ds_tlv)), sizeof(result));
	return result;
}

int32_t
batch_code(struct ctrl_reply *reply, uint32_t i)
{
	size_t codes = DS_TLV_SIZE(sizeof(struct ds_batch_result)) + sizeof(struct ds_tlv);
	int32_t code;

	memcpy(&code, ctrl_reply_at(reply, codes + i * sizeof(code)), sizeof(code));
	return code;
}

/* ---- pictures ---- */

static void
put(struct picture *p, const void *bytes, size_t n)
{
	if (p->n + n > p->room) {
		p->room = (p->n + n) * 2;
		p->bytes = realloc(p->bytes, p->room);
		assert_non_null(p->bytes);
	}
	if (n)
		memcpy(p->bytes + p->n, bytes, n);
	p->n += n;
}

#define PUT(p, value) put(p, &(value), sizeof(value))

void
picture_free(struct picture *p)
{
	free(p->bytes);
	*p = (struct picture){0};
}

void
assert_same(const struct picture *a, const struct picture *b)
{
	assert_int_equal(a->n, b->n);
	if (a->n)
		assert_memory_equal(a->bytes, b->bytes, a->n);
}

/* Asks, and puts the code and the reply into the picture. Returns the reply. */
static struct ctrl_reply *
put_reply(struct picture *p, uint32_t id, const void *body, size_t len)
{
	struct ctrl_reply *reply = ctrl_reply_new();
	int rc = dispatch(id, SOCKOPT_GET, body, len, reply);

	PUT(p, rc);
	put(p, ctrl_reply_at(reply, 0), ctrl_reply_len(reply));
	return reply;
}

static void
put_service(struct picture *p, unsigned service, uint8_t index)
{
	struct dp_vs_service_compat c = service_named(service);
	struct dp_vs_dest_table t = {.af = c.af,
				     .proto = c.proto,
				     .port = c.port,
				     .fwmark = c.fwmark,
				     .addr = c.addr,
				     .match = c.match,
				     .index = index};
	struct item laddrs = item_laddr(0, service, 0);
	struct ctrl_reply *reply;

	((struct dp_vs_laddr_conf *)(void *)laddrs.body)->index = index;
	c.index = index;
	reply = put_reply(p, DPVS_SO_GET_SERVICE, &c, sizeof(c));
	if (ctrl_reply_len(reply) == sizeof(c)) {
		memcpy(&c, ctrl_reply_at(reply, 0), sizeof(c));
		t.num_dests = c.num_dests;
	}
	ctrl_reply_free(reply);
	ctrl_reply_free(put_reply(p, DPVS_SO_GET_DESTS, &t, sizeof(t)));
	ctrl_reply_free(put_reply(p, SOCKOPT_GET_LADDR_GETALL, laddrs.body, laddrs.len));
}

/* What ids 76 and 80 have no room for. */
static void
put_acls(struct picture *p)
{
	const struct lb_acl_entry *e;

	for (const struct lb_acl *acl = lb_acl_next(NULL); acl; acl = lb_acl_next(acl)) {
		PUT(p, acl->key);
		for (unsigned i = 0; i < LB_ACL_LISTS; i++)
			TAILQ_FOREACH (e, &acl->list[i].entries, next) {
				PUT(p, e->ip);
				PUT(p, e->plen);
			}
	}
}

/* Which clients a worker would turn away. */
static void
put_verdicts(struct picture *p, struct lb_service *svc)
{
	for (unsigned i = 0; i < WORLD_CLIENTS; i++) {
		enum drop_reason why;
		union inet_addr a;
		union inet_ip ip;

		address(svc->key.af, 4, i, &a);
		ip = inet_ip_make(svc->key.af, a.in6);
		why = lb_acl_check(
		    svc, &(struct ipset_ends){.saddr = ip, .af = svc->key.af, .proto = svc->key.proto});
		PUT(p, why);
	}
}

void
picture_listings(struct picture *p, bool exact)
{
	struct ds_list_services all = {.want = DS_LIST_WANT_DESTS | DS_LIST_WANT_LADDRS | DS_LIST_WANT_ACLS |
					       DS_LIST_WANT_MORE};

	ctrl_reply_free(put_reply(p, DPVS_SO_GET_INFO, NULL, 0));
	ctrl_reply_free(put_reply(p, SOCKOPT_GET_BLKLST_GETALL, NULL, 0));
	ctrl_reply_free(put_reply(p, SOCKOPT_GET_WHTLST_GETALL, NULL, 0));
	put_acls(p);
	for (uint8_t index = 0; index <= FIX_WORKERS; index++) {
		struct dp_vs_services_front front = {.index = index, .count = (uint16_t)lb_services_count()};

		ctrl_reply_free(put_reply(p, DPVS_SO_GET_SERVICES, &front, sizeof(front)));
		for (unsigned i = 0; i < WORLD_SERVICES; i++)
			put_service(p, i, index);
	}
	if (exact)
		ctrl_reply_free(put_reply(p, DS_MSG_LIST_SERVICES, &all, sizeof(all)));
}

static void
put_dests(struct picture *p, const struct lb_dest_set *set, bool exact)
{
	PUT(p, set->n);
	PUT(p, set->max_weight);
	PUT(p, set->gcd_weight);
	PUT(p, set->sum_weight);
	for (uint32_t i = 0; i < set->n; i++) {
		struct lb_dest_view v = set->d[i];
		uint32_t flags = lb_dest_flags(v.id);

		PUT(p, flags);
		PUT(p, v.ip);
		PUT(p, v.port_be);
		PUT(p, v.af);
		PUT(p, v.fwd);
		PUT(p, v.weight);
		PUT(p, v.max_conn);
		PUT(p, v.max_more);
		PUT(p, v.flags);
		if (exact)
			PUT(p, v.id);
		if (exact)
			PUT(p, v.rs_id);
	}
	put(p, set->sched->name, strlen(set->sched->name));
}

static void
put_laddrs(struct picture *p, const struct lb_laddr_set *set, bool exact)
{
	PUT(p, set->n);
	for (uint32_t i = 0; i < set->n; i++) {
		PUT(p, set->l[i].ip);
		PUT(p, set->l[i].af);
		if (exact)
			PUT(p, set->l[i].lip_id);
	}
}

void
picture_workers(struct picture *p, bool exact)
{
	for (unsigned i = 0; i < WORLD_SERVICES; i++) {
		struct lb_key key = key_of(i);
		struct lb_service *svc = lb_service_lookup(&key);
		bool known = svc, vip = lb_vip_exists(key.af, key.proto, &key.vip);

		PUT(p, known);
		PUT(p, vip);
		if (!svc)
			continue;
		PUT(p, svc->attrs->flags);
		PUT(p, svc->attrs->conn_timeout);
		PUT(p, svc->attrs->persist_timeout);
		put_dests(p, svc->dests, exact);
		put_laddrs(p, svc->laddrs, exact);
		put_verdicts(p, svc);
		if (!exact)
			continue;
		PUT(p, svc);
		PUT(p, svc->attrs);
		PUT(p, svc->dests);
		PUT(p, svc->laddrs);
		PUT(p, svc->acl);
		if (svc->acl)
			PUT(p, svc->acl->set);
	}
}

void
picture_ids(struct picture *p)
{
	struct item it[3] = {item_service(DPVS_SO_SET_ADD, 0, "rr"), item_dest(DPVS_SO_SET_ADDDEST, 0, 0, 1),
			     item_laddr(SOCKOPT_SET_LADDR_ADD, 0, 0)};
	static uint32_t turn;
	uint64_t generation = ctrl_generation;
	const struct lb_dest *d;
	const struct lb_laddr *l;
	struct lb_service *svc;

	/* A service of no name that is used elsewhere, and addresses that were never used. */
	turn++;
	((struct dp_vs_service_compat *)(void *)it[0].body)->port = 9;
	((struct dp_vs_service_dest *)(void *)it[1].body)->svc.port = 9;
	((struct dp_vs_service_dest *)(void *)it[1].body)->dest.port = 9;
	((struct dp_vs_laddr_conf *)(void *)it[2].body)->vport = 9;
	memcpy(&((struct dp_vs_service_dest *)(void *)it[1].body)->dest.addr, &turn, sizeof(turn));
	memcpy(&((struct dp_vs_laddr_conf *)(void *)it[2].body)->laddr, &turn, sizeof(turn));
	txn_begin();
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(item_send(&it[i]), 0);
	for (svc = lb_service_next(NULL); svc->key.vport_be != 9;)
		svc = lb_service_next(svc);
	d = TAILQ_FIRST(&svc->dest_list);
	l = TAILQ_FIRST(&svc->laddr_list);
	PUT(p, d->id);
	PUT(p, d->rs_id);
	PUT(p, l->lip->id);
	txn_abort();
	ctrl_generation = generation; /* counted by the requests */
}

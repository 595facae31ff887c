/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about local addresses of services: ids 0 to 3. */
#include "lb_ctrl.h"

#include <string.h>

#include "abi/laddr.h"
#include "abi/messages.h"
#include "lb/conn.h"
#include "port/port.h"

static int
request_read(const struct ctrl_request *req, struct dp_vs_laddr_conf *c, struct lb_service **svc)
{
	struct lb_ctrl_name name;
	struct lb_service_id id;
	int err;

	if (req->len < sizeof(*c))
		return EDPVS_INVAL;
	memcpy(c, req->body, sizeof(*c));
	name = (struct lb_ctrl_name){.af = c->af_s,
				     .proto = c->proto,
				     .addr = &c->vaddr,
				     .port_be = c->vport,
				     .fwmark = c->fwmark,
				     .match = &c->match};
	err = lb_ctrl_id(&name, &id);
	if (err)
		return err;
	*svc = lb_ctrl_find(&id);
	return *svc ? EDPVS_OK : EDPVS_NOSERV;
}

/* The local address of a request. INVAL: unknown family, or no address. */
static int
address_read(const struct dp_vs_laddr_conf *c, union inet_ip *ip)
{
	if (c->af_l != ABI_AF_INET && c->af_l != ABI_AF_INET6)
		return EDPVS_INVAL;
	*ip = lb_ctrl_ip(c->af_l, &c->laddr);
	return inet_ip_is_any(ip) ? EDPVS_INVAL : EDPVS_OK;
}

static int
laddr_add(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	char ifname[ABI_IFNAMSIZ + 1] = "";
	struct dp_vs_laddr_conf c;
	struct lb_service *svc;
	union inet_ip ip;
	int err = request_read(req, &c, &svc);

	if (!err)
		err = address_read(&c, &ip);
	if (err)
		return err;
	memcpy(ifname, c.ifname, sizeof(c.ifname));
	if (!port_by_name(ifname))
		return EDPVS_NOTEXIST;
	return lb_laddr_add(svc, (uint8_t)c.af_l, &ip, ifname);
}

static int
laddr_del(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct dp_vs_laddr_conf c;
	struct lb_service *svc;
	struct lb_laddr *l;
	union inet_ip ip;
	int err = request_read(req, &c, &svc);

	if (!err)
		err = address_read(&c, &ip);
	if (err)
		return err;
	l = lb_laddr_find(svc, (uint8_t)c.af_l, &ip);
	return l ? lb_laddr_del(svc, l) : EDPVS_NOTEXIST;
}

static int
laddrs_flush(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct dp_vs_laddr_conf c;
	struct lb_service *svc;
	int err = request_read(req, &c, &svc);

	return err ? err : lb_laddrs_flush(svc);
}

/* Requests are repeated without the bytes that mean nothing. */
static struct dp_vs_laddr_conf
head_make(const struct dp_vs_laddr_conf *c, const struct lb_service *svc, uint8_t cid)
{
	struct dp_vs_laddr_conf head = {.af_s = c->af_s,
					.proto = c->proto,
					.vport = c->vport,
					.fwmark = c->fwmark,
					.cid = cid,
					.index = c->index,
					.nladdrs = (int32_t)svc->nladdrs};

	memcpy(&head.vaddr, &svc->key.vip, sizeof(head.vaddr));
	memcpy(&head.match, svc->match, sizeof(head.match));
	return head;
}

static int
laddrs_get(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct dp_vs_laddr_conf c, head;
	const struct lb_laddr *l;
	struct lb_service *svc;
	int worker, err = request_read(req, &c, &svc);
	uint8_t cid, *at;

	if (!err)
		err = lb_ctrl_view(c.index, &worker, &cid);
	if (err)
		return err;
	at = ctrl_reply_add(reply, sizeof(head) + svc->nladdrs * sizeof(struct dp_vs_laddr_entry));
	if (!at)
		return EDPVS_NOMEM;
	head = head_make(&c, svc, cid);
	memcpy(at, &head, sizeof(head));
	at += sizeof(head);
	TAILQ_FOREACH (l, &svc->laddr_list, next) {
		struct dp_vs_laddr_entry e = {.af = l->af};
		uint64_t used, misses;

		lb_laddr_usage(l, worker, &used, &misses);
		memcpy(&e.addr, &l->ip, sizeof(e.addr));
		e.nconns = lb_ctrl_u32(used);
		e.nport_conflict = misses;
		memcpy(at, &e, sizeof(e));
		at += sizeof(e);
	}
	return EDPVS_OK;
}

void
lb_laddr_ctrl_register(void)
{
	ctrl_register_txn(SOCKOPT_SET_LADDR_ADD, laddr_add);
	ctrl_register_txn(SOCKOPT_SET_LADDR_DEL, laddr_del);
	ctrl_register_txn(SOCKOPT_SET_LADDR_FLUSH, laddrs_flush);
	ctrl_register(SOCKOPT_GET_LADDR_GETALL, laddrs_get);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about real servers: ids 13 to 15 and 21. */
#include "lb_ctrl.h"

#include <string.h>

#include "abi/conn.h"
#include "abi/dest.h"
#include "abi/messages.h"

struct request {
	struct lb_service *svc;
	struct lb_dest *dest; /* NULL: not listed */
	struct lb_dest_conf conf;
};

static int
request_read(const struct ctrl_request *req, struct request *r)
{
	struct dp_vs_service_dest c;
	struct lb_ctrl_name name;
	struct lb_service_id id;
	int err;

	if (req->len < sizeof(c))
		return EDPVS_INVAL;
	memcpy(&c, req->body, sizeof(c));
	name = lb_ctrl_name_of(&c.svc);
	err = lb_ctrl_id(&name, &id);
	if (err)
		return err;
	r->svc = lb_ctrl_find(&id);
	if (!r->svc || (c.dest.af != ABI_AF_INET && c.dest.af != ABI_AF_INET6))
		return EDPVS_INVAL;
	r->conf = (struct lb_dest_conf){.ip = lb_ctrl_ip(c.dest.af, &c.dest.addr),
					.port_be = c.dest.port,
					.af = (uint8_t)c.dest.af,
					.fwd = LB_FWD_NAT,
					.weight = c.dest.weight,
					.max_conn = c.dest.max_conn,
					.min_conn = c.dest.min_conn,
					.inhibited = c.dest.flags & DPVS_DEST_F_INHIBITED};
	if (inet_ip_is_any(&r->conf.ip) || c.dest.fwdmode < DPVS_FWD_MASQ ||
	    c.dest.fwdmode > DPVS_FWD_MODE_SNAT)
		return EDPVS_INVAL;
	r->conf.fwd = (uint8_t)c.dest.fwdmode;
	r->dest = lb_dest_find(r->svc, r->conf.af, &r->conf.ip, r->conf.port_be);
	return EDPVS_OK;
}

static int
dest_add(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct request r;
	int err = request_read(req, &r);

	return err ? err : lb_dest_add(r.svc, &r.conf);
}

static int
dest_edit(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct request r;
	int err = request_read(req, &r);

	if (err)
		return err;
	return r.dest ? lb_dest_edit(r.dest, &r.conf) : EDPVS_NOTEXIST;
}

static int
dest_del(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct request r;
	int err = request_read(req, &r);

	if (err)
		return err;
	return r.dest ? lb_dest_del(r.dest) : EDPVS_NOTEXIST;
}

void
lb_ctrl_dest_write(void *at, const struct lb_dest *d, int worker)
{
	struct dp_vs_dest_compat c = {.af = d->af,
				      .port = d->port_be,
				      .weight = (uint32_t)d->weight,
				      .conn_flags = d->fwd | IP_VS_CONN_F_INACTIVE,
				      .fwdmode = d->fwd};
	struct lb_totals n = {0};
	struct lb_load load = {0};

	lb_dest_totals_add(d, worker, &n);
	lb_dest_load_add(d, worker, &load);
	memcpy(&c.addr, &d->ip, sizeof(c.addr));
	c.flags = (uint16_t)(d->flags | (load.overloaded ? DPVS_DEST_F_OVERLOAD : 0));
	c.max_conn = worker < 0 ? d->max_conn : lb_threshold_share(d->max_conn, (unsigned)worker);
	c.min_conn = worker < 0 ? d->min_conn : lb_threshold_share(d->min_conn, (unsigned)worker);
	c.actconns = lb_ctrl_u32(load.active);
	c.inactconns = lb_ctrl_u32(load.inactive);
	c.persistconns = lb_ctrl_u32(load.persistent);
	c.stats = lb_ctrl_stats(&n, &d->rates);
	memcpy(at, &c, sizeof(c));
}

/* The head as clients know it: for the sums only family, protocol and port are repeated, for a worker all of
 * the request. */
static struct dp_vs_dest_table
head_make(const struct dp_vs_dest_table *req, const struct lb_service *svc, uint8_t cid)
{
	struct dp_vs_dest_table head = {.af = req->af,
					.proto = req->proto,
					.port = req->port,
					.num_dests = svc->ndests,
					.cid = cid,
					.index = req->index};

	if (req->index == 0)
		return head;
	head.fwmark = req->fwmark;
	memcpy(&head.addr, &svc->key.vip, sizeof(head.addr));
	memcpy(&head.match, svc->match, sizeof(head.match));
	return head;
}

static int
dests_get(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct dp_vs_dest_table table, head;
	const struct lb_service *svc;
	struct lb_service_id id;
	struct lb_ctrl_name name;
	const struct lb_dest *d;
	int worker, err;
	uint8_t cid, *at;

	if (req->len != sizeof(table))
		return EDPVS_INVAL;
	memcpy(&table, req->body, sizeof(table));
	if (table.proto > UINT8_MAX)
		return EDPVS_INVAL;
	name = (struct lb_ctrl_name){.af = table.af,
				     .proto = (uint8_t)table.proto,
				     .addr = &table.addr,
				     .port_be = table.port,
				     .fwmark = table.fwmark,
				     .match = &table.match};
	err = lb_ctrl_id(&name, &id);
	if (!err)
		err = lb_ctrl_view(table.index, &worker, &cid);
	if (err)
		return err;
	svc = lb_ctrl_find(&id);
	if (!svc)
		return EDPVS_NOTEXIST;
	/* Clients have made room for the number that they believe in. */
	if (table.num_dests != svc->ndests)
		return EDPVS_MSG_FAIL;
	at = ctrl_reply_add(reply, sizeof(head) + svc->ndests * sizeof(struct dp_vs_dest_compat));
	if (!at)
		return EDPVS_NOMEM;
	head = head_make(&table, svc, cid);
	memcpy(at, &head, sizeof(head));
	at += sizeof(head);
	TAILQ_FOREACH (d, &svc->dest_list, next) {
		lb_ctrl_dest_write(at, d, worker);
		at += sizeof(struct dp_vs_dest_compat);
	}
	return EDPVS_OK;
}

void
lb_dest_ctrl_register(void)
{
	ctrl_register_txn(DPVS_SO_SET_ADDDEST, dest_add);
	ctrl_register_txn(DPVS_SO_SET_EDITDEST, dest_edit);
	ctrl_register_txn(DPVS_SO_SET_DELDEST, dest_del);
	ctrl_register(DPVS_SO_GET_DESTS, dests_get);
}

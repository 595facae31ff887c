/* SPDX-License-Identifier: Apache-2.0 */
#include <rte_lcore.h>

#include "abi/addr.h"
#include "addr.h"
#include "core/errors.h"
#include "ctrl/ctrl.h"
#include "maddr.h"
#include "net_ctrl.h"

/* The entry of a request; family 0 is allowed for requests about a whole port. */
static int
parse(const struct ctrl_request *req, struct addr_spec *spec)
{
	struct inet_addr_param param;
	const struct inet_addr_entry *e = &param.ifa_entry;

	memcpy(&param, req->body, sizeof(param));
	memset(spec, 0, sizeof(*spec));
	if (e->af != 0 && inet_len(e->af) == 0)
		return EDPVS_NOTSUPP;
	spec->af = e->af;
	spec->port = ctrl_port(e->ifname);
	if (!spec->port)
		return EDPVS_NOTEXIST;
	spec->ip = inet_ip_make(e->af, &e->addr);
	spec->bcast = inet_ip_make(e->af, &e->bcast);
	spec->plen = e->plen;
	spec->flags = e->flags & IFA_F_SAPOOL;
	spec->valid_s = e->valid_lft;
	spec->prefered_s = e->prefered_lft;
	spec->scope = e->scope;
	return EDPVS_OK;
}

static int
handle_add(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct addr_spec spec;
	int rc = parse(req, &spec);

	(void)reply;
	if (rc)
		return rc;
	return spec.af ? addr_add(&spec) : EDPVS_NOTSUPP;
}

static int
handle_del(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct addr_spec spec;
	int rc = parse(req, &spec);

	(void)reply;
	if (rc)
		return rc;
	return spec.af ? addr_del(spec.port, spec.af, &spec.ip, spec.plen) : EDPVS_NOTSUPP;
}

static int
handle_set(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct addr_spec spec;
	int rc = parse(req, &spec);

	(void)reply;
	if (rc)
		return rc;
	return spec.af ? addr_set(&spec) : EDPVS_NOTSUPP;
}

/* ---- the same in an atomic batch ---- */

static int
part_add(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct addr_spec spec;
	int rc = parse(req, &spec);

	if (rc)
		return rc;
	return spec.af ? addr_txn_add(&spec) : EDPVS_NOTSUPP;
}

static int
part_del(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct addr_spec spec;
	int rc = parse(req, &spec);

	if (rc)
		return rc;
	return spec.af ? addr_txn_del(spec.port, spec.af, &spec.ip, spec.plen) : EDPVS_NOTSUPP;
}

static int
part_set(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct addr_spec spec;
	int rc = parse(req, &spec);

	if (rc)
		return rc;
	return spec.af ? addr_txn_set(&spec) : EDPVS_NOTSUPP;
}

static int
handle_flush(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct addr_spec spec;
	int rc = parse(req, &spec);

	(void)reply;
	if (!rc)
		addr_flush(spec.port, spec.af);
	return rc;
}

/* ---- listings ---- */

static uint32_t
saturate(uint64_t v)
{
	return v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

/* worker -1: the sum over all, as the control lcore's own entry. */
static int
add_row(struct ctrl_reply *reply, const struct net_addr *a, int worker, bool stats)
{
	struct inet_addr_data row = {0};
	struct inet_addr_entry *e = &row.ifa_entry;
	void *out = ctrl_reply_add(reply, sizeof(row));

	if (!out)
		return EDPVS_NOMEM;
	e->af = a->spec.af;
	e->valid_lft = addr_valid_left_s(a);
	e->prefered_lft = a->spec.prefered_s;
	e->flags = a->flags;
	ctrl_put_name(e->ifname, a->spec.port);
	memcpy(&e->addr, a->spec.ip.b, 16);
	memcpy(&e->bcast, a->spec.bcast.b, 16);
	e->plen = (uint8_t)a->spec.plen;
	e->scope = a->spec.scope;
	e->cid = worker < 0 ? (uint8_t)rte_get_main_lcore() : (uint8_t)workers[worker]->lcore_id;
	if (stats && a->flags & ADDR_F_SAPOOL && net_sapool_usage_hook) {
		struct net_sapool_usage use = {0};

		net_sapool_usage_hook(a->spec.af, &a->spec.ip, worker, &use);
		row.ifa_stats.sa_used = saturate(use.used);
		row.ifa_stats.sa_free = saturate(use.free);
		row.ifa_stats.sa_miss = saturate(use.miss);
	}
	memcpy(out, &row, sizeof(row));
	return EDPVS_OK;
}

static int
handle_show(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct inet_addr_param param;
	struct inet_addr_data_array head = {.ops = INET_ADDR_GET};
	const struct port *port = NULL;
	int last;

	memcpy(&param, req->body, sizeof(param));
	if (param.ifa_ops != INET_ADDR_GET)
		return EDPVS_INVAL;
	if (param.ifa_entry.af && inet_len(param.ifa_entry.af) == 0)
		return EDPVS_NOTSUPP;
	if (param.ifa_entry.ifname[0]) {
		port = ctrl_port(param.ifa_entry.ifname);
		if (!port)
			return EDPVS_NOTEXIST;
	}
	head.ops_flags = param.ifa_ops_flags;
	if (!ctrl_reply_add(reply, sizeof(head)))
		return EDPVS_NOMEM;
	/* Verbose: the control lcore's entries, then every worker's. They differ in counters only. */
	last = param.ifa_ops_flags & IFA_F_OPS_VERBOSE ? (int)nworkers : 0;
	for (int w = -1; w < last; w++) {
		struct net_addr *a;

		TAILQ_FOREACH (a, &net_addrs, next) {
			if ((port && a->spec.port != port) ||
			    (param.ifa_entry.af && a->spec.af != param.ifa_entry.af))
				continue;
			if (add_row(reply, a, w, param.ifa_ops_flags & (IFA_F_OPS_VERBOSE | IFA_F_OPS_STATS)))
				return EDPVS_NOMEM;
			head.naddr++;
		}
	}
	memcpy(ctrl_reply_at(reply, 0), &head, sizeof(head));
	return EDPVS_OK;
}

/* A body that is just a device name, at most 16 bytes of it, NUL-terminated or not. */
static int
device_of(const struct ctrl_request *req, struct port **port)
{
	char name[ABI_IFNAMSIZ] = "";

	memcpy(name, req->body, RTE_MIN(req->len, sizeof(name)));
	if (!name[0])
		return EDPVS_INVAL;
	*port = ctrl_port(name);
	return *port ? EDPVS_OK : EDPVS_NOTEXIST;
}

/* Upstream counts one reference of its own beside the users, and joins all-nodes and all-routers once. */
static uint32_t
shown_refcnt(const struct maddr *m)
{
	bool solicited = m->ip.b[11] == 1;

	return solicited ? m->users + 1 : 2;
}

static int
handle_maddr(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct inet_maddr_array head = {0};
	struct port *port;
	struct maddr *m;
	int rc = device_of(req, &port);

	if (rc)
		return rc;
	if (!ctrl_reply_add(reply, sizeof(head)))
		return EDPVS_NOMEM;
	TAILQ_FOREACH (m, &maddrs, next) {
		struct inet_maddr_entry row = {.af = INET_AF_V6, .refcnt = shown_refcnt(m)};
		void *out;

		if (m->port != port)
			continue;
		out = ctrl_reply_add(reply, sizeof(row));
		if (!out)
			return EDPVS_NOMEM;
		ctrl_put_name(row.ifname, port);
		memcpy(&row.maddr, m->ip.b, 16);
		memcpy(out, &row, sizeof(row));
		head.nmaddr++;
	}
	memcpy(ctrl_reply_at(reply, 0), &head, sizeof(head));
	return EDPVS_OK;
}

void
addr_ctrl_register(void)
{
	addr_txn_init();
	ctrl_register_pair(SOCKOPT_SET_IFADDR_ADD, handle_add, part_add);
	ctrl_register_pair(SOCKOPT_SET_IFADDR_DEL, handle_del, part_del);
	ctrl_register_pair(SOCKOPT_SET_IFADDR_SET, handle_set, part_set);
	ctrl_register(SOCKOPT_SET_IFADDR_FLUSH, handle_flush);
	ctrl_register(SOCKOPT_GET_IFADDR_SHOW, handle_show);
	ctrl_register(SOCKOPT_GET_IFMADDR_SHOW, handle_maddr);
}

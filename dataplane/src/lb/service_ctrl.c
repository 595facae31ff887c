/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about services: ids 8 to 12 and 18 to 20. */
#include "lb_ctrl.h"

#include <stdio.h>
#include <string.h>

#include "abi/messages.h"
#include "core/log.h"

enum { IPV6_PREFIX_MAX = 128 };

static int
request_read(const struct ctrl_request *req, struct dp_vs_service_compat *c, struct lb_service_id *id)
{
	struct lb_ctrl_name name;

	if (req->len < sizeof(*c))
		return EDPVS_INVAL;
	memcpy(c, req->body, sizeof(*c));
	name = lb_ctrl_name_of(c);
	return lb_ctrl_id(&name, id);
}

static struct lb_service_conf
conf_read(const struct dp_vs_service_compat *c)
{
	struct lb_service_conf conf = {.bps = c->bps,
				       .attrs = {.flags = c->flags & ~(uint32_t)IP_VS_SVC_F_HASHED,
						 .conn_timeout = c->conn_timeout,
						 .persist_timeout = c->timeout,
						 .netmask = c->netmask,
						 .limit_proportion = c->limit_proportion,
						 .proxy_protocol = c->proxy_protocol}};

	memcpy(conf.sched_name, c->sched_name, strnlen(c->sched_name, sizeof(c->sched_name) - 1));
	memcpy(conf.check_config, &c->check_conf, sizeof(conf.check_config));
	return conf;
}

/* The limit of connections that a request has behind the service; `otherwise` when it has none. */
static uint32_t
conn_limit_read(const struct ctrl_request *req, uint32_t otherwise)
{
	struct ds_service_ext ext;

	if (req->len < sizeof(struct dp_vs_service_compat) + sizeof(ext))
		return otherwise;
	memcpy(&ext, (const uint8_t *)req->body + sizeof(struct dp_vs_service_compat), sizeof(ext));
	return ext.mark == DS_SERVICE_EXT ? ext.conn_limit : otherwise;
}

static int
service_add(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct dp_vs_service_compat c;
	struct lb_service_conf conf;
	struct lb_service_id id;
	int err = request_read(req, &c, &id);

	if (err)
		return err;
	conf = conf_read(&c);
	conf.attrs.conn_limit = conn_limit_read(req, 0);
	return lb_service_add(&id, &conf);
}

static int
service_edit(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct dp_vs_service_compat c;
	struct lb_service_conf conf;
	struct lb_service_id id;
	struct lb_service *svc;
	int err = request_read(req, &c, &id);

	if (err)
		return err;
	svc = lb_ctrl_find(&id);
	if (!svc || (id.key.af == INET_AF_V6 && (c.netmask < 1 || c.netmask > IPV6_PREFIX_MAX)))
		return EDPVS_INVAL;
	conf = conf_read(&c);
	conf.attrs.conn_limit = conn_limit_read(req, svc->conf.conn_limit);
	return lb_service_edit(svc, &conf);
}

static int
service_del(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct dp_vs_service_compat c;
	struct lb_service_id id;
	struct lb_service *svc;
	int err = request_read(req, &c, &id);

	if (err)
		return err;
	svc = lb_ctrl_find(&id);
	if (!svc)
		return EDPVS_INVAL;
	return lb_service_del(svc);
}

static int
services_flush(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	return lb_services_flush();
}

/* Every service is meant when nothing is named, not even a family. */
static bool
names_all(const struct dp_vs_service_compat *c)
{
	static const struct dp_vs_match nothing;

	return c->fwmark == 0 && c->port == 0 && c->af != ABI_AF_INET && c->af != ABI_AF_INET6 &&
	       memcmp(&c->match, &nothing, sizeof(nothing)) == 0;
}

static int
service_zero(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct dp_vs_service_compat c;
	struct lb_service_id id;
	struct lb_service *svc;
	int err;

	if (req->len < sizeof(c))
		return EDPVS_INVAL;
	memcpy(&c, req->body, sizeof(c));
	if (names_all(&c)) {
		for (svc = lb_service_next(NULL); svc; svc = lb_service_next(svc)) {
			err = lb_service_zero(svc);
			if (err)
				return err;
		}
		return EDPVS_OK;
	}
	err = request_read(req, &c, &id);
	if (err)
		return err;
	svc = lb_ctrl_find(&id);
	return svc ? lb_service_zero(svc) : EDPVS_INVAL;
}

static uint32_t
version_number(void)
{
	unsigned major = 0, minor = 0, patch = 0;

	sscanf(DPVS_VERSION, "%u.%u.%u", &major, &minor, &patch);
	return major << 16 | (minor & 0xff) << 8 | (patch & 0xff);
}

static int
info_get(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct dp_vs_getinfo info = {
	    .version = version_number(), .num_services = lb_services_count(), .num_lcores = nworkers};
	void *at = ctrl_reply_add(reply, sizeof(info));

	if (!at)
		return EDPVS_NOMEM;
	memcpy(at, &info, sizeof(info));
	return EDPVS_OK;
}

struct lb_rates
lb_ctrl_service_rates(const struct lb_service *svc)
{
	struct lb_rates r = {0};
	const struct lb_dest *d;

	TAILQ_FOREACH (d, &svc->zombies, next)
		lb_ctrl_rates_add(&r, &d->rates);
	TAILQ_FOREACH (d, &svc->dest_list, next)
		lb_ctrl_rates_add(&r, &d->rates);
	return r;
}

/*
 * What a service counts itself: destinations that are not listed any more. Clients print the sum of this and
 * of the listed destinations, so totals stay right, and never go back, when a destination is deleted. Rates
 * are printed as they are, so they are those of all destinations.
 */
static struct dp_vs_stats
own_stats(const struct lb_service *svc, int worker)
{
	struct lb_rates r = lb_ctrl_service_rates(svc);
	struct lb_totals n = {0};
	const struct lb_dest *d;

	for (unsigned i = 0; i < nworkers; i++)
		if (worker < 0 || (unsigned)worker == i)
			lb_totals_add(&n, &svc->gone[i]);
	TAILQ_FOREACH (d, &svc->zombies, next)
		lb_dest_totals_add(d, worker, &n);
	return lb_ctrl_stats(&n, &r);
}

void
lb_ctrl_service_write(void *at, const struct lb_service *svc, int worker, uint8_t cid, uint8_t index)
{
	struct dp_vs_service_compat c = {.af = svc->key.af,
					 .proto = svc->key.proto,
					 .proxy_protocol = svc->attrs->proxy_protocol,
					 .port = svc->key.vport_be,
					 .fwmark = svc->fwmark,
					 .flags = svc->attrs->flags | IP_VS_SVC_F_HASHED,
					 .timeout = svc->attrs->persist_timeout,
					 .conn_timeout = svc->attrs->conn_timeout,
					 .netmask = svc->attrs->netmask,
					 .bps = svc->bps,
					 .limit_proportion = svc->attrs->limit_proportion,
					 .num_dests = svc->ndests,
					 .num_laddrs = svc->nladdrs,
					 .cid = cid,
					 .index = index,
					 .stats = own_stats(svc, worker)};

	memcpy(&c.addr, &svc->key.vip, sizeof(c.addr));
	memcpy(c.sched_name, svc->sched_name, sizeof(c.sched_name));
	memcpy(&c.match, svc->match, sizeof(c.match));
	memcpy(&c.check_conf, svc->check_config, sizeof(c.check_conf));
	memcpy(at, &c, sizeof(c));
}

static int
services_get(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct dp_vs_services_front front, out = {0};
	const struct lb_service *svc;
	int worker, err;
	uint8_t *at;

	if (req->len != sizeof(front))
		return EDPVS_INVAL;
	memcpy(&front, req->body, sizeof(front));
	err = lb_ctrl_view(front.index, &worker, &out.cid);
	if (err)
		return err;
	/* Clients have made room for the number that they believe in. */
	if (front.count != lb_services_count())
		return EDPVS_MSG_FAIL;
	out.index = front.index;
	out.count = front.count;
	at = ctrl_reply_add(reply, sizeof(out) + out.count * sizeof(struct dp_vs_service_compat));
	if (!at)
		return EDPVS_NOMEM;
	memcpy(at, &out, sizeof(out));
	at += sizeof(out);
	for (svc = lb_service_next(NULL); svc; svc = lb_service_next(svc)) {
		lb_ctrl_service_write(at, svc, worker, out.cid, out.index);
		at += sizeof(struct dp_vs_service_compat);
	}
	return EDPVS_OK;
}

static int
service_get(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct dp_vs_service_compat c;
	const struct lb_service *svc;
	struct lb_service_id id;
	int worker, err = request_read(req, &c, &id);
	uint8_t cid;
	void *at;

	if (err)
		return err;
	err = lb_ctrl_view(c.index, &worker, &cid);
	if (err)
		return err;
	svc = lb_ctrl_find(&id);
	if (!svc)
		return EDPVS_NOTEXIST;
	at = ctrl_reply_add(reply, sizeof(c));
	if (!at)
		return EDPVS_NOMEM;
	lb_ctrl_service_write(at, svc, worker, cid, c.index);
	return EDPVS_OK;
}

void
lb_service_ctrl_register(void)
{
	ctrl_register_txn(DPVS_SO_SET_FLUSH, services_flush);
	ctrl_register_txn(DPVS_SO_SET_ZERO, service_zero);
	ctrl_register_txn(DPVS_SO_SET_ADD, service_add);
	ctrl_register_txn(DPVS_SO_SET_EDIT, service_edit);
	ctrl_register_txn(DPVS_SO_SET_DEL, service_del);
	ctrl_register(DPVS_SO_GET_INFO, info_get);
	ctrl_register(DPVS_SO_GET_SERVICES, services_get);
	ctrl_register(DPVS_SO_GET_SERVICE, service_get);
}

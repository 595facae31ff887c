/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses of the host whose packets a device brings to one queue by a flow rule: `dpip flow`, messages 99
 * to 102. The kernel lcore's queue if it has one, or the first worker's, which gives them all to the kernel,
 * in their order; the others never see them. Control lcore.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "abi/flow.h"
#include "port/flow.h"
#include "port/kernel.h"
#include "port/kernel_lcore.h"
#include "port_setup.h"

enum { FLOWS_MAX = 1024, FIRST_WORKER = 0 };

struct kernel_flow {
	TAILQ_ENTRY(kernel_flow) next;
	struct port *port;
	union inet_ip ip;
	uint8_t af;
	struct port_flow *rule;
};

static TAILQ_HEAD(, kernel_flow) flows = TAILQ_HEAD_INITIALIZER(flows);
static unsigned nflows;

struct order {
	struct kni_conf_param c;
	struct port *port; /* NULL: none is named */
	union inet_ip ip;
	uint8_t af;
};

/* INVAL; NODEV. */
static int
order_read(const struct ctrl_request *req, struct order *o)
{
	memcpy(&o->c, req->body, sizeof(o->c));
	o->port = NULL;
	if (o->c.type != KNI_DTYPE_ADDR_FLOW || !memchr(o->c.ifname, '\0', sizeof(o->c.ifname)))
		return EDPVS_INVAL;
	o->af = o->c.data.flow.af == AF_INET6 ? INET_AF_V6 : INET_AF_V4;
	o->ip = inet_ip_make(o->af, o->c.data.flow.addr.in6);
	if (!o->c.ifname[0])
		return EDPVS_OK;
	o->port = port_by_name(o->c.ifname);
	return o->port ? EDPVS_OK : EDPVS_NODEV;
}

/* An address of a device. */
static bool
is_whole(const struct order *o)
{
	return o->port && (o->c.data.flow.af == AF_INET || o->c.data.flow.af == AF_INET6) &&
	       !inet_ip_is_any(&o->ip);
}

static struct kernel_flow *
flow_find(const struct order *o)
{
	struct kernel_flow *f;

	TAILQ_FOREACH (f, &flows, next)
		if (f->port == o->port && f->af == o->af && inet_ip_equal(&f->ip, &o->ip))
			return f;
	return NULL;
}

static void
flow_remove(struct kernel_flow *f)
{
	TAILQ_REMOVE(&flows, f, next);
	nflows--;
	port_flow_del(f->rule);
	free(f);
}

/* Of a port, or of all (NULL). */
static void
flows_flush(const struct port *p)
{
	struct kernel_flow *f, *after;

	for (f = TAILQ_FIRST(&flows); f; f = after) {
		after = TAILQ_NEXT(f, next);
		if (!p || f->port == p)
			flow_remove(f);
	}
}

/* To the kernel lcore, if it has a queue there; it does not know of VLANs. */
static struct port_flow *
flow_rule(const struct port *p, const struct port_flow_key *key)
{
	bool itself = false;

	for (unsigned i = 0; kernel_lcore && i < kernel_lcore->nrxq; i++)
		itself |= kernel_lcore->rxq[i].port == p->id;
	return port_flow_add(p, key, itself ? RXQ_KERNEL : FIRST_WORKER);
}

static int
on_add(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct port_flow_key key = {.proto = 0};
	struct kernel_flow *f;
	struct order o;
	int err = order_read(req, &o);

	if (err)
		return err;
	if (!is_whole(&o))
		return EDPVS_INVAL;
	if (flow_find(&o))
		return EDPVS_EXIST;
	if (nflows >= FLOWS_MAX)
		return EDPVS_RESOURCE;
	if (!kernel_has(o.port->id))
		return EDPVS_NOTSUPP;
	f = calloc(1, sizeof(*f));
	if (!f)
		return EDPVS_NOMEM;
	key.ip = f->ip = o.ip;
	key.af = f->af = o.af;
	f->port = o.port;
	f->rule = flow_rule(o.port, &key);
	if (!f->rule) {
		free(f);
		return EDPVS_NOTSUPP;
	}
	TAILQ_INSERT_TAIL(&flows, f, next);
	nflows++;
	return EDPVS_OK;
}

static int
on_del(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct kernel_flow *f;
	struct order o;
	int err = order_read(req, &o);

	if (err)
		return err;
	f = is_whole(&o) ? flow_find(&o) : NULL;
	if (!f)
		return EDPVS_NOTEXIST;
	flow_remove(f);
	return EDPVS_OK;
}

static int
on_flush(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct order o;
	int err = order_read(req, &o);

	if (!err)
		flows_flush(o.port);
	return err;
}

static int
on_list(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct kni_info head = {.len = 0};
	const struct kernel_flow *f;
	struct order o;
	int err = order_read(req, &o);

	if (err)
		return err;
	TAILQ_FOREACH (f, &flows, next)
		head.len += !o.port || f->port == o.port;
	err = reply_copy(reply, &head, sizeof(head));
	TAILQ_FOREACH (f, &flows, next) {
		struct kni_conf_param out = {.type = KNI_DTYPE_ADDR_FLOW,
					     .data.flow.af = f->af == INET_AF_V6 ? AF_INET6 : AF_INET};

		if (err || (o.port && f->port != o.port))
			continue;
		memcpy(out.ifname, f->port->name, strnlen(f->port->name, sizeof(out.ifname) - 1));
		memcpy(&out.data.flow.addr, &f->ip, sizeof(out.data.flow.addr));
		err = reply_copy(reply, &out, sizeof(out));
	}
	return err;
}

static void
on_port(struct port *p, enum port_event event)
{
	if (event == PORT_GOING || event == PORT_JOINING)
		flows_flush(p);
}

void
kernel_flow_fini(void)
{
	flows_flush(NULL);
}

void
kernel_flow_register(void)
{
	port_watch(on_port);
	ctrl_register(SOCKOPT_SET_KNI_ADD, on_add);
	ctrl_register(SOCKOPT_SET_KNI_DEL, on_del);
	ctrl_register(SOCKOPT_SET_KNI_FLUSH, on_flush);
	ctrl_register(SOCKOPT_GET_KNI_LIST, on_list);
}

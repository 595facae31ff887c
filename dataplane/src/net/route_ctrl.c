/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "abi/route.h"
#include "addr.h"
#include "core/errors.h"
#include "ctrl/ctrl.h"
#include "net_ctrl.h"
#include "route.h"

/* ---- requests ---- */

/* An empty name leaves the port to the gateway's net; a name must be that of a port. */
static int
resolve_port(const char ifname[ABI_IFNAMSIZ], struct route_spec *s)
{
	s->port = ifname[0] ? ctrl_port(ifname) : NULL;
	if (!s->port && !ifname[0] && !inet_ip_is_any(&s->gateway))
		s->port = route_connected_port(s->af, &s->gateway);
	return s->port ? EDPVS_OK : EDPVS_INVAL;
}

static int
parse_detail(const void *body, struct route_spec *s)
{
	struct dp_vs_route_detail d;

	memcpy(&d, body, sizeof(d));
	if (d.af != INET_AF_V4 && d.af != INET_AF_UNSPEC)
		return EDPVS_NOTSUPP;
	if (d.dst.plen < 0 || d.dst.plen > 32)
		return EDPVS_INVAL;
	*s = (struct route_spec){.af = INET_AF_V4,
				 .plen = (unsigned)d.dst.plen,
				 .mtu = d.mtu,
				 .metric = d.metric,
				 .flags = d.flags};
	s->dst = inet_ip_make(INET_AF_V4, &d.dst.addr);
	s->gateway = inet_ip_make(INET_AF_V4, &d.gateway.addr);
	s->src = inet_ip_make(INET_AF_V4, &d.src.addr);
	s->prefsrc = inet_ip_make(INET_AF_V4, &d.prefsrc.addr);
	return resolve_port(d.ifname, s);
}

/* The form of older tools, which keepalived still sends. */
static int
parse_old(const void *body, struct route_spec *s)
{
	struct dp_vs_route_conf c;

	memcpy(&c, body, sizeof(c));
	if (c.af != INET_AF_V4 && c.af != INET_AF_UNSPEC)
		return EDPVS_NOTSUPP;
	if (c.plen > 32)
		return EDPVS_INVAL;
	*s = (struct route_spec){.af = INET_AF_V4,
				 .plen = c.plen,
				 .mtu = c.mtu,
				 .metric = c.metric,
				 .flags = c.flags | RTF_FORWARD};
	if (c.scope == ROUTE_CF_SCOPE_HOST)
		s->flags = RTF_LOCALIN;
	else if (c.scope == ROUTE_CF_SCOPE_KNI)
		s->flags = RTF_KNI;
	s->dst = inet_ip_make(INET_AF_V4, &c.dst);
	s->gateway = inet_ip_make(INET_AF_V4, &c.via);
	s->src = inet_ip_make(INET_AF_V4, &c.src);
	return resolve_port(c.ifname, s);
}

static int
parse4(const struct ctrl_request *req, struct route_spec *s)
{
	int rc = EDPVS_INVAL;

	if (req->len == sizeof(struct dp_vs_route_detail))
		rc = parse_detail(req->body, s);
	else if (req->len == sizeof(struct dp_vs_route_conf))
		rc = parse_old(req->body, s);
	/* Listings show FORWARD for routes of the net table only. */
	if (s->flags & (RTF_LOCALIN | RTF_KNI))
		s->flags &= ~(uint32_t)RTF_FORWARD;
	return rc;
}

static int
handle_add4(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct route_spec s = {0};
	int rc = parse4(req, &s);

	(void)reply;
	if (!rc)
		rc = route_add(&s);
	return rc == EDPVS_EXIST ? EDPVS_OK : rc; /* scripts count on it */
}

static int
handle_del4(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct route_spec s = {0};
	int rc = parse4(req, &s);

	(void)reply;
	if (!rc)
		rc = route_del(s.port, s.af, &s.dst, s.plen);
	return rc == EDPVS_NOTEXIST ? EDPVS_OK : rc;
}

static int
handle_set4(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct route_spec s = {0};
	int rc = parse4(req, &s);

	(void)reply;
	return rc ? rc : route_change(&s);
}

static int
handle_flush4(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct route_spec s = {0};
	int rc = parse4(req, &s);

	(void)reply;
	if (!rc)
		route_flush(s.port, INET_AF_V4);
	return rc;
}

/* Ids 33 and 34: the operation is in the body. */
static int
handle_set6(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct dp_vs_route6_conf c;
	struct route_spec s = {.af = INET_AF_V6};
	int rc;

	(void)reply;
	memcpy(&c, req->body, sizeof(c));
	if (c.dst.plen < 0 || c.dst.plen > 128)
		return EDPVS_INVAL;
	s.plen = (unsigned)c.dst.plen;
	s.mtu = c.mtu;
	s.flags = c.flags;
	s.dst = inet_ip_make(INET_AF_V6, &c.dst.addr);
	s.gateway = inet_ip_make(INET_AF_V6, c.gateway);
	s.src = inet_ip_make(INET_AF_V6, &c.src.addr);
	s.prefsrc = inet_ip_make(INET_AF_V6, &c.prefsrc.addr);
	rc = resolve_port(c.ifname, &s);
	if (rc)
		return rc;
	switch (c.ops) {
	case RT6_OPS_ADD:
		return route_add(&s);
	case RT6_OPS_DEL:
		return route_del(s.port, INET_AF_V6, &s.dst, s.plen);
	case RT6_OPS_FLUSH:
		route_flush(s.port, INET_AF_V6);
		return EDPVS_OK;
	default:
		return EDPVS_INVAL;
	}
}

/* ---- listings ---- */

/* What a listing shows of a route: one of the list, or the host route that an address implies. */
struct row {
	const struct route *r;
	const struct net_addr *a;
	unsigned order;
};

struct rows {
	struct row *v;
	unsigned n;
};

static int
row_compare(const void *x, const void *y)
{
	const struct row *a = x, *b = y;
	bool local_a = !a->r || a->r->spec.flags & ROUTE_F_LOCALIN;
	bool local_b = !b->r || b->r->spec.flags & ROUTE_F_LOCALIN;

	if (local_a != local_b)
		return local_a ? -1 : 1;
	if (!local_a && a->r->spec.plen != b->r->spec.plen)
		return a->r->spec.plen > b->r->spec.plen ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

/* The same address twice on a port, with different prefix lengths, is one host route. */
static bool
is_repeated(const struct net_addr *a)
{
	return addr_find(a->spec.port, a->spec.af, &a->spec.ip) != a;
}

/* Local routes first, then by prefix length, longest first. */
static int
collect(int af, const struct port *port, struct rows *out)
{
	const struct net_addr *a;
	const struct route *r;
	unsigned room = 1;

	TAILQ_FOREACH (a, &net_addrs, next) {
		room++;
	}
	TAILQ_FOREACH (r, &routes, next) {
		room++;
	}
	out->n = 0;
	out->v = calloc(room, sizeof(*out->v));
	if (!out->v)
		return EDPVS_NOMEM;
	TAILQ_FOREACH (a, &net_addrs, next) {
		if (a->spec.af == af && (!port || a->spec.port == port) && a->has_local && !is_repeated(a)) {
			out->v[out->n] = (struct row){.a = a, .order = out->n};
			out->n++;
		}
	}
	TAILQ_FOREACH (r, &routes, next) {
		if (r->spec.af == af && (!port || r->spec.port == port)) {
			out->v[out->n] = (struct row){.r = r, .order = out->n};
			out->n++;
		}
	}
	qsort(out->v, out->n, sizeof(*out->v), row_compare);
	return EDPVS_OK;
}

static const struct port *
row_port(const struct row *row)
{
	return row->r ? row->r->spec.port : row->a->spec.port;
}

static void
detail_of(const struct row *row, struct dp_vs_route_detail *d)
{
	memset(d, 0, sizeof(*d));
	d->af = INET_AF_V4;
	d->mtu = row_port(row)->mtu;
	ctrl_put_name(d->ifname, row_port(row));
	if (row->a) {
		d->flags = RTF_LOCALIN;
		d->dst.plen = 32;
		memcpy(&d->dst.addr, row->a->spec.ip.b, 16);
		return;
	}
	if (row->r->spec.mtu)
		d->mtu = row->r->spec.mtu;
	d->flags = row->r->spec.flags;
	d->metric = row->r->spec.metric;
	d->dst.plen = (int32_t)row->r->spec.plen;
	memcpy(&d->dst.addr, row->r->spec.dst.b, 16);
	memcpy(&d->gateway.addr, row->r->spec.gateway.b, 16);
	memcpy(&d->src.addr, row->r->spec.src.b, 16);
	memcpy(&d->prefsrc.addr, row->r->spec.prefsrc.b, 16);
}

static void
conf6_of(const struct row *row, struct dp_vs_route6_conf *c)
{
	memset(c, 0, sizeof(*c));
	c->mtu = row_port(row)->mtu;
	ctrl_put_name(c->ifname, row_port(row));
	if (row->a) {
		c->flags = RTF_LOCALIN;
		c->dst.plen = 128;
		c->src.plen = 128;
		memcpy(&c->dst.addr, row->a->spec.ip.b, 16);
		return;
	}
	if (row->r->spec.mtu)
		c->mtu = row->r->spec.mtu;
	c->flags = row->r->spec.flags & ~(uint32_t)RTF_DEFAULT;
	c->dst.plen = (int32_t)row->r->spec.plen;
	if (row->r->connected)
		c->src.plen = c->dst.plen;
	memcpy(&c->dst.addr, row->r->spec.dst.b, 16);
	memcpy(&c->src.addr, row->r->spec.src.b, 16);
	memcpy(&c->prefsrc.addr, row->r->spec.prefsrc.b, 16);
	memcpy(c->gateway, row->r->spec.gateway.b, 16);
}

static int
add_row(struct ctrl_reply *reply, int af, const struct row *row)
{
	struct dp_vs_route_detail d;
	struct dp_vs_route6_conf c;
	void *out = ctrl_reply_add(reply, af == INET_AF_V6 ? sizeof(c) : sizeof(d));

	if (!out)
		return EDPVS_NOMEM;
	if (af == INET_AF_V6) {
		conf6_of(row, &c);
		memcpy(out, &c, sizeof(c));
	} else {
		detail_of(row, &d);
		memcpy(out, &d, sizeof(d));
	}
	return EDPVS_OK;
}

static int
show(int af, const char ifname[ABI_IFNAMSIZ], struct ctrl_reply *reply)
{
	const struct port *port = NULL;
	struct rows rows;
	int32_t count;
	int rc;

	if (ifname[0]) {
		port = ctrl_port(ifname);
		if (!port)
			return EDPVS_NOTEXIST;
	}
	if (!ctrl_reply_add(reply, sizeof(count)))
		return EDPVS_NOMEM;
	rc = collect(af, port, &rows);
	for (unsigned i = 0; !rc && i < rows.n; i++)
		rc = add_row(reply, af, &rows.v[i]);
	free(rows.v);
	if (rc)
		return rc;
	count = (int32_t)rows.n;
	memcpy(ctrl_reply_at(reply, 0), &count, sizeof(count));
	return EDPVS_OK;
}

static int
handle_show4(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct dp_vs_route_detail d;

	memcpy(&d, req->body, sizeof(d));
	return show(INET_AF_V4, d.ifname, reply);
}

static int
handle_show6(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct dp_vs_route6_conf c;

	memcpy(&c, req->body, sizeof(c));
	return show(INET_AF_V6, c.ifname, reply);
}

void
route_ctrl_register(void)
{
	ctrl_register(SOCKOPT_SET_ROUTE_ADD, handle_add4);
	ctrl_register(SOCKOPT_SET_ROUTE_DEL, handle_del4);
	ctrl_register(SOCKOPT_SET_ROUTE_SET, handle_set4);
	ctrl_register(SOCKOPT_SET_ROUTE_FLUSH, handle_flush4);
	ctrl_register(SOCKOPT_GET_ROUTE_SHOW, handle_show4);
	ctrl_register(SOCKOPT_SET_ROUTE6_ADD_DEL, handle_set6);
	ctrl_register(SOCKOPT_SET_ROUTE6_FLUSH, handle_set6);
	ctrl_register(SOCKOPT_GET_ROUTE6_SHOW, handle_show6);
}

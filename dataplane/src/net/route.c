/* SPDX-License-Identifier: Apache-2.0 */
#include "route.h"

#include <stdlib.h>

#include "core/errors.h"
#include "core/log.h"
#include "fib.h"
#include "port/kernel.h"

enum { MTU_MIN = 68, MTU_MAX = 65535 };

struct route_list routes = TAILQ_HEAD_INITIALIZER(routes);

/* LOCALIN routes, counted because every change of an address asks for them. */
static uint32_t nlocal;

/* ---- look-up ---- */

static struct route *
find(const struct port *p, int af, const union inet_ip *dst, unsigned plen)
{
	union inet_ip prefix = inet_ip_mask(af, dst, plen);
	struct route *r;

	TAILQ_FOREACH (r, &routes, next) {
		if (r->spec.port == p && r->spec.af == af && r->spec.plen == plen &&
		    inet_ip_equal(&r->prefix, &prefix))
			return r;
	}
	return NULL;
}

uint64_t
route_local_ports(int af, const union inet_ip *ip)
{
	uint64_t mask = 0;
	struct route *r;

	if (nlocal == 0)
		return 0;
	TAILQ_FOREACH (r, &routes, next) {
		if (r->spec.flags & ROUTE_F_LOCALIN && r->spec.af == af && inet_ip_equal(&r->prefix, ip))
			mask |= 1ull << r->spec.port->id;
	}
	return mask;
}

struct port *
route_connected_port(int af, const union inet_ip *ip)
{
	const struct fib_hop *hop = fib_lookup(af, ip);

	return hop && inet_ip_is_any(&hop->gateway) ? ports[hop->port] : NULL;
}

/* ---- the forwarding table ---- */

/* Puts the best route of a prefix into the forwarding table, when another one is there. */
static int
prefix_update(int af, const union inet_ip *prefix, unsigned plen, bool force)
{
	struct route *best = NULL, *present = NULL, *r;
	int rc;

	TAILQ_FOREACH (r, &routes, next) {
		if (r->spec.af != af || r->spec.plen != plen || !r->hop || !inet_ip_equal(&r->prefix, prefix))
			continue;
		if (r->in_fib)
			present = r;
		if (!best || r->spec.metric < best->spec.metric)
			best = r;
	}
	if (best == present && !force)
		return EDPVS_OK;
	rc = fib_set(af, prefix, plen, best ? best->hop : (uint32_t)FIB_NONE);
	if (rc)
		return rc;
	if (present)
		present->in_fib = false;
	if (best)
		best->in_fib = true;
	net_generation++;
	return EDPVS_OK;
}

static union inet_ip
source_for(const struct route *r)
{
	const struct net_addr *a;

	if (!inet_ip_is_any(&r->spec.src))
		return r->spec.src;
	if (!inet_ip_is_any(&r->spec.prefsrc))
		return r->spec.prefsrc;
	a = addr_source(r->spec.port, r->spec.af,
			inet_ip_is_any(&r->spec.gateway) ? &r->prefix : &r->spec.gateway);
	return a ? a->spec.ip : (union inet_ip){.q = {0, 0}};
}

/* A next hop for the route as it is now; the old one is released. */
static int
hop_renew(struct route *r)
{
	struct fib_hop hop = {
	    .gateway = r->spec.port->layer3 ? (union inet_ip){.q = {0, 0}} : r->spec.gateway,
	    .src = source_for(r),
	    .port = r->spec.port->id,
	    .mtu = (uint16_t)r->spec.mtu,
	    /* Behind a tunnel there is one neighbour, which has no address. */
	    .has_gateway = r->spec.port->layer3 || !inet_ip_is_any(&r->spec.gateway),
	    .to_kernel = (r->spec.flags & ROUTE_F_KNI) != 0,
	};
	uint32_t old = r->hop;
	uint32_t fresh = fib_hop_new(&hop);
	int rc;

	if (fresh == FIB_NONE)
		return EDPVS_RESOURCE;
	r->hop = fresh;
	r->hop_src = hop.src;
	if (hop.mtu)
		net_routes_narrow = true;
	rc = prefix_update(r->spec.af, &r->prefix, r->spec.plen, r->in_fib);
	if (rc) {
		r->hop = old;
		fib_hop_release(fresh);
		return rc;
	}
	fib_hop_release(old);
	return EDPVS_OK;
}

/* ---- changes ---- */

static bool
spec_is_valid(const struct route_spec *s)
{
	if (!s->port || s->port->bond || s->plen > inet_bits(s->af) || inet_ip_is_multicast(s->af, &s->dst))
		return false;
	/* An address of the kernel's interface. */
	if (s->flags & ROUTE_F_KNI &&
	    (s->plen != inet_bits(s->af) || inet_ip_is_any(&s->dst) || !kernel_has(s->port->id)))
		return false;
	if (s->mtu && (s->mtu < MTU_MIN || s->mtu > MTU_MAX))
		return false;
	if (s->flags & ROUTE_F_LOCALIN)
		return s->plen == inet_bits(s->af) && !inet_ip_is_any(&s->dst);
	if (inet_ip_is_any(&s->gateway))
		return true;
	return !inet_ip_is_multicast(s->af, &s->gateway) &&
	       net_local_lookup(s->af, &s->gateway) == NET_NOT_LOCAL;
}

static void
route_remove(struct route *r)
{
	TAILQ_REMOVE(&routes, r, next);
	if (r->spec.flags & ROUTE_F_LOCALIN) {
		nlocal--;
		addr_local_changed(r->spec.af, &r->prefix);
	} else {
		uint32_t hop = r->hop;

		prefix_update(r->spec.af, &r->prefix, r->spec.plen, r->in_fib);
		fib_hop_release(hop);
	}
	free(r);
}

static int
insert(const struct route_spec *spec, bool connected)
{
	struct route *r = calloc(1, sizeof(*r));
	int rc;

	if (!r)
		return EDPVS_NOMEM;
	r->spec = *spec;
	r->connected = connected;
	r->prefix = inet_ip_mask(spec->af, &spec->dst, spec->plen);
	if (spec->plen == 0)
		r->spec.flags |= ROUTE_F_DEFAULT;
	TAILQ_INSERT_TAIL(&routes, r, next);
	if (spec->flags & ROUTE_F_LOCALIN) {
		nlocal++;
		rc = addr_local_changed(spec->af, &r->prefix);
	} else {
		rc = hop_renew(r);
	}
	if (rc)
		route_remove(r);
	return rc;
}

int
route_add(const struct route_spec *spec)
{
	if (!spec_is_valid(spec))
		return EDPVS_INVAL;
	if (find(spec->port, spec->af, &spec->dst, spec->plen))
		return EDPVS_EXIST;
	/* The address itself is the host route. */
	if (spec->flags & ROUTE_F_LOCALIN && addr_find(spec->port, spec->af, &spec->dst))
		return EDPVS_EXIST;
	return insert(spec, false);
}

int
route_change(const struct route_spec *spec)
{
	struct route *r;
	struct route_spec old;
	int rc;

	if (!spec_is_valid(spec))
		return EDPVS_INVAL;
	r = find(spec->port, spec->af, &spec->dst, spec->plen);
	if (!r)
		return EDPVS_NOTEXIST;
	if ((r->spec.flags ^ spec->flags) & ROUTE_F_LOCALIN)
		return EDPVS_INVAL;
	if (r->spec.flags & ROUTE_F_LOCALIN)
		return EDPVS_OK; /* has none of the attributes */
	old = r->spec;
	r->spec.gateway = spec->gateway;
	r->spec.src = spec->src;
	r->spec.prefsrc = spec->prefsrc;
	r->spec.mtu = spec->mtu;
	r->spec.metric = spec->metric;
	rc = hop_renew(r);
	if (rc)
		r->spec = old;
	return rc;
}

int
route_del(const struct port *p, int af, const union inet_ip *dst, unsigned plen)
{
	struct route *r = find(p, af, dst, plen);

	if (!r)
		return EDPVS_NOTEXIST;
	route_remove(r);
	return EDPVS_OK;
}

void
route_flush(const struct port *p, int af)
{
	struct route *r, *next;

	for (r = TAILQ_FIRST(&routes); r; r = next) {
		next = TAILQ_NEXT(r, next);
		if (r->spec.port == p && r->spec.af == af)
			route_remove(r);
	}
}

void
route_fini(void)
{
	struct route *r;

	while ((r = TAILQ_FIRST(&routes)))
		route_remove(r);
}

/* ---- addresses ---- */

/* Routes without a source of their own use an address of the port; it may have become another one. */
static void
sources_refresh(const struct port *p, int af)
{
	struct route *r;

	TAILQ_FOREACH (r, &routes, next) {
		union inet_ip src;

		if (r->spec.port != p || r->spec.af != af || r->spec.flags & ROUTE_F_LOCALIN)
			continue;
		src = source_for(r);
		if (!inet_ip_equal(&src, &r->hop_src) && hop_renew(r))
			log_warning("net",
				    "route table is full: a route of %s keeps a source address that is gone",
				    p->name);
	}
}

int
route_addr_added(const struct net_addr *a)
{
	struct route_spec spec = {.port = a->spec.port,
				  .af = a->spec.af,
				  .plen = a->spec.plen,
				  .src = a->spec.ip,
				  .flags = ROUTE_F_FORWARD};
	int rc = EDPVS_OK;

	spec.dst = inet_ip_mask(spec.af, &a->spec.ip, spec.plen);
	if (spec.plen < inet_bits(spec.af) && !find(spec.port, spec.af, &spec.dst, spec.plen))
		rc = insert(&spec, true);
	if (!rc)
		sources_refresh(spec.port, spec.af);
	return rc;
}

static const struct net_addr *
other_in_net(const struct route *r)
{
	struct net_addr *a;

	TAILQ_FOREACH (a, &net_addrs, next) {
		if (a->spec.port == r->spec.port && a->spec.af == r->spec.af &&
		    a->spec.plen == r->spec.plen &&
		    inet_ip_in_prefix(r->spec.af, &a->spec.ip, &r->prefix, r->spec.plen))
			return a;
	}
	return NULL;
}

void
route_addr_removed(const struct net_addr *a)
{
	struct route *r = find(a->spec.port, a->spec.af, &a->spec.ip, a->spec.plen);

	if (r && r->connected && inet_ip_equal(&r->spec.src, &a->spec.ip)) {
		const struct net_addr *heir = other_in_net(r);

		if (heir) {
			r->spec.src = heir->spec.ip;
			if (hop_renew(r))
				log_warning(
				    "net",
				    "route table is full: a route of %s keeps a source address that is gone",
				    r->spec.port->name);
		} else {
			route_remove(r);
		}
	}
	sources_refresh(a->spec.port, a->spec.af);
}

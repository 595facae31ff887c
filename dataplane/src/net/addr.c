/* SPDX-License-Identifier: Apache-2.0 */
#include "addr.h"

#include <stdlib.h>
#include <rte_random.h>

#include "arp.h"
#include "core/errors.h"
#include "core/log.h"
#include "local.h"
#include "maddr.h"
#include "nd.h"
#include "neigh.h"
#include "route.h"

enum {
	DAD_MS = 1000, /* RFC 4862: one probe, RetransTimer of RFC 4861 */
	DAD_JITTER_MS = 200,
};

struct addr_list net_addrs = TAILQ_HEAD_INITIALIZER(net_addrs);

void (*net_sapool_usage_hook)(int af, const union inet_ip *ip, int worker, struct net_sapool_usage *out);

/* ---- look-up ---- */

struct net_addr *
addr_find_exact(const struct port *p, int af, const union inet_ip *ip, unsigned plen)
{
	struct net_addr *a;

	TAILQ_FOREACH (a, &net_addrs, next) {
		if (a->spec.port == p && a->spec.af == af && a->spec.plen == plen &&
		    inet_ip_equal(&a->spec.ip, ip))
			return a;
	}
	return NULL;
}

struct net_addr *
addr_find(const struct port *p, int af, const union inet_ip *ip)
{
	struct net_addr *a;

	TAILQ_FOREACH (a, &net_addrs, next) {
		if (a->spec.port == p && a->spec.af == af && inet_ip_equal(&a->spec.ip, ip))
			return a;
	}
	return NULL;
}

struct port *
net_addr_port(int af, const union inet_ip *ip)
{
	struct net_addr *a;

	TAILQ_FOREACH (a, &net_addrs, next) {
		if (a->spec.af == af && inet_ip_equal(&a->spec.ip, ip))
			return a->spec.port;
	}
	return NULL;
}

/* How well an address serves as source towards dst; higher is better. */
static int
source_rank(const struct net_addr *a, int af, const union inet_ip *dst)
{
	bool same_scope = inet_ip_is_linklocal(af, dst) == inet_ip_is_linklocal(af, &a->spec.ip);
	int rank = 0;

	if (!(a->flags & ADDR_F_TENTATIVE))
		rank += 8;
	if (same_scope)
		rank += 4;
	if (inet_ip_in_prefix(af, dst, &a->spec.ip, a->spec.plen))
		rank += 2;
	if (a->spec.scope != ADDR_SCOPE_HOST && !(a->flags & ADDR_F_SAPOOL))
		rank += 1;
	return rank;
}

const struct net_addr *
addr_source(const struct port *p, int af, const union inet_ip *dst)
{
	const struct net_addr *best = NULL;
	int best_rank = -1;
	struct net_addr *a;

	TAILQ_FOREACH (a, &net_addrs, next) {
		int rank;

		if (a->spec.port != p || a->spec.af != af || a->flags & ADDR_F_DADFAILED)
			continue;
		rank = source_rank(a, af, dst);
		if (rank > best_rank) {
			best = a;
			best_rank = rank;
		}
	}
	return best;
}

uint32_t
addr_valid_left_s(const struct net_addr *a)
{
	uint64_t now = net_now_ms();

	if (a->expires_ms == 0)
		return 0;
	return a->expires_ms <= now ? 1 : (uint32_t)((a->expires_ms - now + 999) / 1000);
}

/* ---- the local set ---- */

/* Tells workers what the list says about one address. */
static int
local_publish(int af, const union inet_ip *ip)
{
	uint64_t mask = route_local_ports(af, ip);
	bool lip = false;
	struct net_addr *a;

	TAILQ_FOREACH (a, &net_addrs, next) {
		if (!a->has_local || a->spec.af != af || !inet_ip_equal(&a->spec.ip, ip))
			continue;
		mask |= 1ull << a->spec.port->id;
		lip |= (a->flags & ADDR_F_SAPOOL) != 0;
	}
	net_generation++;
	return local_set(af, ip, mask, lip);
}

int
addr_local_changed(int af, const union inet_ip *ip)
{
	return local_publish(af, ip);
}

static int
set_local(struct net_addr *a, bool on)
{
	a->has_local = on;
	return local_publish(a->spec.af, &a->spec.ip);
}

/* ---- duplicate address detection ---- */

static void
dad_done(struct net_timer *t)
{
	struct net_addr *a = (struct net_addr *)((char *)t - offsetof(struct net_addr, dad));

	a->flags &= ~(uint32_t)(ADDR_F_TENTATIVE | ADDR_F_OPTIMISTIC);
	nd_announce(a->spec.port, &a->spec.ip, true);
	/* Solicitations from an optimistic address carry no MAC, and many hosts do not answer those. */
	neigh_ask_again(a->spec.port->id);
}

static void
dad_start(struct net_addr *a)
{
	a->flags |= ADDR_F_TENTATIVE | ADDR_F_OPTIMISTIC;
	nd_dad(a->spec.port, &a->spec.ip);
	net_timer_arm(&a->dad, net_now_ms() + DAD_MS + rte_rand_max(DAD_JITTER_MS + 1));
}

void
addr_conflict(const struct port *p, const union inet_ip *ip)
{
	struct net_addr *a = addr_find(p, INET_AF_V6, ip);
	char text[INET_TEXT_MAX];

	if (!a || !(a->flags & ADDR_F_TENTATIVE) || a->flags & ADDR_F_DADFAILED)
		return;
	net_timer_cancel(&a->dad);
	a->flags = (a->flags & ~(uint32_t)ADDR_F_OPTIMISTIC) | ADDR_F_DADFAILED;
	set_local(a, false);
	log_warning("net",
		    "%s on %s is used by another node: the address stays unused (delete it, or free it there "
		    "and add it again)",
		    inet_ip_text(INET_AF_V6, ip, text), p->name);
}

/* ---- adding and removing ---- */

bool
addr_spec_is_valid(const struct addr_spec *s)
{
	static const union inet_ip loopback6 = {.b = {[15] = 1}};

	if (s->port->bond || s->plen == 0 || s->plen > inet_bits(s->af) || inet_ip_is_any(&s->ip) ||
	    inet_ip_is_multicast(s->af, &s->ip))
		return false;
	if (s->af == INET_AF_V6)
		return !inet_ip_equal(&s->ip, &loopback6);
	return s->ip.b[0] != 0 && s->ip.b[0] != 127 && s->ip.b[0] < 224;
}

void
addr_remove(struct net_addr *a)
{
	net_timer_cancel(&a->expiry);
	net_timer_cancel(&a->dad);
	TAILQ_REMOVE(&net_addrs, a, next);
	local_publish(a->spec.af, &a->spec.ip);
	if (a->spec.af == INET_AF_V6)
		maddr_leave_for(a->spec.port, &a->spec.ip);
	route_addr_removed(a);
	free(a);
}

static void
expired(struct net_timer *t)
{
	struct net_addr *a = (struct net_addr *)((char *)t - offsetof(struct net_addr, expiry));
	char text[INET_TEXT_MAX];

	log_info("net", "%s/%u on %s: valid lifetime is over", inet_ip_text(a->spec.af, &a->spec.ip, text),
		 a->spec.plen, a->spec.port->name);
	addr_remove(a);
}

static void
set_lifetime(struct net_addr *a, const struct addr_spec *s)
{
	a->spec.valid_s = s->valid_s;
	a->spec.prefered_s = s->prefered_s;
	net_timer_cancel(&a->expiry);
	if (s->valid_s == 0) {
		a->flags |= ADDR_F_PERMANENT;
		a->expires_ms = 0;
		return;
	}
	a->flags &= ~(uint32_t)ADDR_F_PERMANENT;
	a->expires_ms = net_now_ms() + (uint64_t)s->valid_s * 1000;
	net_timer_arm(&a->expiry, a->expires_ms);
}

static void
announce(const struct net_addr *a)
{
	if (a->spec.af == INET_AF_V6)
		nd_announce(a->spec.port, &a->spec.ip, false);
	else
		arp_announce(a->spec.port, &a->spec.ip);
}

static int
add_duplicate(struct net_addr *old, const struct addr_spec *spec)
{
	/* A local address that was a plain one before keeps its place and becomes a local address. */
	if (spec->flags & ADDR_F_SAPOOL && !(old->flags & ADDR_F_SAPOOL)) {
		old->flags |= ADDR_F_SAPOOL;
		local_publish(old->spec.af, &old->spec.ip);
	}
	return EDPVS_EXIST;
}

struct net_addr *
addr_create(const struct addr_spec *spec, int *err)
{
	struct net_addr *a = calloc(1, sizeof(*a));

	*err = a ? EDPVS_OK : EDPVS_NOMEM;
	if (!a)
		return NULL;
	a->spec = *spec;
	a->flags = spec->flags & (ADDR_F_SAPOOL | ADDR_F_LINKLOCAL);
	a->expiry.fn = expired;
	a->dad.fn = dad_done;
	TAILQ_INSERT_TAIL(&net_addrs, a, next);
	if (spec->af == INET_AF_V6)
		maddr_join_for(spec->port, &spec->ip);
	*err = set_local(a, true);
	if (!*err)
		*err = route_addr_added(a);
	if (*err) {
		addr_remove(a);
		return NULL;
	}
	set_lifetime(a, spec);
	return a;
}

void
addr_appear(struct net_addr *a)
{
	/* Nobody else is on the link of a tunnel who could have the address. */
	if (a->spec.port->layer3)
		return;
	if (a->spec.af == INET_AF_V6)
		dad_start(a);
	announce(a);
}

void
addr_renew(struct net_addr *a, const struct addr_spec *spec)
{
	TAILQ_REMOVE(&net_addrs, a, next);
	TAILQ_INSERT_TAIL(&net_addrs, a, next);
	a->spec = *spec;
	a->flags = (a->flags & ~(uint32_t)(ADDR_F_SAPOOL | ADDR_F_LINKLOCAL)) |
		   (spec->flags & (ADDR_F_SAPOOL | ADDR_F_LINKLOCAL));
	set_lifetime(a, spec);
	set_local(a, true);
	/* Somebody else had it; who asks for it again believes that this is over. */
	if (a->flags & ADDR_F_DADFAILED) {
		a->flags &= ~(uint32_t)ADDR_F_DADFAILED;
		addr_appear(a);
	}
}

int
addr_add(const struct addr_spec *spec)
{
	struct net_addr *a;
	int err;

	if (!addr_spec_is_valid(spec))
		return EDPVS_INVAL;
	a = addr_find_exact(spec->port, spec->af, &spec->ip, spec->plen);
	if (a)
		return add_duplicate(a, spec);
	a = addr_create(spec, &err);
	if (a)
		addr_appear(a);
	return err;
}

int
addr_set(const struct addr_spec *spec)
{
	struct net_addr *a = addr_find_exact(spec->port, spec->af, &spec->ip, spec->plen);

	if (spec->plen == 0 || spec->plen > inet_bits(spec->af))
		return EDPVS_INVAL;
	if (!a)
		return EDPVS_NOTEXIST;
	a->spec.scope = spec->scope;
	a->spec.bcast = spec->bcast;
	set_lifetime(a, spec);
	if (spec->flags & ADDR_F_SAPOOL && !(a->flags & ADDR_F_SAPOOL)) {
		a->flags |= ADDR_F_SAPOOL;
		local_publish(a->spec.af, &a->spec.ip);
	}
	return EDPVS_OK;
}

int
addr_del(const struct port *p, int af, const union inet_ip *ip, unsigned plen)
{
	struct net_addr *a = addr_find_exact(p, af, ip, plen);

	if (plen == 0 || plen > inet_bits(af))
		return EDPVS_INVAL;
	if (!a)
		return EDPVS_NOTEXIST;
	addr_remove(a);
	return EDPVS_OK;
}

void
addr_flush(const struct port *p, int af)
{
	struct net_addr *a, *next;

	for (a = TAILQ_FIRST(&net_addrs); a; a = next) {
		next = TAILQ_NEXT(a, next);
		if (a->spec.port != p || (af && a->spec.af != af))
			continue;
		if (!af && a->flags & ADDR_F_LINKLOCAL)
			continue;
		addr_remove(a);
	}
}

void
addr_fini(void)
{
	struct net_addr *a;

	while ((a = TAILQ_FIRST(&net_addrs)))
		addr_remove(a);
}

int
net_addr_add(struct port *p, int af, const union inet_ip *ip, unsigned plen, uint32_t flags)
{
	struct addr_spec spec = {
	    .port = p, .af = af, .ip = *ip, .plen = plen, .flags = flags & ADDR_F_SAPOOL};

	return addr_add(&spec);
}

int
net_addr_del(struct port *p, int af, const union inet_ip *ip, unsigned plen)
{
	return addr_del(p, af, ip, plen);
}

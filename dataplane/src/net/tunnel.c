/* SPDX-License-Identifier: Apache-2.0 */
/* Tunnels as devices: made, changed and taken away. Control lcore. */
#include "tunnel.h"

#include <stdio.h>
#include <stdlib.h>
#include <rte_malloc.h>

#include "adj.h"
#include "core/errors.h"

enum { MTU_MIN = 68, MTU_UNKNOWN = RTE_ETHER_MTU };

struct tunnel_rows *tunnel_rows;

static const char *const kind_names[TUNNEL_KINDS] = {[TUNNEL_IPIP] = "ipip", [TUNNEL_GRE] = "gre"};

static uint32_t mtus_generation;

const char *
tunnel_kind_name(enum tunnel_kind kind)
{
	return kind_names[kind];
}

enum tunnel_kind
tunnel_kind_by_name(const char *name)
{
	unsigned k = 0;

	while (k < TUNNEL_KINDS && strcmp(kind_names[k], name) != 0)
		k++;
	return (enum tunnel_kind)k;
}

static struct tunnel *
tunnel_of(const struct port *p)
{
	return p->ops == &tunnel_ops ? p->kind_data : NULL;
}

const struct tunnel_spec *
tunnel_spec(const struct port *p)
{
	const struct tunnel *t = tunnel_of(p);

	return t ? &t->conf->s : NULL;
}

/* ---- what is allowed ---- */

static bool
is_unicast(uint32_t ip)
{
	uint32_t host = rte_be_to_cpu_32(ip);

	return host >> 24 != 0 && host >> 24 != 127 && host >> 28 < 0xe;
}

static bool
spec_is_valid(const struct tunnel_spec *s)
{
	if ((s->local && !is_unicast(s->local)) || (s->remote && !is_unicast(s->remote)))
		return false;
	if (s->kind != TUNNEL_GRE && (s->i_flags || s->o_flags || s->i_key || s->o_key))
		return false;
	return s->kind < TUNNEL_KINDS && !(s->link && (s->link->layer3 || s->link->bond));
}

/* Another tunnel that would receive the very same packets. */
static bool
is_taken(const struct tunnel_spec *s, const struct port *but)
{
	for (unsigned i = nports; i < ports_end; i++) {
		const struct tunnel_spec *o = ports[i] && ports[i] != but ? tunnel_spec(ports[i]) : NULL;

		if (o && o->kind == s->kind && o->local == s->local && o->remote == s->remote &&
		    o->link == s->link && ((o->i_flags ^ s->i_flags) & GRE_F_KEY) == 0 &&
		    o->i_key == s->i_key)
			return true;
	}
	return false;
}

/* ---- MTU ---- */

static unsigned
overhead(const struct tunnel_spec *s)
{
	return PKT_IP4_MIN + (s->kind == TUNNEL_GRE ? gre_len(s->o_flags) : 0);
}

/* Of the device or the way that carries it, less the headers. */
static uint16_t
mtu_of(const struct port *p, const struct tunnel_spec *s)
{
	union inet_ip remote = {.v4 = s->remote};
	unsigned mtu = MTU_UNKNOWN, headers = overhead(s);
	struct net_path path;

	if (s->link)
		mtu = s->link->mtu;
	if (s->remote && net_path_lookup(INET_AF_V4, &remote, &path) == DROP_NONE && path.port != p->id &&
	    (!s->link || (path.port == s->link->id && path.mtu < mtu)))
		mtu = path.mtu;
	return mtu < MTU_MIN + headers ? (uint16_t)MTU_MIN : (uint16_t)(mtu - headers);
}

static void
mtu_refresh(struct port *p)
{
	uint16_t mtu = mtu_of(p, tunnel_spec(p));

	if (mtu == p->mtu)
		return;
	p->mtu = mtu;
	port_tell(p, PORT_MTU);
}

void
tunnels_tick(void)
{
	if (!tunnel_rows || mtus_generation == net_generation)
		return;
	mtus_generation = net_generation;
	for (unsigned i = nports; i < ports_end; i++)
		if (ports[i] && tunnel_spec(ports[i]))
			mtu_refresh(ports[i]);
}

/* ---- what workers see ---- */

static struct tunnel_conf *
conf_new(const struct tunnel_spec *s)
{
	struct tunnel_conf *c = rte_zmalloc("tunnel", sizeof(*c) + nworkers * sizeof(c->way[0]), 0);

	if (c)
		c->s = *s;
	return c;
}

/* Room for one row more than there are tunnels; NULL without memory. */
static struct tunnel_rows *
rows_new(void)
{
	return calloc(1, sizeof(struct tunnel_rows) + PORTS_MAX * sizeof(struct tunnel_row));
}

/* fresh takes the place of the table; it holds what is in ports[] now, without `but`. */
static void
rows_publish(struct tunnel_rows *fresh, const struct port *but)
{
	struct tunnel_rows *old = tunnel_rows;

	for (unsigned i = nports; i < ports_end; i++) {
		const struct tunnel_spec *s = ports[i] && ports[i] != but ? tunnel_spec(ports[i]) : NULL;

		if (s)
			fresh->row[fresh->n++] =
			    (struct tunnel_row){.local = s->local,
						.remote = s->remote,
						.key = s->i_key,
						.port = ports[i]->id,
						.link = s->link ? s->link->id : (uint16_t)PORT_NONE,
						.kind = (uint8_t)s->kind,
						.keyed = s->i_flags & GRE_F_KEY};
	}
	if (fresh->n == 0) {
		free(fresh);
		fresh = NULL;
	}
	rcu_publish(tunnel_rows, fresh);
	if (old)
		rcu_retire(free, old);
}

void
tunnels_fini(void)
{
	for (unsigned i = nports; i < ports_end; i++)
		if (ports[i] && tunnel_of(ports[i]))
			rte_free(tunnel_of(ports[i])->conf);
	free(tunnel_rows);
	tunnel_rows = NULL;
}

/* ---- the neighbour ---- */

static const union inet_ip nobody;
static const int families[] = {INET_AF_V4, INET_AF_V6};

int
tunnel_neighbour_add(const struct port *p)
{
	for (unsigned i = 0; i < RTE_DIM(families); i++) {
		uint32_t adj = adj_new(families[i], &nobody, p->id);

		if (adj == ADJ_NONE)
			return EDPVS_RESOURCE;
		adj_resolve(adj, &p->mac);
	}
	return EDPVS_OK;
}

void
tunnel_neighbour_del(const struct port *p)
{
	for (unsigned i = 0; i < RTE_DIM(families); i++) {
		uint32_t adj = adj_find(families[i], &nobody, p->id);

		if (adj != ADJ_NONE)
			adj_delete(adj);
	}
}

/* ---- commands ---- */

/* Devices below know that they are in use. */
static void
link_hold(const struct tunnel_spec *s, int by)
{
	if (s->link)
		ports[s->link->id]->nabove += (unsigned)by;
}

static struct port *
device_new(const char *name, enum tunnel_kind kind, int *err)
{
	char made[PORT_NAME_MAX];
	struct port *p;

	snprintf(made, sizeof(made), "%s%d", kind_names[kind], port_free_id());
	p = port_make(name[0] ? name : made, &tunnel_ops, NULL, err);
	if (!p)
		return NULL;
	p->layer3 = true;
	p->dpdk_id = RTE_MAX_ETHPORTS;
	p->steering = nworkers > 1 ? STEER_SOFTWARE : STEER_SINGLE;
	p->kind_data = aligned_alloc(_Alignof(struct tunnel), sizeof(struct tunnel));
	if (!p->kind_data) {
		*err = EDPVS_NOMEM;
		port_unmake(p);
		return NULL;
	}
	memset(p->kind_data, 0, sizeof(struct tunnel));
	return p;
}

int
tunnel_add(const char *name, const struct tunnel_spec *spec)
{
	struct tunnel_rows *rows;
	struct tunnel_conf *c;
	struct port *p;
	int err;

	if (!spec_is_valid(spec))
		return EDPVS_INVAL;
	if (is_taken(spec, NULL))
		return EDPVS_EXIST;
	p = device_new(name, spec->kind, &err);
	if (!p)
		return err;
	rows = rows_new();
	c = conf_new(spec);
	err = !rows || !c ? EDPVS_NOMEM : EDPVS_OK;
	if (err) {
		free(rows);
		rte_free(c);
		port_unmake(p);
		return err;
	}
	((struct tunnel *)p->kind_data)->conf = c;
	p->mtu = mtu_of(p, spec);
	link_hold(spec, 1);
	port_publish(p);
	rows_publish(rows, NULL);
	return EDPVS_OK;
}

int
tunnel_change(struct port *p, const struct tunnel_spec *spec)
{
	struct tunnel *t = tunnel_of(p);
	struct tunnel_conf *old = t->conf, *fresh;
	struct tunnel_rows *rows;

	if (!spec_is_valid(spec))
		return EDPVS_INVAL;
	if (is_taken(spec, p))
		return EDPVS_EXIST;
	rows = rows_new();
	fresh = conf_new(spec);
	if (!rows || !fresh) {
		free(rows);
		rte_free(fresh);
		return EDPVS_NOMEM;
	}
	link_hold(spec, 1);
	link_hold(&old->s, -1);
	rcu_publish(t->conf, fresh);
	rows_publish(rows, NULL);
	rcu_retire(rte_free, old);
	mtu_refresh(p);
	return EDPVS_OK;
}

void
tunnel_del(struct port *p)
{
	struct tunnel_rows *rows = rows_new();
	struct tunnel_conf *c = tunnel_of(p)->conf;

	link_hold(&c->s, -1);
	/* A row of a port that has gone is passed over. */
	if (rows)
		rows_publish(rows, p);
	port_remove(p);
	rcu_retire(rte_free, c);
}

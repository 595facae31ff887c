/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about IP tunnels: 94 to 98. */
#include "abi/tunnel.h"

#include "core/errors.h"
#include "ctrl/ctrl.h"
#include "net_ctrl.h"
#include "tunnel.h"

enum { FLAGS_KNOWN = TUNNEL_F_CSUM | TUNNEL_F_KEY | TUNNEL_F_SEQ, FRAG_DF = 0x4000 };

/* Numbers of the ABI and bits of GRE, the same three things. */
static const struct {
	uint16_t abi, gre;
} flag_names[] = {{TUNNEL_F_CSUM, GRE_F_CSUM}, {TUNNEL_F_KEY, GRE_F_KEY}, {TUNNEL_F_SEQ, GRE_F_SEQ}};

static uint16_t
flags_in(uint16_t abi)
{
	uint16_t gre = 0;

	for (unsigned i = 0; i < RTE_DIM(flag_names); i++)
		gre |= abi & flag_names[i].abi ? flag_names[i].gre : 0;
	return gre;
}

static uint16_t
flags_out(uint16_t gre)
{
	uint16_t abi = 0;

	for (unsigned i = 0; i < RTE_DIM(flag_names); i++)
		abi |= gre & flag_names[i].gre ? flag_names[i].abi : 0;
	return abi;
}

/* False when a name does not end. */
static bool
param_read(const struct ctrl_request *req, struct ip_tunnel_param *out)
{
	memcpy(out, req->body, sizeof(*out));
	return memchr(out->ifname, '\0', sizeof(out->ifname)) && memchr(out->kind, '\0', sizeof(out->kind)) &&
	       memchr(out->link, '\0', sizeof(out->link)) && port_name_is_fit(out->ifname);
}

/* EDPVS_INVAL: an unknown kind or flag; EDPVS_NODEV: an unknown device. */
static int
spec_of(const struct ip_tunnel_param *c, struct tunnel_spec *s)
{
	uint16_t in = rte_be_to_cpu_16(c->i_flags), out = rte_be_to_cpu_16(c->o_flags);

	*s = (struct tunnel_spec){
	    .kind = tunnel_kind_by_name(c->kind),
	    .link = c->link[0] ? ctrl_port(c->link) : NULL,
	    .local = c->iph.saddr,
	    .remote = c->iph.daddr,
	    .i_flags = flags_in(in),
	    .o_flags = flags_in(out),
	    .i_key = in & TUNNEL_F_KEY ? rte_be_to_cpu_32(c->i_key) : 0,
	    .o_key = out & TUNNEL_F_KEY ? rte_be_to_cpu_32(c->o_key) : 0,
	    .ttl = c->iph.ttl,
	    .tos = c->iph.tos,
	    .df = rte_be_to_cpu_16(c->iph.frag_off) & FRAG_DF,
	};
	if (s->kind == TUNNEL_KINDS || (in | out) & ~FLAGS_KNOWN)
		return EDPVS_INVAL;
	return c->link[0] && !s->link ? EDPVS_NODEV : EDPVS_OK;
}

static int
on_add(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct ip_tunnel_param c;
	struct tunnel_spec s;
	int rc;

	(void)reply;
	if (!param_read(req, &c))
		return EDPVS_INVAL;
	rc = spec_of(&c, &s);
	return rc ? rc : tunnel_add(c.ifname, &s);
}

/* The tunnel that a request names. */
static struct port *
named(const struct ip_tunnel_param *c, int *err)
{
	struct port *p = c->ifname[0] ? ctrl_port(c->ifname) : NULL;

	*err = !c->ifname[0] || (p && !tunnel_spec(p)) ? EDPVS_INVAL : EDPVS_NOTEXIST;
	return p && tunnel_spec(p) ? p : NULL;
}

static int
on_del(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct ip_tunnel_param c;
	struct port *p;
	int err;

	(void)reply;
	if (!param_read(req, &c))
		return EDPVS_INVAL;
	p = named(&c, &err);
	if (!p)
		return err;
	tunnel_del(p);
	return EDPVS_OK;
}

/* The whole record takes the place of the old one. Without a kind it stays what it is. */
static int
change(const struct ctrl_request *req, bool may_change_kind)
{
	struct ip_tunnel_param c;
	struct tunnel_spec s;
	struct port *p;
	int err;

	if (!param_read(req, &c))
		return EDPVS_INVAL;
	p = named(&c, &err);
	if (!p)
		return err;
	if (!c.kind[0])
		snprintf(c.kind, sizeof(c.kind), "%s", tunnel_kind_name(tunnel_spec(p)->kind));
	err = spec_of(&c, &s);
	if (err)
		return err;
	if (!may_change_kind && s.kind != tunnel_spec(p)->kind)
		return EDPVS_INVAL;
	return tunnel_change(p, &s);
}

static int
on_change(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	(void)reply;
	return change(req, false);
}

static int
on_replace(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	(void)reply;
	return change(req, true);
}

static void
param_of(const struct port *p, const struct tunnel_spec *s, struct ip_tunnel_param *out)
{
	memset(out, 0, sizeof(*out));
	ctrl_put_name(out->ifname, p);
	snprintf(out->kind, sizeof(out->kind), "%s", tunnel_kind_name(s->kind));
	if (s->link)
		ctrl_put_name(out->link, s->link);
	out->i_flags = rte_cpu_to_be_16(flags_out(s->i_flags));
	out->o_flags = rte_cpu_to_be_16(flags_out(s->o_flags));
	out->i_key = rte_cpu_to_be_32(s->i_key);
	out->o_key = rte_cpu_to_be_32(s->o_key);
	out->iph.version_ihl = 0x45;
	out->iph.saddr = s->local;
	out->iph.daddr = s->remote;
	out->iph.ttl = s->ttl;
	out->iph.tos = s->tos;
	out->iph.frag_off = rte_cpu_to_be_16(s->df ? FRAG_DF : 0);
	out->iph.protocol = s->kind == TUNNEL_GRE ? PROTO_GRE : PROTO_IPIP;
}

/* One by name, those of a kind or a device, or all. */
static int
on_show(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct ip_tunnel_param c;
	const struct port *one = NULL, *link = NULL;
	int err;

	if (!param_read(req, &c) || (c.kind[0] && tunnel_kind_by_name(c.kind) == TUNNEL_KINDS))
		return EDPVS_INVAL;
	if (c.ifname[0]) {
		one = named(&c, &err);
		if (!one)
			return err;
	}
	if (c.link[0]) {
		link = ctrl_port(c.link);
		if (!link)
			return EDPVS_NODEV;
	}
	for (unsigned i = nports; i < ports_end; i++) {
		const struct tunnel_spec *s = ports[i] ? tunnel_spec(ports[i]) : NULL;
		struct ip_tunnel_param *out;

		if (!s || (one && one != ports[i]) || (link && s->link != link) ||
		    (c.kind[0] && s->kind != tunnel_kind_by_name(c.kind)))
			continue;
		out = ctrl_reply_add(reply, sizeof(*out));
		if (!out)
			return EDPVS_NOMEM;
		param_of(ports[i], s, out);
	}
	return EDPVS_OK;
}

void
tunnel_ctrl_register(void)
{
	ctrl_register(SOCKOPT_TUNNEL_ADD, on_add);
	ctrl_register(SOCKOPT_TUNNEL_DEL, on_del);
	ctrl_register(SOCKOPT_TUNNEL_CHANGE, on_change);
	ctrl_register(SOCKOPT_TUNNEL_REPLACE, on_replace);
	ctrl_register(SOCKOPT_TUNNEL_SHOW, on_show);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about VLAN devices: 81 to 83. */
#include "port_setup.h"

#include "abi/vlan.h"
#include "port/vlan.h"

enum { PROTO_8021Q = 0x8100 };

/* False when a name does not end. */
static bool
param_read(const struct ctrl_request *req, struct vlan_param *out)
{
	memcpy(out, req->body, sizeof(*out));
	return memchr(out->real_dev, '\0', sizeof(out->real_dev)) &&
	       memchr(out->ifname, '\0', sizeof(out->ifname));
}

static int
on_add(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct vlan_param c;
	struct port *parent;

	if (!param_read(req, &c) || c.vlan_proto != PROTO_8021Q || !port_name_is_fit(c.ifname))
		return EDPVS_INVAL;
	parent = port_by_name(c.real_dev);
	return parent ? vlan_add(parent, c.ifname, c.vlan_id) : EDPVS_NODEV;
}

/* By its name, or by device and id. */
static struct port *
named(const struct vlan_param *c, int *err)
{
	struct port *p;

	*err = EDPVS_NODEV;
	if (c->ifname[0]) {
		p = port_by_name(c->ifname);
		if (!p)
			*err = EDPVS_NOTEXIST;
		else if (!vlan_is(p))
			*err = EDPVS_INVAL;
		else
			return p;
		return NULL;
	}
	p = port_by_name(c->real_dev);
	if (!p)
		return NULL;
	*err = EDPVS_NOTEXIST;
	return vlan_find(p, c->vlan_id);
}

static int
on_del(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct vlan_param c;
	struct port *p;
	int err;

	if (!param_read(req, &c) || (!c.ifname[0] && (c.vlan_proto != PROTO_8021Q || !c.real_dev[0])))
		return EDPVS_INVAL;
	p = named(&c, &err);
	return p ? vlan_del(p) : err;
}

/* A record shows the VLAN if it names it, or all of its device, or nothing. */
static bool
is_asked(const struct port *p, const struct vlan_param *c)
{
	return vlan_is(p) && (!c->ifname[0] || !strcmp(c->ifname, p->name)) &&
	       (!c->real_dev[0] || p->parent == port_by_name(c->real_dev)) &&
	       (!c->vlan_id || c->vlan_id == p->vlan_id) && (!c->vlan_proto || c->vlan_proto == PROTO_8021Q);
}

static int
on_show(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct vlan_param_array head = {.nparam = 0};
	struct vlan_param c;
	int rc;

	if (!param_read(req, &c))
		return EDPVS_INVAL;
	if ((c.ifname[0] && !port_by_name(c.ifname)) || (c.real_dev[0] && !port_by_name(c.real_dev)))
		return EDPVS_NODEV;
	if (c.ifname[0] && !vlan_is(port_by_name(c.ifname)))
		return EDPVS_INVAL;
	for (unsigned i = nports; i < ports_end; i++)
		head.nparam += ports[i] && is_asked(ports[i], &c);
	rc = reply_copy(reply, &head, sizeof(head));
	for (unsigned i = nports; i < ports_end && !rc; i++) {
		struct vlan_param out;

		if (!ports[i] || !is_asked(ports[i], &c))
			continue;
		memset(&out, 0, sizeof(out));
		memcpy(out.real_dev, ports[i]->parent->name,
		       strnlen(ports[i]->parent->name, sizeof(out.real_dev) - 1));
		memcpy(out.ifname, ports[i]->name, strnlen(ports[i]->name, sizeof(out.ifname) - 1));
		out.vlan_proto = PROTO_8021Q;
		out.vlan_id = ports[i]->vlan_id;
		rc = reply_copy(reply, &out, sizeof(out));
	}
	return rc;
}

void
vlan_ctrl_register(void)
{
	ctrl_register(SOCKOPT_SET_VLAN_ADD, on_add);
	ctrl_register(SOCKOPT_SET_VLAN_DEL, on_del);
	ctrl_register(SOCKOPT_GET_VLAN_SHOW, on_show);
}

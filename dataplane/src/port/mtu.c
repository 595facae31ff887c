/* SPDX-License-Identifier: Apache-2.0 */
/* The MTU of running ports, and its message: DS_MSG_LINK_MTU. Control lcore. */
#include "port_setup.h"

#include <errno.h>
#include <string.h>
#include <rte_errno.h>

#include "abi/link.h"
#include "core/log.h"
#include "port/bond.h"
#include "port/kernel.h"
#include "port/vlan.h"

/* The device itself; a smaller MTU than it has holds for what we send, whatever it thinks. */
static int
device_set_mtu(const struct port *p, uint16_t mtu)
{
	uint16_t is = RTE_ETHER_MTU;
	int rc = rte_eth_dev_set_mtu(p->dpdk_id, mtu);

	rte_eth_dev_get_mtu(p->dpdk_id, &is);
	if (rc == 0 || mtu <= is)
		return EDPVS_OK;
	log_warning("port", "port %s: mtu %u is refused (%s), it stays %u", p->name, mtu, rte_strerror(-rc),
		    p->mtu);
	switch (rc) {
	case -EBUSY: /* a driver that wants the device to be stopped */
		return EDPVS_BUSY;
	case -EINVAL:
		return EDPVS_INVAL;
	default:
		return EDPVS_NOTSUPP;
	}
}

/* VLANs are at most as wide as what carries them, and stay as wide as it where they were. */
static void
above_follows(const struct port *p, uint16_t was)
{
	for (unsigned i = nports; i < ports_end; i++) {
		struct port *v = ports[i];
		uint16_t before;

		if (!v || v->parent != p || !vlan_is(v) || (v->mtu != was && v->mtu <= p->mtu))
			continue;
		before = v->mtu;
		v->mtu = p->mtu;
		port_tell(v, PORT_MTU);
		above_follows(v, before);
	}
}

int
port_set_mtu(struct port *p, uint16_t mtu)
{
	uint16_t was = p->mtu;
	int rc = EDPVS_OK;

	if (p->layer3)
		return EDPVS_NOTSUPP;
	if (p->bond)
		return EDPVS_BUSY;
	if (mtu < PORT_MTU_MIN || mtu > PORT_MTU_MAX || (p->parent && mtu > p->parent->mtu))
		return EDPVS_INVAL;
	if (mtu == was)
		return EDPVS_OK;
	if (!p->parent)
		rc = device_set_mtu(p, mtu);
	if (rc)
		return rc;
	p->mtu = mtu;
	for (unsigned i = 0; i < nports; i++)
		if (ports[i]->bond == p)
			ports[i]->mtu = mtu;
	port_tell(p, PORT_MTU);
	above_follows(p, was);
	return EDPVS_OK;
}

static int
on_mtu(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct ds_link_mtu set;
	struct port *p;

	memcpy(&set, req->body, sizeof(set));
	if (!memchr(set.name, '\0', sizeof(set.name)) || set.reserved)
		return EDPVS_INVAL;
	p = port_by_name(set.name);
	if (!p)
		return EDPVS_NODEV;
	return set.mtu > UINT16_MAX ? EDPVS_INVAL : port_set_mtu(p, (uint16_t)set.mtu);
}

void
mtu_ctrl_register(void)
{
	ctrl_register(DS_MSG_LINK_MTU, on_mtu);
}

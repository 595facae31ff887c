/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about top talkers: 106 to 108. */
#include <string.h>

#include "abi/iftraf.h"
#include "port_setup.h"
#include "talkers.h"

enum { TOP = 20 };

static const char all[] = "all";

static int
on_enable(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	return talkers_enable(true);
}

static int
on_disable(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	return talkers_enable(false);
}

static uint32_t
estimate(uint64_t bytes)
{
	return bytes < UINT32_MAX / TALKERS_ONE_OF ? (uint32_t)bytes * TALKERS_ONE_OF : UINT32_MAX;
}

static int
write_one(struct ctrl_reply *reply, const struct talkers_flow *f)
{
	const struct talkers_key *k = &f->key;
	struct iftraf_param out = {.af = k->af == INET_AF_V6 ? AF_INET6 : AF_INET,
				   .proto = k->proto,
				   .cid = (uint8_t)workers[f->worker]->lcore_id,
				   .devid = k->port,
				   .sport = k->sport_be,
				   .dport = k->dport_be,
				   .total_recv = estimate(f->total[TALKERS_IN]),
				   .total_sent = estimate(f->total[TALKERS_OUT])};

	memcpy(out.ifname, ports[k->port]->name, strnlen(ports[k->port]->name, sizeof(out.ifname) - 1));
	memcpy(&out.saddr, &k->saddr, sizeof(out.saddr));
	memcpy(&out.daddr, &k->daddr, sizeof(out.daddr));
	return reply_copy(reply, &out, sizeof(out));
}

/* Of all devices by name ("all") the first goes first; commands turn every other list around. */
static int
on_show(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	const struct talkers_flow *top[TOP + 1];
	struct iftraf_param_array head;
	struct dp_vs_iftraf_conf c;
	const struct port *p = NULL;
	bool everybody;
	unsigned n;
	int err;

	memcpy(&c, req->body, sizeof(c));
	c.ifname[sizeof(c.ifname) - 1] = '\0';
	everybody = !strcmp(c.ifname, all);
	if (c.ifname[0] && !everybody) {
		p = port_by_name(c.ifname);
		if (!p)
			return EDPVS_NOTEXIST;
	}
	if (!talkers_on)
		return EDPVS_OK;
	n = talkers_top(p ? p->id : PORT_NONE, top, TOP);
	head.ntrafs = (int32_t)n;
	err = reply_copy(reply, &head, sizeof(head));
	for (unsigned i = 0; i < n && !err; i++)
		err = write_one(reply, top[everybody ? i : n - 1 - i]);
	return err;
}

void
talkers_ctrl_register(void)
{
	ctrl_register(SOCKOPT_SET_IFTRAF_ADD, on_enable);
	ctrl_register(SOCKOPT_SET_IFTRAF_DEL, on_disable);
	ctrl_register(SOCKOPT_GET_IFTRAF_SHOW, on_show);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "lb_ctrl.h"

#include <string.h>
#include <sys/random.h>
#include <rte_lcore.h>

#include "lb/lb.h"

_Static_assert(sizeof(struct dp_vs_match) == LB_MATCH_LEN, "a match is kept as its bytes");

static bool
known_proto(uint8_t proto)
{
	return proto == ABI_IPPROTO_TCP || proto == ABI_IPPROTO_UDP || proto == ABI_IPPROTO_SCTP ||
	       proto == ABI_IPPROTO_ICMP || proto == ABI_IPPROTO_ICMPV6;
}

static bool
known_af(int32_t af)
{
	return af == ABI_AF_INET || af == ABI_AF_INET6;
}

union inet_ip
lb_ctrl_ip(int32_t af, const union inet_addr *addr)
{
	return inet_ip_make(af, addr->in6);
}

static void
range_normal(int32_t af, const struct inet_addr_range *in, struct inet_addr_range *out)
{
	union inet_ip min = lb_ctrl_ip(af, &in->min_addr), max = lb_ctrl_ip(af, &in->max_addr);

	memcpy(&out->min_addr, &min, sizeof(min));
	memcpy(&out->max_addr, &max, sizeof(max));
	out->min_port = in->min_port;
	out->max_port = in->max_port;
}

/* Makes equal matches equal bytes. False when nothing is matched. */
static bool
match_normal(int32_t af, const struct dp_vs_match *in, uint8_t *bytes)
{
	static const struct dp_vs_match nothing;
	struct dp_vs_match out = {0};

	if (in->af != 0)
		af = in->af;
	if (!known_af(af))
		return false;
	range_normal(af, &in->srange, &out.srange);
	range_normal(af, &in->drange, &out.drange);
	memcpy(out.iifname, in->iifname, strnlen(in->iifname, sizeof(in->iifname) - 1));
	memcpy(out.oifname, in->oifname, strnlen(in->oifname, sizeof(in->oifname) - 1));
	if (memcmp(&out, &nothing, sizeof(out)) == 0)
		return false;
	out.af = af;
	memcpy(bytes, &out, sizeof(out));
	return true;
}

int
lb_ctrl_id(const struct lb_ctrl_name *name, struct lb_service_id *id)
{
	union inet_ip ip;

	memset(id, 0, sizeof(*id));
	if (!known_proto(name->proto) || !known_af(name->af))
		return EDPVS_INVAL;
	id->key.af = (uint8_t)name->af;
	id->key.proto = name->proto;
	ip = lb_ctrl_ip(name->af, name->addr);
	if (name->fwmark != 0) {
		id->kind = LB_SERVICE_FWMARK;
		id->fwmark = name->fwmark;
	} else if (!inet_ip_is_any(&ip) || name->port_be != 0) {
		id->kind = LB_SERVICE_ADDRESS;
		id->key.vip = ip;
		id->key.vport_be = name->port_be;
	} else if (match_normal(name->af, name->match, id->match)) {
		id->kind = LB_SERVICE_MATCH;
	} else {
		return EDPVS_INVAL;
	}
	return EDPVS_OK;
}

struct lb_ctrl_name
lb_ctrl_name_of(const struct dp_vs_service_compat *c)
{
	return (struct lb_ctrl_name){.af = c->af,
				     .proto = c->proto,
				     .addr = &c->addr,
				     .port_be = c->port,
				     .fwmark = c->fwmark,
				     .match = &c->match};
}

struct lb_service *
lb_ctrl_find(const struct lb_service_id *id)
{
	struct lb_service *svc = lb_service_find(id);

	return svc && svc->key.proto == id->key.proto ? svc : NULL;
}

int
lb_ctrl_view(uint8_t index, int *worker, uint8_t *cid)
{
	if (index > nworkers)
		return EDPVS_INVAL;
	*worker = (int)index - 1;
	*cid = (uint8_t)(index ? workers[index - 1]->lcore_id : rte_get_main_lcore());
	return EDPVS_OK;
}

int
lb_ctrl_prefix_read(const struct ds_prefix *in, struct lb_ctrl_prefix *out)
{
	if (!known_af(in->af) || in->plen > inet_bits(in->af))
		return EDPVS_INVAL;
	*out = (struct lb_ctrl_prefix){.ip = lb_ctrl_ip(in->af, &in->addr), .af = in->af, .plen = in->plen};
	return EDPVS_OK;
}

static uint32_t daemon_number;

uint32_t
lb_ctrl_daemon_number(void)
{
	return daemon_number;
}

static uint32_t
rate_shown(uint64_t scaled)
{
	return lb_ctrl_u32(lb_ctrl_rate(scaled));
}

struct dp_vs_stats
lb_ctrl_stats(const struct lb_totals *n, const struct lb_rates *r)
{
	return (struct dp_vs_stats){.conns = n->conns,
				    .inpkts = n->in_packets,
				    .inbytes = n->in_bytes,
				    .outpkts = n->out_packets,
				    .outbytes = n->out_bytes,
				    .cps = rate_shown(r->cps),
				    .inpps = rate_shown(r->in_pps),
				    .inbps = rate_shown(r->in_bps),
				    .outpps = rate_shown(r->out_pps),
				    .outbps = rate_shown(r->out_bps)};
}

void
lb_ctrl_rates_add(struct lb_rates *sum, const struct lb_rates *r)
{
	sum->cps += r->cps;
	sum->in_pps += r->in_pps;
	sum->out_pps += r->out_pps;
	sum->in_bps += r->in_bps;
	sum->out_bps += r->out_bps;
}

void
lb_ctrl_register(void)
{
	/* Without a random source cursors of other daemons are not told apart; they are still harmless. */
	if (getrandom(&daemon_number, sizeof(daemon_number), GRND_NONBLOCK) < 0)
		daemon_number = 0;
	lb_service_ctrl_register();
	lb_dest_ctrl_register();
	lb_laddr_ctrl_register();
	lb_conn_ctrl_register();
	lb_conn_list_ctrl_register();
	lb_list_ctrl_register();
	lb_acl_ctrl_register();
	lb_timeout_ctrl_register();
	lb_mark_ctrl_register();
}

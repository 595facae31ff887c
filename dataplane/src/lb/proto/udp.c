/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UDP: any packet to a service opens a connection. NONE -> ONEWAY with the first packet of the client, NORMAL
 * once the real server answered.
 */
#include "udp.h"

#include "../check.h"
#include "../proxy.h"

#include "core/conf.h"

static enum drop_reason
udp_admit(const struct pkt *p)
{
	(void)p;
	return DROP_NONE;
}

static enum drop_reason
udp_no_service(const struct pkt *p, const struct lb_key *key)
{
	(void)p;
	/* The defence is about addresses that serve TCP only. */
	if (conf.ipvs.defence_udp_drop && lb_vip_exists(key->af, PKT_PROTO_TCP, &key->vip) &&
	    !lb_vip_exists(key->af, PKT_PROTO_UDP, &key->vip))
		return DROP_DEFENCE_UDP;
	return DROP_NONE;
}

static void
udp_open(struct worker *w, uint32_t idx, const struct pkt *p, const struct lb_attrs *attrs)
{
	struct conn_hot *c = &w->lb->t.hot[idx];

	/* No packet will change the state again. */
	if (c->flags & CONN_F_ONE_PACKET)
		c->state = UDP_NORMAL;
	if (c->fwd != LB_FWD_FNAT && c->fwd != LB_FWD_NAT64)
		return;
	if (!lb_proxy_start(&w->lb->t, idx, p, attrs->proxy_protocol))
		c->uoa_left =
		    (uint8_t)(conf.ipvs.uoa_max_trail < UINT8_MAX ? conf.ipvs.uoa_max_trail : UINT8_MAX);
}

__rte_noinline void
lb_udp_turn(struct worker *w, uint32_t idx, unsigned dir)
{
	const struct conn_hot *c = &w->lb->t.hot[idx];

	/* With SNAT, who answers is outside. */
	if ((dir == CONN_DIR_OUT) != (c->fwd == LB_FWD_SNAT)) {
		lb_check_up(w, c->dest);
		lb_conn_set_state(w, idx, UDP_NORMAL);
	} else if (c->state == UDP_NONE) {
		lb_conn_set_state(w, idx, UDP_ONEWAY);
	}
}

static void
udp_track(struct worker *w, uint32_t idx, const struct pkt *p, unsigned dir)
{
	lb_udp_track(w, idx, dir);
}

static void
udp_expired(struct worker *w, uint32_t idx)
{
	const struct conn_hot *c = &w->lb->t.hot[idx];

	/* Where replies pass us by, silence is all there is to see. */
	if (c->state == UDP_ONEWAY && !(c->flags & CONN_F_ONE_WAY))
		lb_check_down(w, c->dest);
}

static uint32_t
udp_timeout(uint8_t state)
{
	switch (state) {
	case UDP_ONEWAY:
		return (uint32_t)conf.ipvs.udp_oneway_s;
	case UDP_NORMAL:
		return (uint32_t)conf.ipvs.udp_normal_s;
	case UDP_LAST:
		return (uint32_t)conf.ipvs.udp_last_s;
	default:
		return (uint32_t)conf.ipvs.conn_init_timeout_s;
	}
}

static bool
udp_service_timeout_applies(uint8_t state)
{
	(void)state;
	return true;
}

static bool
udp_half_open(uint8_t state)
{
	return state != UDP_NORMAL;
}

const struct lb_proto lb_proto_udp = {
    .number = PKT_PROTO_UDP,
    .admit = udp_admit,
    .no_service = udp_no_service,
    .open = udp_open,
    .track = udp_track,
    .expired = udp_expired,
    .timeout = udp_timeout,
    .service_timeout_applies = udp_service_timeout_applies,
    .half_open = udp_half_open,
};

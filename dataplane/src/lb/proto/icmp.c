/* SPDX-License-Identifier: Apache-2.0 */
/* ICMP and ICMPv6 echo: a request opens a connection, which has one state. */
#include "../lb_worker.h"

#include "packet/echo.h"

enum icmp_state { ICMP_NORMAL, ICMP_LAST /* not in use yet */ };

enum { TIMEOUT_S = 300 };

static enum drop_reason
icmp_admit(const struct pkt *p)
{
	return echo_is_request(p) ? DROP_NONE : DROP_ICMP_NOT_HANDLED;
}

static enum drop_reason
icmp_no_service(const struct pkt *p, const struct lb_key *key)
{
	return DROP_NONE;
}

static void
icmp_open(struct worker *w, uint32_t idx, const struct pkt *p, const struct lb_attrs *attrs)
{
	w->lb->t.hot[idx].state = ICMP_LAST;
}

static void
icmp_track(struct worker *w, uint32_t idx, const struct pkt *p, unsigned dir)
{
	if (w->lb->t.hot[idx].state != ICMP_NORMAL)
		lb_conn_set_state(w, idx, ICMP_NORMAL);
}

static void
icmp_expired(struct worker *w, uint32_t idx)
{
}

static uint32_t
icmp_timeout(uint8_t state)
{
	return TIMEOUT_S;
}

static bool
icmp_service_timeout_applies(uint8_t state)
{
	return true;
}

#define ICMP_PROTO(n)                                                                                        \
	{                                                                                                    \
		.number = (n), .admit = icmp_admit, .no_service = icmp_no_service, .open = icmp_open,        \
		.track = icmp_track, .expired = icmp_expired, .timeout = icmp_timeout,                       \
		.service_timeout_applies = icmp_service_timeout_applies,                                     \
	}

const struct lb_proto lb_proto_icmp = ICMP_PROTO(PKT_PROTO_ICMP),
		      lb_proto_icmpv6 = ICMP_PROTO(PKT_PROTO_ICMPV6);

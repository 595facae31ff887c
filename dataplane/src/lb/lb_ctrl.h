/* SPDX-License-Identifier: Apache-2.0 */
/* What the message handlers of the balancer share: names of services and views of workers. */
#ifndef LB_CTRL_H
#define LB_CTRL_H

#include "abi/list.h"
#include "abi/service.h"
#include "ctrl/ctrl.h"
#include "lb/conn.h"
#include "lb_control.h"

/* A service as requests name it; the members that several request structures have. */
struct lb_ctrl_name {
	int32_t af;
	uint8_t proto;
	const union inet_addr *addr;
	uint16_t port_be;
	uint32_t fwmark;
	const struct dp_vs_match *match;
};

/* INVAL: unknown family or protocol, or nothing is named. */
int lb_ctrl_id(const struct lb_ctrl_name *name, struct lb_service_id *id);
struct lb_ctrl_name lb_ctrl_name_of(const struct dp_vs_service_compat *c);
/* The service of a name; NULL when there is none, or one of another protocol. */
struct lb_service *lb_ctrl_find(const struct lb_service_id *id);

/* An address of the wire without the bytes that mean nothing. af is AF_INET or AF_INET6. */
union inet_ip lb_ctrl_ip(int32_t af, const union inet_addr *addr);

/* Whose figures a request wants: 0 all, n the n-th worker. Sets *worker to -1 or an index and *cid to the
 * lcore. INVAL. */
int lb_ctrl_view(uint8_t index, int *worker, uint8_t *cid);

/* A threshold or number of connections that does not fit is shown as the greatest that does. */
static inline uint32_t
lb_ctrl_u32(uint64_t n)
{
	return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

/* Counters and rates in the form of the ABI. */
struct dp_vs_stats lb_ctrl_stats(const struct lb_totals *n, const struct lb_rates *r);
/* Adds the rates of a destination. */
void lb_ctrl_rates_add(struct lb_rates *sum, const struct lb_rates *r);
/* A scaled rate as a number per second. */
static inline uint64_t
lb_ctrl_rate(uint64_t scaled)
{
	return (scaled + (1u << (LB_RATE_SHIFT - 1))) >> LB_RATE_SHIFT;
}

/* Writes struct dp_vs_service_compat, as all listings have it, for a worker (-1: all) that requests call
 * `index` and whose lcore is cid. service_ctrl.c */
void lb_ctrl_service_write(void *at, const struct lb_service *svc, int worker, uint8_t cid, uint8_t index);
/* Rates of a service: of all its destinations, those that are not listed any more too. service_ctrl.c */
struct lb_rates lb_ctrl_service_rates(const struct lb_service *svc);
/* Writes struct dp_vs_dest_compat likewise. dest_ctrl.c */
void lb_ctrl_dest_write(void *at, const struct lb_dest *d, int worker);

/* Name of a protocol's state as clients know it. conn_ctrl.c */
const char *lb_ctrl_state_name(uint8_t proto, uint8_t state);
/* Writes struct ip_vs_conn_entry, as all listings have it. conn_ctrl.c */
void lb_ctrl_conn_write(void *at, const struct conn_view *v);

/* A number of this process, so that cursors of another one are told apart; 0 without a random source. */
uint32_t lb_ctrl_daemon_number(void);

/* The addresses that a request asks for. */
struct lb_ctrl_prefix {
	union inet_ip ip;
	uint8_t af, plen;
};
/* INVAL: unknown family, or longer than its addresses. */
int lb_ctrl_prefix_read(const struct ds_prefix *in, struct lb_ctrl_prefix *out);

static inline bool
lb_ctrl_prefix_has(const struct lb_ctrl_prefix *p, uint8_t af, const union inet_ip *ip)
{
	return p->af == af && inet_ip_in_prefix(af, ip, &p->ip, p->plen);
}

#endif

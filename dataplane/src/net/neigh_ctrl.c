/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>

#include "abi/neigh.h"
#include "addr.h"
#include "arp.h"
#include "core/errors.h"
#include "ctrl/ctrl.h"
#include "neigh.h"
#include "net_ctrl.h"

struct neigh_request {
	int af;
	union inet_ip ip;
	struct rte_ether_addr mac;
	struct port *port;
};

static int
parse(const struct ctrl_request *req, struct neigh_request *out)
{
	struct dp_vs_neigh_conf conf_;

	memcpy(&conf_, req->body, sizeof(conf_));
	if (inet_len(conf_.af) == 0)
		return EDPVS_INVAL;
	out->af = conf_.af;
	out->ip = inet_ip_make(conf_.af, &conf_.ip_addr);
	out->port = ctrl_port(conf_.ifname);
	memcpy(out->mac.addr_bytes, conf_.eth_addr.ether_addr_octet, 6);
	if (!out->port || inet_ip_is_any(&out->ip) || inet_ip_is_multicast(out->af, &out->ip))
		return EDPVS_INVAL;
	return EDPVS_OK;
}

static int
neigh_add(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct neigh_request n;
	int rc = parse(req, &n);

	(void)reply;
	if (rc)
		return rc;
	if (!rte_is_valid_assigned_ether_addr(&n.mac) || n.port->layer3 || n.port->bond)
		return EDPVS_INVAL;
	return neigh_add_static(n.af, &n.ip, n.port->id, &n.mac);
}

static int
neigh_delete(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct neigh_request n;
	int rc = parse(req, &n);

	(void)reply;
	if (!rc)
		neigh_del(n.af, &n.ip, n.port->id);
	return rc;
}

static int
add_row(struct ctrl_reply *reply, const struct neigh *n, uint16_t lcore)
{
	const struct adj *a = &net_adjs[n->adj];
	struct dp_vs_neigh_conf row = {
	    .af = a->af, .state = n->state, .que_num = n->queued, .cid = (uint8_t)lcore};
	void *out = ctrl_reply_add(reply, sizeof(row));

	if (!out)
		return EDPVS_NOMEM;
	row.flag = (uint8_t)(NEIGHBOUR_HASHED | (n->is_static ? NEIGHBOUR_STATIC : 0));
	memcpy(&row.ip_addr, a->ip.b, 16);
	memcpy(row.eth_addr.ether_addr_octet, n->mac.addr_bytes, 6);
	ctrl_put_name(row.ifname, ports[a->port]);
	memcpy(out, &row, sizeof(row));
	return EDPVS_OK;
}

/* All workers share one table; tools expect it once per worker. */
static int
neigh_show(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct dp_vs_neigh_conf_array head = {0};
	struct dp_vs_neigh_conf filter = {0};
	const struct port *port = NULL;
	struct neigh *n;

	if (req->len >= sizeof(filter))
		memcpy(&filter, req->body, sizeof(filter));
	if (filter.af && inet_len(filter.af) == 0)
		return EDPVS_INVAL;
	if (filter.ifname[0]) {
		port = ctrl_port(filter.ifname);
		if (!port)
			return EDPVS_NOTEXIST;
	}
	if (!ctrl_reply_add(reply, sizeof(head)))
		return EDPVS_NOMEM;
	for (unsigned i = 0; i < nworkers; i++) {
		TAILQ_FOREACH (n, &neighs, all) {
			const struct adj *a = &net_adjs[n->adj];

			if ((port && a->port != port->id) || (filter.af && a->af != filter.af))
				continue;
			if (add_row(reply, n, workers[i]->lcore_id))
				return EDPVS_NOMEM;
			head.neigh_nums++;
		}
	}
	memcpy(ctrl_reply_at(reply, 0), &head, sizeof(head));
	return EDPVS_OK;
}

/* Id 16: four bytes of IPv4 address; keepalived sends eight. */
static int
gratuitous_arp(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	union inet_ip ip = inet_ip_make(INET_AF_V4, req->body);
	struct net_addr *a;
	bool found = false;

	(void)reply;
	TAILQ_FOREACH (a, &net_addrs, next) {
		if (a->spec.af != INET_AF_V4 || !inet_ip_equal(&a->spec.ip, &ip))
			continue;
		arp_announce(a->spec.port, &ip);
		found = true;
	}
	return found ? EDPVS_OK : EDPVS_NOTEXIST;
}

void
neigh_ctrl_register(void)
{
	ctrl_register(DPVS_SO_SET_GRATARP, gratuitous_arp);
	ctrl_register(SOCKOPT_SET_NEIGH_ADD, neigh_add);
	ctrl_register(SOCKOPT_SET_NEIGH_DEL, neigh_delete);
	ctrl_register(SOCKOPT_GET_NEIGH_SHOW, neigh_show);
}

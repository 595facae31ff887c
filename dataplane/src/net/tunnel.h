/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IP tunnels: layer-3 ports that put packets into IPv4 packets to another host, and take out of such packets
 * what came from there. Kinds are ipip (RFC 2003, RFC 4213 for IPv6 inside) and gre (RFC 2784, RFC 2890).
 *
 * A route through a tunnel leads to its one neighbour, which needs no address and no MAC: frames between the
 * tunnel and the rest of the daemon have an Ethernet header of zeros.
 */
#ifndef NET_TUNNEL_H
#define NET_TUNNEL_H

#include "net/net.h"
#include "packet/tunnel.h"

enum tunnel_kind { TUNNEL_IPIP, TUNNEL_GRE, TUNNEL_KINDS };

/* What a tunnel is. Keys and flags are in host order, addresses in network order. */
struct tunnel_spec {
	enum tunnel_kind kind;
	const struct port *link;   /* device that carries it; NULL: the one of the route */
	uint32_t local, remote;	   /* 0: any. Without remote it receives only. */
	uint16_t i_flags, o_flags; /* GRE_F_* of what comes in and goes out; of gre only */
	uint32_t i_key, o_key;
	uint8_t ttl; /* of the outer header; 0: that of the inner one */
	uint8_t tos; /* likewise; odd: that of the inner one */
	bool df;     /* outer packets are never fragmented; else they are if the inner ones may be */
};

/* Packets of tunnels in tunnels: how deep they may be. */
enum { TUNNEL_DEPTH_MAX = 4 };

/* ---- control lcore ---- */

const char *tunnel_kind_name(enum tunnel_kind kind);
/* TUNNEL_KINDS when there is none of that name. */
enum tunnel_kind tunnel_kind_by_name(const char *name);

/* What the port of a tunnel is set to; NULL: the port is no tunnel. */
const struct tunnel_spec *tunnel_spec(const struct port *p);

/* Makes a device; an empty name: kind and port id. 0, EDPVS_INVAL (addresses that no tunnel can have, parts
 * of GRE for ipip, a link that is a tunnel), EDPVS_EXIST (the name, or a tunnel that receives the same),
 * EDPVS_NOMEM, EDPVS_RESOURCE. */
int tunnel_add(const char *name, const struct tunnel_spec *spec);
/* Sets all of it anew, the kind too. 0 or an error as above; then nothing has changed. */
int tunnel_change(struct port *p, const struct tunnel_spec *spec);
/* Takes it away with its addresses and routes. */
void tunnel_del(struct port *p);

/* MTUs follow the routes that tunnels take. Once a tick. */
void tunnels_tick(void);
/* Forgets the table; workers have ended. Ports free the devices. */
void tunnels_fini(void);

/* The one neighbour behind a layer-3 port comes and goes with it. 0 or EDPVS_RESOURCE. */
int tunnel_neighbour_add(const struct port *p);
void tunnel_neighbour_del(const struct port *p);

/* ---- worker ---- */

/* A whole packet to one of our addresses, protocol 4, 41 or 47; m's data starts at its Ethernet header. What
 * is inside is received again, on the tunnel (worker.again). Ownership passes. */
void tunnel_input(struct worker *w, struct rte_mbuf *m, const struct pkt *p);

/* ---- between the two halves (tunnel.c, tunnel_data.c) ---- */

/* What workers see of a tunnel; immutable but for the ways, of which each worker writes its own. */
struct tunnel_conf {
	struct tunnel_spec s;
	struct tunnel_way {
		uint32_t generation; /* of net_generation, when it was asked for */
		bool known;
		struct net_path path; /* to the remote host */
	} way[];
};

/* The device's own; kind_data of its port. */
struct tunnel {
	struct tunnel_conf *conf; /* published */
	uint32_t next_in;	  /* sequence number that is due */
	uint32_t next_out __attribute__((aligned(64)));
};

/* By what comes in: a row per tunnel. */
struct tunnel_rows {
	unsigned n;
	struct tunnel_row {
		uint32_t local, remote, key; /* as in the spec */
		uint16_t port, link;	     /* PORT_NONE: any */
		uint8_t kind;
		bool keyed;
	} row[];
};
extern struct tunnel_rows *tunnel_rows; /* published; NULL: no tunnel */

extern const struct port_ops tunnel_ops;

#endif

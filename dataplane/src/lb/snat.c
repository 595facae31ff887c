/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SNAT: hosts inside reach the world from a public address, which is the real server of a match service. The
 * connection is opened by a packet from inside, so its parts are turned: the client is the remote end, the
 * virtual address the public one, and the real server the host inside.
 *
 * Public ports are dealt as local ports are, per remote end: the ends are put into buckets by a hash, and no
 * two connections of a bucket have the same port.
 */
#include "open.h"

#include "base/hash.h"
#include "core/conf.h"
#include "net/net.h"

enum { TRIES = 64 };

/* Ends of one bucket share the ports of a public address. */
static uint32_t
bucket_of(const struct lb_opening *o, uint16_t port)
{
	uint32_t hash = hash_flow6(o->key.vip.b, o->key.vip.b, port, 0, o->p->proto);
	uint32_t n = (uint32_t)conf.sapool_hash_size;

	return LB_RS_IDS_END + (hash * 2654435769u >> 16) % n;
}

enum drop_reason
lb_snat_open(struct worker *w, const struct lb_opening *o, uint32_t idx, struct conn_addrs *a)
{
	struct lb_worker *lb = w->lb;
	struct conn_hot *c = &lb->t.hot[idx];
	uint32_t *space = &lb->t.cold[idx].port_space;
	const struct lb_dest_view *d = o->dest;
	struct conn_tuple in = {
	    .saddr = o->key.vip, .daddr = d->ip, .sport = o->p->dport, .af = o->key.af, .proto = o->p->proto};

	/* Answers find the worker of a port only at addresses that are marked as local addresses. */
	if (net_local_lookup(d->af, &d->ip) != NET_LOCAL_LIP)
		return DROP_NO_LADDR;
	*a = (struct conn_addrs){
	    .caddr = o->key.vip, .vaddr = d->ip, .laddr = o->key.vip, .raddr = o->ends.saddr};
	c->cport = o->p->dport;
	c->lport = o->p->dport;
	c->rport = o->p->sport;
	for (unsigned i = 0; i < TRIES; i++) {
		in.dport = lport_alloc(&lb->ports, d->lip_id, bucket_of(o, c->cport), space);
		if (in.dport == 0)
			break;
		c->vport = in.dport;
		/* The address may be the local address of a service of which the remote end is a server. */
		if (conn_tuple_find(&lb->t, &in) == CONN_NONE)
			return DROP_NONE;
		lport_free(&lb->ports, *space, in.dport);
	}
	return DROP_NO_LPORT;
}

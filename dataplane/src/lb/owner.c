/* SPDX-License-Identifier: Apache-2.0 */
/* Which worker owns a flow that has no connection where its packet arrived. */
#include "flow.h"

#include "base/hash.h"
#include "net/net.h"
#include "port/port.h"

/* The worker of a client, by its address and port: requests and, with NAT, replies have them. */
static unsigned
client_owner(int af, const uint8_t *addr, uint16_t port, uint8_t proto)
{
	union inet_ip ip = inet_ip_make(af, addr);
	uint32_t h = hash_flow6(ip.b, ip.b, port, 0, proto);

	/* Mixed once more: the worker must not be a function of the bits that choose the bucket. */
	return (h * 2654435769u >> 16) % nworkers;
}

/*
 * The worker that owns the flow of a packet which no connection here knows. Replies to a local address go
 * where the port was taken, also when the address was deleted and its connections go on; other flows stay
 * where the device put them, or are spread by hash when the device cannot.
 */
unsigned
lb_flow_owner(const struct worker *w, const struct pkt *p)
{
	int af = p->kind == PKT_IP6 ? INET_AF_V6 : INET_AF_V4;
	union inet_ip dst = inet_ip_make(af, p->l3 + (af == INET_AF_V6 ? 24 : 16));

	const uint8_t *src = p->l3 + (af == INET_AF_V6 ? 8 : 12);

	if (net_local_lookup(af, &dst) != NET_LOCAL) {
		struct lb_key key = {.vip = dst, .vport_be = p->dport, .af = (uint8_t)af, .proto = p->proto};
		struct lb_key from = {
		    .vip = inet_ip_make(af, src), .vport_be = p->sport, .af = (uint8_t)af, .proto = p->proto};

		if (lb_nat_server(&from))
			return client_owner(af, dst.b, p->dport, p->proto);
		if (!lb_service_lookup(&key))
			return rte_be_to_cpu_16(p->dport) % nworkers;
	}
	if (ports[p->port]->steering != STEER_SOFTWARE)
		return w->index;
	return client_owner(af, src, p->sport, p->proto);
}

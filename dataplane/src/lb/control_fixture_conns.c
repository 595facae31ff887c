/* SPDX-License-Identifier: Apache-2.0 */
/* Stand-ins for the tables of connections: 1 ... fix_conns[worker] of each worker. */
#include "control_fixture.h"

#include <rte_byteorder.h>

static struct conn_view
conn_at(unsigned worker, uint32_t i)
{
	struct conn_view v = {.af = INET_AF_V4,
			      .rs_af = INET_AF_V4,
			      .proto = PKT_PROTO_TCP,
			      .state = 1,
			      .worker = (uint16_t)worker,
			      .lcore_id = (uint16_t)(FIX_LCORE0 + worker),
			      .cport = rte_cpu_to_be_16((uint16_t)i),
			      .vport = rte_cpu_to_be_16(80),
			      .lport = rte_cpu_to_be_16(1025),
			      .rport = rte_cpu_to_be_16(8080),
			      .timeout_s = 90};

	v.caddr.v4 = rte_cpu_to_be_32(0x0a000000 + worker);
	v.vaddr.v4 = rte_cpu_to_be_32(0xc0a864fe);
	v.laddr.v4 = rte_cpu_to_be_32(0xc0a864c8);
	v.raddr.v4 = rte_cpu_to_be_32(0x0a00000b);
	return v;
}

unsigned
conn_read(unsigned worker, uint32_t *cursor, struct conn_view *out, unsigned n)
{
	unsigned got = 0;

	while (got < n && *cursor < fix_conns[worker])
		out[got++] = conn_at(worker, ++*cursor);
	if (*cursor == fix_conns[worker])
		*cursor = UINT32_MAX;
	return got;
}

bool
conn_find(uint8_t af, uint8_t proto, const union inet_ip *saddr, uint16_t sport_be,
	  const union inet_ip *daddr, uint16_t dport_be, struct conn_view *out)
{
	for (unsigned w = 0; w < FIX_WORKERS; w++)
		for (uint32_t i = 1; i <= fix_conns[w]; i++) {
			*out = conn_at(w, i);
			if (af == out->af && proto == out->proto && inet_ip_equal(saddr, &out->caddr) &&
			    sport_be == out->cport && inet_ip_equal(daddr, &out->vaddr) &&
			    dport_be == out->vport)
				return true;
		}
	return false;
}

bool
conn_probe(unsigned worker, uint8_t af, uint8_t proto, const union inet_ip *saddr, uint16_t sport_be,
	   const union inet_ip *daddr, uint16_t dport_be, struct conn_view *out)
{
	return conn_find(af, proto, saddr, sport_be, daddr, dport_be, out) && out->worker == worker;
}

bool
conn_peek(unsigned worker, uint32_t idx, uint64_t now_ms, struct conn_view *out)
{
	*out = conn_at(worker, idx);
	return true;
}

uint32_t
conn_end(unsigned worker)
{
	return fix_conns[worker] + 1;
}

uint32_t
conn_count(unsigned worker)
{
	return fix_conns[worker];
}

uint32_t
conn_templates(unsigned worker)
{
	(void)worker;
	return 0;
}

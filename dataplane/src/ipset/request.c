/* SPDX-License-Identifier: Apache-2.0 */
#include "request.h"

#include <string.h>
#include <arpa/inet.h>

#include "core/errors.h"
#include "port/port.h"

enum { CIDR_MIN = 16 }; /* single addresses of a shorter prefix would be too many */

static uint32_t
ip4_host(const union inet_ip *ip)
{
	return ntohl(ip->v4);
}

static int
span_of_range(const struct ipset *set, const struct inet_addr_range *range, struct ipset_span *s)
{
	union inet_ip min = inet_ip_make(set->af, range->min_addr.in6),
		      max = inet_ip_make(set->af, range->max_addr.in6);

	*s = (struct ipset_span){.ip = min, .plen = (uint8_t)inet_bits(set->af), .n = 1};
	if (inet_ip_equal(&min, &max) || inet_ip_is_any(&max))
		return EDPVS_OK;
	if (set->af == INET_AF_V6 || ip4_host(&min) > ip4_host(&max) ||
	    ip4_host(&max) - ip4_host(&min) >= IPSET_REQUEST_MAX)
		return EDPVS_INVAL;
	s->n = ip4_host(&max) - ip4_host(&min) + 1;
	return EDPVS_OK;
}

/* All addresses of a prefix. */
static int
span_of_prefix(const struct ipset *set, uint8_t plen, struct ipset_span *s)
{
	if (set->af == INET_AF_V6 || plen < CIDR_MIN)
		return EDPVS_INVAL;
	s->ip = inet_ip_mask(set->af, &s->ip, plen);
	s->n = 1u << (32 - plen);
	return EDPVS_OK;
}

static int
span_addrs(const struct ipset *set, enum ipset_addr_part part, const struct inet_addr_range *range,
	   uint8_t plen, struct ipset_span *s)
{
	int err = EDPVS_OK;

	*s = (struct ipset_span){.n = 1};
	if (part == IPSET_NO_ADDR)
		return EDPVS_OK;
	if (plen > inet_bits(set->af))
		return EDPVS_INVAL;
	err = span_of_range(set, range, s);
	if (err || plen == inet_bits(set->af))
		return err;
	/* Length 0 says that there is no prefix, but for the network of all addresses. */
	if (plen == 0 && !(part == IPSET_NET && s->n == 1 && inet_ip_is_any(&s->ip)))
		return EDPVS_OK;
	if (s->n > 1)
		return EDPVS_INVAL;
	if (part == IPSET_IP)
		return span_of_prefix(set, plen, s);
	s->ip = inet_ip_mask(set->af, &s->ip, plen);
	s->plen = plen;
	return EDPVS_OK;
}

static int
span_ports(bool has, const struct inet_addr_range *range, struct ipset_span *s)
{
	*s = (struct ipset_span){.port = has ? range->min_port : 0, .n = 1};
	if (!has || range->max_port == range->min_port || range->max_port == 0)
		return EDPVS_OK;
	if (range->max_port < range->min_port)
		return EDPVS_INVAL;
	s->n = (uint32_t)range->max_port - range->min_port + 1;
	return EDPVS_OK;
}

static int
iface_read(const struct ipset *set, const struct ipset_param *p, uint16_t *iface)
{
	char name[ABI_IFNAMSIZ];
	const struct port *port;

	*iface = 0;
	if (!set->type->iface)
		return EDPVS_OK;
	memcpy(name, p->iface, sizeof(name));
	name[sizeof(name) - 1] = '\0';
	port = port_by_name(name);
	if (!port)
		return EDPVS_NOTEXIST;
	*iface = (uint16_t)(port->id + 1);
	return EDPVS_OK;
}

/* Of a type with addresses the request's family must be the set's. */
static bool
family_fits(const struct ipset *set, const struct ipset_param *p)
{
	return set->type->first == IPSET_NO_ADDR || p->option.family == set->af;
}

static int
common_read(const struct ipset *set, const struct ipset_param *p, struct ipset_elem *m)
{
	*m = (struct ipset_elem){0};
	if (!family_fits(set, p))
		return EDPVS_INVAL;
	if (set->type->port)
		m->key.proto = p->proto;
	if (set->type->mac)
		memcpy(m->mac, p->mac, sizeof(m->mac));
	return iface_read(set, p, &m->key.iface);
}

int
ipset_request_read(const struct ipset *set, const struct ipset_param *p, struct ipset_request *r)
{
	const struct ipset_type *t = set->type;
	int err = common_read(set, p, &r->member);
	uint64_t n;

	if (!err)
		err = span_addrs(set, t->first, &p->range, p->cidr, &r->first);
	if (!err)
		err = span_addrs(set, t->second, &p->range2, p->cidr2, &r->second);
	if (!err)
		err = span_ports(t->port, &p->range, &r->port);
	if (!err)
		err = span_ports(t->port2, &p->range2, &r->port2);
	if (err)
		return err;
	r->member.nomatch = p->option.add.nomatch != 0;
	if (r->member.nomatch && !ipset_type_has_nets(t))
		return EDPVS_INVAL;
	n = (uint64_t)r->first.n * r->port.n;
	if (n > IPSET_REQUEST_MAX || n * r->second.n > IPSET_REQUEST_MAX ||
	    n * r->second.n * r->port2.n > IPSET_REQUEST_MAX)
		return EDPVS_INVAL;
	r->n = (uint32_t)(n * r->second.n * r->port2.n);
	return EDPVS_OK;
}

static union inet_ip
ip_at(const struct ipset_span *s, uint32_t i)
{
	union inet_ip ip = s->ip;

	if (s->n > 1)
		ip.v4 = htonl(ip4_host(&s->ip) + i);
	return ip;
}

struct ipset_elem
ipset_request_member(const struct ipset *set, const struct ipset_request *r, uint32_t i)
{
	struct ipset_elem m = r->member;

	m.key.port2 = (uint16_t)(r->port2.port + i % r->port2.n);
	i /= r->port2.n;
	m.key.port = (uint16_t)(r->port.port + i % r->port.n);
	i /= r->port.n;
	m.key.addr2 = ip_at(&r->second, i % r->second.n);
	m.key.addr = ip_at(&r->first, i / r->second.n);
	m.key.plen = r->first.plen;
	m.key.plen2 = r->second.plen;
	return m;
}

int
ipset_request_test(const struct ipset *set, const struct ipset_param *p, struct ipset_elem *m)
{
	const struct ipset_type *t = set->type;
	int err = common_read(set, p, m);

	if (err)
		return err;
	if (t->first != IPSET_NO_ADDR)
		m->key.addr = inet_ip_make(set->af, p->range.min_addr.in6);
	if (t->second != IPSET_NO_ADDR)
		m->key.addr2 = inet_ip_make(set->af, p->range2.min_addr.in6);
	if (t->port)
		m->key.port = p->range.min_port;
	if (t->port2)
		m->key.port2 = p->range2.min_port;
	return EDPVS_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/echo.h"

#include <arpa/inet.h>

#include "base/checksum.h"

enum { ECHO_LEN = 8, AT_CHECKSUM = 2, AT_ID = 4 };

bool
echo_ports(int af, uint8_t type, uint16_t id, uint16_t *sport, uint16_t *dport)
{
	bool v6 = af == INET_AF_V6;
	uint16_t other = htons(v6 ? ECHO6_PORT : ECHO4_PORT);

	if (type != (v6 ? ECHO6_REQUEST : ECHO4_REQUEST) && type != (v6 ? ECHO6_REPLY : ECHO4_REPLY))
		return false;
	if (type == (v6 ? ECHO6_REQUEST : ECHO4_REQUEST)) {
		*sport = id;
		*dport = other;
	} else {
		*sport = other;
		*dport = id;
	}
	return true;
}

bool
echo_parse(struct pkt *p)
{
	bool v6 = p->kind == PKT_IP6;
	uint16_t id;

	if ((p->kind != PKT_IP4 && !v6) || p->proto != (v6 ? PKT_PROTO_ICMPV6 : PKT_PROTO_ICMP) ||
	    p->flags & PKT_F_FRAGMENT || p->avail < (uint32_t)p->l3_len + ECHO_LEN ||
	    p->ip_len < p->l3_len + ECHO_LEN || p->l4[1] != 0)
		return false;
	memcpy(&id, p->l4 + AT_ID, 2);
	if (!echo_ports(v6 ? INET_AF_V6 : INET_AF_V4, p->l4[0], id, &p->sport, &p->dport))
		return false;
	p->flags |= PKT_F_L4;
	return true;
}

bool
echo_is_request(const struct pkt *p)
{
	return p->l4[0] == (p->kind == PKT_IP6 ? ECHO6_REQUEST : ECHO4_REQUEST);
}

/* Replaces one end's address; returns what that adds to a sum over it. */
static uint64_t
address_change(uint8_t *at, const union inet_ip *to, unsigned len)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < len / 4; i++) {
		uint32_t old;

		memcpy(&old, at + 4 * i, 4);
		sum = csum_change32(sum, old, to->w[i]);
	}
	memcpy(at, to, len);
	return sum;
}

static void
checksum_change(uint8_t *at, uint64_t changes)
{
	uint16_t field;

	memcpy(&field, at, 2);
	field = csum_apply(field, changes);
	memcpy(at, &field, 2);
}

void
echo_rewrite(struct pkt *p, const union inet_ip *saddr, const union inet_ip *daddr, uint16_t id)
{
	bool v6 = p->kind == PKT_IP6;
	unsigned len = v6 ? 16 : 4, at = v6 ? 8 : 12;
	uint64_t changes;
	uint16_t old;

	changes = address_change(p->l3 + at, saddr, len);
	changes += address_change(p->l3 + at + len, daddr, len);
	if (!v6) {
		checksum_change(p->l3 + 10, changes);
		changes = 0; /* only ICMPv6 has a pseudo header */
	}
	memcpy(&old, p->l4 + AT_ID, 2);
	checksum_change(p->l4 + AT_CHECKSUM, csum_change16(changes, old, id));
	memcpy(p->l4 + AT_ID, &id, 2);
}

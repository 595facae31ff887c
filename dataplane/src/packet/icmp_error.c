/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/icmp_error.h"
#include "packet/tunnel.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/checksum.h"
#include "packet/echo.h"
#include "packet/rewrite.h"
#include "packet/tcp.h"

enum {
	ICMP_HEADER = 8,
	QUOTE_MIN = 8, /* ports and what follows them */
	IP4_OFFSET = 0x1fff,
	IP4_DF = 0x40,
	ERROR_TTL = 64,
	TCP_CSUM_END = 18,
	MTU4_MIN = 68,
	MTU6_MIN = 1280,
	FAMILY_DIFFERENCE = 20,
};

static uint16_t
load16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void
store16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static bool
is_error(int af, uint8_t type)
{
	if (af == INET_AF_V6)
		return type >= ICMP6_UNREACHABLE && type <= ICMP6_PARAMETER;
	return type == ICMP4_UNREACHABLE || type == ICMP4_SOURCE_QUENCH || type == ICMP4_TIME_EXCEEDED ||
	       type == ICMP4_PARAMETER;
}

static bool
checksum_right(const struct pkt *p, unsigned len)
{
	if (p->kind == PKT_IP6)
		return csum_l4_v6(p->l3 + 8, p->l3 + 24, PKT_PROTO_ICMPV6, p->l4, len) == 0;
	return csum_of(p->l4, len) == 0;
}

/* The transport part of the quote: ports, those of an echo too. False: nothing that we translate. */
static bool
quote_transport(struct icmp_error *e)
{
	uint16_t id;

	if (e->l4_len < QUOTE_MIN)
		return false;
	switch (e->proto) {
	case PKT_PROTO_TCP:
	case PKT_PROTO_UDP:
	case PKT_PROTO_SCTP:
		memcpy(&e->sport, e->l4, 2);
		memcpy(&e->dport, e->l4 + 2, 2);
		return true;
	case PKT_PROTO_ICMP:
	case PKT_PROTO_ICMPV6:
		memcpy(&id, e->l4 + 4, 2);
		return echo_ports(e->proto == PKT_PROTO_ICMP ? INET_AF_V4 : INET_AF_V6, e->l4[0], id,
				  &e->sport, &e->dport);
	default:
		return false;
	}
}

static bool
quote4(struct icmp_error *e, const uint8_t *q, unsigned len)
{
	unsigned header;

	if (len < PKT_IP4_MIN || q[0] >> 4 != 4)
		return false;
	header = (q[0] & 15u) * 4;
	/* Only a first fragment, or none, has ports. */
	if (header < PKT_IP4_MIN || header > len || load16(q + 6) & IP4_OFFSET)
		return false;
	e->tos = q[1];
	e->ip_len = load16(q + 2);
	e->ttl = q[8];
	e->proto = q[9];
	e->saddr = inet_ip_make(INET_AF_V4, q + 12);
	e->daddr = inet_ip_make(INET_AF_V4, q + 16);
	e->old_addrs = q + 12;
	e->old_l3_len = (uint8_t)header;
	e->l4 = q + header;
	e->l4_len = len - header;
	return e->ip_len >= header + QUOTE_MIN && quote_transport(e);
}

static bool
quote6(struct icmp_error *e, const uint8_t *q, unsigned len)
{
	/* What we translate has no extension headers, so a quote with them is not about it. */
	if (len < PKT_IP6_LEN || q[0] >> 4 != 6 || load16(q + 4) > UINT16_MAX - PKT_IP6_LEN)
		return false;
	e->tos = (uint8_t)(q[0] << 4 | q[1] >> 4);
	e->ip_len = (uint16_t)(load16(q + 4) + PKT_IP6_LEN);
	e->proto = q[6];
	e->ttl = q[7];
	e->saddr = inet_ip_make(INET_AF_V6, q + 8);
	e->daddr = inet_ip_make(INET_AF_V6, q + 24);
	e->old_addrs = q + 8;
	e->old_l3_len = PKT_IP6_LEN;
	e->l4 = q + PKT_IP6_LEN;
	e->l4_len = len - PKT_IP6_LEN;
	return e->ip_len >= PKT_IP6_LEN + QUOTE_MIN && quote_transport(e);
}

enum icmp_error_verdict
icmp_error_parse(const struct pkt *p, struct icmp_error *out)
{
	int af = p->kind == PKT_IP6 ? INET_AF_V6 : INET_AF_V4;
	unsigned len = (unsigned)p->ip_len - p->l3_len;
	const uint8_t *q = p->l4 + ICMP_HEADER;

	if (p->proto != (af == INET_AF_V6 ? PKT_PROTO_ICMPV6 : PKT_PROTO_ICMP) || p->flags & PKT_F_FRAGMENT)
		return ICMP_ERROR_NONE;
	if (p->avail < p->ip_len || len < ICMP_HEADER)
		return ICMP_ERROR_MALFORMED;
	if (!is_error(af, p->l4[0]))
		return ICMP_ERROR_NONE;
	*out = (struct icmp_error){.af = af,
				   .old_af = (uint8_t)af,
				   .type = p->l4[0],
				   .code = p->l4[1],
				   .info = (uint32_t)load16(p->l4 + 4) << 16 | load16(p->l4 + 6)};
	if (af == INET_AF_V6 ? !quote6(out, q, len - ICMP_HEADER) : !quote4(out, q, len - ICMP_HEADER))
		return ICMP_ERROR_NONE;
	return checksum_right(p, len) ? ICMP_ERROR_FOUND : ICMP_ERROR_MALFORMED;
}

uint32_t
icmp_error_mtu(const struct icmp_error *e)
{
	if (e->af == INET_AF_V6)
		return e->type == ICMP6_TOO_BIG ? e->info : 0;
	return e->type == ICMP4_UNREACHABLE && e->code == ICMP4_FRAG_NEEDED ? e->info & 0xffff : 0;
}

/* Takes the outer header off an MTU; the translation to come would add the difference of headers, which is
 * none here. */
static void
tunnel_mtu(struct icmp_error *e, unsigned outer, bool translates)
{
	bool v6 = e->af == INET_AF_V6;
	uint32_t mtu = v6 ? e->info : e->info & 0xffff, less = outer + (translates ? FAMILY_DIFFERENCE : 0);
	uint32_t floor = v6 ? MTU6_MIN : MTU4_MIN;

	if (v6 ? e->type != ICMP6_TOO_BIG : e->type != ICMP4_UNREACHABLE || e->code != ICMP4_FRAG_NEEDED)
		return;
	e->info = mtu > floor + less ? mtu - less : floor;
}

bool
icmp_error_parse_tunnel(const struct pkt *p, struct icmp_error *out)
{
	bool v6 = p->kind == PKT_IP6, inner6;
	unsigned len = (unsigned)p->ip_len - p->l3_len, outer = v6 ? PKT_IP6_LEN : PKT_IP4_MIN;
	const uint8_t *q = p->l4 + ICMP_HEADER;
	uint8_t proto;

	if (p->proto != (v6 ? PKT_PROTO_ICMPV6 : PKT_PROTO_ICMP) || p->flags & PKT_F_FRAGMENT ||
	    p->avail < p->ip_len || len < ICMP_HEADER + outer ||
	    !is_error(v6 ? INET_AF_V6 : INET_AF_V4, p->l4[0]))
		return false;
	/* Our outer headers have no options. */
	if (v6 ? q[0] >> 4 != 6 : q[0] != 0x45 || load16(q + 6) & IP4_OFFSET)
		return false;
	proto = v6 ? q[6] : q[9];
	inner6 = proto == PROTO_IPV6;
	if (!inner6 && (v6 || proto != PROTO_IPIP))
		return false;
	*out = (struct icmp_error){.af = inner6 ? INET_AF_V6 : INET_AF_V4,
				   .old_af = inner6 ? INET_AF_V6 : INET_AF_V4,
				   .type = p->l4[0],
				   .code = p->l4[1],
				   .info = (uint32_t)load16(p->l4 + 4) << 16 | load16(p->l4 + 6)};
	q += outer;
	len -= ICMP_HEADER + outer;
	if ((inner6 ? !quote6(out, q, len) : !quote4(out, q, len)) ||
	    !checksum_right(p, (unsigned)p->ip_len - p->l3_len))
		return false;
	out->af = v6 ? INET_AF_V6 : INET_AF_V4;
	tunnel_mtu(out, outer, v6 != inner6);
	return v6 == inner6 || icmp_error_translate(out);
}

/* RFC 7915 4.2. */
static bool
to_ip6(struct icmp_error *e)
{
	/* By code of "unreachable": no route, prohibited and so on; 255: nothing like it. */
	static const uint8_t codes[] = {0, 0, 255, 4, 255, 0, 0, 0, 0, 1, 1, 0, 0, 1, 255, 1};

	if (e->type == ICMP4_TIME_EXCEEDED) {
		e->type = ICMP6_TIME_EXCEEDED;
		e->info = 0;
		return e->code <= 1;
	}
	if (e->type != ICMP4_UNREACHABLE)
		return false;
	if (e->code == ICMP4_FRAG_NEEDED) {
		uint32_t mtu = (e->info & 0xffff) + FAMILY_DIFFERENCE;

		e->type = ICMP6_TOO_BIG;
		e->code = 0;
		e->info = mtu < MTU6_MIN ? MTU6_MIN : mtu;
		return true;
	}
	if (e->code >= sizeof(codes) || codes[e->code] == 255)
		return false;
	e->type = ICMP6_UNREACHABLE;
	e->code = codes[e->code];
	e->info = 0;
	return true;
}

/* RFC 7915 5.2. */
static bool
to_ip4(struct icmp_error *e)
{
	static const uint8_t codes[] = {1, 10, 1, 1, 3};

	if (e->type == ICMP6_TIME_EXCEEDED) {
		e->type = ICMP4_TIME_EXCEEDED;
		e->info = 0;
		return e->code <= 1;
	}
	if (e->type == ICMP6_TOO_BIG) {
		uint32_t mtu = e->info > UINT16_MAX ? UINT16_MAX : e->info;

		e->type = ICMP4_UNREACHABLE;
		e->code = ICMP4_FRAG_NEEDED;
		e->info = mtu < MTU4_MIN + FAMILY_DIFFERENCE ? MTU4_MIN : mtu - FAMILY_DIFFERENCE;
		return true;
	}
	if (e->type != ICMP6_UNREACHABLE || e->code >= sizeof(codes))
		return false;
	e->type = ICMP4_UNREACHABLE;
	e->code = codes[e->code];
	e->info = 0;
	return true;
}

bool
icmp_error_translate(struct icmp_error *e)
{
	bool ok = e->af == INET_AF_V6 ? to_ip4(e) : to_ip6(e);

	e->af = e->af == INET_AF_V6 ? INET_AF_V4 : INET_AF_V6;
	return ok;
}

static void
write_ip4(uint8_t *l3, unsigned len, uint8_t proto, uint8_t ttl, uint8_t tos, const union inet_ip *s,
	  const union inet_ip *d)
{
	uint16_t csum;

	memset(l3, 0, PKT_IP4_MIN);
	l3[0] = 0x45;
	l3[1] = tos;
	store16(l3 + 2, len);
	l3[6] = IP4_DF;
	l3[8] = ttl;
	l3[9] = proto;
	memcpy(l3 + 12, s, 4);
	memcpy(l3 + 16, d, 4);
	csum = csum_of(l3, PKT_IP4_MIN);
	memcpy(l3 + 10, &csum, 2);
}

static void
write_ip6(uint8_t *l3, unsigned len, uint8_t proto, uint8_t ttl, uint8_t tos, const union inet_ip *s,
	  const union inet_ip *d)
{
	memset(l3, 0, 8);
	l3[0] = (uint8_t)(0x60 | tos >> 4);
	l3[1] = (uint8_t)(tos << 4);
	store16(l3 + 4, len - PKT_IP6_LEN);
	l3[6] = proto;
	l3[7] = ttl;
	memcpy(l3 + 8, s, 16);
	memcpy(l3 + 24, d, 16);
}

/* What was added to the addresses of the pseudo header, for quoted checksums. */
static uint64_t
pseudo_change(int old_af, const uint8_t *old, int new_af, const struct icmp_error *e)
{
	uint64_t sum = 0;
	unsigned words = old_af == INET_AF_V6 ? 8 : 2;

	for (unsigned i = 0; i < words; i++) {
		uint32_t w;

		memcpy(&w, old + i * 4, 4);
		sum += (uint32_t)~w;
	}
	for (unsigned i = 0; i < (new_af == INET_AF_V6 ? 4u : 1u); i++)
		sum += (uint64_t)e->saddr.w[i] + e->daddr.w[i];
	return sum;
}

/* New ports and sequence number in the quoted transport header; its checksum follows if it is quoted. */
static void
quote_rewrite(uint8_t *l4, unsigned len, const struct icmp_error *e, uint64_t changes, uint32_t seq_delta)
{
	uint32_t old_ports, new_ports;

	if (e->proto == PKT_PROTO_ICMP || e->proto == PKT_PROTO_ICMPV6) {
		bool asks = l4[0] == ECHO4_REQUEST || l4[0] == ECHO6_REQUEST;
		uint16_t old, csum, id = asks ? e->sport : e->dport;

		memcpy(&old, l4 + 4, 2);
		memcpy(&csum, l4 + 2, 2);
		csum = csum_apply(csum, csum_change16(e->proto == PKT_PROTO_ICMPV6 ? changes : 0, old, id));
		memcpy(l4 + 2, &csum, 2);
		memcpy(l4 + 4, &id, 2);
		return;
	}
	memcpy(&old_ports, l4, 4);
	memcpy(&new_ports, &e->sport, 2);
	memcpy((uint8_t *)&new_ports + 2, &e->dport, 2);
	memcpy(l4, &new_ports, 4);
	changes += (uint64_t)(uint32_t)~old_ports + new_ports;
	if (e->proto == PKT_PROTO_UDP) {
		rewrite_udp_csum(l4, changes);
	} else if (e->proto == PKT_PROTO_TCP) {
		changes += tcp_seq_add(l4, seq_delta);
		if (len >= TCP_CSUM_END)
			rewrite_tcp_csum(l4, changes);
	}
	/* SCTP's sum does not cover addresses, and that of a cut packet cannot be computed anew. */
}

unsigned
icmp_error_write(uint8_t *out, const struct icmp_error *e, const union inet_ip *src, const union inet_ip *dst,
		 uint32_t seq_delta)
{
	bool v6 = e->af == INET_AF_V6;
	unsigned l3_len = v6 ? PKT_IP6_LEN : PKT_IP4_MIN, l4_len = e->l4_len, len, whole;
	uint8_t *icmp = out + l3_len, *q = icmp + ICMP_HEADER, *q4 = q + l3_len;
	uint16_t csum;

	if (l4_len > ICMP_ERROR_MAX - 2 * l3_len - ICMP_HEADER)
		l4_len = ICMP_ERROR_MAX - 2 * l3_len - ICMP_HEADER;
	memcpy(q4, e->l4, l4_len);
	whole = (unsigned)e->ip_len - e->old_l3_len + l3_len;
	quote_rewrite(q4, l4_len, e, pseudo_change(e->old_af, e->old_addrs, e->af, e), seq_delta);
	if (v6)
		write_ip6(q, whole, e->proto, e->ttl, e->tos, &e->saddr, &e->daddr);
	else
		write_ip4(q, whole, e->proto, e->ttl, e->tos, &e->saddr, &e->daddr);
	len = 2 * l3_len + ICMP_HEADER + l4_len;
	icmp[0] = e->type;
	icmp[1] = e->code;
	memset(icmp + 2, 0, 2);
	store16(icmp + 4, e->info >> 16);
	store16(icmp + 6, e->info & 0xffff);
	if (v6) {
		write_ip6(out, len, PKT_PROTO_ICMPV6, ERROR_TTL, 0, src, dst);
		csum = csum_l4_v6(out + 8, out + 24, PKT_PROTO_ICMPV6, icmp, len - l3_len);
	} else {
		write_ip4(out, len, PKT_PROTO_ICMP, ERROR_TTL, 0, src, dst);
		csum = csum_of(icmp, len - l3_len);
	}
	memcpy(icmp + 2, &csum, 2);
	return len;
}

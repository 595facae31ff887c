/* SPDX-License-Identifier: Apache-2.0 */
#include "icmp.h"

#include <rte_icmp.h>
#include <rte_ip.h>

#include "core/clock.h"
#include "core/conf.h"
#include "input.h"
#include "output.h"
#include "port/kernel.h"

enum {
	QUOTE_MAX4 = 576,  /* whole error packet, RFC 1812 4.3.2.3 */
	QUOTE_MAX6 = 1280, /* RFC 4443 2.4 (c) */
	ICMP_LEN = 8,
	TOS_PRECEDENCE = 0xe0,
	TOS_INTERNETCONTROL = 0xc0,
};

bool
icmp_limit_take(struct icmp_limit *l, uint64_t now_ms)
{
	uint64_t full = (uint64_t)ICMP_ERRORS_PER_S * 1000;
	uint64_t tokens = l->tokens_milli + (now_ms - l->last_ms) * ICMP_ERRORS_PER_S;

	if (!l->started || now_ms - l->last_ms > 1000 || tokens > full)
		tokens = full;
	l->started = true;
	l->last_ms = now_ms;
	l->tokens_milli = (uint32_t)(tokens >= 1000 ? tokens - 1000 : tokens);
	return tokens >= 1000;
}

static uint8_t
default_ttl(void)
{
	return conf.ipv4.default_ttl > 0 ? (uint8_t)conf.ipv4.default_ttl : 64;
}

/* ---- echo ---- */

/* New checksum when one 16-bit word (as stored) changes (RFC 1624). */
static uint16_t
checksum_replace(uint16_t sum, uint16_t old, uint16_t new)
{
	uint32_t s = (uint16_t)~sum + (uint16_t)~old + new;

	s = (s & 0xffff) + (s >> 16);
	s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~s;
}

/* The answer has a plain header: options of the request, source routes among them, are not answered. */
static struct rte_ipv4_hdr *
drop_options(struct rte_mbuf *m, unsigned header_len)
{
	uint8_t *ip = rte_pktmbuf_mtod(m, uint8_t *);

	if (header_len > PKT_IP4_MIN) {
		memmove(ip + header_len - PKT_IP4_MIN, ip, PKT_IP4_MIN);
		ip = (uint8_t *)rte_pktmbuf_adj(m, (uint16_t)(header_len - PKT_IP4_MIN));
	}
	return (struct rte_ipv4_hdr *)ip;
}

void
icmp4_local(struct worker *w, struct rte_mbuf *m, const struct pkt *p)
{
	struct rte_icmp_hdr *icmp = (struct rte_icmp_hdr *)p->l4;
	unsigned len = p->ip_len - p->l3_len;
	struct rte_ipv4_hdr *ip;
	uint16_t sum, word[2] = {rte_cpu_to_be_16(ICMP4_ECHO << 8), rte_cpu_to_be_16(ICMP4_ECHO_REPLY << 8)};
	uint32_t asked;

	if (p->ip_len < p->l3_len + ICMP_LEN || p->avail < p->l3_len + (uint32_t)ICMP_LEN) {
		worker_drop(w, m, DROP_ICMP_MALFORMED);
		return;
	}
	/* Behind the header it may be in several pieces. */
	if (rte_raw_cksum_mbuf(m, (uint32_t)(p->l4 - rte_pktmbuf_mtod(m, uint8_t *)), len, &sum) ||
	    sum != 0xffff) {
		worker_drop(w, m, DROP_ICMP_CHECKSUM);
		return;
	}
	if (icmp->icmp_type != ICMP4_ECHO) {
		kernel_give(w, p->port, m, KERNEL_BULK, DROP_ICMP_NOT_HANDLED);
		return;
	}
	if (icmp->icmp_code != 0) {
		worker_drop(w, m, DROP_ICMP_MALFORMED);
		return;
	}
	icmp->icmp_type = ICMP4_ECHO_REPLY;
	icmp->icmp_cksum = checksum_replace(icmp->icmp_cksum, word[0], word[1]);
	input_strip(m, p);
	ip = drop_options(m, p->l3_len);
	asked = ip->dst_addr;
	ip->version_ihl = 0x45;
	ip->total_length = rte_cpu_to_be_16((uint16_t)(PKT_IP4_MIN + len));
	ip->dst_addr = ip->src_addr;
	ip->src_addr = asked;
	ip->time_to_live = default_ttl();
	ip->fragment_offset = 0;
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	net_output(w, INET_AF_V4, m);
}

void
icmp6_local(struct worker *w, struct rte_mbuf *m, const struct pkt *p)
{
	struct rte_icmp_hdr *icmp = (struct rte_icmp_hdr *)p->l4;
	struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)p->l3;
	uint16_t word[2] = {rte_cpu_to_be_16(ICMP6_ECHO << 8), rte_cpu_to_be_16(ICMP6_ECHO_REPLY << 8)};
	unsigned len = p->ip_len - p->l3_len;
	struct rte_ipv6_hdr pseudo;
	uint8_t asked[16];

	if (p->ip_len < p->l3_len + ICMP_LEN || p->avail < p->l3_len + (uint32_t)ICMP_LEN) {
		worker_drop(w, m, DROP_ICMP_MALFORMED);
		return;
	}
	pseudo = *ip;
	pseudo.proto = PKT_PROTO_ICMPV6;
	pseudo.payload_len = rte_cpu_to_be_16((uint16_t)len);
	if (rte_ipv6_udptcp_cksum_mbuf_verify(m, &pseudo,
					      (uint16_t)(p->l4 - rte_pktmbuf_mtod(m, uint8_t *))) != 0) {
		w->ip6.csum_errors++;
		worker_drop(w, m, DROP_ICMP_CHECKSUM);
		return;
	}
	if (icmp->icmp_type != ICMP6_ECHO) {
		kernel_give(w, p->port, m, KERNEL_BULK, DROP_ICMP_NOT_HANDLED);
		return;
	}
	/* Extension headers are not answered: routing headers must not be turned round (RFC 8200 4.4). */
	if (icmp->icmp_code != 0 || p->l3_len != PKT_IP6_LEN) {
		worker_drop(w, m, DROP_ICMP_MALFORMED);
		return;
	}
	icmp->icmp_type = ICMP6_ECHO_REPLY;
	icmp->icmp_cksum = checksum_replace(icmp->icmp_cksum, word[0], word[1]);
	memcpy(asked, &ip->dst_addr, 16);
	memcpy(&ip->dst_addr, &ip->src_addr, 16);
	memcpy(&ip->src_addr, asked, 16);
	ip->hop_limits = default_ttl();
	input_strip(m, p);
	net_output_answer(w, p->port, INET_AF_V6, m);
}

/* ---- errors ---- */

/* The packet that an error is about: its IP header, and what is readable of it. */
struct subject {
	const uint8_t *ip;
	uint32_t avail;
	uint16_t ip_len;
};

struct error {
	uint8_t type, code;
	uint32_t info;	    /* second word, host order */
	union inet_ip from; /* source of the error */
};

static bool
is_query4(uint8_t type)
{
	return type == 0 || type == 8 || type == 9 || type == 10 || (type >= 13 && type <= 18);
}

/* RFC 1812 4.3.2.7. */
static bool
may_send4(const struct subject *s)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)s->ip;
	uint32_t src, dst, header_len;

	if (s->avail < PKT_IP4_MIN)
		return false;
	src = rte_be_to_cpu_32(ip->src_addr);
	dst = rte_be_to_cpu_32(ip->dst_addr);
	header_len = (ip->version_ihl & 0xfu) * 4u;
	if (ip->fragment_offset & rte_cpu_to_be_16(RTE_IPV4_HDR_OFFSET_MASK))
		return false;
	if (src >> 24 == 0 || src >> 24 == 127 || src >> 28 >= 0xe || dst >> 28 >= 0xe)
		return false;
	if (ip->next_proto_id != PKT_PROTO_ICMP)
		return true;
	return s->avail > header_len && is_query4(s->ip[header_len]);
}

/* The type of an ICMPv6 message behind extension headers; -1 when it is another protocol or cannot be told.
 */
static int
icmp6_type(const struct subject *s, bool *unknown)
{
	uint32_t off = PKT_IP6_LEN;
	uint8_t proto = s->ip[6];

	*unknown = false;
	for (unsigned i = 0; i < 8; i++) {
		bool is_fragment = proto == 44;

		if (proto == PKT_PROTO_ICMPV6 && s->avail > off)
			return s->ip[off];
		if (proto != 0 && proto != 43 && proto != 60 && !is_fragment) {
			*unknown = proto == PKT_PROTO_ICMPV6;
			return -1;
		}
		if (s->avail < off + 8)
			break;
		if (is_fragment && (s->ip[off + 2] || s->ip[off + 3] & 0xf8))
			return -1; /* a later fragment: what follows is no header */
		proto = s->ip[off];
		off += is_fragment ? 8u : (s->ip[off + 1] + 1u) * 8u;
	}
	*unknown = true;
	return -1;
}

/* RFC 4443 2.4 (e). */
static bool
may_send6(const struct subject *s, const struct error *e)
{
	const struct rte_ipv6_hdr *ip = (const struct rte_ipv6_hdr *)s->ip;
	union inet_ip src;
	bool unknown;
	int type;

	if (s->avail < PKT_IP6_LEN)
		return false;
	src = inet_ip_make(INET_AF_V6, &ip->src_addr);
	if (inet_ip_is_any(&src) || inet_ip_is_multicast(INET_AF_V6, &src))
		return false;
	if (((const uint8_t *)&ip->dst_addr)[0] == 0xff && e->type != ICMP6_TOO_BIG)
		return false;
	type = icmp6_type(s, &unknown);
	return !unknown && (type < 0 || (type >= 128 && type != 137));
}

/* Original destination if that is ours, else what the route to the sender prefers. */
static bool
choose_source(int af, const struct subject *s, union inet_ip *from)
{
	union inet_ip dst = inet_ip_make(af, s->ip + (af == INET_AF_V6 ? 24 : 16));
	union inet_ip sender = inet_ip_make(af, s->ip + (af == INET_AF_V6 ? 8 : 12));
	struct net_path path;

	if (net_local_lookup(af, &dst) != NET_NOT_LOCAL) {
		*from = dst;
		return true;
	}
	if (net_path_lookup(af, &sender, &path) || inet_ip_is_any(&path.src))
		return false;
	*from = path.src;
	return true;
}

static struct rte_mbuf *
build(struct rte_mempool *pool, int af, const struct subject *s, const struct error *e)
{
	unsigned header = af == INET_AF_V6 ? PKT_IP6_LEN : PKT_IP4_MIN;
	unsigned room = (af == INET_AF_V6 ? QUOTE_MAX6 : QUOTE_MAX4) - header - ICMP_LEN;
	unsigned have = RTE_MIN(s->avail, (uint32_t)s->ip_len);
	unsigned quote = RTE_MIN(room, have);
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	uint32_t info = rte_cpu_to_be_32(e->info);
	uint8_t *out, *icmp;

	if (!m)
		return NULL;
	out = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(header + ICMP_LEN + quote));
	if (!out) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	memset(out, 0, header + ICMP_LEN);
	icmp = out + header;
	icmp[0] = e->type;
	icmp[1] = e->code;
	memcpy(icmp + 4, &info, 4);
	memcpy(icmp + ICMP_LEN, s->ip, quote);
	return m;
}

static void
finish4(struct rte_mbuf *m, const struct subject *s, const struct error *e)
{
	const struct rte_ipv4_hdr *orig = (const struct rte_ipv4_hdr *)s->ip;
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, struct rte_ipv4_hdr *);
	struct rte_icmp_hdr *icmp = (struct rte_icmp_hdr *)(ip + 1);

	ip->version_ihl = 0x45;
	ip->type_of_service = (uint8_t)((orig->type_of_service & ~TOS_PRECEDENCE) | TOS_INTERNETCONTROL);
	ip->total_length = rte_cpu_to_be_16(m->data_len);
	ip->time_to_live = default_ttl();
	ip->next_proto_id = PKT_PROTO_ICMP;
	ip->src_addr = e->from.v4;
	ip->dst_addr = orig->src_addr;
	icmp->icmp_cksum = (uint16_t)~rte_raw_cksum(icmp, m->data_len - PKT_IP4_MIN);
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

static void
finish6(struct rte_mbuf *m, const struct subject *s, const struct error *e)
{
	struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod(m, struct rte_ipv6_hdr *);
	struct rte_icmp_hdr *icmp = (struct rte_icmp_hdr *)(ip + 1);

	ip->vtc_flow = rte_cpu_to_be_32(6u << 28);
	ip->payload_len = rte_cpu_to_be_16((uint16_t)(m->data_len - PKT_IP6_LEN));
	ip->proto = PKT_PROTO_ICMPV6;
	ip->hop_limits = default_ttl();
	memcpy(&ip->src_addr, e->from.b, 16);
	memcpy(&ip->dst_addr, s->ip + 8, 16);
	icmp->icmp_cksum = rte_ipv6_udptcp_cksum(ip, icmp);
}

static struct rte_mbuf *
make_error(struct rte_mempool *pool, int af, const struct subject *s, struct error *e)
{
	struct rte_mbuf *m;

	if (!choose_source(af, s, &e->from))
		return NULL;
	m = build(pool, af, s, e);
	if (!m)
		return NULL;
	if (af == INET_AF_V6)
		finish6(m, s, e);
	else
		finish4(m, s, e);
	return m;
}

void
net_icmp_error(struct worker *w, const struct rte_mbuf *m, const struct pkt *p, uint8_t type, uint8_t code,
	       uint32_t info)
{
	int af = p->kind == PKT_IP6 ? INET_AF_V6 : INET_AF_V4;
	struct subject s = {.ip = p->l3, .avail = p->avail, .ip_len = p->ip_len};
	struct error e = {.type = type, .code = code, .info = info};
	struct rte_mbuf *out;

	(void)m;
	if (p->cast != PKT_HOST || !(af == INET_AF_V6 ? may_send6(&s, &e) : may_send4(&s)))
		return;
	if (!icmp_limit_take(&w->net->icmp, w->now_ms)) {
		worker_drops_add(w, DROP_ICMP_RATE, 1);
		return;
	}
	out = make_error(w->pool, af, &s, &e);
	if (out)
		net_output_answer(w, p->port, af, out);
}

struct rte_mbuf *
icmp_host_unreachable(struct rte_mempool *pool, int af, const struct rte_mbuf *m)
{
	static struct icmp_limit limit;
	struct subject s = {
	    .ip = rte_pktmbuf_mtod(m, const uint8_t *), .avail = m->data_len, .ip_len = (uint16_t)m->pkt_len};
	struct error e = {.type = af == INET_AF_V6 ? ICMP6_UNREACHABLE : ICMP4_UNREACHABLE,
			  .code = af == INET_AF_V6 ? ICMP6_ADDRESS_CODE : ICMP4_HOST_UNREACHABLE_CODE};
	union inet_ip sender;

	if (!(af == INET_AF_V6 ? may_send6(&s, &e) : may_send4(&s)))
		return NULL;
	sender = inet_ip_make(af, s.ip + (af == INET_AF_V6 ? 8 : 12));
	if (net_local_lookup(af, &sender) != NET_NOT_LOCAL)
		return NULL; /* a packet of our own */
	if (!icmp_limit_take(&limit, clock_now_ms())) {
		control_drops[DROP_ICMP_RATE]++;
		return NULL;
	}
	return make_error(pool, af, &s, &e);
}

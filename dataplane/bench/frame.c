/* SPDX-License-Identifier: Apache-2.0 */
#include "frame.h"

#include <arpa/inet.h>

enum {
	ETH_LEN = 14,
	IP4_LEN = 20,
	IP6_LEN = 40,
	UDP_LEN = 8,
	TCP_LEN = 20,
	FRAME_MIN = 60, /* 64 bytes on the wire with the frame check sequence */
	ID_LEN = 4,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	TTL = 64,
	FIN = 1,
	SYN = 2,
	PSH = 8,
	ACK = 16,
	CLIENT_ISN = 1000,
	SERVER_ISN = 5000,
	SERVED = 6, /* bytes that the client has acknowledged when it sends FRAME_DATA_IN */
	WINDOW = 8192,
};

static const uint8_t client6[12] = {0x20, 0x01, 0x00, 0x02}, vip6[12] = {0x20, 0x01, 0x0d, 0xb8, 0, 1},
		     lan6[12] = {0xfd, 0x00, 0x00, 0x02};

static const struct {
	uint8_t flags; /* TCP; 0: UDP */
	uint32_t seq, ack;
} kinds[FRAME_KINDS] = {
    [FRAME_UDP_IN] = {0, 0, 0},
    [FRAME_UDP_OUT] = {0, 0, 0},
    [FRAME_SYN_IN] = {SYN, CLIENT_ISN, 0},
    [FRAME_SYNACK_OUT] = {SYN | ACK, SERVER_ISN, CLIENT_ISN + 1},
    [FRAME_ACK_IN] = {ACK | PSH, CLIENT_ISN + 1, SERVER_ISN + 1},
    [FRAME_DATA_OUT] = {ACK | PSH, SERVER_ISN + 1, CLIENT_ISN + 7},
    [FRAME_DATA_IN] = {ACK | PSH, CLIENT_ISN + 7, SERVER_ISN + 1 + SERVED},
    [FRAME_FIN_IN] = {FIN | ACK, CLIENT_ISN + 13, SERVER_ISN + 1 + SERVED},
    [FRAME_FIN_OUT] = {FIN | ACK, SERVER_ISN + 1 + SERVED, CLIENT_ISN + 14},
    [FRAME_LAST_ACK_IN] = {ACK, CLIENT_ISN + 14, SERVER_ISN + 2 + SERVED},
};

static void
put16(uint8_t *at, unsigned v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static unsigned
get16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static void
put32(uint8_t *at, uint32_t v)
{
	put16(at, v >> 16);
	put16(at + 2, v & 0xffff);
}

/* IP header with addresses whose low four bytes are zero; l4_len counts header and payload. */
static uint8_t *
ip_header(struct frame *f, const struct frame_net *net, bool out, unsigned proto, unsigned l4_len)
{
	uint8_t *ip = f->bytes + ETH_LEN;

	if ((out ? net->server_af : net->client_af) == 4) {
		ip[0] = 0x45;
		put16(ip + 2, IP4_LEN + l4_len);
		ip[6] = 0x40; /* DF */
		ip[8] = TTL;
		ip[9] = (uint8_t)proto;
		f->ip_csum = ETH_LEN + 10;
		f->saddr = ETH_LEN + 12;
		f->daddr = ETH_LEN + 16;
		f->ip_csum_seed = csum_of(ip, IP4_LEN);
		return ip + IP4_LEN;
	}
	ip[0] = 0x60;
	put16(ip + 4, l4_len);
	ip[6] = (uint8_t)proto;
	ip[7] = TTL;
	memcpy(ip + 8, out ? lan6 : client6, sizeof(lan6));
	memcpy(ip + 24, out ? (net->direct ? client6 : lan6) : net->transit ? lan6 : vip6, sizeof(vip6));
	f->saddr = ETH_LEN + 8 + 12;
	f->daddr = ETH_LEN + 24 + 12;
	return ip + IP6_LEN;
}

void
frame_init(struct frame *f, enum frame_kind kind, const struct frame_net *net, const uint8_t *dst,
	   const uint8_t *src)
{
	int af = frame_is_out(kind) ? net->server_af : net->client_af;
	bool tcp = kinds[kind].flags != 0;
	unsigned ip_len = af == 4 ? IP4_LEN : IP6_LEN, l4_header = tcp ? TCP_LEN : UDP_LEN;
	unsigned least = ETH_LEN + ip_len + l4_header + ID_LEN, l4_len;
	const uint8_t *addrs;
	uint8_t *l4;

	memset(f, 0, sizeof(*f));
	f->len = (uint16_t)(least < FRAME_MIN ? FRAME_MIN : least);
	l4_len = f->len - ETH_LEN - ip_len;
	memcpy(f->bytes, dst, 6);
	memcpy(f->bytes + 6, src, 6);
	put16(f->bytes + 12, af == 4 ? 0x0800 : 0x86dd);
	l4 = ip_header(f, net, frame_is_out(kind), tcp ? PROTO_TCP : PROTO_UDP, l4_len);
	if (tcp) {
		put32(l4 + 4, kinds[kind].seq);
		put32(l4 + 8, kinds[kind].ack);
		l4[12] = TCP_LEN / 4 << 4;
		l4[13] = kinds[kind].flags;
		put16(l4 + 14, WINDOW);
	} else {
		put16(l4 + 4, l4_len);
	}
	f->service = htons(tcp ? PORT_TCP : PORT_UDP);
	f->ports = (uint8_t)(l4 - f->bytes);
	f->csum = (uint8_t)(f->ports + (tcp ? 16 : 6));
	addrs = f->bytes + f->saddr;
	if (af == 4)
		f->csum_seed = csum_l4_v4(addrs, addrs + 4, tcp ? PROTO_TCP : PROTO_UDP, l4, l4_len);
	else
		f->csum_seed = csum_l4_v6(f->bytes + ETH_LEN + 8, f->bytes + ETH_LEN + 24,
					  tcp ? PROTO_TCP : PROTO_UDP, l4, l4_len);
}

uint32_t
frame_learn(const uint8_t *bytes, uint32_t len, struct flow_back *back)
{
	bool v4 = bytes[12] == 0x08 && bytes[13] == 0x00, v6 = bytes[12] == 0x86 && bytes[13] == 0xdd;
	const uint8_t *ip = bytes + ETH_LEN, *l4;
	unsigned proto, ip_len;
	uint32_t id;

	if ((!v4 && !v6) || len < ETH_LEN + IP4_LEN + UDP_LEN + ID_LEN)
		return UINT32_MAX;
	/* What NAT64 made shorter may be padded. */
	ip_len = v4 ? get16(ip + 2) : IP6_LEN + get16(ip + 4);
	if (ETH_LEN + ip_len > len || ip_len < (v4 ? IP4_LEN : IP6_LEN) + UDP_LEN + ID_LEN)
		return UINT32_MAX;
	proto = v4 ? ip[9] : ip[6];
	/* UOA stands between an IPv6 or IPv4 header and UDP with a protocol number of its own. */
	if (proto != PROTO_TCP && proto != PROTO_UDP)
		return UINT32_MAX;
	l4 = v4 ? ip + (ip[0] & 15) * 4 : ip + IP6_LEN;
	memcpy(&back->laddr, v4 ? ip + 12 : ip + 20, 4);
	memcpy(&back->raddr, v4 ? ip + 16 : ip + 36, 4);
	memcpy(&back->lport, l4, 2);
	memcpy(&id, ip + ip_len - ID_LEN, ID_LEN);
	return id < FLOWS_MAX ? id : UINT32_MAX;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the client's address from TCP option 254 (TOA) of connections that come through the balancer, and
 * gives it to programs that ask for the peer of such a connection with accept(), accept4() or getpeername().
 * Linux 5.10 and later. No helper that is called here asks for a GPL-compatible licence.
 */
#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "toa.h"

enum { AF_INET = 2, AF_INET6 = 10 };

enum {
	TCP_FIXED = 20,
	HEADER_ROOM = 64, /* bytes, a power of two, no TCP header is longer */
	OPTIONS_MAX = 12,
	OPT_END = 0,
	OPT_NOP = 1,
	OPT_TOA = 254,
	TOA_LEN_V4 = 8,
	TOA_LEN_V6 = 20,
	LOOK_AT = 16, /* the balancer's option is on the first segments or nowhere */
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct toa_client);
} toa_clients SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, TOA_SOURCES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct toa_source);
	__type(value, __u8);
} toa_sources SEC(".maps");

/*
 * Anybody can send option 254; only the balancer's local addresses are believed. Volatile: the verifier wants
 * to see each field read as it stands here, not through a pointer that the compiler chose.
 */
static __always_inline int
is_balancer(const volatile struct bpf_sock_ops *ops)
{
	struct toa_source key = {.prefix_len = 128};
	__u32 v4[4] = {0, 0, bpf_htonl(0xffff), ops->remote_ip4};
	__u32 v6[4] = {ops->remote_ip6[0], ops->remote_ip6[1], ops->remote_ip6[2], ops->remote_ip6[3]};

	if (ops->family == AF_INET6)
		__builtin_memcpy(key.addr, v6, sizeof(v6));
	else
		__builtin_memcpy(key.addr, v4, sizeof(v4));
	return bpf_map_lookup_elem(&toa_sources, &key) != 0;
}

/*
 * Looks for the option in the TCP header at hand. Balancers put it first; a few options in front of it do no
 * harm. The walk is short and each step looks alike to the verifier, which follows every way through it.
 */
static __always_inline void
header_read(struct bpf_sock_ops *ops, struct toa_client *client)
{
	const __u8 *tcp = ops->skb_data, *end = ops->skb_data_end, *opt = tcp;
	__u32 at = TCP_FIXED;

	for (int i = 0; i < OPTIONS_MAX; i++) {
		opt = tcp + (at & (HEADER_ROOM - 1));
		if (opt + 2 > end || opt[0] == OPT_TOA || opt[0] == OPT_END)
			break;
		at += opt[0] == OPT_NOP ? 1 : opt[1];
	}
	if (opt + TOA_LEN_V4 > end || opt[0] != OPT_TOA)
		return;
	__builtin_memcpy(&client->port, opt + 2, 2);
	if (opt[1] == TOA_LEN_V4) {
		__builtin_memcpy(client->addr, opt + 4, 4);
		client->family = AF_INET;
	} else if (opt[1] == TOA_LEN_V6 && opt + TOA_LEN_V6 <= end) {
		__builtin_memcpy(client->addr, opt + 4, 16);
		client->family = AF_INET6;
	}
}

/* The handshake's last ACK carries the option already; if it was lost, the next segment does. */
SEC("sockops")
int
toa_note(struct bpf_sock_ops *ops)
{
	const int every = BPF_SOCK_OPS_PARSE_ALL_HDR_OPT_CB_FLAG;
	struct bpf_sock *sk = ops->sk;
	struct toa_client *client;

	if (ops->op != BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB && ops->op != BPF_SOCK_OPS_PARSE_HDR_OPT_CB)
		return 1;
	if (!sk)
		return 1;
	if (ops->op == BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB) {
		if (!is_balancer(ops))
			return 1;
		client = bpf_sk_storage_get(&toa_clients, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
		if (!client)
			return 1;
		header_read(ops, client);
		if (!client->family)
			bpf_sock_ops_cb_flags_set(ops, ops->bpf_sock_ops_cb_flags | every);
		return 1;
	}
	client = bpf_sk_storage_get(&toa_clients, sk, 0, 0);
	/* Another program's wish. */
	if (!client || client->family)
		return 1;
	header_read(ops, client);
	if (client->family || ++client->looked == LOOK_AT)
		bpf_sock_ops_cb_flags_set(ops, ops->bpf_sock_ops_cb_flags & ~every);
	return 1;
}

static __always_inline const struct toa_client *
client_of(struct bpf_sock_addr *ctx)
{
	struct bpf_sock *sk = ctx->sk;
	const struct toa_client *client;

	if (!sk)
		return 0;
	client = bpf_sk_storage_get(&toa_clients, sk, 0, 0);
	return client && client->family ? client : 0;
}

/* An IPv4 socket has no words for an IPv6 client (NAT64): it goes on naming the balancer. */
SEC("cgroup/getpeername4")
int
toa_peer4(struct bpf_sock_addr *ctx)
{
	const struct toa_client *client = client_of(ctx);

	if (!client || client->family != AF_INET)
		return 1;
	ctx->user_ip4 = client->addr[0];
	ctx->user_port = client->port;
	return 1;
}

SEC("cgroup/getpeername6")
int
toa_peer6(struct bpf_sock_addr *ctx)
{
	const struct toa_client *client = client_of(ctx);

	if (!client)
		return 1;
	if (client->family == AF_INET) {
		ctx->user_ip6[0] = 0;
		ctx->user_ip6[1] = 0;
		ctx->user_ip6[2] = bpf_htonl(0xffff);
		ctx->user_ip6[3] = client->addr[0];
	} else {
		ctx->user_ip6[0] = client->addr[0];
		ctx->user_ip6[1] = client->addr[1];
		ctx->user_ip6[2] = client->addr[2];
		ctx->user_ip6[3] = client->addr[3];
	}
	ctx->user_port = client->port;
	return 1;
}

char toa_license[] SEC("license") = "Apache-2.0";

/* SPDX-License-Identifier: Apache-2.0 */
#include "two_ports_test.h"

#include <rte_ip.h>

#include "core/errors.h"
#include "neigh.h"

int
two_ports_up(void **state)
{
	static const char *const peers4[] = {"10.0.0.2", "10.0.1.2"}, *const peers6[] = {"2001:db8::2",
											 "2001:db8:1::2"};

	world_up(state);
	must_add_addr("10.0.0.1", 24, 0);
	must_add_addr("10.0.1.1", 24, 1);
	must_add_addr("2001:db8::1", 64, 0);
	must_add_addr("2001:db8:1::1", 64, 1);
	pass_ms(5000);
	for (uint16_t i = 0; i < 2; i++) {
		union inet_ip ip = ip4(peers4[i]);

		assert_int_equal(neigh_add_static(INET_AF_V4, &ip, i, &peer_mac), EDPVS_OK);
		ip = ip6(peers6[i]);
		assert_int_equal(neigh_add_static(INET_AF_V6, &ip, i, &peer_mac), EDPVS_OK);
	}
	frames_clear();
	return 0;
}

void
hear(const char *hex)
{
	uint8_t frame[FRAME_ROOM];
	unsigned n = bytes(hex, frame, sizeof(frame));

	receive(0, frame, n);
}

void
hear_udp4(const char *src, const char *dst, unsigned payload, uint8_t ttl, bool df)
{
	uint8_t frame[FRAME_ROOM] = {0};
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(frame + 14);
	unsigned len = 20 + 8 + payload;
	union inet_ip s = ip4(src), d = ip4(dst);

	bytes(TO_PORT0 "0800", frame, sizeof(frame));
	ip->version_ihl = 0x45;
	ip->total_length = rte_cpu_to_be_16((uint16_t)len);
	ip->packet_id = rte_cpu_to_be_16(0x1234);
	ip->fragment_offset = rte_cpu_to_be_16(df ? RTE_IPV4_HDR_DF_FLAG : 0);
	ip->time_to_live = ttl;
	ip->next_proto_id = PKT_PROTO_UDP;
	ip->src_addr = s.v4;
	ip->dst_addr = d.v4;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	frame[14 + 24] = (uint8_t)((payload + 8) >> 8);
	frame[14 + 25] = (uint8_t)(payload + 8);
	for (unsigned i = 0; i < payload; i++)
		frame[14 + 28 + i] = (uint8_t)i;
	receive(0, frame, 14 + len);
}

void
hear_udp6(const char *src, const char *dst, unsigned payload, uint8_t hops)
{
	uint8_t frame[FRAME_ROOM] = {0};
	struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)(frame + 14);
	union inet_ip s = ip6(src), d = ip6(dst);

	bytes(TO_PORT0 "86dd", frame, sizeof(frame));
	ip->vtc_flow = rte_cpu_to_be_32(6u << 28);
	ip->payload_len = rte_cpu_to_be_16((uint16_t)(payload + 8));
	ip->proto = PKT_PROTO_UDP;
	ip->hop_limits = hops;
	memcpy(&ip->src_addr, s.b, 16);
	memcpy(&ip->dst_addr, d.b, 16);
	frame[14 + 44] = (uint8_t)((payload + 8) >> 8);
	frame[14 + 45] = (uint8_t)(payload + 8);
	receive(0, frame, 14 + 40 + 8 + payload);
}

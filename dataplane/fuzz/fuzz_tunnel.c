/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target for packets out of tunnels: bytes behind an outer IPv4 header, in memory of exactly their
 * size. Byte 0 is the outer TOS, bytes 1 and 2 an EtherType; the rest is a GRE header with what follows, and
 * once more a packet by itself.
 */
#include <stdlib.h>
#include <string.h>

#include "../src/packet/test_frames.h"
#include "packet/tunnel.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
unwrap(const uint8_t *bytes, uint32_t len, uint16_t type, uint8_t tos)
{
	uint8_t *l3 = malloc(len ? len : 1);
	struct tunnel_inner in;

	memcpy(l3, bytes, len);
	if (tunnel_inner_read(l3, len, type, &in)) {
		bool v4 = !in.v6 && (l3[0] & 15) == 5;
		uint32_t before = v4 ? test_sum(0, l3, PKT_IP4_MIN) : 0;

		assert(in.v6 == (l3[0] >> 4 == 6));
		if (tunnel_ecn_decap(l3, in.v6, tos)) {
			struct tunnel_inner after;

			assert(tunnel_inner_read(l3, len, type, &after));
			assert(after.len == in.len && after.ttl == in.ttl && after.df == in.df);
			assert((after.tos & 0xfc) == (in.tos & 0xfc));
			/* What was right stays right. */
			assert(before != 0xffff || test_sum(0, l3, PKT_IP4_MIN) == 0xffff);
		}
	}
	free(l3);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint16_t type;
	struct gre g;
	uint8_t *exact;

	if (size < 3 || size > 2048)
		return 0;
	type = (uint16_t)(data[1] << 8 | data[2]);
	unwrap(data + 3, (uint32_t)size - 3, type, data[0]);
	exact = malloc(size - 3 + 1);
	memcpy(exact, data + 3, size - 3);
	if (gre_read(exact, (uint32_t)size - 3, &g)) {
		unsigned len = gre_len(g.flags);
		uint8_t out[GRE_MAX];
		struct gre back;

		assert(len <= size - 3);
		gre_write(out, &g);
		assert(gre_read(out, len, &back));
		assert(back.flags == g.flags && back.type == g.type && back.key == g.key && back.seq == g.seq);
		unwrap(exact + len, (uint32_t)(size - 3 - len), g.type, data[0]);
	}
	free(exact);
	return 0;
}

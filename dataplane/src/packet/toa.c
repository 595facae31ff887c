/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/toa.h"

#include <arpa/inet.h>
#include <string.h>

#include "packet/rewrite.h"
#include "packet/tcp.h"

enum {
	TCP_HEADER_MAX = 60,
	OPT_NOP = 1,
	OPT_MSS = 2,
	OPT_WSCALE = 3,
	OPT_SACK_OK = 4,
	OPT_MPTCP = 30
};

/* Options of a segment, taken apart. */
struct options {
	uint8_t bytes[40];
	unsigned len;
};

static unsigned
padded(unsigned len)
{
	return (len + 3) & ~3u;
}

static bool
spare(uint8_t kind, bool syn)
{
	if (kind == TCP_OPT_TIMESTAMP)
		return false;
	return !syn || (kind != OPT_MSS && kind != OPT_WSCALE && kind != OPT_SACK_OK && kind != OPT_MPTCP &&
			kind != TCP_OPT_FAST_OPEN);
}

/*
 * Copies the options that stay. `drop` is the number of sparable options to leave out, in order; NOPs and
 * kind 254 go always. Returns the number of sparable options seen. An option of impossible length ends the
 * list.
 */
static unsigned
options_keep(const uint8_t *l4, unsigned drop, struct options *out)
{
	unsigned end = tcp_header_len(l4), seen = 0;
	bool syn = l4[13] & TCP_SYN;

	out->len = 0;
	for (unsigned at = 20; at < end && l4[at] != 0;) {
		unsigned len;

		if (l4[at] == OPT_NOP) {
			at++;
			continue;
		}
		if (at + 2 > end)
			break;
		len = l4[at + 1];
		if (len < 2 || at + len > end)
			break;
		if (l4[at] != TCP_OPT_TOA && !(spare(l4[at], syn) && seen++ < drop)) {
			memcpy(out->bytes + out->len, l4 + at, len);
			out->len += len;
		}
		at += len;
	}
	return seen;
}

/* Fills the options that will follow ours. False when they do not fit whatever is left out. */
static bool
options_choose(const uint8_t *l4, unsigned toa_len, struct options *out)
{
	unsigned room = TCP_HEADER_MAX - 20 - toa_len, sparable;

	out->len = tcp_header_len(l4) - 20;
	if (out->len <= room) {
		memcpy(out->bytes, l4 + 20, out->len);
		return true;
	}
	sparable = options_keep(l4, 0, out);
	for (unsigned drop = 1; padded(out->len) > room && drop <= sparable; drop++)
		options_keep(l4, drop, out);
	if (padded(out->len) > room)
		return false;
	memset(out->bytes + out->len, OPT_NOP, padded(out->len) - out->len);
	out->len = padded(out->len);
	return true;
}

static void
set_ip_len(struct toa_segment *seg, uint16_t ip_len)
{
	seg->ip_len = ip_len;
	if ((seg->l3[0] >> 4) == 4) {
		rewrite_ip4_len(seg->l3, ip_len);
	} else {
		uint16_t payload = htons((uint16_t)(ip_len - PKT_IP6_LEN));

		memcpy(seg->l3 + 4, &payload, 2);
	}
}

bool
toa_insert(struct toa_segment *seg, int client_af, const union inet_ip *client, uint16_t client_port_be)
{
	uint8_t *l3 = seg->l3, *l4 = seg->l4;
	unsigned toa_len = client_af == INET_AF_V6 ? TOA_LEN_V6 : TOA_LEN_V4;
	unsigned l3_len = (unsigned)(l4 - l3), old_header = tcp_header_len(l4), header;
	uint16_t old_sum = csum_fold(csum_add(0, l4 + 12, 2) + csum_add(0, l4 + 20, old_header - 20));
	uint16_t old_tcp_len = (uint16_t)(seg->ip_len - l3_len);
	struct options keep;
	uint64_t changes;
	int growth;

	if (!options_choose(l4, toa_len, &keep))
		return false;
	header = 20 + toa_len + keep.len;
	growth = (int)header - (int)old_header;
	if (growth > seg->headroom || seg->ip_len + growth > seg->mtu)
		return false;

	memmove(l3 - growth, l3, l3_len + 20);
	seg->l3 = l3 = l3 - growth;
	seg->l4 = l4 = l4 - growth;
	l4[12] = (uint8_t)(header / 4 << 4 | (l4[12] & 15));
	l4[20] = TCP_OPT_TOA;
	l4[21] = (uint8_t)toa_len;
	memcpy(l4 + 22, &client_port_be, 2);
	memcpy(l4 + 24, client->b, toa_len - 4);
	memcpy(l4 + 20 + toa_len, keep.bytes, keep.len);

	changes =
	    csum_change16(0, old_sum, csum_fold(csum_add(0, l4 + 12, 2) + csum_add(0, l4 + 20, header - 20)));
	changes = csum_change16(changes, htons(old_tcp_len), htons((uint16_t)(old_tcp_len + growth)));
	rewrite_tcp_csum(l4, changes);
	set_ip_len(seg, (uint16_t)(seg->ip_len + growth));
	return true;
}

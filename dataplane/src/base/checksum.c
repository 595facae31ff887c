/* SPDX-License-Identifier: Apache-2.0 */
#include "base/checksum.h"

#include <arpa/inet.h>

uint64_t
csum_add(uint64_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint32_t word;
	uint16_t half;

	for (; len >= 4; len -= 4, p += 4) {
		memcpy(&word, p, sizeof(word));
		sum += word;
	}
	if (len >= 2) {
		memcpy(&half, p, sizeof(half));
		sum += half;
		len -= 2;
		p += 2;
	}
	if (len) {
		half = 0;
		memcpy(&half, p, 1);
		sum += half;
	}
	return sum;
}

uint16_t
csum_l4_v4(const void *saddr, const void *daddr, uint8_t proto, const void *l4, size_t len)
{
	uint64_t sum = csum_add(0, saddr, 4);

	sum = csum_add(sum, daddr, 4);
	sum += htons(proto);
	sum += htons((uint16_t)len);
	return (uint16_t)~csum_fold(csum_add(sum, l4, len));
}

uint16_t
csum_l4_v6(const void *saddr, const void *daddr, uint8_t proto, const void *l4, size_t len)
{
	uint64_t sum = csum_add(0, saddr, 16);

	sum = csum_add(sum, daddr, 16);
	sum += htonl((uint32_t)len);
	sum += htonl(proto);
	return (uint16_t)~csum_fold(csum_add(sum, l4, len));
}

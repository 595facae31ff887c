/* SPDX-License-Identifier: Apache-2.0 */
#include "base/inet.h"

#include <arpa/inet.h>
#include <stdio.h>

const char *
inet_ip_text(int af, const union inet_ip *ip, char *out)
{
	if (!inet_ntop(af, ip->b, out, INET_TEXT_MAX))
		snprintf(out, INET_TEXT_MAX, "?");
	return out;
}

const char *
inet_ip_port_text(int af, const union inet_ip *ip, uint16_t port_be, char *out)
{
	char text[INET6_ADDRSTRLEN];

	if (!inet_ntop(af, ip->b, text, sizeof(text)))
		snprintf(text, sizeof(text), "?");
	snprintf(out, INET_TEXT_MAX, af == INET_AF_V6 ? "[%s]:%u" : "%s:%u", text, ntohs(port_be));
	return out;
}

union inet_ip
inet_ip_mask(int af, const union inet_ip *ip, unsigned plen)
{
	union inet_ip out = {.q = {0, 0}};

	for (unsigned i = 0; i < inet_len(af) && plen > 0; i++) {
		unsigned bits = plen < 8 ? plen : 8;

		out.b[i] = ip->b[i] & (uint8_t)(0xff00u >> bits);
		plen -= bits;
	}
	return out;
}

bool
inet_ip_in_prefix(int af, const union inet_ip *ip, const union inet_ip *prefix, unsigned plen)
{
	union inet_ip a = inet_ip_mask(af, ip, plen);
	union inet_ip b = inet_ip_mask(af, prefix, plen);

	return inet_ip_equal(&a, &b);
}

bool
inet_ip_is_multicast(int af, const union inet_ip *ip)
{
	return af == INET_AF_V6 ? ip->b[0] == 0xff : (ip->b[0] & 0xf0) == 0xe0;
}

bool
inet_ip_is_linklocal(int af, const union inet_ip *ip)
{
	return af == INET_AF_V6 ? ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80
				: ip->b[0] == 169 && ip->b[1] == 254;
}

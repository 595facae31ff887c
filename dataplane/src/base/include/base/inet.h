/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses and service keys in the one form that every layer shares.
 *
 * An address is 16 bytes in network order. IPv4 sits in the first four bytes and the other twelve are zero,
 * so that two addresses of one family are equal exactly when their 16 bytes are, whatever the family.
 */
#ifndef BASE_INET_H
#define BASE_INET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Address families with the values of the control ABI (and of Linux): AF_INET 2, AF_INET6 10. */
enum inet_family { INET_AF_UNSPEC = 0, INET_AF_V4 = 2, INET_AF_V6 = 10 };

/* Longest text of an address or [address]:port, with its NUL. */
enum { INET_TEXT_MAX = 64 };

/* An IPv4 or IPv6 address in network order; see the top of this file. */
union inet_ip {
	uint8_t b[16];
	uint32_t w[4];
	uint64_t q[2];
	uint32_t v4;
};

static inline bool
inet_ip_equal(const union inet_ip *a, const union inet_ip *b)
{
	return ((a->q[0] ^ b->q[0]) | (a->q[1] ^ b->q[1])) == 0;
}

static inline bool
inet_ip_is_any(const union inet_ip *a)
{
	return (a->q[0] | a->q[1]) == 0;
}

/* Copies the bytes that count for the family and zeroes the rest, which strips what a peer left in a union's
 * tail. */
static inline union inet_ip
inet_ip_make(int af, const void *bytes)
{
	union inet_ip ip = {.q = {0, 0}};

	memcpy(ip.b, bytes, af == INET_AF_V6 ? 16 : 4);
	return ip;
}

/* Number of bytes and of bits in an address of the family; 0 for an unknown family. */
static inline unsigned
inet_len(int af)
{
	return af == INET_AF_V4 ? 4u : af == INET_AF_V6 ? 16u : 0u;
}

static inline unsigned
inet_bits(int af)
{
	return inet_len(af) * 8u;
}

/* Writes the address as text into out (at least INET_TEXT_MAX bytes) and returns out. */
const char *inet_ip_text(int af, const union inet_ip *ip, char *out);

/* Writes a.b.c.d:port or [v6]:port; port in network order. out as above. */
const char *inet_ip_port_text(int af, const union inet_ip *ip, uint16_t port_be, char *out);

/* The address with all bits behind the first plen cleared. */
union inet_ip inet_ip_mask(int af, const union inet_ip *ip, unsigned plen);

/* True when both addresses agree in their first plen bits. */
bool inet_ip_in_prefix(int af, const union inet_ip *ip, const union inet_ip *prefix, unsigned plen);

/* Multicast: 224.0.0.0/4, ff00::/8. Link-local unicast: 169.254/16, fe80::/10. */
bool inet_ip_is_multicast(int af, const union inet_ip *ip);
bool inet_ip_is_linklocal(int af, const union inet_ip *ip);

#endif

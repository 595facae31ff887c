/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/proxy.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum {
	V2_FIXED = 16,
	V2_LOCAL = 0x20,
	V2_PROXY = 0x21,
	V2_UNSPEC = 0,
	V2_INET = 0x10,
	V2_INET6 = 0x20,
	V2_UNIX = 0x30,
	V2_STREAM = 1,
	V2_DGRAM = 2,
	V2_UNIX_LEN = 216,
};

static const uint8_t signature[12] = {0x0d, 0x0a, 0x0d, 0x0a, 0, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};

static unsigned
write_v1(uint8_t *out, const struct proxy_addrs *a)
{
	char line[PROXY_V1_MAX + 1], src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
	int family = a->af == INET_AF_V6 ? AF_INET6 : AF_INET, len;

	inet_ntop(family, &a->src, src, sizeof(src));
	inet_ntop(family, &a->dst, dst, sizeof(dst));
	len = snprintf(line, sizeof(line), "PROXY TCP%c %s %s %u %u\r\n", family == AF_INET6 ? '6' : '4', src,
		       dst, ntohs(a->sport_be), ntohs(a->dport_be));
	memcpy(out, line, (size_t)len);
	return (unsigned)len;
}

static unsigned
write_v2(uint8_t *out, bool udp, const struct proxy_addrs *a)
{
	unsigned len = inet_len(a->af);

	memcpy(out, signature, sizeof(signature));
	out[12] = V2_PROXY;
	out[13] = (uint8_t)((a->af == INET_AF_V6 ? V2_INET6 : V2_INET) | (udp ? V2_DGRAM : V2_STREAM));
	out[14] = 0;
	out[15] = (uint8_t)(2 * len + 4);
	memcpy(out + V2_FIXED, &a->src, len);
	memcpy(out + V2_FIXED + len, &a->dst, len);
	memcpy(out + V2_FIXED + 2 * len, &a->sport_be, 2);
	memcpy(out + V2_FIXED + 2 * len + 2, &a->dport_be, 2);
	return V2_FIXED + 2 * len + 4;
}

unsigned
proxy_write(uint8_t *out, unsigned version, bool udp, const struct proxy_addrs *a)
{
	return version == PROXY_V1 ? write_v1(out, a) : write_v2(out, udp, a);
}

/* Bytes of addresses that a family and transport byte announces; -1: no such family. */
static int
v2_addrs_len(uint8_t family)
{
	switch (family & 0xf0) {
	case V2_UNSPEC:
		return 0;
	case V2_INET:
		return 12;
	case V2_INET6:
		return 36;
	case V2_UNIX:
		return V2_UNIX_LEN;
	default:
		return -1;
	}
}

static bool
parse_v2(const uint8_t *data, unsigned len, struct proxy_header *out)
{
	unsigned rest;
	int addrs;

	if (len < V2_FIXED || memcmp(data, signature, sizeof(signature)) != 0)
		return false;
	rest = (unsigned)data[14] << 8 | data[15];
	addrs = v2_addrs_len(data[13]);
	if ((data[12] != V2_PROXY && data[12] != V2_LOCAL) || (data[13] & 15) > V2_DGRAM || addrs < 0 ||
	    rest + V2_FIXED > len)
		return false;
	if (data[12] == V2_PROXY && rest < (unsigned)addrs)
		return false;
	*out = (struct proxy_header){.version = PROXY_V2,
				     .has_addrs = data[12] == V2_PROXY && addrs > 0,
				     .len = (uint16_t)(rest + V2_FIXED)};
	return true;
}

/* A word of a line that ends at a blank or at the line's end; moves on behind the blank. */
static bool
word(const char **at, char *out, size_t room)
{
	size_t n = strcspn(*at, " ");

	if (n == 0 || n >= room)
		return false;
	memcpy(out, *at, n);
	out[n] = 0;
	*at += n + ((*at)[n] == ' ');
	return true;
}

static bool
is_port(const char *text)
{
	unsigned value = 0;

	if (*text == 0 || (text[0] == '0' && text[1]))
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		value = value * 10 + (unsigned)(*text - '0');
		if (value > UINT16_MAX)
			return false;
	}
	return true;
}

/* "TCP4 a b p q" or "TCP6 a b p q". */
static bool
names_addresses(const char *line)
{
	int family = line[3] == '6' ? AF_INET6 : AF_INET;
	char text[INET6_ADDRSTRLEN];
	uint8_t bytes[16];
	bool ends_well = line[0] && line[strlen(line) - 1] != ' ';

	line += 5;
	for (int i = 0; i < 2; i++)
		if (!word(&line, text, sizeof(text)) || inet_pton(family, text, bytes) != 1)
			return false;
	for (int i = 0; i < 2; i++)
		if (!word(&line, text, sizeof(text)) || !is_port(text))
			return false;
	return ends_well && *line == 0;
}

static bool
parse_v1(const uint8_t *data, unsigned len, struct proxy_header *out)
{
	static const char start[] = "PROXY ";
	char line[PROXY_V1_MAX + 1];
	unsigned n = len < PROXY_V1_MAX ? len : PROXY_V1_MAX;
	char *end;

	if (len < sizeof(start) || memcmp(data, start, sizeof(start) - 1) != 0)
		return false;
	memcpy(line, data, n);
	line[n] = 0;
	/* A NUL ends the text before the line does: no header. */
	end = strstr(line, "\r\n");
	if (!end)
		return false;
	*end = 0;
	*out = (struct proxy_header){.version = PROXY_V1, .len = (uint16_t)(end - line + 2)};
	if (strncmp(line + 6, "TCP4 ", 5) == 0 || strncmp(line + 6, "TCP6 ", 5) == 0) {
		out->has_addrs = true;
		return names_addresses(line + 6);
	}
	return strcmp(line + 6, "UNKNOWN") == 0 || strncmp(line + 6, "UNKNOWN ", 8) == 0;
}

bool
proxy_parse(const uint8_t *data, unsigned len, struct proxy_header *out)
{
	return parse_v2(data, len, out) || parse_v1(data, len, out);
}

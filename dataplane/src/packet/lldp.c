/* SPDX-License-Identifier: Apache-2.0 */
#include "packet/lldp.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
	TLV_END = 0,
	TLV_CHASSIS = 1,
	TLV_PORT = 2,
	TLV_TTL = 3,
	TLV_PORT_DESCRIPTION = 4,
	TLV_SYSTEM = 5,
	TLV_SYSTEM_DESCRIPTION = 6,
	TLV_CAPABILITIES = 7,
	TLV_ADDRESS = 8,
	TLV_ORGANIZATION = 127,
	CHASSIS_MAC = 4,
	CHASSIS_ADDRESS = 5,
	PORT_MAC = 3,
	PORT_ADDRESS = 4,
	AFI_IPV4 = 1, /* IANA address family numbers */
	AFI_IPV6 = 2,
	NUMBERING_UNKNOWN = 1,
	CAPABILITY_STATION = 0x80,
	TEXT_MAX = 255,
	ID_MAX = 255,
	ADDRESS_MIN = 9,
};

const uint8_t lldp_group[6] = {0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e};

/* ---- writing ---- */

struct writer {
	uint8_t *at, *end;
	bool full;
};

static uint8_t *
tlv(struct writer *w, unsigned type, size_t len)
{
	uint8_t *body = w->at + 2;

	if (w->full || (size_t)(w->end - w->at) < len + 2) {
		w->full = true;
		return NULL;
	}
	w->at[0] = (uint8_t)(type << 1 | len >> 8);
	w->at[1] = (uint8_t)len;
	w->at = body + len;
	return body;
}

static void
put_text(struct writer *w, unsigned type, const char *text)
{
	size_t len = strnlen(text, TEXT_MAX);
	uint8_t *body = tlv(w, type, len);

	if (body)
		memcpy(body, text, len);
}

static void
put_id(struct writer *w, unsigned type, uint8_t subtype, const void *id, size_t len)
{
	uint8_t *body = tlv(w, type, len + 1);

	if (!body)
		return;
	body[0] = subtype;
	memcpy(body + 1, id, len);
}

/* Address, then a number of the interface that nobody knows and no object identifier (8.5.9). */
static void
put_address(struct writer *w, int af, const union inet_ip *ip)
{
	size_t len = af == INET_AF_V6 ? 16 : 4;
	uint8_t *body = tlv(w, TLV_ADDRESS, len + 8);

	if (!body)
		return;
	memset(body, 0, len + 8);
	body[0] = (uint8_t)(len + 1);
	body[1] = af == INET_AF_V6 ? AFI_IPV6 : AFI_IPV4;
	memcpy(body + 2, ip->b, len);
	body[2 + len] = NUMBERING_UNKNOWN;
}

size_t
lldp_build(const struct lldp_station *s, uint8_t *out, size_t size)
{
	enum { PORT_IFNAME = 5 };
	static const uint8_t station[4] = {0, CAPABILITY_STATION, 0, CAPABILITY_STATION};
	struct writer w = {.at = out, .end = out + size};
	uint8_t *body;

	put_id(&w, TLV_CHASSIS, CHASSIS_MAC, s->mac, 6);
	put_id(&w, TLV_PORT, PORT_IFNAME, s->ifname, strnlen(s->ifname, ID_MAX));
	body = tlv(&w, TLV_TTL, 2);
	if (body) {
		body[0] = (uint8_t)(s->ttl_s >> 8);
		body[1] = (uint8_t)s->ttl_s;
	}
	put_text(&w, TLV_PORT_DESCRIPTION, s->description);
	put_text(&w, TLV_SYSTEM, s->system);
	put_text(&w, TLV_SYSTEM_DESCRIPTION, s->system_description);
	body = tlv(&w, TLV_CAPABILITIES, sizeof(station));
	if (body)
		memcpy(body, station, sizeof(station));
	for (unsigned i = 0; i < s->naddresses && i < LLDP_ADDRESSES_MAX; i++)
		put_address(&w, s->address[i].af, &s->address[i].ip);
	tlv(&w, TLV_END, 0);
	return w.full ? 0 : (size_t)(w.at - out);
}

/* ---- reading ---- */

struct tlv {
	unsigned type;
	size_t len;
	const uint8_t *body;
};

/* False at the end of the bytes, or when the next TLV does not fit into them. */
static bool
next(const uint8_t **at, const uint8_t *end, struct tlv *out)
{
	if (end - *at < 2)
		return false;
	out->type = (*at)[0] >> 1;
	out->len = (size_t)((*at)[0] & 1) << 8 | (*at)[1];
	out->body = *at + 2;
	if ((size_t)(end - out->body) < out->len)
		return false;
	*at = out->body + out->len;
	return true;
}

bool
lldp_check(const uint8_t *pdu, size_t len, uint16_t *ttl_s)
{
	static const struct {
		size_t min, max;
	} fits[] = {[TLV_CHASSIS] = {2, ID_MAX + 1}, [TLV_PORT] = {2, ID_MAX + 1}, [TLV_TTL] = {2, 511}};
	const uint8_t *at = pdu, *end = pdu + len;
	struct tlv t;

	for (unsigned type = TLV_CHASSIS; type <= TLV_TTL; type++)
		if (!next(&at, end, &t) || t.type != type || t.len < fits[type].min || t.len > fits[type].max)
			return false;
	*ttl_s = (uint16_t)(t.body[0] << 8 | t.body[1]);
	while (next(&at, end, &t)) {
		if (t.type == TLV_END)
			return true;
		/* These three stand once. */
		if (t.type <= TLV_TTL)
			return false;
	}
	/* Many leave the end out; what is cut off is not accepted. */
	return at == end;
}

/* ---- as text ---- */

struct text {
	char *at;
	size_t left; /* the NUL included */
};

static void __attribute__((format(printf, 2, 3))) say(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->at, t->left, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n >= t->left)
		n = (int)t->left - 1;
	t->at += n;
	t->left -= (size_t)n;
}

static void
say_bytes(struct text *t, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		bool printable = p[i] >= 0x20 && p[i] < 0x7f;

		if (p[i] == '%')
			say(t, "%%%%");
		else
			say(t, "%c", printable ? p[i] : '.');
	}
}

static void
say_mac(struct text *t, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		say(t, i ? ":%02x" : "%02x", p[i]);
}

/* af: an address family number of IANA. False: another family, or another length. */
static bool
say_address(struct text *t, uint8_t af, const uint8_t *p, size_t len)
{
	bool v6 = af == AFI_IPV6;
	char text[INET6_ADDRSTRLEN];

	if ((!v6 && af != AFI_IPV4) || len != (v6 ? 16u : 4u) ||
	    !inet_ntop(v6 ? AF_INET6 : AF_INET, p, text, sizeof(text)))
		return false;
	say(t, "%s: %s", v6 ? "IPv6" : "IPv4", text);
	return true;
}

/* Chassis and port: a subtype and an identifier. */
static void
say_id(struct text *t, const struct tlv *v, unsigned mac, unsigned address, const char *const *names,
       size_t n)
{
	uint8_t subtype = v->len ? v->body[0] : 0;
	const uint8_t *id = v->body + 1;
	size_t len = v->len ? v->len - 1 : 0;

	say(t, "\t");
	if (subtype == mac && len == 6) {
		say(t, "MAC: ");
		say_mac(t, id, len);
	} else if (subtype != address || len == 0 || !say_address(t, id[0], id + 1, len - 1)) {
		if (subtype < n && names[subtype])
			say(t, "%s: ", names[subtype]);
		else
			say(t, "Subtype %u: ", subtype);
		say_bytes(t, id, len);
	}
	say(t, "\n");
}

static void
say_capabilities(struct text *t, const struct tlv *v)
{
	static const char *const names[] = {"Other",
					    "Repeater",
					    "Bridge",
					    "WLAN Access Point",
					    "Router",
					    "Telephone",
					    "Docsis Cable Device",
					    "Station Only",
					    "C-VLAN component",
					    "S-VLAN component",
					    "Two-port MAC Relay"};

	for (unsigned half = 0; half < 2; half++) {
		unsigned bits = (unsigned)v->body[half * 2] << 8 | v->body[half * 2 + 1];
		const char *between = "";

		say(t, "\t%s capabilities: ", half ? "Enabled" : "System");
		for (unsigned i = 0; i < 16; i++) {
			if (!(bits >> i & 1))
				continue;
			if (i < sizeof(names) / sizeof(names[0]))
				say(t, "%s%s", between, names[i]);
			else
				say(t, "%sReserved %u", between, i);
			between = ", ";
		}
		say(t, "\n");
	}
}

static void
say_management(struct text *t, const struct tlv *v)
{
	static const char *const numbering[] = {NULL, "Unknown interface subtype", "Interface index",
						"System port number"};
	size_t len = v->len ? v->body[0] : 0; /* the family number included */
	const uint8_t *rest;

	if (v->len < ADDRESS_MIN || len < 2 || len + 7 > v->len) {
		say(t, "\tmalformed\n");
		return;
	}
	say(t, "\t");
	if (!say_address(t, v->body[1], v->body + 2, len - 1)) {
		say(t, "Address family %u: ", v->body[1]);
		say_mac(t, v->body + 2, len - 1);
	}
	rest = v->body + 1 + len;
	if (rest[0] < 4 && numbering[rest[0]])
		say(t, "\n\t%s", numbering[rest[0]]);
	else
		say(t, "\n\tInterface subtype");
	say(t, "(%u): %u\n", rest[0],
	    (unsigned)rest[1] << 24 | (unsigned)rest[2] << 16 | (unsigned)rest[3] << 8 | rest[4]);
}

static void
say_organization(struct text *t, const struct tlv *v)
{
	if (v->len < 4) {
		say(t, "\tmalformed\n");
		return;
	}
	say(t, "\tOUI: %02x-%02x-%02x, subtype %u: ", v->body[0], v->body[1], v->body[2], v->body[3]);
	for (size_t i = 4; i < v->len; i++)
		say(t, "%02x", v->body[i]);
	say(t, "\n");
}

static void
say_tlv(struct text *t, const struct tlv *v)
{
	static const char *const chassis[] = {NULL,  "Chassis component", "Interface alias", "Port component",
					      "MAC", "Network address",	  "Interface name",  "Local"};
	static const char *const port[] = {NULL,
					   "Interface alias",
					   "Port component",
					   "MAC",
					   "Network address",
					   "Interface Name",
					   "Agent circuit ID",
					   "Local"};
	static const char *const titles[] = {
	    [TLV_CHASSIS] = "Chassis ID TLV",
	    [TLV_PORT] = "Port ID TLV",
	    [TLV_TTL] = "Time to Live TLV",
	    [TLV_PORT_DESCRIPTION] = "Port Description TLV",
	    [TLV_SYSTEM] = "System Name TLV",
	    [TLV_SYSTEM_DESCRIPTION] = "System Description TLV",
	    [TLV_CAPABILITIES] = "System Capabilities TLV",
	    [TLV_ADDRESS] = "Management Address TLV",
	};

	if (v->type == TLV_ORGANIZATION)
		say(t, "Organizationally Specific TLV (%u)\n", v->type);
	else
		say(t, "%s (%u)\n", v->type <= TLV_ADDRESS ? titles[v->type] : "Reserved TLV", v->type);
	if (v->type == TLV_CHASSIS) {
		say_id(t, v, CHASSIS_MAC, CHASSIS_ADDRESS, chassis, sizeof(chassis) / sizeof(chassis[0]));
	} else if (v->type == TLV_PORT) {
		say_id(t, v, PORT_MAC, PORT_ADDRESS, port, sizeof(port) / sizeof(port[0]));
	} else if (v->type == TLV_TTL && v->len >= 2) {
		say(t, "\t%u\n", (unsigned)v->body[0] << 8 | v->body[1]);
	} else if (v->type == TLV_CAPABILITIES && v->len >= 4) {
		say_capabilities(t, v);
	} else if (v->type == TLV_ADDRESS) {
		say_management(t, v);
	} else if (v->type == TLV_ORGANIZATION) {
		say_organization(t, v);
	} else {
		say(t, "\t");
		say_bytes(t, v->body, v->len);
		say(t, "\n");
	}
}

void
lldp_text(const uint8_t *pdu, size_t len, char *out, size_t size)
{
	const uint8_t *at = pdu, *end = pdu + len;
	struct text t = {out, size};
	struct tlv v;

	if (size == 0)
		return;
	*out = '\0';
	while (next(&at, end, &v)) {
		if (v.type == TLV_END) {
			say(&t, "End of LLDPDU TLV\n");
			return;
		}
		say_tlv(&t, &v);
	}
}

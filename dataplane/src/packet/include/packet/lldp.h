/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of the Link Layer Discovery Protocol, IEEE 802.1AB: a data unit is TLVs of 7 bits of type and 9
 * bits of length, with chassis, port and time to live in front, in this order.
 */
#ifndef PACKET_LLDP_H
#define PACKET_LLDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/inet.h"

enum {
	LLDP_ETHER_TYPE = 0x88cc,
	LLDP_PDU_MAX = 1500,
	LLDP_ADDRESSES_MAX = 8, /* that we tell */
};

/* 01:80:c2:00:00:0e: bridges do not pass it on. */
extern const uint8_t lldp_group[6];

/* What a station tells about itself. */
struct lldp_station {
	uint8_t mac[6];
	const char *ifname;	 /* port id */
	const char *description; /* of the port */
	const char *system, *system_description;
	uint16_t ttl_s;
	unsigned naddresses;
	struct {
		int af;
		union inet_ip ip;
	} address[LLDP_ADDRESSES_MAX];
};

/* Writes a data unit; texts are cut to what a TLV can hold. Returns its length in bytes, 0 when size is too
 * small (LLDP_PDU_MAX is enough). */
size_t lldp_build(const struct lldp_station *s, uint8_t *out, size_t size);

/* True for a data unit that a receiver accepts (9.2.7.7.1): the three TLVs in front, in order and with
 * lengths that they can have, and all others inside of len. *ttl_s: how long it holds; 0: the neighbour
 * leaves. */
bool lldp_check(const uint8_t *pdu, size_t len, uint16_t *ttl_s);

/*
 * A data unit as text: a line for each TLV and indented lines for what it says, NUL-terminated, cut at size.
 * Bytes of texts that are not printable become dots, and every % is doubled, because readers exist that take
 * the text for a format. Any bytes may be given.
 */
void lldp_text(const uint8_t *pdu, size_t len, char *out, size_t size);

#endif

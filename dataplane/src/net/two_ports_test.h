/* SPDX-License-Identifier: Apache-2.0 */
/* Two ports with addresses and a peer on each, and frames that arrive there; for tests of input and
 * forwarding. */
#ifndef NET_TWO_PORTS_TEST_H
#define NET_TWO_PORTS_TEST_H

#include "net_test.h"

/*
 * Port 0 is 02:00:00:00:00:10 with 10.0.0.1/24 and 2001:db8::1/64, port 1 is 02:00:00:00:00:11
 * with 10.0.1.1/24 and 2001:db8:1::1/64. The peers .2 and ::2 on both have 02:00:00:00:00:aa.
 */
#define TO_PORT0   "020000000010 0200000000aa"
#define FROM_PORT0 "0200000000aa 020000000010"
#define FROM_PORT1 "0200000000aa 020000000011"

/* Set-up of a test: world_up(), addresses, static peers, nothing sent yet. */
int two_ports_up(void **state);

/* A frame in hex arrives at port 0. */
void hear(const char *hex);

/* UDP frames to port 0 with this much payload; the IPv4 header checksum is right. */
void hear_udp4(const char *src, const char *dst, unsigned payload, uint8_t ttl, bool df);
void hear_udp6(const char *src, const char *dst, unsigned payload, uint8_t hops);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small world for tests of this layer: two ports that are only memory, two workers without threads, a
 * stopped clock. What a worker sends and what the control lcore sends end up in one list of frames.
 */
#ifndef NET_TEST_H
#define NET_TEST_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "ctrl/ctrl.h"
#include "net/net.h"

enum { FRAMES_MAX = 1024, FRAME_ROOM = 2048 };

struct frame {
	uint16_t port;
	uint16_t len;
	uint8_t data[FRAME_ROOM];
};

extern struct frame frames[FRAMES_MAX]; /* sent since frames_clear(), in order */
extern unsigned nframes;

/* Starts the EAL once and builds the world; addr_gen_mode is none, so that nothing is sent by itself. */
int world_up(void **state);
/* Checks that every packet buffer has come back. */
int world_down(void **state);

/* Lets the control lcore and the transmit queues work until nothing moves. */
void settle(void);
/* Moves the clock on, in ticks of 10 ms. */
void pass_ms(uint64_t ms);
void frames_clear(void);

/* A frame arrives at a port, on worker 0. */
void receive(uint16_t port, const uint8_t *frame, unsigned len);
/* A packet that starts at its IP header, for net_output() and friends. */
struct rte_mbuf *packet(const uint8_t *ip, unsigned len);

uint64_t drops(enum drop_reason why); /* sum over workers and the control lcore since world_up() */

union inet_ip ip4(const char *text);
union inet_ip ip6(const char *text);
/* Hex text with blanks to bytes; returns their number. */
unsigned bytes(const char *hex, uint8_t *out, unsigned room);
void assert_frame(unsigned index, uint16_t port, const char *hex);

/* One control request. The reply stays until the next one. */
int request(uint32_t id, int32_t type, const void *body, size_t len);
const uint8_t *reply_bytes(void);
size_t reply_len(void);

/* A set request whose body is written in hex; what it sends is in frames[] afterwards. */
int set_hex(uint32_t id, const char *hex);
/* Fills a device name field. */
void ctrl_name(char out[16], const char *name);

/* Shorthands that must succeed. */
void must_add_addr(const char *ip, unsigned plen, uint16_t port);
void must_add_route(const char *prefix, unsigned plen, const char *via, uint16_t port);

extern const struct rte_ether_addr peer_mac;

#endif

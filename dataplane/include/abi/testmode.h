/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of a daemon in test mode (`dpvs --test-ports`): ports without a device, into which a test puts
 * frames and from which it takes them, and a clock that the test moves. No other daemon serves these ids.
 * Native byte order.
 */
#ifndef ABI_TESTMODE_H
#define ABI_TESTMODE_H

#include "base.h"

#define DS_TEST_CLOCK  0x44530f00 /* set: struct ds_test_clock; reply struct ds_test_time */
#define DS_TEST_INJECT 0x44530f01 /* set: one or more struct ds_test_frame_in, each with its bytes */
#define DS_TEST_COLLECT                                                                                      \
	0x44530f02 /* get: struct ds_test_collect; reply any number of struct ds_test_frame_out with bytes   \
		    */
#define DS_TEST_SETTLE 0x44530f03 /* get: struct ds_test_settle; reply struct ds_test_settled */

#define DS_TEST_FLOWS 0x44530f04 /* get: no body; reply any number of struct ds_test_flow */

#define DS_TEST_HOLD 0x44530f05 /* set: struct ds_test_hold */

/* get: struct ds_test_busy and frames as in DS_TEST_INJECT; reply as that of DS_TEST_COLLECT */
#define DS_TEST_BUSY 0x44530f06

/* ds_test_clock.op. */
#define DS_TEST_CLOCK_READ 0
#define DS_TEST_CLOCK_STOP 1 /* the clock stands from now on */
#define DS_TEST_CLOCK_WARP 2 /* a stopped clock advances by ms */

struct ds_test_clock {
	uint32_t op; /* DS_TEST_CLOCK_* */
	uint32_t pad0;
	uint64_t ms;
};
ABI_SIZE(struct ds_test_clock, 16);
ABI_OFFSET(struct ds_test_clock, ms, 8);

struct ds_test_time {
	uint64_t now_ms;  /* milliseconds of the daemon's clock */
	uint32_t stopped; /* 1 when it stands */
	uint32_t pad0;
};
ABI_SIZE(struct ds_test_time, 16);

/* ds_test_frame_in.flags: what the device says of the IPv4 header checksum; neither: nothing. */
#define DS_TEST_FRAME_CSUM_GOOD 0x1
#define DS_TEST_FRAME_CSUM_BAD	0x2

/* Added to the id of a port: its interface in the kernel, whose part the test plays. */
#define DS_TEST_KERNEL 0x8000

/* A frame to be received; `len` bytes, from the Ethernet header on and without checksum, follow. */
struct ds_test_frame_in {
	uint16_t port;	/* index of the test port */
	uint16_t queue; /* receive queue */
	uint32_t len;
	uint32_t first; /* bytes in the first buffer of the packet, the rest follows in more buffers; 0: as
			   many as fit */
	uint32_t flags; /* DS_TEST_FRAME_* */
};
ABI_SIZE(struct ds_test_frame_in, 16);
ABI_OFFSET(struct ds_test_frame_in, first, 8);

struct ds_test_collect {
	uint16_t port;
	uint8_t pad0[6];
};
ABI_SIZE(struct ds_test_collect, 8);

/* A frame that was sent on the port since the last collection; `len` bytes follow, without padding. Oldest
 * first. */
struct ds_test_frame_out {
	uint32_t len;
	uint16_t port;
	uint8_t pad0[2];
};
ABI_SIZE(struct ds_test_frame_out, 8);

/* A flow rule that a test port has (`--test-ports N,Q,flow`). Host byte order but for addr. */
struct ds_test_flow {
	uint16_t port, queue;
	uint16_t vlan;	      /* 0: none */
	uint8_t af;	      /* 2 or 10 */
	uint8_t proto;	      /* 6 or 17 */
	uint8_t addr[16];     /* destination; IPv4 in the first 4 bytes */
	uint16_t value, mask; /* destination port & mask == value */
	uint16_t fuzzy;	      /* 1: may match more (fdir_mode signature) */
	uint16_t priority;
};
ABI_SIZE(struct ds_test_flow, 32);
ABI_OFFSET(struct ds_test_flow, addr, 8);

/* A worker that is stuck, or goes on. SETTLE does not wait for those that are stuck. */
struct ds_test_hold {
	uint32_t worker; /* index */
	uint32_t hold;	 /* 1: stuck from now on; 0: goes on */
};
ABI_SIZE(struct ds_test_hold, 8);

/* The frames are received, then the control lcore does nothing for a while, and then says what has come out of
 * a port meanwhile. */
struct ds_test_busy {
	uint32_t ms;
	uint16_t port; /* as in struct ds_test_collect */
	uint8_t pad0[2];
};
ABI_SIZE(struct ds_test_busy, 8);

#define DS_TEST_SETTLE_F_TIMERS 0x1 /* also wait until timers ran everywhere */

struct ds_test_settle {
	uint32_t flags; /* DS_TEST_SETTLE_F_* */
	uint32_t turns; /* turns to wait for, at least 3 */
};
ABI_SIZE(struct ds_test_settle, 8);

/* A test asks again until nothing is on its way any more. */
struct ds_test_settled {
	uint32_t busy; /* 1: packets are on their way, or lcores have not made their turns yet */
	uint32_t pad0;
};
ABI_SIZE(struct ds_test_settled, 8);

#endif

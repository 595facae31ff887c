/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Admission of new flows by a worker that cannot keep up. A packet that opens a connection costs many times
 * what a packet of a known one costs, so a flood of new flows makes the receive queue overflow, and the
 * device then drops packets of everybody. A worker that never gets to the end of its queues gives new flows
 * no more than what empties the queues again; packets of connections always pass.
 *
 * Nothing is limited while there are no packets of connections to protect: then the device may as well drop.
 *
 * Time only in milliseconds of the clock; the rest counts turns of the worker's loop.
 */
#ifndef LB_ADMISSION_H
#define LB_ADMISSION_H

#include <stdbool.h>
#include <stdint.h>

enum {
	ADMISSION_STREAK = 64,	   /* turns with a full vector before new flows are limited … */
	ADMISSION_STREAK_MS = 2,   /* … for at least so long */
	ADMISSION_PRESSED = 2,	   /* while limited: after so many there is no room for new flows */
	ADMISSION_TRICKLE = 8,	   /* turns for one new flow even then */
	ADMISSION_BUDGET_MAX = 32, /* new flows of a turn: all that may come in one vector */
	ADMISSION_BUDGET = 4,	   /* at first */
	ADMISSION_QUIET_MS = 1000, /* without pressure until nothing is limited any more */
	ADMISSION_SHARE = 64,	   /* packets of connections are worth it from one in so many on */
	ADMISSION_KEYS = 16,
};

/* Destination of packets that are known to be for a service. */
struct lb_admission_key {
	uint8_t daddr[16]; /* IPv4: the first 4 bytes */
	uint16_t dport;
	uint8_t proto, len; /* of the address, bytes; 0: no key */
};

struct lb_admission {
	bool on;					/* new flows are limited */
	uint16_t streak;				/* turns in a row that had a full vector */
	uint16_t budget;				/* new flows of a turn */
	int32_t left;					/* of this turn */
	uint32_t turns;					/* under pressure */
	uint64_t misses;				/* packets that were to open a connection, ever */
	uint64_t since_ms, since_packets, since_misses; /* the streak's beginning */
	uint64_t pressed_ms, grown_ms;			/* when the budget last fell and rose */
	uint64_t full, handed_in;			/* the worker's counters, last turn */
	uint64_t keys_ms;
	struct lb_admission_key keys[ADMISSION_KEYS]; /* found since keys_ms; services may go at any time */
};

/* A turn ended in which a queue had a full vector, or none had. packets: received by the worker, ever. */
void lb_admission_turn(struct lb_admission *a, bool full, uint64_t packets, uint64_t now_ms);

/* A packet wants to open a connection: may it? */
static inline bool
lb_admit(struct lb_admission *a)
{
	a->misses++;
	return !a->on || --a->left >= 0;
}

/* Remembers that packets to an address, port and protocol are a service's. Port in network order. */
void lb_admission_learn(struct lb_admission *a, const uint8_t *daddr, uint8_t len, uint16_t dport,
			uint8_t proto);
/* True when a packet without connection is known to be a service's, and there is no room for it. Cheap: a
 * flood is mostly this. */
bool lb_admission_refuses(struct lb_admission *a, const uint8_t *daddr, uint8_t len, uint16_t dport,
			  uint8_t proto);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The flows that talkers_tick() adds up; private to this layer, control lcore. */
#ifndef PORT_TALKERS_FLOWS_H
#define PORT_TALKERS_FLOWS_H

#include "base/inet.h"
#include "port/talkers.h"

enum { TALKERS_ONE_OF = 1024, TALKERS_SLOTS = 30, TALKERS_SLOT_MS = 1000, TALKERS_FLOWS = 4096 };

/* A flow as packets of the other side have it: what is sent counts for the flow that it answers. No padding.
 */
struct talkers_key {
	union inet_ip saddr, daddr;
	uint16_t sport_be, dport_be;
	uint16_t port; /* id of the device */
	uint8_t af;    /* enum inet_family */
	uint8_t proto;
};
_Static_assert(sizeof(struct talkers_key) == 40, "keys have no padding");

struct talkers_flow {
	struct talkers_key key;
	uint16_t worker;
	uint32_t bytes[TALKERS_DIRECTIONS][TALKERS_SLOTS]; /* of frames that were noted */
	uint64_t total[TALKERS_DIRECTIONS];
	int32_t next; /* of its bucket; -1: none */
	bool used;
};

/* NOMEM. What was added up is forgotten when it is switched off. */
int talkers_enable(bool on);
/* Adds a frame that was noted. */
void talkers_add(const struct talkers_key *key, uint16_t worker, enum talkers_direction dir, uint32_t bytes);
/* Up to n flows of a device, or of all (PORT_NONE), those with the most bytes, these first. Returns their
 * number. */
unsigned talkers_top(uint16_t port, const struct talkers_flow **top, unsigned n); /* top: n + 1 places */

void talkers_ctrl_register(void);

#endif

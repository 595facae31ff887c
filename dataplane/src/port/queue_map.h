/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which worker serves which queues of which port: from the worker blocks of the configuration, or worker i =
 * queue i when there are none. Private to the port layer; pure, so that every refusal can be tested.
 */
#ifndef PORT_QUEUE_MAP_H
#define PORT_QUEUE_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "core/conf.h"
#include "port/port.h"

struct queue_map_input {
	const struct conf *conf;
	unsigned nports, nworkers;
	struct {
		const char *name;
		bool is_member;		 /* of a bonding: nobody serves it */
		uint16_t max_rx, max_tx; /* queues that the device offers */
		int want_rx, want_tx;	 /* queue_number of the configuration; -1: not set */
	} port[PORTS_MAX];
	uint16_t lcore[WORKERS_MAX]; /* of worker i */
};

struct queue_list {
	uint8_t n;
	uint8_t id[PORT_QUEUES_MAX];
	uint8_t isolated[PORT_QUEUES_MAX]; /* rx: 1 + the lcore that receives for the worker; 0: itself */
};

struct queue_map {
	uint16_t nrxq[PORTS_MAX], ntxq[PORTS_MAX];
	struct {
		struct queue_list rx, tx;
		uint32_t isolated_ring; /* entries of the rings from isolated lcores */
		int relay; /* worker that sends for a worker without tx queue; -1: not needed */
	} at[WORKERS_MAX][PORTS_MAX];
	struct {
		struct queue_list rx, tx;
	} kernel[PORTS_MAX]; /* of the block of type kni */
};

/* Reasons for refusal; the numbers appear in the log as "error code". */
enum {
	QUEUE_MAP_BAD = -1,	  /* more queues than the device offers */
	QUEUE_MAP_RX_TWICE = -2,  /* an rx queue has two workers */
	QUEUE_MAP_TX_TWICE = -3,  /* likewise tx */
	QUEUE_MAP_HOLE = -4,	  /* queue ids are not 0…n-1 */
	QUEUE_MAP_NO_PORT = -5,	  /* a worker names a port that does not exist */
	QUEUE_MAP_NO_TX = -6,	  /* a worker without tx queue although the device has enough of them */
	QUEUE_MAP_NO_WORKER = -7, /* nobody forwards */
};

/* Fills map. Returns 0, or one of the above with a sentence in why. */
int queue_map_build(const struct queue_map_input *in, struct queue_map *map, char *why, size_t size);

#endif

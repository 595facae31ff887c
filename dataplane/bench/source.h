/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packet source: receive callbacks on two null devices make frames of chosen flows, on the worker's own
 * core and in its own time; the devices free what is sent. One job at a time tells it what to offer and what
 * to measure.
 */
#ifndef BENCH_SOURCE_H
#define BENCH_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "flood.h"
#include "frame.h"
#include "samples.h"

enum job_type {
	JOB_LIVES,  /* brings flows first … first + count - 1 through the steps; a sample is CHUNK lives */
	JOB_STEADY, /* packets of 2^bits known flows, or SYNs, for some time; a sample is SLICE packets per
		     * direction
		     */
	JOB_FLOOD,  /* packets of 2^bits known flows and of new ones, at rates of their own; no samples */
	JOB_IDLE,   /* offers nothing; a sample is a turn of the worker without work */
};

/* Ports of the daemon: clients are behind WAN, servers behind LAN; what comes in at one leaves at the other.
 */
enum { WAN = 0, LAN = 1, SOURCE_PORTS = 2 };

enum { BURST = 32, CHUNK = 256, SLICE_TURNS = 32, SLICE = SLICE_TURNS * BURST, STEPS_MAX = 8 };

struct job {
	enum job_type type;
	bool tcp, in, out;	     /* STEADY, FLOOD: protocol; STEADY: directions */
	bool syn;		     /* STEADY: SYNs of ever new flows, answered where they came in */
	const struct frame_net *net; /* LIVES, STEADY, FLOOD */
	unsigned bits, ms;	     /* STEADY, FLOOD, IDLE */
	double known_pps, new_pps;   /* FLOOD */
	uint32_t first, count;
	unsigned nsteps;
	enum frame_kind steps[STEPS_MAX];
	uint32_t idle_turn; /* IDLE: cycles of a turn without work; what a turn takes longer is work */
	/* Results. */
	uint64_t offered[SOURCE_PORTS]; /* packets received by the port */
	uint64_t unlearned; /* replies that could not be made because the client's packet never came out */
	uint64_t work_cycles;
	struct flood flood;
	uint64_t passed[FLOOD_KINDS]; /* FLOOD: packets that came out of the daemon */
	struct samples work, ceiling;
};

/* Takes over the devices: DPDK ports 0 (clients) and 1 (servers), started. 0, or a sentence says why not. */
const char *source_attach(void);

/* Runs a job on the worker and waits for its end. */
void source_run(struct job *job);

/* Packets that a port sent since the start. */
uint64_t source_sent(uint16_t port);

#endif

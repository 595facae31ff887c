/* SPDX-License-Identifier: Apache-2.0 */
/* What lcores are busy with, and how much room their rings and buffers have (DS_MSG_LCORE_LOAD). */
#ifndef ABI_LOAD_H
#define ABI_LOAD_H

#include "ext.h"

#define DS_TLV_LCORE_LOAD 112 /* struct ds_lcore_load, one for each lcore: control, workers, isolated, kernel */

/* ds_lcore_load.ring. */
#define DS_LOAD_RING_PUNT     0 /* from a worker to the control lcore */
#define DS_LOAD_RING_INJECT   1 /* from the control lcore to a worker */
#define DS_LOAD_RING_KERNEL   2 /* from a worker to the kernel, two rings in sum; kernel lcore: from the control lcore */
#define DS_LOAD_RING_HANDOVER 3 /* from other workers to a worker; in sum */
#define DS_LOAD_RING_ISOLATED 4 /* from an isolated lcore to workers; in sum */
#define DS_LOAD_RINGS	      5

/* Entries of rings; all 0 where an lcore has none of the kind. */
struct ds_ring_load {
	uint32_t size;
	uint32_t used; /* now */
	uint32_t most; /* during the last second, as seen a hundred times in it */
};
ABI_SIZE(struct ds_ring_load, 12);

struct ds_lcore_load {
	uint32_t lcore;
	uint8_t role; /* DS_LCORE_ROLE_* */
	uint8_t node; /* NUMA */
	uint8_t pad0[2];
	uint32_t window_ms; /* what the next four are means over, about a second; 0: none has passed yet */
	uint32_t busy;	 /* 1/1000 of the time that was spent in turns with packets; control lcore: as cpu */
	uint32_t cpu;	 /* 1/1000 of a CPU that the thread used */
	uint32_t cycles; /* for a packet, in turns with packets; 0: there were none */
	uint64_t pps;	 /* packets a second: received, or taken over from other workers */
	/* Since the start. The control lcore has turns only. */
	uint64_t turns, packets;
	uint64_t busy_cycles, total_cycles;
	uint64_t bursts_empty, bursts_low, bursts_high,
	    bursts_full;	       /* receive calls: 0, 1-16, 17-31, 32 frames */
	uint64_t hz;		       /* cycles a second */
	uint32_t pool_size, pool_free; /* packet buffers of the lcore's NUMA node */
	struct ds_ring_load ring[DS_LOAD_RINGS];
	uint8_t pad1[4];
};
ABI_SIZE(struct ds_lcore_load, 176);
ABI_OFFSET(struct ds_lcore_load, pps, 24);
ABI_OFFSET(struct ds_lcore_load, hz, 96);
ABI_OFFSET(struct ds_lcore_load, ring, 112);

#endif

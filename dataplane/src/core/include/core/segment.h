/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statistics segment: counters in memory that other processes may read (abi/segment.h has the form).
 *
 * It is a file in memory (memfd) of which each worker has a part in every vector; what is not used costs
 * address space only. After segment_share() nobody but this process can change it: the file is sealed against
 * every new way of writing, and what is handed out is a descriptor for reading. Where the kernel cannot do
 * that (before Linux 5.1, or memfd_create() is forbidden, or RLIMIT_FSIZE is too small), counters are in
 * ordinary memory and the segment is not handed out; nobody else notices.
 *
 * The control lcore makes and changes vectors; workers write the elements of their own part.
 */
#ifndef CORE_SEGMENT_H
#define CORE_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SEGMENT_VECTORS_MAX = 32 };

/* Begins an empty segment for n workers. nodes[i] is the memory node of worker i, negative for any; NULL:
 * any. 0, or EDPVS_NOMEM. */
int segment_init(unsigned n, const int *nodes);
void segment_fini(void);

/*
 * Adds a vector that has room for `max` elements of `size` bytes for each worker and none of them yet; it
 * begins at a page. Its name has at most 39 bytes. part[i] becomes the part of worker i. Before
 * segment_share(). 0, EDPVS_NOMEM or EDPVS_RESOURCE (too many vectors, or too late).
 */
int segment_vector(const char *name, uint32_t size, uint32_t max, void *part[]);

/* From now on a vector has its first `count` elements, at least as many as before and at most as there is
 * room for; new ones are zero. Their memory is there, on the nodes of their workers: no worker can fail or
 * wait for it. EDPVS_NOMEM: nothing changed. part0 is part[0] of segment_vector(). */
int segment_provide(const void *part0, uint32_t count);

/* Start-up is over: nothing is added any more. False when the segment cannot be handed out; the log says why.
 */
bool segment_share(void);
/* Descriptor for reading, to be duplicated; -1: the segment is not handed out. */
int segment_fd(void);
uint64_t segment_size(void);

/* Around every change of what an index means: readers start again. May be nested. */
void segment_change_begin(void);
void segment_change_end(void);

/* What else readers see. generation: of the configuration. now_ms: CLOCK_MONOTONIC, at every tick. */
void segment_generation(uint64_t generation);
void segment_beat(uint64_t now_ms);
void segment_boot_id(const uint8_t id[16]);

#endif

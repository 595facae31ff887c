/* SPDX-License-Identifier: Apache-2.0 */
#include "core/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/segment.h"
#include "core/errors.h"
#include "core/log.h"
#include "core/worker.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

enum { SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL, NODES_MAX = 1024 };

/* What is in the first page. */
struct head {
	struct ds_segment segment;
	uint8_t pad0[128 - sizeof(struct ds_segment)];
	struct ds_vector directory[SEGMENT_VECTORS_MAX];
};
_Static_assert(sizeof(struct head) <= 4096, "the head is one page");

static struct {
	unsigned nworkers;
	int nodes[WORKERS_MAX];
	size_t page;
	struct head *head;
	uint8_t *part[SEGMENT_VECTORS_MAX]; /* of worker 0 */
	int file;			    /* for writing; -1: ordinary memory */
	int shown;			    /* for reading; -1: not handed out */
	unsigned changing;
} seg = {.file = -1, .shown = -1};

/* Used between segment_fini() and segment_init(), and by programs without a segment. */
static struct head nowhere;

static struct ds_segment *
header(void)
{
	return seg.head ? &seg.head->segment : &nowhere.segment;
}

/* ---- memory ---- */

static int
file_open(void)
{
	int fd = memfd_create("dpvs-statistics", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

	/* Kernels before 6.3 do not know that such a file is never to be executed. */
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("dpvs-statistics", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd;
}

static void
file_close(const char *why)
{
	if (why)
		log_warning("core", "statistics are not handed out as a segment: %s", why);
	if (seg.file >= 0)
		close(seg.file);
	seg.file = -1;
}

/* A file that is longer than the process may make would end it by a signal. */
static bool
may_grow_to(uint64_t size)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_FSIZE, &limit) || limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= size)
		return true;
	limit.rlim_cur = limit.rlim_max;
	return (limit.rlim_max == RLIM_INFINITY || limit.rlim_max >= size) &&
	       setrlimit(RLIMIT_FSIZE, &limit) == 0;
}

static void *
map_file(uint64_t offset, size_t len)
{
	void *at;

	if (!may_grow_to(offset + len)) {
		file_close("the limit for the size of files (ulimit -f) is too small");
		return NULL;
	}
	if (ftruncate(seg.file, (off_t)(offset + len))) {
		file_close(strerror(errno));
		return NULL;
	}
	at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, seg.file, (off_t)offset);
	if (at == MAP_FAILED) {
		file_close(strerror(errno));
		return NULL;
	}
	/* Core dumps would make every page of it real. */
	madvise(at, len, MADV_DONTDUMP);
	return at;
}

static void *
map(uint64_t offset, size_t len)
{
	void *at = seg.file >= 0 ? map_file(offset, len) : NULL;

	if (at)
		return at;
	at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return at == MAP_FAILED ? NULL : at;
}

/* Memory of a worker comes from its node, whoever touches it first. Without the permission or the system call
 * it comes from anywhere, which is slower and not wrong. */
static void
prefer_node(void *at, size_t len, int node)
{
	unsigned long mask[NODES_MAX / (8 * sizeof(unsigned long))] = {0};

	if (node < 0 || node >= NODES_MAX)
		return;
	mask[(size_t)node / (8 * sizeof(mask[0]))] = 1ul << ((size_t)node % (8 * sizeof(mask[0])));
	syscall(SYS_mbind, at, len, MPOL_PREFERRED, mask, (unsigned long)NODES_MAX, 0u);
}

static uint64_t
round_up(uint64_t n)
{
	return (n + seg.page - 1) & ~(uint64_t)(seg.page - 1);
}

/* ---- start and end ---- */

int
segment_init(unsigned n, const int *nodes)
{
	seg.page = (size_t)sysconf(_SC_PAGESIZE);
	seg.nworkers = n;
	seg.changing = 0;
	for (unsigned i = 0; i < n; i++)
		seg.nodes[i] = nodes ? nodes[i] : -1;
	seg.file = file_open();
	if (seg.file < 0)
		file_close(strerror(errno));
	seg.head = map(0, seg.page);
	if (!seg.head) {
		file_close(NULL);
		return EDPVS_NOMEM;
	}
	seg.head->segment = (struct ds_segment){.magic = DS_SEGMENT_MAGIC,
						.version = DS_SEGMENT_VERSION,
						.nworkers = n,
						.size = seg.page,
						.epoch = 1,
						.directory = offsetof(struct head, directory)};
	return EDPVS_OK;
}

static size_t
vector_bytes(const struct ds_vector *v)
{
	return v->stride * seg.nworkers;
}

void
segment_fini(void)
{
	if (!seg.head)
		return;
	for (unsigned i = 0; i < seg.head->segment.nvectors; i++)
		munmap(seg.part[i], vector_bytes(&seg.head->directory[i]));
	munmap(seg.head, seg.page);
	seg.head = NULL;
	file_close(NULL);
	if (seg.shown >= 0)
		close(seg.shown);
	seg.shown = -1;
}

int
segment_vector(const char *name, uint32_t size, uint32_t max, void *part[])
{
	struct ds_segment *s = header();
	struct ds_vector v = {.offset = s->size, .stride = round_up((uint64_t)size * max), .size = size};
	uint8_t *at;

	if (!seg.head || seg.shown >= 0 || s->nvectors == SEGMENT_VECTORS_MAX)
		return EDPVS_RESOURCE;
	at = map(v.offset, vector_bytes(&v));
	if (!at)
		return EDPVS_NOMEM;
	for (unsigned i = 0; i < seg.nworkers; i++) {
		part[i] = at + i * v.stride;
		prefer_node(part[i], v.stride, seg.nodes[i]);
	}
	snprintf(v.name, sizeof(v.name), "%s", name);
	segment_change_begin();
	seg.part[s->nvectors] = at;
	seg.head->directory[s->nvectors++] = v;
	s->size += vector_bytes(&v);
	segment_change_end();
	return EDPVS_OK;
}

static struct ds_vector *
vector_of(const void *part0)
{
	for (unsigned i = 0; seg.head && i < seg.head->segment.nvectors; i++)
		if (seg.part[i] == part0)
			return &seg.head->directory[i];
	return NULL;
}

static int
provide(uint64_t offset, uint64_t len)
{
	int rc;

	do {
		rc = fallocate(seg.file, 0, (off_t)offset, (off_t)len);
	} while (rc && errno == EINTR);
	return rc ? EDPVS_NOMEM : EDPVS_OK;
}

int
segment_provide(const void *part0, uint32_t count)
{
	struct ds_vector *v = vector_of(part0);
	uint64_t first;

	if (!v || count <= v->count)
		return EDPVS_OK;
	first = (uint64_t)v->count * v->size;
	for (unsigned i = 0; i < seg.nworkers && seg.file >= 0; i++)
		if (provide(v->offset + i * v->stride + first, (uint64_t)count * v->size - first))
			return EDPVS_NOMEM;
	segment_change_begin();
	v->count = count;
	segment_change_end();
	return EDPVS_OK;
}

/* ---- handing out ---- */

bool
segment_share(void)
{
	char path[64];

	if (seg.file < 0)
		return false;
	if (fcntl(seg.file, F_ADD_SEALS, SEALS)) {
		file_close("this kernel (before Linux 5.1) cannot seal memory against others' writing");
		return false;
	}
	/* Nobody but the super-user opens it for writing, to make the kernel give memory to what is empty. */
	fchmod(seg.file, S_IRUSR | S_IRGRP | S_IROTH);
	/* A description that cannot write. Should /proc not be there, the seals alone must do, and do. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", seg.file);
	seg.shown = open(path, O_RDONLY | O_CLOEXEC);
	if (seg.shown < 0)
		seg.shown = fcntl(seg.file, F_DUPFD_CLOEXEC, 0);
	return seg.shown >= 0;
}

int
segment_fd(void)
{
	return seg.shown;
}

uint64_t
segment_size(void)
{
	return header()->size;
}

/* ---- what readers watch ---- */

void
segment_change_begin(void)
{
	if (seg.changing++ > 0)
		return;
	__atomic_store_n(&header()->changing, 1, __ATOMIC_RELAXED);
	/* The mark is seen before any of what follows. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void
segment_change_end(void)
{
	struct ds_segment *s = header();

	if (--seg.changing > 0)
		return;
	__atomic_store_n(&s->epoch, s->epoch + 1, __ATOMIC_RELEASE);
	__atomic_store_n(&s->changing, 0, __ATOMIC_RELEASE);
}

void
segment_generation(uint64_t generation)
{
	__atomic_store_n(&header()->generation, generation, __ATOMIC_RELAXED);
}

void
segment_beat(uint64_t now_ms)
{
	__atomic_store_n(&header()->beat_ms, now_ms, __ATOMIC_RELAXED);
}

void
segment_boot_id(const uint8_t id[16])
{
	memcpy(header()->boot_id, id, sizeof(header()->boot_id));
}

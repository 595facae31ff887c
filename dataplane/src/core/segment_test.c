/* SPDX-License-Identifier: Apache-2.0 */
/* The statistics segment: what is in it, who can change it, and what happens where it cannot be had. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/segment.h"
#include "core/errors.h"
#include "core/segment.h"

enum { WORKERS = 2, BIG = 4 << 20 };

/* A segment with a small and a very large vector. */
static uint64_t *small[WORKERS];
static struct ds_stat_dest *big[WORKERS];

static void
make(void)
{
	static const int nodes[WORKERS] = {0, 0};

	assert_int_equal(segment_init(WORKERS, nodes), EDPVS_OK);
	assert_int_equal(segment_vector("/small", sizeof(uint64_t), 3, (void **)small), EDPVS_OK);
	assert_int_equal(segment_vector("/big", sizeof(struct ds_stat_dest), BIG, (void **)big), EDPVS_OK);
	assert_int_equal(segment_provide(small[0], 3), EDPVS_OK);
}

static int
setup(void **state)
{
	make();
	return 0;
}

static int
teardown(void **state)
{
	segment_fini();
	return 0;
}

/* Bytes of the segment as somebody who has its descriptor reads them. */
static void
read_at(uint64_t offset, void *to, size_t n)
{
	assert_int_equal(pread(segment_fd(), to, n, (off_t)offset), n);
}

static struct ds_segment
head(void)
{
	struct ds_segment s;

	read_at(0, &s, sizeof(s));
	return s;
}

static struct ds_vector
vector(const char *name)
{
	struct ds_segment s = head();
	struct ds_vector v;

	for (uint32_t i = 0; i < s.nvectors; i++) {
		read_at(s.directory + i * sizeof(v), &v, sizeof(v));
		if (strcmp(v.name, name) == 0)
			return v;
	}
	fail_msg("no vector %s", name);
	return v;
}

static uint64_t
small_at(unsigned worker, unsigned i)
{
	struct ds_vector v = vector("/small");
	uint64_t n;

	read_at(v.offset + worker * v.stride + i * v.size, &n, sizeof(n));
	return n;
}

static void
readers_see_what_workers_count(void **state)
{
	struct ds_vector v;
	struct ds_segment s;
	struct ds_stat_dest last;

	assert_true(segment_share());
	s = head();
	assert_true(s.magic == DS_SEGMENT_MAGIC);
	assert_int_equal(s.version, DS_SEGMENT_VERSION);
	assert_int_equal(s.nworkers, WORKERS);
	assert_int_equal(s.nvectors, 2);
	assert_int_equal(s.size, segment_size());
	assert_int_equal(vector("/small").count, 3);
	assert_int_equal(vector("/big").count, 0);
	assert_int_equal(segment_provide(big[0], 100), EDPVS_OK);
	v = vector("/big");
	assert_int_equal(v.count, 100);
	assert_int_equal(v.size, 64);
	assert_true(v.stride >= (uint64_t)BIG * 64);
	assert_true(v.offset + WORKERS * v.stride <= s.size);
	assert_int_equal((uintptr_t)big[1] % 4096, 0);

	small[0][2] = 7;
	small[1][0] = 8;
	big[1][BIG - 1].closed = 9;
	assert_int_equal(small_at(0, 2), 7);
	assert_int_equal(small_at(1, 0), 8);
	assert_int_equal(small_at(1, 2), 0);
	read_at(v.offset + v.stride + (BIG - 1) * 64ull, &last, sizeof(last));
	assert_int_equal(last.closed, 9);
}

static uint64_t
memory_used(void)
{
	struct stat st;

	assert_int_equal(fstat(segment_fd(), &st), 0);
	assert_int_equal(st.st_size, segment_size());
	return (uint64_t)st.st_blocks * 512;
}

static void
costs_only_what_is_used(void **state)
{
	uint64_t before, epoch;

	assert_true(segment_share());
	epoch = head().epoch;
	assert_true(segment_size() > 500u << 20);
	before = memory_used();
	assert_true(before < 100000);
	assert_int_equal(segment_provide(big[0], 1024), EDPVS_OK);
	assert_int_equal(memory_used() - before, WORKERS * 1024 * 64);
	assert_int_equal(segment_provide(big[0], 2048), EDPVS_OK);
	assert_int_equal(segment_provide(big[0], 1), EDPVS_OK); /* nothing is taken back */
	assert_int_equal(memory_used() - before, WORKERS * 2048 * 64);
	assert_int_equal(vector("/big").count, 2048);
	assert_true(head().epoch > epoch);
	assert_int_equal(big[0][1024].conns, 0);
	assert_int_equal(big[1][2047].conns, 0);
	big[0][1024].conns = big[1][2047].conns = 1;
	assert_int_equal(memory_used() - before, WORKERS * 2048 * 64);
}

/* Memory of a worker is asked for on its node, whoever touches it. */
static void
knows_the_node(void **state)
{
	unsigned long mask[16] = {0};
	int mode = -1;

	if (syscall(SYS_get_mempolicy, &mode, mask, 1024ul, &big[1][5], (unsigned long)MPOL_F_ADDR))
		skip(); /* no nodes here, or none of our business */
	assert_int_equal(mode, MPOL_PREFERRED);
	assert_int_equal(mask[0], 1);
}

static void
changes_are_announced(void **state)
{
	struct ds_segment s;
	uint64_t epoch;

	assert_true(segment_share());
	s = head();
	epoch = s.epoch;
	assert_int_equal(s.changing, 0);
	segment_change_begin();
	assert_int_equal(head().changing, 1);
	segment_change_begin();
	segment_change_end();
	assert_int_equal(head().changing, 1);
	assert_int_equal(head().epoch, epoch);
	segment_change_end();
	assert_int_equal(head().changing, 0);
	assert_int_equal(head().epoch, epoch + 1);
	segment_generation(5);
	segment_beat(6);
	segment_boot_id((const uint8_t[16]){1, [15] = 2});
	s = head();
	assert_int_equal(s.generation, 5);
	assert_int_equal(s.beat_ms, 6);
	assert_int_equal(s.boot_id[0], 1);
	assert_int_equal(s.boot_id[15], 2);
	assert_int_equal(s.epoch, epoch + 1);
}

/* ---- who can change it ---- */

/* Everything that writes, through one descriptor. */
static void
try_to_change(int fd)
{
	size_t len = (size_t)segment_size();
	uint64_t wrong[8];
	char *map;

	memset(wrong, 0xff, sizeof(wrong));
	assert_int_equal(pwrite(fd, wrong, sizeof(wrong), 0), -1);
	assert_int_equal(write(fd, wrong, sizeof(wrong)), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(ftruncate(fd, (off_t)(2 * len)), -1);
	assert_int_equal(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), -1);
	assert_int_equal(fallocate(fd, 0, (off_t)len, 4096), -1);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
	assert_true(mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	map = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
	assert_true(map != MAP_FAILED);
	assert_int_equal(mprotect(map, len, PROT_READ | PROT_WRITE), -1);
	assert_int_equal(madvise(map, 4096, MADV_REMOVE), -1);
	munmap(map, len);
	/* A copy of one's own is not the segment. */
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	assert_true(map != MAP_FAILED);
	memset(map, 0xff, 4096);
	munmap(map, 4096);
}

static void
nobody_else_can_change_it(void **state)
{
	struct ds_segment before;
	struct stat st;
	char path[64];
	int again;

	assert_true(segment_share());
	before = head();
	small[0][0] = 4711;
	assert_int_equal(fcntl(segment_fd(), F_GETFL) & O_ACCMODE, O_RDONLY);
	assert_int_equal(fstat(segment_fd(), &st), 0);
	assert_int_equal(st.st_mode & 0333, 0); /* to open it again for writing takes the super-user */
	try_to_change(segment_fd());
	/* The super-user opens what he likes, and is stopped by the seals. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", segment_fd());
	again = open(path, O_RDWR | O_CLOEXEC);
	if (again >= 0)
		try_to_change(again);
	if (again >= 0)
		close(again);
	assert_true(open(path, O_RDONLY | O_TRUNC) < 0 || head().magic == DS_SEGMENT_MAGIC);
	assert_int_equal(small_at(0, 0), 4711);
	assert_memory_equal(&before, (struct ds_segment[]){head()}, sizeof(before));
	/* We go on. */
	small[0][0]++;
	assert_int_equal(small_at(0, 0), 4712);
	segment_change_begin();
	segment_change_end();
	assert_int_equal(head().epoch, before.epoch + 1);
}

static void
nothing_is_added_afterwards(void **state)
{
	void *part[WORKERS];

	assert_true(segment_share());
	assert_int_equal(segment_vector("/late", 8, 1, part), EDPVS_RESOURCE);
	assert_int_equal(head().nvectors, 2);
}

static void
has_room_for_some_vectors(void **state)
{
	void *part[WORKERS];

	for (unsigned i = 2; i < SEGMENT_VECTORS_MAX; i++)
		assert_int_equal(segment_vector("/one", 8, 1, part), EDPVS_OK);
	assert_int_equal(segment_vector("/one", 8, 1, part), EDPVS_RESOURCE);
}

/* ---- where it cannot be had ---- */

/* In a process of its own, because limits do not come back. Its status is 0 when all was as expected. */
static void
in_child(void (*limit)(void), bool shared)
{
	int status;
	pid_t pid;

	segment_fini();
	pid = fork();
	if (pid == 0) {
		limit();
		make();
		small[1][1] = 3;
		big[0][BIG - 1].conns = 4;
		if (segment_provide(big[0], 1024) || small[1][1] != 3 || big[0][BIG - 1].conns != 4)
			_exit(1);
		segment_change_begin();
		segment_change_end();
		if (segment_share() != shared || (segment_fd() >= 0) != shared)
			_exit(2);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
no_descriptors(void)
{
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){0, 0});
}

static void
small_files_only(void)
{
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){1 << 20, 1 << 20});
}

static void
small_files_unless_asked(void)
{
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){1 << 20, RLIM_INFINITY});
}

static void
counts_in_ordinary_memory_otherwise(void **state)
{
	in_child(no_descriptors, false);
	in_child(small_files_only, false);
	in_child(small_files_unless_asked, true);
}

static void
nothing_breaks_without_one(void **state)
{
	segment_fini();
	segment_change_begin();
	segment_generation(1);
	segment_beat(1);
	segment_change_end();
	assert_false(segment_share());
	assert_int_equal(segment_fd(), -1);
	segment_fini();
}

int
main(void)
{
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
	    CASE(readers_see_what_workers_count),
	    CASE(costs_only_what_is_used),
	    CASE(knows_the_node),
	    CASE(changes_are_announced),
	    CASE(nobody_else_can_change_it),
	    CASE(nothing_is_added_afterwards),
	    CASE(has_room_for_some_vectors),
	    CASE(counts_in_ordinary_memory_otherwise),
	    CASE(nothing_breaks_without_one),
	};

	return cmocka_run_group_tests_name("segment", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads the programs of toa.bpf.c, attaches them to a cgroup and stays until it is told to end; then the
 * kernel takes them away again.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <mntent.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "toa.h"

/* The object file of the programs is part of this one. */
__asm__(".section .rodata\n"
	".balign 8\n"
	"toa_object: .incbin \"" TOA_OBJECT "\"\n"
	"toa_object_end: .byte 0\n"
	".previous\n");
extern const char toa_object[], toa_object_end[];

static bool verbose;

static const char usage[] =
    "usage: toa-bpf [-v] [-c CGROUP] NETWORK...\n"
    "Gives programs in CGROUP (a directory of cgroup2; the whole machine if none is given)\n"
    "the addresses of clients that reach them through a FullNAT balancer. NETWORK: local\n"
    "addresses of the balancer, such as 10.1.0.200 or 2001:db8:1::/64; others are not believed.\n"
    "Runs until SIGINT or SIGTERM. -v prints what libbpf and the kernel's verifier say.\n";

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("toa-bpf: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

static int
say(enum libbpf_print_level level, const char *format, va_list args)
{
	return verbose && level != LIBBPF_DEBUG ? vfprintf(stderr, format, args) : 0;
}

static const char *
cgroup2_mount(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "r");
	static char path[4096];
	struct mntent *m;

	path[0] = 0;
	while (mounts && !path[0] && (m = getmntent(mounts)))
		if (strcmp(m->mnt_type, "cgroup2") == 0)
			snprintf(path, sizeof(path), "%s", m->mnt_dir);
	if (mounts)
		endmntent(mounts);
	if (!path[0])
		die("no cgroup2 is mounted: mount -t cgroup2 none /sys/fs/cgroup, or name one with -c");
	return path;
}

/* "address" or "address/length". */
static struct toa_source
source_parse(const char *text)
{
	static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	struct toa_source source = {.prefix_len = 128};
	char addr[64], *slash, *end;
	unsigned long len;
	bool v4;

	if (strlen(text) >= sizeof(addr))
		die("%s is no address or network", text);
	strcpy(addr, text);
	slash = strchr(addr, '/');
	if (slash)
		*slash++ = 0;
	v4 = inet_pton(AF_INET, addr, source.addr + 12) == 1;
	if (v4)
		memcpy(source.addr, mapped, sizeof(mapped));
	else if (inet_pton(AF_INET6, addr, source.addr) != 1)
		die("%s is no address or network", text);
	if (!slash)
		return source;
	len = *slash >= '0' && *slash <= '9' ? strtoul(slash, &end, 10) : 129;
	if (len > (v4 ? 32 : 128) || *end)
		die("%s: the length of a network is 0 to %d", text, v4 ? 32 : 128);
	source.prefix_len = (__u32)(v4 ? 96 + len : len);
	return source;
}

static struct bpf_object *
load(void)
{
	struct bpf_object *object =
	    bpf_object__open_mem(toa_object, (size_t)(toa_object_end - toa_object), NULL);
	int err;

	if (!object)
		die("cannot read the programs: %s", strerror(errno));
	err = bpf_object__load(object);
	if (err == -EPERM)
		die("the kernel does not let me load programs: run me as root (CAP_BPF, CAP_NET_ADMIN)");
	if (err)
		die("the kernel does not take the programs (%s): it must be Linux 5.10 or later with "
		    "CONFIG_CGROUP_BPF; -v says more",
		    strerror(-err));
	return object;
}

static void
attach(struct bpf_object *object, const char *cgroup)
{
	struct bpf_program *program;
	int fd = open(cgroup, O_RDONLY | O_DIRECTORY);

	if (fd < 0)
		die("%s: %s", cgroup, strerror(errno));
	bpf_object__for_each_program(program, object)
	{
		if (!bpf_program__attach_cgroup(program, fd))
			die("cannot attach to %s: %s; it must be a directory of cgroup2", cgroup,
			    strerror(errno));
	}
	close(fd);
}

int
main(int argc, char **argv)
{
	const char *cgroup = NULL;
	struct bpf_object *object;
	sigset_t signals;
	int option, map, signal;

	while ((option = getopt(argc, argv, "c:hv")) != -1) {
		switch (option) {
		case 'c':
			cgroup = optarg;
			break;
		case 'v':
			verbose = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind == argc) {
		fputs("toa-bpf: whose word counts? Name the local addresses of the balancer.\n", stderr);
		fputs(usage, stderr);
		return 2;
	}
	if (argc - optind > TOA_SOURCES_MAX)
		die("at most %d networks", TOA_SOURCES_MAX);
	for (int i = optind; i < argc; i++)
		source_parse(argv[i]);
	if (!cgroup)
		cgroup = cgroup2_mount();

	/* Before the programs are there, so that no signal finds them half attached. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	libbpf_set_print(say);
	object = load();
	map = bpf_object__find_map_fd_by_name(object, "toa_sources");
	for (int i = optind; i < argc; i++) {
		struct toa_source source = source_parse(argv[i]);
		__u8 yes = 1;

		if (bpf_map_update_elem(map, &source, &yes, BPF_ANY))
			die("%s: %s", argv[i], strerror(errno));
	}
	attach(object, cgroup);
	printf("toa-bpf: programs in %s see clients behind %d network%s\n", cgroup, argc - optind,
	       argc - optind == 1 ? "" : "s");
	fflush(stdout);
	sigwait(&signals, &signal);
	return 0;
}

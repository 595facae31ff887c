/* SPDX-License-Identifier: Apache-2.0 */
#include "eal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_log.h>
#include <rte_version.h>

#include "core/log.h"

enum { ARGS_MAX = 128 };

void
eal_log_follow(void)
{
	static FILE *stream;
	FILE *old = stream;
	int fd = log_file_descriptor();

	stream = NULL;
	if (fd >= 0) {
		int copy = dup(fd);

		stream = copy < 0 ? NULL : fdopen(copy, "a");
		if (stream)
			setvbuf(stream, NULL, _IOLBF, 0);
	}
	rte_openlog_stream(stream);
	if (old)
		fclose(old);
}

static bool
asks_for_no_huge(const struct options *o)
{
	for (int i = 0; i < o->eal_argc; i++) {
		if (!strcmp(o->eal_argv[i], "--no-huge"))
			return true;
	}
	return false;
}

static bool
machine_has_hugepages(void)
{
	char line[128];
	long total = 0;
	FILE *f = fopen("/proc/meminfo", "re");

	if (!f)
		return false;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "HugePages_Total: %ld", &total) == 1)
			break;
	}
	fclose(f);
	return total > 0;
}

static void
say_failure(const struct options *o, int err)
{
	const char *reason = err ? rte_strerror(err) : "the EAL options were refused";
	const char *hint;

	if (err == EINVAL)
		hint = "the lines of EAL above name the option that is wrong; see dpvs -h for examples";
	else if (geteuid() != 0)
		hint = "dpvs has to be started by root";
	else if (!asks_for_no_huge(o) && !machine_has_hugepages())
		hint = "no huge pages are reserved: echo 1024 > /proc/sys/vm/nr_hugepages, or start with -- "
		       "--no-huge -m "
		       "512";
	else if (err == ENOMEM)
		hint = "give -m less than what is free, or reserve more huge pages";
	else if (err == EEXIST || err == EAGAIN)
		hint = "another DPDK process may be using the same files: choose another --file-prefix";
	else
		hint = "the lines of EAL above say which option or device it was; see dpvs -h for examples";
	log_err("main", "cannot start the DPDK environment (EAL): %s; %s", reason, hint);
}

/* The EAL goes on without a virtual device that it could not make, and the names of all later ports would
 * move up by one. */
static int
check_virtual_devices(const struct options *o)
{
	for (int i = 0; i < o->eal_argc; i++) {
		const char *arg = o->eal_argv[i], *device = NULL;
		char name[64];
		uint16_t id;

		if (!strcmp(arg, "--vdev") && i + 1 < o->eal_argc)
			device = o->eal_argv[i + 1];
		else if (!strncmp(arg, "--vdev=", 7))
			device = arg + 7;
		if (!device || strncmp(device, "net_", 4))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(device, ","), device);
		if (rte_eth_dev_get_port_by_name(name, &id)) {
			log_err("main",
				"the virtual device %s could not be made, the lines above say why: does its "
				"interface exist?",
				device);
			return -1;
		}
	}
	return 0;
}

int
eal_start(const char *argv0, const struct options *o)
{
	static char no_telemetry[] = "--no-telemetry";
	static char *argv[ARGS_MAX + 1];
	sigset_t realtime;
	int argc = 0;

	argv[argc++] = strdup(argv0);
	if (o->eal_argc > ARGS_MAX - 2) {
		log_err("main", "more than %d EAL options", ARGS_MAX - 2);
		return -1;
	}
	for (int i = 0; i < o->eal_argc; i++)
		argv[argc++] = o->eal_argv[i];
	if (o->eal_argc == 0)
		argv[argc++] = no_telemetry;
	if (log_file_descriptor() >= 0)
		eal_log_follow();
	rte_errno = 0;
	if (rte_eal_init(argc, argv) < 0) {
		say_failure(o, rte_errno);
		return -1;
	}
	/* The tap driver asks the kernel for a signal with every packet. Workers take it; the control lcore,
	 * which sleeps in poll, must not be woken thousands of times a second. */
	sigemptyset(&realtime);
	for (int s = SIGRTMIN; s <= SIGRTMAX; s++)
		sigaddset(&realtime, s);
	pthread_sigmask(SIG_BLOCK, &realtime, NULL);
	log_info("main", "%s is up", rte_version());
	if (check_virtual_devices(o)) {
		rte_eal_cleanup();
		return -1;
	}
	return 0;
}

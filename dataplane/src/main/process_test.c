/* SPDX-License-Identifier: Apache-2.0 */
/* What the process decides before it runs: command line, pid file, sizes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/log.h"
#include "options.h"
#include "pidfile.h"
#include "sizing.h"

static char path[64];

static int
set_up(void **state)
{
	int fd;

	log_configure(LOG_L_EMERG, "/dev/null");
	strcpy(path, "/tmp/process_test_XXXXXX");
	fd = mkstemp(path);
	return fd < 0 || close(fd);
}

static int
tear_down(void **state)
{
	unlink(path);
	return 0;
}

#define PARSE(o, ...)                                                                                        \
	parse((o), (char *[]){"dpvs", __VA_ARGS__, NULL},                                                    \
	      sizeof((char *[]){"dpvs", __VA_ARGS__}) / sizeof(char *))

static int
parse(struct options *o, char **argv, size_t argc)
{
	optind = 0;
	return options_parse((int)argc, argv, o);
}

static void
defaults_and_eal_arguments(void **state)
{
	struct options o;

	assert_int_equal(PARSE(&o, "--"), -1);
	assert_string_equal(o.conf_file, "/etc/dpvs.conf");
	assert_string_equal(o.pid_file, "/var/run/dpvs.pid");
	assert_string_equal(o.ipc_file, "/var/run/dpvs.ipc");
	assert_int_equal(o.eal_argc, 0);
	assert_int_equal(PARSE(&o, "-c", "a.conf", "--pid-file=b", "-xc", "--", "-c", "3", "--no-huge"), -1);
	assert_string_equal(o.conf_file, "a.conf");
	assert_string_equal(o.pid_file, "b");
	assert_string_equal(o.ipc_file, "c");
	assert_int_equal(o.eal_argc, 3);
	assert_string_equal(o.eal_argv[0], "-c");
	assert_string_equal(o.eal_argv[2], "--no-huge");
}

static void
wrong_options_end_with_status_1(void **state)
{
	struct options o;

	assert_int_equal(PARSE(&o, "--nonsense"), 1);
	assert_int_equal(PARSE(&o, "-c"), 1);
	assert_int_equal(PARSE(&o, "stray"), 1);
	assert_int_equal(PARSE(&o, "-c", "a", "-l", "0-3"), 1); /* an EAL option in front of -- */
	assert_int_equal(PARSE(&o, "-v"), 0);
}

static void
test_ports_option(void **state)
{
	struct options o;

	assert_int_equal(PARSE(&o, "--test-ports", "2"), -1);
	assert_int_equal(o.test_ports, 2);
	assert_int_equal(o.test_queues, 1);
	assert_int_equal(PARSE(&o, "--test-ports", "2,4"), -1);
	assert_int_equal(o.test_queues, 4);
	assert_false(o.test_rss);
	assert_int_equal(PARSE(&o, "--test-ports", "2,4,rss"), -1);
	assert_int_equal(o.test_queues, 4);
	assert_true(o.test_rss);
	assert_int_equal(PARSE(&o, "--test-ports", "2,4,rs"), 1);
	assert_int_equal(PARSE(&o, "--test-ports", "2,4,rssx"), 1);
	assert_int_equal(PARSE(&o, "--test-ports", "2,0,rss"), 1);
	assert_int_equal(PARSE(&o, "--test-ports", "0"), 1);
	assert_int_equal(PARSE(&o, "--test-ports", "2,"), 1);
	assert_int_equal(PARSE(&o, "--test-ports", "2,0"), 1);
	assert_int_equal(PARSE(&o, "--test-ports", "2x"), 1);
}

static void
write_text(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static bool
exists(void)
{
	return access(path, F_OK) == 0;
}

static void
pid_of_a_living_process_refuses_the_start(void **state)
{
	char text[32];

	snprintf(text, sizeof(text), "%d\n", (int)getppid());
	write_text(text);
	assert_true(pidfile_is_running(path));
	assert_true(exists());
	pidfile_remove(path); /* not ours */
	assert_true(exists());
}

static void
pid_of_a_dead_process_is_removed(void **state)
{
	char text[32];
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	waitpid(child, NULL, 0);
	snprintf(text, sizeof(text), "%d\n", (int)child);
	write_text(text);
	assert_false(pidfile_is_running(path));
	assert_false(exists());
}

static void
unreadable_pid_files_mean_not_running(void **state)
{
	unlink(path);
	assert_false(pidfile_is_running(path));
	write_text("");
	assert_false(pidfile_is_running(path));
	write_text("nonsense\n");
	assert_false(pidfile_is_running(path));
	write_text("-1\n");
	assert_false(pidfile_is_running(path));
	write_text("12 34\n");
	assert_false(pidfile_is_running(path));
	assert_false(pidfile_is_running("/"));
}

static void
own_pid_file(void **state)
{
	char text[32] = "", expected[32];
	FILE *f;

	assert_int_equal(pidfile_write(path), 0);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	fclose(f);
	snprintf(expected, sizeof(expected), "%d\n", (int)getpid());
	assert_string_equal(text, expected);
	assert_false(pidfile_is_running(path)); /* the pid came again, as in a restarted container */
	assert_int_equal(pidfile_write(path), 0);
	pidfile_remove(path);
	assert_false(exists());
	assert_true(pidfile_write("/nonexistent/dir/pid") < 0);
}

static void
sizes_follow_the_machine(void **state)
{
	struct sizing_input in = {
	    .eal_memory = 256u << 20,
	    .system_memory = 24ull << 30,
	    .lcores = 3,
	    .descriptors = 4 * 768,
	    .buffer_bytes = 2752,
	};

	/* --no-huge -m 256: room stays for route tables */
	assert_int_equal(sizing_packet_buffers(&in), 32767);
	assert_int_equal(sizing_connections(&in), 2097151);
	in.eal_memory = 64u << 20;
	assert_int_equal(sizing_packet_buffers(&in), 4095);
	in.eal_memory = 8ull << 30;
	assert_int_equal(sizing_packet_buffers(&in), 65535);
	in.descriptors = 64 * 8 * 768; /* many queues: all descriptors full, and as much under way */
	assert_true(sizing_packet_buffers(&in) >= 2 * in.descriptors);
	in.system_memory = 512u << 20;
	assert_int_equal(sizing_connections(&in), 524287);
	in.system_memory = 0;
	assert_int_equal(sizing_connections(&in), 65535);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(defaults_and_eal_arguments),
	    cmocka_unit_test(wrong_options_end_with_status_1),
	    cmocka_unit_test(test_ports_option),
	    cmocka_unit_test(pid_of_a_living_process_refuses_the_start),
	    cmocka_unit_test(pid_of_a_dead_process_is_removed),
	    cmocka_unit_test(unreadable_pid_files_mean_not_running),
	    cmocka_unit_test(own_pid_file),
	    cmocka_unit_test(sizes_follow_the_machine),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

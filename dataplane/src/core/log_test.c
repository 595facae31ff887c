/* SPDX-License-Identifier: Apache-2.0 */
/* The log: lines, levels, files; the thread that writes it; what is left out. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/log.h"
#include "log_limit.h"

static char dir[64], file[96];

static int
set_up(void **state)
{
	strcpy(dir, "/tmp/log_test_XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(file, sizeof(file), "%s/log", dir);
	return log_configure(LOG_L_EMERG, "/dev/null");
}

static int
tear_down(void **state)
{
	unlink(file);
	return rmdir(dir);
}

static void
open_new(enum log_level level)
{
	unlink(file);
	assert_int_equal(log_configure(level, file), 0);
}

/* The lines of the file, of which at most `max` are kept; returns how many there are. */
static unsigned
read_lines(char (*lines)[256], unsigned max)
{
	char line[2048];
	unsigned n = 0;
	FILE *f = fopen(file, "r");

	assert_non_null(f);
	for (; fgets(line, sizeof(line), f); n++)
		if (n < max)
			snprintf(lines[n], 256, "%.250s", line);
	fclose(f);
	return n;
}

/* DPL-012 */
static void
log_lines_are_stamped_and_cannot_be_forged(void **state)
{
	char line[256];
	FILE *f;

	open_new(LOG_L_INFO);
	log_info("mod", "a\nb\x1b[31m");
	log_debug("mod", "too detailed");
	assert_int_equal(log_configure(LOG_L_EMERG, "/dev/null"), 0);
	f = fopen(file, "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	/* 2026-01-31 12:34:56 INFO mod: … */
	assert_true(line[4] == '-' && line[10] == ' ' && line[13] == ':' && line[19] == ' ');
	assert_string_equal(line + 20, "INFO mod: a?b?[31m\n");
	assert_null(fgets(line, sizeof(line), f));
	fclose(f);
	assert_int_equal(log_level_parse("WARNING"), LOG_L_WARNING);
	assert_int_equal(log_level_parse("INFORMATION"), LOG_L_INFO);
	assert_true(log_level_parse("") < 0);
	assert_true(log_configure(LOG_L_EMERG, "/nonexistent/x") < 0);
}

/* DPL-012 */
static void
every_level_lets_pass_what_is_as_important(void **state)
{
	static const char *const names[] = {"EMERG",   "ALERT",	 "CRIT", "ERR",
					    "WARNING", "NOTICE", "INFO", "DEBUG"};

	for (int level = LOG_L_EMERG; level <= LOG_L_DEBUG; level++) {
		char lines[8][256];

		assert_int_equal(log_level_parse(names[level]), level);
		open_new((enum log_level)level);
		for (int of = LOG_L_EMERG; of <= LOG_L_DEBUG; of++)
			log_write((enum log_level)of, "mod", "message");
		assert_int_equal(read_lines(lines, 8), level + 1);
		for (int of = 0; of <= level; of++)
			assert_non_null(strstr(lines[of], names[of]));
	}
}

/* DPL-012 */
static void
a_moved_file_gets_no_more_lines(void **state)
{
	char moved[128], lines[2][256];

	snprintf(moved, sizeof(moved), "%s/log.1", dir);
	open_new(LOG_L_INFO);
	log_info("mod", "before");
	assert_int_equal(rename(file, moved), 0);
	log_info("mod", "still there");
	assert_int_equal(log_configure(LOG_L_INFO, file), 0);
	log_info("mod", "after");
	assert_int_equal(read_lines(lines, 2), 1);
	assert_string_equal(lines[0] + 20, "INFO mod: after\n");
	unlink(moved);
}

/* DPL-013 */
static void
time_stamps_can_be_switched_off(void **state)
{
	char lines[1][256];

	open_new(LOG_L_INFO);
	log_time_stamps(false);
	log_info("mod", "bare");
	log_time_stamps(true);
	assert_int_equal(read_lines(lines, 1), 1);
	assert_string_equal(lines[0], "INFO mod: bare\n");
}

static int logged_priority;
static char logged_text[256], logged_as[32];
static int logged_facility;

/* In place of the C library's (--wrap). */
void __wrap_syslog(int priority, const char *fmt, ...);
void __wrap_openlog(const char *ident, int options, int facility);

void
__wrap_syslog(int priority, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	logged_priority = priority;
	vsnprintf(logged_text, sizeof(logged_text), fmt, ap);
	va_end(ap);
}

void
__wrap_openlog(const char *ident, int options, int facility)
{
	snprintf(logged_as, sizeof(logged_as), "%s", ident);
	logged_facility = facility;
}

/* DPL-012 */
static void
without_a_file_messages_go_to_syslog(void **state)
{
	assert_int_equal(log_configure(LOG_L_NOTICE, NULL), 0);
	assert_string_equal(logged_as, "dpvs");
	assert_int_equal(logged_facility, LOG_DAEMON);
	log_warning("mod", "to syslog %d", 7);
	log_info("mod", "too detailed");
	assert_int_equal(logged_priority, LOG_WARNING);
	assert_string_equal(logged_text, "mod: to syslog 7");
	open_new(LOG_L_NOTICE);
	log_err("mod", "to the file");
	assert_string_equal(logged_text, "mod: to syslog 7");
}

static unsigned reports, reported;
static char reported_text[256];

static void
on_report(unsigned left_out, const char *text, void *arg)
{
	reports++;
	reported += left_out;
	snprintf(reported_text, sizeof(reported_text), "%s", text);
}

/* DPL-013 */
static void
the_same_text_a_thousand_times_is_one_line_in_five_seconds(void **state)
{
	struct log_limit *l = calloc(1, sizeof(*l));
	unsigned passed = 0;

	assert_non_null(l);
	reports = reported = 0;
	for (unsigned i = 0; i < 1000; i++) /* 4 ms apart: four seconds */
		passed += log_limit_pass(l, "fmt", "same", 1000 + 4 * i, on_report, NULL);
	assert_int_equal(passed, 1);
	log_limit_tick(l, 5999, false, on_report, NULL);
	assert_int_equal(reports, 0);
	log_limit_tick(l, 6000, false, on_report, NULL);
	assert_int_equal(reported, 999);
	assert_string_equal(reported_text, "same");
	assert_true(log_limit_pass(l, "fmt", "same", 6000, on_report, NULL));
	assert_false(log_limit_pass(l, "fmt", "same", 7000, on_report, NULL));
	/* The next one after five seconds says first what was left out. */
	assert_true(log_limit_pass(l, "fmt", "same", 11000, on_report, NULL));
	assert_int_equal(reported, 1000);
	free(l);
}

/* DPL-013 */
static void
a_site_that_says_ever_new_things_is_limited(void **state)
{
	struct log_limit *l = calloc(1, sizeof(*l));
	unsigned passed = 0;
	char text[16];

	assert_non_null(l);
	reports = reported = 0;
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "%u", i);
		passed += log_limit_pass(l, "%u", text, 1000, on_report, NULL);
	}
	assert_int_equal(passed, LOG_LIMIT_LINES);
	assert_true(log_limit_pass(l, "other", "text", 1000, on_report, NULL));
	log_limit_tick(l, 1000, true, on_report, NULL);
	assert_int_equal(reported, 1000 - LOG_LIMIT_LINES);
	free(l);
}

/* DPL-013 */
static void
a_thread_writes_all_lines_in_their_order(void **state)
{
	enum { N = 50 };
	char lines[N + 2][256], want[64];
	pthread_t thread;

	open_new(LOG_L_INFO);
	assert_int_equal(log_async_open(1023), 0);
	for (int i = 0; i < N; i++)
		log_info("mod", "line %d", i);
	for (int i = 0; i < 1000; i++)
		log_info("mod", "again and again");
	assert_int_equal(read_lines(lines, 1), 0);
	assert_int_equal(pthread_create(&thread, NULL, log_async_run, NULL), 0);
	log_async_flush(10000);
	assert_int_equal(read_lines(lines, N + 2), N + 1);
	log_async_end();
	pthread_join(thread, NULL);
	log_async_close();
	assert_int_equal(read_lines(lines, N + 2), N + 2);
	for (int i = 0; i < N; i++) {
		snprintf(want, sizeof(want), "INFO mod: line %d\n", i);
		assert_string_equal(lines[i] + 20, want);
	}
	assert_string_equal(lines[N] + 20, "INFO mod: again and again\n");
	assert_string_equal(lines[N + 1] + 20,
			    "NOTICE log: 999 more messages like this left out: again and again\n");
	log_info("mod", "at once");
	assert_int_equal(read_lines(lines, 0), N + 3);
}

/* DPL-013 */
static void
a_full_ring_counts_what_it_loses(void **state)
{
	char lines[5][256];
	pthread_t thread;

	open_new(LOG_L_INFO);
	assert_int_equal(log_async_open(3), 0);
	for (int i = 0; i < 10; i++)
		log_info("mod", "line %d", i);
	assert_int_equal(pthread_create(&thread, NULL, log_async_run, NULL), 0);
	log_async_end();
	pthread_join(thread, NULL);
	log_async_close();
	assert_int_equal(read_lines(lines, 5), 4);
	assert_string_equal(lines[2] + 20, "INFO mod: line 2\n");
	assert_string_equal(lines[3] + 20,
			    "WARNING log: 7 messages lost: log_async_pool_size is too small for them\n");
}

/* DPL-013 */
static void
a_crash_writes_what_waits(void **state)
{
	char lines[2][256];
	int status;
	pid_t child;

	open_new(LOG_L_INFO);
	child = fork();
	if (child == 0) {
		if (log_async_open(1023))
			_exit(1);
		log_async_survive_crashes();
		log_info("mod", "one");
		log_info("mod", "two");
		abort();
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_int_equal(read_lines(lines, 2), 2);
	assert_string_equal(lines[0], "INFO mod: one\n");
	assert_string_equal(lines[1], "INFO mod: two\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(log_lines_are_stamped_and_cannot_be_forged),
	    cmocka_unit_test(every_level_lets_pass_what_is_as_important),
	    cmocka_unit_test(a_moved_file_gets_no_more_lines),
	    cmocka_unit_test(time_stamps_can_be_switched_off),
	    cmocka_unit_test(without_a_file_messages_go_to_syslog),
	    cmocka_unit_test(the_same_text_a_thousand_times_is_one_line_in_five_seconds),
	    cmocka_unit_test(a_site_that_says_ever_new_things_is_limited),
	    cmocka_unit_test(a_thread_writes_all_lines_in_their_order),
	    cmocka_unit_test(a_full_ring_counts_what_it_loses),
	    cmocka_unit_test(a_crash_writes_what_waits),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

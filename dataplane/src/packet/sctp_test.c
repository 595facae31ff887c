/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "packet/pkt.h"
#include "packet/sctp.h"

static const char names[] = "NOI1INCSCRCWCOCEESSSSRSARJCL";

static int
state_named(const char *two)
{
	for (int i = 0; i < SCTP_STATES; i++)
		if (memcmp(names + i * 2, two, 2) == 0)
			return i;
	return -1;
}

/* What each event does, as "from>to" in words of two letters; every cell that is not named stays as it is.
 * '*' is any state that has no rule of its own in the row. */
static const struct {
	enum sctp_dir dir;
	enum sctp_event event;
	const char *rules;
} rows[] = {
    /* set-up by the client */
    {SCTP_DIR_IN, SCTP_EV_INIT, "NO>I1 RJ>I1 CL>I1 I1>IN CS>IN CR>IN"},
    {SCTP_DIR_OUT, SCTP_EV_INIT_ACK, "I1>CS IN>CS"},
    {SCTP_DIR_IN, SCTP_EV_COOKIE_ECHO, "NO>CR I1>CR IN>CR CS>CR"},
    {SCTP_DIR_OUT, SCTP_EV_COOKIE_ACK, "I1>ES IN>ES CS>ES CR>ES"},
    /* set-up by the real server */
    {SCTP_DIR_OUT, SCTP_EV_INIT, "NO>CW RJ>CW CL>CW"},
    {SCTP_DIR_IN, SCTP_EV_INIT_ACK, "CW>CO"},
    {SCTP_DIR_OUT, SCTP_EV_COOKIE_ECHO, "CW>CE CO>CE"},
    {SCTP_DIR_IN, SCTP_EV_COOKIE_ACK, "CW>ES CO>ES CE>ES"},
    /* mid-stream */
    {SCTP_DIR_IN, SCTP_EV_DATA, "NO>ES"},
    {SCTP_DIR_OUT, SCTP_EV_DATA, "NO>ES"},
    {SCTP_DIR_IN, SCTP_EV_OTHER, ""},
    {SCTP_DIR_OUT, SCTP_EV_OTHER, ""},
    /* close by the client */
    {SCTP_DIR_IN, SCTP_EV_SHUTDOWN, "ES>SR"},
    {SCTP_DIR_OUT, SCTP_EV_SHUTDOWN_ACK, "SR>SA"},
    {SCTP_DIR_IN, SCTP_EV_SHUTDOWN_COMPLETE, "SS>CL SR>CL SA>CL"},
    /* close by the real server */
    {SCTP_DIR_OUT, SCTP_EV_SHUTDOWN, "ES>SS"},
    {SCTP_DIR_IN, SCTP_EV_SHUTDOWN_ACK, "SS>CL"},
    {SCTP_DIR_OUT, SCTP_EV_SHUTDOWN_COMPLETE, ""},
    /* abort */
    {SCTP_DIR_IN, SCTP_EV_ABORT, "CW>RJ *>CL"},
    {SCTP_DIR_OUT, SCTP_EV_ABORT, "I1>RJ *>CL"},
    /* only the client is seen */
    {SCTP_DIR_IN_ONLY, SCTP_EV_INIT, "NO>I1 RJ>I1 CL>I1 I1>IN CS>IN CR>IN"},
    {SCTP_DIR_IN_ONLY, SCTP_EV_COOKIE_ECHO, "NO>CR I1>CR IN>CR CS>CR"},
    {SCTP_DIR_IN_ONLY, SCTP_EV_DATA, "NO>ES CS>ES CR>ES"},
    {SCTP_DIR_IN_ONLY, SCTP_EV_INIT_ACK, "NO>CO RJ>CO CL>CO CW>CO"},
    {SCTP_DIR_IN_ONLY, SCTP_EV_COOKIE_ACK, "NO>ES CW>ES CO>ES CE>ES"},
    {SCTP_DIR_IN_ONLY, SCTP_EV_SHUTDOWN, "CS>SR CR>SR ES>SR"},
    {SCTP_DIR_IN_ONLY, SCTP_EV_SHUTDOWN_ACK, "CR>CL ES>CL SS>CL"},
    {SCTP_DIR_IN_ONLY, SCTP_EV_SHUTDOWN_COMPLETE, "SS>CL SR>CL SA>CL"},
    {SCTP_DIR_IN_ONLY, SCTP_EV_ABORT, "CW>RJ *>CL"},
    {SCTP_DIR_IN_ONLY, SCTP_EV_OTHER, ""},
};

static int
wanted(const char *rules, uint8_t state)
{
	int any = state;

	for (; *rules; rules += strcspn(rules, " "), rules += *rules == ' ') {
		if (memcmp(rules, names + state * 2, 2) == 0)
			return state_named(rules + 3);
		if (*rules == '*')
			any = state_named(rules + 2);
	}
	return any;
}

static void
test_every_transition(void **state)
{
	bool seen[SCTP_DIRS][SCTP_EVENTS] = {{false}};

	(void)state;
	for (unsigned r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		seen[rows[r].dir][rows[r].event] = true;
		for (uint8_t s = 0; s < SCTP_STATES; s++) {
			int got = sctp_next_state(rows[r].dir, s, rows[r].event);

			if (got != wanted(rows[r].rules, s))
				fail_msg("row %u, state %.2s: %.2s", r, names + s * 2, names + got * 2);
		}
		assert_int_equal(sctp_next_state(rows[r].dir, SCTP_STATES, rows[r].event), SCTP_S_CLOSED);
	}
	for (unsigned d = 0; d < SCTP_DIRS; d++)
		for (unsigned e = 0; e < SCTP_EVENTS; e++)
			assert_true(seen[d][e]);
}

static void
test_timeouts(void **state)
{
	static const unsigned seconds[SCTP_STATES] = {2, 4, 61, 61, 61, 61, 61, 61, 900, 61, 61, 61, 4, 61};

	(void)state;
	for (uint8_t s = 0; s < SCTP_STATES; s++)
		assert_int_equal(sctp_timeout_s(s), seconds[s]);
}

/* Event of a packet with these bytes behind the common header, in memory of just the readable size; -1: bad.
 */
static int
event(const uint8_t *chunks, unsigned len, unsigned contig)
{
	uint8_t *l4 = calloc(1, PKT_SCTP_LEN + contig);
	enum sctp_event e;
	bool ok;

	assert_non_null(l4);
	if (contig)
		memcpy(l4 + PKT_SCTP_LEN, chunks, contig);
	ok = sctp_event(l4, PKT_SCTP_LEN + contig, PKT_SCTP_LEN + len, &e);
	free(l4);
	return ok ? (int)e : -1;
}

#define EVENT(...)                                                                                           \
	event((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}),                        \
	      sizeof((const uint8_t[]){__VA_ARGS__}))

static void
test_first_chunk_is_the_event(void **state)
{
	static const struct {
		uint8_t type;
		enum sctp_event event;
	} types[] = {{0, SCTP_EV_DATA},	  {1, SCTP_EV_INIT},	     {2, SCTP_EV_INIT_ACK},
		     {3, SCTP_EV_DATA},	  {4, SCTP_EV_DATA},	     {5, SCTP_EV_DATA},
		     {6, SCTP_EV_ABORT},  {7, SCTP_EV_SHUTDOWN},     {8, SCTP_EV_SHUTDOWN_ACK},
		     {9, SCTP_EV_OTHER},  {10, SCTP_EV_COOKIE_ECHO}, {11, SCTP_EV_COOKIE_ACK},
		     {12, SCTP_EV_OTHER}, {13, SCTP_EV_OTHER},	     {14, SCTP_EV_SHUTDOWN_COMPLETE},
		     {64, SCTP_EV_DATA},  {0xc1, SCTP_EV_OTHER}};

	(void)state;
	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		/* Alone, and with an ABORT behind it. */
		int both = types[i].event;

		if (types[i].type == 10 || types[i].type == 11)
			both = SCTP_EV_ABORT;
		assert_int_equal(EVENT(types[i].type, 0, 0, 4), types[i].event);
		assert_int_equal(EVENT(types[i].type, 0, 0, 4, 6, 0, 0, 4), both);
	}
	assert_int_equal(EVENT(10, 0, 0, 7, 1, 2, 3, 0, 6, 0, 0, 4), SCTP_EV_ABORT); /* padded */
	assert_int_equal(EVENT(10, 0, 0, 4, 0, 0, 0, 4, 6, 0, 0, 4), SCTP_EV_COOKIE_ECHO);
	assert_int_equal(EVENT(15, 0, 0, 8, 0, 3, 0, 1, 10, 0, 0, 4, 6, 0, 0, 4), SCTP_EV_ABORT);
	assert_int_equal(EVENT(15, 0, 0, 8, 0, 3, 0, 1, 7, 0, 0, 4), SCTP_EV_SHUTDOWN);
	assert_int_equal(EVENT(15, 0, 0, 8, 0, 3, 0, 1), SCTP_EV_OTHER);
}

static void
test_lengths(void **state)
{
	static const uint8_t echo_abort[] = {10, 0, 0, 8, 1, 2, 3, 4, 6, 0, 0, 4};

	(void)state;
	assert_int_equal(event(NULL, 0, 0), -1);
	assert_int_equal(EVENT(1, 0, 0), -1);
	assert_int_equal(EVENT(1, 0, 0, 3), -1);
	assert_int_equal(EVENT(1, 0, 0, 5), -1);
	assert_int_equal(EVENT(1, 0, 0xff, 0xff), -1);
	assert_int_equal(EVENT(1, 0, 0, 5, 9), SCTP_EV_INIT); /* the last padding may be missing */
	assert_int_equal(EVENT(10, 0, 0, 4, 6, 0), -1);
	assert_int_equal(EVENT(10, 0, 0, 4, 6, 0, 0, 3), -1);
	assert_int_equal(EVENT(10, 0, 0, 4, 6, 0, 0, 8), -1);
	/* What does not lie in one piece is not read. */
	assert_int_equal(event(echo_abort, sizeof(echo_abort), sizeof(echo_abort) - 1), SCTP_EV_COOKIE_ECHO);
	assert_int_equal(event(echo_abort, sizeof(echo_abort), 4), SCTP_EV_COOKIE_ECHO);
	assert_int_equal(event(echo_abort, sizeof(echo_abort), 3), SCTP_EV_OTHER);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_transition),
	    cmocka_unit_test(test_timeouts),
	    cmocka_unit_test(test_first_chunk_is_the_event),
	    cmocka_unit_test(test_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

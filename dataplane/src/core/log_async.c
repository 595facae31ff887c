/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The asynchronous log: lines go into a ring of slots, a thread writes them. A disk that hangs then holds up
 * nobody who has something else to do; what does not fit into the ring is counted.
 */
#include "log_async.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log_limit.h"

struct slot {
	uint8_t level;
	time_t at;
	char text[LOG_ASYNC_LINE]; /* "module: …" */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ready = PTHREAD_COND_INITIALIZER, idle = PTHREAD_COND_INITIALIZER;
static struct slot *slots; /* NULL: the log is synchronous */
static unsigned nslots, head, used;
static uint64_t lost;
static bool closing, writing;
static struct log_limit limit;

static uint64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* The lock is held. */
static void
put(enum log_level level, const char *module, const char *text)
{
	struct slot *s;

	if (used == nslots) {
		lost++;
		return;
	}
	s = &slots[(head + used++) % nslots];
	s->level = (uint8_t)level;
	s->at = time(NULL);
	snprintf(s->text, sizeof(s->text), "%s: %s", module, text);
}

static void
put_left_out(unsigned n, const char *text, void *arg)
{
	char line[LOG_LIMIT_TEXT + 96];

	(void)arg;
	snprintf(line, sizeof(line), "%u more message%s like this left out: %s", n, n == 1 ? "" : "s", text);
	put(LOG_L_NOTICE, "log", line);
}

static void
put_lost(void)
{
	char line[128];

	if (lost == 0 || used == nslots)
		return;
	snprintf(line, sizeof(line), "%llu messages lost: log_async_pool_size is too small for them",
		 (unsigned long long)lost);
	lost = 0;
	put(LOG_L_WARNING, "log", line);
}

bool
log_async_put(enum log_level level, const char *module, const char *fmt, const char *text)
{
	bool on;

	pthread_mutex_lock(&lock);
	on = slots != NULL;
	if (on && log_limit_pass(&limit, fmt, text, now_ms(), put_left_out, NULL)) {
		put(level, module, text);
		pthread_cond_signal(&ready);
	}
	pthread_mutex_unlock(&lock);
	return on;
}

int
log_async_open(unsigned lines)
{
	struct slot *made = calloc(lines, sizeof(*made)); /* memory is used as lines come */

	if (!made)
		return -ENOMEM;
	pthread_mutex_lock(&lock);
	slots = made;
	nslots = lines;
	head = used = 0;
	closing = false;
	memset(&limit, 0, sizeof(limit));
	pthread_mutex_unlock(&lock);
	return 0;
}

/* The lock is held; waits for a line, for a second when something was left out, or for the end. */
static void
wait_for_work(void)
{
	struct timespec until;

	if (!limit.waiting) {
		pthread_cond_wait(&ready, &lock);
		return;
	}
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec++;
	pthread_cond_timedwait(&ready, &lock, &until);
	log_limit_tick(&limit, now_ms(), false, put_left_out, NULL);
}

void *
log_async_run(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&lock);
	while (slots && (used || !closing)) {
		struct slot s;

		if (!used) {
			wait_for_work();
			continue;
		}
		s = slots[head];
		head = (head + 1) % nslots;
		used--;
		put_lost();
		writing = true;
		pthread_mutex_unlock(&lock);
		log_emit(s.level, s.at, s.text);
		pthread_mutex_lock(&lock);
		writing = false;
		if (!used)
			pthread_cond_broadcast(&idle);
	}
	pthread_mutex_unlock(&lock);
	return NULL;
}

void
log_async_end(void)
{
	pthread_mutex_lock(&lock);
	if (slots) {
		log_limit_tick(&limit, 0, true, put_left_out, NULL);
		put_lost();
	}
	closing = true;
	pthread_cond_broadcast(&ready);
	pthread_mutex_unlock(&lock);
}

void
log_async_close(void)
{
	struct slot *old;

	pthread_mutex_lock(&lock);
	old = slots;
	slots = NULL;
	used = 0;
	pthread_mutex_unlock(&lock);
	free(old);
}

void
log_async_flush(unsigned patience_ms)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += patience_ms / 1000;
	until.tv_nsec += (long)(patience_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_mutex_lock(&lock);
	while (slots && (used || writing))
		if (pthread_cond_timedwait(&idle, &lock, &until))
			break;
	pthread_mutex_unlock(&lock);
}

/* The process dies: what waits is written by hand, with nothing but write(). If the crash happened while
 * somebody held the lock, a torn line is better than none. */
static void
on_crash(int sig)
{
	pthread_mutex_trylock(&lock);
	for (unsigned i = 0; slots && i < used; i++) {
		const struct slot *s = &slots[(head + i) % nslots];

		log_emit_raw(s->level, s->text);
	}
	signal(sig, SIG_DFL);
	raise(sig);
}

void
log_async_survive_crashes(void)
{
	struct sigaction act = {.sa_handler = on_crash, .sa_flags = (int)SA_RESETHAND};

	sigaction(SIGSEGV, &act, NULL);
	sigaction(SIGABRT, &act, NULL);
}

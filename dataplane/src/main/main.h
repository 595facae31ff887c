/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of main/ share: the loops and the requests that signals make.
 */
#ifndef MAIN_MAIN_H
#define MAIN_MAIN_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/worker.h"
#include "port/isolated.h"
#include "port/kernel_lcore.h"

/* Set by signal handlers: SIGTERM and SIGINT; SIGHUP. */
extern volatile sig_atomic_t stop_requested;
extern volatile sig_atomic_t reload_requested;

/* A worker's life until w->stop (worker_loop.c). Runs on the worker's lcore. */
void worker_loop(struct worker *w);

/* The life of a lcore that only receives, until is->stop (isolated_loop.c). */
void isolated_loop(struct isolated *is);

/* The life of the kernel lcore, until k->stop (kernel_loop.c). */
void kernel_loop(struct kernel_lcore *k);

/* The control lcore's life until stop_requested (control_loop.c). Returns 0. */
int control_loop(void);

/* Re-reads the configuration file and applies reloadable keys, re-opens the log (main.c). */
void process_reload(void);

#endif

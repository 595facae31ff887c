/* SPDX-License-Identifier: Apache-2.0 */
/* The pid file: one line with our pid, from the end of the start to the end of the process. */
#ifndef MAIN_PIDFILE_H
#define MAIN_PIDFILE_H

#include <stdbool.h>

/* True (and said on stderr) when the file names a living process. A file of a dead one is removed. */
bool pidfile_is_running(const char *path);

/* 0 or a negative errno. */
int pidfile_write(const char *path);

/* Removes the file if it is ours. */
void pidfile_remove(const char *path);

#endif

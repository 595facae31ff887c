/* SPDX-License-Identifier: Apache-2.0 */
/* DPDK's environment: start, log output, and what to tell the user when it does not start. */
#ifndef MAIN_EAL_H
#define MAIN_EAL_H

#include "options.h"

/* 0, or -1 with one sentence in the log. argv0 is the program's name. */
int eal_start(const char *argv0, const struct options *o);

/* Lets DPDK's own messages follow our log into its file, also after the file was re-opened. */
void eal_log_follow(void);

#endif

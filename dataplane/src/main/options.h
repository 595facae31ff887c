/* SPDX-License-Identifier: Apache-2.0 */
/* The command line. */
#ifndef MAIN_OPTIONS_H
#define MAIN_OPTIONS_H

#include <stdbool.h>

struct options {
	const char *conf_file, *pid_file, *ipc_file;
	bool check;			  /* -t: print the configuration, do not start */
	bool reference;			  /* --conf-doc: print the reference of configuration keys */
	unsigned test_ports, test_queues; /* --test-ports; 0 ports: off */
	bool test_rss, test_flows;	  /* ... which spread flows, and take flow rules */
	int eal_argc;			  /* what stands behind --, without argv[0] */
	char **eal_argv;
};

/* Fills o. Returns -1 to go on, otherwise the status to exit with (help and version are printed, errors
 * said). */
int options_parse(int argc, char **argv, struct options *o);

#endif

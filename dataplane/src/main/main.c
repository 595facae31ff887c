/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process: start in order, run, stop in reverse order. A start-up step that fails has said why in one
 * sentence; the process then takes back what was done and exits with status 1.
 */
#include "main.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <rte_eal.h>
#include <rte_launch.h>
#include <rte_pdump.h>
#include <rte_lcore.h>

#include "core/clock.h"
#include "core/conf.h"
#include "core/errors.h"
#include "core/log.h"
#include "core/rcu.h"
#include "core/worker.h"
#include "ctrl/ctrl.h"
#include "eal.h"
#include "ipset/ipset.h"
#include "lb/lb.h"
#include "lcores.h"
#include "net/net.h"
#include "options.h"
#include "pidfile.h"
#include "port/port.h"
#include "tc/tc.h"
#include "port/kernel.h"
#include "port/testmode.h"
#include "sizing.h"

volatile sig_atomic_t stop_requested;
volatile sig_atomic_t reload_requested;

static struct options opts;
static const char *program;
static pthread_t log_thread;
static struct rte_mempool *pools[RTE_MAX_NUMA_NODES];

/* ---- signals ---- */

static void
on_signal(int sig)
{
	if (sig == SIGHUP)
		reload_requested = 1;
	else
		stop_requested = 1;
}

static void
our_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
}

/* Threads that the EAL starts inherit the blocked signals, so that they reach the control lcore only and end
 * its sleep. */
static int
signals_start(void)
{
	struct sigaction act = {.sa_handler = on_signal};
	sigset_t set;

	our_signals(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGHUP, &act, NULL);
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

static int
signals_open(void)
{
	sigset_t set;

	our_signals(&set);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	return 0;
}

/* ---- configuration and log ---- */

static int
configure_log(void)
{
	int err;

	log_time_stamps(conf.global.log_with_timestamp);
	err = log_configure((enum log_level)log_level_parse(conf.global.log_level), conf.global.log_file);

	if (err)
		log_err("main", "cannot write the log file %s: %s; correct global_defs/log_file",
			conf.global.log_file, strerror(-err));
	return err;
}

static int
conf_start(void)
{
	return conf_load(opts.conf_file, true) ? -1 : configure_log();
}

void
process_reload(void)
{
	enum { FLUSH_MS = 200 };

	if (conf_load(opts.conf_file, false))
		return;
	log_async_flush(FLUSH_MS); /* what was said until now belongs to the file that was open */
	if (configure_log() == 0)
		eal_log_follow();
	log_notice("main", "configuration %s read again", opts.conf_file);
}

/* ---- steps ---- */

static int
eal_step(void)
{
	return eal_start(program, &opts);
}

static void
eal_stop(void)
{
	rte_eal_cleanup();
}

/* Others attach by files of the EAL; without those nobody can. */
static int
capture_start(void)
{
	if (!conf.global.pdump || rte_pdump_init() == 0)
		return 0;
	log_warning("main",
		    "global_defs/pdump: no capture by dpdk-dumpcap (%s): it needs huge pages and their "
		    "files, so leave out "
		    "--no-huge, --in-memory and --no-shconf",
		    rte_strerror(rte_errno));
	return 0;
}

static void
capture_stop(void)
{
	if (conf.global.pdump)
		(void)rte_pdump_uninit();
}

static int
clock_step(void)
{
	clock_init();
	return 0;
}

static int
workers_step(void)
{
	uint16_t ids[WORKERS_MAX];
	unsigned n;
	int rc = lcores_plan(ids, &n), kernel;

	if (rc)
		return rc;
	kernel = lcores_kernel();
	sizing_apply(n + 1 + lcores_isolated() + (kernel >= 0));
	rc = pools_create(pools);
	if (!rc)
		rc = rcu_init(n + (kernel >= 0)); /* the kernel lcore reads, too */
	if (!rc)
		rc = workers_init(n, ids, pools, (unsigned)conf.ctrl.ring_size);
	return rc || kernel < 0 ? rc : kernel_lcore_open((uint16_t)kernel, n);
}

static void
workers_stop(void)
{
	kernel_lcore_close();
	workers_fini();
	rcu_fini();
}

static int
test_ports_step(void)
{
	return opts.test_ports
		   ? testmode_init(opts.test_ports, opts.test_queues, opts.test_rss, opts.test_flows)
		   : 0;
}

static int
ports_step(void)
{
	return ports_init(pools);
}

static void
net_stop(void)
{
	rcu_drain();
	net_fini();
}

/* Sets live as long as anybody may refer to them. */
static void
lb_stop(void)
{
	lb_fini();
	ipset_fini();
	rcu_drain();
}

static int
register_step(void)
{
	ctrl_hello_register();
	ctrl_batch_register();
	port_ctrl_register();
	net_ctrl_register();
	ipset_ctrl_register();
	lb_ctrl_register();
	tc_ctrl_register();
	ctrl_stats_register();
	return 0;
}

static int
socket_step(void)
{
	return ctrl_server_open(opts.ipc_file);
}

static int
worker_main(void *arg)
{
	worker_loop(arg);
	return 0;
}

static int
isolated_main(void *arg)
{
	isolated_loop(arg);
	return 0;
}

static int
kernel_main(void *arg)
{
	kernel_loop(arg);
	return 0;
}

/* Who receives for others ends first. */
static void
launch_stop(void)
{
	for (unsigned i = 0; i < nisolated; i++)
		isolated[i]->stop = true;
	for (unsigned i = 0; i < nisolated; i++)
		rte_eal_wait_lcore(isolated[i]->lcore_id);
	if (kernel_lcore) {
		kernel_lcore->stop = true;
		rte_eal_wait_lcore(kernel_lcore->lcore_id);
		kernel_lcore->launched = false;
	}
	for (unsigned i = 0; i < nworkers; i++)
		workers[i]->stop = true;
	for (unsigned i = 0; i < nworkers; i++)
		rte_eal_wait_lcore(workers[i]->lcore_id);
}

static int
launch(int (*fn)(void *arg), void *arg, unsigned lcore)
{
	int rc = rte_eal_remote_launch(fn, arg, lcore);

	if (rc) {
		log_err("main", "cannot start the loop of lcore %u: %s", lcore, strerror(-rc));
		launch_stop();
	}
	return rc;
}

static int
launch_step(void)
{
	int rc = 0;

	for (unsigned i = 0; i < nworkers && !rc; i++)
		rc = launch(worker_main, workers[i], workers[i]->lcore_id);
	for (unsigned i = 0; i < nisolated && !rc; i++)
		rc = launch(isolated_main, isolated[i], isolated[i]->lcore_id);
	if (kernel_lcore && !rc)
		rc = launch(kernel_main, kernel_lcore, kernel_lcore->lcore_id);
	if (kernel_lcore && !rc)
		kernel_lcore->launched = true;
	return rc;
}

/* Its thread runs where no lcore does, if there is such a CPU. */
static int
log_thread_start(void)
{
	int err;

	if (!conf.global.log_async_mode)
		return 0;
	err = log_async_open((unsigned)conf.global.log_async_pool_size);
	if (!err)
		err = rte_ctrl_thread_create(&log_thread, "dpvs-log", NULL, log_async_run, NULL);
	if (err) {
		log_async_close();
		log_err("main", "cannot start the thread of the log: %s; set log_async_mode off",
			strerror(-err));
		return err;
	}
	log_async_survive_crashes();
	return 0;
}

static void
log_thread_stop(void)
{
	if (!conf.global.log_async_mode)
		return;
	log_async_end();
	pthread_join(log_thread, NULL);
	log_async_close();
}

static int
pidfile_step(void)
{
	int err = pidfile_write(opts.pid_file);

	if (err)
		log_err("main", "cannot write the pid file %s: %s; name another one with -p", opts.pid_file,
			strerror(-err));
	return err;
}

static void
pidfile_stop(void)
{
	pidfile_remove(opts.pid_file);
}

/*
 * In this order at the start, in reverse at the end. When the process ends, the control socket closes first:
 * a client never talks to a daemon that is half gone.
 */
static const struct step {
	const char *name; /* for the line when a step fails without a sentence of its own */
	int (*start)(void);
	void (*stop)(void);
} steps[] = {
    {"signals", signals_start, NULL},
    {"configuration", conf_start, NULL},
    {"EAL", eal_step, eal_stop},
    {"clock", clock_step, NULL},
    {"capture", capture_start, capture_stop},
    {"test ports", test_ports_step, NULL},
    {"workers", workers_step, workers_stop},
    {"ports", ports_step, ports_fini},
    {"load balancer", lb_init, lb_stop},
    {"network stack", net_init, net_stop},
    {"traffic control", tc_init, tc_fini},
    {"control messages", register_step, NULL},
    {"port start", ports_start, ports_stop},
    {"kernel interfaces", kernel_start, kernel_stop},
    {"worker start", launch_step, launch_stop},
    {"control socket", socket_step, ctrl_server_close},
    {"log thread", log_thread_start, log_thread_stop},
    {"pid file", pidfile_step, pidfile_stop},
    {"signals", signals_open, NULL},
};

static int
run(void)
{
	enum { NSTEPS = sizeof(steps) / sizeof(steps[0]) };
	int done, status = 0;

	for (done = 0; done < NSTEPS; done++) {
		int rc = steps[done].start();

		if (rc) {
			log_err("main", "failed to init %s (%d)", steps[done].name, rc);
			status = 1;
			break;
		}
	}
	if (!status) {
		log_notice("main", "dpvs %s is ready: %u worker%s, %u port%s, control socket %s",
			   DPVS_VERSION, nworkers, nworkers == 1 ? "" : "s", nports, nports == 1 ? "" : "s",
			   opts.ipc_file);
		log_start_done();
		control_loop();
		log_notice("main", "stopping");
	}
	while (done-- > 0) {
		if (steps[done].stop)
			steps[done].stop();
	}
	if (!status)
		log_notice("main", "stopped");
	return status;
}

static int
check(void)
{
	unsigned wrong;

	if (conf_load(opts.conf_file, true))
		return 1;
	conf_print(stdout);
	wrong = ports_check_conf();
	if (wrong)
		fprintf(stderr, "%s: %u error%s, the daemon would not start\n", opts.conf_file, wrong,
			wrong == 1 ? "" : "s");
	if (conf_warnings())
		fprintf(stderr, "%s: %u warning%s\n", opts.conf_file, conf_warnings(),
			conf_warnings() == 1 ? "" : "s");
	return wrong || conf_warnings() ? 1 : 0;
}

int
main(int argc, char **argv)
{
	int status = options_parse(argc, argv, &opts);

	program = argv[0] ? argv[0] : "dpvs";
	if (status >= 0)
		return status;
	if (opts.reference) {
		conf_doc(stdout);
		return 0;
	}
	if (opts.check)
		return check();
	if (pidfile_is_running(opts.pid_file))
		return 1;
	return run();
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/proto.h"

static const char usage_text[] =
    "Usage: dpvs [options] [-- EAL options]\n"
    "  -v, --version            print version and build date\n"
    "  -c, --conf FILE          configuration file (default /etc/dpvs.conf; read again on SIGHUP)\n"
    "  -p, --pid-file FILE      pid file (default /var/run/dpvs.pid)\n"
    "  -x, --ipc-file PATH      control socket (default /var/run/dpvs.ipc; tools: DPVS_IPC_FILE=PATH)\n"
    "  -t, --test-conf          check the configuration file, print the values in force and exit\n"
    "      --test-ports N[,Q[,rss|,flow]]\n"
    "                           no devices, but N ports with Q queues that tests drive through the control "
    "socket;\n"
    "                           rss: tests choose queues as devices do that spread flows; flow: and the "
    "ports take flow rules\n"
    "  -h, --help               print this and exit\n"
    "\n"
    "Everything behind -- goes to DPDK's environment (EAL), for example:\n"
    "  -l 0-4                                  lcores; the first is the control lcore, all others forward\n"
    "  -a 0000:03:00.0 -a 0000:03:00.1         use only these NICs\n"
    "\n"
    "Real NICs: load vfio-pci, give the NIC to it and reserve huge pages, then start:\n"
    "  modprobe vfio-pci\n"
    "  dpdk-devbind.py --status-dev net\n"
    "  dpdk-devbind.py --bind=vfio-pci 0000:03:00.0 0000:03:00.1\n"
    "  echo 2048 > /proc/sys/vm/nr_hugepages\n"
    "  dpvs -- -l 0-4 -a 0000:03:00.0 -a 0000:03:00.1\n"
    "\n"
    "Without a NIC and without huge pages, on kernel interfaces veth0 and veth1:\n"
    "  dpvs -- --no-huge --no-pci -m 512 --lcores '0@0,1@1' \\\n"
    "    --vdev net_af_packet0,iface=veth0 --vdev net_af_packet1,iface=veth1\n"
    "Other virtual devices: net_tap0,iface=tap0   net_af_xdp0,iface=eth0   net_memif0   net_ring0   "
    "net_null0\n"
    "  net_pcap0,rx_pcap=in.pcap,tx_pcap=out.pcap\n"
    "Ports take their names from the device blocks of the configuration, in the order of DPDK port ids.\n";

static int
usage_error(void)
{
	fputs(usage_text, stderr);
	return 1;
}

static bool
parse_test_ports(const char *arg, struct options *o)
{
	char rest[7] = "";
	int n = sscanf(arg, "%u,%u%6s", &o->test_ports, &o->test_queues, rest);

	o->test_rss = strcmp(rest, ",rss") == 0;
	o->test_flows = strcmp(rest, ",flow") == 0;
	if (n == 1 && arg[strspn(arg, "0123456789")] == '\0') {
		o->test_queues = 1;
		return o->test_ports > 0;
	}
	return (n == 2 || o->test_rss || o->test_flows) && o->test_ports > 0 && o->test_queues > 0;
}

int
options_parse(int argc, char **argv, struct options *o)
{
	enum { OPT_TEST_PORTS = 256, OPT_CONF_DOC };
	static const struct option longs[] = {
	    {"version", no_argument, NULL, 'v'},
	    {"help", no_argument, NULL, 'h'},
	    {"conf", required_argument, NULL, 'c'},
	    {"pid-file", required_argument, NULL, 'p'},
	    {"ipc-file", required_argument, NULL, 'x'},
	    {"test-conf", no_argument, NULL, 't'},
	    {"test-ports", required_argument, NULL, OPT_TEST_PORTS},
	    {"conf-doc", no_argument, NULL, OPT_CONF_DOC},
	    {NULL, 0, NULL, 0},
	};
	int opt;

	*o = (struct options){
	    .conf_file = "/etc/dpvs.conf", .pid_file = "/var/run/dpvs.pid", .ipc_file = DPVS_SOCK_PATH};
	while ((opt = getopt_long(argc, argv, "+vhtc:p:x:", longs, NULL)) != -1) {
		switch (opt) {
		case 'v':
			fprintf(stderr, "dpvs version: %s, build on %s\n", DPVS_VERSION, __DATE__);
			return 0;
		case 'h':
			fputs(usage_text, stdout);
			return 0;
		case 'c':
			o->conf_file = optarg;
			break;
		case 'p':
			o->pid_file = optarg;
			break;
		case 'x':
			o->ipc_file = optarg;
			break;
		case 't':
			o->check = true;
			break;
		case OPT_TEST_PORTS:
			if (!parse_test_ports(optarg, o)) {
				fprintf(stderr,
					"dpvs: --test-ports needs N, N,QUEUES or N,QUEUES,rss or ,flow, not "
					"'%s'\n",
					optarg);
				return usage_error();
			}
			break;
		case OPT_CONF_DOC:
			o->reference = true;
			break;
		default:
			return usage_error();
		}
	}
	if (optind < argc && strcmp(argv[optind - 1], "--") != 0) {
		fprintf(stderr, "dpvs: unexpected argument '%s' (EAL options stand behind --)\n",
			argv[optind]);
		return usage_error();
	}
	o->eal_argc = argc - optind;
	o->eal_argv = argv + optind;
	return -1;
}

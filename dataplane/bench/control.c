/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The benchmark's own socket, named by the environment variable DPVS_BENCH_SOCKET: a line in, a line of JSON
 * out. One client at a time.
 *
 *   lives udp-up|udp-in|udp-new|tcp-up|tcp-in|tcp-life NET FIRST COUNT
 *   steady udp|tcp NET in|out|both BITS MS
 *   syn NET MS                             SYNs of ever new flows, each of which is to be answered
 *   flood udp|tcp NET BITS PPS PPS MS    packets per second of known and of new flows
 *   idle MS CYCLES
 *
 * NET: 4 or 6; nat4, nat6: servers answer to the client's address; 64: IPv6 clients, IPv4 servers; snat4,
 * snat6: clients address a server themselves.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <rte_cycles.h>

#include "source.h"

static const struct {
	const char *name;
	unsigned n;
	enum frame_kind steps[STEPS_MAX];
} lives[] = {
    /* UOA goes into the first three packets. */
    {"udp-up", 5, {FRAME_UDP_IN, FRAME_UDP_IN, FRAME_UDP_IN, FRAME_UDP_IN, FRAME_UDP_OUT}},
    {"udp-in", 2, {FRAME_UDP_IN, FRAME_UDP_IN}}, /* servers answer past the balancer */
    {"udp-new", 1, {FRAME_UDP_IN}},
    {"tcp-up", 5, {FRAME_SYN_IN, FRAME_SYNACK_OUT, FRAME_ACK_IN, FRAME_DATA_OUT, FRAME_DATA_IN}},
    {"tcp-in", 3, {FRAME_SYN_IN, FRAME_ACK_IN, FRAME_DATA_IN}},
    {"tcp-life",
     7,
     {FRAME_SYN_IN, FRAME_SYNACK_OUT, FRAME_ACK_IN, FRAME_DATA_OUT, FRAME_FIN_IN, FRAME_FIN_OUT,
      FRAME_LAST_ACK_IN}},
};

static const struct {
	const char *name;
	struct frame_net net;
} nets[] = {
    {"4", {.client_af = 4, .server_af = 4}},
    {"6", {.client_af = 6, .server_af = 6}},
    {"nat4", {.client_af = 4, .server_af = 4, .direct = true}},
    {"nat6", {.client_af = 6, .server_af = 6, .direct = true}},
    {"64", {.client_af = 6, .server_af = 4}},
    {"snat4", {.client_af = 4, .server_af = 4, .transit = true}},
    {"snat6", {.client_af = 6, .server_af = 6, .transit = true}},
};

static struct job job;

static bool
find_net(const char *name)
{
	for (unsigned i = 0; i < sizeof(nets) / sizeof(nets[0]); i++) {
		if (strcmp(nets[i].name, name))
			continue;
		job.net = &nets[i].net;
		return true;
	}
	return false;
}

static bool
read_lives(const char *line)
{
	char name[16], net[8];

	if (sscanf(line, "lives %15s %7s %u %u", name, net, &job.first, &job.count) != 4 || !find_net(net) ||
	    job.count == 0 || job.first > FLOWS_MAX || job.count > FLOWS_MAX - job.first)
		return false;
	job.type = JOB_LIVES;
	for (unsigned i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
		if (strcmp(lives[i].name, name))
			continue;
		job.nsteps = lives[i].n;
		memcpy(job.steps, lives[i].steps, sizeof(job.steps));
		return true;
	}
	return false;
}

static bool
read_steady(const char *line)
{
	char proto[8], net[8], way[8];

	if (sscanf(line, "steady %7s %7s %7s %u %u", proto, net, way, &job.bits, &job.ms) != 5 ||
	    !find_net(net) || (1u << job.bits) > FLOWS_MAX)
		return false;
	job.type = JOB_STEADY;
	job.tcp = !strcmp(proto, "tcp");
	job.in = strcmp(way, "out") != 0;
	job.out = strcmp(way, "in") != 0;
	return true;
}

static bool
read_syn(const char *line)
{
	char net[8];

	if (sscanf(line, "syn %7s %u", net, &job.ms) != 2 || !find_net(net))
		return false;
	job.type = JOB_STEADY;
	job.tcp = job.in = job.syn = true;
	return true;
}

static bool
read_flood(const char *line)
{
	char proto[8], net[8];

	if (sscanf(line, "flood %7s %7s %u %lf %lf %u", proto, net, &job.bits, &job.known_pps, &job.new_pps,
		   &job.ms) != 6 ||
	    !find_net(net) || job.bits > 24 || !(job.known_pps > 0) || !(job.new_pps >= 0))
		return false;
	job.type = JOB_FLOOD;
	job.tcp = !strcmp(proto, "tcp");
	return true;
}

static bool
read_job(const char *line)
{
	memset(&job, 0, offsetof(struct job, work));
	if (sscanf(line, "idle %u %u", &job.ms, &job.idle_turn) == 2) {
		job.type = JOB_IDLE;
		return true;
	}
	return read_lives(line) || read_steady(line) || read_syn(line) || read_flood(line);
}

static void
print_spread(FILE *out, const char *name, struct samples *s, unsigned pieces)
{
	struct spread p = samples_spread(s);
	double per = pieces;

	fprintf(out, "\"%s\":{\"samples\":%u,\"interrupted\":%u,\"p10\":%.2f,\"median\":%.2f,\"p90\":%.2f},",
		name, p.n, s->interrupted, p.p10 / per, p.median / per, p.p90 / per);
}

static unsigned
pieces_of_sample(void)
{
	if (job.type == JOB_STEADY)
		return SLICE * (unsigned)(job.in + job.out);
	return job.type == JOB_LIVES ? CHUNK : 1;
}

static void
print_flood(FILE *out)
{
	static const char *const names[FLOOD_KINDS] = {"known", "fresh"};
	const struct flood *f = &job.flood;

	for (unsigned i = 0; i < FLOOD_KINDS; i++)
		fprintf(out, "\"%s\":{\"offered\":%llu,\"lost\":%llu,\"taken\":%llu,\"passed\":%llu},",
			names[i], (unsigned long long)f->offered[i], (unsigned long long)f->lost[i],
			(unsigned long long)f->taken[i], (unsigned long long)job.passed[i]);
	fprintf(out, "\"pauses\":%llu,", (unsigned long long)f->pauses);
}

/* The control lcore sends a packet of its own now and then, so more may come out than went in. */
static uint64_t
missing(uint64_t offered, uint64_t sent)
{
	return offered > sent ? offered - sent : 0;
}

static void
answer(FILE *out, const char *line)
{
	static bool attached;
	uint64_t sent[SOURCE_PORTS];

	if (!attached) {
		const char *why = source_attach();

		if (why) {
			fprintf(out, "{\"error\":\"%s\"}\n", why);
			return;
		}
		attached = true;
	}
	if (!read_job(line)) {
		fprintf(out, "{\"error\":\"not understood\"}\n");
		return;
	}
	for (uint16_t port = WAN; port <= LAN; port++)
		sent[port] = source_sent(port);
	source_run(&job);
	for (uint16_t port = WAN; port <= LAN; port++)
		sent[port] = source_sent(port) - sent[port];
	fprintf(out, "{\"hz\":%llu,", (unsigned long long)rte_get_tsc_hz());
	print_spread(out, "work", &job.work, pieces_of_sample());
	if (job.type == JOB_FLOOD)
		print_flood(out);
	print_spread(out, "ceiling", &job.ceiling, pieces_of_sample());
	fprintf(out,
		"\"flowBytes\":%zu,\"workCycles\":%llu,\"offered\":%llu,\"lost\":%llu,\"unlearned\":%llu}\n",
		sizeof(struct flow_back), (unsigned long long)job.work_cycles,
		(unsigned long long)(job.offered[WAN] + job.offered[LAN]),
		(unsigned long long)(missing(job.offered[WAN], sent[job.syn ? WAN : LAN]) +
				     missing(job.offered[LAN], sent[WAN])),
		(unsigned long long)job.unlearned);
}

static void
serve(int fd)
{
	FILE *in = fdopen(fd, "r"), *out = fdopen(dup(fd), "w");
	char line[128];

	while (in && out && fgets(line, sizeof(line), in)) {
		answer(out, line);
		fflush(out);
	}
	if (in)
		fclose(in);
	if (out)
		fclose(out);
}

static void *
control(void *arg)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), client;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", (const char *)arg);
	unlink(addr.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, 1)) {
		fprintf(stderr, "bench: cannot listen on %s: %s\n", addr.sun_path, strerror(errno));
		return NULL;
	}
	while ((client = accept(fd, NULL, NULL)) >= 0)
		serve(client);
	return NULL;
}

/* Preloaded, so this runs before main(). The client connects when the daemon answers its commands. The
 * signals of the process are the daemon's business. */
__attribute__((constructor)) static void
start(void)
{
	char *path = getenv("DPVS_BENCH_SOCKET");
	sigset_t all, before;
	pthread_t thread;

	if (!path)
		return;
	/* Whoever started us may be killed. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&thread, NULL, control, path) == 0)
		pthread_detach(thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages about connections: ids 90 and 91. A walk over the tables takes many requests, each on a socket of
 * its own; where it stands is remembered for the process that walks, so that two walks do not disturb each
 * other.
 */
#include "lb_ctrl.h"

#include <stdlib.h>
#include <string.h>

#include "abi/conn.h"
#include "abi/messages.h"
#include "core/clock.h"
#include "lb/conn.h"

enum {
	WALKS_MAX = 64,
	WALK_TIMEOUT_MS = 10000,
};

struct walk {
	bool busy;
	bool templates; /* in place of connections */
	pid_t pid;	/* 0 for every process that our namespace of processes does not contain */
	uint64_t used_ms;
	unsigned worker;
	uint32_t cursor;
};

static struct walk walks[WALKS_MAX];

/* ---- texts: clients print them as they are, and know them with these spellings ---- */

struct state_names {
	uint8_t proto;
	unsigned n;
	const char *const *name;
	const char *unknown;
};

static const char *const tcp_names[] = {"TCP_NONE", "TCP_EST",	 "SYN_SENT",  "SYN_RECV",
					"FIN_WAIT", "TIME_WAIT", "TCP_CLOSE", "CLOSE_WAIT",
					"LAST_ACK", "LISTEN",	 "SYNACK"};
static const char *const udp_names[] = {"UDP_NONE", "UDP_ONEWAY", "UDP_NORM", "UDP_LAST"};
static const char *const sctp_names[] = {"SCTP_NONE",
					 "SCTP_INIT1",
					 "SCTP_INIT",
					 "SCTP_COOKIE_SENT",
					 "SCTP_COOKIE_REPLIED",
					 "SCTP_COOKIE_WAIT",
					 "SCTP_COOKIE",
					 "SCTP_COOKIE_ECHOED",
					 "SCTP_ESTABLISHED",
					 "SCTP_SHUTDOWN_SENT",
					 "SCTP_SHUTDOWN_RECEIVED",
					 "SCTP_SHUTDOWN_ACK_SENT",
					 "SCTP_REJECTED",
					 "SCTP_CLOSED"};

static const char *const icmp_names[] = {"ICMP_NORMAL", "ICMP_LAST"};

static const struct state_names names[] = {
    {ABI_IPPROTO_TCP, RTE_DIM(tcp_names), tcp_names, "TCP_UNKOWN"},
    {ABI_IPPROTO_ICMP, RTE_DIM(icmp_names), icmp_names, "ICMP_UNKOWN"},
    {ABI_IPPROTO_ICMPV6, RTE_DIM(icmp_names), icmp_names, "ICMP_UNKOWN"},
    {ABI_IPPROTO_UDP, RTE_DIM(udp_names), udp_names, "UDP_UNKOWN"},
    {ABI_IPPROTO_SCTP, RTE_DIM(sctp_names), sctp_names, "SCTP_UNKNOWN"},
};

const char *
lb_ctrl_state_name(uint8_t proto, uint8_t state)
{
	for (size_t i = 0; i < RTE_DIM(names); i++)
		if (names[i].proto == proto)
			return state < names[i].n ? names[i].name[state] : names[i].unknown;
	return "UNKOWN";
}

void
lb_ctrl_conn_write(void *at, const struct conn_view *v)
{
	struct ip_vs_conn_entry e = {.in_af = v->af,
				     .out_af = v->rs_af,
				     .proto = v->proto,
				     .cport = v->cport,
				     .vport = v->vport,
				     .lport = v->lport,
				     .dport = v->rport,
				     .timeout = v->timeout_s,
				     .lcoreid = (uint8_t)v->lcore_id};
	const char *state = lb_ctrl_state_name(v->proto, v->state);

	memcpy(&e.caddr, &v->caddr, sizeof(e.caddr));
	memcpy(&e.vaddr, &v->vaddr, sizeof(e.vaddr));
	memcpy(&e.laddr, &v->laddr, sizeof(e.laddr));
	memcpy(&e.daddr, &v->raddr, sizeof(e.daddr));
	memcpy(e.state, state, strnlen(state, sizeof(e.state) - 1));
	memcpy(at, &e, sizeof(e));
}

static int
reply_write(struct ctrl_reply *reply, const struct conn_view *v, unsigned n, uint32_t resl, uint8_t cid)
{
	struct ip_vs_conn_array head = {.nconns = n, .resl = resl, .curcid = cid};
	uint8_t *at = ctrl_reply_add(reply, sizeof(head) + n * sizeof(struct ip_vs_conn_entry));

	if (!at)
		return EDPVS_NOMEM;
	memcpy(at, &head, sizeof(head));
	for (unsigned i = 0; i < n; i++)
		lb_ctrl_conn_write(at + sizeof(head) + i * sizeof(struct ip_vs_conn_entry), &v[i]);
	return EDPVS_OK;
}

/* ---- walks ---- */

static struct walk *
walk_find(pid_t pid)
{
	uint64_t now = clock_now_ms();

	for (unsigned i = 0; i < WALKS_MAX; i++)
		if (walks[i].busy && walks[i].pid == pid)
			return now - walks[i].used_ms <= WALK_TIMEOUT_MS ? &walks[i] : NULL;
	return NULL;
}

/* A place for a new walk: the process's own, else a free one, else that of the walk which stands still
 * longest. */
static struct walk *
walk_start(pid_t pid, bool templates)
{
	struct walk *best = &walks[0];

	for (unsigned i = 0; i < WALKS_MAX; i++) {
		if (walks[i].busy && walks[i].pid == pid) {
			best = &walks[i];
			break;
		}
		if (best->busy && (!walks[i].busy || walks[i].used_ms < best->used_ms))
			best = &walks[i];
	}
	*best = (struct walk){.busy = true, .templates = templates, .pid = pid};
	return best;
}

/* Keeps of n entries what the walk is for. */
static unsigned
page_keep(struct conn_view *v, unsigned n, bool templates)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++)
		if (templates == !!(v[i].flags & CONN_F_TEMPLATE))
			v[kept++] = v[i];
	return kept;
}

/* Fills a page from where the walk stands, worker by worker; not always up, as the table holds both kinds. */
static unsigned
walk_page(struct walk *w, struct conn_view *page, unsigned room)
{
	unsigned n = 0;

	while (w->worker < nworkers && n < room) {
		unsigned got = 0;

		if (w->templates && conn_templates(w->worker) == 0)
			w->cursor = UINT32_MAX;
		else
			got = conn_read(w->worker, &w->cursor, page + n, room - n);
		n += page_keep(page + n, got, w->templates);
		if (w->cursor != UINT32_MAX && n > 0)
			break;
		if (w->cursor != UINT32_MAX)
			continue;
		w->worker++;
		w->cursor = 0;
	}
	return n;
}

static int
conns_get(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct ip_vs_conn_req c;
	struct conn_view *page;
	struct walk *w;
	unsigned n;
	int err;

	if (req->len != sizeof(c))
		return EDPVS_INVAL;
	memcpy(&c, req->body, sizeof(c));
	if (!(c.flag & (GET_IPVS_CONN_FLAG_ALL | GET_IPVS_CONN_FLAG_MORE)) ||
	    c.flag & GET_IPVS_CONN_FLAG_SPECIFIED)
		return EDPVS_INVAL;
	w = c.flag & GET_IPVS_CONN_FLAG_MORE
		? walk_find(req->peer.pid)
		: walk_start(req->peer.pid, c.flag & GET_IPVS_CONN_FLAG_TEMPLATE);
	if (!w)
		return EDPVS_NOTEXIST;
	page = malloc(MAX_CTRL_CONN_GET_ENTRIES * sizeof(*page));
	if (!page)
		return EDPVS_NOMEM;
	n = walk_page(w, page, MAX_CTRL_CONN_GET_ENTRIES);
	if (w->worker < nworkers) {
		w->used_ms = clock_now_ms();
		err = reply_write(reply, page, n, GET_IPVS_CONN_RESL_MORE,
				  (uint8_t)workers[w->worker]->lcore_id);
	} else {
		w->busy = false;
		err = reply_write(reply, page, n, GET_IPVS_CONN_RESL_OK, 0);
	}
	free(page);
	return err;
}

static int
conn_get(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct ip_vs_conn_req c;
	union inet_ip client, target;
	struct conn_view v;
	uint8_t proto;
	bool found;

	if (req->len != sizeof(c))
		return EDPVS_INVAL;
	memcpy(&c, req->body, sizeof(c));
	if (!(c.flag & GET_IPVS_CONN_FLAG_SPECIFIED) ||
	    (c.sockpair.af != ABI_AF_INET && c.sockpair.af != ABI_AF_INET6) || c.sockpair.proto > UINT8_MAX)
		return EDPVS_INVAL;
	client = lb_ctrl_ip(c.sockpair.af, &c.sockpair.sip);
	target = lb_ctrl_ip(c.sockpair.af, &c.sockpair.tip);
	proto = (uint8_t)c.sockpair.proto;
	found = c.flag & GET_IPVS_CONN_FLAG_TEMPLATE &&
		conn_find((uint8_t)c.sockpair.af, conn_template_proto(proto), &client, c.sockpair.sport,
			  &target, c.sockpair.tport, &v);
	if (!found)
		found = conn_find((uint8_t)c.sockpair.af, proto, &client, c.sockpair.sport, &target,
				  c.sockpair.tport, &v);
	if (!found)
		return EDPVS_NOTEXIST;
	return reply_write(reply, &v, 1, GET_IPVS_CONN_RESL_OK, 0);
}

void
lb_conn_ctrl_register(void)
{
	ctrl_register(SOCKOPT_GET_CONN_ALL, conns_get);
	ctrl_register(SOCKOPT_GET_CONN_SPECIFIED, conn_get);
}

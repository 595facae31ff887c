/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections in pages, filtered and counted here: message DS_MSG_LIST_CONNS.
 *
 * Tables are walked worker by worker, in the order of lcore ids, by place in the table. A connection keeps
 * its place while it lives, so a cursor - worker and place - lists what stays exactly once, whatever comes
 * and goes meanwhile. The control lcore reads at most LOOKS_MAX places for a page, so that nothing else waits
 * for long; workers notice nothing.
 */
#include "lb_ctrl.h"

#include <stdlib.h>
#include <string.h>
#include <rte_jhash.h>

#include "abi/dest.h"
#include "abi/messages.h"
#include "core/clock.h"

enum {
	LOOKS_MAX = 65536,
	PAGE_DEFAULT = 8192,
	CURSOR_KIND = 0x636f6e6e, /* no cursor of another list */
	WANTS = DS_CONNS_WANT_MORE | DS_CONNS_WANT_COUNTS | DS_CONNS_WANT_TEMPLATES,
	/* A single connection is named, as its client sees it. */
	FILTERS_TUPLE =
	    DS_FILTER_PROTO | DS_FILTER_CLIENT | DS_FILTER_CPORT | DS_FILTER_VIP | DS_FILTER_VPORT,
	FILTERS = FILTERS_TUPLE | DS_FILTER_AF | DS_FILTER_LADDR | DS_FILTER_LPORT | DS_FILTER_RS |
		  DS_FILTER_RPORT | DS_FILTER_STATE | DS_FILTER_LCORE,
	GROUP_SLOTS = 2 * LOOKS_MAX,
};

/* Where a page begins. All zero: at the beginning. */
struct cursor {
	uint32_t worker;
	uint32_t place; /* in its table */
	uint32_t kind;
	uint32_t daemon; /* number of this process: places mean nothing to another one */
};
ABI_SIZE(struct cursor, sizeof(((struct ds_list_info *)0)->cursor));

/* A request that makes sense. */
struct ask {
	struct ds_list_conns req;
	struct lb_ctrl_prefix client, vip, laddr, rs;
	struct cursor at;
	unsigned end; /* worker behind the last one */
	unsigned max_entries;
};

/* ---- request ---- */

static int
cursor_read(const uint8_t *bytes, struct cursor *at)
{
	static const struct cursor start;

	memcpy(at, bytes, sizeof(*at));
	if (memcmp(at, &start, sizeof(*at)) == 0)
		return EDPVS_OK;
	return at->kind == CURSOR_KIND && at->worker < nworkers && at->daemon == lb_ctrl_daemon_number()
		   ? EDPVS_OK
		   : EDPVS_INVAL;
}

static int
prefixes_read(struct ask *ask)
{
	const struct {
		uint32_t bit;
		const struct ds_prefix *in;
		struct lb_ctrl_prefix *out;
	} all[] = {{DS_FILTER_CLIENT, &ask->req.client, &ask->client},
		   {DS_FILTER_VIP, &ask->req.vip, &ask->vip},
		   {DS_FILTER_LADDR, &ask->req.laddr, &ask->laddr},
		   {DS_FILTER_RS, &ask->req.rs, &ask->rs}};
	int err = EDPVS_OK;

	for (unsigned i = 0; i < RTE_DIM(all) && !err; i++)
		if (ask->req.filter & all[i].bit)
			err = lb_ctrl_prefix_read(all[i].in, all[i].out);
	return err;
}

/* The one worker that is asked for. */
static int
lcore_read(struct ask *ask)
{
	for (unsigned i = 0; i < nworkers; i++) {
		if (workers[i]->lcore_id != ask->req.lcore)
			continue;
		if (ask->at.worker < i)
			ask->at = (struct cursor){.worker = i};
		ask->end = i + 1;
		return EDPVS_OK;
	}
	return EDPVS_INVAL;
}

static int
ask_read(const struct ctrl_request *req, struct ask *ask)
{
	uint32_t wish;
	int err;

	if (req->len < sizeof(ask->req))
		return EDPVS_INVAL;
	memcpy(&ask->req, req->body, sizeof(ask->req));
	if ((ask->req.filter & ~(uint32_t)FILTERS) || (ask->req.want & ~(uint32_t)WANTS))
		return EDPVS_INVAL;
	if ((ask->req.filter & DS_FILTER_AF) && inet_bits(ask->req.af) == 0)
		return EDPVS_INVAL;
	wish = ask->req.max_entries ? ask->req.max_entries : PAGE_DEFAULT;
	ask->max_entries = wish < CTRL_PAGE_CONNS_MAX ? wish : CTRL_PAGE_CONNS_MAX;
	ask->end = nworkers;
	err = cursor_read(ask->req.cursor, &ask->at);
	if (!err)
		err = prefixes_read(ask);
	if (!err && (ask->req.filter & DS_FILTER_LCORE))
		err = lcore_read(ask);
	return err;
}

/* ---- filter ---- */

static bool
addresses_pass(const struct ask *ask, const struct conn_view *v)
{
	uint32_t f = ask->req.filter;

	return (!(f & DS_FILTER_CLIENT) || lb_ctrl_prefix_has(&ask->client, v->af, &v->caddr)) &&
	       (!(f & DS_FILTER_VIP) || lb_ctrl_prefix_has(&ask->vip, v->af, &v->vaddr)) &&
	       (!(f & DS_FILTER_LADDR) || lb_ctrl_prefix_has(&ask->laddr, v->rs_af, &v->laddr)) &&
	       (!(f & DS_FILTER_RS) || lb_ctrl_prefix_has(&ask->rs, v->rs_af, &v->raddr));
}

static bool
ports_pass(const struct ask *ask, const struct conn_view *v)
{
	uint32_t f = ask->req.filter;

	return (!(f & DS_FILTER_CPORT) || v->cport == ask->req.cport) &&
	       (!(f & DS_FILTER_VPORT) || v->vport == ask->req.vport) &&
	       (!(f & DS_FILTER_LPORT) || v->lport == ask->req.lport) &&
	       (!(f & DS_FILTER_RPORT) || v->rport == ask->req.rport);
}

static bool
state_passes(const struct ask *ask, const struct conn_view *v)
{
	/* Listings cut names to what has room beside a zero. */
	return strncmp(lb_ctrl_state_name(v->proto, v->state), ask->req.state, sizeof(ask->req.state) - 1) ==
	       0;
}

static bool
passes(const struct ask *ask, const struct conn_view *v)
{
	uint32_t f = ask->req.filter;

	if (!(v->flags & CONN_F_TEMPLATE) != !(ask->req.want & DS_CONNS_WANT_TEMPLATES))
		return false;
	if (f == 0)
		return true;
	return (!(f & DS_FILTER_AF) || v->af == ask->req.af) &&
	       (!(f & DS_FILTER_PROTO) || v->proto == ask->req.proto) && ports_pass(ask, v) &&
	       addresses_pass(ask, v) && (!(f & DS_FILTER_STATE) || state_passes(ask, v));
}

/* ---- walk ---- */

/* What is found goes to take(); false ends the page. */
struct walk {
	const struct ask *ask;
	struct cursor at; /* the next place */
	bool more;
	bool (*take)(void *arg, const struct conn_view *v);
	void *arg;
};

static bool
names_one(const struct ask *ask)
{
	return (ask->req.filter & FILTERS_TUPLE) == FILTERS_TUPLE &&
	       ask->client.plen == inet_bits(ask->client.af) && ask->vip.plen == inet_bits(ask->vip.af) &&
	       ask->client.af == ask->vip.af;
}

static void
walk_one(struct walk *w)
{
	const struct ask *ask = w->ask;
	bool templates = ask->req.want & DS_CONNS_WANT_TEMPLATES;
	uint8_t proto = templates ? conn_template_proto(ask->req.proto) : ask->req.proto;
	struct conn_view v;

	while (w->at.worker < ask->end) {
		unsigned i = w->at.worker++;

		if (conn_probe(i, ask->client.af, proto, &ask->client.ip, ask->req.cport, &ask->vip.ip,
			       ask->req.vport, &v) &&
		    passes(ask, &v) && !w->take(w->arg, &v)) {
			w->more = w->at.worker < ask->end;
			return;
		}
	}
}

static void
walk_page(struct walk *w)
{
	const struct ask *ask = w->ask;
	uint64_t now = clock_now_ms();
	bool full = false, templates = ask->req.want & DS_CONNS_WANT_TEMPLATES;
	unsigned looks = 0;

	for (; w->at.worker < ask->end; w->at.worker++, w->at.place = 0) {
		uint32_t end = conn_end(w->at.worker), i = w->at.place ? w->at.place : 1;

		if (templates && conn_templates(w->at.worker) == 0)
			continue;

		for (; i < end && looks < LOOKS_MAX && !full; i++, looks++) {
			struct conn_view v;

			if (conn_peek(w->at.worker, i, now, &v) && passes(ask, &v))
				full = !w->take(w->arg, &v);
		}
		if (i < end) {
			w->at.place = i;
			w->more = true;
			return;
		}
	}
}

static void
walk(struct walk *w)
{
	w->at = w->ask->at;
	if (names_one(w->ask))
		walk_one(w);
	else
		walk_page(w);
}

/* ---- connections ---- */

struct page {
	struct conn_view *v;
	unsigned n, room;
};

static bool
page_take(void *arg, const struct conn_view *v)
{
	struct page *page = arg;

	page->v[page->n++] = *v;
	return page->n < page->room;
}

_Static_assert(DS_UNKNOWN64 == UINT64_MAX, "what a view does not know, nor does the entry");

static struct ds_conn_more
more_of(const struct conn_view *v)
{
	uint16_t flags = IP_VS_CONN_F_HASHED | IP_VS_CONN_F_IN_TIMER;

	if (v->flags & CONN_F_TEMPLATE)
		flags |= IP_VS_CONN_F_TEMPLATE;
	else if (!(v->flags & CONN_F_ACTIVE))
		flags |= IP_VS_CONN_F_INACTIVE;
	if (v->flags & CONN_F_EXPIRE_Q)
		flags |= IP_VS_CONN_F_EXPIRE_QUIESCENT;
	return (struct ds_conn_more){.in_packets = v->packets[CONN_DIR_IN],
				     .in_bytes = v->bytes[CONN_DIR_IN],
				     .out_packets = v->packets[CONN_DIR_OUT],
				     .out_bytes = v->bytes[CONN_DIR_OUT],
				     .age_ms = v->age_ms,
				     .left_ms = v->left_ms,
				     .fwd = v->fwd,
				     .flags = (uint16_t)(flags | (v->fwd & IP_VS_CONN_F_FWD_MASK))};
}

static int
page_write(const struct page *page, uint32_t want, struct ctrl_reply *reply)
{
	uint8_t *at = ctrl_reply_record(reply, DS_TLV_CONNS, page->n * sizeof(struct ip_vs_conn_entry));

	if (!at)
		return EDPVS_NOMEM;
	for (unsigned i = 0; i < page->n; i++)
		lb_ctrl_conn_write(at + i * sizeof(struct ip_vs_conn_entry), &page->v[i]);
	if (!(want & DS_CONNS_WANT_MORE))
		return EDPVS_OK;
	at = ctrl_reply_record(reply, DS_TLV_CONNS_MORE, page->n * sizeof(struct ds_conn_more));
	if (!at)
		return EDPVS_NOMEM;
	for (unsigned i = 0; i < page->n; i++) {
		struct ds_conn_more more = more_of(&page->v[i]);

		memcpy(at + i * sizeof(more), &more, sizeof(more));
	}
	return EDPVS_OK;
}

static int
list_entries(struct walk *w, struct ctrl_reply *reply)
{
	struct page page = {.room = w->ask->max_entries};
	int err;

	page.v = malloc(page.room * sizeof(*page.v));
	if (!page.v)
		return EDPVS_NOMEM;
	w->take = page_take;
	w->arg = &page;
	walk(w);
	err = page_write(&page, w->ask->req.want, reply);
	free(page.v);
	return err;
}

/* ---- counts ---- */

/* Groups in the order in which they were found, and a table of open addressing to find them again. */
struct groups {
	struct ds_conn_count *g; /* [LOOKS_MAX] */
	unsigned n;
	uint32_t *slot; /* [GROUP_SLOTS]: number of a group + 1; 0: free */
};

static struct ds_conn_count
group_of(const struct conn_view *v)
{
	struct ds_conn_count g = {.in_af = v->af,
				  .out_af = v->rs_af,
				  .proto = v->proto,
				  .lcore = (uint8_t)v->lcore_id,
				  .vport = v->vport,
				  .dport = v->rport};
	const char *state = lb_ctrl_state_name(v->proto, v->state);

	memcpy(&g.vaddr, &v->vaddr, sizeof(g.vaddr));
	memcpy(&g.daddr, &v->raddr, sizeof(g.daddr));
	memcpy(g.state, state, strnlen(state, sizeof(g.state) - 1));
	return g;
}

static bool
groups_take(void *arg, const struct conn_view *v)
{
	struct groups *groups = arg;
	struct ds_conn_count g = group_of(v);
	const size_t skip = sizeof(g.count), len = sizeof(g) - skip;
	uint32_t i = rte_jhash((const uint8_t *)&g + skip, (uint32_t)len, 0) % GROUP_SLOTS;

	for (; groups->slot[i]; i = (i + 1) % GROUP_SLOTS) {
		struct ds_conn_count *known = &groups->g[groups->slot[i] - 1];

		if (memcmp((const uint8_t *)known + skip, (const uint8_t *)&g + skip, len) == 0) {
			known->count++;
			return true;
		}
	}
	g.count = 1;
	groups->g[groups->n] = g;
	groups->slot[i] = ++groups->n;
	return groups->n < LOOKS_MAX;
}

static int
list_counts(struct walk *w, struct ctrl_reply *reply)
{
	struct groups groups = {.g = malloc(LOOKS_MAX * sizeof(*groups.g)),
				.slot = calloc(GROUP_SLOTS, sizeof(*groups.slot))};
	int err = EDPVS_NOMEM;
	void *at;

	if (groups.g && groups.slot) {
		w->take = groups_take;
		w->arg = &groups;
		walk(w);
		at = ctrl_reply_record(reply, DS_TLV_CONN_COUNTS, groups.n * sizeof(*groups.g));
		if (at) {
			memcpy(at, groups.g, groups.n * sizeof(*groups.g));
			err = EDPVS_OK;
		}
	}
	free(groups.g);
	free(groups.slot);
	return err;
}

/* ---- pages ---- */

static uint64_t
total(const struct ask *ask)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < nworkers; i++)
		n += ask->req.want & DS_CONNS_WANT_TEMPLATES ? conn_templates(i) : conn_count(i);
	return n;
}

static int
conns_list(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct ds_list_info info = {.generation = ctrl_generation};
	size_t head = ctrl_reply_len(reply);
	struct ask ask;
	struct walk w = {.ask = &ask};
	int err = ask_read(req, &ask);

	if (err)
		return err;
	info.total = total(&ask);
	if (!ctrl_reply_record(reply, DS_TLV_LIST_INFO, sizeof(info)))
		return EDPVS_NOMEM;
	err = ask.req.want & DS_CONNS_WANT_COUNTS ? list_counts(&w, reply) : list_entries(&w, reply);
	if (err)
		return err;
	if (w.more) {
		w.at.kind = CURSOR_KIND;
		w.at.daemon = lb_ctrl_daemon_number();
		memcpy(info.cursor, &w.at, sizeof(info.cursor));
		info.flags = DS_LIST_F_MORE;
	}
	memcpy((uint8_t *)ctrl_reply_at(reply, head) + sizeof(struct ds_tlv), &info, sizeof(info));
	return EDPVS_OK;
}

void
lb_conn_list_ctrl_register(void)
{
	ctrl_register(DS_MSG_LIST_CONNS, conns_list);
}

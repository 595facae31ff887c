/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Services in pages, filtered: message DS_MSG_LIST_SERVICES.
 *
 * Services are listed in the order of lb_service_next(), in which (kind, serial) grows. A cursor is the place
 * of the last service of a page in that order, so a walk needs no service to stay: what comes next is found
 * behind the place, deleted services are passed over, and new ones are at the end of their kind. A handler
 * runs in one go, so a page is a snapshot of the configuration.
 */
#include "lb_ctrl.h"

#include <string.h>

#include "abi/messages.h"
#include "acl.h"

enum {
	PAGE_BYTES_DEFAULT = 1 << 20,
	FILTERS_SERVICE = DS_FILTER_AF | DS_FILTER_PROTO | DS_FILTER_VIP | DS_FILTER_VPORT | DS_FILTER_SCHED |
			  DS_FILTER_FWMARK,
	FILTERS_DEST = DS_FILTER_RS | DS_FILTER_RPORT,
	WANTS = DS_LIST_WANT_DESTS | DS_LIST_WANT_LADDRS | DS_LIST_WANT_ACLS | DS_LIST_WANT_MORE,
};

/* Where a page begins: behind this place. All zero: at the first service, because serials begin at 1. */
struct cursor {
	uint64_t serial;
	uint32_t kind;
	uint32_t daemon; /* number of this process: places mean nothing to another one */
};
ABI_SIZE(struct cursor, sizeof(((struct ds_list_info *)0)->cursor));

/* A request that makes sense. */
struct ask {
	struct ds_list_services req;
	struct lb_ctrl_prefix vip, rs;
	struct cursor at;
	size_t max_bytes;
	int worker; /* whose counters; -1: sums */
	uint8_t cid;
};

/* ---- request ---- */

static int
cursor_read(const uint8_t *bytes, struct cursor *at)
{
	static const struct cursor start;

	memcpy(at, bytes, sizeof(*at));
	if (memcmp(at, &start, sizeof(*at)) == 0)
		return EDPVS_OK;
	return at->kind < LB_SERVICE_KINDS && at->daemon == lb_ctrl_daemon_number() ? EDPVS_OK : EDPVS_INVAL;
}

static size_t
page_bytes(uint32_t wish)
{
	if (wish == 0)
		return PAGE_BYTES_DEFAULT;
	return wish < CTRL_PAGE_BYTES_MAX ? wish : CTRL_PAGE_BYTES_MAX;
}

static int
ask_read(const struct ctrl_request *req, struct ask *ask)
{
	uint32_t filter;
	int err;

	if (req->len < sizeof(ask->req))
		return EDPVS_INVAL;
	memcpy(&ask->req, req->body, sizeof(ask->req));
	filter = ask->req.filter;
	if ((filter & ~(uint32_t)(FILTERS_SERVICE | FILTERS_DEST)) || (ask->req.want & ~(uint32_t)WANTS))
		return EDPVS_INVAL;
	if ((filter & DS_FILTER_AF) && inet_bits(ask->req.af) == 0)
		return EDPVS_INVAL;
	err = lb_ctrl_view(ask->req.index, &ask->worker, &ask->cid);
	if (!err)
		err = cursor_read(ask->req.cursor, &ask->at);
	if (!err && (filter & DS_FILTER_VIP))
		err = lb_ctrl_prefix_read(&ask->req.vip, &ask->vip);
	if (!err && (filter & DS_FILTER_RS))
		err = lb_ctrl_prefix_read(&ask->req.rs, &ask->rs);
	ask->max_bytes = page_bytes(ask->req.max_bytes);
	return err;
}

/* ---- filters ---- */

/* Services for firewall marks and matches have neither address nor port, whatever is asked for. */
static bool
address_passes(const struct ask *ask, const struct lb_service *svc)
{
	uint32_t filter = ask->req.filter & (DS_FILTER_VIP | DS_FILTER_VPORT);

	if (filter && svc->kind != LB_SERVICE_ADDRESS)
		return false;
	if ((filter & DS_FILTER_VIP) && !lb_ctrl_prefix_has(&ask->vip, svc->key.af, &svc->key.vip))
		return false;
	return !(filter & DS_FILTER_VPORT) || svc->key.vport_be == ask->req.vport;
}

static bool
service_passes(const struct ask *ask, const struct lb_service *svc)
{
	uint32_t filter = ask->req.filter;

	if ((filter & DS_FILTER_AF) && svc->key.af != ask->req.af)
		return false;
	if ((filter & DS_FILTER_PROTO) && svc->key.proto != ask->req.proto)
		return false;
	if ((filter & DS_FILTER_FWMARK) && (svc->kind != LB_SERVICE_FWMARK || svc->fwmark != ask->req.fwmark))
		return false;
	if ((filter & DS_FILTER_SCHED) &&
	    strncmp(svc->sched_name, ask->req.sched_name, sizeof(svc->sched_name)) != 0)
		return false;
	return address_passes(ask, svc);
}

static inline bool
dest_passes(const struct ask *ask, const struct lb_dest *d)
{
	uint32_t filter = ask->req.filter;

	if ((filter & DS_FILTER_RS) && !lb_ctrl_prefix_has(&ask->rs, d->af, &d->ip))
		return false;
	return !(filter & DS_FILTER_RPORT) || d->port_be == ask->req.rport;
}

static uint32_t
dests_passing(const struct ask *ask, const struct lb_service *svc)
{
	const struct lb_dest *d;
	uint32_t n = 0;

	if (!(ask->req.filter & FILTERS_DEST))
		return svc->ndests;
	TAILQ_FOREACH (d, &svc->dest_list, next)
		n += dest_passes(ask, d);
	return n;
}

/* ---- records ---- */

/* NULL: the service has no lists. */
static const struct lb_acl *
acl_of(const struct lb_service *svc)
{
	return svc->kind == LB_SERVICE_ADDRESS ? lb_acl_find(&svc->key) : NULL;
}

static uint32_t
acl_length(const struct lb_service *svc, unsigned list)
{
	const struct lb_acl *acl = acl_of(svc);

	return acl ? acl->list[list].n : 0;
}

/* What will be written of a service. Every kind of record that was asked for is there, if only empty. */
static size_t
service_bytes(const struct ask *ask, const struct lb_service *svc, uint32_t ndests)
{
	uint32_t want = ask->req.want;
	size_t n = DS_TLV_SIZE(sizeof(struct dp_vs_service_compat) + sizeof(struct ds_service_ext));

	if (want & DS_LIST_WANT_MORE)
		n += DS_TLV_SIZE(sizeof(struct ds_service_more));
	if (want & DS_LIST_WANT_DESTS)
		n += DS_TLV_SIZE(ndests * sizeof(struct dp_vs_dest_compat));
	if ((want & DS_LIST_WANT_DESTS) && (want & DS_LIST_WANT_MORE))
		n += DS_TLV_SIZE(ndests * sizeof(struct ds_dest_more));
	if (want & DS_LIST_WANT_LADDRS)
		n += DS_TLV_SIZE(svc->nladdrs * sizeof(struct ds_laddr));
	if (want & DS_LIST_WANT_ACLS)
		n += DS_TLV_SIZE(acl_length(svc, LB_ACL_DENY) * sizeof(struct ds_acl_entry)) +
		     DS_TLV_SIZE(acl_length(svc, LB_ACL_ALLOW) * sizeof(struct ds_acl_entry));
	return n;
}

/* Writes the head of a record at *at, moves *at behind the record and returns its payload. */
static uint8_t *
record(uint8_t **at, uint16_t type, size_t len)
{
	struct ds_tlv tlv = {.type = type, .len = (uint32_t)len};
	uint8_t *payload = *at + sizeof(tlv);

	memcpy(*at, &tlv, sizeof(tlv));
	*at += DS_TLV_SIZE(len);
	return payload;
}

static struct ds_rates
rates_of(const struct lb_rates *r)
{
	return (struct ds_rates){.cps = lb_ctrl_rate(r->cps),
				 .inpps = lb_ctrl_rate(r->in_pps),
				 .inbps = lb_ctrl_rate(r->in_bps),
				 .outpps = lb_ctrl_rate(r->out_pps),
				 .outbps = lb_ctrl_rate(r->out_bps)};
}

static void
write_service_more(uint8_t **at, const struct lb_service *svc)
{
	struct lb_rates rates = lb_ctrl_service_rates(svc);
	struct ds_service_more more = {.serial = svc->serial,
				       .rates = rates_of(&rates),
				       .deny = acl_length(svc, LB_ACL_DENY),
				       .allow = acl_length(svc, LB_ACL_ALLOW)};

	memcpy(record(at, DS_TLV_SERVICE_MORE, sizeof(more)), &more, sizeof(more));
}

static void
write_attributes(uint8_t **at, const struct ask *ask, const struct lb_service *svc)
{
	struct ds_service_ext ext = {.mark = DS_SERVICE_EXT, .conn_limit = svc->attrs->conn_limit};
	uint8_t *to = record(at, DS_TLV_SERVICE, sizeof(struct dp_vs_service_compat) + sizeof(ext));

	lb_ctrl_service_write(to, svc, ask->worker, ask->cid, ask->req.index);
	memcpy(to + sizeof(struct dp_vs_service_compat), &ext, sizeof(ext));
}

/* Counters of many servers are nowhere near a cache: fetch those of a service at the same time. */
static void
prefetch_counters(const struct ask *ask, const struct lb_service *svc)
{
	const struct lb_dest *d;

	TAILQ_FOREACH (d, &svc->dest_list, next)
		for (unsigned i = 0; i < nworkers; i++)
			if (ask->worker < 0 || (unsigned)ask->worker == i)
				__builtin_prefetch(lb_counters(i, d->id));
}

static void
write_dests(uint8_t **at, const struct ask *ask, const struct lb_service *svc, uint32_t n)
{
	uint8_t *to = record(at, DS_TLV_DESTS, n * sizeof(struct dp_vs_dest_compat));
	const struct lb_dest *d;

	TAILQ_FOREACH (d, &svc->dest_list, next) {
		if (!dest_passes(ask, d))
			continue;
		lb_ctrl_dest_write(to, d, ask->worker);
		to += sizeof(struct dp_vs_dest_compat);
	}
}

static void
write_dests_more(uint8_t **at, const struct ask *ask, const struct lb_service *svc, uint32_t n)
{
	uint8_t *to = record(at, DS_TLV_DESTS_MORE, n * sizeof(struct ds_dest_more));
	const struct lb_dest *d;

	TAILQ_FOREACH (d, &svc->dest_list, next) {
		struct ds_dest_more more = {.rates = rates_of(&d->rates),
					    .stat = d->id,
					    .weight = d->check.inhibited ? (uint32_t)d->check.weight : 0};

		if (!dest_passes(ask, d))
			continue;
		memcpy(to, &more, sizeof(more));
		to += sizeof(more);
	}
}

static void
write_laddrs(uint8_t **at, const struct ask *ask, const struct lb_service *svc)
{
	uint8_t *to = record(at, DS_TLV_LADDRS, svc->nladdrs * sizeof(struct ds_laddr));
	const struct lb_laddr *l;

	TAILQ_FOREACH (l, &svc->laddr_list, next) {
		struct ds_laddr e = {.af = l->af};
		uint64_t used;

		lb_laddr_usage(l, ask->worker, &used, &e.conflicts);
		e.nconns = lb_ctrl_u32(used);
		memcpy(&e.addr, &l->ip, sizeof(e.addr));
		memcpy(e.ifname, l->ifname, sizeof(e.ifname));
		memcpy(to, &e, sizeof(e));
		to += sizeof(e);
	}
}

static void
write_acl(uint8_t **at, const struct lb_service *svc, unsigned list, uint16_t type)
{
	uint8_t *to = record(at, type, acl_length(svc, list) * sizeof(struct ds_acl_entry));
	const struct lb_acl *acl = acl_of(svc);
	const struct lb_acl_entry *e;

	if (!acl)
		return;
	TAILQ_FOREACH (e, &acl->list[list].entries, next) {
		struct ds_acl_entry entry = {0};

		if (e->set) {
			strncpy(entry.ipset, ipset_name(e->set), sizeof(entry.ipset) - 1);
		} else {
			entry.subject = (struct ds_prefix){.af = acl->key.af, .plen = e->plen};
			memcpy(&entry.subject.addr, &e->ip, sizeof(entry.subject.addr));
		}
		memcpy(to, &entry, sizeof(entry));
		to += sizeof(entry);
	}
}

static void
write_service(uint8_t *at, const struct ask *ask, const struct lb_service *svc, uint32_t ndests)
{
	uint32_t want = ask->req.want;

	if (want & DS_LIST_WANT_DESTS)
		prefetch_counters(ask, svc);
	write_attributes(&at, ask, svc);
	if (want & DS_LIST_WANT_MORE)
		write_service_more(&at, svc);
	if (want & DS_LIST_WANT_DESTS)
		write_dests(&at, ask, svc, ndests);
	if ((want & DS_LIST_WANT_DESTS) && (want & DS_LIST_WANT_MORE))
		write_dests_more(&at, ask, svc, ndests);
	if (want & DS_LIST_WANT_LADDRS)
		write_laddrs(&at, ask, svc);
	if (want & DS_LIST_WANT_ACLS) {
		write_acl(&at, svc, LB_ACL_DENY, DS_TLV_DENY);
		write_acl(&at, svc, LB_ACL_ALLOW, DS_TLV_ALLOW);
	}
}

/* ---- pages ---- */

/* Writes the services of a page. *at becomes the place of the last one, *more whether there are others. */
static int
write_page(const struct ask *ask, struct ctrl_reply *reply, struct cursor *at, bool *more)
{
	const struct lb_service *svc = lb_service_after(ask->at.kind, ask->at.serial);
	bool empty = true;

	for (; svc; svc = lb_service_next(svc)) {
		uint32_t ndests;
		size_t bytes;
		void *to;

		if (!service_passes(ask, svc))
			continue;
		ndests = dests_passing(ask, svc);
		if (ndests == 0 && (ask->req.filter & FILTERS_DEST))
			continue;
		bytes = service_bytes(ask, svc, ndests);
		*more = !empty && ctrl_reply_len(reply) + bytes > ask->max_bytes;
		if (*more)
			return EDPVS_OK;
		to = ctrl_reply_add(reply, bytes);
		if (!to)
			return EDPVS_NOMEM;
		write_service(to, ask, svc, ndests);
		*at = (struct cursor){
		    .serial = svc->serial, .kind = svc->kind, .daemon = lb_ctrl_daemon_number()};
		empty = false;
	}
	return EDPVS_OK;
}

static int
services_list(const struct ctrl_request *req, struct ctrl_reply *reply)
{
	struct ds_list_info info = {.generation = ctrl_generation, .total = lb_services_count()};
	size_t head = ctrl_reply_len(reply);
	struct cursor last;
	bool more = false;
	struct ask ask;
	uint8_t *at;
	int err = ask_read(req, &ask);

	if (err)
		return err;
	if (!ctrl_reply_add(reply, DS_TLV_SIZE(sizeof(info))))
		return EDPVS_NOMEM;
	last = ask.at;
	err = write_page(&ask, reply, &last, &more);
	if (err)
		return err;
	info.flags = more ? DS_LIST_F_MORE : 0;
	memcpy(info.cursor, &last, sizeof(info.cursor));
	at = ctrl_reply_at(reply, head);
	memcpy(record(&at, DS_TLV_LIST_INFO, sizeof(info)), &info, sizeof(info));
	return EDPVS_OK;
}

void
lb_list_ctrl_register(void)
{
	ctrl_register(DS_MSG_LIST_SERVICES, services_list);
}

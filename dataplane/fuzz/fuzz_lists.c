/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target for the balancer's messages, above all its lists in pages: the real handlers and tables
 * behind them, without packets.
 *
 * Input: a sequence of steps. A step is a byte that says what to do, and its arguments. Some steps make and
 * delete services, real servers and entries of deny and allow lists, so that there is something to list and
 * cursors lose their services; others send requests whose bytes come from the input. A page must be
 * well-formed, in order, and no longer than asked for; a walk must end.
 */
#include <stdlib.h>
#include <string.h>
#include <rte_eal.h>
#include <rte_lcore.h>

#include "abi/abi.h"
#include "core/clock.h"
#include "core/conf.h"
#include "core/log.h"
#include "core/rcu.h"
#include "core/worker.h"
#include "ctrl/ctrl.h"
#include "lb/lb.h"

#undef NDEBUG
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

enum { PAGES_MAX = 5000, FIRST_BYTES = DS_TLV_SIZE(sizeof(struct ds_list_info)) };

static struct ctrl_reply *reply;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char *args[] = {"fuzz", "--no-huge", "--no-shconf",    "--no-pci",
			"-m",	"64",	     "--no-telemetry", "--log-level=lib.eal:error"};
	struct rte_mempool *pools[RTE_MAX_NUMA_NODES] = {NULL};
	uint16_t lcores[] = {1, 2};

	if (rte_eal_init((int)RTE_DIM(args), args) < 0)
		abort();
	clock_init();
	clock_stop();
	conf_set_defaults();
	conf.ipvs.conn_pool_size = 1024;
	log_configure(LOG_L_EMERG, NULL);
	log_start_done();
	if (rcu_init(2) || workers_init(2, lcores, pools, 64) || lb_init())
		abort();
	lb_ctrl_register();
	return 0;
}

/* ---- input ---- */

struct input {
	const uint8_t *at;
	size_t left;
};

/* The next n bytes, zeroes behind the end. */
static void
take(struct input *in, void *to, size_t n)
{
	size_t got = n < in->left ? n : in->left;

	memset(to, 0, n);
	memcpy(to, in->at, got);
	in->at += got;
	in->left -= got;
}

static uint8_t
byte(struct input *in)
{
	uint8_t b;

	take(in, &b, 1);
	return b;
}

/* ---- requests ---- */

static int
request(uint32_t id, int32_t type, const void *body, size_t len)
{
	/* Exactly as long as it says, so that the sanitizers see who reads more. */
	uint8_t *copy = malloc(len ? len : 1);
	struct ctrl_request req = {.id = id, .type = type, .body = copy, .len = len};
	int rc;

	if (len)
		memcpy(copy, body, len);
	ctrl_reply_free(reply);
	reply = ctrl_reply_new();
	rc = ctrl_dispatch(&req, reply);
	assert(rc <= 0 && (rc == 0 || ctrl_reply_len(reply) == 0));
	free(copy);
	return rc;
}

static struct dp_vs_service_compat
some_service(struct input *in)
{
	static const char *const schedulers[] = {"rr", "wrr", "wlc", "conhash"};
	uint8_t what = byte(in);
	struct dp_vs_service_compat c = {.af = what & 1 ? ABI_AF_INET6 : ABI_AF_INET,
					 .proto = what & 2 ? ABI_IPPROTO_UDP : ABI_IPPROTO_TCP,
					 .port = (uint16_t)(1 + byte(in) % 64),
					 .netmask = 32,
					 .addr = {.in = {10, 0, 0, what >> 6}}};

	strcpy(c.sched_name, schedulers[what >> 2 & 3]);
	if ((what & 0x30) == 0x10)
		c.fwmark = c.port;
	if ((what & 0x30) == 0x20) {
		memset(&c.addr, 0, sizeof(c.addr));
		c.port = 0;
		c.match.srange.min_port = byte(in);
	}
	return c;
}

static void
change(struct input *in, uint8_t op)
{
	static const uint32_t ids[] = {DPVS_SO_SET_ADD,	    DPVS_SO_SET_ADD,	 DPVS_SO_SET_DEL,
				       DPVS_SO_SET_ADDDEST, DPVS_SO_SET_ADDDEST, DPVS_SO_SET_DELDEST};
	struct dp_vs_service_dest c = {.svc = some_service(in)};

	if (op < 3) {
		request(ids[op], SOCKOPT_SET, &c.svc, sizeof(c.svc));
		return;
	}
	c.dest = (struct dp_vs_dest_compat){.af = c.svc.af,
					    .port = byte(in),
					    .weight = 1,
					    .fwdmode = DPVS_FWD_MODE_FNAT,
					    .addr = {.in = {10, 1, 0, 1}}};
	request(ids[op], SOCKOPT_SET, &c, sizeof(c));
}

/* Lists outlive the services that they are for: those that an input made are emptied in its end. */
static struct ds_acl listed[256];
static unsigned nlisted;

static void
change_list(struct input *in)
{
	struct dp_vs_service_compat svc = some_service(in);
	uint8_t what = byte(in);
	struct ds_acl c = {.vaddr = svc.addr,
			   .vport = svc.port,
			   .proto = svc.proto,
			   .af = (uint8_t)svc.af,
			   .op = 1 + (what & 3),
			   .list = what & 4 ? DS_ACL_ALLOW : DS_ACL_DENY,
			   .entry.subject = {.af = (uint8_t)svc.af, .plen = byte(in)}};

	take(in, &c.entry.subject.addr, 4);
	if (nlisted == RTE_DIM(listed) || request(DS_MSG_ACL, SOCKOPT_SET, &c, sizeof(c)))
		return;
	c.op = DS_ACL_FLUSH;
	listed[nlisted++] = c;
}

static void
empty_lists(void)
{
	while (nlisted > 0)
		assert(request(DS_MSG_ACL, SOCKOPT_SET, &listed[--nlisted], sizeof(listed[0])) == 0);
	for (uint32_t id = SOCKOPT_GET_BLKLST_GETALL; id <= SOCKOPT_GET_WHTLST_GETALL; id += 4) {
		assert(request(id, SOCKOPT_GET, NULL, 0) == 0);
		assert(ctrl_reply_len(reply) == sizeof(struct dp_vs_blklst_conf_array));
	}
}

/* ---- pages ---- */

struct page {
	struct ds_list_info info;
	unsigned services;
	uint64_t last; /* place of the last service: kind above serial */
};

static uint64_t
place(const struct dp_vs_service_compat *c, uint64_t serial)
{
	static const struct dp_vs_match nothing;
	uint64_t kind = c->fwmark ? 1 : memcmp(&c->match, &nothing, sizeof(nothing)) ? 2 : 0;

	return kind << 56 | serial;
}

static struct page
page_read(void)
{
	struct dp_vs_service_compat c;
	struct ds_service_more more;
	struct page page = {.services = 0};
	size_t at = 0, end = ctrl_reply_len(reply);

	while (at < end) {
		const uint8_t *payload = ctrl_reply_at(reply, at + sizeof(struct ds_tlv));
		struct ds_tlv tlv;

		assert(end - at >= sizeof(tlv));
		memcpy(&tlv, payload - sizeof(tlv), sizeof(tlv));
		assert(tlv.flags == 0 && end - at >= DS_TLV_SIZE(tlv.len));
		assert((at == 0) == (tlv.type == DS_TLV_LIST_INFO));
		at += DS_TLV_SIZE(tlv.len);
		if (tlv.type == DS_TLV_LIST_INFO)
			memcpy(&page.info, payload, sizeof(page.info));
		if (tlv.type == DS_TLV_SERVICE) {
			memcpy(&c, payload, sizeof(c));
			page.services++;
		}
		if (tlv.type == DS_TLV_SERVICE_MORE) {
			memcpy(&more, payload, sizeof(more));
			assert(place(&c, more.serial) > page.last);
			page.last = place(&c, more.serial);
		}
		if (tlv.type == DS_TLV_DENY)
			assert(tlv.len == more.deny * sizeof(struct ds_acl_entry));
		if (tlv.type == DS_TLV_ALLOW)
			assert(tlv.len == more.allow * sizeof(struct ds_acl_entry));
	}
	return page;
}

static void
walk(struct input *in, bool change_between)
{
	struct ds_list_services req;
	uint64_t last = 0;

	take(in, &req, sizeof(req));
	req.want |= DS_LIST_WANT_MORE;
	memset(req.cursor, 0, sizeof(req.cursor));
	for (unsigned pages = 0;; pages++) {
		struct page page;

		assert(pages < PAGES_MAX);
		if (request(DS_MSG_LIST_SERVICES, SOCKOPT_GET, &req, sizeof(req)))
			return;
		page = page_read();
		assert(page.services == 0 || page.last > last);
		assert(page.services < 2 || req.max_bytes == 0 || ctrl_reply_len(reply) <= req.max_bytes);
		if (!(page.info.flags & DS_LIST_F_MORE))
			return;
		assert(page.services > 0);
		last = page.last;
		memcpy(req.cursor, page.info.cursor, sizeof(req.cursor));
		/* Until the input ends; then the walk must end too. */
		if (change_between && in->left)
			change(in, byte(in) % 6);
	}
}

/* Any message of the balancer with any body. */
static void
any_request(struct input *in)
{
	static const uint32_t ids[] = {DS_MSG_LIST_SERVICES, DS_MSG_LIST_CONNS,	    DPVS_SO_SET_ADD,
				       DPVS_SO_SET_EDIT,     DPVS_SO_SET_ZERO,	    DPVS_SO_SET_ADDDEST,
				       DPVS_SO_SET_EDITDEST, SOCKOPT_SET_LADDR_ADD, SOCKOPT_GET_CONN_ALL,
				       DPVS_SO_GET_DESTS};
	uint8_t body[512], which = byte(in) % RTE_DIM(ids), set = byte(in) & 1;
	size_t len = (size_t)byte(in) * 2;

	take(in, body, len);
	request(ids[which], set, body, len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};

	while (in.left) {
		uint8_t op = byte(&in) % 10;

		if (op < 6)
			change(&in, op);
		else if (op < 8)
			walk(&in, op == 7);
		else if (op == 8)
			any_request(&in);
		else
			change_list(&in);
	}
	request(DPVS_SO_SET_FLUSH, SOCKOPT_SET, NULL, 0);
	empty_lists();
	for (int i = 0; i < 3; i++) {
		rcu_reclaim();
		lb_control_tick(clock_now_ms());
	}
	return 0;
}

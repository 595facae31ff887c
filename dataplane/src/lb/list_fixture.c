/* SPDX-License-Identifier: Apache-2.0 */
#include "list_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rte_byteorder.h>

#include "lb/lb.h"

struct ctrl_reply *reply;
struct found *found;

int
list_group_setup(void **state)
{
	lb_ctrl_register();
	return fix_group_setup(state);
}

int
list_setup(void **state)
{
	found = calloc(1, sizeof(*found));
	return fix_setup(state);
}

int
list_teardown(void **state)
{
	free(found);
	ctrl_reply_free(reply);
	reply = NULL;
	return fix_teardown(state);
}

/* ---- the world ---- */

union inet_ip
ip4(uint32_t ip)
{
	uint32_t be = rte_cpu_to_be_32(ip);

	return inet_ip_make(INET_AF_V4, &be);
}

union inet_ip
ip6(uint8_t last)
{
	uint8_t b[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = last};

	return inet_ip_make(INET_AF_V6, b);
}

static struct lb_service *
add_named(const struct lb_service_id *id, const char *sched)
{
	struct lb_service_conf conf = {.attrs = {.netmask = UINT32_MAX}};

	snprintf(conf.sched_name, sizeof(conf.sched_name), "%s", sched);
	assert_int_equal(lb_service_add(id, &conf), EDPVS_OK);
	return lb_service_find(id);
}

struct lb_service *
add4(uint32_t vip, uint16_t port, uint8_t proto, const char *sched)
{
	struct lb_service_id id = {
	    .kind = LB_SERVICE_ADDRESS,
	    .key = {.vip = ip4(vip), .vport_be = rte_cpu_to_be_16(port), .af = INET_AF_V4, .proto = proto}};

	return add_named(&id, sched);
}

struct lb_service *
add6(uint8_t vip, uint16_t port, const char *sched)
{
	struct lb_service_id id = {
	    .kind = LB_SERVICE_ADDRESS,
	    .key = {.vip = ip6(vip), .vport_be = rte_cpu_to_be_16(port), .af = INET_AF_V6, .proto = TCP}};

	return add_named(&id, sched);
}

struct lb_service *
add_mark(uint32_t mark)
{
	struct lb_service_id id = {
	    .kind = LB_SERVICE_FWMARK, .key = {.af = INET_AF_V4, .proto = TCP}, .fwmark = mark};

	return add_named(&id, "rr");
}

struct lb_dest *
add_dest(struct lb_service *svc, uint8_t af, union inet_ip ip, uint16_t port)
{
	struct lb_dest_conf conf = {
	    .ip = ip, .port_be = rte_cpu_to_be_16(port), .af = af, .fwd = LB_FWD_FNAT, .weight = 1};

	assert_int_equal(lb_dest_add(svc, &conf), EDPVS_OK);
	return TAILQ_FIRST(&svc->dest_list);
}

/* ---- requests ---- */

int
ask_bytes(const void *body, size_t len)
{
	uint8_t *copy = malloc(len + 1);
	struct ctrl_request req = {
	    .id = DS_MSG_LIST_SERVICES, .type = SOCKOPT_GET, .body = copy + 1, .len = len};
	int rc;

	memcpy(copy + 1, body, len);
	ctrl_reply_free(reply);
	reply = ctrl_reply_new();
	rc = ctrl_dispatch(&req, reply);
	free(copy);
	return rc;
}

int
ask(const struct ds_list_services *req)
{
	return ask_bytes(req, sizeof(*req));
}

struct ds_prefix
prefix4(uint32_t ip, uint8_t plen)
{
	union inet_ip a = ip4(ip);
	struct ds_prefix p = {.af = ABI_AF_INET, .plen = plen};

	memset(&p.addr, 0xee, sizeof(p.addr)); /* what is behind an IPv4 address does not count */
	memcpy(&p.addr, &a, 4);
	return p;
}

bool
find_record(unsigned service, uint16_t type, const uint8_t **payload, uint32_t *len)
{
	size_t at = 0, end = ctrl_reply_len(reply);
	unsigned n = 0;

	while (at < end) {
		struct ds_tlv tlv;

		assert_true(end - at >= sizeof(tlv));
		memcpy(&tlv, ctrl_reply_at(reply, at), sizeof(tlv));
		assert_int_equal(tlv.flags, 0);
		assert_true(end - at >= DS_TLV_SIZE(tlv.len));
		n += tlv.type == DS_TLV_SERVICE;
		if (n == service && tlv.type == type) {
			*payload = (const uint8_t *)ctrl_reply_at(reply, at) + sizeof(tlv);
			*len = tlv.len;
			return true;
		}
		at += DS_TLV_SIZE(tlv.len);
	}
	return false;
}

struct ds_list_info
page_info(void)
{
	struct ds_list_info info;
	const uint8_t *at;
	uint32_t len;

	assert_true(find_record(0, DS_TLV_LIST_INFO, &at, &len));
	assert_int_equal(len, sizeof(info));
	memcpy(&info, at, sizeof(info));
	return info;
}

void
copy_record(unsigned service, uint16_t type, void *to, size_t size)
{
	const uint8_t *at;
	uint32_t len;

	assert_true(find_record(service, type, &at, &len));
	/* What DPVS does not have follows. */
	assert_int_equal(len, size + (type == DS_TLV_SERVICE ? sizeof(struct ds_service_ext) : 0));
	memcpy(to, at, size);
}

/* Adds the services of the page to what was found. */
static void
collect(void)
{
	struct ds_service_more more;
	const uint8_t *at;
	uint32_t len;

	found->pages++;
	for (unsigned i = 1; find_record(i, DS_TLV_SERVICE, &at, &len); i++) {
		unsigned n = found->n++;

		copy_record(i, DS_TLV_SERVICE, &found->svc[n], sizeof(found->svc[0]));
		copy_record(i, DS_TLV_SERVICE_MORE, &more, sizeof(more));
		found->serial[n] = more.serial;
		if (find_record(i, DS_TLV_DESTS, &at, &len))
			found->ndests[n] = len / sizeof(struct dp_vs_dest_compat);
	}
}

bool
step(struct ds_list_services *req)
{
	struct ds_list_info info;

	req->want |= DS_LIST_WANT_MORE;
	assert_int_equal(ask(req), EDPVS_OK);
	info = page_info();
	collect();
	memcpy(req->cursor, info.cursor, sizeof(req->cursor));
	return info.flags & DS_LIST_F_MORE;
}

unsigned
walk(struct ds_list_services req)
{
	memset(found, 0, sizeof(*found));
	while (step(&req))
		;
	return found->n;
}

unsigned
times_found(uint64_t serial)
{
	unsigned n = 0;

	for (unsigned i = 0; i < found->n; i++)
		n += found->serial[i] == serial;
	return n;
}

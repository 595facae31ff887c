/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of DS_MSG_LIST_SERVICES share: services, requests, and walks over pages. */
#ifndef LB_LIST_FIXTURE_H
#define LB_LIST_FIXTURE_H

#include "control_fixture.h"

#include "abi/abi.h"
#include "core/errors.h"
#include "lb_ctrl.h"

enum { TCP = 6, UDP = 17, SERVICES_MAX = 8192 };

/* What a walk has found, in order. */
struct found {
	unsigned n, pages;
	struct dp_vs_service_compat svc[SERVICES_MAX];
	uint64_t serial[SERVICES_MAX];
	uint32_t ndests[SERVICES_MAX]; /* sent, not what the service says */
};

extern struct ctrl_reply *reply; /* of the last request */
extern struct found *found;	 /* by the last walk */

int list_group_setup(void **state);
int list_setup(void **state);
int list_teardown(void **state);

/* ---- the world ---- */

union inet_ip ip4(uint32_t ip);
union inet_ip ip6(uint8_t last); /* 2001:db8::last */
struct lb_service *add4(uint32_t vip, uint16_t port, uint8_t proto, const char *sched);
struct lb_service *add6(uint8_t vip, uint16_t port, const char *sched);
struct lb_service *add_mark(uint32_t mark);
struct lb_dest *add_dest(struct lb_service *svc, uint8_t af, union inet_ip ip, uint16_t port);

/* ---- requests ---- */

/* Sends a body in memory of its exact length, so that sanitizers see overreads. Returns the code. */
int ask_bytes(const void *body, size_t len);
int ask(const struct ds_list_services *req);
struct ds_prefix prefix4(uint32_t ip, uint8_t plen);

/* The record of a type for the n-th service, counted from 1; 0: before any. False when there is none. */
bool find_record(unsigned service, uint16_t type, const uint8_t **payload, uint32_t *len);
/* Copies such a record, which must be there and of that size. */
void copy_record(unsigned service, uint16_t type, void *to, size_t size);
struct ds_list_info page_info(void);

/* One page more for `found`; true when there are others, whose cursor is then in the request. */
bool step(struct ds_list_services *req);
/* All pages. Returns the number of services. */
unsigned walk(struct ds_list_services req);
unsigned times_found(uint64_t serial);

#endif

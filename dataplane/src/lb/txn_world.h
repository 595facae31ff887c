/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small world for tests of transactions: a dozen services, a few real servers and local addresses, random
 * requests about them of which many are refused, and pictures of everything that clients and workers see.
 */
#ifndef LB_TXN_WORLD_H
#define LB_TXN_WORLD_H

#include "control_fixture.h"

#include "ctrl/ctrl.h"

enum { WORLD_SERVICES = 12, WORLD_RS = 4, WORLD_LIPS = 3, WORLD_CLIENTS = 6, ITEM_BODY_MAX = 512 };

/* A set request. */
struct item {
	uint32_t id;
	size_t len;
	uint8_t body[ITEM_BODY_MAX];
};

/* The same sequence for the same seed. */
void world_seed(uint64_t seed);
uint32_t world_random(uint32_t below);

/* Any request; about one in three fails in a world that is filled with them. */
void item_random(struct item *it);
/* Certain ones: of the n-th service, real server, local address. */
struct item item_service(uint32_t id, unsigned service, const char *sched);
struct item item_dest(uint32_t id, unsigned service, unsigned rs, uint32_t weight);
struct item item_laddr(uint32_t id, unsigned service, unsigned lip);
struct item item_flush(void);
/* An entry of a deny or allow list (DS_ACL_*): the n-th client, or the network of plen bits that it is in. */
struct item item_acl(uint8_t op, uint8_t list, unsigned service, unsigned client, uint8_t plen);

/* Sends it alone. */
int item_send(const struct item *it);
/* Sends a batch; *reply is replaced. Returns the errcode. */
int batch_send(const struct item *items, unsigned n, uint32_t flags, struct ctrl_reply **reply);
struct ds_batch_result batch_result(struct ctrl_reply *reply);
int32_t batch_code(struct ctrl_reply *reply, uint32_t i);

/* Bytes that are equal when what they show is. */
struct picture {
	uint8_t *bytes;
	size_t n, room;
};

/* What clients are told: replies of ids 3, 18 to 21, 76 and 80 for everything, from the sum and from each
 * worker. exact: serials, generation and rates too. */
void picture_listings(struct picture *p, bool exact);
/* What workers find by key. exact: by address and number, not only by contents. */
void picture_workers(struct picture *p, bool exact);
/* The numbers that the next service, real server and local address would get. */
void picture_ids(struct picture *p);
void picture_free(struct picture *p);
void assert_same(const struct picture *a, const struct picture *b);

#endif

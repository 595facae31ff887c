/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passive check of real servers, the control side: counts the signs of workers (check_signs.c) and takes a
 * server that does not answer out for a while.
 *
 * down_retry signs within down_wait seconds inhibit a server: its weight becomes 0, its flag says so, and
 * both are undone when its time is over. That time starts at the minimum and doubles with each inhibition;
 * connections that a restored server accepts halve it again. Without times ("down only") it stays out.
 *
 * Who edits a server has the last word: its inhibition is over, the weight is the one of the edit, and
 * signs count from the beginning. An edit that repeats what listings show of an inhibited server - weight 0
 * and the flag - changes other things only, unless the service has an external checker, whose verdict it is
 * then.
 */
#include "lb_control.h"

#include <stdio.h>
#include <string.h>
#include <rte_random.h>

#include "abi/service.h"
#include "check.h"
#include "core/errors.h"
#include "core/log.h"

enum { DEST_F_INHIBITED = 4, SECOND_MS = 1000, JITTER_MS = 1000 };

static struct lb_service_list checked = TAILQ_HEAD_INITIALIZER(checked);

/* The option of a service with defaults filled in; times in seconds. */
struct rules {
	uint32_t down_retry, up_confirm, down_wait, min, max;
	bool down_only;
};

static struct dest_check_configs
config_of(const struct lb_service *svc)
{
	struct dest_check_configs c;

	memcpy(&c, svc->check_config, sizeof(c));
	return c;
}

static struct rules
rules_of(const struct lb_service *svc)
{
	struct dest_check_configs c = config_of(svc);
	struct rules r = {.down_retry = c.dest_down_notice_num,
			  .up_confirm = c.dest_up_notice_num,
			  .down_wait = c.dest_down_wait,
			  .min = c.dest_inhibit_min,
			  .max = c.dest_inhibit_max};

	r.down_only = r.up_confirm == 0 && r.min == 0 && r.max == 0;
	if (r.down_retry == 0)
		r.down_retry = DEST_DOWN_NOTICE_DEFAULT;
	if (r.up_confirm == 0)
		r.up_confirm = DEST_UP_NOTICE_DEFAULT;
	if (r.down_wait == 0)
		r.down_wait = DEST_DOWN_WAIT_DURATION;
	if (r.min == 0)
		r.min = DEST_INHIBIT_DURATION_MIN;
	if (r.max == 0)
		r.max = DEST_INHIBIT_DURATION_MAX;
	if (r.min > r.max) {
		r.min = DEST_INHIBIT_DURATION_MIN;
		r.max = DEST_INHIBIT_DURATION_MAX;
	}
	return r;
}

bool
lb_check_applies(const struct lb_service *svc)
{
	return svc && svc->kind == LB_SERVICE_ADDRESS && config_of(svc).types & DEST_HC_PASSIVE;
}

void
lb_check_start(struct lb_dest *d)
{
	d->check = (struct lb_check){0};
	lb_check_signs_read(d->id, &d->check.down_seen, &d->check.up_seen);
}

bool
lb_check_stands(const struct lb_dest *d, const struct lb_dest_conf *conf)
{
	return d->check.inhibited && conf->inhibited && conf->weight == 0 &&
	       !(config_of(d->svc).types & DEST_HC_MASK_EXTERNAL);
}

void
lb_check_publish(struct lb_service *svc)
{
	bool applies = lb_check_applies(svc);

	if (applies == svc->checked)
		return;
	svc->checked = applies;
	if (applies)
		TAILQ_INSERT_TAIL(&checked, svc, checking);
	else
		TAILQ_REMOVE(&checked, svc, checking);
	lb_dests_flags_publish(svc);
	__atomic_store_n(&lb_check_services, lb_check_services + (applies ? 1u : -1u), __ATOMIC_RELAXED);
}

void
lb_check_forget(struct lb_service *svc)
{
	if (!svc->checked)
		return;
	svc->checked = false;
	TAILQ_REMOVE(&checked, svc, checking);
	__atomic_store_n(&lb_check_services, lb_check_services - 1, __ATOMIC_RELAXED);
}

int
lb_check_changed(struct lb_service *svc)
{
	struct lb_dest *d;
	int err = EDPVS_OK;

	if (lb_check_applies(svc))
		return EDPVS_OK;
	TAILQ_FOREACH (d, &svc->dest_list, next) {
		struct lb_check fresh = {.down_seen = d->check.down_seen, .up_seen = d->check.up_seen};

		if (d->check.inhibited && !err)
			err = lb_dest_check_set(d, d->check.weight, false, &fresh);
	}
	return err;
}

static uint32_t
within(uint32_t n, uint32_t min, uint32_t max)
{
	return n < min ? min : n > max ? max : n;
}

/* ---- verdicts ---- */

struct verdict {
	const struct lb_dest *d;
	uint64_t seconds; /* of an inhibition; 0: until somebody edits */
};

static void
verdict_log(void *note)
{
	const struct verdict *v = note;
	const struct lb_service *svc = v->d->svc;
	char name[INET_TEXT_MAX], server[INET_TEXT_MAX], time[48] = "until it is edited";

	inet_ip_port_text(svc->key.af, &svc->key.vip, svc->key.vport_be, name);
	inet_ip_port_text(v->d->af, &v->d->ip, v->d->port_be, server);
	if (!v->d->check.inhibited) {
		log_info("lb", "service %s: real server %s gets connections again", name, server);
		return;
	}
	if (v->seconds)
		snprintf(time, sizeof(time), "for %lu s", (unsigned long)v->seconds);
	log_warning("lb", "service %s: real server %s does not answer, inhibited %s", name, server, time);
}

static void
nothing_to_undo(void *note)
{
}

/* A verdict is made without its line in the log when memory is short. */
static void
verdict_note(const struct lb_dest *d, uint64_t seconds)
{
	static const struct txn_change change = {.undo = nothing_to_undo, .done = verdict_log};
	struct verdict *v = txn_note(&change, sizeof(*v));

	if (v)
		*v = (struct verdict){.d = d, .seconds = seconds};
}

static int
inhibit(struct lb_dest *d, const struct rules *r, uint64_t now_ms)
{
	struct lb_check after = d->check;
	uint32_t seconds = within(after.duration, r->min, r->max);
	int err;

	after.inhibited = true;
	after.weight = d->weight;
	after.count = 0;
	after.until_ms = 0;
	if (!r->down_only) {
		/* Servers that went down together do not come back in the same moment. */
		after.until_ms =
		    now_ms + (uint64_t)seconds * SECOND_MS - JITTER_MS / 2 + rte_rand_max(JITTER_MS + 1);
		after.duration = within(seconds * 2, r->min, r->max);
	}
	err = lb_dest_check_set(d, 0, true, &after);
	if (!err)
		verdict_note(d, r->down_only ? 0 : seconds);
	return err;
}

static int
restore(struct lb_dest *d, const struct rules *r)
{
	struct lb_check after = d->check;
	int err;

	after.inhibited = false;
	err = lb_dest_check_set(d, after.weight, false, &after);
	if (err)
		return err;
	lb_check_warm_up(d->id, r->up_confirm);
	verdict_note(d, 0);
	return EDPVS_OK;
}

/* ---- signs ---- */

/* New signs of all workers. */
static uint32_t
signs_take(struct lb_dest *d, const struct rules *r)
{
	struct lb_check *c = &d->check;
	uint32_t down, up, halvings, signs;

	lb_check_signs_read(d->id, &down, &up);
	signs = down - c->down_seen;
	/* More of them than a number has bits change nothing. */
	halvings = within(up - c->up_seen, 0, 31);
	c->duration = within(c->duration >> halvings, r->min, r->max);
	c->down_seen = down;
	c->up_seen = up;
	return signs;
}

enum outcome { NOTHING, INHIBIT, RESTORE };

static enum outcome
judge(struct lb_dest *d, const struct rules *r, uint64_t now_ms)
{
	struct lb_check *c = &d->check;
	uint32_t signs = signs_take(d, r);

	if (c->inhibited)
		return !r->down_only && now_ms >= c->until_ms ? RESTORE : NOTHING;
	if (c->count && now_ms >= c->window_end_ms)
		c->count = 0;
	if (d->weight == 0 || d->flags & DEST_F_INHIBITED) {
		c->count = 0;
		return NOTHING;
	}
	if (signs && c->count == 0)
		c->window_end_ms = now_ms + (uint64_t)r->down_wait * SECOND_MS;
	/* The limit is a number of 8 bits. */
	c->count += within(signs, 0, UINT8_MAX);
	return c->count >= r->down_retry ? INHIBIT : NOTHING;
}

/* Verdicts about the servers of a service are one transaction. */
static unsigned
service_check(struct lb_service *svc, uint64_t now_ms)
{
	struct rules r = rules_of(svc);
	struct lb_dest *d;
	bool mine = false;
	int err = EDPVS_OK;

	TAILQ_FOREACH (d, &svc->dest_list, next) {
		enum outcome what = judge(d, &r, now_ms);

		if (what == NOTHING || err)
			continue;
		mine = mine || txn_enter();
		err = what == INHIBIT ? inhibit(d, &r, now_ms) : restore(d, &r);
	}
	/* Without memory the next tick tries again: what was counted stays. */
	if (mine)
		txn_leave(true, err);
	return svc->ndests + 1;
}

void
lb_check_tick(uint64_t now_ms)
{
	uint32_t left = lb_check_services;

	for (unsigned looks = 0; left > 0 && looks < LB_TICK_BUDGET; left--) {
		struct lb_service *svc = TAILQ_FIRST(&checked);

		TAILQ_REMOVE(&checked, svc, checking);
		TAILQ_INSERT_TAIL(&checked, svc, checking);
		looks += service_check(svc, now_ms);
	}
}

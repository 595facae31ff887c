/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dest ids, the counters behind them, and their sums.
 *
 * Workers write their counters with plain stores and nobody else does while an id is in use; zeroing
 * remembers where the counters stood. Only an id that no worker can know any more gets its counters cleared,
 * when it is handed out again.
 */
#include "lb_control.h"

#include <stdlib.h>
#include <string.h>

#include "abi/segment.h"
#include "core/errors.h"
#include "core/log.h"
#include "core/segment.h"

enum { CHUNK_IDS = 1 << LB_DEST_CHUNK_BITS };

/* Other processes read them under these names. */
#define SHOWN(member)                                                                                        \
	_Static_assert(offsetof(struct lb_counters, member) == offsetof(struct ds_stat_dest, member) &&      \
			   sizeof(((struct lb_counters *)0)->member) ==                                      \
			       sizeof(((struct ds_stat_dest *)0)->member),                                   \
		       #member " is part of the ABI")
SHOWN(conns);
SHOWN(in_packets);
SHOWN(in_bytes);
SHOWN(out_packets);
SHOWN(out_bytes);
SHOWN(active);
SHOWN(inactive);
SHOWN(persistent);
SHOWN(overloaded);
SHOWN(closed);
_Static_assert(sizeof(struct lb_counters) == sizeof(struct ds_stat_dest), "counters are part of the ABI");

struct lb_counters *lb_dest_counters[WORKERS_MAX];

/* What connections ask of their destination by its id. */
struct dest_state {
	uint32_t flags, max_conn, min_conn;
};

static struct dest_state *state_chunk[LB_DEST_CHUNKS];
static uint32_t *free_ids; /* as many as there are ids in chunks */
static uint32_t nfree;
static uint32_t next_id = 1; /* 0 is no destination */
static uint32_t nchunks;

int
lb_counters_init(void)
{
	void *part[WORKERS_MAX] = {NULL};
	int err = segment_vector(DS_VECTOR_DEST, sizeof(struct lb_counters), LB_DEST_IDS_MAX, part);

	if (err) {
		log_err("lb", "no address space for the counters of real servers");
		return err;
	}
	for (unsigned i = 0; i < nworkers; i++)
		lb_dest_counters[i] = part[i];
	return EDPVS_OK;
}

void
lb_counters_fini(void)
{
	for (uint32_t c = 0; c < nchunks; c++) {
		free(state_chunk[c]);
		state_chunk[c] = NULL;
	}
	lb_check_signs_fini();
	memset(lb_dest_counters, 0, sizeof(lb_dest_counters));
	free(free_ids);
	free_ids = NULL;
	nfree = 0;
	next_id = 1;
	nchunks = 0;
}

static int
chunk_new(uint32_t chunk)
{
	uint32_t *ids = realloc(free_ids, ((size_t)chunk + 1) * CHUNK_IDS * sizeof(*ids));

	if (!ids)
		return EDPVS_NOMEM;
	free_ids = ids;
	if (segment_provide(lb_dest_counters[0], (chunk + 1) * CHUNK_IDS))
		return EDPVS_NOMEM;
	state_chunk[chunk] = calloc(CHUNK_IDS, sizeof(struct dest_state));
	if (!state_chunk[chunk] || lb_check_provide(chunk)) {
		free(state_chunk[chunk]);
		state_chunk[chunk] = NULL;
		return EDPVS_NOMEM;
	}
	nchunks++;
	return EDPVS_OK;
}

/* An id that nobody has. */
static int
id_take(uint32_t *id)
{
	if (nfree > 0) {
		*id = free_ids[--nfree];
		return EDPVS_OK;
	}
	if (next_id == LB_DEST_IDS_MAX)
		return EDPVS_RESOURCE;
	if (next_id >> LB_DEST_CHUNK_BITS == nchunks) {
		int err = chunk_new(nchunks);

		if (err)
			return err;
	}
	*id = next_id++;
	return EDPVS_OK;
}

int
lb_dest_id_take(uint32_t *id)
{
	int err = id_take(id);

	if (err)
		return err;
	segment_change_begin();
	for (unsigned i = 0; i < nworkers; i++)
		memset(lb_counters(i, *id), 0, sizeof(struct lb_counters));
	segment_change_end();
	return EDPVS_OK;
}

void
lb_dest_id_give(uint32_t id)
{
	lb_dest_flags_set(id, 0);
	segment_change_begin();
	free_ids[nfree++] = id;
	segment_change_end();
}

static struct dest_state *
state_of(uint32_t id)
{
	return &state_chunk[id >> LB_DEST_CHUNK_BITS][id & (CHUNK_IDS - 1)];
}

void
lb_dest_flags_set(uint32_t id, uint32_t flags)
{
	__atomic_store_n(&state_of(id)->flags, flags, __ATOMIC_RELAXED);
}

uint32_t
lb_dest_flags(uint32_t dest_id)
{
	return __atomic_load_n(&state_of(dest_id)->flags, __ATOMIC_RELAXED);
}

void
lb_dest_thresholds_set(uint32_t id, uint32_t max_conn, uint32_t min_conn)
{
	__atomic_store_n(&state_of(id)->max_conn, max_conn, __ATOMIC_RELAXED);
	__atomic_store_n(&state_of(id)->min_conn, min_conn, __ATOMIC_RELAXED);
}

uint32_t
lb_dest_resume_level(uint32_t dest_id, unsigned worker)
{
	const struct dest_state *d = state_of(dest_id);
	uint32_t max_conn = __atomic_load_n(&d->max_conn, __ATOMIC_RELAXED);
	uint32_t min_conn = __atomic_load_n(&d->min_conn, __ATOMIC_RELAXED);

	/* Without an upper threshold, which was taken away meanwhile, any load will do. */
	return max_conn ? lb_resume_level(lb_threshold_share(max_conn, worker), min_conn, worker)
			: UINT32_MAX;
}

static struct lb_totals
read_worker(const struct lb_dest *d, unsigned worker)
{
	const volatile struct lb_counters *c = lb_counters(worker, d->id);

	return (struct lb_totals){c->conns, c->in_packets, c->in_bytes, c->out_packets, c->out_bytes};
}

void
lb_totals_add(struct lb_totals *sum, const struct lb_totals *n)
{
	sum->conns += n->conns;
	sum->in_packets += n->in_packets;
	sum->in_bytes += n->in_bytes;
	sum->out_packets += n->out_packets;
	sum->out_bytes += n->out_bytes;
}

static void
totals_sub(struct lb_totals *sum, const struct lb_totals *n)
{
	sum->conns -= n->conns;
	sum->in_packets -= n->in_packets;
	sum->in_bytes -= n->in_bytes;
	sum->out_packets -= n->out_packets;
	sum->out_bytes -= n->out_bytes;
}

static unsigned
first_worker(int worker)
{
	return worker < 0 ? 0 : (unsigned)worker;
}

static unsigned
end_worker(int worker)
{
	return worker < 0 ? nworkers : (unsigned)worker + 1;
}

void
lb_dest_raw_add(const struct lb_dest *d, int worker, struct lb_totals *sum)
{
	for (unsigned i = first_worker(worker); i < end_worker(worker); i++) {
		struct lb_totals n = read_worker(d, i);

		lb_totals_add(sum, &n);
	}
}

void
lb_dest_totals_add(const struct lb_dest *d, int worker, struct lb_totals *sum)
{
	lb_dest_raw_add(d, worker, sum);
	for (unsigned i = first_worker(worker); d->zero && i < end_worker(worker); i++)
		totals_sub(sum, &d->zero[i]);
}

void
lb_dest_load_add(const struct lb_dest *d, int worker, struct lb_load *sum)
{
	for (unsigned i = first_worker(worker); i < end_worker(worker); i++) {
		const struct lb_counters *c = lb_counters(i, d->id);

		sum->active += *(const volatile uint32_t *)&c->active;
		sum->inactive += *(const volatile uint32_t *)&c->inactive;
		sum->persistent += *(const volatile uint32_t *)&c->persistent;
		sum->overloaded |= lb_overloaded(c, lb_threshold_share(d->max_conn, i), d->min_conn, i);
	}
}

static int
list_prepare(struct lb_dest_list *list)
{
	struct lb_dest *d;

	TAILQ_FOREACH (d, list, next) {
		if (!d->zero)
			d->zero = calloc(nworkers, sizeof(*d->zero));
		if (!d->zero)
			return EDPVS_NOMEM;
	}
	return EDPVS_OK;
}

static void
list_apply(struct lb_dest_list *list)
{
	struct lb_dest *d;

	TAILQ_FOREACH (d, list, next)
		for (unsigned i = 0; i < nworkers; i++)
			d->zero[i] = read_worker(d, i);
}

int
lb_zero_prepare(struct lb_service *svc)
{
	return list_prepare(&svc->dest_list) || list_prepare(&svc->zombies) ? EDPVS_NOMEM : EDPVS_OK;
}

void
lb_zero_apply(struct lb_service *svc)
{
	list_apply(&svc->dest_list);
	list_apply(&svc->zombies);
	memset(svc->gone, 0, nworkers * sizeof(*svc->gone));
}

int
lb_service_zero(struct lb_service *svc)
{
	bool mine = txn_enter();

	lb_touch(svc, LB_DIRTY_ZERO);
	return txn_leave(mine, EDPVS_OK);
}

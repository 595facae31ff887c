/* SPDX-License-Identifier: Apache-2.0 */
/* Signs of the passive check: one record per worker and destination, written by the worker and summed up by
 * the control lcore. */
#include "check.h"
#include "lb_control.h"

#include <stdlib.h>
#include <string.h>

#include "core/errors.h"

enum { CHUNK_IDS = 1 << LB_DEST_CHUNK_BITS };

/* What a worker saw of a destination. */
struct signs {
	uint32_t down, up; /* grow for ever; compared by their difference */
	uint32_t warmth;   /* number of the warm-up that the credits are from */
	uint32_t credits;  /* up signs that still count in it */
};

/* What the control lcore says about a destination. */
struct warm_up {
	uint32_t number; /* grows with each; 0: there was none */
	uint32_t credits;
};

struct chunk {
	struct warm_up warm_up[CHUNK_IDS];
	struct signs *signs[WORKERS_MAX]; /* [CHUNK_IDS] each, lines of their own */
};

uint32_t lb_check_services;
static struct chunk *chunks[LB_DEST_CHUNKS];

static struct chunk *
chunk_of(uint32_t id)
{
	return chunks[id >> LB_DEST_CHUNK_BITS];
}

static struct signs *
signs_of(unsigned worker, uint32_t id)
{
	return &chunk_of(id)->signs[worker][id & (CHUNK_IDS - 1)];
}

static struct warm_up *
warm_up_of(uint32_t id)
{
	return &chunk_of(id)->warm_up[id & (CHUNK_IDS - 1)];
}

int
lb_check_provide(uint32_t chunk)
{
	struct chunk *c = chunks[chunk] ? chunks[chunk] : calloc(1, sizeof(*c));
	size_t bytes = CHUNK_IDS * sizeof(struct signs);

	if (!c)
		return EDPVS_NOMEM;
	chunks[chunk] = c;
	for (unsigned i = 0; i < nworkers; i++) {
		if (c->signs[i])
			continue;
		c->signs[i] = aligned_alloc(RTE_CACHE_LINE_SIZE, bytes);
		if (!c->signs[i])
			return EDPVS_NOMEM;
		memset(c->signs[i], 0, bytes);
	}
	return EDPVS_OK;
}

void
lb_check_signs_fini(void)
{
	for (unsigned i = 0; i < LB_DEST_CHUNKS && chunks[i]; i++) {
		for (unsigned k = 0; k < WORKERS_MAX; k++)
			free(chunks[i]->signs[k]);
		free(chunks[i]);
		chunks[i] = NULL;
	}
}

/* ---- workers ---- */

__rte_noinline void
lb_check_sign_down(struct worker *w, uint32_t dest_id)
{
	enum { INHIBITED = 4 };
	uint32_t flags = lb_dest_flags(dest_id);

	if ((flags & (LB_DEST_CHECKED | LB_DEST_WEIGHT0 | INHIBITED)) == LB_DEST_CHECKED)
		signs_of(w->index, dest_id)->down++;
}

__rte_noinline void
lb_check_sign_up(struct worker *w, uint32_t dest_id)
{
	const struct warm_up *warm;
	struct signs *s;
	uint32_t number;

	if (!(lb_dest_flags(dest_id) & LB_DEST_CHECKED))
		return;
	warm = warm_up_of(dest_id);
	s = signs_of(w->index, dest_id);
	number = __atomic_load_n(&warm->number, __ATOMIC_ACQUIRE);
	if (s->warmth != number) {
		s->warmth = number;
		s->credits = __atomic_load_n(&warm->credits, __ATOMIC_RELAXED);
	}
	if (s->credits == 0)
		return;
	s->credits--;
	s->up++;
}

/* ---- control lcore ---- */

void
lb_check_signs_read(uint32_t dest_id, uint32_t *down, uint32_t *up)
{
	*down = 0;
	*up = 0;
	for (unsigned i = 0; i < nworkers; i++) {
		const volatile struct signs *s = signs_of(i, dest_id);

		*down += s->down;
		*up += s->up;
	}
}

void
lb_check_warm_up(uint32_t dest_id, uint32_t credits)
{
	struct warm_up *warm = warm_up_of(dest_id);

	__atomic_store_n(&warm->credits, credits, __ATOMIC_RELAXED);
	__atomic_store_n(&warm->number, warm->number + 1, __ATOMIC_RELEASE);
}

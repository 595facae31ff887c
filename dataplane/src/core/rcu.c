/* SPDX-License-Identifier: Apache-2.0 */
#include "core/rcu.h"

#include <stdlib.h>
#include <sys/queue.h>
#include <rte_rcu_qsbr.h>

#include "core/errors.h"
#include "core/log.h"

struct retired {
	STAILQ_ENTRY(retired) next;
	uint64_t token;
	void (*fn)(void *arg);
	void *arg;
};

static struct rte_rcu_qsbr *qsbr;
/* Tokens grow, so the queue is in order of release and only its head needs a look. */
static STAILQ_HEAD(, retired) queue = STAILQ_HEAD_INITIALIZER(queue);
static unsigned waiting;

int
rcu_init(unsigned nworkers)
{
	size_t size = rte_rcu_qsbr_get_memsize(nworkers ? nworkers : 1);

	qsbr = aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_ALIGN_CEIL(size, RTE_CACHE_LINE_SIZE));
	if (!qsbr || rte_rcu_qsbr_init(qsbr, nworkers ? nworkers : 1))
		return EDPVS_NOMEM;
	for (unsigned i = 0; i < nworkers; i++)
		rte_rcu_qsbr_thread_register(qsbr, i);
	return EDPVS_OK;
}

void
rcu_fini(void)
{
	rcu_drain();
	free(qsbr);
	qsbr = NULL;
}

void
rcu_online(unsigned worker)
{
	rte_rcu_qsbr_thread_online(qsbr, worker);
}

void
rcu_offline(unsigned worker)
{
	rte_rcu_qsbr_thread_offline(qsbr, worker);
}

void
rcu_quiescent(unsigned worker)
{
	rte_rcu_qsbr_quiescent(qsbr, worker);
}

void
rcu_retire(void (*fn)(void *arg), void *arg)
{
	struct retired *r = qsbr ? malloc(sizeof(*r)) : NULL;

	if (!r) {
		/* Without readers (start-up, unit tests) nobody can hold a reference. Without memory, waiting
		 * for the readers is the only safe way left. */
		if (qsbr)
			rte_rcu_qsbr_synchronize(qsbr, RTE_QSBR_THRID_INVALID);
		fn(arg);
		return;
	}
	r->fn = fn;
	r->arg = arg;
	r->token = rte_rcu_qsbr_start(qsbr);
	STAILQ_INSERT_TAIL(&queue, r, next);
	waiting++;
}

unsigned
rcu_reclaim(void)
{
	struct retired *r;

	while ((r = STAILQ_FIRST(&queue)) && rte_rcu_qsbr_check(qsbr, r->token, false)) {
		STAILQ_REMOVE_HEAD(&queue, next);
		waiting--;
		r->fn(r->arg);
		free(r);
	}
	return waiting;
}

void
rcu_drain(void)
{
	while (waiting > 0) {
		rte_rcu_qsbr_synchronize(qsbr, RTE_QSBR_THRID_INVALID);
		rcu_reclaim();
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "core/txn.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "core/errors.h"

enum { MODULES_MAX = 8, CHUNK_BYTES = 64 << 10 };

struct note {
	TAILQ_ENTRY(note) link;
	const struct txn_change *change;
	alignas(max_align_t) uint8_t room[];
};

/* Notes live in chunks, because a batch makes them by the ten thousand and drops them all at once. */
struct chunk {
	STAILQ_ENTRY(chunk) link;
	size_t size, used;
	alignas(max_align_t) uint8_t bytes[];
};

static const struct txn_module *modules[MODULES_MAX];
static unsigned nmodules;
static bool open;
static TAILQ_HEAD(note_list, note) notes = TAILQ_HEAD_INITIALIZER(notes);
static STAILQ_HEAD(, chunk) chunks = STAILQ_HEAD_INITIALIZER(chunks); /* newest first */

void
txn_register(const struct txn_module *module)
{
	for (unsigned i = 0; i < nmodules; i++)
		if (modules[i] == module)
			return;
	if (nmodules == MODULES_MAX)
		abort();
	modules[nmodules++] = module;
}

bool
txn_is_open(void)
{
	return open;
}

void
txn_begin(void)
{
	if (open)
		abort();
	open = true;
}

static struct chunk *
chunk_with(size_t room)
{
	struct chunk *c = STAILQ_FIRST(&chunks);
	size_t size = room > CHUNK_BYTES ? room : CHUNK_BYTES;

	if (c && c->size - c->used >= room)
		return c;
	c = malloc(sizeof(*c) + size);
	if (!c)
		return NULL;
	c->size = size;
	c->used = 0;
	STAILQ_INSERT_HEAD(&chunks, c, link);
	return c;
}

void *
txn_note(const struct txn_change *change, size_t size)
{
	size_t room = (sizeof(struct note) + size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	struct chunk *c = chunk_with(room);
	struct note *n;

	if (!c)
		return NULL;
	n = (struct note *)(c->bytes + c->used);
	c->used += room;
	memset(n, 0, room);
	n->change = change;
	TAILQ_INSERT_TAIL(&notes, n, link);
	return n->room;
}

/* The oldest chunk stays: most transactions need no more. */
static void
end(void)
{
	struct chunk *c;

	TAILQ_INIT(&notes);
	while ((c = STAILQ_FIRST(&chunks)) && STAILQ_NEXT(c, link)) {
		STAILQ_REMOVE_HEAD(&chunks, link);
		free(c);
	}
	if (c)
		c->used = 0;
	open = false;
}

static int
prepare(void)
{
	int err = EDPVS_OK;

	for (unsigned i = nmodules; i-- > 0 && !err;)
		if (modules[i]->prepare)
			err = modules[i]->prepare();
	return err;
}

static int
attempt(void)
{
	int err = EDPVS_OK;

	for (unsigned i = nmodules; i-- > 0 && !err;)
		if (modules[i]->attempt)
			err = modules[i]->attempt();
	return err;
}

void
txn_abort(void)
{
	struct note *n;

	for (unsigned i = 0; i < nmodules; i++)
		modules[i]->abandon();
	TAILQ_FOREACH_REVERSE(n, &notes, note_list, link)
	n->change->undo(n->room);
	end();
}

int
txn_rehearse(void)
{
	int err = prepare();

	txn_abort();
	return err;
}

int
txn_commit(void)
{
	int err = prepare();
	struct note *n;

	if (!err)
		err = attempt();
	if (err) {
		txn_abort();
		return err;
	}
	for (unsigned i = nmodules; i-- > 0;)
		modules[i]->publish();
	TAILQ_FOREACH (n, &notes, link)
		if (n->change->done)
			n->change->done(n->room);
	end();
	return EDPVS_OK;
}

bool
txn_enter(void)
{
	if (open)
		return false;
	txn_begin();
	return true;
}

int
txn_leave(bool mine, int rc)
{
	if (!mine)
		return rc;
	if (rc == EDPVS_OK)
		return txn_commit();
	txn_abort();
	return rc;
}

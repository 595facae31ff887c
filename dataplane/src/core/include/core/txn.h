/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transactions of the control lcore: changes that are all made, or none.
 *
 * While a transaction is open, code changes only what belongs to the control lcore - its lists and objects -
 * and notes before each change how to undo it. What workers read stays as it was. In the end either
 *   commit: every module prepares (builds the objects that workers will read) and attempts what it cannot
 *           prepare; both may fail, and then all is undone. Then every module publishes, then the notes'
 *done() run, oldest first; or abort:  the notes are undone, newest first. An undo finds everything exactly as
 *its change left it, because later changes have been undone before. So a list element is put back with the
 *neighbour that it had, and ids taken from a stack go back in order.
 *
 * A function that is a change on its own, and may be a part of a bigger one, looks like this:
 *
 *	int
 *	thing_del(struct thing *t)
 *	{
 *		bool mine = txn_enter();
 *
 *		return txn_leave(mine, del(t));
 *	}
 *
 * where del() calls txn_note(), changes the list and marks what is to be built anew (lb_touch() in the
 * balancer). On an error it just returns: its caller, or an atomic batch, aborts the whole transaction. So a
 * function of this kind has one way of failing, and a single request runs the same code as a batch.
 *
 * A message takes part in atomic batches when its handler keeps to this and is registered with
 * ctrl_register_txn() in place of ctrl_register(). Handlers must not log successes, send packets or touch
 * anything that workers or clients see before done(), publish() or the module's tick.
 *
 * Nothing here is called by workers.
 */
#ifndef CORE_TXN_H
#define CORE_TXN_H

#include <stdbool.h>
#include <stddef.h>

/* A kind of change; one constant for each. `note` is what txn_note() gave for it. */
struct txn_change {
	void (*undo)(void *note);
	void (*done)(void *note); /* after publication: frees what is gone; cannot fail. May be NULL. */
};

/* What a layer does at the end of a transaction. */
struct txn_module {
	/* 0 or an EDPVS code; workers see nothing of it. May be NULL. */
	int (*prepare)(void);
	/* For what cannot be known before it is tried, such as room in a table that is not ours: makes the
	 * change, where workers may see it, when all modules have prepared. 0 or an EDPVS code. No packet
	 * leaves. Not called in a rehearsal. May be NULL. */
	int (*attempt)(void);
	void (*publish)(void); /* cannot fail */
	/* Before the undoing, whether the steps above ran, failed or did not run: takes back what they did.
	 */
	void (*abandon)(void);
};

/* Start-up only; the module stays registered. Layers above prepare and publish before those below that
 * registered earlier. Registering twice is the same as once. */
void txn_register(const struct txn_module *module);

/* True while a transaction is open. */
bool txn_is_open(void);

void txn_begin(void);
/* Prepares, attempts and publishes. On an error everything has been undone: EDPVS_NOMEM, EDPVS_RESOURCE. */
int txn_commit(void);
/* Prepares as txn_commit() would, then undoes all: says whether it would have succeeded, as far as that can
 * be known without an attempt. */
int txn_rehearse(void);
void txn_abort(void);

/* Room of `size` zeroed bytes, aligned for anything, for what undo and done must know; until the end of the
 * transaction. To be called before the change, as undo runs from now on. NULL when memory is out. */
void *txn_note(const struct txn_change *change, size_t size);

/* Opens a transaction unless one is open. True: the caller ends it with txn_leave(). */
bool txn_enter(void);
/* mine: commits when rc is 0, aborts otherwise; returns the resulting code. Else returns rc. */
int txn_leave(bool mine, int rc);

#endif

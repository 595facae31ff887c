/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publication of control state to workers: one DPDK quiescent-state variable (rte_rcu_qsbr) for the whole
 * daemon.
 *
 * The control lcore is the only writer. It publishes an object with rcu_publish(), workers read the pointer
 * with rcu_read() and may use what it points to until their next rcu_quiescent(), which the worker loop calls
 * between two vectors. Retired objects are freed by the control lcore after every worker has passed such a
 * point; the writer never waits: rcu_retire() queues and rcu_reclaim(), called from the control loop, frees
 * what is due.
 */
#ifndef CORE_RCU_H
#define CORE_RCU_H

#include <stdint.h>

#define rcu_publish(slot, ptr) __atomic_store_n(&(slot), (ptr), __ATOMIC_RELEASE)
#define rcu_read(slot)	       __atomic_load_n(&(slot), __ATOMIC_ACQUIRE)

/* Room for nworkers readers. 0 or EDPVS_NOMEM. */
int rcu_init(unsigned nworkers);
void rcu_fini(void);

/* Worker side: enter and leave the loop, and pass a quiescent point. */
void rcu_online(unsigned worker);
void rcu_offline(unsigned worker);
void rcu_quiescent(unsigned worker);

/* Control side: calls fn(arg) once no worker can hold a reference taken before this call. Never blocks. */
void rcu_retire(void (*fn)(void *arg), void *arg);

/* Control side: frees what is due; returns the number of objects still waiting. */
unsigned rcu_reclaim(void);

/* Control side, start-up and shut-down only: waits for all readers and frees everything. */
void rcu_drain(void);

#endif

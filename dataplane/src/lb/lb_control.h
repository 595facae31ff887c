/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control side of the balancer, private to the lb layer: changes of services, real servers and local
 * addresses. Everything here belongs to the control lcore. Functions that return int return 0 or an EDPVS
 * code, and on an error nothing has changed.
 *
 * All changes are transactions (core/txn.h), of their own or parts of one: they change lists and conf
 * members, and what workers read follows when the transaction is committed (txn.c).
 */
#ifndef LB_CONTROL_H
#define LB_CONTROL_H

#include "core/txn.h"
#include "lb/service.h"

enum {
	LB_SERVICES_MAX = 32767, /* the control ABI counts them in 16 bits, signed */
	LB_RATE_INTERVAL_MS = 2000,
	LB_TICK_BUDGET = 1000, /* destinations looked at per tick and task */
};

/* Tables of services, counters and local addresses; needs workers_init() and rcu_init(). */
int lb_control_init(void);
void lb_control_fini(void);

/* ---- services (service.c) ---- */

/* How a request names a service. fwmark when it is not 0, else the key when address or port is set, else
 * match. */
struct lb_service_id {
	enum lb_service_kind kind;
	struct lb_key key;
	uint32_t fwmark;
	uint8_t match[LB_MATCH_LEN];
};

/* What a request says about a service beside its name. */
struct lb_service_conf {
	char sched_name[LB_SCHED_NAME_MAX];
	struct lb_attrs attrs;
	uint32_t bps;
	uint8_t check_config[8];
};

TAILQ_HEAD(lb_service_list, lb_service);

int lb_services_init(void);
void lb_services_fini(void);
struct lb_service *lb_service_find(const struct lb_service_id *id);
/* EXIST; NOTEXIST: no such scheduler; NOTSUPP: a limit below the number of workers; RESOURCE: too many
 * services; NOMEM. A service that the same transaction deleted comes back, with its counters and those of the
 * real servers that come back too. */
int lb_service_add(const struct lb_service_id *id, const struct lb_service_conf *conf);
/* NOTEXIST: no such scheduler; NOTSUPP: as above; NOMEM. */
int lb_service_edit(struct lb_service *svc, const struct lb_service_conf *conf);
/* Connections go on; their destinations are freed with the last of them. Its deny and allow lists go with it.
 * NOMEM. */
int lb_service_del(struct lb_service *svc);
int lb_services_flush(void);
/* The transaction that deleted the service, or that made it and failed, is over: frees it. */
void lb_service_end(struct lb_service *svc);
unsigned lb_services_count(void);
/* All services: address services first, then fwmark and match services; NULL starts and ends. */
struct lb_service *lb_service_next(const struct lb_service *svc);
/* The first service behind a place in that order, whether the service that had it still exists or not. */
struct lb_service *lb_service_after(enum lb_service_kind kind, uint64_t serial);

/* ---- what workers read (txn.c) ---- */

/* What of a service is to be built anew. */
enum {
	LB_DIRTY_ATTRS = 1,
	LB_DIRTY_DESTS = 2,
	LB_DIRTY_LADDRS = 4,
	LB_DIRTY_ZERO = 8, /* counters are to be zeroed */
	LB_DIRTY_ALL = LB_DIRTY_ATTRS | LB_DIRTY_DESTS | LB_DIRTY_LADDRS,
};

void lb_txn_init(void);
/* Has parts of a service (LB_DIRTY_*; 0: only its being there) prepared and published in the end. */
void lb_touch(struct lb_service *svc, uint32_t dirty);

/* The tables by key and by VIP that workers ask (keys.c). */
int lb_keys_init(void);
void lb_keys_fini(void);
/* Makes room, so that lb_key_publish() cannot fail; workers do not find the service yet. RESOURCE. */
int lb_key_reserve(const struct lb_key *key);
/* Gives back what was reserved. */
void lb_key_release(const struct lb_key *key);
void lb_key_publish(struct lb_service *svc);
/* Where a service of an address or a mark lies in it. */
struct lb_key lb_key_of(const struct lb_service *svc);
void lb_key_remove(const struct lb_key *key);

/* ---- match services (match.c) ---- */

/* Parts of the end of a transaction that changed which there are: builds what workers try. NOMEM. */
int lb_matches_prepare(void);
/* Publishes it, if there is any. */
void lb_matches_publish(void);
/* The device of a rule as workers compare it: FLOW_RULE_ANY_DEVICE without a name, FLOW_RULE_NO_DEVICE when there
 * is none of that name. Rules are made anew when devices come and go. */
uint16_t lb_rule_device(const char *name);
/* Devices came or went: rules that name them follow. 0 or EDPVS_NOMEM. */
int lb_marks_renew(void);
void lb_matches_abandon(void);

/* ---- destinations (dest.c) ---- */

struct lb_dest_conf {
	union inet_ip ip;
	uint16_t port_be;
	uint8_t af, fwd;
	uint32_t weight;
	uint32_t max_conn, min_conn;
	bool inhibited;
};

/* True when this daemon forwards packets of such a service to such a destination. The one place that knows.
 */
bool lb_fwd_supported(const struct lb_service *svc, uint8_t dest_af, uint8_t fwd);

struct lb_dest *lb_dest_find(const struct lb_service *svc, uint8_t af, const union inet_ip *ip,
			     uint16_t port_be);
/* EXIST; NOTSUPP: mode, weight or thresholds; RESOURCE; NOMEM. Revives a deleted destination that still has
 * connections. */
int lb_dest_add(struct lb_service *svc, const struct lb_dest_conf *conf);
/* INVAL: min_conn above max_conn or weight out of range; NOTSUPP: mode or threshold below the number of
 * workers; NOMEM. */
int lb_dest_edit(struct lb_dest *d, const struct lb_dest_conf *conf);
/* NOMEM. */
int lb_dest_del(struct lb_dest *d);
/* The set for workers (dest_set.c). NULL: NOMEM, or what the scheduler's build() said, in *err. */
struct lb_dest_set *lb_dest_set_build(const struct lb_service *svc, int *err);
/* Frees a set that no worker uses any more. */
void lb_dest_set_free(void *set);
/* Tells connections what the destinations of a service are like now. */
void lb_dests_flags_publish(const struct lb_service *svc);
/* The set without the destinations that the transaction deleted is published: their end may begin. */
void lb_dests_doom(struct lb_service *svc);
/* Tells workers that connections to the destination, which answers through us, belong to workers by these
 * rules (owner.h) too. */
void lb_dest_owners(const struct lb_dest *d, uint64_t owners);
/* The service is going: all its destinations become zombies of none. */
void lb_dests_orphan(struct lb_service *svc);
/* Frees what is left of deleted destinations whose connections have ended; bounded work. */
void lb_dests_reap(void);
void lb_dests_init(void);
void lb_dests_fini(void);

/* Changes weight and inhibition as the passive check wants it, and what it remembers, as part of a
 * transaction that is open. NOMEM. */
int lb_dest_check_set(struct lb_dest *d, int32_t weight, bool inhibited, const struct lb_check *after);

/* ---- passive check (check.c, check_signs.c) ---- */

/* True for a service whose servers are checked by the fate of their connections. */
bool lb_check_applies(const struct lb_service *svc);
/* A destination is new or was edited: signs count from here on, and no inhibition is ours. */
void lb_check_start(struct lb_dest *d);
/* True when an edit leaves an inhibition of ours as it is listed. */
bool lb_check_stands(const struct lb_dest *d, const struct lb_dest_conf *conf);
/* The option of a service changed, within a transaction: without the check its inhibitions end. NOMEM. */
int lb_check_changed(struct lb_service *svc);
/* The transaction is committed: workers give signs, or give none any more. */
void lb_check_publish(struct lb_service *svc);
/* The service is going. */
void lb_check_forget(struct lb_service *svc);
/* Looks at the signs of workers and at what is due; bounded work. */
void lb_check_tick(uint64_t now_ms);
/* Signs of a range of dest ids: LB_DEST_CHUNK_BITS. NOMEM. */
int lb_check_provide(uint32_t chunk);
void lb_check_signs_fini(void);
/* Sums over all workers; they grow for ever, with wrap-around. */
void lb_check_signs_read(uint32_t dest_id, uint32_t *down, uint32_t *up);
/* From now on each worker counts this many up signs of a destination. */
void lb_check_warm_up(uint32_t dest_id, uint32_t credits);

/* ---- servers that answer through us (nat_servers.c) ---- */

/* lb_key.zero of a server whose protocol, then 0, is not known. */
enum { LB_NAT_ANY_PROTO = 1 };
/* Adding a server twice is adding it once. NOMEM, RESOURCE. */
int lb_nat_server_add(const struct lb_key *key);
/* Adds rules (owner.h) of a service to those of a server, which was added. */
void lb_nat_server_owners(const struct lb_key *key, uint64_t owners);
void lb_nat_server_del(const struct lb_key *key);
void lb_nat_servers_fini(void);

/* ---- which worker has a flow (owner_rules.c) ---- */

/* From now on it depends on the service. */
void lb_owners_distinguish(void);
/* Rules of the service as it is configured now: the one in force and those that it had. */
uint64_t lb_owners_next(const struct lb_service *svc);
/* Before the service is published: its NAT servers get its rules. */
void lb_owners_publish(const struct lb_service *svc);
/* Packets may find another service than they did, while the connections that they have stay where they are.
 */
void lb_owners_moved(void);
/* The service is going; its connections go on. Forgotten when no deleted service has any. */
void lb_owners_leave(const struct lb_service *svc);
void lb_owners_forget(bool all_orphans_gone);

/* ---- counters (counters.c) ---- */

int lb_counters_init(void);
void lb_counters_fini(void);
/* A dest id with counters at zero on all workers. RESOURCE, NOMEM. */
int lb_dest_id_take(uint32_t *id);
/* No worker may know the id any more. */
void lb_dest_id_give(uint32_t id);
void lb_dest_flags_set(uint32_t id, uint32_t flags);
/* The thresholds of a destination for connections that end. */
void lb_dest_thresholds_set(uint32_t id, uint32_t max_conn, uint32_t min_conn);

/* Adds what a worker (-1: all) counted for a destination, ever and since it was last zeroed. */
void lb_dest_raw_add(const struct lb_dest *d, int worker, struct lb_totals *sum);
void lb_dest_totals_add(const struct lb_dest *d, int worker, struct lb_totals *sum);
/* Adds the connections of a destination on a worker (-1: all). */
struct lb_load {
	uint64_t active, inactive, persistent;
	bool overloaded;
};
void lb_dest_load_add(const struct lb_dest *d, int worker, struct lb_load *sum);
void lb_totals_add(struct lb_totals *sum, const struct lb_totals *n);
/* Listings of the service and its destinations count from the commit on. NOMEM. */
int lb_service_zero(struct lb_service *svc);
/* What that does in the end (txn.c). NOMEM. */
int lb_zero_prepare(struct lb_service *svc);
void lb_zero_apply(struct lb_service *svc);

/* ---- rates (rates.c) ---- */

/* Begins to sample a destination: an average from zero. */
void lb_rates_start(struct lb_dest *d, uint64_t now_ms);
void lb_rates_stop(struct lb_dest *d);
/* Samples what is due; bounded work. */
void lb_rates_tick(uint64_t now_ms);

/* ---- local addresses (laddr.c) ---- */

void lb_laddr_init(void);
void lb_laddr_fini(void);
struct lb_laddr *lb_laddr_find(const struct lb_service *svc, uint8_t af, const union inet_ip *ip);
/* The set for workers; NULL: NOMEM. */
struct lb_laddr_set *lb_laddr_set_build(const struct lb_service *svc);
/* EXIST; RESOURCE: too many addresses; NOMEM. */
int lb_laddr_add(struct lb_service *svc, uint8_t af, const union inet_ip *ip, const char *ifname);
/* NOMEM. */
int lb_laddr_del(struct lb_service *svc, struct lb_laddr *l);
/* Takes all addresses from a service. NOMEM. */
int lb_laddrs_flush(struct lb_service *svc);
/* Gives back what a service that is going has. */
void lb_laddrs_drop(struct lb_service *svc);
/* The id of an address whose ports are dealt to connections of a destination (SNAT); the same as that of a
 * local address. NULL: too many addresses, or no memory. */
struct lb_intern_entry *lb_lip_hold(uint8_t af, const union inet_ip *ip);
/* Gives it back, once no new connection can come. */
void lb_lip_release(struct lb_intern_entry *lip);
/* Forgets addresses that no service lists and no connection uses; bounded work. */
void lb_laddrs_reap(void);
/* What a worker (-1: all) has to do with a local address: ports in use, and connections that found none free.
 */
void lb_laddr_usage(const struct lb_laddr *l, int worker, uint64_t *used, uint64_t *misses);

/* ---- ids (intern.c) ---- */

/* Small numbers for (proto, af, address, port), shared and counted. */
struct lb_intern_key {
	union inet_ip ip;
	uint16_t port_be;
	uint8_t af, proto;
	uint32_t zero;
};

struct lb_intern_entry {
	struct lb_intern_entry *chain;
	struct lb_intern_key key;
	uint32_t id, refs;
	TAILQ_ENTRY(lb_intern_entry) dying;
	uint32_t pending;
	bool is_dying;
	bool is_nat; /* of a real server: in the table of nat_servers.c */
	struct lb_reply_rules *rules; /* of a local address, in devices; NULL: none */
};

struct lb_intern {
	struct lb_intern_entry **buckets;
	uint32_t nbuckets, n;
	uint32_t *free_ids;
	uint32_t nfree, free_cap;
	uint32_t next_id, max_id; /* ids are 1 … max_id */
};

void lb_intern_init(struct lb_intern *t, uint32_t max_id);
void lb_intern_fini(struct lb_intern *t);
struct lb_intern_entry *lb_intern_find(const struct lb_intern *t, const struct lb_intern_key *key);
/* Flow rules in devices for the local addresses of a table (reply_rules.c). tick: puts them where addresses are; changed: there are
 * new ones in the table. drop: takes those of one out. */
void lb_reply_rules_tick(struct lb_intern *lips, bool changed);
void lb_reply_rules_drop(struct lb_intern_entry *lip);
/* Finds or makes the entry and adds a reference. NULL: no memory, or no id left. */
struct lb_intern_entry *lb_intern_get(struct lb_intern *t, const struct lb_intern_key *key);
/* Removes an entry without references; its id is used again. */
void lb_intern_remove(struct lb_intern *t, struct lb_intern_entry *e);

/* ---- messages ---- */

void lb_service_ctrl_register(void);
void lb_dest_ctrl_register(void);
void lb_laddr_ctrl_register(void);
void lb_conn_ctrl_register(void);
void lb_conn_list_ctrl_register(void);
void lb_list_ctrl_register(void);
void lb_acl_ctrl_register(void);
void lb_timeout_ctrl_register(void);
void lb_mark_ctrl_register(void);

#endif

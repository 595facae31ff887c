/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual services and real servers: the control lcore's truth and what workers read of it.
 *
 * The control lcore owns struct lb_service and struct lb_dest. Workers see a service through the key table (a
 * lock-free rte_hash) and, inside it, three published immutable objects: the attributes, the destination set
 * and the local address set. A change builds a new object, publishes its pointer and retires the old one, so
 * it holds for all workers at once.
 *
 * A destination has a small index (dest id) that connections store. Counters of a destination are per worker,
 * in arrays indexed by dest id. The id is freed when no connection is left and no service lists the
 * destination.
 */
#ifndef LB_SERVICE_H
#define LB_SERVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/inet.h"
#include "core/worker.h"
#include "packet/flow_rule.h"

enum { LB_SCHED_NAME_MAX = 16, LB_IFNAME_MAX = 16 };

/* Forwarding modes, numbers of the control ABI. */
enum lb_fwd {
	LB_FWD_NAT = 0,
	LB_FWD_LOCAL = 1,
	LB_FWD_TUNNEL = 2,
	LB_FWD_DR = 3,
	LB_FWD_BYPASS = 4,
	LB_FWD_FNAT = 5,
	LB_FWD_SNAT = 6,
	LB_FWD_NAT64 = 7 /* of connections only: FullNAT between an IPv6 client and an IPv4 server */
};

/* Key of an address service; unused bytes zero, because it is hashed as memory. */
struct lb_key {
	union inet_ip vip;
	uint16_t vport_be;
	uint8_t af;    /* enum inet_family */
	uint8_t proto; /* IP protocol */
	uint32_t zero;
};

/* Counters of one destination on one worker, one cache line, written by that worker only; struct ds_stat_dest
 * of the ABI. */
struct lb_counters {
	uint64_t conns, in_packets, in_bytes, out_packets,
	    out_bytes; /* bytes = IP length before translation */
	uint32_t active, inactive, persistent;
	uint32_t overloaded; /* 0, or the share of the upper threshold that refused a connection */
	uint64_t closed;     /* connections that ended; conns - closed are open */
} __rte_cache_aligned;

/* What a worker needs of a destination to open a connection. */
struct lb_dest_view {
	union inet_ip ip;
	uint16_t port_be;
	uint8_t af;
	uint8_t fwd;	/* enum lb_fwd */
	int32_t weight; /* 0 = quiesced */
	uint32_t id;	/* dest id */
	uint32_t rs_id; /* id of (proto, af, ip, port): local port spaces are shared by services with the same
			   real server */
	uint32_t lip_id;   /* SNAT: id of the address, whose ports are dealt as those of local addresses */
	uint32_t max_conn; /* upper threshold / workers, rounded down; 0 = none; see lb_dest_share() */
	uint32_t max_more; /* workers below this index have one connection more */
	uint32_t min_conn; /* lower threshold; 0 = none; a worker's share: lb_threshold_share() */
	uint32_t flags;	   /* DPVS_DEST_F_* */
};

/* Published: the destinations of a service in the order that schedulers see (newest first). */
struct lb_dest_set {
	uint32_t n;
	uint32_t version; /* grows with every change of the service's destinations */
	int32_t max_weight;
	int32_t gcd_weight; /* 1 when all weights are 0 */
	int64_t sum_weight;
	bool one_way;	  /* replies of some do not pass here (direct routing, tunnel) */
	bool nat;	  /* some answer, or did, through us without local addresses */
	void *sched_data; /* what the scheduler's build() made; freed by its free() */
	const struct lb_sched *sched;
	struct lb_dest_view d[];
};

/* Published: local addresses of a service, in the order of addition. */
struct lb_laddr_view {
	union inet_ip ip;
	uint32_t lip_id; /* id of the address, shared by all services that list it */
	uint8_t af;
};

struct lb_laddr_set {
	uint32_t n;
	struct lb_laddr_view l[];
};

/* Published: attributes that workers read when a connection opens. */
struct lb_attrs {
	uint32_t flags;	       /* IP_VS_SVC_F_* */
	uint32_t conn_timeout; /* s; 0 = protocol default */
	uint32_t persist_timeout;
	uint32_t netmask; /* IPv4 mask in network order, or IPv6 prefix length */
	uint32_t limit_proportion;
	uint32_t conn_limit; /* connections at the same time, shared among workers; 0 = none */
	uint8_t proxy_protocol;
	uint64_t owners; /* which worker has the connections: rules of owner.h */
};

/* True for a limit_proportion that drops packets. */
static inline bool
lb_limits(uint32_t limit_proportion)
{
	return limit_proportion >= 1 && limit_proportion < 99;
}

/* Scheduler state of one worker for one service, one cache line. */
struct lb_sched_state {
	uint32_t set_version; /* of the set the state belongs to; a scheduler starts anew when it differs */
	int32_t pos;	      /* cursor: index in the set */
	int32_t cw;	      /* current weight (wrr) */
	uint32_t laddr_pos;   /* round robin over local addresses */
} __rte_cache_aligned;

/* Sums of counters, or counters at some moment. */
struct lb_totals {
	uint64_t conns, in_packets, in_bytes, out_packets, out_bytes;
};

/* Per second, moving averages over samples of 2 s (LVS estimator). */
struct lb_rates {
	uint64_t sampled_ms;				/* clock of the last sample */
	struct lb_totals last;				/* counters at the last sample */
	uint64_t cps, in_pps, out_pps, in_bps, out_bps; /* scaled: value << LB_RATE_SHIFT */
};

enum { LB_RATE_SHIFT = 10 };

struct lb_intern_entry; /* control lcore: a counted id */

/* What the passive check knows of a destination (check.c). */
struct lb_check {
	uint32_t down_seen, up_seen; /* sums of the workers' signs that were taken into account */
	uint32_t count;		     /* down signs within down_wait */
	uint32_t duration;	     /* of the next inhibition, s; 0: the minimum */
	uint64_t window_end_ms;	     /* when they are forgotten */
	uint64_t until_ms;	     /* end of the inhibition */
	int32_t weight;		     /* before it */
	bool inhibited;		     /* by the check */
};

struct lb_dest {
	TAILQ_ENTRY(lb_dest) next; /* in its service (listed) or in its zombies (deleted, connections left) */
	struct lb_service *svc;	   /* NULL for a zombie of a deleted service */
	union inet_ip ip;
	uint16_t port_be;
	uint8_t af, fwd;
	uint32_t conn_flags;
	int32_t weight;
	uint32_t max_conn, min_conn; /* configured totals */
	uint32_t flags;
	uint32_t id, rs_id;
	struct lb_totals
	    *zero; /* [nworkers]: counters at the last --zero, subtracted in listings; NULL: never zeroed */
	struct lb_rates rates;
	TAILQ_ENTRY(lb_dest) sampling; /* all destinations, longest not sampled first */
	TAILQ_ENTRY(lb_dest) dying;    /* deleted ones */
	struct lb_intern_entry *rs;    /* keeps rs_id */
	struct lb_intern_entry *lip;   /* SNAT: keeps the id of the address */
	struct lb_check check;
	uint32_t pending; /* deletions that a worker may not have seen yet */
	bool zombie;
	bool doomed; /* a zombie since the transaction that is open: workers do not know yet */
};

struct lb_laddr {
	TAILQ_ENTRY(lb_laddr) next;
	union inet_ip ip;
	uint8_t af;
	struct lb_intern_entry *lip; /* keeps the id */
	char ifname[LB_IFNAME_MAX];
};

TAILQ_HEAD(lb_dest_list, lb_dest);
TAILQ_HEAD(lb_laddr_list, lb_laddr);

/* What packets a service is for. */
enum lb_service_kind { LB_SERVICE_ADDRESS, LB_SERVICE_FWMARK, LB_SERVICE_MATCH, LB_SERVICE_KINDS };

enum { LB_MATCH_LEN = 108 };

struct lb_service {
	TAILQ_ENTRY(lb_service) next; /* of its kind, oldest first */
	uint64_t serial;	      /* never used again; grows along the list */
	uint8_t kind;		      /* enum lb_service_kind */
	struct lb_key key;	      /* other kinds: only af and proto are set */
	uint32_t fwmark;
	uint8_t match[LB_MATCH_LEN]; /* dp_vs_match of the ABI with meaningless bytes zeroed; see match.c */
	char sched_name[LB_SCHED_NAME_MAX];
	struct lb_attrs *attrs;	       /* published, NULL before the first publication */
	struct lb_dest_set *dests;     /* published, likewise */
	struct lb_laddr_set *laddrs;   /* published, likewise */
	struct lb_acl *acl;	       /* deny and allow lists, published; NULL: everybody is served */
	struct lb_sched_state *state;  /* [nworkers] */
	struct lb_dest_list dest_list; /* newest first */
	struct lb_dest_list zombies;   /* deleted, connections left: re-adding revives them */
	struct lb_laddr_list laddr_list;
	uint32_t ndests, nladdrs;
	uint32_t version;
	uint32_t bps; /* stored and listed */
	struct lb_totals
	    *gone; /* [nworkers]: counters of destinations that were freed: totals never go back */
	uint8_t check_config[8]; /* dest_check_configs of the ABI as given, listed back */
	/* Configuration that the published objects are built from; ahead of them in a transaction. */
	struct lb_attrs conf;
	const struct lb_sched *sched;
	struct lb_service *chain;	  /* in the index by name */
	TAILQ_ENTRY(lb_service) touching; /* changed by the transaction that is open */
	uint32_t dirty;			  /* LB_DIRTY_* */
	TAILQ_ENTRY(lb_service) checking; /* those with the passive check */
	bool touched, checked;
	bool known;   /* workers may find it; always true for services without key */
	bool deleted; /* not listed; ends with the transaction unless it is added again */
	/* Built, about to be published. */
	struct {
		struct lb_attrs *attrs;
		struct lb_dest_set *dests;
		struct lb_laddr_set *laddrs;
		bool key; /* its place in the key table is reserved */
	} built;
};

/* The control side's tables; called by lb_init() and lb_fini() (lb.c). 0 or EDPVS code. */
int lb_control_init(void);
void lb_control_fini(void);

/* ---- workers
 * --------------------------------------------------------------------------------------------------------------------
 */

/* The service of a destination address, or that of port 0 of the address; NULL when there is none. Valid
 * until the next quiescent point. */
struct lb_service *lb_service_lookup(const struct lb_key *key);
/* Likewise of a mark. */
struct lb_service *lb_fwmark_lookup(uint8_t af, uint32_t mark);

/* Published: match services with what they are for, in the order in which they are tried. NULL: none. */
struct lb_match_list {
	uint32_t n;
	struct lb_match {
		struct flow_rule rule;
		struct lb_service *svc;
	} m[];
};
extern struct lb_match_list *lb_matches;

/* Published: which packets get which mark; the first rule that matches counts. NULL: none. */
struct lb_mark_list {
	uint32_t n;
	struct lb_mark {
		struct flow_rule rule;
		uint32_t mark;
	} m[];
};
extern struct lb_mark_list *lb_marks;

/* Set, and for ever, when a match service for ICMP or ICMPv6 was made: echo messages may have connections. */
bool lb_echo_balanced(void);

/*
 * The service of a packet, as a director finds it: by its mark, by its destination (dst: address, port,
 * protocol), by any port of the address, and, when it is for somebody beyond us, among match services.
 * select.c
 */
struct lb_service *lb_service_of(const struct pkt *p, const struct lb_key *dst);

/* True when there is a service that such a packet to an address of somebody else may be for, as far as a
 * fragment tells. select.c */
bool lb_service_may_want(const struct pkt *fragment);

/* Set when there was a real server of port 0, which gets packets at the port that they are for: then a local
 * port towards (address, 0) may be in use towards (address, port) as well. So it is for servers of services
 * of a mark, whatever the protocol, and for SNAT, where a server may be a remote end. */
extern bool lb_any_port_servers;

/* True when vip is the address of any virtual service of that protocol and family (defence_*_drop). */
bool lb_vip_exists(uint8_t af, uint8_t proto, const union inet_ip *vip);

/* True when key (vip and vport are the address and port of a real server) answers clients through us.
 * *owners: the rules (owner.h) of all services that it serves. */
bool lb_nat_server(const struct lb_key *key, uint64_t *owners);
/* True when any such server has the address. */
bool lb_nat_server_addr(int af, const union inet_ip *ip);

/* True when some service has, or had, rules of its own (owner.h) about which worker has a flow; the rules of
 * services that are deleted while there may be connections of theirs. */
bool lb_owners_differ(void);
uint64_t lb_owners_gone(void);

/* Counters of destinations by worker index and dest id, in the statistics segment. The memory of an id is
 * there before the id is published, so the data path only indexes. */
enum {
	LB_DEST_CHUNK_BITS = 10,
	LB_DEST_CHUNKS = 4096,
	LB_DEST_IDS_MAX = LB_DEST_CHUNKS << LB_DEST_CHUNK_BITS
};
extern struct lb_counters *lb_dest_counters[WORKERS_MAX];

static inline struct lb_counters *
lb_counters(unsigned worker, uint32_t dest_id)
{
	return &lb_dest_counters[worker][dest_id];
}

/* Ids of real servers end here. Behind them are those of buckets of remote ends of SNAT (snat.c). */
#define LB_RS_IDS_END (UINT32_C(1) << 31)

/* Flags of a destination by id, for connections: DPVS_DEST_F_* and those here. Written by the control lcore.
 */
enum {
	LB_DEST_WEIGHT0 = 1u << 16,
	LB_DEST_CHECKED = 1u << 17, /* by the passive check */
};
uint32_t lb_dest_flags(uint32_t dest_id);
/* The load at which an overloaded destination gets connections again on a worker, for connections that
 * end. */
uint32_t lb_dest_resume_level(uint32_t dest_id, unsigned worker);

/* ---- schedulers
 * -----------------------------------------------------------------------------------------------------------------
 */

/* What a scheduler may look at beside the load of this worker: the packet's ends, and its QUIC connection id.
 */
struct lb_sched_key {
	uint8_t af;
	bool has_cid;
	union inet_ip saddr, daddr;
	uint16_t sport_be;
	uint64_t cid; /* first 8 bytes of the connection id, as they lie in memory */
};

struct lb_sched {
	const char *name;
	/* Control lcore: precomputes for a set that is about to be published. 0 or EDPVS code. May be NULL.
	 */
	int (*build)(struct lb_dest_set *set, uint32_t service_flags);
	void (*free)(struct lb_dest_set *set);
	/* Worker: index of the chosen destination, or -1. `worker` numbers from 0. */
	int (*pick)(const struct lb_dest_set *set, struct lb_sched_state *st, const struct lb_sched_key *key,
		    unsigned worker);
};

/* By exact name; NULL when unknown. One file per scheduler under sched/, listed in sched/sched.c. */
const struct lb_sched *lb_sched_find(const char *name);

/* A worker's share of the upper threshold of a destination, 0 = none. */
static inline uint32_t
lb_dest_share(const struct lb_dest_view *d, unsigned worker)
{
	return d->max_conn + (worker < d->max_more);
}

/* The part of a threshold that counts on a worker; the shares of all workers add up to the threshold. */
static inline uint32_t
lb_threshold_share(uint32_t total, unsigned worker)
{
	return total / nworkers + (worker < total % nworkers);
}

/* An overloaded destination gets connections again on a worker that has fewer than this. share is the
 * worker's of the upper threshold, min_conn the lower threshold, 0 = none. */
static inline uint32_t
lb_resume_level(uint32_t share, uint32_t min_conn, unsigned worker)
{
	uint32_t low = lb_threshold_share(min_conn, worker);

	if (min_conn == 0)
		return share;
	/* A share of nothing would be out of reach. */
	return low ? low : 1;
}

/*
 * True when a connection was refused because a worker's share of the upper threshold was reached, and the
 * load has not fallen far enough since. A threshold that was raised meanwhile counts at once, although only
 * the worker clears its mark.
 */
static inline bool
lb_overloaded(const struct lb_counters *c, uint32_t share, uint32_t min_conn, unsigned worker)
{
	return c->overloaded && c->overloaded >= share && share != 0 &&
	       c->active + c->inactive >= lb_resume_level(share, min_conn, worker);
}

/* True when a scheduler may choose the destination on this worker: available, not overloaded or inhibited,
 * weight > 0. */
static inline bool
lb_dest_usable(const struct lb_dest_view *d, unsigned worker)
{
	return d->weight > 0 && (d->flags & 7u) == 1u &&
	       !lb_overloaded(lb_counters(worker, d->id), lb_dest_share(d, worker), d->min_conn, worker);
}

#endif

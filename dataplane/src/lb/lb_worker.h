/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The balancer's state of one worker; private to the lb layer. See lb/conn.h for the layout of a connection.
 */
#ifndef LB_WORKER_H
#define LB_WORKER_H

#include "admission.h"
#include "lb/conn.h"
#include "lb/lb.h"
#include "lb/service.h"

enum {
	CONN_TICK_SHIFT = 3, /* last_seen and timeouts count units of 2^3 ms */
	CONN_BUCKET_SLOTS = 10,
	WHEEL_SLOT_SHIFT = 4,  /* a wheel slot is 2^4 units = 128 ms */
	WHEEL_SLOTS = 8192,    /* 1049 s; longer timeouts go round */
	WHEEL_BUDGET = 64,     /* connections looked at per turn of a worker … */
	WHEEL_BUDGET_BUSY = 8, /* … that has no time to spare, so that no turn is long … */
	WHEEL_BUDGET_LATE = 1, /* … and whose queues fill */
};

/* Ten flow slots and the way to an overflow bucket: one cache line, so a lookup costs one line and the
 * connection's own. */
struct conn_bucket {
	uint16_t tag[CONN_BUCKET_SLOTS]; /* 0: free */
	uint32_t ref[CONN_BUCKET_SLOTS]; /* connection index << 1 | direction */
	uint32_t next;			 /* overflow bucket, 0: none */
};
_Static_assert(sizeof(struct conn_bucket) == 64, "a bucket is a cache line");

struct conn_table {
	struct conn_bucket *buckets;
	uint32_t bucket_mask;
	struct conn_hot *hot; /* [capacity + 1]; index 0 is never used */
	struct conn_v6 *v6;
	struct conn_cold *cold;
	struct conn_account *account; /* [capacity + 1]; NULL without conn_accounting */
	struct conn_more *more;	      /* [capacity + 1]; valid where CONN_F_MORE is set */
	uint32_t capacity;
	volatile uint32_t count; /* entries in use, templates included */
	volatile uint32_t templates;
	uint32_t free_head;	      /* list through cold.wheel_next */
	uint32_t fresh;		      /* indices from here on were never used */
	struct conn_bucket *overflow; /* [overflow_size], entry 0 unused */
	uint32_t overflow_size, overflow_fresh, overflow_free;
	uint32_t *wheel;    /* [WHEEL_SLOTS] heads */
	uint32_t wheel_now; /* slot number (not masked) that is being worked on */
	size_t bytes;	    /* memory of the table, fully used */
};

/* Local ports of one (local address, real server), the part that belongs to this worker. */
struct port_space {
	uint64_t key; /* lip_id << 32 | rs_id; 0 with used 0: free */
	uint32_t used;
	uint32_t cursor; /* where the next search starts */
	uint64_t bits[]; /* 1 = in use */
};

struct lip_usage {
	volatile uint64_t used, spaces, miss;
};

struct lport_pool {
	uint8_t *spaces; /* nspaces × space_bytes */
	size_t space_bytes;
	uint32_t nspaces, fresh;
	uint32_t nports;      /* ports of this worker in a space */
	uint32_t first, step; /* port k is first + k * step */
	uint32_t *map;	      /* open addressing: space index + 1 */
	uint32_t map_mask;
	struct lip_usage *usage; /* by lip_id */
	uint32_t nlips;
};

struct lb_worker {
	struct conn_table t;
	struct lport_pool ports;
	uint32_t changes;   /* connections opened or closed: tells a vector that its lookups are stale */
	uint16_t mtu_safe;  /* no path looked up so far has a smaller MTU: shorter packets need no check */
	uint16_t plain_len; /* packets that are not longer go without a look: mtu_safe, or 0 with xmit_ttl */
	uint32_t frag_id;   /* of the next packet that we may fragment, see lb_frag_id() */
	struct {
		uint64_t window; /* tenth of a second of the clock */
		uint32_t sent;
	} resets;      /* answers to segments of no connection */
	uint64_t rand; /* state of a cheap generator: start offsets and the like, nothing secret */
	struct lb_admission admission;
	struct lb_fragments *fragments; /* NULL: fragments are not put together */
};

/* xorshift64*: spreads choices, hides nothing. */
static inline uint64_t
lb_random(struct lb_worker *lb)
{
	lb->rand ^= lb->rand >> 12;
	lb->rand ^= lb->rand << 25;
	lb->rand ^= lb->rand >> 27;
	return lb->rand * 2685821657736338717ull;
}

/*
 * An identification for a packet that goes out in fragments. Packets of many clients leave from one address,
 * so what the clients have chosen must not be kept: equal ones would be put together. Workers count in steps
 * of their number, each its own.
 */
static inline uint32_t
lb_frag_id(struct lb_worker *lb)
{
	lb->frag_id += nworkers;
	return lb->frag_id;
}

/* ---- connection table (conn.c)
 * -------------------------------------------------------------------------------------------------- */

/* Allocates a table for capacity connections. 0 or EDPVS_NOMEM. */
int conn_table_init(struct conn_table *t, uint32_t capacity, uint64_t now_ms);
void conn_table_fini(struct conn_table *t);
/* Gives connections counters of their own; before there are any. 0 or EDPVS_NOMEM. */
int conn_table_account(struct conn_table *t);

/* Takes an index; its lines are zeroed except cold.seq, which is odd until conn_commit(). CONN_NONE when the
 * table is full. */
uint32_t conn_alloc(struct conn_table *t);
/* Fetches the lines of the index that will be given out next, while the present one is being filled. */
void conn_prefetch_next(const struct conn_table *t, bool v6);
/* Enters both directions by their flow hashes and makes the entry visible to readers. False when no overflow
 * bucket is left (nothing entered). */
bool conn_commit(struct conn_table *t, uint32_t idx, uint32_t in, uint32_t out);
/* Gives back an index that was not committed. */
void conn_abandon(struct conn_table *t, uint32_t idx);
/* Removes a committed connection from the table and the wheel and gives the index back. */
void conn_remove(struct conn_table *t, uint32_t idx);
/* Flow hashes of a connection as the lookup of each direction computes them. */
uint32_t conn_hash(const struct conn_table *t, uint32_t idx, unsigned dir);
/* The same of any tuple; addresses of the family, ports in network order. */
uint32_t conn_hash_tuple(uint8_t af, const union inet_ip *src, const union inet_ip *dst, uint16_t sport_be,
			 uint16_t dport_be, uint8_t proto);
/* A tuple as a packet has it; ports in network order. */
struct conn_tuple {
	union inet_ip saddr, daddr;
	uint16_t sport, dport;
	uint8_t af, proto;
};
/* The connection and direction (index << 1 | direction) with a tuple, or CONN_NONE. */
uint32_t conn_tuple_find(const struct conn_table *t, const struct conn_tuple *u);
/* The same with the second tuple of a connection that is about to open: replies of the two would not be told
 * apart. Its addresses are set. */
uint32_t conn_out_user(const struct conn_table *t, uint32_t idx);
/* The hash of replies if the connection had this local port (network order). */
uint32_t conn_hash_out(const struct conn_table *t, uint32_t idx, uint16_t lport);

/* Sets the timeout in seconds, counted from now on, and puts the connection into the wheel if it must fire
 * earlier than planned. */
void conn_set_timeout(struct conn_table *t, uint32_t idx, uint32_t seconds, uint64_t now_ms);

/* Calls expire(arg, idx) for due connections, at most `budget` looks; expire must remove the connection
 * or re-arm it. */
void conn_expire(struct conn_table *t, uint64_t now_ms, unsigned budget,
		 void (*expire)(void *arg, uint32_t idx), void *arg);

static inline uint32_t
conn_tick(uint64_t now_ms)
{
	return (uint32_t)(now_ms >> CONN_TICK_SHIFT);
}

enum { CONN_PACKETS_BITS = 48 };

/* The connection is being opened: its counters start. Only with conn_accounting. */
static inline void
conn_account_start(struct conn_table *t, uint32_t idx, uint64_t now_ms)
{
	uint64_t tick = conn_tick(now_ms);

	t->account[idx] = (struct conn_account){
	    .packets = {(tick & 0xffff) << CONN_PACKETS_BITS, (tick >> 16) << CONN_PACKETS_BITS}};
}

static inline void
conn_account_add(struct conn_table *t, uint32_t idx, unsigned dir, uint16_t ip_len)
{
	t->account[idx].packets[dir]++;
	t->account[idx].bytes[dir] += ip_len;
}

static inline uint16_t
conn_tag(uint32_t hash)
{
	uint16_t tag = (uint16_t)(hash >> 16);

	return tag ? tag : 1;
}

/* What few connections have; made, zeroed, when it is asked for the first time. */
static inline struct conn_more *
conn_more(struct conn_table *t, uint32_t idx)
{
	if (!(t->hot[idx].flags & CONN_F_MORE)) {
		t->more[idx] = (struct conn_more){.tmpl = CONN_NONE};
		t->hot[idx].flags |= CONN_F_MORE;
	}
	return &t->more[idx];
}

/* The port that was dealt to a connection: at the local address, or with SNAT at the public one. */
static inline uint16_t
conn_dealt_port(const struct conn_hot *c)
{
	return c->fwd == LB_FWD_SNAT ? c->vport : c->lport;
}

/* Gives a connection tasks (MORE_T_*), or takes them away. */
static inline void
conn_tasks_set(struct conn_table *t, uint32_t idx, uint16_t tasks)
{
	conn_more(t, idx)->tasks |= tasks;
	t->hot[idx].flags |= CONN_F_TASKS;
}

static inline void
conn_tasks_clear(struct conn_table *t, uint32_t idx, uint16_t tasks)
{
	if (!(t->hot[idx].flags & CONN_F_TASKS))
		return;
	t->more[idx].tasks &= (uint16_t)~tasks;
	if (t->more[idx].tasks == 0)
		t->hot[idx].flags &= (uint16_t)~CONN_F_TASKS;
}

static inline bool
conn_task(const struct conn_table *t, uint32_t idx, uint16_t task)
{
	return (t->hot[idx].flags & CONN_F_TASKS) && (t->more[idx].tasks & task);
}

/* ---- local ports (lport.c)
 * ------------------------------------------------------------------------------------------------------- */

int lport_init(struct lport_pool *pool, unsigned worker, unsigned total);
void lport_fini(struct lport_pool *pool);
/* A free port towards a real server, network order; *space remembers where it came from. 0 when there is none
 * (counted as a miss). */
uint16_t lport_alloc(struct lport_pool *pool, uint32_t lip_id, uint32_t rs_id, uint32_t *space);
void lport_free(struct lport_pool *pool, uint32_t space, uint16_t port_be);
/* The next search in the space goes on `by` ports behind where it would. */
void lport_skip(struct lport_pool *pool, uint32_t space, uint32_t by);

/* ---- protocols (proto/)
 * ----------------------------------------------------------------------------------------- */

/* What the balancer must know of a transport protocol; one file each under proto/, listed in proto/proto.c.
 */
struct lb_proto {
	uint8_t number; /* IP protocol */
	/* May this packet, whose service exists, open a connection? DROP_NONE, or why not. */
	enum drop_reason (*admit)(const struct pkt *p);
	/* The packet has no service. DROP_NONE: leave it to the stack. */
	enum drop_reason (*no_service)(const struct pkt *p, const struct lb_key *key);
	/* Sets what the protocol keeps in a connection that is about to open for packet p. */
	void (*open)(struct worker *w, uint32_t idx, const struct pkt *p, const struct lb_attrs *attrs);
	/* State transition for a packet in direction dir; sets the timeout when the state changes. */
	void (*track)(struct worker *w, uint32_t idx, const struct pkt *p, unsigned dir);
	/* The connection timed out in its present state. */
	void (*expired)(struct worker *w, uint32_t idx);
	/* Timeout in seconds of a state when the service sets none; `established`: the state that a service's
	 * value replaces. */
	uint32_t (*timeout)(uint8_t state);
	bool (*service_timeout_applies)(uint8_t state);
	/* True for a state in which nobody has answered yet, or nobody will any more: in a full table such a
	 * connection gives way to a new one. NULL: none does. */
	bool (*half_open)(uint8_t state);
};

/* NULL for a protocol that is not balanced. */
const struct lb_proto *lb_proto_find(uint8_t number);
extern const struct lb_proto lb_proto_tcp, lb_proto_udp, lb_proto_sctp, lb_proto_icmp, lb_proto_icmpv6;

/* Sets the state and its timeout, counted from now. */
void lb_conn_set_state(struct worker *w, uint32_t idx, uint8_t state);

/* Moves a connection between the active and inactive counts of its destination. */
void lb_conn_set_active(struct worker *w, uint32_t idx, bool active);

/* ---- opening, forwarding, closing
 * -------------------------------------------------------------------------------- */

enum { LB_TAKEN = UINT32_MAX };

/* Opens a connection for a packet that no connection knows. Returns index << 1 | direction; CONN_NONE when
 * the packet is to be dropped
 * (*why says the reason) or is none of our business (*why is DROP_NONE). schedule.c */
uint32_t lb_schedule(struct worker *w, struct pkt *p, enum drop_reason *why);

/* Forwards a packet of a connection. Ownership of m passes. forward.c */
void lb_forward(struct worker *w, struct rte_mbuf *m, struct pkt *p, uint32_t ref);

/*
 * A packet of a connection with a CONN_F_SPECIAL flag, before the ordinary path. True: m is taken, and the
 * connection may be gone. special.c
 */
bool lb_special(struct worker *w, struct rte_mbuf *m, struct pkt *p, uint32_t idx, unsigned dir);

/*
 * Why the ICMP error p about a packet of a connection, which has been refreshed, is not to be passed on: the
 * lists refuse the client. dir: where the error goes; CONN_DIR_IN: it comes from the client's side, and lists
 * may look at its device and MAC address. DROP_NONE: it may go. special.c
 */
enum drop_reason lb_error_refused(const struct conn_table *t, uint32_t idx, const struct pkt *p,
				  unsigned dir);

/* A connection is as old as its service's configuration and the network: asks anew what it remembers of both.
 * special.c */
void lb_conn_renew(struct worker *w, uint32_t idx);

/* A service lets this part of its packets pass, percent; the connection is to know. special.c */
void lb_conn_limit(struct conn_table *t, uint32_t idx, uint32_t limit_proportion);

/* MTU of the path towards the side of dir, bytes; 0 when there is no route. forward.c */
uint16_t lb_conn_mtu(struct worker *w, uint32_t idx, unsigned dir);

/* The table is full: ends a connection that is half open and takes its index, as conn_alloc(). CONN_NONE when
 * none was found at a few looks. reclaim.c */
uint32_t lb_conn_reclaim(struct worker *w);

/*
 * The connection is new, or what it knew of its ways is old: looks at both of them before the packet is
 * translated, whose sender has to be told if it is too long. To be called while net_routes_narrow is true; a
 * way is never narrower than the narrowest port otherwise. forward.c
 */
void lb_conn_ways(struct worker *w, uint32_t idx);

/* Ends a connection: counters, port, table. close.c */
void lb_conn_close(struct worker *w, uint32_t idx);
/* The same after the protocol's last words, such as resets. arg is the worker. close.c */
void lb_conn_expire(void *arg, uint32_t idx);

/* The end of a connection with CONN_F_MORE (more.c). Expired: true when it lives on, then with a new timeout,
 * or was a template and is gone.
 * Closed: gives back what its conn_more holds. */
bool lb_more_expired(struct worker *w, uint32_t idx);
void lb_more_close(struct worker *w, uint32_t idx);
/* Ends a template that no connection follows (persist.c). */
void lb_template_close(struct worker *w, uint32_t tmpl);

/*
 * Forwarding modes, one file each under xmit/: translate and send a packet of a connection. Ownership of m
 * passes. All but FullNAT, the most used one, are called through lb_xmit_other() (xmit/xmit.c).
 */
typedef void lb_xmit(struct worker *w, struct rte_mbuf *m, struct pkt *p, uint32_t idx, unsigned dir);
lb_xmit lb_xmit_fnat, lb_xmit_nat, lb_xmit_nat64, lb_xmit_dr, lb_xmit_tunnel, lb_xmit_snat, lb_xmit_other;

/* A tunnel's packets come from the address that the route prefers; false: it has none. xmit/tunnel.c */
bool lb_tunnel_source(struct conn_table *t, uint32_t idx, const union inet_ip *src);

/* Bytes by which a packet of a connection grows (or shrinks, below 0) on its way towards the side of dir.
 * xmit/xmit.c */
int lb_xmit_growth(const struct conn_hot *c, unsigned dir);

/* Addresses of a connection as inet_ip, whatever the family. */
struct conn_addrs {
	union inet_ip caddr, vaddr, laddr, raddr;
};
void conn_addrs_get(const struct conn_table *t, uint32_t idx, struct conn_addrs *out);
/* Stores them where the flags of the entry, CONN_F_V6 and CONN_F_RS_V6, say that they are. */
void conn_addrs_set(struct conn_table *t, uint32_t idx, const struct conn_addrs *a);

static inline uint8_t
conn_af(const struct conn_hot *c)
{
	return c->flags & CONN_F_V6 ? INET_AF_V6 : INET_AF_V4;
}

static inline uint8_t
conn_rs_af(const struct conn_hot *c)
{
	return c->flags & CONN_F_RS_V6 ? INET_AF_V6 : INET_AF_V4;
}

/* Family of packets that go towards the side of dir. */
static inline uint8_t
conn_side_af(const struct conn_hot *c, unsigned dir)
{
	return dir == CONN_DIR_IN ? conn_rs_af(c) : conn_af(c);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections: the flow table of one worker.
 *
 * A connection is an index into three arrays: the hot line (64 bytes, all that an established packet needs),
 * the IPv6 addresses (64 bytes, touched by IPv6 only) and the cold part (32 bytes: timer and state that few
 * packets need). Each direction has a slot in a 64-byte bucket of tags and indices. There is one writer, the
 * worker; the control lcore reads entries for listings and uses `seq` to skip torn ones. 192 bytes per
 * connection, all told; 32 more, in an array of their own, when connections have counters (conn_accounting),
 * and 64 in another for the few that have a conn_more.
 */
#ifndef LB_CONN_H
#define LB_CONN_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_common.h>

#include "base/inet.h"
#include "packet/proxy_stream.h"

enum { CONN_NONE = 0, CONN_DIR_IN = 0, CONN_DIR_OUT = 1 };

/* conn_hot.flags */
enum {
	CONN_F_ACTIVE = 1,   /* counted as active in its destination, else as inactive */
	CONN_F_TOA = 2,	     /* TCP FullNAT: insert the client's address until the client acknowledged data */
	CONN_F_EXPIRE_Q = 4, /* expire-quiescent */
	CONN_F_SEEN_OUT = 8, /* a packet from the real server was seen */
	CONN_F_V6 = 16,	     /* client and virtual address are IPv6, in conn_v6 */
	CONN_F_RS_V6 =
	    32, /* local address and real server are; CONN_F_V6 << direction is the family of a packet */
	CONN_F_DENIED = 64,	 /* the service's lists refuse the client, as of net_gen */
	CONN_F_ACCOUNT = 128,	 /* has counters of its own */
	CONN_F_DELTA = 256,	 /* TCP sequence numbers are shifted by seq_delta */
	CONN_F_FIRST_DATA = 512, /* first_data is known */
	CONN_F_RS_SEQ = 1024,	 /* rs_seq_end and rs_ack are known */
	CONN_F_ONE_WAY = 2048,	 /* replies do not pass here (direct routing, tunnel): no second tuple */
	CONN_F_MORE = 4096,	 /* has a conn_more */
	CONN_F_TASKS = 8192,	 /* ... with tasks for packets */
	CONN_F_TEMPLATE = 16384, /* of persistence: no packet's, holds the server of a client's connections */
	CONN_F_ONE_PACKET = 32768, /* in no table, gone when its packet is */
	/* What makes a packet need more than the ordinary: one test finds them all. */
	CONN_F_SPECIAL = CONN_F_EXPIRE_Q | CONN_F_DENIED | CONN_F_ACCOUNT | CONN_F_TASKS,
};

struct conn_hot {
	uint32_t caddr, vaddr, laddr, raddr; /* IPv4, network order; the IPv6 ones are in conn_v6 */
	uint16_t cport, vport, lport, rport; /* network order */
	uint8_t proto;			     /* IP protocol */
	uint8_t fwd;			     /* enum lb_fwd, LB_FWD_NAT64 included */
	uint8_t state;			     /* state of the protocol, numbers of the control ABI */
	uint8_t uoa_left;		     /* UDP: packets that still carry the client's address */
	uint16_t flags;			     /* CONN_F_* */
	uint16_t net_gen;   /* low bits of net_generation when adj_* and CONN_F_DENIED were looked up */
	uint32_t last_seen; /* clock / 2^3 ms (wraps after 397 days) */
	uint32_t dest;	    /* dest id */
	uint32_t adj_in,
	    adj_out;	    /* adjacency towards the real server and towards the client; ADJ_NONE = look up */
	uint32_t seq_delta; /* FullNAT TCP: our sequence number minus the client's */
	uint32_t first_data; /* first sequence number of data of the real server (ISN + 1), host order */
	uint32_t rs_seq_end,
	    rs_ack; /* for the RST on expiry: end of the server's data, its acknowledgement */
} __rte_aligned(64);

struct conn_v6 {
	union inet_ip caddr, vaddr, laddr, raddr;
} __rte_aligned(64);

struct conn_cold {
	uint32_t wheel_next, wheel_prev; /* doubly linked in a slot of the timer wheel */
	uint32_t wheel_slot;
	uint32_t timeout;	  /* units of last_seen */
	uint32_t seq;		  /* odd while the entry is being made or unmade */
	uint32_t port_space;	  /* where lport came from; UINT32_MAX: nowhere */
	uint32_t svc_timeout;	  /* conn_timeout of the service, s; 0 = protocol's */
	uint16_t mtu_in, mtu_out; /* of the path towards the real server and towards the client */
};

/* conn_more.tasks: what packets of a connection need beside the ordinary. */
enum {
	MORE_T_SYNPROXY = 1, /* sequence numbers, window and handshake are the SYN proxy's business */
	MORE_T_PROXY = 2,    /* the server is still to learn the client's address by a PROXY header */
	MORE_T_LIMIT = 4,    /* the service lets a proportion of packets pass */
	MORE_T_SCTP = 8,     /* checksum and chunks are verified */
};

/* What few connections have: those of persistent services, of the SYN proxy, with PROXY headers. A line of
 * its own that is touched by them only. */
struct conn_more {
	uint32_t tmpl;	     /* the template that controls this connection, or CONN_NONE */
	uint32_t controlled; /* of a template: connections */
	uint16_t tasks;	     /* MORE_T_*; CONN_F_TASKS says that there are any */
	uint8_t limit;	     /* MORE_T_LIMIT: percentage */
	uint8_t proxy; /* version and whether an existing header stands (lb_attrs.proxy_protocol); 0 = no
			  headers */
	struct proxy_stream proxy_stream; /* TCP: where the header stands, until the server acknowledged it */
	bool proxy_done; /* the server has the header; the task remains for a SYN that opens the connection
			    anew */
	uint8_t syn_retries; /* SYN proxy: SYNs left to send to the real server */
	uint8_t syn_saved;   /* packets of the client that wait for the real server */
	/* SYN proxy: our sequence number towards the client minus the real server's; before that answered,
	 * ours. */
	uint32_t syn_ack_delta;
	/* Repeated acknowledgements of the real server; before it answered, storm_seq is the client's first
	 * sequence number of data. */
	uint32_t storm_seq, storm_ack, storm_count;
	uint8_t rs_wscale, our_wscale;
	bool by_mark; /* of a service of a mark: its addresses say nothing about the service */
	uint8_t pad;
	uint32_t set_pos; /* of a template: where its server was last among those of the service */
	uint64_t service; /* of a template: persist.c */
	void *
	    saved; /* SYN proxy: list of packets, by their next pointers; first the SYN for the real server */
} __rte_aligned(64);

/* What a connection carried, by direction (CONN_DIR_*); kept with conn_accounting only. */
struct conn_account {
	uint64_t packets[2]; /* 48 bits; above them 16 bits each of the time when it was opened, units of
				last_seen */
	uint64_t bytes[2];   /* IP length before translation */
};

_Static_assert(sizeof(struct conn_hot) == 64 && sizeof(struct conn_v6) == 64 &&
		   sizeof(struct conn_cold) == 32 && sizeof(struct conn_account) == 32 &&
		   sizeof(struct conn_more) == 64,
	       "conn layout");

/* For listings: a connection as text-free data; addresses as inet_ip whatever the family. */
struct conn_view {
	uint8_t af, rs_af, proto, state;
	uint8_t fwd;	/* enum lb_fwd, never LB_FWD_NAT64 */
	uint16_t flags; /* CONN_F_* */
	uint16_t worker, lcore_id;
	union inet_ip caddr, vaddr, laddr, raddr;
	uint16_t cport, vport, lport, rport; /* network order */
	uint32_t timeout_s;		     /* configured timeout of the state */
	uint64_t packets[2], bytes[2];	     /* by direction; UINT64_MAX without conn_accounting */
	uint64_t age_ms;		     /* since it was opened; likewise; starts anew after 397 days */
	uint32_t left_ms; /* until it ends if nothing comes; less than a second more is possible */
	uint32_t dest;
};

/*
 * Control lcore, while the worker runs: reads up to n connections of a worker from cursor on (start with 0).
 * Returns their number and advances *cursor; *cursor is UINT32_MAX at the end. Torn entries are skipped.
 */
unsigned conn_read(unsigned worker, uint32_t *cursor, struct conn_view *out, unsigned n);
/* The same for a single place of the table: 1 to conn_end() - 1. False when there is no connection, or a torn
 * one. */
bool conn_peek(unsigned worker, uint32_t idx, uint64_t now_ms, struct conn_view *out);
uint32_t conn_end(unsigned worker);
/* The protocol of templates of connections of a protocol: no packet has it. */
static inline uint8_t
conn_template_proto(uint8_t proto)
{
	return proto ^ 0xff;
}

/* One connection of a worker by either of its tuples, found by hash; a template by its first one, with
 * conn_template_proto(). */
bool conn_probe(unsigned worker, uint8_t af, uint8_t proto, const union inet_ip *saddr, uint16_t sport_be,
		const union inet_ip *daddr, uint16_t dport_be, struct conn_view *out);
/* One connection by either of its tuples; false when no worker has it. */
bool conn_find(uint8_t af, uint8_t proto, const union inet_ip *saddr, uint16_t sport_be,
	       const union inet_ip *daddr, uint16_t dport_be, struct conn_view *out);
/* Live connections, templates, which are none of these, and the size of the table of a worker. */
uint32_t conn_count(unsigned worker);
uint32_t conn_templates(unsigned worker);
uint32_t conn_capacity(unsigned worker);

/* Local port use per local address id: connections and exhaustions, sum over workers when worker < 0. */
void lport_usage(uint32_t lip_id, int worker, uint64_t *used, uint64_t *total, uint64_t *miss);

#endif

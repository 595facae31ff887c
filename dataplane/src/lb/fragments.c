/* SPDX-License-Identifier: Apache-2.0 */
#include "fragments.h"

#include <stdlib.h>
#include <rte_mbuf_dyn.h>

#include "base/hash.h"
#include "core/errors.h"
#include "core/mbuf.h"
#include "net/net.h"
#include "xmit/translate.h"

enum { NONE = 0, ICMP4_TIME_EXCEEDED = 11, ICMP6_TIME_EXCEEDED = 3, REASSEMBLY_TIME = 1 };

/* A datagram of which fragments are here. A broken one has none, but swallows those that still come. */
struct slot {
	struct frag_key key;
	struct frag_datagram d;
	uint64_t deadline_ms;
	uint32_t hash;
	uint32_t next;	       /* of the same bucket; also list of free slots */
	uint32_t older, newer; /* in order of their first fragments */
	uint32_t buffers;      /* held */
	bool broken;
};

struct lb_fragments {
	uint32_t mask;	       /* of buckets */
	uint32_t *buckets;     /* slot numbers */
	struct slot *slots;    /* [1 … max] */
	uint32_t free, unused; /* list; the first one that was never in use */
	uint32_t max;
	uint32_t oldest, newest;
	uint32_t buffers, buffers_max;
	uint32_t ttl_ms;
};

int
lb_fragments_init(void)
{
	static const struct rte_mbuf_dynflag flag = {.name = "dpvs_reassembled"};
	int bit = rte_mbuf_dynflag_register(&flag);

	if (bit < 0)
		return EDPVS_NOMEM;
	mbuf_reassembled = UINT64_C(1) << bit;
	return EDPVS_OK;
}

struct lb_fragments *
lb_fragments_new(uint32_t datagrams, uint32_t buffers, uint32_t ttl_ms)
{
	struct lb_fragments *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->max = datagrams;
	f->buffers_max = buffers;
	f->ttl_ms = ttl_ms;
	f->unused = 1;
	f->mask = rte_align32pow2(datagrams) - 1;
	f->buckets = calloc(f->mask + 1, sizeof(f->buckets[0]));
	f->slots = calloc((size_t)datagrams + 1, sizeof(f->slots[0]));
	if (!f->buckets || !f->slots) {
		lb_fragments_free(f);
		return NULL;
	}
	return f;
}

/* ---- table ---- */

/* Frees the fragments of a slot and returns their number. */
static unsigned
slot_empty(struct lb_fragments *f, struct slot *s)
{
	unsigned n = s->d.parts;

	for (struct frag_part *part = s->d.first, *next; part; part = next) {
		next = part->next;
		rte_pktmbuf_free(mbuf_of_part(part));
	}
	f->buffers -= s->buffers;
	s->buffers = 0;
	s->d = (struct frag_datagram){.first = NULL};
	return n;
}

static void
slot_remove(struct lb_fragments *f, uint32_t i)
{
	struct slot *s = &f->slots[i];
	uint32_t *from = &f->buckets[s->hash & f->mask];

	while (*from != i)
		from = &f->slots[*from].next;
	*from = s->next;
	if (s->older)
		f->slots[s->older].newer = s->newer;
	else
		f->oldest = s->newer;
	if (s->newer)
		f->slots[s->newer].older = s->older;
	else
		f->newest = s->older;
	s->next = f->free;
	f->free = i;
}

/* The datagram of a slot will not be whole. A broken one was counted when it broke. */
static void
count_failure(struct worker *w, const struct slot *s, enum drop_reason why)
{
	if (s->key.af != INET_AF_V6 || s->broken)
		return;
	w->ip6.reasm_failed++;
	w->ip6.reasm_timeouts += why == DROP_FRAG_TIMEOUT;
}

static void
oldest_give_up(struct worker *w, struct lb_fragments *f, enum drop_reason why)
{
	uint32_t i = f->oldest;
	unsigned n = slot_empty(f, &f->slots[i]);

	count_failure(w, &f->slots[i], why);

	if (n)
		worker_drops_add(w, why, n);
	slot_remove(f, i);
}

static uint32_t
slot_find(const struct lb_fragments *f, const struct frag_key *key, uint32_t hash)
{
	uint32_t i = f->buckets[hash & f->mask];

	while (i && (f->slots[i].hash != hash || memcmp(&f->slots[i].key, key, sizeof(*key)) != 0))
		i = f->slots[i].next;
	return i;
}

static uint32_t
slot_new(struct worker *w, struct lb_fragments *f, const struct frag_key *key, uint32_t hash)
{
	struct slot *s;
	uint32_t i;

	if (!f->free && f->unused > f->max)
		oldest_give_up(w, f, DROP_FRAG_TABLE_FULL);
	i = f->free;
	if (i)
		f->free = f->slots[i].next;
	else
		i = f->unused++;
	s = &f->slots[i];
	*s = (struct slot){.key = *key,
			   .deadline_ms = w->now_ms + f->ttl_ms,
			   .hash = hash,
			   .next = f->buckets[hash & f->mask],
			   .older = f->newest};
	f->buckets[hash & f->mask] = i;
	if (f->newest)
		f->slots[f->newest].newer = i;
	else
		f->oldest = i;
	f->newest = i;
	return i;
}

void
lb_fragments_free(struct lb_fragments *f)
{
	if (!f)
		return;
	for (uint32_t i = f->oldest; i; i = f->slots[i].newer)
		slot_empty(f, &f->slots[i]);
	free(f->buckets);
	free(f->slots);
	free(f);
}

/* ---- input ---- */

static bool
is_local(const struct pkt *p)
{
	int af = p->kind == PKT_IP6 ? INET_AF_V6 : INET_AF_V4;
	union inet_ip dst = inet_ip_make(af, p->l3 + (af == INET_AF_V6 ? 24 : 16));

	return net_local_lookup(af, &dst) != NET_NOT_LOCAL;
}

/* On its way through us: may the balancer have to translate the datagram? */
static bool
is_balanced(const struct pkt *p)
{
	int af = p->kind == PKT_IP6 ? INET_AF_V6 : INET_AF_V4;
	union inet_ip src = inet_ip_make(af, p->l3 + (af == INET_AF_V6 ? 8 : 12));

	return lb_nat_server_addr(af, &src) || lb_service_may_want(p);
}

/* What would have to be translated must not be routed as it is. */
static bool
refuse(struct worker *w, struct rte_mbuf *m, const struct pkt *p)
{
	if (is_local(p) || !is_balanced(p))
		return false;
	worker_drop(w, m, p->kind == PKT_IP6 ? DROP_IP6_FRAGMENT : DROP_IP4_FRAGMENT);
	return true;
}

static uint32_t
key_hash(const struct frag_key *key)
{
	return hash_flow6(&key->src, &key->dst, (uint16_t)(key->id >> 16), (uint16_t)key->id, key->proto);
}

/* The fragments of a complete datagram in one buffer, or in a chain if it is too long for that. */
static struct rte_mbuf *
join(struct frag_datagram *d)
{
	struct rte_mbuf *m = mbuf_of_part(d->first), *last = rte_pktmbuf_lastseg(m);

	for (struct frag_part *part = d->first->next, *next; part; part = next) {
		struct rte_mbuf *b = mbuf_of_part(part);

		next = part->next;
		rte_pktmbuf_adj(b, (uint16_t)(PKT_ETH_LEN + part->data_at));
		last->next = b;
		last = rte_pktmbuf_lastseg(b);
		m->nb_segs = (uint16_t)(m->nb_segs + b->nb_segs);
		m->pkt_len += b->pkt_len;
	}
	/* Whatever a port can send at once fits, so that chains are for cutting only. */
	if (m->pkt_len - m->data_len <= rte_pktmbuf_tailroom(m))
		rte_pktmbuf_linearize(m);
	return m;
}

/* The fragments make a packet: *m and *p from now on. True: it is none, and dropped. */
static bool
whole(struct worker *w, struct rte_mbuf **m, struct pkt *p, struct frag_datagram *d, uint32_t id)
{
	struct rte_mbuf *b = join(d);
	uint8_t *l3 = rte_pktmbuf_mtod_offset(b, uint8_t *, PKT_ETH_LEN), *now;
	uint8_t eth[PKT_ETH_LEN];
	enum drop_reason why = DROP_FRAG_OVERLAP;

	memcpy(eth, l3 - PKT_ETH_LEN, PKT_ETH_LEN);
	now = frag_finish(d, l3);
	if (now) {
		lb_frame_moved(b, l3, now);
		memcpy(now - PKT_ETH_LEN, eth, PKT_ETH_LEN);
		b->ol_flags |= mbuf_reassembled;
		mbuf_meta(b)->frag_id = id;
		p->buf = b;
		p->flags = 0;
		why = pkt_parse(p, now - PKT_ETH_LEN, b->data_len, b->pkt_len);
		/* Fragments of fragments. */
		if (!why && p->flags & PKT_F_FRAGMENT)
			why = DROP_FRAG_MALFORMED;
	}
	*m = b;
	if (!why)
		return false;
	worker_drop(w, b, why);
	return true;
}

/* The others of its datagram go with it, and those that still come. */
static void
slot_break(struct worker *w, struct lb_fragments *f, struct slot *s, enum drop_reason why)
{
	unsigned n = slot_empty(f, s);

	if (n)
		worker_drops_add(w, why, n);
	count_failure(w, s, why);
	s->broken = true;
}

static bool
hold(struct worker *w, struct rte_mbuf **m, struct pkt *p, const struct frag_key *key, uint32_t hash)
{
	struct lb_fragments *f = w->lb->fragments;
	struct frag_part *part = &mbuf_meta(*m)->part;
	uint32_t i = slot_find(f, key, hash);
	struct slot *s;
	struct frag_datagram d;

	if (!i)
		i = slot_new(w, f, key, hash);
	s = &f->slots[i];
	switch (s->broken ? FRAG_OVERLAP : frag_add(&s->d, part)) {
	case FRAG_HELD:
		mbuf_meta(*m)->port = p->port;
		s->buffers += (*m)->nb_segs;
		f->buffers += (*m)->nb_segs;
		while (f->buffers > f->buffers_max)
			oldest_give_up(w, f, DROP_FRAG_TABLE_FULL);
		return true;
	case FRAG_COMPLETE:
		d = s->d;
		w->ip6.reasm_done += key->af == INET_AF_V6;
		f->buffers -= s->buffers;
		slot_remove(f, i);
		return whole(w, m, p, &d, key->id);
	case FRAG_DUPLICATE:
		worker_drop(w, *m, DROP_FRAG_DUPLICATE);
		return true;
	case FRAG_TOO_MANY:
		slot_break(w, f, s, DROP_FRAG_TOO_MANY);
		worker_drop(w, *m, DROP_FRAG_TOO_MANY);
		return true;
	case FRAG_OVERLAP:
	default:
		slot_break(w, f, s, DROP_FRAG_OVERLAP);
		worker_drop(w, *m, DROP_FRAG_OVERLAP);
		return true;
	}
}

__rte_noinline bool
lb_fragment_input(struct worker *w, struct rte_mbuf **m, struct pkt *p)
{
	struct frag_part *part = &mbuf_meta(*m)->part;
	struct frag_key key;
	enum drop_reason why;
	uint32_t hash;

	if (!w->lb->fragments)
		return refuse(w, *m, p);
	if (!is_local(p) && !is_balanced(p))
		return false;
	why = frag_read(p, &key, part);
	if (why) {
		worker_drop(w, *m, why);
		return true;
	}
	if (frag_is_atomic(part)) {
		struct frag_datagram d = {.first = NULL};

		frag_add(&d, part);
		return whole(w, m, p, &d, key.id);
	}
	hash = key_hash(&key);
	w->ip6.reasm_asked += key.af == INET_AF_V6 && !(p->flags & PKT_F_HANDED);
	if (nworkers > 1 && !(p->flags & PKT_F_HANDED)) {
		unsigned to = (hash >> 16) % nworkers;

		if (to != w->index) {
			mbuf_meta(*m)->port = p->port;
			worker_handover(w, *m, to);
			return true;
		}
	}
	return hold(w, m, p, &key, hash);
}

/* ---- time ---- */

/* Its sender learns that the datagram was lost, if the fragment with the ports is there (RFC 792, RFC 4443
 * 3.3). */
static void
tell_sender(struct worker *w, const struct slot *s)
{
	struct frag_part *part = s->d.first;
	struct pkt p = {.flags = 0};
	struct rte_mbuf *m;

	if (!part || part->offset != 0)
		return;
	m = mbuf_of_part(part);
	p.port = mbuf_meta(m)->port;
	if (pkt_parse(&p, rte_pktmbuf_mtod(m, uint8_t *), m->data_len, m->pkt_len) == DROP_NONE)
		net_icmp_error(w, m, &p, p.kind == PKT_IP6 ? ICMP6_TIME_EXCEEDED : ICMP4_TIME_EXCEEDED,
			       REASSEMBLY_TIME, 0);
}

void
lb_fragments_tick(struct worker *w)
{
	struct lb_fragments *f = w->lb->fragments;

	for (unsigned n = 0; n < WORKER_BURST; n++) {
		uint32_t i = f->oldest;

		if (i == NONE || f->slots[i].deadline_ms > w->now_ms)
			return;
		tell_sender(w, &f->slots[i]);
		oldest_give_up(w, f, DROP_FRAG_TIMEOUT);
	}
}

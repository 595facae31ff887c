/* SPDX-License-Identifier: Apache-2.0 */
#include "talkers.h"

#include <stdlib.h>
#include <string.h>
#include <rte_ring_elem.h>

#include "base/hash.h"
#include "core/clock.h"
#include "core/errors.h"
#include "packet/pkt.h"
#include "port/vlan.h"

enum { RING = 1024, TAG_LEN = 4, NOBODY = -1 };

/* What a worker notes of a frame. */
struct note {
	struct talkers_key key;
	uint32_t bytes;
	uint16_t vlan_id; /* 0: no tag */
	uint8_t dir, worker;
};
_Static_assert(sizeof(struct note) % 4 == 0, "rings have elements of whole words");

bool talkers_on;

/* ---- workers ---- */

static struct sampler {
	struct rte_ring *ring;		   /* to the control lcore */
	uint32_t left[TALKERS_DIRECTIONS]; /* frames to let pass */
	uint32_t seed;
} __rte_cache_aligned samplers[WORKERS_MAX];

/* At odds with the rhythm of the traffic: 1024 in the mean. */
static uint32_t
next_gap(struct sampler *s)
{
	s->seed = s->seed * 1664525 + 1013904223;
	return (s->seed >> 16) % (2 * TALKERS_ONE_OF - 1);
}

static bool
frame_read(struct rte_mbuf *m, struct note *n, enum talkers_direction dir)
{
	uint8_t *eth = rte_pktmbuf_mtod(m, uint8_t *);
	uint32_t len = m->data_len, all = m->pkt_len;
	struct pkt p = {.buf = m, .flags = PKT_F_CSUM_OK};
	unsigned ip_len, src;

	if (len >= PKT_ETH_LEN + TAG_LEN && eth[12] == 0x81 && eth[13] == 0) {
		n->vlan_id = (uint16_t)((eth[14] & 0xf) << 8 | eth[15]);
		eth += TAG_LEN;
		len -= TAG_LEN;
		all -= TAG_LEN;
	}
	if (pkt_parse(&p, eth, len, all) || (p.kind != PKT_IP4 && p.kind != PKT_IP6))
		return false;
	n->key.af = p.kind == PKT_IP6 ? INET_AF_V6 : INET_AF_V4;
	n->key.proto = p.proto;
	ip_len = inet_len(n->key.af);
	src = p.kind == PKT_IP6 ? 8 : 12;
	n->key.saddr = inet_ip_make(n->key.af, p.l3 + src + (dir == TALKERS_OUT ? ip_len : 0));
	n->key.daddr = inet_ip_make(n->key.af, p.l3 + src + (dir == TALKERS_OUT ? 0 : ip_len));
	n->key.sport_be = dir == TALKERS_OUT ? p.dport : p.sport;
	n->key.dport_be = dir == TALKERS_OUT ? p.sport : p.dport;
	return true;
}

__rte_noinline void
talkers_sample(struct worker *w, uint16_t port, struct rte_mbuf *const *m, unsigned n,
	       enum talkers_direction dir)
{
	struct sampler *s = &samplers[w->index];
	struct note note = {.bytes = 0};

	if (n <= s->left[dir]) {
		s->left[dir] -= n;
		return;
	}
	if (frame_read(m[s->left[dir]], &note, dir)) {
		note.key.port = port;
		note.bytes = m[s->left[dir]]->pkt_len;
		note.dir = (uint8_t)dir;
		note.worker = (uint8_t)w->index;
		/* A ring that is full makes the estimate a little worse. */
		(void)rte_ring_sp_enqueue_elem(s->ring, &note, sizeof(note));
	}
	s->left[dir] = next_gap(s);
}

/* ---- flows ---- */

static struct table {
	uint64_t slot; /* the newest, counted from the start of the clock */
	int32_t free;
	int32_t bucket[TALKERS_FLOWS];
	struct talkers_flow flow[TALKERS_FLOWS];
} * table;

static unsigned
bucket_of(const struct talkers_key *key)
{
	uint64_t w[5];

	memcpy(w, key, sizeof(w));
	return hash_finish(hash_fold(w[0] ^ w[4] ^ hash_secret[0], w[1] ^ hash_secret[1]) ^
			   hash_fold(w[2] ^ hash_secret[2], w[3] ^ hash_secret[3])) %
	       TALKERS_FLOWS;
}

static struct talkers_flow *
flow_find(const struct talkers_key *key)
{
	for (int32_t i = table->bucket[bucket_of(key)]; i != NOBODY; i = table->flow[i].next)
		if (memcmp(&table->flow[i].key, key, sizeof(*key)) == 0)
			return &table->flow[i];
	return NULL;
}

static struct talkers_flow *
flow_new(const struct talkers_key *key)
{
	int32_t *bucket = &table->bucket[bucket_of(key)], i = table->free;
	struct talkers_flow *f;

	if (i == NOBODY)
		return NULL;
	f = &table->flow[i];
	table->free = f->next;
	*f = (struct talkers_flow){.key = *key, .next = *bucket, .used = true};
	*bucket = i;
	return f;
}

static void
flow_free(struct talkers_flow *f)
{
	int32_t i = (int32_t)(f - table->flow), *at = &table->bucket[bucket_of(&f->key)];

	while (*at != i)
		at = &table->flow[*at].next;
	*at = f->next;
	f->used = false;
	f->next = table->free;
	table->free = i;
}

/* Who was not noted for as long as there are slots goes. */
static void
slots_advance(uint64_t slot)
{
	uint64_t steps = slot - table->slot < TALKERS_SLOTS ? slot - table->slot : TALKERS_SLOTS;

	table->slot = slot;
	for (unsigned i = 0; steps > 0 && i < TALKERS_FLOWS; i++) {
		struct talkers_flow *f = &table->flow[i];

		if (!f->used)
			continue;
		for (unsigned d = 0; d < TALKERS_DIRECTIONS; d++)
			for (uint64_t k = 0; k < steps; k++) {
				uint32_t *old = &f->bytes[d][(slot - k) % TALKERS_SLOTS];

				f->total[d] -= *old;
				*old = 0;
			}
		if (f->total[TALKERS_IN] + f->total[TALKERS_OUT] == 0)
			flow_free(f);
	}
}

void
talkers_add(const struct talkers_key *key, uint16_t worker, enum talkers_direction dir, uint32_t bytes)
{
	struct talkers_flow *f = flow_find(key);

	if (!f)
		f = flow_new(key);
	if (!f)
		return; /* four thousand others were noted lately: this one is not among the first twenty */
	f->worker = worker;
	f->bytes[dir][table->slot % TALKERS_SLOTS] += bytes;
	f->total[dir] += bytes;
}

/* Of a device, and of the VLAN that the tag says. */
static void
take(const struct note *n)
{
	struct port *p = ports[n->key.port];
	struct port *vlan = p && n->vlan_id ? vlan_find(p, n->vlan_id) : NULL;
	struct talkers_key key = n->key;

	talkers_add(&key, n->worker, n->dir, n->bytes);
	if (!vlan)
		return;
	key.port = vlan->id;
	talkers_add(&key, n->worker, n->dir, n->bytes - TAG_LEN);
}

void
talkers_tick(uint64_t now_ms)
{
	struct note n;

	if (!talkers_on)
		return;
	slots_advance(now_ms / TALKERS_SLOT_MS);
	for (unsigned i = 0; i < nworkers; i++)
		while (rte_ring_sc_dequeue_elem(samplers[i].ring, &n, sizeof(n)) == 0)
			take(&n);
}

static uint64_t
weight(const struct talkers_flow *f)
{
	return f->total[TALKERS_IN] + f->total[TALKERS_OUT];
}

unsigned
talkers_top(uint16_t port, const struct talkers_flow **top, unsigned n)
{
	unsigned found = 0;

	for (unsigned i = 0; table && i < TALKERS_FLOWS; i++) {
		const struct talkers_flow *f = &table->flow[i];
		unsigned at = found;

		if (!f->used || !ports[f->key.port] || (port != PORT_NONE && f->key.port != port))
			continue;
		while (at > 0 && weight(top[at - 1]) < weight(f))
			at--;
		if (at == n)
			continue;
		found += found < n;
		memmove(&top[at + 1], &top[at], (found - at - 1) * sizeof(top[0]));
		top[at] = f;
	}
	return found;
}

/* ---- switch ---- */

static int
rings_make(void)
{
	for (unsigned i = 0; i < nworkers; i++) {
		struct sampler *s = &samplers[i];
		char name[RTE_RING_NAMESIZE];

		if (s->ring)
			continue;
		snprintf(name, sizeof(name), "talkers_%u", i);
		s->ring = rte_ring_create_elem(name, sizeof(struct note), RING, workers[i]->socket_id,
					       RING_F_SP_ENQ | RING_F_SC_DEQ);
		if (!s->ring)
			return EDPVS_NOMEM;
		s->seed = i;
	}
	return EDPVS_OK;
}

static int
switch_on(void)
{
	struct note n;
	int err = rings_make();

	table = err ? NULL : malloc(sizeof(*table));
	if (!table)
		return EDPVS_NOMEM;
	for (unsigned i = 0; i < nworkers; i++) /* what is left from last time */
		while (rte_ring_sc_dequeue_elem(samplers[i].ring, &n, sizeof(n)) == 0)
			;
	table->slot = clock_now_ms() / TALKERS_SLOT_MS;
	table->free = 0;
	for (int32_t i = 0; i < TALKERS_FLOWS; i++) {
		table->bucket[i] = NOBODY;
		table->flow[i].used = false;
		table->flow[i].next = i + 1 < TALKERS_FLOWS ? i + 1 : NOBODY;
	}
	return EDPVS_OK;
}

int
talkers_enable(bool on)
{
	int err = on && !table ? switch_on() : EDPVS_OK;

	if (err)
		return err;
	__atomic_store_n(&talkers_on, on, __ATOMIC_RELEASE);
	if (!on) {
		free(table);
		table = NULL;
	}
	return EDPVS_OK;
}

void
talkers_fini(void)
{
	(void)talkers_enable(false);
	for (unsigned i = 0; i < nworkers; i++) {
		rte_ring_free(samplers[i].ring);
		samplers[i].ring = NULL;
	}
}

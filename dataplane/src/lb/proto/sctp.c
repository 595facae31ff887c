/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SCTP: any packet to a service opens a connection; the state table is packet/sctp.h's. Addresses that ends
 * name inside their chunks are not translated, so associations have one address on each side.
 *
 * The checksum covers the whole packet and its ports, and a wrong one must not become right on its way: it is
 * verified before anything else and computed anew when ports change. What needs more than the ordinary is
 * reached by a task (conn.h), so other protocols pay nothing.
 */
#include "sctp.h"

#include <rte_hash_crc.h>

#include "../check.h"
#include "packet/sctp.h"

/* CRC32c of len bytes at any address, going on from crc: rte_hash_crc() itself reads words where they lie. */
static uint32_t
crc_bytes(const uint8_t *at, uint32_t len, uint32_t crc)
{
	uint64_t word;

	for (; len >= sizeof(word); at += sizeof(word), len -= (uint32_t)sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		crc = rte_hash_crc_8byte(word, crc);
	}
	for (; len; at++, len--)
		crc = rte_hash_crc_1byte(*at, crc);
	return crc;
}

/* CRC32c of the SCTP packet, its checksum field taken as zero. It may lie in several buffers. */
static uint32_t
packet_crc(const struct pkt *p)
{
	const struct rte_mbuf *m = p->buf;
	uint32_t at = (uint32_t)(p->l4 - rte_pktmbuf_mtod(m, const uint8_t *)) + PKT_SCTP_LEN;
	uint32_t crc = crc_bytes(p->l4, SCTP_CHECKSUM_AT, UINT32_MAX);

	crc = rte_hash_crc_4byte(0, crc);
	for (; m; m = m->next) {
		if (at < m->data_len)
			crc = crc_bytes(rte_pktmbuf_mtod_offset(m, const uint8_t *, at), m->data_len - at, crc);
		at = at > m->data_len ? at - m->data_len : 0;
	}
	return rte_cpu_to_le_32(~crc);
}

enum drop_reason
lb_sctp_check(const struct pkt *p)
{
	enum sctp_event ev;
	uint32_t crc;

	memcpy(&crc, p->l4 + SCTP_CHECKSUM_AT, sizeof(crc));
	if (crc != packet_crc(p))
		return DROP_SCTP_CHECKSUM;
	return sctp_event(p->l4, p->avail - p->l3_len, (unsigned)p->ip_len - p->l3_len, &ev)
		   ? DROP_NONE
		   : DROP_SCTP_CHUNK;
}

__rte_noinline void
lb_sctp_seal(const struct pkt *p)
{
	uint32_t crc;
	uint16_t ports[2];

	memcpy(ports, p->l4, sizeof(ports));
	if (ports[0] == p->sport && ports[1] == p->dport)
		return;
	crc = packet_crc(p);
	memcpy(p->l4 + SCTP_CHECKSUM_AT, &crc, sizeof(crc));
}

static enum drop_reason
sctp_no_service(const struct pkt *p, const struct lb_key *key)
{
	(void)p;
	(void)key;
	return DROP_NONE;
}

static void
sctp_open(struct worker *w, uint32_t idx, const struct pkt *p, const struct lb_attrs *attrs)
{
	(void)p;
	(void)attrs;
	conn_tasks_set(&w->lb->t, idx, MORE_T_SCTP);
}

static enum sctp_dir
direction(const struct conn_hot *c, unsigned dir)
{
	if (c->flags & CONN_F_ONE_WAY)
		return SCTP_DIR_IN_ONLY;
	return dir == CONN_DIR_OUT ? SCTP_DIR_OUT : SCTP_DIR_IN;
}

/* How the set-up ended, for the passive check: accepted, or refused by the server. */
static void
check_report(struct worker *w, const struct conn_hot *c, uint8_t next, unsigned dir)
{
	if (next == SCTP_S_ESTABLISHED)
		lb_check_up(w, c->dest);
	else if (next >= SCTP_S_REJECTED && dir == CONN_DIR_OUT)
		lb_check_down(w, c->dest);
}

static void
sctp_track(struct worker *w, uint32_t idx, const struct pkt *p, unsigned dir)
{
	const struct conn_hot *c = &w->lb->t.hot[idx];
	enum sctp_event ev;
	uint8_t next;

	sctp_event(p->l4, p->avail - p->l3_len, (unsigned)p->ip_len - p->l3_len, &ev);
	next = sctp_next_state(direction(c, dir), c->state, ev);
	if (next == c->state)
		return;
	if (c->state >= SCTP_S_INIT1 && c->state <= SCTP_S_COOKIE_REPLIED)
		check_report(w, c, next, dir);
	lb_conn_set_state(w, idx, next);
	lb_conn_set_active(w, idx, next == SCTP_S_ESTABLISHED);
}

static void
sctp_expired(struct worker *w, uint32_t idx)
{
	const struct conn_hot *c = &w->lb->t.hot[idx];

	if (c->state == SCTP_S_INIT1 || c->state == SCTP_S_INIT)
		lb_check_down(w, c->dest);
}

static uint32_t
sctp_timeout(uint8_t state)
{
	return sctp_timeout_s(state);
}

static bool
sctp_service_timeout_applies(uint8_t state)
{
	return state == SCTP_S_ESTABLISHED;
}

static bool
sctp_half_open(uint8_t state)
{
	return state <= SCTP_S_INIT || state == SCTP_S_COOKIE_WAIT || state >= SCTP_S_REJECTED;
}

const struct lb_proto lb_proto_sctp = {
    .number = PKT_PROTO_SCTP,
    .admit = lb_sctp_check,
    .no_service = sctp_no_service,
    .open = sctp_open,
    .track = sctp_track,
    .expired = sctp_expired,
    .timeout = sctp_timeout,
    .service_timeout_applies = sctp_service_timeout_applies,
    .half_open = sctp_half_open,
};

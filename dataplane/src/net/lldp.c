/* SPDX-License-Identifier: Apache-2.0 */
#include "lldp.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "addr.h"
#include "core/clock.h"
#include "core/conf.h"
#include "core/errors.h"
#include "core/mbuf.h"
#include "output.h"
#include "packet/lldp.h"
#include "port/kernel.h"
#include "timer.h"

/* 802.1AB 9.2.5: an interval of 30 s, four of which the neighbour waits. */
enum { INTERVAL_MS = 30000, TTL_S = 120 };

/* What a device heard. */
struct neighbour {
	uint64_t expires_ms;
	size_t len;
	uint8_t pdu[LLDP_PDU_MAX];
};

static struct station {
	bool active;
	uint64_t due_ms;
	struct neighbour *heard; /* NULL: nothing, or no more */
} stations[PORTS_MAX];

/* ---- ours ---- */

static void
add_addresses(const struct port *p, struct lldp_station *s)
{
	const struct net_addr *a;

	TAILQ_FOREACH (a, &net_addrs, next) {
		if (s->naddresses == LLDP_ADDRESSES_MAX)
			return;
		/* Members of a bonding have none: those of the bonding are theirs. */
		if (a->spec.port != p && a->spec.port != p->bond)
			continue;
		s->address[s->naddresses].af = a->spec.af;
		s->address[s->naddresses++].ip = a->spec.ip;
	}
}

static size_t
build(const struct port *p, uint16_t ttl_s, uint8_t *out, size_t size)
{
	struct lldp_station s = {.ifname = p->name, .ttl_s = ttl_s};
	char description[128], host[256] = "", system[256];
	const char *kernel = kernel_name(p);
	struct utsname u;

	memcpy(s.mac, p->mac.addr_bytes, sizeof(s.mac));
	snprintf(description, sizeof(description), "DPVS Server Port: Interface %s, Index %u, Kni %s",
		 p->name, p->id, kernel ? kernel : "None");
	gethostname(host, sizeof(host) - 1);
	if (uname(&u))
		u.sysname[0] = u.release[0] = u.machine[0] = '\0';
	snprintf(system, sizeof(system), "dpvs " DPVS_VERSION ", %s %s %s", u.sysname, u.release, u.machine);
	s.description = description;
	s.system = host;
	s.system_description = system;
	add_addresses(p, &s);
	return lldp_build(&s, out, size);
}

static void
announce(const struct port *p, uint16_t ttl_s)
{
	uint8_t pdu[LLDP_PDU_MAX], *frame;
	uint16_t type = rte_cpu_to_be_16(LLDP_ETHER_TYPE);
	size_t len = build(p, ttl_s, pdu, sizeof(pdu));
	struct rte_mbuf *m = len ? control_frame(p, (uint16_t)(PKT_ETH_LEN + len), &frame) : NULL;

	if (!m)
		return;
	memcpy(frame, lldp_group, PKT_MAC_LEN);
	memcpy(frame + PKT_MAC_LEN, p->mac.addr_bytes, PKT_MAC_LEN);
	memcpy(frame + 2 * PKT_MAC_LEN, &type, sizeof(type));
	memcpy(frame + PKT_ETH_LEN, pdu, len);
	control_send(m);
}

static void
forget(struct station *s)
{
	free(s->heard);
	s->heard = NULL;
}

/* The neighbour is told when we leave. */
static void
follow_switches(struct port *p, struct station *s, uint64_t now_ms)
{
	const struct rte_ether_addr *group = (const struct rte_ether_addr *)lldp_group;
	bool wanted = conf.global.lldp && p->lldp && p->started;

	if (wanted == s->active)
		return;
	s->active = wanted;
	if (wanted) {
		s->due_ms = now_ms;
		(void)port_mcast_add(p, group); /* a device without filter passes it anyway */
		return;
	}
	announce(p, 0);
	forget(s);
	(void)port_mcast_del(p, group);
}

void
lldp_tick(uint64_t now_ms)
{
	for (unsigned i = 0; i < nports; i++) {
		struct station *s = &stations[i];

		follow_switches(ports[i], s, now_ms);
		if (!s->active)
			continue;
		if (now_ms >= s->due_ms) {
			s->due_ms = now_ms + INTERVAL_MS;
			announce(ports[i], TTL_S);
		}
		if (s->heard && now_ms >= s->heard->expires_ms)
			forget(s);
	}
}

void
lldp_fini(void)
{
	for (unsigned i = 0; i < PORTS_MAX; i++) {
		forget(&stations[i]);
		stations[i].active = false;
	}
}

/* ---- theirs ---- */

void
lldp_input(struct worker *w, struct rte_mbuf *m, const struct pkt *p)
{
	const struct port *from = rcu_read(ports[p->port]);

	/* What came by a bonding is its member's. */
	if (from && from->nmembers)
		from = port_by_device(m->port);
	if (!conf.global.lldp || !from || from->vlan_id) {
		kernel_give(w, p->port, m, KERNEL_ROUTING, DROP_NO_HANDLER);
		return;
	}
	mbuf_meta(m)->kind = PUNT_LLDP;
	mbuf_meta(m)->port = from->id;
	worker_punt(w, m);
}

static bool
hear(struct station *s, const uint8_t *pdu, size_t len)
{
	uint16_t ttl_s;

	if (len > LLDP_PDU_MAX || !lldp_check(pdu, len, &ttl_s))
		return false;
	if (ttl_s == 0) {
		forget(s);
		return true;
	}
	if (!s->heard)
		s->heard = calloc(1, sizeof(*s->heard));
	if (!s->heard)
		return true;
	memcpy(s->heard->pdu, pdu, len);
	s->heard->len = len;
	s->heard->expires_ms = net_now_ms() + ttl_s * UINT64_C(1000);
	return true;
}

void
lldp_control(struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	uint16_t port = mbuf_meta(m)->port;

	if (port < nports && stations[port].active &&
	    (m->nb_segs > 1 || memcmp(frame, lldp_group, PKT_MAC_LEN) != 0 ||
	     !hear(&stations[port], frame + PKT_ETH_LEN, m->data_len - PKT_ETH_LEN)))
		control_drops[DROP_LLDP_MALFORMED]++;
	rte_pktmbuf_free(m);
}

/* ---- as text ---- */

int
lldp_local_text(const struct port *p, char *out, size_t size)
{
	uint8_t pdu[LLDP_PDU_MAX];
	size_t len = p->id < nports && stations[p->id].active ? build(p, TTL_S, pdu, sizeof(pdu)) : 0;

	if (len == 0)
		return EDPVS_NOTEXIST;
	lldp_text(pdu, len, out, size);
	return EDPVS_OK;
}

int
lldp_neighbour_text(const struct port *p, char *out, size_t size)
{
	const struct neighbour *n = p->id < nports ? stations[p->id].heard : NULL;

	if (!n)
		return EDPVS_NOTEXIST;
	lldp_text(n->pdu, n->len, out, size);
	return EDPVS_OK;
}

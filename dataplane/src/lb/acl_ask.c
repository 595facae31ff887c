/* SPDX-License-Identifier: Apache-2.0 */
/* The lists of services, asked in advance about the packets of a vector that no connection knows. */
#include "acl.h"
#include "open.h"

/* Packets whose services have lists. */
struct asking {
	struct lb_acl *acl[WORKER_BURST];
	struct ipset_ends e[WORKER_BURST];
	struct pkt *p[WORKER_BURST];
	unsigned n;
};

struct ipset_ends
lb_acl_ends(const struct pkt *p)
{
	bool v6 = p->kind == PKT_IP6;
	uint8_t af = v6 ? INET_AF_V6 : INET_AF_V4;

	return (struct ipset_ends){.saddr = inet_ip_make(af, p->l3 + (v6 ? 8 : 12)),
				   .daddr = inet_ip_make(af, p->l3 + (v6 ? 24 : 16)),
				   .sport_be = p->sport,
				   .dport_be = p->dport,
				   .iface = (uint16_t)(p->port + 1),
				   .af = af,
				   .proto = p->proto,
				   .smac = p->l3 - PKT_ETH_LEN + PKT_MAC_LEN};
}

static void
collect(struct asking *a, struct pkt *p)
{
	struct ipset_ends e = lb_acl_ends(p);
	struct lb_key dst = {.vip = e.daddr, .vport_be = p->dport, .af = e.af, .proto = p->proto};
	struct lb_service *svc = lb_service_of(p, &dst);
	struct lb_acl *acl = svc ? rcu_read(svc->acl) : NULL;

	if (!acl)
		return;
	a->acl[a->n] = acl;
	a->e[a->n] = e;
	a->p[a->n++] = p;
}

/* Moves the packets with the first one's lists to the front. Returns how many they are. */
static unsigned
same_lists(struct asking *a, unsigned from)
{
	unsigned n = from + 1;

	for (unsigned i = n; i < a->n; i++) {
		struct ipset_ends e = a->e[i];
		struct pkt *p = a->p[i];

		if (a->acl[i] != a->acl[from])
			continue;
		a->acl[i] = a->acl[n];
		a->e[i] = a->e[n];
		a->p[i] = a->p[n];
		a->acl[n] = a->acl[from];
		a->e[n] = e;
		a->p[n++] = p;
	}
	return n - from;
}

__rte_noinline void
lb_acl_ask(struct pkt *p, uint16_t *flow, unsigned nflow)
{
	enum drop_reason why[WORKER_BURST];
	struct asking a;
	unsigned n;

	a.n = 0;
	for (unsigned k = 0; k < nflow; k++)
		if (p[flow[k]].conn == CONN_NONE)
			collect(&a, &p[flow[k]]);
	for (unsigned from = 0; from < a.n; from += n) {
		n = same_lists(&a, from);
		lb_acl_check_vector(a.acl[from], &a.e[from], n, why);
		for (unsigned i = 0; i < n; i++) {
			a.p[from + i]->flags |= PKT_F_LISTED;
			a.p[from + i]->listed = (uint8_t)why[i];
		}
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/* ARP (RFC 826) for IPv4 over Ethernet. */
#ifndef NET_ARP_H
#define NET_ARP_H

#include "net/net.h"

/* Worker: answers requests for addresses of the receiving port in place; passes on what the control lcore can
 * learn from; drops the rest. m starts at the Ethernet header. Ownership passes. */
void arp_input(struct worker *w, struct rte_mbuf *m, const struct pkt *p);

/* Control lcore: a packet that arp_input() passed on. */
void arp_control(struct rte_mbuf *m);

/* Control lcore: asks for an address; source is an address of the port that fits. */
void arp_request(const struct port *p, const union inet_ip *target);
/* Control lcore: gratuitous ARP: request with sender and target = ip (RFC 5227). */
void arp_announce(const struct port *p, const union inet_ip *ip);

#endif

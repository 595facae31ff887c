/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of FullNAT that do not depend on the families of both sides.
 */
#ifndef LB_XMIT_FNAT_H
#define LB_XMIT_FNAT_H

#include "translate.h"

/*
 * Edits the transport header for the side of dir, addresses and ports excepted; returns the changes of its
 * checksum. Sets *toa when the segment is to carry the client's address.
 */
uint64_t lb_fnat_edit(struct conn_hot *c, struct pkt *p, unsigned dir, bool *toa);

/* Adds the client's address to a translated packet (toa: in a TCP option, else with UOA) and moves m's front
 * along. Returns the new length of the IP packet. */
uint32_t lb_fnat_tell_client(struct worker *w, struct rte_mbuf *m, struct pkt *p, uint32_t idx, bool toa);

#endif

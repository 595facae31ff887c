/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that give packets marks, the control lcore's side; workers read lb_marks (lb/service.h). */
#ifndef LB_MARKS_H
#define LB_MARKS_H

#include "lb/service.h"

/* A linear search at the opening of a connection. */
enum { LB_MARKS_MAX = 1024 };

/* As it is given and listed. */
struct lb_mark_rule {
	struct lb_mark_end {
		union inet_ip ip;	     /* bits behind plen are 0 */
		uint16_t port_min, port_max; /* host order; both 0: any */
		uint8_t plen;
	} src, dst;
	uint32_t mark;
	uint8_t af;
	uint8_t proto;		     /* 0: any */
	char iifname[LB_IFNAME_MAX]; /* empty: any */
};

/* All rules in their order; *n: their number. */
const struct lb_mark_rule *lb_marks_all(uint32_t *n);
/* EXIST: there is one that is for the same packets; RESOURCE: too many; NOTEXIST: no such device; INVAL;
 * NOMEM. */
int lb_mark_add(const struct lb_mark_rule *rule);
/* The rule that is for the same packets, and gives this mark unless it is 0. NOTEXIST; NOMEM. */
int lb_mark_del(const struct lb_mark_rule *rule);
/* NOMEM. */
int lb_marks_flush(void);
void lb_marks_fini(void);

#endif

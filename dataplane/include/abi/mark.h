/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that give packets marks (DS_MSG_MARK, DS_MSG_MARK_LIST): what services of a mark are found by. */
#ifndef ABI_MARK_H
#define ABI_MARK_H

#include "common.h"
#include "ext.h"

#define DS_TLV_MARK 96 /* struct ds_mark_rule, one for each rule, in the order in which they are tried */

/* ds_mark.op. ADD appends the rule; EDPVS_EXIST: one is for the same packets, EDPVS_RESOURCE: full. */
#define DS_MARK_ADD   1
#define DS_MARK_DEL   2 /* EDPVS_NOTEXIST when there is none like it; a mark of 0 means any */
#define DS_MARK_FLUSH 3 /* `rule` is not looked at */

#define DS_MARK_RULES_MAX 1024

/* An end of the packets of a rule. */
struct ds_mark_end {
	union inet_addr addr; /* bits behind plen do not count */
	uint8_t plen;	      /* 0: any address */
	uint8_t pad0;	      /* 0 */
	uint16_t port_min;    /* native order; 0 to 0: any port, and packets without ports too */
	uint16_t port_max;
	uint8_t pad1[2]; /* 0 */
};
ABI_SIZE(struct ds_mark_end, 24);
ABI_OFFSET(struct ds_mark_end, port_min, 18);

/* Packets, and their mark. The first rule that is for a packet gives it its mark. */
struct ds_mark_rule {
	uint32_t mark;	 /* not 0 */
	uint8_t af;	 /* AF_INET or AF_INET6 */
	uint8_t proto;	 /* IPPROTO_*; 0: any */
	uint8_t pad0[2]; /* 0 */
	struct ds_mark_end src, dst;
	char iifname[ABI_IFNAMSIZ]; /* device that they come in at; empty: any */
};
ABI_SIZE(struct ds_mark_rule, 72);
ABI_OFFSET(struct ds_mark_rule, src, 8);
ABI_OFFSET(struct ds_mark_rule, iifname, 56);

/*
 * Body of DS_MSG_MARK. EDPVS_INVAL: op or family are unknown, a prefix is longer than its address, a range of
 * ports is turned round or for a protocol without ports; EDPVS_NOTEXIST (add): there is no such device.
 */
struct ds_mark {
	uint8_t op;	 /* DS_MARK_ADD ... */
	uint8_t pad0[7]; /* 0 */
	struct ds_mark_rule rule;
};
ABI_SIZE(struct ds_mark, 80);
ABI_OFFSET(struct ds_mark, rule, 8);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Deny and allow lists with networks in them (DS_MSG_ACL); ids 73 to 80 have room for single addresses only. */
#ifndef ABI_ACLEXT_H
#define ABI_ACLEXT_H

#include "list.h"

/* ds_acl.op */
#define DS_ACL_ADD   1 /* EDPVS_OK also when the entry is there already, as with ids 73 and 77 */
#define DS_ACL_DEL   2 /* EDPVS_NOTEXIST when it is not */
#define DS_ACL_FLUSH 3 /* takes all entries from the list; `entry` is not looked at */

/* ds_acl.list */
#define DS_ACL_DENY  1
#define DS_ACL_ALLOW 2

/*
 * Body of DS_MSG_ACL: a change of one list. The service need not exist (yet). An entry for a single address is
 * the same entry that ids 73 to 80 handle; their listings leave out what they have no room for. Bits behind the
 * prefix do not count. EDPVS_INVAL: no service is named, op, list or family are unknown, the entry is of
 * another family than the service or longer than its addresses, or there is no such ipset.
 */
struct ds_acl {
	union inet_addr vaddr;
	abi_be16_t vport;
	uint8_t proto;
	uint8_t af;	 /* AF_INET or AF_INET6 */
	uint8_t op;	 /* DS_ACL_ADD ... */
	uint8_t list;	 /* DS_ACL_DENY, DS_ACL_ALLOW */
	uint8_t pad0[2]; /* 0 */
	struct ds_acl_entry entry;
};
ABI_SIZE(struct ds_acl, 80);
ABI_OFFSET(struct ds_acl, entry, 24);

#endif

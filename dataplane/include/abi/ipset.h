/* SPDX-License-Identifier: Apache-2.0 */
/* Address sets (ids 103 to 105). Unlike elsewhere, ports and port ranges are in native byte order. */
#ifndef ABI_IPSET_H
#define ABI_IPSET_H

#include "common.h"

/* ipset_param.opcode. */
#define IPSET_OP_ADD	 1
#define IPSET_OP_DEL	 2
#define IPSET_OP_TEST	 3
#define IPSET_OP_CREATE	 4
#define IPSET_OP_DESTROY 5
#define IPSET_OP_FLUSH	 6
#define IPSET_OP_LIST	 7

/* ipset_param.flag. */
#define IPSET_F_FORCE 0x1

/* Options of create for hash sets. */
struct ipset_option_create {
	int32_t hashsize;
	uint32_t maxelem;
	uint8_t comment;
} ABI_PACKED;
ABI_SIZE(struct ipset_option_create, 9);

/* Options of add. */
struct ipset_option_add {
	char padding[8];
	uint8_t nomatch;
} ABI_PACKED;
ABI_SIZE(struct ipset_option_add, 9);

/* Options of create and add. */
struct ipset_option {
	union {
		struct ipset_option_create create;
		struct ipset_option_add add;
	};
	uint8_t family; /* AF_INET or AF_INET6 */
} ABI_PACKED;
ABI_SIZE(struct ipset_option, 10);
ABI_OFFSET(struct ipset_option, family, 9);

/* Request of ids 103 to 105. */
struct ipset_param {
	char type[IPSET_MAXNAMELEN];
	char name[IPSET_MAXNAMELEN];
	char comment[IPSET_MAXCOMLEN];
	uint16_t opcode; /* IPSET_OP_* */
	uint16_t flag;	 /* IPSET_F_* */
	struct ipset_option option;
	uint8_t proto;
	uint8_t cidr;		      /* prefix length */
	struct inet_addr_range range; /* addresses and native ports */
	char iface[ABI_IFNAMSIZ];     /* device */
	uint8_t mac[6];
	uint8_t padding;
	uint8_t cidr2;
	struct inet_addr_range range2;
};
ABI_SIZE(struct ipset_param, 208);
ABI_OFFSET(struct ipset_param, option, 100);
ABI_OFFSET(struct ipset_param, range, 112);
ABI_OFFSET(struct ipset_param, range2, 172);

/* A member of a set, reply of id 105. */
struct ipset_member {
	char comment[IPSET_MAXCOMLEN];
	union inet_addr addr;
	uint8_t cidr;
	uint8_t proto;
	uint16_t port; /* native order */
	char iface[ABI_IFNAMSIZ];
	uint8_t mac[6];
	uint8_t nomatch;
	uint8_t cidr2;
	uint16_t port2; /* native order */
	uint8_t padding[2];
	union inet_addr addr2;
};
ABI_SIZE(struct ipset_member, 96);
ABI_OFFSET(struct ipset_member, addr, 32);
ABI_OFFSET(struct ipset_member, addr2, 80);

/* Head of a bitmap set. */
struct ipset_bitmap_header {
	uint8_t cidr;
	uint8_t padding[3];
	struct inet_addr_range range; /* addresses and native ports */
};
ABI_SIZE(struct ipset_bitmap_header, 40);
ABI_OFFSET(struct ipset_bitmap_header, range, 4);

/* Head of a hash set. */
struct ipset_hash_header {
	uint8_t padding[4];
	int32_t hashsize;
	uint32_t maxelem;
};
ABI_SIZE(struct ipset_hash_header, 12);
ABI_OFFSET(struct ipset_hash_header, maxelem, 8);

/* A set, reply of id 105. */
struct ipset_info {
	char name[IPSET_MAXNAMELEN];
	char type[IPSET_MAXNAMELEN];
	uint8_t comment;
	uint8_t af;
	uint8_t padding[2];
	union {
		struct ipset_bitmap_header bitmap;
		struct ipset_hash_header hash;
	};
	uint32_t size;	     /* bytes of memory */
	uint32_t entries;    /* members */
	uint32_t references; /* users of the set */
	uint64_t members;    /* an address inside old daemons; zero when sent, ignored on receipt */
};
ABI_SIZE(struct ipset_info, 128);
ABI_OFFSET(struct ipset_info, members, 120);

/*
 * Head of the reply of id 105; `nipset` x ipset_info follow at offset 4, then the members of all of them in
 * order.
 */
struct ipset_info_array {
	uint32_t nipset;
} ABI_PACKED;
ABI_SIZE(struct ipset_info_array, 4);

#endif

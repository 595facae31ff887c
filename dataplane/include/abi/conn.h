/* SPDX-License-Identifier: Apache-2.0 */
/* Connection listings (ids 90 and 91). */
#ifndef ABI_CONN_H
#define ABI_CONN_H

#include "common.h"

/* Connection flags; the first seven are values of IP_VS_CONN_F_FWD_MASK, not bits. */
#define IP_VS_CONN_F_MASQ	      0x0
#define IP_VS_CONN_F_LOCALNODE	      0x1
#define IP_VS_CONN_F_TUNNEL	      0x2
#define IP_VS_CONN_F_DROUTE	      0x3
#define IP_VS_CONN_F_BYPASS	      0x4
#define IP_VS_CONN_F_FULLNAT	      0x5
#define IP_VS_CONN_F_SNAT	      0x6
#define IP_VS_CONN_F_FWD_MASK	      0x7
#define IP_VS_CONN_F_SYNPROXY	      0x10
#define IP_VS_CONN_F_EXPIRE_QUIESCENT 0x20
#define IP_VS_CONN_F_HASHED	      0x100
#define IP_VS_CONN_F_INACTIVE	      0x200
#define IP_VS_CONN_F_TEMPLATE	      0x400
#define IP_VS_CONN_F_ONE_PACKET	      0x800
#define IP_VS_CONN_F_IN_TIMER	      0x1000
#define IP_VS_CONN_F_REDIRECT_HASHED  0x2000
#define IP_VS_CONN_F_NOFASTXMIT	      0x4000

/* ip_vs_conn_req.flag. */
#define GET_IPVS_CONN_FLAG_ALL	     0x1
#define GET_IPVS_CONN_FLAG_MORE	     0x2
#define GET_IPVS_CONN_FLAG_SPECIFIED 0x4
#define GET_IPVS_CONN_FLAG_TEMPLATE  0x8

/* ip_vs_conn_array.resl. */
#define GET_IPVS_CONN_RESL_OK	    0x1
#define GET_IPVS_CONN_RESL_MORE	    0x2
#define GET_IPVS_CONN_RESL_FAIL	    0x4
#define GET_IPVS_CONN_RESL_NOTEXIST 0x8

/* The tuple of a connection as its client sees it. */
struct ip_vs_sockpair {
	uint16_t af;
	uint16_t proto;
	abi_be16_t sport;    /* client's port */
	abi_be16_t tport;    /* service's port */
	union inet_addr sip; /* client */
	union inet_addr tip; /* service */
};
ABI_SIZE(struct ip_vs_sockpair, 40);
ABI_OFFSET(struct ip_vs_sockpair, sip, 8);
ABI_OFFSET(struct ip_vs_sockpair, tip, 24);

/* One connection, list element of ids 90 and 91. */
struct ip_vs_conn_entry {
	uint16_t in_af;	 /* family on the client's side */
	uint16_t out_af; /* family on the real server's side */
	uint16_t proto;
	uint8_t pad0[2];
	union inet_addr caddr; /* client */
	union inet_addr vaddr; /* virtual address */
	union inet_addr laddr; /* local address */
	union inet_addr daddr; /* real server */
	abi_be16_t cport;
	abi_be16_t vport;
	abi_be16_t lport;
	abi_be16_t dport;
	uint32_t timeout; /* seconds left */
	uint8_t lcoreid;  /* worker that owns it */
	char state[16];	  /* name, e.g. ESTABLISHED, cut to 15 characters */
	uint8_t pad1[3];
};
ABI_SIZE(struct ip_vs_conn_entry, 104);
ABI_OFFSET(struct ip_vs_conn_entry, caddr, 8);
ABI_OFFSET(struct ip_vs_conn_entry, vaddr, 24);
ABI_OFFSET(struct ip_vs_conn_entry, laddr, 40);
ABI_OFFSET(struct ip_vs_conn_entry, daddr, 56);
ABI_OFFSET(struct ip_vs_conn_entry, state, 85);

/* Request of ids 90 and 91. */
struct ip_vs_conn_req {
	uint32_t flag;			/* GET_IPVS_CONN_FLAG_* */
	uint32_t whence;		/* 0 at first, then curcid of the previous reply */
	struct ip_vs_sockpair sockpair; /* id 91 only */
};
ABI_SIZE(struct ip_vs_conn_req, 48);
ABI_OFFSET(struct ip_vs_conn_req, sockpair, 8);

/*
 * Head of the reply of ids 90 and 91; `nconns` (at most 1024) x ip_vs_conn_entry follow at offset 9,
 * unaligned.
 */
struct ip_vs_conn_array {
	uint32_t nconns;
	uint32_t resl;	/* GET_IPVS_CONN_RESL_* */
	uint8_t curcid; /* lcore id where the walk stands */
} ABI_PACKED;
ABI_SIZE(struct ip_vs_conn_array, 9);
ABI_OFFSET(struct ip_vs_conn_array, curcid, 8);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs in the kernel and their loader share. */
#ifndef TOA_H
#define TOA_H

#include <linux/types.h>

enum { TOA_SOURCES_MAX = 1024 };

/* Key of toa_sources: whose TOA options are believed. IPv4 addresses are mapped (::ffff:0:0/96). */
struct toa_source {
	__u32 prefix_len; /* bits, 0 to 128 */
	__u8 addr[16];	  /* network order */
};

/* Kept with the socket of a connection. */
struct toa_client {
	__u32 addr[4]; /* network order; IPv4 in the first word */
	__u16 port;    /* network order */
	__u8 family;   /* AF_INET, AF_INET6; 0 = not known yet */
	__u8 looked;   /* segments without the option */
};

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fragments of IP packets (RFC 791, RFC 8200 4.5): what one says, which make up a datagram, the header of the
 * datagram, and the headers of fragments of our own.
 *
 * Overlapping fragments end a datagram (RFC 5722, and likewise for IPv4: nobody honest sends them). An exact
 * repetition is left out. The first fragment must hold the whole transport header (RFC 1858, RFC 7112), so
 * whoever looks at ports looks at those that the receiver will see.
 */
#ifndef PACKET_FRAGMENT_H
#define PACKET_FRAGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "packet/pkt.h"

enum {
	FRAG_HEADER6 = 8,   /* fragment header of IPv6 */
	FRAG_PARTS_MAX = 64 /* fragments of a datagram: 64 kB through a path of 1280 bytes have 54 */
};

/* Fragments with equal keys belong together. */
struct frag_key {
	union inet_ip src, dst;
	uint32_t id; /* as in the header */
	uint8_t af;
	uint8_t proto; /* IPv4; 0 for IPv6, whose later fragments do not tell */
	uint16_t pad;  /* zero: keys are compared as bytes */
};

/* One fragment of a datagram that is being put together; lies where its bytes are. */
struct frag_part {
	struct frag_part *next;
	uint16_t offset, len; /* its place in the datagram's payload, bytes */
	uint16_t data_at;     /* bytes from the IP header to its part of the payload */
	uint8_t ecn;	      /* of its IP header */
	bool more;	      /* others are behind it */
};

struct frag_datagram {
	struct frag_part *first, *last; /* by offset */
	uint32_t total;			/* payload bytes; 0: the last fragment was not seen */
	uint32_t have;
	uint16_t parts;
	uint8_t ecns; /* bit n: a fragment has ECN field n */
};

/* Reads a packet with PKT_F_FRAGMENT. DROP_NONE, or the reason why it cannot be part of a datagram. */
enum drop_reason frag_read(const struct pkt *p, struct frag_key *key, struct frag_part *part);

/* An IPv6 packet with a fragment header that is a whole datagram (RFC 6946). */
static inline bool
frag_is_atomic(const struct frag_part *part)
{
	return part->offset == 0 && !part->more;
}

enum frag_verdict {
	FRAG_HELD,	/* part of the datagram from now on */
	FRAG_COMPLETE,	/* likewise, and the last one that was missing */
	FRAG_DUPLICATE, /* there already; part is not taken */
	FRAG_OVERLAP,	/* contradicts the others, which are to be given up; part is not taken */
	FRAG_TOO_MANY,	/* likewise: more than FRAG_PARTS_MAX */
};

enum frag_verdict frag_add(struct frag_datagram *d, struct frag_part *part);

/*
 * Makes the IP header in front of the first fragment the header of the datagram: lengths, checksum, no
 * fragment bits or header, ECN of all fragments (RFC 3168 5.3), DF clear as the sender permits fragments. For
 * IPv6 the headers in front of the fragment header move 8 bytes up. Returns the new place of the IP header;
 * NULL when the fragments' ECN fields exclude each other, or the datagram is too long.
 */
uint8_t *frag_finish(const struct frag_datagram *d, uint8_t *l3);

/*
 * The header of a fragment of the whole packet at l3, whose header is valid and in one piece. Writes at most
 * FRAG_HEADER_MAX bytes at out and returns their number: an IPv4 header, of later fragments with only those
 * options that are to be copied (RFC 791 3.1), or IPv6 headers with a fragment header at the end.
 *
 * offset: of the fragment's payload in that of the packet, a multiple of 8; len: its length; more: others
 * are behind it; id: IPv6 only. IPv4 packets that are fragments themselves may be cut further.
 */
enum { FRAG_HEADER_MAX = 320 };
unsigned frag_header(const uint8_t *l3, unsigned unfragmentable, uint16_t offset, uint16_t len, bool more,
		     uint32_t id, uint8_t *out);

/* Bytes of headers that every fragment begins with: IPv4 all of the header; IPv6 up to the place of the
 * fragment header (RFC 8200 4.5). avail: bytes in one piece. 0: malformed, or longer than FRAG_HEADER_MAX
 * allows. */
unsigned frag_unfragmentable(const uint8_t *l3, uint32_t avail);

#endif

#ifndef SONDE_FLOW_FRAGMENT_H
#define SONDE_FLOW_FRAGMENT_H

/* Fragments of IPv4 (RFC 791 section 3.2) and IPv6 (RFC 8200 section 4.5) put together again,
 * within fixed bounds: so many datagrams at once, the oldest given up for a new one. */

#include "base/arena.h"
#include "base/time.h"
#include "packet/packet.h"

enum {
	SONDE_FRAGMENT_DATAGRAMS = 64, /* at once, of at most 64 KiB each */
	SONDE_FRAGMENT_PIECES = 1024,  /* of one datagram */
};

enum sonde_fragment_fate {
	SONDE_FRAGMENT_NOT_ONE, /* the packet is no fragment */
	SONDE_FRAGMENT_HELD,	/* others are missing */
	SONDE_FRAGMENT_AGAIN,	/* the same piece was there before */
	SONDE_FRAGMENT_COMPLETE,
	SONDE_FRAGMENT_OVERLAP, /* it covers bytes of another piece. IPv6: the datagram is thrown
				 * away, RFC 5722 section 4; IPv4: what came first stays */
	SONDE_FRAGMENT_CUT,	/* the capture has only a part of it: it is not kept */
	SONDE_FRAGMENT_BAD,	/* its offset and length make no piece of a datagram */
};

/* A datagram as it was before it was cut, from its IP header on. */
struct sonde_datagram {
	struct sonde_bytes byte; /* borrowed until the next call */
	uint64_t first, last;	 /* numbers of the first and last frame that held a piece */
	unsigned pieces;
	bool overlap;		/* some pieces covered the same bytes */
	enum sonde_shape shape; /* SONDE_ip or SONDE_ipv6 */
};

struct sonde_fragments {
	struct sonde_fragment_slot *slot; /* SONDE_FRAGMENT_DATAGRAMS of them, made when needed */
	struct sonde_arena arena;
	uint8_t *whole; /* of the datagram given last */
};

/* Looks at the innermost IP packet that is not quoted. where: an interface or namespace, so that
 * what only looks alike is kept apart. number and when are the frame's. *ret is set with
 * SONDE_FRAGMENT_COMPLETE. Zeroed memory is a good beginning for f. */
enum sonde_fragment_fate sonde_fragment_put(struct sonde_fragments *f, const struct sonde_packet *p,
					    uint32_t where, uint64_t number, sonde_ns when,
					    struct sonde_datagram *ret);

void sonde_fragments_done(struct sonde_fragments *f);

#endif

#ifndef SONDE_FLOW_ORIGIN_H
#define SONDE_FLOW_ORIGIN_H

/* Which frame an ICMP error is about: the last frames of many conversations are remembered, and
 * the packet that the error quotes is looked for among them. */

#include "base/arena.h"
#include "packet/packet.h"

/* Where a packet goes, and which one it is on that way: only of bytes that an error quotes and
 * that no router changes. */
struct sonde_trait {
	uint64_t way;
	uint32_t mark;
};

struct sonde_origins {
	struct sonde_origins_line *line;
	struct sonde_trait last; /* of the frame that comes into the table next, number; 0: none */
	uint64_t number;
};

struct sonde_origin {
	uint64_t frame; /* its number */
	bool exact;	/* it has the same IP identification and sequence number too; else it is
			 * the last that went the same way */
};

/* Takes 1 MiB, whatever comes. */
void sonde_origins_init(struct sonde_origins *o, struct sonde_arena *arena);

/* Remembers a frame by its innermost IP packet that is not quoted. If that is an ICMP error whose
 * cause is known, true, with the cause in *ret. */
bool sonde_origin_find(struct sonde_origins *o, const struct sonde_packet *p, uint64_t number,
		       struct sonde_origin *ret);

#endif

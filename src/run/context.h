#ifndef SONDE_RUN_CONTEXT_H
#define SONDE_RUN_CONTEXT_H

/* What packets say of one another: fragments put together, and the packet that an ICMP error is
 * about. */

#include "flow/fragment.h"
#include "flow/origin.h"
#include "packet/beside.h"

/* A datagram that came in fragments, decoded. */
struct sonde_whole {
	struct sonde_packet p;
	struct sonde_datagram datagram;
};

struct sonde_context {
	struct sonde_arena arena;
	struct sonde_fragments fragments;
	struct sonde_origins origins;
	struct sonde_whole whole;
};

/* origins: errors are traced back, which costs a look into a table for every packet. */
void sonde_context_init(struct sonde_context *c, bool origins);

/* Takes in a frame, whose number and interface beside has, and adds the cause of an error to it.
 * Returns the datagram that this packet completes, borrowed until the next call, or NULL. */
const struct sonde_whole *sonde_context_take(struct sonde_context *c, const struct sonde_frame *f,
					     const struct sonde_packet *p,
					     struct sonde_beside *beside);

void sonde_context_done(struct sonde_context *c);

#endif

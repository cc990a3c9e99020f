#ifndef SONDE_RUN_CONTEXT_H
#define SONDE_RUN_CONTEXT_H

/* What packets say of one another: fragments and messages of applications put together, and the
 * packet that an ICMP error is about. */

#include "flow/fragment.h"
#include "flow/message.h"
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
	struct sonde_messages messages;
	char frames[21 * SONDE_MESSAGE_FRAMES]; /* of struct sonde_beside */
	struct sonde_origins origins;
	struct sonde_whole whole;
};

/* origins: errors are traced back, which costs a look into a table for every packet. */
void sonde_context_init(struct sonde_context *c, bool origins);

/* Takes in a frame, whose number and interface beside has, and adds the cause of an error to it,
 * and the frames of a message that the packet completes: p has that whole then, and it and its
 * bytes are borrowed until the next call. Returns the datagram that this packet completes, as long
 * as that, or NULL. */
struct sonde_whole *sonde_context_take(struct sonde_context *c, const struct sonde_frame *f,
				       struct sonde_packet *p, struct sonde_beside *beside);

void sonde_context_done(struct sonde_context *c);

#endif

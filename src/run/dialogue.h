#ifndef SONDE_RUN_DIALOGUE_H
#define SONDE_RUN_DIALOGUE_H

/* The two sides of one TCP conversation, in order, without what was sent twice. */

#include "base/cell.h"
#include "flow/stream.h"
#include "packet/dump.h"

struct sonde_dialogue {
	struct sonde_stream stream;
	struct sonde_text *out; /* borrowed */
	enum sonde_dump form;
	const char *const *palette; /* or NULL */
	uint64_t pieces;	    /* told so far */
};

/* Conversation number wanted, from 0 in the order in which they begin. */
void sonde_dialogue_init(struct sonde_dialogue *d, uint32_t wanted, struct sonde_text *out,
			 enum sonde_dump form, const char *const *palette);

/* Tells what the packet adds to it; whether it belongs to it. */
bool sonde_dialogue_put(struct sonde_dialogue *d, const struct sonde_packet *p, uint64_t number);

/* Tells the rest, and frees what it holds. */
void sonde_dialogue_done(struct sonde_dialogue *d);

#endif

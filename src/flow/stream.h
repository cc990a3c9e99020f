#ifndef SONDE_FLOW_STREAM_H
#define SONDE_FLOW_STREAM_H

/* TCP conversations by number, and what one of them carried, in order.
 *
 * Numbers count from 0 in the order in which conversations are first seen, as Wireshark's
 * tcp.stream; a SYN with another sequence number begins a new one on the same ports. */

#include "base/arena.h"
#include "packet/tuple.h"

enum {
	SONDE_STREAM_WINDOW = 1 << 20, /* bytes in one direction that wait for what is missing */
	SONDE_STREAM_PIECES = 512,     /* in as many pieces */
};

struct sonde_stream_chunk {
	bool back;		 /* from the end that did not speak first */
	struct sonde_bytes byte; /* borrowed until hear returns */
	uint32_t missing;	 /* bytes before it that are not in the capture */
	uint64_t frame;		 /* number of the frame in which they came */
};

typedef void (*sonde_stream_hear)(void *arg, const struct sonde_stream_chunk *c);

struct sonde_stream {
	uint32_t wanted;	/* the conversation's number */
	uint32_t conversations; /* seen so far; those behind the wanted one are not counted */
	struct sonde_arena arena;
	struct sonde_stream_seen *seen;
	uint32_t room;
	struct sonde_stream_side *side; /* two: who spoke first, and the other */
	bool turned;			/* who spoke first is the upper end of the key */
	struct sonde_address end[2];	/* who spoke first, and the other; of the wanted one */
};

/* Follows conversation number wanted. Allocates nothing yet. */
void sonde_stream_init(struct sonde_stream *s, uint32_t wanted);

/* Tells the bytes that the packet brought, and those that had waited for it, without repeats and
 * in order. Returns whether the packet belongs to the conversation. */
bool sonde_stream_put(struct sonde_stream *s, const struct sonde_packet *p, uint64_t number,
		      sonde_stream_hear hear, void *arg);

/* Tells what still waits for something that never came; nothing may be put behind it. */
void sonde_stream_end(struct sonde_stream *s, sonde_stream_hear hear, void *arg);

void sonde_stream_done(struct sonde_stream *s);

#endif

#ifndef SONDE_LIFE_MERGE_H
#define SONDE_LIFE_MERGE_H

/* Several sources, each nearly in order of time, made into one stream that is. Items wait until
 * the watermark (a time before which nothing more is expected) has passed them. The order is: time;
 * at equal times the number of the source; within a source the order of arrival.
 *
 * An item older than the last one released came too late to be put in its place: it is released
 * at the next pop, whatever the watermark, with SONDE_FLAG_LATE if it is an event, and counted. */

#include "base/arena.h"
#include "base/event.h"

enum { SONDE_MERGE_SOURCES = 8 };

struct sonde_merge {
	uint64_t late; /* items so far */
	size_t held;   /* items waiting */
	struct sonde_merge_inside *inside;
};

/* arena outlives m; places in it are used again, so it grows with what waits, not with the run. */
void sonde_merge_init(struct sonde_merge *m, struct sonde_arena *arena);

/* source < SONDE_MERGE_SOURCES. Copies the item and what it borrows. */
void sonde_merge_push(struct sonde_merge *m, unsigned source, const struct sonde_item *item);

/* 1: the oldest item, if it is not younger than watermark; what *ret borrows lives until the next
 * pop. 0: none is due. UINT64_MAX as watermark empties the queues. */
int sonde_merge_pop(struct sonde_merge *m, sonde_ns watermark, struct sonde_item *ret);

#endif

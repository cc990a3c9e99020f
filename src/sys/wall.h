#ifndef SONDE_SYS_WALL_H
#define SONDE_SYS_WALL_H

/* The kernel stamps packets by the wall clock, which may be set at any time; what is due is due on
 * CLOCK_MONOTONIC. Reads no clock: it is told. Slewing (adjtime(3)) moves both clocks alike, so the
 * offset between them changes only when the wall clock is set. */

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

struct sonde_wall {
	int64_t offset; /* CLOCK_REALTIME minus CLOCK_MONOTONIC */
	bool set;	/* it was set since the look before: stamps from between say nothing */
};

/* Whether a rough offset is another one, beyond what reading two clocks may err by. */
static inline bool sonde_wall_differs(const struct sonde_wall *w, int64_t offset)
{
	return offset - w->offset > 1000 || w->offset - offset > 1000;
}

/* The offset, as it is before some stamps are read. */
static inline void sonde_wall_look(struct sonde_wall *w, int64_t offset)
{
	w->set = sonde_wall_differs(w, offset);
	if (w->set)
		w->offset = offset;
}

/* When that was stamped, not before last and not after now. */
static inline sonde_ns sonde_wall_time(const struct sonde_wall *w, sonde_ns stamp, sonde_ns last,
				       sonde_ns now)
{
	int64_t at = w->set ? (int64_t)now : (int64_t)stamp - w->offset;

	return at > (int64_t)now ? now : at < (int64_t)last ? last : (sonde_ns)at;
}

#endif

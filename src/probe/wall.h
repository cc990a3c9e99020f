#ifndef SONDE_PROBE_WALL_H
#define SONDE_PROBE_WALL_H

/* The kernel stamps packets with the time of day, which somebody may set while we measure. Here
 * stamps become CLOCK_MONOTONIC. The distance between the two clocks is taken anew with every
 * arrival; it is believed to have changed only where it did so by more than reading two clocks one
 * after the other can explain. Slewing moves both clocks alike and so does not count. */

#include <stdbool.h>

#include "base/time.h"

#define SONDE_WALL_NOISE (50 * SONDE_MICROSECOND)

struct sonde_wall {
	int64_t offset; /* CLOCK_REALTIME minus CLOCK_MONOTONIC, ns */
	int64_t before; /* the one that it replaced */
	bool known;
	uint64_t steps; /* how often the clock was set */
};

/* Both clocks, read at the same moment. */
void sonde_wall_read(struct sonde_wall *w, sonde_ns now, sonde_ns real);

/* The stamp as CLOCK_MONOTONIC, which must come out between these two; 0 where it does with neither
 * offset, so that this stamp says nothing. */
sonde_ns sonde_wall_map(const struct sonde_wall *w, sonde_ns stamp, sonde_ns earliest,
			sonde_ns latest);

#endif

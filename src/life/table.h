#ifndef SONDE_LIFE_TABLE_H
#define SONDE_LIFE_TABLE_H

/* The endpoints of a run, a line each, in the order in which they were met: who, where, how much,
 * how long, how it ended. Further lines below an endpoint say what a line has no room for: several
 * owners, drops, errors that nobody was told. */

#include "base/cell.h"
#include "life/life.h"

/* After sonde_life_end. */
void sonde_table_draw(struct sonde_grid *ret, struct sonde_arena *arena,
		      const struct sonde_life *life);

#endif

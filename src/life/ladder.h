#ifndef SONDE_LIFE_LADDER_H
#define SONDE_LIFE_LADDER_H

/* One conversation as a ladder: time runs downwards, the two programs stand at the outside, what
 * goes between them in the middle.
 *
 *        us  client app    client TCP   wire                    server TCP   server app
 *       0.0  socket = 3
 *       9.3  connect ...   SYN_SENT     ──────── SYN ────────►
 *
 * Datagrams have sender and receiver with their queues in place of TCP; Unix sockets have no wire,
 * in the middle is the kernel that hands over; an end that is not followed has no columns. What
 * stands in one row happened within 20 us, in the order of its arrow. */

#include "base/cell.h"
#include "life/story.h"

struct sonde_ladder {
	const struct sonde_connection *connection; /* a stream; or NULL, and then */
	const struct sonde_flow *flow;		   /* datagrams one way, and */
	const struct sonde_flow *back;		   /* the other way, or NULL */
};

/* The first conversations of the run, at most `most` of them, in the order in which they began,
 * streams and datagrams alike. *ret_left: how many more there are. */
size_t sonde_ladder_list(const struct sonde_life *life, struct sonde_arena *scratch,
			 struct sonde_ladder *ret, size_t most, size_t *ret_left);

/* Draws into a new grid. rows: at most so many (at least 8; 0: 120), the cut is said in the grid.
 */
void sonde_ladder_draw(struct sonde_grid *ret, struct sonde_arena *arena,
		       const struct sonde_life *life, const struct sonde_story *story,
		       const struct sonde_ladder *ladder, size_t rows);

#endif

#ifndef SONDE_LIFE_SIGHT_H
#define SONDE_LIFE_SIGHT_H

/* The same packet seen at several places (sent on one side of a veth pair, received on the other;
 * out of and into the loopback) is one frame that arrived, not two frames. Stands between the merge
 * and the file: what it lets through is what is stored and what the engine hears. */

#include "base/arena.h"
#include "base/event.h"

struct sonde_sight {
	uint64_t frames; /* let through so far: the number of the last one */
	uint64_t again;	 /* made into ARRIVED events */
	bool loops_once; /* a packet over the loopback is seen as it is sent, and nowhere else */
	struct sonde_sight_inside *inside;
};

/* arena outlives s; all memory is taken here. */
void sonde_sight_init(struct sonde_sight *s, struct sonde_arena *arena);

/* A frame is a second sight where one with the same network header (time to live and checksums
 * left out) and the same bytes behind it passed within the last second at another place (netns,
 * interface, direction), and has not been seen at this place yet. Then *io becomes the event
 * ARRIVED: netns and n[1] the place, arg[0] the direction, n[0] the number of the frame, from 1.
 * All else passes unchanged; what is seen twice at one place was sent twice. */
void sonde_sight_pass(struct sonde_sight *s, struct sonde_item *io);

#endif

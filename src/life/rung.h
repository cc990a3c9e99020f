#ifndef SONDE_LIFE_RUNG_H
#define SONDE_LIFE_RUNG_H

/* What ladder.c puts into its rows: each step of the two ends at its time and place, in words. */

#include "life/ladder.h"

enum { /* places, from the client's side to the server's */
       SONDE_RUNG_APP,
       SONDE_RUNG_KERNEL,
       SONDE_RUNG_WIRE,
       SONDE_RUNG_FAR_KERNEL,
       SONDE_RUNG_FAR_APP,
       SONDE_RUNG_PLACES
};

/* One thing to be drawn at one place. */
struct sonde_rung {
	sonde_ns when;
	size_t order; /* of equal times */
	struct sonde_cell cell;
	uint8_t place;
	bool arrow, right;
};

/* The ladder at hand. */
struct sonde_rungs {
	struct sonde_arena *arena;
	const struct sonde_life *life;
	const struct sonde_ladder *what;
	/* client or sender, server or receiver; NULL: unseen */
	const struct sonde_endpoint *end[2];
	const struct sonde_endpoint *listener;
	bool is_unix, datagram;
	bool inferred; /* a mark says so with "?" */
	struct sonde_rung *mark;
	size_t marks, room;
	sonde_ns zero;
};

/* Whose steps stand on which side. */
struct sonde_rung_side {
	const struct sonde_endpoint *of;
	bool far;	  /* the server's or receiver's side */
	bool listener;	  /* of the end there: what made it is drawn */
	const char *lead; /* before each call, where several share the side, or "" */
};

/* Adds the steps of one side. io_gap as in story.h. */
void sonde_rungs_collect(struct sonde_rungs *d, const struct sonde_story *story,
			 const struct sonde_rung_side *side, sonde_ns io_gap[2]);

#endif

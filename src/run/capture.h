#ifndef SONDE_RUN_CAPTURE_H
#define SONDE_RUN_CAPTURE_H

/* sonde capture: frames from interfaces as they come, on the screen or into files. */

#include "run/album.h"
#include "run/taps.h"
#include "run/view.h"

struct sonde_capture_plan {
	const struct sonde_taps_from *from;
	size_t sources;
	struct sonde_live_plan live;   /* of each; interface and netns are filled in */
	struct sonde_album_plan album; /* name NULL: lines on `out` */
	struct sonde_view_look look;   /* of the lines */
	const char *until; /* an expression of packet/match.h: the first packet that matches is the
			      last; NULL */
	const char *match; /* only packets of which this holds; NULL */
	uint64_t packets, bytes; /* ends the run; 0: no limit */
	sonde_ns duration;
	const char *process; /* only what is of this name or number; "": whose each packet is, of
				all; NULL: not asked */
	int out;
	struct sonde_voice voice; /* hears what was set up, what was lost where, the statistics */
};

struct sonde_capture_end {
	char doing[512]; /* while it failed */
	bool told;	 /* what stands there is all there is to say */
	uint64_t packets, dropped;
};

/* 0; SONDE_LOST: frames were lost or the interfaces have gone, which was said; or why it ended
 * early. Privileges are given up on the way. */
int sonde_capture_run(const struct sonde_capture_plan *plan, struct sonde_capture_end *ret);

#endif

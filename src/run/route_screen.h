#ifndef SONDE_RUN_ROUTE_SCREEN_H
#define SONDE_RUN_ROUTE_SCREEN_H

/* The screen of a trace that somebody watches: keys from the keyboard to the watch, and what is to
 * be seen to the terminal. */

#include "probe/watch.h"
#include "run/drive.h"
#include "run/whois.h"
#include "sys/screen.h"

struct sonde_route_screen {
	struct sonde_watch watch;
	struct sonde_screen *screen;
	struct sonde_trace *trace; /* all of these are borrowed */
	struct sonde_whois *whois;
	const struct sonde_drive *drive;
	struct sonde_say_path_look look;
	struct sonde_arena arena; /* of one drawing */
	unsigned columns;	  /* when it was opened */
	bool utf8;
	bool quit; /* somebody asked for the end */
	sonde_ns drawn;
};

struct sonde_route_screen_plan {
	struct sonde_trace *trace;
	struct sonde_whois *whois;
	const struct sonde_drive *drive; /* what keeps the run, if anything does */
	const struct sonde_say_path_look *look;
	const char *order; /* of columns; NULL: the usual */
	bool names, color, utf8;
	int out;
};

/* As sonde_screen_open; the signals are those of sys/sleep.h, begun before. */
int sonde_route_screen_open(struct sonde_route_screen *r,
			    const struct sonde_route_screen_plan *plan);

/* Does what keys say and draws what there is to be seen. Returns when to look again. */
sonde_ns sonde_route_screen_look(struct sonde_route_screen *r, sonde_ns now);

/* Gives the terminal back. Fine twice, and before open. */
void sonde_route_screen_close(struct sonde_route_screen *r);

#endif

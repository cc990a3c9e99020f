#ifndef SONDE_RUN_INSPECT_H
#define SONDE_RUN_INSPECT_H

/* sonde read: captures, packet by packet, as text, records or a number. */

#include "capture/reader.h"
#include "run/view.h"

struct sonde_inspect_file {
	const char *name;
	int fd; /* open for reading; the caller's */
};

struct sonde_inspect_plan {
	const struct sonde_inspect_file *file;
	size_t files;
	const char *filter; /* pcap-filter(7); NULL: all */
	const char *match;  /* packet/match.h; NULL: all */
	bool quoted;	    /* what an ICMP error quotes matches too */
	uint64_t explain;   /* only this packet, and why it matches or not; 0: none */
	uint64_t most;	    /* packets; 0: no limit */
	bool count;	    /* nothing is shown but how many there are */
	struct sonde_view_look look;
	int out; /* descriptor */
	/* A file that could not be read to its end, told when it happened, after all that was
	 * shown of it. */
	void (*bad)(void *arg, const char *name, int code, const struct sonde_reader_place *place);
	void *arg;
};

struct sonde_inspect_end {
	uint64_t packets; /* shown or counted */
	uint64_t events;  /* passed over: evidence holds what programs did, too */
	char why[480];	  /* a sentence, where the run ends with -EINVAL */
};

/* 0; -EINVAL: the filter or the expression is not understood, see ret->why; or the code with which
 * the output failed. */
int sonde_inspect_run(const struct sonde_inspect_plan *plan, struct sonde_inspect_end *ret);

#endif

#ifndef SONDE_RUN_INSPECT_H
#define SONDE_RUN_INSPECT_H

/* sonde read: captures, packet by packet, as text, records, a number or another capture. */

#include "capture/reader.h"
#include "capture/savefile.h"
#include "run/view.h"

struct sonde_inspect_file {
	const char *name;
	int fd; /* open for reading; the caller's */
};

struct sonde_inspect_plan {
	const struct sonde_inspect_file *file;
	size_t files;
	const char *filter;    /* pcap-filter(7); NULL: all */
	const char *match;     /* packet/match.h; NULL: all */
	bool dialogue;	       /* show what one TCP conversation carried, instead of packets: */
	uint32_t stream;       /* its number, from 0 */
	const char *process;   /* only packets of a process of this name or number; "": show whose
				* each is; NULL */
	bool quoted;	       /* what an ICMP error quotes matches too */
	uint64_t explain;      /* only this packet, and why it matches or not; 0: none */
	uint64_t most;	       /* packets; 0: no limit */
	int save;	       /* descriptor of a copy of the packets; -1: none is made */
	const char *save_name; /* its name decides what format it has */
	bool save_at_once;     /* each packet reaches the copy at once */
	bool stats;	       /* at the end, what the files hold */
	bool count;	       /* nothing is shown but how many there are */
	bool quiet;	       /* nothing is shown */
	struct sonde_view_look look;
	int out; /* descriptor */
	/* A file that could not be read to its end, told after all that was shown. */
	void (*bad)(void *arg, const char *name, int code, const struct sonde_reader_place *place);
	void *arg;
};

struct sonde_inspect_end {
	uint64_t packets;		 /* shown or counted */
	uint64_t events;		 /* passed over: evidence holds what programs did, too */
	uint64_t measured;		 /* of these, of a measurement */
	bool told_processes;		 /* some packet had one, where plan->process asked */
	int saved;			 /* 0, or the code with which the copy failed */
	struct sonde_savefile_lost lost; /* what the copy could not keep */
	char why[480];			 /* a sentence, where the run ends with -EINVAL */
};

/* 0; -EINVAL: the filter or the expression is not understood, see ret->why; or the code with which
 * the output failed. */
int sonde_inspect_run(const struct sonde_inspect_plan *plan, struct sonde_inspect_end *ret);

#endif

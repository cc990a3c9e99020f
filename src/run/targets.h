#ifndef SONDE_RUN_TARGETS_H
#define SONDE_RUN_TARGETS_H

/* Whom a measurement asks: words of a command line or of a file, made addresses. */

#include "probe/survey.h"
#include "run/sockets.h"

struct sonde_measure_end { /* how a measurement ended, or why it did not begin */
	char doing[300];   /* while it failed */
	char why[400];	   /* a sentence where the code alone does not say it; else "" */
	bool met;	   /* every target answered, or, where there are demands, met them all */
	int saved;	   /* why the run could not be kept in full, or 0 */
};

/* Notes what was being done when this code came; returns it. */
int sonde_measure_fail(struct sonde_measure_end *end, int code, const char *doing);

struct sonde_targets {
	const struct sonde_sockets *sockets;  /* borrowed */
	const struct sonde_method_look *look; /* likewise, two */
	uint16_t family;		      /* AF_INET, AF_INET6, or 0: as names resolve */
	uint32_t most;			      /* targets; 0: SONDE_BLOCK_MOST */
	bool sources; /* where probes come from is asked for all, not only where it is needed */
	struct sonde_given *given;
	uint32_t n, room;
	struct sonde_arena words;
};

/* A name, an address, a prefix or a range (probe/block.h). word is borrowed until the end. -EINVAL:
 * end says what is wrong with it. */
int sonde_targets_add(struct sonde_targets *t, const char *word, struct sonde_measure_end *end);

/* The words of a file, one or more a line, # begins a comment; name is for sentences. As above, or
 * why it cannot be read. */
int sonde_targets_add_file(struct sonde_targets *t, int fd, const char *name,
			   struct sonde_measure_end *end);

void sonde_targets_done(struct sonde_targets *t);

#endif

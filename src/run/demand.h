#ifndef SONDE_RUN_DEMAND_H
#define SONDE_RUN_DEMAND_H

/* What is demanded of each target of a run: judged, told where it is not met, and written for
 * others as JUnit XML. Who demands nothing expects an answer. */

#include "probe/expect.h"

struct sonde_demands {
	const struct sonde_expect *expect; /* borrowed */
	unsigned n;
};

struct sonde_demand_run { /* whose targets are judged */
	const struct sonde_demands *demands;
	const char *suite; /* "sonde ping" */
	uint32_t targets;
	void *arg;
	/* What is judged of a target, as its expectations have it, and its name, borrowed until
	 * the next call; whether it answered. */
	const void *(*subject)(void *arg, uint32_t target, const char **ret_name,
			       bool *ret_answered);
};

/* How much is not met, over all targets; a line in words for each that is demanded. words: NULL to
 * say nothing. */
unsigned sonde_demand_judge(const struct sonde_demand_run *r, struct sonde_text *words);

/* The same as XML, to a descriptor; failures is what judging it gave. 0, or why it could not be
 * written. */
int sonde_demand_write(const struct sonde_demand_run *r, unsigned failures, int fd);

#endif

#ifndef SONDE_RUN_KEEP_H
#define SONDE_RUN_KEEP_H

/* A measurement that is kept in a file as it runs (probefile.h). Where NULL stands for it, nothing
 * is kept, and what else the functions do is done all the same. */

#include "probe/engine.h"
#include "probe/wish.h"
#include "run/trait.h"

struct sonde_keep;

/* Makes the file; -ENOMEM, or as sonde_probefile_open. */
int sonde_keep_open(struct sonde_keep **ret, const char *name);

struct sonde_keep_begin {
	const char *verb;		 /* "ping" */
	const struct sonde_trait *table; /* the members of its plan that the file tells */
	const void *plan;
	const struct sonde_given *given;
	const struct sonde_address *local; /* of each target: where probes to it come from */
	const char *mode;		   /* what is sent by */
	sonde_ns now, real;		   /* as the ping was told */
	int hops, tos;			   /* -1: the kernel's own */
};

/* The engine has just been opened, and outlives the file. */
void sonde_keep_begin(struct sonde_keep *s, const struct sonde_engine *engine,
		      const struct sonde_keep_begin *b);

/* What the engine said when it was asked at this moment. */
void sonde_keep_step(struct sonde_keep *s, sonde_ns now, const struct sonde_step *step);

/* Lets the engine hear it. */
void sonde_keep_hear(struct sonde_keep *s, const struct sonde_engine *engine,
		     const struct sonde_arrival *a);

/* The engine is asked this now. */
void sonde_keep_wish(struct sonde_keep *s, sonde_ns now, const struct sonde_wish *w);

/* Lets the engine end. */
void sonde_keep_stop(struct sonde_keep *s, const struct sonde_engine *engine, sonde_ns now);

/* Nothing will happen for a while: whoever looks into the file should see all. */
void sonde_keep_pause(struct sonde_keep *s);

void sonde_keep_end(struct sonde_keep *s, sonde_ns now, uint64_t dropped);

/* Frees s; returns the first failure, or 0. NULL is fine. */
int sonde_keep_close(struct sonde_keep *s);

/* The members of a look that the file tells. */
extern const struct sonde_trait sonde_keep_look_table[];

struct sonde_keep_real {
	sonde_ns real; /* CLOCK_REALTIME when the run began */
};
struct sonde_keep_dropped {
	uint64_t dropped;
};
extern const struct sonde_trait sonde_keep_real_table[], sonde_keep_dropped_table[];
extern const struct sonde_trait sonde_keep_wish_table[]; /* struct sonde_wish */

#endif

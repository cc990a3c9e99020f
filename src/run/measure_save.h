#ifndef SONDE_RUN_MEASURE_SAVE_H
#define SONDE_RUN_MEASURE_SAVE_H

/* A ping that is kept in a file as it runs (probefile.h). Where NULL stands for it, nothing is
 * kept, and what else the functions do is done all the same. */

#include "run/measure.h"
#include "run/trait.h"

struct sonde_measure_save;

/* Makes the file; -ENOMEM, or as sonde_probefile_open. */
int sonde_measure_save_open(struct sonde_measure_save **ret, const char *name);

struct sonde_measure_save_begin {
	const struct sonde_ping_given *given;
	const struct sonde_address *local; /* of each target: where probes to it come from */
	const char *mode;		   /* what is sent by */
	sonde_ns now, real;		   /* as the ping was told */
	int hops, tos;			   /* -1: the kernel's own */
};

/* The ping has just been opened, and outlives the file. */
void sonde_measure_save_begin(struct sonde_measure_save *s, struct sonde_ping *ping,
			      const struct sonde_measure_save_begin *b);

/* What the ping said when it was asked at this moment. */
void sonde_measure_save_step(struct sonde_measure_save *s, sonde_ns now,
			     const struct sonde_step *step);

/* Lets the ping hear it. */
void sonde_measure_save_hear(struct sonde_measure_save *s, struct sonde_ping *ping,
			     const struct sonde_arrival *a);

/* Lets the ping end. */
void sonde_measure_save_stop(struct sonde_measure_save *s, struct sonde_ping *ping, sonde_ns now);

/* Nothing will happen for a while: whoever looks into the file should see all. */
void sonde_measure_save_pause(struct sonde_measure_save *s);

void sonde_measure_save_end(struct sonde_measure_save *s, sonde_ns now, uint64_t dropped);

/* Frees s; returns the first failure, or 0. NULL is fine. */
int sonde_measure_save_close(struct sonde_measure_save *s);

/* The members of a plan and of a look that the file tells. */
extern const struct sonde_trait sonde_measure_plan_table[], sonde_measure_look_table[];

struct sonde_measure_real {
	sonde_ns real; /* CLOCK_REALTIME when the run began */
};
struct sonde_measure_dropped {
	uint64_t dropped;
};
extern const struct sonde_trait sonde_measure_real_table[], sonde_measure_dropped_table[];

#endif

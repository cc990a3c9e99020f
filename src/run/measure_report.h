#ifndef SONDE_RUN_MEASURE_REPORT_H
#define SONDE_RUN_MEASURE_REPORT_H

/* The report of a ping: records as they are told, and the statistics at the end, in the form that
 * was asked for. */

#include "probe/say.h"
#include "run/measure.h"

struct sonde_report {
	const struct sonde_measure_plan *plan;
	const struct sonde_ping *ping; /* borrowed */
	const char *mode;
	struct sonde_say_look look;
	struct sonde_text text;
	struct sonde_arena arena;	   /* of one drawing */
	struct sonde_target_record judged; /* the one whose demands are looked at */
	char address[64];		   /* its text */
	char *buf;
	sonde_ns drawn;	  /* when the table was drawn last */
	unsigned lines;	  /* of the table as it stands on the terminal */
	unsigned columns; /* of the terminal; 0: there is none */
	unsigned width;	  /* of what is printed */
	int junit;	  /* borrowed descriptor, or -1 */
	int out;
};

/* wall: since 1970, of the start of the run. */
int sonde_report_open(struct sonde_report *r, const struct sonde_measure_plan *plan,
		      const struct sonde_ping *ping, const char *mode, int64_t wall, int junit);

void sonde_report_sent(struct sonde_report *r);
void sonde_report_probe(struct sonde_report *r, const struct sonde_probe_record *p);

/* Before waiting: what a reader should see by now. */
void sonde_report_pause(struct sonde_report *r);

/* A summary so far, on standard error. */
void sonde_report_glance(struct sonde_report *r, sonde_ns now);

/* Draws the table where it is time to; returns when it will be again, UINT64_MAX: never. */
sonde_ns sonde_report_redraw(struct sonde_report *r, sonde_ns now);

/* The statistics; *ret_met as in struct sonde_measure_end. 0, or why it could not be written. */
int sonde_report_end(struct sonde_report *r, sonde_ns now, uint64_t dropped, bool *ret_met);

void sonde_report_done(struct sonde_report *r);

#endif

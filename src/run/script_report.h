#ifndef SONDE_RUN_SCRIPT_REPORT_H
#define SONDE_RUN_SCRIPT_REPORT_H

/* What is printed of a script that is run: as text, as TAP, as JSON. */

#include "probe/script.h"
#include "run/script.h"

struct sonde_script_report {
	const struct sonde_script_plan *plan; /* borrowed */
	struct sonde_text text;
	char *buf;
	int out;
};

void sonde_script_report_open(struct sonde_script_report *r, const struct sonde_script_plan *plan);

/* A point, as it happens: it reaches the output at once. */
void sonde_script_report_point(struct sonde_script_report *r, const struct sonde_script_point *p);

/* The whole. 0, or why not all could be written. */
int sonde_script_report_end(struct sonde_script_report *r, const struct sonde_script_record *all);

void sonde_script_report_done(struct sonde_script_report *r);

#endif

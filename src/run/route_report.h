#ifndef SONDE_RUN_ROUTE_REPORT_H
#define SONDE_RUN_ROUTE_REPORT_H

/* The report of a trace: lines as soon as their hops are known, and the rest at the end, in the
 * form that was asked for. */

#include "probe/say_trace.h"
#include "run/route_verdict.h"
#include "run/whois.h"

struct sonde_route_report {
	const struct sonde_route_plan *plan;
	const struct sonde_trace *trace; /* borrowed, as whois is */
	struct sonde_whois *whois;
	struct sonde_route_verdict *verdict; /* likewise; set before it is opened */
	const char *mode;
	struct sonde_say_path_look look;
	struct sonde_text text;
	struct sonde_arena arena; /* of one table */
	char *buf;
	int64_t wall;	/* since 1970, of the start of the run */
	unsigned said;	/* hops of the first path that have been printed */
	uint64_t met;	/* addresses that names were asked for */
	uint8_t *asked; /* of each hop of each path, how many */
	int out;
};

int sonde_route_report_open(struct sonde_route_report *r, const struct sonde_route_plan *plan,
			    const struct sonde_trace *trace, struct sonde_whois *whois,
			    const char *mode, int64_t wall);

void sonde_route_report_probe(struct sonde_route_report *r, const struct sonde_probe_record *p);

/* Before waiting: the hops that a reader may see by now. */
void sonde_route_report_pause(struct sonde_route_report *r);

/* All of it; *ret_met: as sonde_route_verdict_tell has it. 0, or why it could not be written. */
int sonde_route_report_end(struct sonde_route_report *r, sonde_ns now, uint64_t dropped,
			   bool *ret_met);

void sonde_route_report_done(struct sonde_route_report *r);

#endif

#ifndef SONDE_RUN_ROUTE_VERDICT_H
#define SONDE_RUN_ROUTE_VERDICT_H

/* What a trace is held against: demands, and an earlier run. */

#include "probe/path_facts.h"
#include "run/earlier.h"
#include "run/route.h"
#include "run/whois.h"

struct sonde_route_verdict {
	const struct sonde_route_plan *plan; /* borrowed */
	const struct sonde_trace *trace;     /* likewise, as whois is; while it is told */
	struct sonde_whois *whois;
	struct sonde_earlier *earlier; /* NULL: none */
	struct sonde_arena arena;      /* of one path */
	struct sonde_path_facts facts; /* of the one that is judged */
	int junit, diff;	       /* descriptors, or -1, as they are before it is opened */
};

/* Opens the files of the plan. */
int sonde_route_verdict_open(struct sonde_route_verdict *v, const struct sonde_route_plan *plan,
			     struct sonde_measure_end *end);

/* Reads what comes from elsewhere, once privileges are gone. -EINVAL: end says what is wrong. */
int sonde_route_verdict_read(struct sonde_route_verdict *v, struct sonde_measure_end *end);

/* What is not met and what differs: lines, or records of JSON; nothing between values of CSV.
 * *ret_met: all demands are, and no path differs; where there are neither, every target was
 * reached. 0, or why the file of demands could not be written. */
int sonde_route_verdict_tell(struct sonde_route_verdict *v, const struct sonde_trace *trace,
			     struct sonde_whois *whois, struct sonde_text *text, bool *ret_met);

void sonde_route_verdict_done(struct sonde_route_verdict *v);

#endif

#ifndef SONDE_RUN_ROUTE_H
#define SONDE_RUN_ROUTE_H

/* sonde trace: the paths to hosts, live or from a file that was kept. What happens to a probe is
 * decided by src/probe.
 *
 *	sonde_route_open	what needs privilege, which is given up then
 *	sonde_route_add		targets, as often as there are
 *	sonde_route_run		until all paths are known, or all rounds are over
 *	sonde_route_close
 */

#include "probe/expect.h"
#include "probe/trace.h"
#include "run/targets.h"
#include "run/trait.h"

enum sonde_route_form {
	SONDE_ROUTE_LINES, /* as traceroute(8) */
	SONDE_ROUTE_TABLE, /* as mtr(8) --report */
	SONDE_ROUTE_JSON,
	SONDE_ROUTE_CSV, /* of hops; of all paths: of nodes */
	SONDE_ROUTE_DOT, /* of all paths: a graph for dot(1) */
};

struct sonde_route_plan {
	struct sonde_trace_plan trace;	  /* idents and the secret are filled in */
	struct sonde_prober_plan sockets; /* likewise */
	uint16_t family;		  /* AF_INET, AF_INET6, or 0: as names resolve */
	enum sonde_route_form form;
	bool live;	      /* watched on the screen; at the end a table */
	const char *order;    /* of the columns of a table, as sonde_hop_order; NULL: the usual */
	bool numeric;	      /* no names are looked for */
	const char *as_table; /* a file of AS numbers; NULL: none */
	const char *save;     /* a file that keeps the run, "-": standard output; NULL: none */
	const struct sonde_expect *expect;
	unsigned expects;
	const char *junit; /* a file to be written; NULL: none */
	const char *diff;  /* what an earlier run told as JSON; NULL: none */
	const char *file;  /* of targets; "-": standard input; NULL: none */
	const char *const *palette;
	unsigned width; /* of the report, in columns */
	bool utf8;
	int out;
};

struct sonde_route;

/* -EPERM: no way of sending is allowed; or -errno; end says what it was about. */
int sonde_route_open(struct sonde_route **ret, const struct sonde_route_plan *plan,
		     struct sonde_measure_end *end);

/* As sonde_targets_add and sonde_targets_add_file. */
int sonde_route_add(struct sonde_route *r, const char *word, struct sonde_measure_end *end);
int sonde_route_add_file(struct sonde_route *r, struct sonde_measure_end *end);

/* 0, or why the report could not be written. end->met: as sonde_route_verdict_tell has
 * it. */
int sonde_route_run(struct sonde_route *r, struct sonde_measure_end *end);

/* Reports a run that was kept in this file. As sonde_retell_file. */
int sonde_route_from(const struct sonde_route_plan *plan, const char *name,
		     struct sonde_measure_end *end);

/* The members of a trace's plan that the file of a run tells (keep.h). */
extern const struct sonde_trait sonde_route_plan_table[];

/* NULL is fine; returns NULL. */
struct sonde_route *sonde_route_close(struct sonde_route *r);

#endif

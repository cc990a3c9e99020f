#ifndef SONDE_RUN_MEASURE_H
#define SONDE_RUN_MEASURE_H

/* sonde ping: the sockets, the one loop in which time passes, and the report. What happens to a
 * probe is decided by src/probe.
 *
 *	sonde_measure_open	what needs privilege, which is given up then
 *	sonde_measure_add	targets, as often as there are
 *	sonde_measure_run	until the count is reached or somebody asks for the end
 *	sonde_measure_close
 *
 * or, of a run that was kept, sonde_measure_from alone.
 */

#include "probe/expect.h"
#include "probe/ping.h"
#include "run/targets.h"

enum sonde_measure_form {
	SONDE_MEASURE_USUAL, /* lines for one target, a table for several */
	SONDE_MEASURE_LINES, /* one for each answer, then the statistics */
	SONDE_MEASURE_TABLE, /* of all targets: while it runs on a terminal, and at the end */
	SONDE_MEASURE_ALIVE, /* of a sweep: a line for each target that answers, and a last one */
	SONDE_MEASURE_JSON,
	SONDE_MEASURE_CSV, /* of probes; quiet: of targets */
};

struct sonde_measure_plan {
	struct sonde_ping_plan ping;	  /* idents and the secret are filled in */
	struct sonde_prober_plan sockets; /* family, ident, most and stamps are filled in */
	uint16_t family;		  /* AF_INET, AF_INET6, or 0: as names resolve */
	enum sonde_measure_form form;
	bool quiet;   /* no line for a probe; settled, of a flood as well */
	bool dots;    /* settled: of a flood, a dot for each probe, taken back with its answer */
	bool lost;    /* a line for each probe that is lost, too */
	bool audible; /* a bell for each answer */
	bool numeric; /* no names beside addresses */
	bool split;   /* what the time was before and after the wire */
	bool stamp;   /* the time in front of each line */
	bool histogram;
	const struct sonde_expect *expect;
	unsigned expects;
	const char *junit; /* a file to be written; NULL: none */
	const char *save;  /* a file that keeps the run (keep.h), "-": standard output; NULL:
			    * none */
	const char *file;  /* of targets; "-": standard input; NULL: none */
	const char *const *palette;
	unsigned width;	   /* of the report, in columns */
	bool utf8, redraw; /* redraw: the table is drawn in place while it runs */
	int out;
};

struct sonde_measure;

/* Opens the files, and sockets for both versions of IP or the one of plan->family, and gives up all
 * privileges.
 * -EPERM: no way of sending is allowed; or -errno. */
int sonde_measure_open(struct sonde_measure **ret, const struct sonde_measure_plan *plan,
		       struct sonde_measure_end *end);

/* A name, an address, a prefix or a range (probe/block.h). word is borrowed until the end. -EINVAL:
 * end says what is wrong with it; -EAFNOSUPPORT: there is no socket of its version of IP. */
int sonde_measure_add(struct sonde_measure *m, const char *word, struct sonde_measure_end *end);

/* The words of plan->file, one or more a line, # begins a comment. As above, or why it cannot be
 * read. */
int sonde_measure_add_file(struct sonde_measure *m, struct sonde_measure_end *end);

/* 0, or why the report could not be written. */
int sonde_measure_run(struct sonde_measure *m, struct sonde_measure_end *end);

/* What follows for the report from what is measured, and of how many targets: form, quiet, dots and
 * ping.quiet. */
void sonde_measure_settle(struct sonde_measure_plan *plan, uint32_t targets);

/* Reports a run that plan->save kept in this file, "-": standard input. Of the plan counts only
 * what is said of the report. As sonde_retell_file. */
int sonde_measure_from(const struct sonde_measure_plan *plan, const char *name,
		       struct sonde_measure_end *end);

/* The same of what a reader has (capture/reader.h); junit: a descriptor, which is closed, or -1. */
struct sonde_reader;
int sonde_measure_replay(const struct sonde_measure_plan *plan, struct sonde_reader *reader,
			 int junit, struct sonde_measure_end *end);

/* NULL is fine; returns NULL. */
struct sonde_measure *sonde_measure_close(struct sonde_measure *m);

#endif

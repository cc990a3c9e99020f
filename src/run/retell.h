#ifndef SONDE_RUN_RETELL_H
#define SONDE_RUN_RETELL_H

/* A measurement that was kept in a file (keep.h), told again: its engine hears what it heard, and
 * the report is written as it was. */

#include "probe/engine.h"
#include "run/targets.h"
#include "run/trait.h"

struct sonde_retell_begin {
	const struct sonde_given *given; /* borrowed until the end, as mode is */
	uint32_t n;
	const char *mode; /* what was sent by */
	sonde_ns now, real;
};

struct sonde_retell {
	const char *verb;		 /* whose runs are taken */
	const struct sonde_trait *table; /* the members of its plan, all zero before */
	void *plan;
	struct sonde_method_look *look; /* two, likewise */
	bool decides; /* when a loss is told matters to the engine, which is not quiet then */

	void *arg;
	/* Opens the engine, whose plan has been read by now, and the report. 0, or why not. */
	int (*begin)(void *arg, const struct sonde_retell_begin *b, struct sonde_engine *ret);
	void (*sent)(void *arg);
	void (*told)(void *arg, const void *record);
	int (*failed)(void *arg); /* why the report cannot be written, or 0 */
	int (*end)(void *arg, sonde_ns now,
		   uint64_t dropped); /* the rest of the report, likewise */
	void (*done)(void *arg);      /* in any case, also where it never began */
};

/* Of a file, "-": standard input. 0, or why the file is not all of a run, and what there was has
 * been reported: as sonde_probefile_next, SONDE_ENDLESS, SONDE_NOT_EVIDENCE where there is none; or
 * why the file could not be opened or the report not be written. */
int sonde_retell_file(const struct sonde_retell *how, const char *name,
		      struct sonde_measure_end *end);

/* The same of what a reader has (capture/reader.h). */
struct sonde_reader;
int sonde_retell(const struct sonde_retell *how, struct sonde_reader *reader,
		 struct sonde_measure_end *end);

#endif

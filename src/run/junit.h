#ifndef SONDE_RUN_JUNIT_H
#define SONDE_RUN_JUNIT_H

/* What was met and what was not, as JUnit XML. */

#include "base/text.h"

/* The suite's line; then its cases; then the end. */
void sonde_junit_begin(struct sonde_text *t, const char *suite, uint64_t tests, unsigned failures);

/* name: of len bytes. why: NULL where it was met. Bytes from elsewhere are escaped. */
void sonde_junit_case(struct sonde_text *t, const char *of, const char *name, size_t len,
		      const char *why);

void sonde_junit_end(struct sonde_text *t);

#endif

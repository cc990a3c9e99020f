#ifndef SONDE_RUN_STATS_H
#define SONDE_RUN_STATS_H

#include "base/text.h"
#include "capture/facts.h"

/* What one file is: a reader that has come to its end. */
void sonde_stats_file(struct sonde_text *t, const char *name, const struct sonde_reader *r);

/* What captures hold, a fact a line, in the words of capinfos where it has them. */
void sonde_stats_print(struct sonde_text *t, const struct sonde_facts *f, bool utc);

#endif

#ifndef SONDE_RUN_STATS_H
#define SONDE_RUN_STATS_H

#include "base/text.h"
#include "capture/facts.h"

/* What captures hold, a fact a line, in the words of capinfos where it has them. */
void sonde_stats_print(struct sonde_text *t, const struct sonde_facts *f, bool utc);

#endif

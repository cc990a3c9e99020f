#ifndef SONDE_PROBE_SAY_VALUE_H
#define SONDE_PROBE_SAY_VALUE_H

/* Single values, as all reports of measurements have them. */

#include "base/cell.h"
#include "base/text.h"
#include "base/time.h"

/* Milliseconds with three digits behind the point: "1.203". */
void sonde_say_ms(struct sonde_text *t, sonde_ns ns);

void sonde_say_dec(struct sonde_text *t, uint64_t v);

/* Escaped. */
void sonde_say_name(struct sonde_text *t, const char *name);

/* Parts of a million as percent, as many digits as they have, at most four: "12.5%". */
void sonde_say_percent(struct sonde_text *t, uint64_t ppm);

/* A cell with a value said by one of these; "-" where it is SONDE_ABSENT. */
void sonde_say_cell(struct sonde_grid *g, struct sonde_cell *c, uint64_t v, enum sonde_paint paint,
		    void (*say)(struct sonde_text *, uint64_t));

#endif

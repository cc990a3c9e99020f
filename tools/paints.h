#ifndef SONDE_TOOLS_PAINTS_H
#define SONDE_TOOLS_PAINTS_H

/* What --color and --width come to, the same in every verb. */

#include <stdlib.h>

#include "cli/option.h"
#include "out/paint.h"

/* when: a SONDE_WHEN_; terminal: whether the report goes to one. NULL: no colour. NO_COLOR speaks
 * where nobody else does. */
static inline const char *const *sonde_paints_choose(int when, bool terminal)
{
	const char *none = getenv("NO_COLOR");

	if (when == SONDE_WHEN_ALWAYS || (when == SONDE_WHEN_AUTO && terminal && !(none && *none)))
		return sonde_paint_palette;
	return NULL;
}

/* Columns: as asked for, else the terminal's (0: it is none), else 132. */
static inline unsigned sonde_paints_width(unsigned asked, unsigned terminal)
{
	return asked ? asked : terminal ? terminal : 132;
}

#endif

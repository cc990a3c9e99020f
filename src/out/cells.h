#ifndef SONDE_OUT_CELLS_H
#define SONDE_OUT_CELLS_H

/* A grid (base/cell.h) as lines of text, none wider than asked for. What does not fit is saved in
 * this order: brief forms and narrower columns, columns left out by their rank, cells cut with an
 * ellipsis. Widths count terminal columns, not bytes. */

#include "base/cell.h"
#include "base/text.h"

enum { SONDE_CELLS_LEAST = 40, SONDE_CELLS_MOST = 1000 };

struct sonde_cells_style {
	unsigned width; /* in terminal columns; 0: no limit; below SONDE_CELLS_LEAST counts as that
			 */
	bool utf8;	/* else ASCII: all other characters of cells become '?' or a likeness */
	const char *const *palette; /* sonde_palette, or NULL */
};

/* Returns how many columns were left out, so that the caller can say so. */
unsigned sonde_cells_print(struct sonde_text *t, const struct sonde_grid *g,
			   const struct sonde_cells_style *style);

/* One piece of text, wrapped at spaces to the width, further lines indented. */
void sonde_cells_paragraph(struct sonde_text *t, const char *text, unsigned indent,
			   const struct sonde_cells_style *style);

#endif

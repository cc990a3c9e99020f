#ifndef SONDE_BASE_CELL_H
#define SONDE_BASE_CELL_H

/* A report as a grid of cells: what a thinking room makes of its findings, and what src/out lays
 * out for a width. Cells know meanings, not colours; columns know what may be cut, not how wide
 * they will be.
 *
 *   .................. a wide row: a heading or a sentence, over all columns ..................
 *   column 0   column 1   column 2 ...      cells, one a column
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* What a piece of text means; src/out/paint.h gives each its colour, or none. */
enum sonde_paint {
	SONDE_PAINT_PLAIN,
	SONDE_PAINT_TITLE, /* headings */
	SONDE_PAINT_FAINT, /* times, units, what is there for completeness */
	SONDE_PAINT_WHO,   /* programs and sockets */
	SONDE_PAINT_CALL,  /* what a program asked */
	SONDE_PAINT_STATE, /* what the kernel did */
	SONDE_PAINT_WIRE,  /* what crossed the wire */
	SONDE_PAINT_WARN,  /* worth a look */
	SONDE_PAINT_BAD,   /* failed, lost, reset */
	SONDE_PAINT_END_
};

/* The text that switches each paint on, and in [SONDE_PAINT_PLAIN] the one that ends all; NULL
 * where a palette is asked for means no colour. */
typedef const char *const sonde_palette[SONDE_PAINT_END_];

enum sonde_cell_shape {
	SONDE_CELL_TEXT,
	SONDE_CELL_RIGHT, /* an arrow as wide as the column, the text within */
	SONDE_CELL_LEFT,
	SONDE_CELL_RIGHT_LOST, /* the same, but it does not arrive */
	SONDE_CELL_LEFT_LOST,
};

struct sonde_cell {
	const char *text;  /* borrowed, UTF-8, already escaped; NULL: empty */
	const char *brief; /* a shorter form, used before text would be cut; NULL: none */
	uint8_t paint, shape;
};

enum { SONDE_ALIGN_LEFT, SONDE_ALIGN_RIGHT, SONDE_ALIGN_CENTRE };

enum { SONDE_RANK_NEEDED = 4 };

struct sonde_grid_column {
	const char *title; /* NULL in all columns: no head row */
	const char *brief; /* a shorter title for a narrow column, or NULL */
	uint8_t align;
	uint8_t least; /* not narrower than this, in terminal columns, as long as it is shown */
	uint8_t good;  /* columns that are luxury are left out before it is narrower; 0: as least */
	uint8_t most;  /* not wider; 0: no limit */
	uint8_t weight; /* its share of what must be saved; 0: never shrinks */
	uint8_t rank;	/* left out when it still does not fit, highest first; 0: never; above
			 * SONDE_RANK_NEEDED: luxury */
	bool wrap;	/* goes on in further lines instead of being cut */
	bool fill;	/* takes what is left of the width, up to most */
};

struct sonde_grid_row {
	struct sonde_cell *cell; /* one for each column, or one alone if wide */
	uint8_t indent;		 /* wide: of the second and further lines */
	bool wide;
};

enum { SONDE_GRID_COLUMNS = 16 };

struct sonde_grid {
	struct sonde_arena *arena;
	struct sonde_grid_column column[SONDE_GRID_COLUMNS];
	struct sonde_grid_row *row;
	size_t rows, room;
	unsigned columns;
	bool head_first; /* the titles stand above all rows, not above the first that has cells */
};

/* The columns are copied; n is at most SONDE_GRID_COLUMNS. Rows are taken from the arena. */
void sonde_grid_init(struct sonde_grid *g, struct sonde_arena *arena,
		     const struct sonde_grid_column *column, unsigned n);

/* A new empty row: its cells, to be filled in. Valid as long as the arena. */
struct sonde_cell *sonde_grid_row(struct sonde_grid *g);

/* A new row over all columns. text NULL: an empty line. */
void sonde_grid_wide(struct sonde_grid *g, enum sonde_paint paint, unsigned indent,
		     const char *text);

#endif

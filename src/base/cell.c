#include "base/cell.h"

#include <string.h>

void sonde_grid_init(struct sonde_grid *g, struct sonde_arena *arena,
		     const struct sonde_grid_column *column, unsigned n)
{
	*g = (struct sonde_grid){ .arena = arena, .columns = n };
	memcpy(g->column, column, n * sizeof *column);
}

static struct sonde_cell *add(struct sonde_grid *g, bool wide, unsigned indent)
{
	struct sonde_cell *cell =
		sonde_arena_take(g->arena, (wide ? 1 : g->columns) * sizeof *cell);

	if (g->rows == g->room) {
		size_t more = g->room ? g->room : 32;

		g->row = sonde_arena_grow(g->arena, g->row, g->rows, more, sizeof *g->row);
		g->room += more;
	}
	g->row[g->rows++] =
		(struct sonde_grid_row){ .cell = cell, .indent = (uint8_t)indent, .wide = wide };
	return cell;
}

struct sonde_cell *sonde_grid_row(struct sonde_grid *g)
{
	return add(g, false, 0);
}

void sonde_grid_wide(struct sonde_grid *g, enum sonde_paint paint, unsigned indent,
		     const char *text)
{
	*add(g, true, indent) = (struct sonde_cell){ .text = text, .paint = (uint8_t)paint };
}

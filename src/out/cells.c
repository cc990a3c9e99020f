#include "out/cells.h"

#include <string.h>

enum { NARROW = 72 }; /* below this one space stands between columns, else two */

/* One character as it will be written: itself, or its ASCII likeness. */
struct glyph {
	char out[16]; /* of len bytes */
	uint8_t len, columns;
};

static const struct {
	const char *utf8, *ascii;
} likeness[] = {
	{ "─", "-" }, { "►", ">" }, { "◄", "<" },  { "→", "->" }, { "←", "<-" },
	{ "×", "x" }, { "µ", "u" }, { "…", ".." }, { "·", "-" },  { "–", "-" },
	{ "│", "|" }, { "├", "+" }, { "└", "`" },
};

/* Reads the first character of s (not empty) into g; returns how many bytes it had. */
static size_t next(const char *s, bool utf8, struct glyph *g)
{
	uint32_t point;
	size_t n;

	if ((*s & 0x80) == 0) {
		g->out[0] = *s;
		g->len = g->columns = 1;
		return 1;
	}
	n = sonde_text_char(s, strlen(s), &point);
	if (n && utf8) {
		memcpy(g->out, s, n);
		g->len = (uint8_t)n;
		g->columns = (uint8_t)sonde_text_columns(s, n);
		return n;
	}
	for (size_t i = 0; n && i < sizeof likeness / sizeof *likeness; i++)
		if (!strncmp(s, likeness[i].utf8, n)) {
			g->len = g->columns = (uint8_t)strlen(likeness[i].ascii);
			memcpy(g->out, likeness[i].ascii, g->len);
			return n;
		}
	n = n ? n : 1;
	for (size_t i = 0; i < n; i++) {
		memcpy(g->out + 4 * i, "\\x", 2);
		memcpy(g->out + 4 * i + 2, &sonde_text_tables.hex2[(uint8_t)s[i] << 1], 2);
	}
	g->len = g->columns = (uint8_t)(4 * n);
	return n;
}

static unsigned columns_of(const char *s, size_t len, bool utf8)
{
	unsigned columns = 0;
	struct glyph g;

	for (const char *end = s + len; s < end;) {
		s += next(s, utf8, &g);
		columns += g.columns;
	}
	return columns;
}

static unsigned width_of(const char *s, bool utf8)
{
	return s ? columns_of(s, strlen(s), utf8) : 0;
}

/* What one line of output is written with. Spaces are owed until something follows them. */
struct pen {
	struct sonde_text *text;
	const struct sonde_cells_style *style;
	unsigned owed;
};

static void put_repeat(struct pen *p, const char *s, unsigned n)
{
	struct glyph g;

	for (next(s, p->style->utf8, &g); n; n--)
		sonde_text_bytes(p->text, g.out, g.len);
}

static void put_text(struct pen *p, enum sonde_paint paint, const char *s, size_t len)
{
	const char *const *palette = paint ? p->style->palette : NULL;
	struct glyph g;

	if (!len)
		return;
	put_repeat(p, " ", p->owed);
	p->owed = 0;
	if (palette)
		sonde_text_str(p->text, palette[paint]);
	for (const char *end = s + len; s < end;) {
		s += next(s, p->style->utf8, &g);
		sonde_text_bytes(p->text, g.out, g.len);
	}
	if (palette)
		sonde_text_str(p->text, palette[SONDE_PAINT_PLAIN]);
}

static void end_line(struct pen *p)
{
	p->owed = 0;
	sonde_text_bytes(p->text, "\n", 1);
}

/* Bytes of s that fill at most width columns, and how many columns these are. */
static size_t fit(const char *s, unsigned width, bool utf8, unsigned *ret_columns)
{
	const char *at = s;
	struct glyph g;

	*ret_columns = 0;
	while (*at) {
		size_t n = next(at, utf8, &g);

		if (*ret_columns + g.columns > width)
			break;
		*ret_columns += g.columns;
		at += n;
	}
	return (size_t)(at - s);
}

/* The same, but broken at the last space where there is one; *ret_next is where the next line
 * begins. */
static size_t fit_words(const char *s, unsigned width, bool utf8, const char **ret_next)
{
	unsigned columns;
	size_t n = fit(s, width, utf8, &columns), word = n;

	if (!n && *s) { /* one character wider than the column: it must go somewhere */
		struct glyph g;

		n = word = next(s, utf8, &g);
	}
	if (s[n] && s[n] != ' ') {
		while (word && s[word - 1] != ' ')
			word--;
		if (word)
			n = word;
	}
	for (*ret_next = s + n; **ret_next == ' ';)
		++*ret_next;
	while (n && s[n - 1] == ' ')
		n--;
	return n;
}

static void put_aligned(struct pen *p, const struct sonde_cell *c, size_t len, unsigned columns,
			unsigned width, unsigned align)
{
	unsigned rest = width - columns;
	unsigned before = align == SONDE_ALIGN_RIGHT	? rest
			  : align == SONDE_ALIGN_CENTRE ? rest / 2
							: 0;

	p->owed += before;
	put_text(p, c->paint, c->text, len);
	p->owed += rest - before;
}

static const char *best_text(const struct sonde_cell *c, unsigned width, bool utf8)
{
	return c->brief && width_of(c->text, utf8) > width ? c->brief : c->text;
}

/* The cell on one line of exactly width columns, cut where it must be. */
static void put_cut(struct pen *p, const struct sonde_cell *cell, unsigned width, unsigned align)
{
	bool utf8 = p->style->utf8;
	struct sonde_cell c = *cell;
	unsigned dots = utf8 ? 1 : 2, columns;
	size_t len;

	if (!c.text) {
		p->owed += width;
		return;
	}
	c.text = best_text(cell, width, utf8);
	len = fit(c.text, width, utf8, &columns);
	if (!c.text[len]) {
		put_aligned(p, &c, len, columns, width, align);
		return;
	}
	if (width < dots + 1)
		dots = 0;
	len = fit(c.text, width - dots, utf8, &columns);
	put_text(p, c.paint, c.text, len);
	if (dots)
		put_text(p, c.paint, "…", strlen("…"));
	p->owed += width - dots - columns;
}

/* ───── label ────► of exactly width columns; a lost one ends with a cross where it was lost. */
static void put_arrow(struct pen *p, const struct sonde_cell *c, unsigned width)
{
	bool utf8 = p->style->utf8, lost = c->shape >= SONDE_CELL_RIGHT_LOST;
	bool right = c->shape == SONDE_CELL_RIGHT || c->shape == SONDE_CELL_RIGHT_LOST;
	const char *label = c->text && width > 6 ? best_text(c, width - 5, utf8) : NULL;
	const char *const *palette = c->paint ? p->style->palette : NULL;
	unsigned columns = 0, dashes;
	size_t len = label ? fit(label, width - 5, utf8, &columns) : 0;

	for (; len && label[len - 1] == ' '; len--)
		columns--;
	put_repeat(p, " ", p->owed);
	p->owed = 0;
	if (palette)
		sonde_text_str(p->text, palette[c->paint]);
	dashes = width - 1 - (columns ? columns + 2 : 0);
	if (!right)
		put_repeat(p, lost ? "×" : "◄", 1);
	put_repeat(p, "─", columns ? dashes / 2 : dashes);
	if (columns) {
		sonde_text_bytes(p->text, " ", 1);
		put_text(p, SONDE_PAINT_PLAIN, label, len);
		sonde_text_bytes(p->text, " ", 1);
		put_repeat(p, "─", dashes - dashes / 2);
	}
	if (right)
		put_repeat(p, lost ? "×" : "►", 1);
	if (palette)
		sonde_text_str(p->text, palette[SONDE_PAINT_PLAIN]);
}

/* Which columns are shown, and how wide each is. */
struct plan {
	unsigned width[SONDE_GRID_COLUMNS], most[SONDE_GRID_COLUMNS];
	unsigned least[SONDE_GRID_COLUMNS], good[SONDE_GRID_COLUMNS];
	bool out[SONDE_GRID_COLUMNS];
	unsigned left_out, gap;
};

/* The widest that is written into column c if it is so wide; wrapped cells take all they get. */
static unsigned widest(const struct sonde_grid *g, unsigned c, unsigned width, bool utf8)
{
	struct sonde_cell title = { .text = g->column[c].title, .brief = g->column[c].brief };
	unsigned most = title.text ? width_of(best_text(&title, width, utf8), utf8) : 0;

	for (size_t r = 0; r < g->rows; r++) {
		const struct sonde_cell *cell = &g->row[r].cell[g->row[r].wide ? 0 : c];
		unsigned w, edge = cell->shape ? 5 : 0; /* of an arrow around its text */

		if (g->row[r].wide || !cell->text)
			continue;
		w = width_of(best_text(cell, width > edge ? width - edge : 0, utf8), utf8) + edge;
		most = w > most ? w : most;
	}
	return most < width ? most : width;
}

static void measure(struct plan *plan, const struct sonde_grid *g, bool utf8)
{
	for (unsigned c = 0; c < g->columns; c++) {
		const struct sonde_grid_column *col = &g->column[c];
		unsigned most = widest(g, c, col->most ? col->most : SONDE_CELLS_MOST, utf8);

		plan->width[c] = plan->most[c] = most;
		plan->least[c] = !col->weight || col->least > most ? most : col->least;
		plan->good[c] = col->good > plan->least[c] ? col->good : plan->least[c];
		plan->good[c] = plan->good[c] < most ? plan->good[c] : most;
		plan->out[c] = !most;
	}
}

static unsigned sum(const struct plan *plan, const unsigned *width, unsigned n)
{
	unsigned total = 0;

	for (unsigned c = 0; c < n; c++)
		if (!plan->out[c])
			total += width[c] + (total ? plan->gap : 0);
	return total;
}

/* Takes one column off where it hurts least, of what is above the floor; without a floor of the
 * widest. false when nothing may shrink any more. */
static bool shrink(struct plan *plan, const struct sonde_grid *g, const unsigned *floor)
{
	unsigned best = g->columns, most = 0;

	for (unsigned c = 0; c < g->columns; c++) {
		unsigned spare = !floor ? plan->width[c] - 1
				 : plan->width[c] > floor[c]
					 ? (plan->width[c] - floor[c]) * g->column[c].weight
					 : 0;

		if (!plan->out[c] && spare > most) {
			best = c;
			most = spare;
		}
	}
	if (best == g->columns)
		return false;
	plan->width[best]--;
	return true;
}

/* Shorter forms leave room that columns with cut cells can use. */
static void spread(struct plan *plan, const struct sonde_grid *g, unsigned width, bool utf8)
{
	unsigned spare;

	for (unsigned c = 0; c < g->columns; c++)
		if (!plan->out[c] && !g->column[c].wrap && plan->width[c] < plan->most[c])
			plan->width[c] = widest(g, c, plan->width[c], utf8);
	spare = width - sum(plan, plan->width, g->columns);
	for (unsigned c = 0; c < g->columns; c++) {
		unsigned more = plan->most[c] - plan->width[c];

		/* all it wants, or nothing: half of a word is worth little */
		if (plan->out[c] || !more || more > spare)
			continue;
		plan->width[c] += more;
		spare -= more;
	}
	for (unsigned c = 0; c < g->columns; c++) {
		unsigned more = plan->most[c] - plan->width[c];

		more = more < spare ? more : spare;
		if (plan->out[c] || plan->width[c] == widest(g, c, plan->width[c] + more, utf8))
			continue;
		plan->width[c] += more;
		spare -= more;
	}
}

/* Columns above this rank, until these widths fit. */
static void leave_out(struct plan *plan, const struct sonde_grid *g, unsigned width,
		      const unsigned *widths, unsigned above)
{
	while (sum(plan, widths, g->columns) > width) {
		unsigned worst = g->columns, rank = above;

		for (unsigned c = 0; c < g->columns; c++)
			if (!plan->out[c] && g->column[c].rank > rank) {
				worst = c;
				rank = g->column[c].rank;
			}
		if (worst == g->columns)
			break;
		plan->out[worst] = true;
		plan->left_out++;
	}
}

static void lay_out(struct plan *plan, const struct sonde_grid *g, unsigned width, bool utf8)
{
	leave_out(plan, g, width, plan->good, SONDE_RANK_NEEDED);
	leave_out(plan, g, width, plan->least, 0);
	if (sum(plan, plan->width, g->columns) > width) {
		while (sum(plan, plan->width, g->columns) > width)
			if (!shrink(plan, g, plan->good) && !shrink(plan, g, plan->least) &&
			    !shrink(plan, g, NULL))
				break;
		if (sum(plan, plan->width, g->columns) <= width)
			spread(plan, g, width, utf8);
	}
	for (unsigned c = 0; c < g->columns; c++) {
		unsigned total = sum(plan, plan->width, g->columns);

		if (!g->column[c].fill || plan->out[c] || total >= width ||
		    width == SONDE_CELLS_MOST)
			continue;
		plan->width[c] += width - total;
		if (g->column[c].most && plan->width[c] > g->column[c].most)
			plan->width[c] = g->column[c].most;
	}
}

/* One line of a wrapped cell: from where the last one ended, indented below the first. */
static void put_wrapped(struct pen *p, const struct sonde_grid_column *col,
			const struct sonde_cell *cell, unsigned width, const char *from,
			const char **ret_rest)
{
	const char *text = cell->text ? best_text(cell, width, p->style->utf8) : "";
	struct sonde_cell c = *cell;
	unsigned indent = (unsigned)strspn(text, " ");
	size_t len;

	indent = from && indent && indent + 2 < width ? indent + 2 : 0;
	c.text = from ? from : text;
	p->owed += indent;
	len = fit_words(c.text, width - indent, p->style->utf8, ret_rest);
	put_aligned(p, &c, len, columns_of(c.text, len, p->style->utf8), width - indent,
		    col->align);
}

static void put_row(struct pen *p, const struct sonde_grid *g, const struct plan *plan,
		    const struct sonde_cell *cell)
{
	const char *rest[SONDE_GRID_COLUMNS] = { 0 }; /* of wrapped cells */
	bool more = true;

	for (unsigned line = 0; more; line++) {
		more = false;
		for (unsigned c = 0, first = 1; c < g->columns; c++) {
			unsigned width = plan->width[c];
			struct sonde_cell now = cell[c];

			if (plan->out[c])
				continue;
			p->owed += first ? 0 : plan->gap;
			first = 0;
			if (now.shape && !line) {
				put_arrow(p, &now, width);
			} else if (!g->column[c].wrap) {
				now.text = line ? NULL : now.text;
				put_cut(p, &now, width, g->column[c].align);
			} else {
				put_wrapped(p, &g->column[c], &now, width, line ? rest[c] : NULL,
					    &rest[c]);
				more |= *rest[c];
			}
		}
		end_line(p);
	}
}

static unsigned usable(const struct sonde_cells_style *style)
{
	return !style->width || style->width > SONDE_CELLS_MOST ? SONDE_CELLS_MOST
	       : style->width < SONDE_CELLS_LEAST		? SONDE_CELLS_LEAST
								: style->width;
}

static void put_paragraph(struct pen *p, enum sonde_paint paint, const char *text, unsigned indent,
			  unsigned width)
{
	const char *from = text ? text : "";
	unsigned first = 0;

	while (*from == ' ') /* the first line's own indent is kept */
		first++, from++;
	do {
		const char *rest;
		size_t len =
			fit_words(from, width > first ? width - first : 1, p->style->utf8, &rest);

		p->owed = first;
		put_text(p, paint, from, len);
		end_line(p);
		from = rest;
		first = indent;
	} while (*from);
}

unsigned sonde_cells_print(struct sonde_text *t, const struct sonde_grid *g,
			   const struct sonde_cells_style *style)
{
	struct pen p = { .text = t, .style = style };
	struct plan plan = { .gap = usable(style) < NARROW ? 1 : 2 };
	struct sonde_cell title[SONDE_GRID_COLUMNS] = { 0 };
	bool head = false;

	measure(&plan, g, style->utf8);
	lay_out(&plan, g, usable(style), style->utf8);
	for (unsigned c = 0; c < g->columns; c++) {
		title[c] = (struct sonde_cell){ .text = g->column[c].title,
						.brief = g->column[c].brief,
						.paint = SONDE_PAINT_TITLE };
		head |= title[c].text != NULL;
	}
	for (size_t r = 0; r < g->rows; r++) {
		const struct sonde_grid_row *row = &g->row[r];

		if (head && (g->head_first || !row->wide)) {
			put_row(&p, g, &plan, title);
			head = false;
		}
		if (row->wide)
			put_paragraph(&p, row->cell->paint, row->cell->text, row->indent,
				      usable(style));
		else
			put_row(&p, g, &plan, row->cell);
	}
	return plan.left_out;
}

void sonde_cells_paragraph(struct sonde_text *t, const char *text, unsigned indent,
			   const struct sonde_cells_style *style)
{
	struct pen p = { .text = t, .style = style };

	put_paragraph(&p, SONDE_PAINT_PLAIN, text, indent, usable(style));
}
